package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/google/go-cmp/cmp"
)

func TestParseReadsEveryField(t *testing.T) {
	root := issue(t, nil, "Root", nil, asCA)
	u, _ := url.Parse("https://a.example/x")
	leaf := issue(t, root, "a.example", nil, func(c *x509.Certificate) {
		c.SerialNumber = new(big.Int).SetBytes([]byte{0x99, 1})
		c.Subject.Organization = []string{"Ex, Inc."}
		c.DNSNames = []string{"a.example", "*.b.example"}
		c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1), net.ParseIP("2001:db8::1")}
		c.EmailAddresses = []string{"x@a.example"}
		c.URIs = []*url.URL{u}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		c.SubjectKeyId = []byte{1, 2, 3}
		c.OCSPServer = []string{"http://ocsp.example"}
		c.IssuingCertificateURL = []string{"http://ca.example/ca.crt"}
		c.CRLDistributionPoints = []string{"http://crl.example/1.crl"}
		c.Policies = []x509.OID{mustOID(t, "2.23.140.1.2.2")}
		c.ExtraExtensions = []pkix.Extension{
			{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}},
			{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}},
		}
	}).cert
	type view struct {
		Version                                            int
		Serial, Subject, Issuer, Key, Algorithm            string
		NotBefore, NotAfter                                time.Time
		Names, ExtKeyUsage, OCSP, Issuers, CRLs, Policies  []string
		KeyUsage, Validation                               string
		SubjectKeyID                                       []byte
		MustStaple, CA, SelfIssued, SelfSigned, SameKeyIDs bool
		UnknownCritical, Problems                          []string
	}
	got := view{leaf.Version, leaf.Serial, leaf.Subject, leaf.Issuer, leaf.Key.String(), leaf.SignatureAlgorithm,
		leaf.NotBefore, leaf.NotAfter, leaf.Names.Strings(), leaf.ExtKeyUsage, leaf.OCSPServers, leaf.IssuerURLs, leaf.CRLs, leaf.Policies,
		leaf.KeyUsage.String(), leaf.Validation(), leaf.SubjectKeyID, leaf.MustStaple, leaf.IsCA, leaf.SelfIssued, leaf.SelfSigned(),
		bytes.Equal(leaf.AuthorityKeyID, root.cert.SubjectKeyID), leaf.UnknownCritical, leaf.Problems}
	want := view{3, "009901", `CN=a.example,O=Ex\, Inc.`, "CN=Root", "ECDSA P-256", "ECDSA-SHA256",
		noon.Add(-12 * time.Hour), noon.Add(90*day + time.Hour),
		[]string{"a.example", "*.b.example", "192.0.2.1", "2001:db8::1", "x@a.example", "https://a.example/x"},
		[]string{"serverAuth", "clientAuth"}, []string{"http://ocsp.example"}, []string{"http://ca.example/ca.crt"},
		[]string{"http://crl.example/1.crl"}, []string{"2.23.140.1.2.2"}, "digitalSignature keyEncipherment", "OV",
		[]byte{1, 2, 3}, true, false, false, false, true, []string{"1.2.3.4"}, nil}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !root.cert.SelfSigned() || !root.cert.IsCA || root.cert.PathLen != -1 {
		t.Errorf("root: %+v", root.cert.Extensions)
	}
}

func mustOID(t *testing.T, s string) x509.OID {
	t.Helper()
	o, err := x509.ParseOID(s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestParseKeepsNothingOfItsInput(t *testing.T) {
	der := bytes.Clone(issue(t, nil, "a.example", nil, forHost("a.example")).cert.Raw)
	c := Parse(der)
	for i := range der {
		der[i] = 0xee
	}
	if again := Parse(c.Raw); c.SHA256 != again.SHA256 || c.X509 == nil || !c.SelfSigned() {
		t.Error("the certificate changed with the caller's buffer")
	}
}

// TestParseOddCertificates holds the certificates that crypto/x509 and others
// refuse: what can be shown is shown, and what is wrong is named.
func TestParseOddCertificates(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	var sans, rdns [][]byte
	for range 20_000 {
		sans = append(sans, tlv(contextPrimitive(2), []byte("h.example")))
	}
	for range 5_000 {
		rdns = append(rdns, rdn(oidCN, casn1.UTF8String, "x"))
	}
	san := oid(2, 5, 29, 17)
	bc := oid(2, 5, 29, 19)
	good := rawCert{}.der()
	indefinite := append(append([]byte{0x30, 0x80}, good[4:]...), 0, 0)
	if good[1] != 0x82 {
		t.Fatal("the good certificate is not long enough for this table")
	}
	tests := []struct {
		name    string
		der     []byte
		show    func(*Certificate) any
		want    any
		problem string
	}{
		{"negative serial", rawCert{serial: tlv(casn1.INTEGER, []byte{0x80, 1})}.der(), serialOf, "8001", "negative"},
		{"serial of 100 bytes", rawCert{serial: tlv(casn1.INTEGER, bytes.Repeat([]byte{1}, 100))}.der(), serialOf, strings.Repeat("01", 100), "100 bytes"},
		{"serial 0", rawCert{serial: tlv(casn1.INTEGER, []byte{0})}.der(), serialOf, "00", "is 0"},
		{"empty serial", rawCert{serial: tlv(casn1.INTEGER)}.der(), serialOf, "", "empty"},
		{"version 4", rawCert{version: tlv(context(0), tlv(casn1.INTEGER, []byte{3}))}.der(), versionOf, 4, "version 4"},
		{"version -1", rawCert{version: tlv(context(0), tlv(casn1.INTEGER, []byte{0xfe}))}.der(), versionOf, -1, "version -1"},
		{"extensions in version 1", rawCert{version: []byte{}, extensions: extension(bc, nil, seq())}.der(), versionOf, 1, "version 1"},
		{"secp256k1", rawCert{spki: spki(seq(oidEC, oid(1, 3, 132, 0, 10)), p256Point())}.der(), keyOf, "ECDSA secp256k1", ""},
		{"brainpool", rawCert{spki: spki(seq(oidEC, oid(1, 3, 36, 3, 3, 2, 8, 1, 1, 7)), p256Point())}.der(), keyOf, "ECDSA brainpoolP256r1", ""},
		{"SM2", rawCert{spki: spki(seq(oidEC, oid(1, 2, 156, 10197, 1, 301)), p256Point())}.der(), keyOf, "SM2", "not on sm2p256v1"},
		{"ML-DSA-65", rawCert{spki: spki(seq(oid(2, 16, 840, 1, 101, 3, 4, 3, 18)), []byte{1})}.der(), keyOf, "ML-DSA-65", ""},
		{"point off the curve", rawCert{spki: spki(seq(oidEC, oidP256), append([]byte{4}, make([]byte, 64)...))}.der(), keyOf, "ECDSA P-256", "not on P-256"},
		{"explicit curve", rawCert{spki: spki(seq(oidEC, explicitP256(9)), p256Point())}.der(), keyOf, "ECDSA explicit parameters", "another generator"},
		{"RSA modulus 0", rawCert{spki: spki(seq(oidRSA, tlv(casn1.NULL)), seq(tlv(casn1.INTEGER, []byte{0}), tlv(casn1.INTEGER, []byte{0})))}.der(), keyOf, "RSA", "modulus is 0"},
		{"RSA of a megabit", rawCert{spki: spki(seq(oidRSA, tlv(casn1.NULL)), seq(tlv(casn1.INTEGER, []byte{0}, bytes.Repeat([]byte{0xff}, 131072)), tlv(casn1.INTEGER, []byte{3})))}.der(), keyOf, "RSA 1048576", "1048576 bits"},
		{"DSA p 0", rawCert{spki: spki(seq(oid(1, 2, 840, 10040, 4, 1), seq(tlv(casn1.INTEGER, []byte{0}), tlv(casn1.INTEGER, []byte{0}), tlv(casn1.INTEGER, []byte{0}))), tlv(casn1.INTEGER, []byte{0}))}.der(), keyOf, "DSA", "out of range"},
		{"BOOLEAN 01", rawCert{extensions: extension(bc, tlv(casn1.BOOLEAN, []byte{1}), seq(tlv(casn1.BOOLEAN, []byte{1})))}.der(), func(c *Certificate) any { return c.IsCA }, true, "BOOLEAN"},
		{"path length -5", rawCert{extensions: extension(bc, nil, seq(tlv(casn1.BOOLEAN, []byte{0xff}), tlv(casn1.INTEGER, []byte{0xfb})))}.der(), func(c *Certificate) any { return c.PathLen }, -1, "out of range"},
		{"non-ASCII dNSName", rawCert{extensions: extension(san, nil, seq(tlv(contextPrimitive(2), []byte("b\xfccher.example"))))}.der(), namesOf, []string{`b\fccher.example`}, "printable ASCII"},
		{"empty dNSName", rawCert{extensions: extension(san, nil, seq(tlv(contextPrimitive(2))))}.der(), namesOf, []string{""}, "dNSName is empty"},
		{"iPAddress of 5 bytes", rawCert{extensions: extension(san, nil, seq(tlv(contextPrimitive(7), []byte{1, 2, 3, 4, 5})))}.der(), namesOf, []string{"iPAddress:0102030405"}, "neither 4 nor 16"},
		{"20,000 names", rawCert{extensions: extension(san, nil, seq(sans...))}.der(), func(c *Certificate) any { return c.Names.Count() }, 20_000, ""},
		{"5,000 RDNs", rawCert{subject: seq(rdns...)}.der(), func(c *Certificate) any { return len(c.CommonNames) }, 5_000, ""},
		{"CN of 200,000", rawCert{subject: seq(rdn(oidCN, casn1.UTF8String, long))}.der(), func(c *Certificate) any { return len(c.Subject) }, 200_003, ""},
		{"CN with NUL", rawCert{subject: seq(rdn(oidCN, casn1.UTF8String, "good.example\x00.evil.example"))}.der(), subjectOf, `CN=good.example\00.evil.example`, ""},
		{"bytes behind", append(bytes.Clone(good), 1, 2, 3), subjectOf, "CN=raw.example", "3 bytes behind"},
		{"indefinite length", indefinite, subjectOf, "CN=raw.example", "indefinite"},
		{"bad times", rawCert{validity: seq(tlv(casn1.UTCTime, []byte("999999999999Z")), tlv(casn1.GeneralizedTime, []byte("00000101000000Z")))}.der(), func(c *Certificate) any { return c.NotBefore.IsZero() && c.NotAfter.IsZero() }, true, "notBefore is no time: 999999999999Z"},
		{"junk", bytes.Repeat([]byte{0xa7, 3}, 1000), subjectOf, "", "no certificate"},
		{"nothing", nil, subjectOf, "", "no certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Parse(tt.der)
			if d := cmp.Diff(tt.want, tt.show(c)); d != "" {
				t.Error(d)
			}
			problems := strings.Join(c.Problems, "\n")
			if !strings.Contains(problems, tt.problem) || tt.problem == "" && problems != "" {
				t.Errorf("problems %q, want %q", problems, tt.problem)
			}
		})
	}
}

func serialOf(c *Certificate) any  { return c.Serial }
func versionOf(c *Certificate) any { return c.Version }
func keyOf(c *Certificate) any     { return c.Key.String() }
func namesOf(c *Certificate) any   { return c.Names.Strings() }
func subjectOf(c *Certificate) any { return c.Subject }

// explicitP256 spells out P-256 with a generator that differs by add in its
// last byte.
func explicitP256(add byte) []byte {
	p := p256Point()
	p[64] += add
	prime := append([]byte{0}, mustHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")...)
	return seq(tlv(casn1.INTEGER, []byte{1}), seq(oid(1, 2, 840, 10045, 1, 1), tlv(casn1.INTEGER, prime)),
		seq(tlv(casn1.OCTET_STRING), tlv(casn1.OCTET_STRING)), tlv(casn1.OCTET_STRING, p), tlv(casn1.INTEGER, []byte{1}))
}

func TestParseEveryPrefix(t *testing.T) {
	der := issue(t, nil, "a.example", nil, forHost("a.example", "b.example")).cert.Raw
	for n := range der {
		c := Parse(der[:n])
		if len(c.Problems) == 0 || c.X509Err == nil {
			t.Fatalf("prefix of %d bytes has no problem", n)
		}
		CheckChain([]*Certificate{c}, CheckOptions{ServerName: "a.example", At: noon})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rawCert{}.der())
	f.Add(issue(f, nil, "a.example", nil, forHost("a.example")).cert.Raw)
	f.Add(rawCert{spki: spki(seq(oidEC, explicitP256(1)), p256Point())}.der())
	f.Add(append([]byte{0x30, 0x80}, rawCert{}.der()[4:]...))
	f.Fuzz(func(t *testing.T, der []byte) {
		c := Parse(der)
		if !bytes.Equal(c.Raw, der) || len(c.Problems) > maxProblems || c.Key == nil {
			t.Error("the bytes, the bound on problems or the key is lost")
		}
		for _, s := range append([]string{c.Subject, c.Issuer}, c.Names.Strings()...) {
			if strings.ToValidUTF8(s, "") != s || strings.ContainsAny(s, "\x00\n\r\x1b") {
				t.Errorf("%q is not escaped", s)
			}
		}
		if len(c.Subject)+len(c.Issuer) > 8*len(der)+64 {
			t.Error("names grow more than linearly")
		}
		// What crypto/x509 reads, we read the same.
		if x := c.X509; x != nil {
			if c.Version != x.Version || len(c.Names.DNS) != len(x.DNSNames) || !c.NotAfter.Equal(x.NotAfter) || !bytes.Equal(c.RawSubject, x.RawSubject) {
				t.Errorf("differs from crypto/x509: %+v", c)
			}
		}
		r := CheckChain([]*Certificate{c, c}, CheckOptions{ServerName: "a.example", At: noon, Roots: NewStore("s", c)})
		if len(r.Checks) < 8 || r.Path[0] != c {
			t.Errorf("report %+v", r)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	der := issue(b, nil, "a.example", nil, forHost("a.example", "b.example")).cert.Raw
	b.ReportAllocs()
	for b.Loop() {
		Parse(der)
	}
}
