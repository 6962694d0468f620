package pki

import (
	"crypto/dsa" //nolint:staticcheck // old captures hold DSA keys
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds on the keys that signatures are checked with. Above them a check could
// cost seconds, and no public key in use is larger.
const (
	maxRSABits      = 8192
	maxExponentBits = 64
	maxDSABits      = 4096
	maxDSAOrderBits = 512
)

// A Key is a public key as a SubjectPublicKeyInfo holds it (RFC 5280 section
// 4.1.2.7). It is immutable and safe for concurrent use.
type Key struct {
	// Algorithm is "RSA", "RSA-PSS", "ECDSA", "Ed25519", "Ed448", "DSA", "DH",
	// "X25519", "X448", "SM2", "ML-DSA-65" and the like, or a dotted OID. It is
	// "" if the algorithm could not be read.
	Algorithm string
	// Bits is the size of the RSA modulus, of the DSA or DH prime or of the
	// curve's field; 0 if it does not apply or is not known.
	Bits int
	// Curve is "P-256", "secp256k1", "brainpoolP256r1" and the like, a dotted
	// OID, "explicit parameters", or "" for keys without a curve.
	Curve string
	// Exponent is the RSA public exponent in decimal, "" for other keys. One of
	// more than 64 bits is given as its size, "2048-bit".
	Exponent string
	// Problems says in plain English what is wrong with the key.
	Problems []string
	// SHA256 is the hash of the whole SubjectPublicKeyInfo.
	SHA256 [32]byte
	// Bytes is the content of subjectPublicKey. It aliases what was parsed.
	Bytes []byte

	public any    // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, *dsa.PublicKey, *sm2Key or nil
	why    string // why public is nil
	broken string // why nobody should use the key, "" if there is no reason
}

// String names the key as tables do: "RSA 2048", "ECDSA P-256", "Ed25519".
func (k *Key) String() string {
	switch {
	case k.Algorithm == "":
		return "unreadable key"
	case k.Curve != "" && k.Algorithm != "SM2":
		return k.Algorithm + " " + k.Curve
	case k.Bits != 0 && !strings.HasPrefix(k.Algorithm, "Ed") && k.Algorithm != "SM2":
		return fmt.Sprintf("%s %d", k.Algorithm, k.Bits)
	}
	return k.Algorithm
}

// ParseKey reads a SubjectPublicKeyInfo, as raw public keys (RFC 7250) send it.
// It never fails: what cannot be read is told in Problems. The input is copied.
func ParseKey(spki []byte) *Key {
	b := append([]byte(nil), spki...)
	k := &Key{}
	r := newDERReader(b, k.problem)
	e, ok := r.read(casn1.SEQUENCE)
	if !ok {
		k.SHA256 = sha256.Sum256(b)
		k.fail("the public key is no SubjectPublicKeyInfo")
		return k
	}
	if !r.empty() {
		k.problem("bytes behind the public key")
	}
	k.parse(e)
	return k
}

func (k *Key) problem(s string) { k.Problems = appendProblem(k.Problems, s) }

// fail records why the key can verify nothing: it is no working key.
func (k *Key) fail(s string) {
	k.refuse(s)
	k.broken = s
}

// refuse records why the key is not used here, though it may work.
func (k *Key) refuse(s string) {
	k.problem(s)
	k.why = s
}

// parse fills k from a SubjectPublicKeyInfo.
func (k *Key) parse(spki element) {
	k.SHA256 = sha256.Sum256(spki.full)
	r := newDERReader(spki.body, k.problem)
	alg, ok := r.read(casn1.SEQUENCE)
	if !ok {
		k.fail("the public key has no readable algorithm")
		return
	}
	a := r.sub(alg)
	oidElement, ok := a.read(casn1.OBJECT_IDENTIFIER)
	oid, good := oidString(oidElement.body)
	if !ok || !good {
		k.fail("the public key has no readable algorithm")
		return
	}
	k.Algorithm = keyAlgorithm(oid)
	params, _ := a.next()
	bits, ok := r.read(casn1.BIT_STRING)
	var unused int
	if ok {
		k.Bytes, unused, ok = bitString(bits.body)
	}
	if !ok {
		k.fail("the public key has no readable content")
		return
	}
	if unused != 0 {
		k.problem("the public key's BIT STRING has unused bits")
	}
	switch k.Algorithm {
	case "RSA", "RSA-PSS", "RSAES-OAEP":
		k.parseRSA()
	case "ECDSA":
		k.parseEC(params)
	case "DSA":
		k.parseDSA(params)
	case "DH":
		p := newDERReader(params.body, k.problem)
		if e, ok := p.read(casn1.INTEGER); ok {
			k.Bits = signedInt(e.body).BitLen()
		}
		k.why = "a DH key signs nothing"
	case "Ed25519":
		k.Bits = 256
		if len(k.Bytes) != ed25519.PublicKeySize {
			k.fail(fmt.Sprintf("an Ed25519 key of %d bytes instead of 32", len(k.Bytes)))
			return
		}
		k.public = ed25519.PublicKey(k.Bytes)
	case "Ed448":
		k.Bits = 456
		k.why = "Ed448 is not implemented"
	default:
		k.why = k.Algorithm + " is not implemented"
	}
}

// keyAlgorithm names the key algorithms of RFC 3279, 4055, 5480, 8410, 9881,
// 9909 and GM/T 0006; an ECDSA key with SM2's curve is renamed later.
func keyAlgorithm(oid string) string {
	switch oid {
	case "1.2.840.113549.1.1.1":
		return "RSA"
	case "1.2.840.113549.1.1.7":
		return "RSAES-OAEP"
	case "1.2.840.113549.1.1.10":
		return "RSA-PSS"
	case "1.2.840.10040.4.1":
		return "DSA"
	case "1.2.840.10046.2.1", "1.2.840.113549.1.3.1":
		return "DH"
	case "1.2.840.10045.2.1", "1.3.132.1.12":
		return "ECDSA"
	case "1.2.643.2.2.19":
		return "GOST R 34.10-2001"
	case "1.2.643.7.1.1.1.1":
		return "GOST R 34.10-2012-256"
	case "1.2.643.7.1.1.1.2":
		return "GOST R 34.10-2012-512"
	case "1.3.101.110":
		return "X25519"
	case "1.3.101.111":
		return "X448"
	case "1.3.101.112":
		return "Ed25519"
	case "1.3.101.113":
		return "Ed448"
	}
	if name, ok := pqName(oid); ok {
		return name
	}
	return oid
}

// pqName names ML-DSA (FIPS 204) and SLH-DSA (FIPS 205), whose keys and
// signatures share their OIDs (RFC 9881, RFC 9909).
func pqName(oid string) (string, bool) {
	rest, ok := strings.CutPrefix(oid, "2.16.840.1.101.3.4.3.")
	if !ok {
		return "", false
	}
	switch rest {
	case "17":
		return "ML-DSA-44", true
	case "18":
		return "ML-DSA-65", true
	case "19":
		return "ML-DSA-87", true
	}
	slh := [...]string{"SHA2-128s", "SHA2-128f", "SHA2-192s", "SHA2-192f", "SHA2-256s", "SHA2-256f",
		"SHAKE-128s", "SHAKE-128f", "SHAKE-192s", "SHAKE-192f", "SHAKE-256s", "SHAKE-256f"}
	for i, s := range slh {
		if rest == fmt.Sprint(20+i) {
			return "SLH-DSA-" + s, true
		}
	}
	return "", false
}

// parseRSA reads RSAPublicKey (RFC 8017 appendix A.1.1).
func (k *Key) parseRSA() {
	r := newDERReader(k.Bytes, k.problem)
	seq, ok := r.read(casn1.SEQUENCE)
	s := r.sub(seq)
	nElement, ok1 := s.read(casn1.INTEGER)
	eElement, ok2 := s.read(casn1.INTEGER)
	if !ok || !ok1 || !ok2 {
		k.fail("the RSA key is not readable")
		return
	}
	n, e := signedInt(nElement.body), signedInt(eElement.body)
	if n.Sign() < 0 {
		// Encoders that forget the leading zero mean the positive number.
		k.problem("the RSA modulus is encoded as a negative number; read as positive")
		n.SetBytes(nElement.body)
	}
	k.Bits = n.BitLen()
	if e.BitLen() <= maxExponentBits {
		k.Exponent = e.String()
	} else {
		k.Exponent = fmt.Sprintf("%d-bit", e.BitLen())
	}
	switch {
	case n.Sign() == 0:
		k.fail("the RSA modulus is 0")
	case n.Bit(0) == 0:
		k.fail("the RSA modulus is even")
	case e.Cmp(big.NewInt(1)) < 0:
		k.fail("the RSA exponent is " + k.Exponent)
	case e.Bit(0) == 0:
		k.fail("the RSA exponent is even")
	case k.Bits > maxRSABits:
		k.refuse(fmt.Sprintf("an RSA key of %d bits: no signature is checked with more than %d", k.Bits, maxRSABits))
	case e.BitLen() > maxExponentBits:
		k.refuse(fmt.Sprintf("an RSA exponent of %d bits: no signature is checked with more than %d", e.BitLen(), maxExponentBits))
	default:
		if e.Cmp(big.NewInt(1)) == 0 {
			k.broken = "the RSA exponent is 1: anybody can sign"
			k.problem(k.broken)
		}
		k.public = &rsaKey{n: n, e: e}
	}
}

// An rsaKey holds what rsa.PublicKey may not: any exponent. std is nil where
// the standard library refuses the key.
type rsaKey struct {
	n, e *big.Int
}

// std returns the key for crypto/rsa, nil if that refuses its sizes.
func (k *rsaKey) std() *rsa.PublicKey {
	if k.n.BitLen() < 1024 || k.e.BitLen() > 31 || k.e.Cmp(big.NewInt(3)) < 0 {
		return nil
	}
	return &rsa.PublicKey{N: k.n, E: int(k.e.Int64())}
}

// parseDSA reads Dss-Parms and DSAPublicKey (RFC 3279 section 2.3.2).
func (k *Key) parseDSA(params element) {
	r := newDERReader(k.Bytes, k.problem)
	yElement, ok := r.read(casn1.INTEGER)
	if !ok {
		k.fail("the DSA key is not readable")
		return
	}
	if params.tag != casn1.SEQUENCE {
		k.fail("the DSA key has no parameters of its own")
		return
	}
	p := newDERReader(params.body, k.problem)
	pub := &dsa.PublicKey{Y: signedInt(yElement.body)}
	for _, to := range []**big.Int{&pub.P, &pub.Q, &pub.G} {
		e, ok := p.read(casn1.INTEGER)
		if !ok {
			k.fail("the DSA parameters are not readable")
			return
		}
		*to = signedInt(e.body)
	}
	one := big.NewInt(1)
	k.Bits = pub.P.BitLen()
	switch {
	case pub.P.Cmp(one) <= 0 || pub.Q.Cmp(one) <= 0 || pub.G.Cmp(one) <= 0 || pub.Y.Cmp(one) <= 0 ||
		pub.G.Cmp(pub.P) >= 0 || pub.Y.Cmp(pub.P) >= 0 || pub.Q.Cmp(pub.P) >= 0 || pub.P.Bit(0) == 0:
		k.fail("the DSA key's numbers are out of range")
	case k.Bits > maxDSABits || pub.Q.BitLen() > maxDSAOrderBits || pub.Q.BitLen()%8 != 0:
		k.refuse(fmt.Sprintf("a DSA key with p of %d and q of %d bits: no signature is checked with it", k.Bits, pub.Q.BitLen()))
	default:
		k.public = pub
	}
}
