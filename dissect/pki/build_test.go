package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// noon is the time of all tests.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// An entity is a certificate with its key.
type entity struct {
	cert *Certificate
	key  crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// issue makes a certificate signed by issuer, or self-signed if that is nil.
// change may alter the template; key may be nil for a new P-256 key.
func issue(t testing.TB, issuer *entity, cn string, key crypto.Signer, change func(*x509.Certificate)) *entity {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(11),
		Subject:      pkix.Name{CommonName: cn},
		NotBefore:    noon.Add(-12 * time.Hour),
		NotAfter:     noon.Add(90*day + time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(tmpl)
	}
	if key == nil {
		key = newKey(t)
	}
	parent, signer := tmpl, key
	if issuer != nil {
		parent, signer = issuer.cert.X509, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return &entity{Parse(der), key}
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// forHost makes the template a server's.
func forHost(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.DNSNames = names
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

// A rawCert builds certificates that no library would: each part is DER of the
// test's own, nil stands for a good one. The signature is no signature.
type rawCert struct {
	version, serial, alg, issuer, validity, subject, spki, extensions []byte
}

func tlv(tag casn1.Tag, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, p := range parts {
			b.AddBytes(p)
		}
	})
	return b.BytesOrPanic()
}

func seq(parts ...[]byte) []byte { return tlv(casn1.SEQUENCE, parts...) }

func oid(arcs ...int) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(arcs)
	return b.BytesOrPanic()
}

func rdn(typ []byte, tag casn1.Tag, value string) []byte {
	return tlv(casn1.SET, seq(typ, tlv(tag, []byte(value))))
}

var (
	oidCN     = oid(2, 5, 4, 3)
	oidEC     = oid(1, 2, 840, 10045, 2, 1)
	oidP256   = oid(1, 2, 840, 10045, 3, 1, 7)
	oidRSA    = oid(1, 2, 840, 113549, 1, 1, 1)
	oidSHA256 = oid(1, 2, 840, 10045, 4, 3, 2)
)

// extension builds one, with a criticality if that is not nil.
func extension(typ, critical, value []byte) []byte {
	return seq(typ, critical, tlv(casn1.OCTET_STRING, value))
}

func spki(alg, key []byte) []byte { return seq(alg, tlv(casn1.BIT_STRING, []byte{0}, key)) }

func or(b, instead []byte) []byte {
	if b != nil {
		return b
	}
	return instead
}

func (r rawCert) der() []byte {
	name := seq(rdn(oidCN, casn1.UTF8String, "raw.example"))
	alg := or(r.alg, seq(oidSHA256))
	var ext []byte
	if r.extensions != nil {
		ext = tlv(context(3), seq(r.extensions))
	}
	tbs := seq(
		or(r.version, tlv(context(0), tlv(casn1.INTEGER, []byte{2}))),
		or(r.serial, tlv(casn1.INTEGER, []byte{0x0b})),
		alg,
		or(r.issuer, name),
		or(r.validity, seq(tlv(casn1.UTCTime, []byte("260101000000Z")), tlv(casn1.UTCTime, []byte("270101000000Z")))),
		or(r.subject, name),
		or(r.spki, spki(seq(oidEC, oidP256), p256Point())),
		ext)
	return seq(tbs, alg, tlv(casn1.BIT_STRING, []byte{0}, bytes257()))
}

// bytes257 is long enough that a certificate's length takes two bytes.
func bytes257() []byte { return make([]byte, 257) }

// p256Point is the base point, a valid public key.
func p256Point() []byte {
	p := elliptic.P256().Params()
	out := append([]byte{4}, p.Gx.FillBytes(make([]byte, 32))...)
	return append(out, p.Gy.FillBytes(make([]byte, 32))...)
}
