package keys

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/tlslens/tlslens/dissect/tls"
)

const masterLen = 48

// hashByName returns a hash by its name in package iana, nil if neither the
// standard library nor x/crypto has it.
func hashByName(name string) func() hash.Hash {
	switch name {
	case "MD5":
		return md5.New
	case "SHA1":
		return sha1.New
	case "SHA256":
		return sha256.New
	case "SHA384":
		return sha512.New384
	}
	return nil
}

// pHash fills out with P_hash(key, label + seed) XORed into it (RFC 5246,
// Section 5).
func pHash(h func() hash.Hash, out, key []byte, label string, seed []byte) {
	m := hmac.New(h, key)
	ls := append([]byte(label), seed...)
	m.Write(ls)
	a := m.Sum(nil)
	var block []byte
	for len(out) > 0 {
		m.Reset()
		m.Write(a)
		m.Write(ls)
		block = m.Sum(block[:0])
		n := min(len(out), len(block))
		for i := range n {
			out[i] ^= block[i]
		}
		out = out[n:]
		m.Reset()
		m.Write(a)
		a = m.Sum(a[:0])
	}
}

// schedule derives keys as TLS 1.2 and before do.
type schedule struct {
	version tls.Version
	hash    func() hash.Hash // of the PRF of TLS 1.2
}

// prf returns n bytes of the pseudorandom function (RFC 5246, Section 5; RFC
// 2246, Section 5). SSL 3.0 has another one: see ssl3.
func (s schedule) prf(n int, key []byte, label string, seed []byte) []byte {
	out := make([]byte, n)
	if s.version >= tls.VersionTLS12 {
		pHash(s.hash, out, key, label, seed)
		return out
	}
	half := (len(key) + 1) / 2
	pHash(md5.New, out, key[:half], label, seed)
	pHash(sha1.New, out, key[len(key)-half:], label, seed)
	return out
}

// ssl3 returns n bytes made of key and seed (RFC 6101, Sections 6.1 and 6.2.2).
func ssl3(n int, key, seed []byte) []byte {
	var out []byte
	m, s := md5.New(), sha1.New()
	for i := 1; len(out) < n; i++ {
		s.Reset()
		for range i {
			s.Write([]byte{byte('A' + i - 1)})
		}
		s.Write(key)
		s.Write(seed)
		m.Reset()
		m.Write(key)
		m.Write(s.Sum(nil))
		out = m.Sum(out)
	}
	return out[:n]
}

// master makes the master secret of a premaster secret (RFC 5246, Section 8.1;
// RFC 6101, Section 6.1). sessionHash is nil unless both sides have the
// extended master secret (RFC 7627, Section 4).
func (s schedule) master(premaster, clientRandom, serverRandom, sessionHash []byte) secret {
	if sessionHash != nil && s.version != tls.VersionSSL3 {
		return s.prf(masterLen, premaster, "extended master secret", sessionHash)
	}
	seed := join(clientRandom, serverRandom)
	if s.version == tls.VersionSSL3 {
		return ssl3(masterLen, premaster, seed)
	}
	return s.prf(masterLen, premaster, "master secret", seed)
}

// keyBlock expands the master secret (RFC 5246, Section 6.3; RFC 6101, Section
// 6.2.2).
func (s schedule) keyBlock(n int, master, clientRandom, serverRandom []byte) []byte {
	seed := join(serverRandom, clientRandom)
	if s.version == tls.VersionSSL3 {
		return ssl3(n, master, seed)
	}
	return s.prf(n, master, "key expansion", seed)
}

// transcriptHash hashes handshake messages for Finished and the extended
// master secret: MD5 and SHA-1 before TLS 1.2.
func (s schedule) transcriptHash(messages []byte) []byte {
	if s.version >= tls.VersionTLS12 {
		h := s.hash()
		h.Write(messages)
		return h.Sum(nil)
	}
	m, h := md5.Sum(messages), sha1.Sum(messages)
	return append(m[:], h[:]...)
}

// finished computes the verify_data of a side (RFC 5246, Section 7.4.9; RFC
// 6101, Section 5.6.9).
func (s schedule) finished(master, messages []byte, client bool) []byte {
	if s.version == tls.VersionSSL3 {
		sender := "SRVR"
		if client {
			sender = "CLNT"
		}
		out := ssl3Hash(md5.New, 48, master, messages, sender)
		return append(out, ssl3Hash(sha1.New, 40, master, messages, sender)...)
	}
	label := "server finished"
	if client {
		label = "client finished"
	}
	return s.prf(12, master, label, s.transcriptHash(messages))
}

// ssl3Hash is hash(master + pad2 + hash(messages + sender + master + pad1)).
func ssl3Hash(h func() hash.Hash, pad int, master, messages []byte, sender string) []byte {
	in := h()
	in.Write(messages)
	in.Write([]byte(sender))
	in.Write(master)
	in.Write([]byte(ssl3Pad1[:pad]))
	out := h()
	out.Write(master)
	out.Write([]byte(ssl3Pad2[:pad]))
	out.Write(in.Sum(nil))
	return out.Sum(nil)
}

// The pads of SSL 3.0 (RFC 6101, Section 5.2.3.1): 48 bytes with MD5, 40 with
// SHA-1.
const (
	ssl3Pad1 = "\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36" +
		"\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36\x36"
	ssl3Pad2 = "\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c" +
		"\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c\x5c"
)

func join(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }
