package keys

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
)

// maxKeyFile bounds what is read of a private key file, in bytes.
const maxKeyFile = 4 << 20

// A PrivateKey opens RSA key exchanges of the server that it belongs to, or
// the ClientHellos that were sealed to it (ECH).
type PrivateKey struct {
	n, d *big.Int // of RSA; nil for ECH
	crt  *crt
	ech  *echKey // nil for RSA
}

// Format shows nothing of the key.
func (k *PrivateKey) Format(f fmt.State, _ rune) { hide(f) }

// Bits returns the length of the modulus, 0 for a key of ECH.
func (k *PrivateKey) Bits() int {
	if k.n == nil {
		return 0
	}
	return k.n.BitLen()
}

// A KeyError says why a file gives no private key.
type KeyError struct {
	Source string
	What   string
	Tip    string
	Err    error // ErrNoPassword, ErrPassword, or of the file system
}

func (e *KeyError) Error() string {
	if e.What == "" {
		return fmt.Sprintf("private key %s: %v", e.Source, e.Err)
	}
	return fmt.Sprintf("private key %s: %s", e.Source, e.What)
}

// Hint says what to do about it.
func (e *KeyError) Hint() string { return e.Tip }

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

// ErrPassword says that a password does not open an encrypted key.
var ErrPassword = errors.New("wrong password, or a damaged file")

// LoadPrivateKeys reads the RSA keys of a file: see [ParsePrivateKeys].
func LoadPrivateKeys(path string, password []byte) ([]*PrivateKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &KeyError{Source: path, Err: err}
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && st.Size() > maxKeyFile {
		return nil, &KeyError{Source: path, What: "too large for a key"}
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(&limited{f, maxKeyFile}); err != nil {
		return nil, &KeyError{Source: path, Err: err}
	}
	return ParsePrivateKeys(buf.Bytes(), password, path)
}

// limited ends a file that grows while it is read.
type limited struct {
	f    *os.File
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("too large for a key")
	}
	n, err := l.f.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// ParsePrivateKeys reads the RSA private keys of a file in PEM (PKCS#1,
// PKCS#8, encrypted or not; blocks of other kinds are passed over), DER, or
// PKCS#12, and the keys of Encrypted Client Hello of a PEM file that also has
// the ECHCONFIG (RFC 9934). The password is nil if there is none. The source is for errors,
// which are *KeyError.
//
// Encrypted forms that are read: PKCS#8 and PKCS#12 with PBES2 (PBKDF2, AES or
// 3DES), PKCS#12 with the older 3DES and RC2, and PEM with a DEK-Info header.
func ParsePrivateKeys(data, password []byte, source string) ([]*PrivateKey, error) {
	fail := func(what string, err error) ([]*PrivateKey, error) {
		e := &KeyError{Source: source, What: what, Err: err}
		if errors.Is(err, ErrNoPassword) {
			e.Tip = "set TLSLENS_KEY_PASSWORD to the password of the file"
		}
		return nil, e
	}
	ders, other, err := keyDERs(data, password)
	if err != nil {
		return fail("", err)
	}
	var found []*PrivateKey
	var kind string
	for _, der := range ders {
		k, what := parseRSA(der)
		if k == nil {
			kind = what
			continue
		}
		found = append(found, k)
	}
	sealed, what := echPrivateKeys(ders, data)
	if found = append(found, sealed...); what != "" {
		kind = what
	}
	switch {
	case len(found) > 0:
		return found, nil
	case kind != "":
		return fail(kind, nil)
	case other != "":
		return fail(fmt.Sprintf("holds %s and no private key", other), nil)
	}
	return fail("neither PEM, DER nor PKCS#12", nil)
}

// keyDERs returns the DER of the private keys in a file.
func keyDERs(data, password []byte) (ders [][]byte, other string, err error) {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		if len(data) == 0 || data[0] != 0x30 {
			return nil, "", nil
		}
		return derKeys(data, password)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			der, err := decryptPEM(block, password)
			if err != nil {
				return nil, "", err
			}
			ders = append(ders, der)
		case "ENCRYPTED PRIVATE KEY":
			der, err := decryptPKCS8(block.Bytes, password)
			if err != nil {
				return nil, "", err
			}
			ders = append(ders, der)
		case "EC PRIVATE KEY":
			other = "an EC key, which signs and opens nothing,"
		case "CERTIFICATE":
			if other == "" {
				other = "a certificate"
			}
		}
	}
	if len(ders) == 0 && other == "" {
		other = "other PEM blocks"
	}
	return ders, other, nil
}

// decryptPEM undoes the encryption of PEM itself (RFC 1423), weak but met.
func decryptPEM(b *pem.Block, password []byte) ([]byte, error) {
	if !x509.IsEncryptedPEMBlock(b) { //nolint:staticcheck // keys of old servers have it
		return b.Bytes, nil
	}
	if password == nil {
		return nil, ErrNoPassword
	}
	der, err := x509.DecryptPEMBlock(b, password) //nolint:staticcheck // as above
	if err != nil {
		return nil, ErrPassword
	}
	return der, nil
}

// derKeys reads a file that is DER.
func derKeys(data, password []byte) ([][]byte, string, error) {
	if k, _ := parseRSA(data); k != nil {
		return [][]byte{data}, "", nil
	}
	if _, ok := asEncryptedPKCS8(data); ok {
		der, err := decryptPKCS8(data, password)
		return [][]byte{der}, "", err
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return nil, "a certificate", nil
	}
	ders, err := pkcs12Keys(data, password)
	if err == nil && len(ders) == 0 {
		return [][]byte{data}, "", nil // let parseRSA name the kind
	}
	return ders, "", err
}

// pkcs1Key is the head of RSAPrivateKey (RFC 8017, Appendix A.1.2).
type pkcs1Key struct {
	Version int
	N       *big.Int
	E       int
	D       *big.Int
	P, Q    *big.Int
	Dp, Dq  *big.Int
	Qinv    *big.Int
}

// parseRSA reads a PKCS#1 or PKCS#8 key; if it is none of RSA, what says so.
// Keys that the standard library finds too short or odd are read too: old
// servers have them.
func parseRSA(der []byte) (k *PrivateKey, what string) {
	var p8 struct {
		Version int
		Algo    struct {
			OID    asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		Key  []byte
		Rest asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &p8); err == nil {
		if !p8.Algo.OID.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}) {
			return nil, "holds " + keyKind(p8.Algo.OID) + ", which signs and opens nothing: only RSA keys open a key exchange"
		}
		der = p8.Key
	}
	var p1 pkcs1Key
	if _, err := asn1.Unmarshal(der, &p1); err != nil || p1.N == nil || p1.D == nil {
		return nil, "is not a private key that can be read"
	}
	if p1.N.Sign() <= 0 || p1.D.Sign() <= 0 || p1.N.BitLen() < 256 || p1.N.BitLen() > 16384 || p1.D.Cmp(p1.N) >= 0 {
		return nil, "holds an RSA key with impossible numbers"
	}
	return &PrivateKey{n: p1.N, d: p1.D, crt: newCRT(p1)}, ""
}

// keyKind names the kind of a PKCS#8 key.
func keyKind(oid asn1.ObjectIdentifier) string {
	switch oid.String() {
	case "1.2.840.10045.2.1":
		return "an EC key"
	case "1.3.101.112", "1.3.101.113":
		return "an EdDSA key"
	case "1.2.840.113549.1.1.10":
		return "an RSASSA-PSS key"
	}
	return "a key of type " + oid.String()
}

// crt makes the private operation three times faster (RFC 8017, Section 5.1.2).
type crt struct{ p, q, dp, dq, qInv *big.Int }

// newCRT returns nil if the primes are not those of the key.
func newCRT(k pkcs1Key) *crt {
	one := big.NewInt(1)
	if k.N.BitLen() > 8192 || k.P == nil || k.Q == nil || k.P.Cmp(one) <= 0 || k.Q.Cmp(one) <= 0 || new(big.Int).Mul(k.P, k.Q).Cmp(k.N) != 0 {
		return nil
	}
	c := &crt{p: k.P, q: k.Q, qInv: new(big.Int).ModInverse(k.Q, k.P)}
	if c.qInv == nil || !k.P.ProbablyPrime(8) || !k.Q.ProbablyPrime(8) {
		return nil
	}
	c.dp = new(big.Int).Mod(k.D, new(big.Int).Sub(k.P, one))
	c.dq = new(big.Int).Mod(k.D, new(big.Int).Sub(k.Q, one))
	return c
}

// power is the RSA private operation.
func (k *PrivateKey) power(c *big.Int) *big.Int {
	r := k.crt
	if r == nil {
		return new(big.Int).Exp(c, k.d, k.n)
	}
	m1, m2 := new(big.Int).Exp(c, r.dp, r.p), new(big.Int).Exp(c, r.dq, r.q)
	m1.Sub(m1, m2).Mul(m1, r.qInv).Mod(m1, r.p) // Mod is never negative
	return m1.Mul(m1, r.q).Add(m1, m2)
}

// fits reports whether k belongs to a public key.
func (k *PrivateKey) fits(pub *rsa.PublicKey) bool { return pub != nil && k.n.Cmp(pub.N) == 0 }

// decrypt removes PKCS#1 v1.5 encryption (RFC 8017, Section 7.2.2). Package
// crypto/rsa refuses short keys; nothing here is secret from a peer, so that
// it may take any time.
func (k *PrivateKey) decrypt(b []byte) ([]byte, bool) {
	size := (k.n.BitLen() + 7) / 8
	c := new(big.Int).SetBytes(b)
	if len(b) > size+8 || c.Cmp(k.n) >= 0 {
		return nil, false
	}
	m := k.power(c).FillBytes(make([]byte, size))
	if m[0] != 0 || m[1] != 2 {
		return nil, false
	}
	i := bytes.IndexByte(m[2:], 0)
	if i < 8 {
		return nil, false
	}
	return m[2+i+1:], true
}
