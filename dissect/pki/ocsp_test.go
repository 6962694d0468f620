package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/google/go-cmp/cmp"
)

// staple makes an OCSP response about leaf, signed by signer in issuer's name.
func (w *world) staple(t testing.TB, signer *entity, change func(*ocsp.Response)) []byte {
	t.Helper()
	tmpl := ocsp.Response{
		Status:       ocsp.Good,
		SerialNumber: w.leaf.cert.X509.SerialNumber,
		ThisUpdate:   noon.Add(-24 * time.Hour).Truncate(time.Hour),
		NextUpdate:   noon.Add(6 * day),
	}
	if signer != w.mid {
		tmpl.Certificate = signer.cert.X509
	}
	if change != nil {
		change(&tmpl)
	}
	der, err := ocsp.CreateResponse(w.mid.cert.X509, signer.cert.X509, tmpl, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestRevocation(t *testing.T) {
	w := newWorld(t)
	delegate := issue(t, w.mid, "OCSP", nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })
	stranger := issue(t, nil, "Stranger", nil, asCA)
	must := issue(t, w.mid, "www.example.test", nil, func(c *x509.Certificate) {
		forHost("www.example.test")(c)
		c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}}
	})
	good := w.staple(t, w.mid, nil)
	const dates = "stapled OCSP response of 2026-11-22, valid until 2026-11-29"
	chain := certs(w.leaf, w.mid)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	tests := []struct {
		name    string
		chain   []*Certificate
		staple  []byte
		asked   bool
		verdict Verdict
		want    string
	}{
		{"good", chain, good, true, Passed, "ok: good, " + dates},
		{"good, by a delegate", chain, w.staple(t, delegate, nil), true, Passed, "ok: good, " + dates},
		{"revoked", chain, w.staple(t, w.mid, func(r *ocsp.Response) {
			r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, noon.Add(-48*time.Hour), ocsp.KeyCompromise
		}), true, Failed, "fail: [0] was revoked on 2026-11-21 (keyCompromise): " + dates},
		{"unknown", chain, w.staple(t, w.mid, func(r *ocsp.Response) { r.Status = ocsp.Unknown }), true, Passed, "warn: the responder does not know [0]: " + dates},
		{"expired", chain, w.staple(t, w.mid, func(r *ocsp.Response) { r.NextUpdate = noon.Add(-2 * time.Hour) }), true, Passed,
			"warn: good, but expired 2 hours before capture time: stapled OCSP response of 2026-11-22, valid until 2026-11-23"},
		{"from the future", chain, w.staple(t, w.mid, func(r *ocsp.Response) { r.ThisUpdate = noon.Add(2 * day) }), true, Passed,
			"warn: good, but not yet valid at capture time: stapled OCSP response of 2026-11-25, valid until 2026-11-29"},
		{"by a stranger", chain, w.staple(t, stranger, nil), true, Failed, "fail: the stapled OCSP response is not by the issuer of [0]: bad OCSP signature"},
		{"by the server itself", chain, w.staple(t, w.leaf, nil), true, Failed, "fail: the stapled OCSP response is not by the issuer of [0]: its signer may not sign"},
		{"signature flipped", chain, flipped, true, Failed, "fail: the stapled OCSP response is not by the issuer of [0]: bad OCSP signature"},
		{"about another", chain, w.staple(t, w.mid, func(r *ocsp.Response) { r.SerialNumber = big.NewInt(99) }), true, Passed, "unknown: the stapled OCSP response is of no use: no response matching"},
		{"issuer not at hand", certs(w.leaf), good, true, Failed, "unknown: " + dates + ": its signature was not checked"},
		{"junk", chain, []byte("junk"), true, Passed, "unknown: the stapled OCSP response is of no use: "},
		{"too large", chain, make([]byte, maxStaple+1), true, Passed, "unknown: the stapled OCSP response is of no use: it has 65537 bytes, more than 65536"},
		{"must-staple, asked for", certs(must, w.mid), nil, true, Failed, "fail: no OCSP response was stapled, though [0] demands one (must-staple) and the client asked"},
		{"must-staple, not asked for", certs(must, w.mid), nil, false, Passed, "warn: no OCSP response was stapled, though [0] demands one of clients that ask"},
	}
	cache := NewVerifyCache(100)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				r := CheckChain(tt.chain, CheckOptions{ServerName: "www.example.test", At: noon, Roots: w.store, Staple: tt.staple, StapleAsked: tt.asked, Cache: cache})
				if got := find(r, CheckRevocation); !strings.HasPrefix(got, tt.want) || r.Verdict != tt.verdict {
					t.Errorf("%v, want %v\n got %s\nwant %s", r.Verdict, tt.verdict, got, tt.want)
				}
			}
		})
	}
}

// TestStapleWithHugeKey embeds a signer whose key would cost seconds.
func TestStapleWithHugeKey(t *testing.T) {
	w := newWorld(t)
	huge := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 100_000), big.NewInt(1))
	signer := rawCert{spki: rsaSPKI(huge, big.NewInt(65537))}.der()
	type basic struct {
		TBS  asn1.RawValue
		Alg  pkix.AlgorithmIdentifier
		Sig  asn1.BitString
		List asn1.RawValue
	}
	in, err := asn1.Marshal(basic{asn1.RawValue{FullBytes: seq()}, pkix.AlgorithmIdentifier{Algorithm: []int{1, 2, 3}},
		asn1.BitString{Bytes: []byte{1}, BitLength: 8}, asn1.RawValue{FullBytes: tlv(context(0), seq(signer))}})
	if err != nil {
		t.Fatal(err)
	}
	raw := seq(tlv(10, []byte{0}), tlv(context(0), seq(oid(1, 3, 6, 1, 5, 5, 7, 48, 1, 1), tlv(4, in))))
	s := parseStaple(raw, w.leaf.cert, w.mid.cert)
	if s.err == nil || !strings.Contains(s.err.Error(), "100000 bits") {
		t.Error(s.err)
	}
}

func TestStapleEveryPrefix(t *testing.T) {
	w := newWorld(t)
	good := w.staple(t, w.mid, nil)
	for n := range good {
		if s := parseStaple(good[:n], w.leaf.cert, w.mid.cert); s.err == nil {
			t.Fatalf("prefix of %d bytes is a response", n)
		}
	}
}

// sctList builds a list of n SCTs.
func sctList(n int) []byte {
	one := append([]byte{0}, bytes.Repeat([]byte{7}, 32)...)
	one = append(one, 0, 0, 1, 0x9a, 0xb0, 0xda, 0x68, 0, 0, 0, 4, 3, 0, 2, 1, 2)
	var list []byte
	for range n {
		list = append(append(list, 0, byte(len(one))), one...)
	}
	return append([]byte{byte(len(list) >> 8), byte(len(list))}, list...)
}

func TestParseSCTs(t *testing.T) {
	want := SCT{Version: 0, LogID: [32]byte(bytes.Repeat([]byte{7}, 32)), Time: time.UnixMilli(0x19ab0da6800).UTC(), Scheme: 0x0403}
	got, ok := ParseSCTs(sctList(2))
	if d := cmp.Diff([]SCT{want, want}, got); d != "" || !ok {
		t.Error(ok, d)
	}
	b := sctList(2)
	for n := range b {
		if scts, ok := ParseSCTs(b[:n]); ok || len(scts) > 1 {
			t.Fatalf("prefix of %d bytes: %d SCTs, %v", n, len(scts), ok)
		}
	}
	if _, ok := ParseSCTs(append(b, 0)); ok {
		t.Error("a byte behind the list is not noticed")
	}
	w := newWorld(t)
	octets, _ := asn1.Marshal(sctList(3))
	leaf := issue(t, w.mid, "x", nil, func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: octets}}
	})
	staple := w.staple(t, w.mid, func(r *ocsp.Response) {
		r.SerialNumber = leaf.cert.X509.SerialNumber
		r.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 11129, 2, 4, 5}, Value: octets}}
		r.IssuerHash = crypto.SHA1
	})
	r := CheckChain(certs(leaf, w.mid), CheckOptions{At: noon, Roots: w.store, Staple: staple})
	if got := find(r, CheckTransparency); !strings.HasPrefix(got, "unknown: SCTs: 3 in [0], 3 in the OCSP response;") {
		t.Error(got)
	}
}
