package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"hash"

	"github.com/tlslens/tlslens/dissect/tls"
)

// schedule13 derives keys as TLS 1.3 does (RFC 9846, Section 7.1).
type schedule13 struct {
	hash   func() hash.Hash
	size   int    // of the hash, in bytes
	prefix string // of labels
}

// newSchedule13 returns the schedule of a version and a hash. Drafts before 20
// have another prefix for labels.
func newSchedule13(v tls.Version, h func() hash.Hash) schedule13 {
	s := schedule13{hash: h, size: h().Size(), prefix: "tls13 "}
	if n, ok := v.Draft(); ok && n < 20 {
		s.prefix = "TLS 1.3, "
	}
	return s
}

// expand is HKDF-Expand-Label.
func (s schedule13) expand(key []byte, label string, context []byte, n int) secret {
	info := make([]byte, 0, 4+len(s.prefix)+len(label)+len(context))
	info = append(info, byte(n>>8), byte(n), byte(len(s.prefix)+len(label)))
	info = append(append(info, s.prefix...), label...)
	info = append(append(info, byte(len(context))), context...)
	out, err := hkdf.Expand(s.hash, key, string(info), n)
	if err != nil {
		return make(secret, n) // n is at most 64: cannot happen
	}
	return out
}

// derive is Derive-Secret with the hash of the messages.
func (s schedule13) derive(key []byte, label string, transcript []byte) secret {
	return s.expand(key, label, transcript, s.size)
}

// extract is HKDF-Extract; a nil input is a string of zeros.
func (s schedule13) extract(salt, input []byte) secret {
	if input == nil {
		input = make([]byte, s.size)
	}
	out, err := hkdf.Extract(s.hash, input, salt)
	if err != nil {
		return make(secret, s.size) // only in FIPS mode
	}
	return out
}

// sum returns the hash of b.
func (s schedule13) sum(b []byte) []byte {
	h := s.hash()
	h.Write(b)
	return h.Sum(nil)
}

// next is the traffic secret after a KeyUpdate (RFC 9846, Section 7.2).
func (s schedule13) next(traffic []byte) secret {
	return s.expand(traffic, "traffic upd", nil, s.size)
}

// finished computes verify_data (RFC 9846, Section 4.4.4).
func (s schedule13) finished(traffic, transcript []byte) []byte {
	m := hmac.New(s.hash, s.expand(traffic, "finished", nil, s.size))
	m.Write(transcript)
	return m.Sum(nil)
}

// pskSchedule is the schedule of a connection without (EC)DHE: all of it
// follows from the pre-shared key (RFC 9846, Section 7.1).
type pskSchedule struct {
	schedule13
	early     secret
	handshake secret
	master    secret
}

func (s schedule13) fromPSK(psk []byte) *pskSchedule {
	p := &pskSchedule{schedule13: s}
	p.early = s.extract(nil, psk)
	p.handshake = s.extract(s.derive(p.early, "derived", s.sum(nil)), nil)
	p.master = s.extract(s.derive(p.handshake, "derived", s.sum(nil)), nil)
	return p
}
