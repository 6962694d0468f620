package pki

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // old captures hold DSA keys
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func publicKey(t testing.TB, pub crypto.PublicKey) *Key {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return ParseKey(b)
}

// asn1Int encodes a non-negative INTEGER.
func asn1Int(v *big.Int) []byte {
	b := v.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return tlv(casn1.INTEGER, b)
}

func rsaSPKI(n, e *big.Int) []byte {
	return spki(seq(oidRSA, tlv(casn1.NULL)), seq(asn1Int(n), asn1Int(e)))
}

func dsaSPKI(k *dsa.PublicKey) []byte {
	return spki(seq(oid(1, 2, 840, 10040, 4, 1), seq(asn1Int(k.P), asn1Int(k.Q), asn1Int(k.G))), asn1Int(k.Y))
}

// smallRSA is a key of 768 bits, which crypto/rsa refuses, from fixed primes
// found by stepping up from round numbers.
func smallRSA() (n, d *big.Int) {
	prime := func(hexDigit string) *big.Int {
		p, _ := new(big.Int).SetString(strings.Repeat(hexDigit, 96), 16)
		p.SetBit(p, 0, 1)
		for !p.ProbablyPrime(10) || new(big.Int).Mod(new(big.Int).Sub(p, big.NewInt(1)), big.NewInt(65537)).Sign() == 0 {
			p.Add(p, big.NewInt(2))
		}
		return p
	}
	p, q, one := prime("e"), prime("d"), big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	return new(big.Int).Mul(p, q), new(big.Int).ModInverse(big.NewInt(65537), phi)
}

type signCase struct {
	name   string
	scheme uint16
	key    *Key
	sign   func([]byte) []byte
}

func signCases(t testing.TB) []signCase {
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rp := publicKey(t, rk.Public())
	var list []signCase
	rsaCase := func(name string, scheme uint16, h crypto.Hash) {
		list = append(list, signCase{name, scheme, rp, func(m []byte) []byte { return must(rk.Sign(rand.Reader, digest(h, m), h)) }})
	}
	rsaCase("rsa legacy", LegacyScheme, crypto.MD5SHA1)
	rsaCase("rsa_pkcs1_md5", 0x0101, crypto.MD5)
	rsaCase("rsa_pkcs1_sha1", 0x0201, crypto.SHA1)
	rsaCase("rsa_pkcs1_sha224", 0x0301, crypto.SHA224)
	rsaCase("rsa_pkcs1_sha256", 0x0401, crypto.SHA256)
	rsaCase("rsa_pkcs1_sha384", 0x0501, crypto.SHA384)
	rsaCase("rsa_pkcs1_sha512", 0x0601, crypto.SHA512)
	for i, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		sign := func(m []byte) []byte {
			return must(rk.Sign(rand.Reader, digest(h, m), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}))
		}
		list = append(list, signCase{"rsa_pss_rsae_" + h.String(), 0x0804 + uint16(i), rp, sign},
			signCase{"rsa_pss_pss_" + h.String(), 0x0809 + uint16(i), rp, sign})
	}
	for _, c := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		ek, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		ep := publicKey(t, ek.Public())
		for hi, h := range map[uint16]crypto.Hash{0: crypto.SHA1, 0x0203: crypto.SHA1, 0x0303: crypto.SHA224, 0x0403: crypto.SHA256, 0x0503: crypto.SHA384, 0x0603: crypto.SHA512} {
			list = append(list, signCase{"ecdsa " + c.Params().Name + " " + h.String(), hi, ep,
				func(m []byte) []byte { return must(ek.Sign(rand.Reader, digest(h, m), h)) }})
		}
	}
	edPub, ed, _ := ed25519.GenerateKey(rand.Reader)
	list = append(list, signCase{"ed25519", 0x0807, publicKey(t, edPub), func(m []byte) []byte { return ed25519.Sign(ed, m) }})
	return append(append(list, dsaCases(t)...), smallRSACases()...)
}

func dsaCases(t testing.TB) []signCase {
	k := &dsa.PrivateKey{}
	if err := dsa.GenerateParameters(&k.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(k, rand.Reader); err != nil {
		t.Fatal(err)
	}
	pub := ParseKey(dsaSPKI(&k.PublicKey))
	var list []signCase
	for scheme, h := range map[uint16]crypto.Hash{0: crypto.SHA1, 0x0202: crypto.SHA1, 0x0402: crypto.SHA256} {
		list = append(list, signCase{"dsa " + h.String(), scheme, pub, func(m []byte) []byte {
			r, s, err := dsa.Sign(rand.Reader, k, digest(h, m)[:20])
			if err != nil {
				t.Fatal(err)
			}
			return seq(asn1Int(r), asn1Int(s))
		}})
	}
	return list
}

// smallRSACases sign with a key too short for crypto/rsa.
func smallRSACases() []signCase {
	n, d := smallRSA()
	key := ParseKey(rsaSPKI(n, big.NewInt(65537)))
	var list []signCase
	for scheme, h := range map[uint16]crypto.Hash{0: crypto.MD5SHA1, 0x0101: crypto.MD5, 0x0201: crypto.SHA1, 0x0301: crypto.SHA224, 0x0401: crypto.SHA256, 0x0501: crypto.SHA384} {
		list = append(list, signCase{"rsa 768 " + h.String(), scheme, key, func(m []byte) []byte {
			em := new(big.Int).SetBytes(pkcs1Padding(h, digest(h, m), 96))
			return em.Exp(em, d, n).FillBytes(make([]byte, 96))
		}})
	}
	return list
}

// TestVerifySignature signs with every scheme, and then flips bits of the
// signature and of what was signed.
func TestVerifySignature(t *testing.T) {
	signed := []byte("client random, server random, parameters")
	for _, tt := range signCases(t) {
		t.Run(tt.name, func(t *testing.T) {
			sig := tt.sign(signed)
			if err := VerifySignature(tt.key, tt.scheme, signed, sig); err != nil {
				t.Fatalf("good signature: %v", err)
			}
			var wrong *WrongSignatureError
			for i := 0; i < len(sig); i += 1 + len(sig)/8 {
				bad := bytes.Clone(sig)
				bad[i] ^= 1
				if err := VerifySignature(tt.key, tt.scheme, signed, bad); !errors.As(err, &wrong) {
					t.Errorf("byte %d flipped: %v", i, err)
				}
			}
			for _, bad := range [][]byte{nil, sig[:len(sig)-1], append(bytes.Clone(sig), 0)} {
				if err := VerifySignature(tt.key, tt.scheme, signed, bad); !errors.As(err, &wrong) {
					t.Errorf("signature of %d bytes: %v", len(bad), err)
				}
			}
			if err := VerifySignature(tt.key, tt.scheme, signed[1:], sig); !errors.As(err, &wrong) {
				t.Errorf("other data: %v", err)
			}
		})
	}
}

// TestPKCS1PaddingAgreesWithStd holds our padding against crypto/rsa's.
func TestPKCS1PaddingAgreesWithStd(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	own := &rsaKey{n: k.N, e: big.NewInt(int64(k.E))}
	for _, h := range []crypto.Hash{crypto.MD5SHA1, crypto.MD5, crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		t.Run(h.String(), func(t *testing.T) {
			sum := digest(h, []byte("m"))
			sig, err := rsa.SignPKCS1v15(nil, k, h, sum)
			if err != nil {
				t.Fatal(err)
			}
			em, err := own.open(sig)
			if err != nil || !bytes.Equal(em, pkcs1Padding(h, sum, 128)) {
				t.Errorf("%x, %v", em, err)
			}
		})
	}
	m, s := md5.Sum([]byte("m")), sha1.Sum([]byte("m"))
	if !bytes.Equal(digest(crypto.MD5SHA1, []byte("m")), append(m[:], s[:]...)) {
		t.Error("MD5 with SHA-1 is not the two side by side")
	}
}

func TestVerifySignatureUnsupported(t *testing.T) {
	p256 := ParseKey(spki(seq(oidEC, oidP256), p256Point()))
	huge := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 1<<20), big.NewInt(1))
	tests := []struct {
		name   string
		key    *Key
		scheme uint16
		why    string
	}{
		{"no key", nil, 0x0401, "no key"},
		{"unassigned scheme", p256, 0xfe00, "0xfe00"},
		{"ed448", p256, 0x0808, "0x0808"},
		{"mldsa65", p256, 0x0905, "0x0905"},
		{"secp256k1", ParseKey(spki(seq(oidEC, oid(1, 3, 132, 0, 10)), p256Point())), 0x0403, "secp256k1"},
		{"brainpool", ParseKey(spki(seq(oidEC, oid(1, 3, 36, 3, 3, 2, 8, 1, 1, 7)), p256Point())), 0x081a, "brainpoolP256r1"},
		{"Ed448 key", ParseKey(spki(seq(oid(1, 3, 101, 113)), make([]byte, 57))), 0x0807, "Ed448"},
		{"RSA of a megabit", ParseKey(rsaSPKI(huge, big.NewInt(65537))), 0x0401, "1048576 bits"},
		{"RSA exponent of 2048 bits", ParseKey(rsaSPKI(new(big.Int).SetBit(big.NewInt(1), 2047, 1), new(big.Int).SetBit(big.NewInt(1), 2046, 1))), 0x0401, "exponent"},
		{"RSA modulus 0", ParseKey(rsaSPKI(new(big.Int), new(big.Int))), LegacyScheme, "modulus is 0"},
		{"RSA modulus even", ParseKey(rsaSPKI(big.NewInt(256), big.NewInt(3))), 0x0804, "even"},
		{"DSA of zeros", ParseKey(dsaSPKI(&dsa.PublicKey{Parameters: dsa.Parameters{P: new(big.Int), Q: new(big.Int), G: new(big.Int)}, Y: new(big.Int)})), 0x0202, "out of range"},
		{"DSA too large", ParseKey(dsaSPKI(&dsa.PublicKey{Parameters: dsa.Parameters{P: huge, Q: big.NewInt(251), G: big.NewInt(2)}, Y: big.NewInt(2)})), 0x0202, "no signature is checked"},
		{"no SPKI", ParseKey([]byte("x")), 0x0401, "SubjectPublicKeyInfo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := VerifySignature(tt.key, tt.scheme, []byte("m"), []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
			var unsupported *UnsupportedError
			if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("got %v, want unsupported with %q", err, tt.why)
			}
		})
	}
}

func TestVerifySignatureOfAnotherKindOfKey(t *testing.T) {
	var wrong *WrongSignatureError
	p256 := ParseKey(spki(seq(oidEC, oidP256), p256Point()))
	for _, scheme := range []uint16{0x0401, 0x0804, 0x0807, 0x0202} {
		if err := VerifySignature(p256, scheme, []byte("m"), []byte("s")); !errors.As(err, &wrong) {
			t.Errorf("scheme %04x with an EC key: %v", scheme, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	rk, _ := smallRSA()
	compressed := elliptic.MarshalCompressed(elliptic.P256(), elliptic.P256().Params().Gx, elliptic.P256().Params().Gy)
	tests := []struct {
		name, want, exponent string
		der                  []byte
		usable               bool
	}{
		{"P-256", "ECDSA P-256", "", spki(seq(oidEC, oidP256), p256Point()), true},
		{"compressed point", "ECDSA P-256", "", spki(seq(oidEC, oidP256), compressed), true},
		{"RSA", "RSA 768", "3", rsaSPKI(rk, big.NewInt(3)), true},
		{"RSA-PSS", "RSA-PSS 768", "3", spki(seq(oid(1, 2, 840, 113549, 1, 1, 10)), seq(asn1Int(rk), asn1Int(big.NewInt(3)))), true},
		{"RSA exponent 1", "RSA 768", "1", rsaSPKI(rk, big.NewInt(1)), true},
		{"Ed25519", "Ed25519", "", spki(seq(oid(1, 3, 101, 112)), make([]byte, 32)), true},
		{"Ed25519 too short", "Ed25519", "", spki(seq(oid(1, 3, 101, 112)), make([]byte, 31)), false},
		{"X25519", "X25519", "", spki(seq(oid(1, 3, 101, 110)), make([]byte, 32)), false},
		{"SLH-DSA", "SLH-DSA-SHAKE-256f", "", spki(seq(oid(2, 16, 840, 1, 101, 3, 4, 3, 31)), make([]byte, 64)), false},
		{"unknown", "1.2.3.4", "", spki(seq(oid(1, 2, 3, 4)), make([]byte, 64)), false},
		{"curve unknown", "ECDSA 1.2.3.4", "", spki(seq(oidEC, oid(1, 2, 3, 4)), p256Point()), false},
		{"empty", "unreadable key", "", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := ParseKey(tt.der)
			if k.String() != tt.want || k.Exponent != tt.exponent || (k.public != nil) != tt.usable || (k.why == "") != tt.usable {
				t.Errorf("got %q, exponent %q, usable %v (%s)", k, k.Exponent, k.public != nil, k.why)
			}
			for n := range tt.der {
				if p := ParseKey(tt.der[:n]); p.public != nil {
					t.Fatalf("prefix of %d bytes is a key", n)
				}
			}
		})
	}
}

func FuzzVerifySignature(f *testing.F) {
	n, _ := smallRSA()
	f.Add(spki(seq(oidEC, oidP256), p256Point()), uint16(0x0403), []byte("m"), []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Add(rsaSPKI(n, big.NewInt(3)), uint16(0x0401), []byte("m"), make([]byte, 96))
	f.Fuzz(func(t *testing.T, der []byte, scheme uint16, signed, sig []byte) {
		k := ParseKey(der)
		err := VerifySignature(k, scheme, signed, sig)
		var wrong *WrongSignatureError
		var unsupported *UnsupportedError
		if err != nil && !errors.As(err, &wrong) && !errors.As(err, &unsupported) {
			t.Errorf("error of another kind: %v", err)
		}
		if k.public == nil && err == nil {
			t.Error("verified without a key")
		}
	})
}
