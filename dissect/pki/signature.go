package pki

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // old captures hold DSA signatures
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	_ "crypto/sha256" // SHA-224 and SHA-256 for crypto.Hash
	_ "crypto/sha512" // SHA-384 and SHA-512 for crypto.Hash
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// LegacyScheme stands for the signatures of TLS 1.1 and before, which name no
// algorithm: RSA keys sign MD5 and SHA-1 of the data side by side, DSA and
// ECDSA keys its SHA-1 (RFC 4346 section 7.4.3, RFC 8422 section 5.4); and for
// those of TLCP, where SM2 keys sign with SM3 (GB/T 38636). 0 is
// unassigned as a SignatureScheme.
const LegacyScheme uint16 = 0

// An UnsupportedError says why a signature could not be checked. It says
// nothing about whether the signature is right.
type UnsupportedError struct {
	Why string // plain English
}

func (e *UnsupportedError) Error() string { return "signature not checked: " + e.Why }

// A WrongSignatureError says that a signature was checked and is wrong.
type WrongSignatureError struct {
	Why string // plain English
}

func (e *WrongSignatureError) Error() string { return "signature wrong: " + e.Why }

// VerifySignature checks a signature of a handshake message: signed is what
// was signed, not its hash; scheme is a SignatureScheme (RFC 9846 section
// 4.2.3), a SignatureAndHashAlgorithm of TLS 1.2 (RFC 5246 section 7.4.1.4.1),
// or [LegacyScheme]. ECDSA schemes are not bound to a curve, as in TLS 1.2.
//
// The error is nil, a [*WrongSignatureError] or an [*UnsupportedError].
func VerifySignature(key *Key, scheme uint16, signed, sig []byte) error {
	if key == nil {
		return &UnsupportedError{"no key is known"}
	}
	a, ok := schemeAlgorithm(key, scheme)
	if !ok && key.public == nil && key.why != "" {
		return &UnsupportedError{key.why}
	} else if !ok {
		return &UnsupportedError{fmt.Sprintf("signature scheme 0x%04x is not implemented", scheme)}
	}
	return key.verify(a, signed, sig)
}

// schemeAlgorithm maps a code point of TLS to an algorithm.
func schemeAlgorithm(key *Key, scheme uint16) (algorithm, bool) {
	switch scheme {
	case LegacyScheme:
		switch key.public.(type) {
		case *rsaKey:
			return algorithm{family: rsaPKCS1, hash: crypto.MD5SHA1}, true
		case *dsa.PublicKey:
			return algorithm{family: dsaFamily, hash: crypto.SHA1}, true
		case *sm2Key:
			return algorithm{family: sm2Family}, true
		}
		return algorithm{family: ecdsaFamily, hash: crypto.SHA1}, true
	case 0x0804, 0x0809:
		return algorithm{family: rsaPSS, hash: crypto.SHA256, salt: 32}, true
	case 0x0805, 0x080a:
		return algorithm{family: rsaPSS, hash: crypto.SHA384, salt: 48}, true
	case 0x0806, 0x080b:
		return algorithm{family: rsaPSS, hash: crypto.SHA512, salt: 64}, true
	case 0x0708:
		return algorithm{family: sm2Family, id: sm2TLS13ID}, true
	case 0x0807:
		return algorithm{family: ed25519Family}, true
	case 0x081a:
		return algorithm{family: ecdsaFamily, hash: crypto.SHA256}, true
	case 0x081b:
		return algorithm{family: ecdsaFamily, hash: crypto.SHA384}, true
	case 0x081c:
		return algorithm{family: ecdsaFamily, hash: crypto.SHA512}, true
	}
	hashes := [...]crypto.Hash{1: crypto.MD5, 2: crypto.SHA1, 3: crypto.SHA224, 4: crypto.SHA256, 5: crypto.SHA384, 6: crypto.SHA512}
	families := [...]family{1: rsaPKCS1, 2: dsaFamily, 3: ecdsaFamily}
	h, f := int(scheme>>8), int(scheme&0xff)
	if h == 0 || h >= len(hashes) || f == 0 || f >= len(families) {
		return algorithm{}, false
	}
	return algorithm{family: families[f], hash: hashes[h]}, true
}

// verify checks one signature over the bytes signed.
func (k *Key) verify(a algorithm, signed, sig []byte) error {
	if a.family == unknownFamily {
		name := a.name
		if name == "" {
			name = "an unreadable algorithm"
		}
		return &UnsupportedError{name + " is not implemented"}
	}
	if k.public == nil {
		return &UnsupportedError{k.why}
	}
	mismatch := &WrongSignatureError{fmt.Sprintf("the key is %s, the signature is of another kind", k)}
	switch pub := k.public.(type) {
	case *rsaKey:
		switch a.family {
		case rsaPKCS1:
			return pub.verifyPKCS1(a.hash, signed, sig)
		case rsaPSS:
			return pub.verifyPSS(a, signed, sig)
		}
	case *ecdsa.PublicKey:
		if a.family != ecdsaFamily {
			return mismatch
		}
		if !ecdsa.VerifyASN1(pub, digest(a.hash, signed), sig) {
			return wrongFor(k)
		}
		return nil
	case *dsa.PublicKey:
		if a.family != dsaFamily {
			return mismatch
		}
		return verifyDSA(k, pub, digest(a.hash, signed), sig)
	case *sm2Key:
		if a.family != sm2Family {
			return mismatch
		}
		if !pub.verify(a, signed, sig) {
			return wrongFor(k)
		}
		return nil
	case ed25519.PublicKey:
		if a.family != ed25519Family {
			return mismatch
		}
		if !ed25519.Verify(pub, signed, sig) {
			return wrongFor(k)
		}
		return nil
	}
	return mismatch
}

func wrongFor(k *Key) error {
	return &WrongSignatureError{fmt.Sprintf("it does not verify with the %s key", k)}
}

func digest(h crypto.Hash, signed []byte) []byte {
	switch h {
	case crypto.MD5SHA1:
		m, s := md5.Sum(signed), sha1.Sum(signed)
		return append(m[:], s[:]...)
	case crypto.MD5:
		m := md5.Sum(signed)
		return m[:]
	}
	d := h.New()
	d.Write(signed)
	return d.Sum(nil)
}

// verifyPKCS1 checks RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2).
func (k *rsaKey) verifyPKCS1(h crypto.Hash, signed, sig []byte) error {
	sum := digest(h, signed)
	if std := k.std(); std != nil {
		if err := rsa.VerifyPKCS1v15(std, h, sum, sig); err != nil {
			return &WrongSignatureError{"it does not verify with the RSA key"}
		}
		return nil
	}
	// crypto/rsa refuses short keys and unusual exponents. The padding is
	// built and compared whole, so nothing of it is parsed.
	em, err := k.open(sig)
	if err != nil {
		return err
	}
	want := pkcs1Padding(h, sum, len(em))
	if want == nil || !bytes.Equal(em, want) {
		return &WrongSignatureError{"it does not verify with the RSA key"}
	}
	return nil
}

// open raises the signature to the public exponent. The sizes of both are
// bounded when the key is parsed.
func (k *rsaKey) open(sig []byte) ([]byte, error) {
	size := (k.n.BitLen() + 7) / 8
	s := new(big.Int).SetBytes(sig)
	if len(sig) != size || s.Cmp(k.n) >= 0 {
		return nil, &WrongSignatureError{fmt.Sprintf("%d bytes do not fit the RSA key", len(sig))}
	}
	return s.Exp(s, k.e, k.n).FillBytes(make([]byte, size)), nil
}

// pkcs1Padding builds EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), nil if the key is
// too short for the hash.
func pkcs1Padding(h crypto.Hash, sum []byte, size int) []byte {
	var oid []byte
	switch h {
	case crypto.MD5:
		oid = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05}
	case crypto.SHA1:
		oid = []byte{0x2b, 0x0e, 0x03, 0x02, 0x1a}
	case crypto.SHA224:
		oid = []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04}
	case crypto.SHA256:
		oid = []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}
	case crypto.SHA384:
		oid = []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}
	case crypto.SHA512:
		oid = []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}
	}
	info := sum // MD5 with SHA-1 has no DigestInfo
	if oid != nil {
		n := len(oid)
		info = append([]byte{0x30, byte(n + len(sum) + 8), 0x30, byte(n + 4), 0x06, byte(n)}, oid...)
		info = append(append(info, 0x05, 0x00, 0x04, byte(len(sum))), sum...)
	}
	if size < len(info)+11 {
		return nil
	}
	em := bytes.Repeat([]byte{0xff}, size)
	em[0], em[1] = 0, 1
	em[size-len(info)-1] = 0
	copy(em[size-len(info):], info)
	return em
}

func (k *rsaKey) verifyPSS(a algorithm, signed, sig []byte) error {
	std := k.std()
	if std == nil {
		return &UnsupportedError{"RSASSA-PSS with a key shorter than 1024 bits or an unusual exponent is not implemented"}
	}
	err := rsa.VerifyPSS(std, a.hash, digest(a.hash, signed), sig, &rsa.PSSOptions{SaltLength: a.salt})
	if err != nil {
		return &WrongSignatureError{"it does not verify with the RSA key"}
	}
	return nil
}

// verifyDSA checks Dss-Sig-Value (RFC 3279 section 2.2.2).
func verifyDSA(k *Key, pub *dsa.PublicKey, sum, sig []byte) error {
	r, s := new(big.Int), new(big.Int)
	in := cryptobyte.String(sig)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, casn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadASN1Integer(r) || !seq.ReadASN1Integer(s) || !seq.Empty() {
		return &WrongSignatureError{"it is no DSA signature"}
	}
	// FIPS 186-4 section 4.7: the leftmost bits of the hash, as many as q has.
	if n := pub.Q.BitLen() / 8; len(sum) > n {
		sum = sum[:n]
	}
	if !dsa.Verify(pub, sum, r, s) {
		return wrongFor(k)
	}
	return nil
}
