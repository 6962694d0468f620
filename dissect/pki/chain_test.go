package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A world is a small PKI: a root, an intermediate and a server.
type world struct {
	root, mid, leaf *entity
	store           *Store
}

func newWorld(t testing.TB) *world {
	w := &world{}
	w.root = issue(t, nil, "Example Root CA", nil, func(c *x509.Certificate) {
		asCA(c)
		c.NotAfter = noon.AddDate(10, 0, 0)
	})
	w.mid = issue(t, w.root, "Example CA 1", nil, asCA)
	w.leaf = issue(t, w.mid, "www.example.test", nil, forHost("www.example.test", "*.apps.example.test"))
	w.store = NewStore("ca.pem", w.root.cert)
	return w
}

// find returns the check as "result: why", "" if it was not made.
func find(r Report, name string) string {
	for _, c := range r.Checks {
		if c.Name == name {
			return c.Result.String() + ": " + c.Why
		}
	}
	return ""
}

func certs(list ...*entity) []*Certificate {
	var out []*Certificate
	for _, e := range list {
		out = append(out, e.cert)
	}
	return out
}

func TestCheckChain(t *testing.T) {
	w := newWorld(t)
	server := func(change func(*x509.Certificate)) *entity {
		return issue(t, w.mid, "www.example.test", nil, func(c *x509.Certificate) {
			forHost("www.example.test")(c)
			if change != nil {
				change(c)
			}
		})
	}
	ca := func(change func(*x509.Certificate)) *entity {
		return issue(t, w.root, "Example CA 2", nil, func(c *x509.Certificate) { asCA(c); change(c) })
	}
	under := func(m *entity) *entity { return issue(t, m, "x", nil, forHost("www.example.test")) }
	self := issue(t, nil, "self.example", nil, forHost("www.example.test"))
	impostor := issue(t, nil, "Example CA 1", nil, func(c *x509.Certificate) { asCA(c); c.SubjectKeyId = w.mid.cert.SubjectKeyID })
	stranger := issue(t, nil, "Stranger", nil, asCA)
	weakRSA, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	notCA := ca(func(c *x509.Certificate) { c.IsCA = false })
	depth0 := ca(func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := issue(t, depth0, "Below", nil, asCA)
	elsewhere := ca(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.test"} })
	noSign := ca(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	expired := ca(func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0)
	})
	clientOnly := server(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	const host = "www.example.test"
	tests := []struct {
		name    string
		chain   []*Certificate
		change  func(*CheckOptions)
		verdict Verdict
		check   string
		want    string
	}{
		{"name ok", certs(w.leaf, w.mid), nil, Passed, "name", "ok: www.example.test is in the SAN list of [0]"},
		{"dates ok", certs(w.leaf, w.mid), nil, Passed, "dates", "ok: 2026-11-23 to 2027-02-21, 90 days left at capture time"},
		{"chain ok", certs(w.leaf, w.mid), nil, Passed, "chain", "ok: [0] signed by [1], ECDSA-SHA256; [1] signed by CN=Example Root CA from ca.pem, ECDSA-SHA256"},
		{"root sent", certs(w.leaf, w.mid, w.root), nil, Passed, "chain", "ok: [0] signed by [1], ECDSA-SHA256; [1] signed by [2], ECDSA-SHA256; [2] is in ca.pem"},
		{"usage ok", certs(w.leaf, w.mid), nil, Passed, "usage", "ok: [0] may be used for serverAuth"},
		{"key ok", certs(w.leaf, w.mid), nil, Passed, "key_strength", "ok: [0] has a key of ECDSA P-256"},
		{"signature ok", certs(w.leaf, w.mid), nil, Passed, "signature_strength", "ok: no signature of the chain rests on MD5 or SHA-1"},
		{"no order to speak of", certs(w.leaf, w.mid), nil, Passed, "order", ""},
		{"no staple", certs(w.leaf, w.mid), nil, Passed, "revocation", "not shown: no OCSP response was stapled"},
		{"no SCTs", certs(w.leaf, w.mid), nil, Passed, "transparency", "not shown: no SCT in [0], the TLS extension or an OCSP response"},
		{"SCTs of the TLS extension", certs(w.leaf, w.mid), func(o *CheckOptions) { o.SCTs = make([]SCT, 2) }, Passed, "transparency", "unknown: SCTs: 2 in the TLS extension; their signatures were not checked, the logs' keys are not at hand"},

		{"wildcard", certs(w.leaf, w.mid), func(o *CheckOptions) { o.ServerName = "A.apps.example.TEST." }, Passed, "name", "ok: A.apps.example.TEST matches *.apps.example.test in the SAN list of [0]"},
		{"wildcard over two labels", certs(w.leaf, w.mid), func(o *CheckOptions) { o.ServerName = "a.b.apps.example.test" }, Failed, "name", "fail: a.b.apps.example.test is not in the SAN list of [0]: www.example.test, *.apps.example.test"},
		{"no SNI", certs(w.leaf, w.mid), func(o *CheckOptions) { o.ServerName = "" }, Passed, "name", "not shown: the client named no server (no SNI); [0] is for www.example.test, *.apps.example.test"},
		{"only a common name", certs(server(func(c *x509.Certificate) { c.DNSNames = nil }), w.mid), nil, Passed, "name", "warn: www.example.test is only in the common name of [0], which has no SAN list: accepted once, refused by clients since 2017"},
		{"common name beside a SAN list", certs(server(func(c *x509.Certificate) { c.DNSNames = []string{"x.test"} }), w.mid), nil, Failed, "name", "fail: www.example.test is the common name of [0] but not in its SAN list, which alone counts: x.test"},
		{"address", certs(server(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 7)} }), w.mid), func(o *CheckOptions) { o.ServerName = "192.0.2.7" }, Passed, "name", "ok: 192.0.2.7 is in the SAN list of [0]"},
		{"another address", certs(w.leaf, w.mid), func(o *CheckOptions) { o.ServerName = "192.0.2.7" }, Failed, "name", "fail: the address 192.0.2.7 is not in the SAN list of [0]: www.example.test, *.apps.example.test"},

		{"expired", certs(w.leaf, w.mid), func(o *CheckOptions) { o.At = noon.AddDate(1, 0, 0) }, Failed, "dates", "fail: 2026-11-23 to 2027-02-21, expired 274 days before capture time; [1] is valid 2026-11-23 to 2027-02-21: expired 274 days before capture time"},
		{"expired, but the chain stands", certs(w.leaf, w.mid), func(o *CheckOptions) { o.At = noon.AddDate(1, 0, 0) }, Failed, "usage", "ok: [0] may be used for serverAuth"},
		{"not yet valid", certs(w.leaf, w.mid), func(o *CheckOptions) { o.At, o.AtLabel = noon.Add(-36*time.Hour), "at noon" }, Failed, "dates", "fail: 2026-11-23 to 2027-02-21, not valid for another 24 hours at noon; [1] is valid 2026-11-23 to 2027-02-21: not valid for another 24 hours at noon; CN=Example Root CA is valid 2026-11-23 to 2036-11-23: not valid for another 24 hours at noon"},
		{"intermediate expired", certs(under(expired), expired), nil, Failed, "dates", "fail: [1] is valid 2024-11-23 to 2025-11-23: expired 365 days before capture time"},
		{"time unknown", certs(w.leaf, w.mid), func(o *CheckOptions) { o.At = time.Time{} }, Undecided, "dates", "unknown: 2026-11-23 to 2027-02-21; the time to check for is not known"},

		{"intermediate missing", certs(w.leaf), nil, Failed, "chain", "fail: [0] CN=www.example.test was issued by CN=Example CA 1, which is neither sent nor in ca.pem"},
		{"wrong issuer of that name", certs(w.leaf, impostor), nil, Failed, "chain", "fail: [0] CN=www.example.test names [1] CN=Example CA 1 as its issuer, but its signature does not verify with that key"},
		{"right one behind a wrong one", certs(w.leaf, impostor, w.mid), nil, Passed, "order", "warn: [1] is not part of the chain"},
		{"out of order", certs(w.leaf, w.root, w.mid), nil, Passed, "order", "warn: sent out of order: the chain is [0] [2] [1]"},
		{"superfluous and repeated", certs(w.leaf, w.mid, stranger, w.leaf), nil, Passed, "order", "warn: [2] is not part of the chain, [3] repeats [0]"},
		{"self-signed", certs(self), nil, Failed, "trust", "fail: [0] CN=self.example is self-signed and not in ca.pem"},
		{"self-signed, chain", certs(self), nil, Failed, "chain", "ok: [0] is self-signed"},
		{"self-signed and trusted", certs(self), func(o *CheckOptions) { o.Roots = NewStore("mine.pem", self.cert) }, Passed, "chain", "ok: [0] is itself in mine.pem"},
		{"untrusted root", certs(w.leaf, w.mid, w.root), func(o *CheckOptions) { o.Roots = NewStore("other.pem", stranger.cert) }, Failed, "trust", "fail: the root [2] CN=Example Root CA is not in other.pem"},
		{"no store", certs(w.leaf, w.mid, w.root), func(o *CheckOptions) { o.Roots = nil }, Undecided, "trust", "unknown: no trust store was given"},
		{"no store, missing link", certs(w.leaf), func(o *CheckOptions) { o.Roots = nil }, Undecided, "chain", "unknown: [0] CN=www.example.test was issued by CN=Example CA 1, which was not sent"},
		{"nothing sent", nil, nil, Undecided, "chain", "not shown: no certificate was sent"},
		{"junk sent", []*Certificate{Parse([]byte("junk"))}, nil, Failed, "chain", "fail: [0] is not readable as a certificate"},
		{"junk behind", append(certs(w.leaf, w.mid), Parse([]byte("junk"))), nil, Passed, "encoding", "warn: [2]: the bytes are no certificate: no whole SEQUENCE at the start"},

		{"for clients only", certs(clientOnly, w.mid), nil, Failed, "usage", "fail: [0] is for clientAuth, not for serverAuth"},
		{"a client's", certs(clientOnly, w.mid), func(o *CheckOptions) { o.Client = true }, Passed, "name", "skipped: a client's certificate is for no host name"},
		{"a client's usage", certs(w.leaf, w.mid), func(o *CheckOptions) { o.Client = true }, Failed, "usage", "fail: [0] is for serverAuth, not for clientAuth"},
		{"issuer no CA", certs(under(notCA), notCA), nil, Failed, "usage", "fail: [1] is no CA but issued a certificate"},
		{"issuer may not sign", certs(under(noSign), noSign), nil, Failed, "usage", "fail: the key of [1] is for cRLSign, not for issuing"},
		{"path too long", certs(under(below), below, depth0), nil, Failed, "usage", "fail: [2] allows 0 CAs below it, there are 1"},
		{"name constraint", certs(under(elsewhere), elsewhere), nil, Failed, "usage", `a name constraint of the chain forbids it: `},
		{"key of the leaf for CRLs", certs(server(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), w.mid), nil, Failed, "usage", "fail: the key of [0] is for cRLSign, not for TLS"},
		{"RSA of 1024 bits", certs(issue(t, w.mid, host, weakRSA, forHost(host)), w.mid), nil, Passed, "key_strength", "warn: [0] has a key of RSA 1024: by today's rules RSA needs 2048 bits, elliptic curves 224, and DSA is no more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := CheckOptions{ServerName: host, At: noon, Roots: w.store}
			if tt.change != nil {
				tt.change(&opts)
			}
			for _, cache := range []*VerifyCache{nil, NewVerifyCache(100), NewVerifyCache(100)} {
				opts.Cache = cache
				r := CheckChain(tt.chain, opts)
				r = CheckChain(tt.chain, opts) // from the cache
				got := find(r, tt.check)
				if r.Verdict != tt.verdict || got != tt.want && !(tt.name == "name constraint" && strings.Contains(got, tt.want)) {
					t.Errorf("verdict %v, want %v; %s %s\n%s", r.Verdict, tt.verdict, tt.check, cmp.Diff(tt.want, got), dump(r))
				}
			}
		})
	}
}

// TestCheckChainMissing tells a CA that the check cannot know from an
// intermediate that the server left out.
func TestCheckChainMissing(t *testing.T) {
	w := newWorld(t)
	public := issue(t, w.mid, "www.example.test", nil, func(c *x509.Certificate) {
		forHost("www.example.test")(c)
		c.Policies = []x509.OID{mustOID(t, "2.23.140.1.2.1")}
	})
	const left = ": a CA of your own (--ca FILE trusts it), one that was dropped since, or an intermediate certificate that the server left out"
	none := func() ([]*anchor, error) { return nil, nil }
	everybodys, mine := &Store{name: "the roots", public: true, load: none}, &Store{name: "mine.pem", load: none}
	for _, tc := range []struct {
		name         string
		chain        []*Certificate
		roots        *Store
		chain1, root string
	}{
		{"an own CA", certs(w.leaf, w.mid), everybodys, "unknown: [0] signed by [1], ECDSA-SHA256; [1] CN=Example CA 1 was issued by CN=Example Root CA, which was not sent", "fail: CN=Example Root CA is not in the roots" + left},
		{"the leaf alone", certs(w.leaf), everybodys, "unknown: [0] CN=www.example.test was issued by CN=Example CA 1, which was not sent", "fail: CN=Example CA 1 is not in the roots" + left},
		{"a public leaf alone", certs(public), everybodys, "fail: [0] CN=www.example.test was issued by CN=Example CA 1, which is neither sent nor in the roots", ""},
		{"roots that were named", certs(w.leaf), mine, "fail: [0] CN=www.example.test was issued by CN=Example CA 1, which is neither sent nor in mine.pem", ""},
		{"named beside public ones", certs(w.leaf), Join(everybodys, mine), "fail: [0] CN=www.example.test was issued by CN=Example CA 1, which is neither sent nor in the roots or mine.pem", ""},
	} {
		r := CheckChain(tc.chain, CheckOptions{ServerName: "www.example.test", At: noon, Roots: tc.roots})
		if d := cmp.Diff([2]string{tc.chain1, tc.root}, [2]string{find(r, "chain"), find(r, "trust")}); d != "" || r.Verdict != Failed {
			t.Errorf("%s: verdict %v\n%s", tc.name, r.Verdict, d)
		}
	}
}

func dump(r Report) string {
	var b strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "  %s %s: %s\n", c.Name, c.Result, c.Why)
	}
	return b.String()
}

func TestCheckChainNotes(t *testing.T) {
	w := newWorld(t)
	r := CheckChain(certs(w.leaf, w.mid, w.root), CheckOptions{At: noon, Roots: w.store})
	if d := cmp.Diff([]string{"[2] is the root, which need not be sent"}, r.Notes); d != "" || r.Anchor != "ca.pem" || len(r.Path) != 3 {
		t.Errorf("%s anchor %q, path of %d", d, r.Anchor, len(r.Path))
	}
}

// TestCheckChainCrossSigned prefers the path whose certificates are valid.
func TestCheckChainCrossSigned(t *testing.T) {
	w := newWorld(t)
	old := issue(t, nil, "Old Root", nil, func(c *x509.Certificate) {
		asCA(c)
		c.NotBefore, c.NotAfter = noon.AddDate(-9, 0, 0), noon.AddDate(-1, 0, 0)
	})
	cross := issue(t, old, "Example CA 1", w.mid.key, func(c *x509.Certificate) { asCA(c); c.NotAfter = noon.Add(-time.Hour) })
	r := CheckChain(certs(w.leaf, cross, w.mid), CheckOptions{ServerName: "www.example.test", At: noon, Roots: NewStore("ca.pem", old.cert, w.root.cert)})
	if r.Verdict != Passed || r.Path[2] == nil || r.Path[2].SHA256 != w.root.cert.SHA256 {
		t.Errorf("%v\n%s", r.Verdict, dump(r))
	}
	if d := cmp.Diff([]string{"[1] certify a key of the chain for other trust stores"}, r.Notes); d != "" {
		t.Error(d)
	}
}

// TestCheckChainLegacyHash has a chain that crypto/x509 refuses: its signatures
// are right, and by today's rules worthless.
func TestCheckChainLegacyHash(t *testing.T) {
	root, leaf := Parse(mustPEM(t, sha1Root)), Parse(mustPEM(t, sha1Leaf))
	r := CheckChain([]*Certificate{leaf}, CheckOptions{ServerName: "old.example", At: noon, Roots: NewStore("ca.pem", root)})
	if got := find(r, CheckChainBuilt); got != "ok: [0] signed by CN=Old Root from ca.pem, RSA-SHA1" || r.Verdict != Passed {
		t.Errorf("%v\n%s", r.Verdict, dump(r))
	}
	if got := find(r, CheckSignatureStrength); got != "warn: [0] is signed with SHA-1: by today's rules worthless, since such signatures can be forged" {
		t.Error(got)
	}
}

// TestCheckChainFlippedBits turns single bits of the leaf: no such chain may
// pass.
func TestCheckChainFlippedBits(t *testing.T) {
	w := newWorld(t)
	for i := 0; i < len(w.leaf.cert.Raw); i++ {
		der := bytes.Clone(w.leaf.cert.Raw)
		der[i] ^= 1 << (i % 8)
		c := Parse(der)
		r := CheckChain([]*Certificate{c, w.mid.cert}, CheckOptions{ServerName: "www.example.test", At: noon, Roots: w.store})
		// The outer algorithm's parameters are not signed and not needed, but
		// then the two algorithms differ, which is a problem.
		if r.Verdict == Passed && len(c.Problems) == 0 {
			t.Errorf("bit flipped in byte %d:\n%s", i, dump(r))
		}
	}
}

func TestCheckChainBounds(t *testing.T) {
	w := newWorld(t)
	same := make([]*Certificate, 0, 3000)
	same = append(same, w.leaf.cert)
	for i := range 2999 {
		der := bytes.Clone(w.mid.cert.Raw)
		der[len(der)-1-i%8] ^= byte(1 + i%255)
		same = append(same, Parse(der))
	}
	began := time.Now()
	r := CheckChain(same, CheckOptions{ServerName: "x", At: noon, Roots: w.store})
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
	if got := find(r, CheckLimits); got != "warn: 3000 certificates were sent; only the first 32 were examined" {
		t.Error(got)
	}
	if len(r.Path) > maxPathLength+1 || len(r.Checks) > 12 {
		t.Errorf("path of %d, %d checks", len(r.Path), len(r.Checks))
	}
}

func TestCheckChainConcurrently(t *testing.T) {
	w := newWorld(t)
	cache, verify := NewCache(1<<20), NewVerifyCache(4)
	want := dump(CheckChain(certs(w.leaf, w.mid), CheckOptions{ServerName: "www.example.test", At: noon, Roots: w.store}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				chain := []*Certificate{cache.Parse(w.leaf.cert.Raw), cache.Parse(w.mid.cert.Raw)}
				r := CheckChain(chain, CheckOptions{ServerName: "www.example.test", At: noon, Roots: w.store, Cache: verify})
				if got := dump(r); got != want {
					t.Error(cmp.Diff(want, got))
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkCheckChain(b *testing.B) {
	w := newWorld(b)
	for name, cache := range map[string]*VerifyCache{"uncached": nil, "cached": NewVerifyCache(100)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				CheckChain(certs(w.leaf, w.mid), CheckOptions{ServerName: "www.example.test", At: noon, Roots: w.store, Cache: cache})
			}
		})
	}
}
