package verdict

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A ruleCase is a connection and what the rules say of it.
type ruleCase struct {
	name string
	conn *conn.Conn
	want []string // "severity id: summary"
}

// TestRulesDocument holds that each rule explains itself and has a name of its
// own.
func TestRulesDocument(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	type name struct {
		id       string
		severity conn.Severity
	}
	seen := map[name]bool{}
	for _, r := range Rules() {
		n := name{r.ID, r.Severity}
		if seen[n] {
			t.Errorf("%s with severity %s twice", r.ID, r.Severity)
		}
		seen[n] = true
		if !kebab.MatchString(r.ID) {
			t.Errorf("%q is not in kebab-case", r.ID)
		}
		for what, s := range map[string]string{"Title": r.Title, "Doc": r.Doc} {
			if s == "" || !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, ".)") || strings.Contains(s, "..") || strings.HasPrefix(s, " ") {
				t.Errorf("%s: %s is no sentence: %q", r.ID, what, s)
			}
		}
		if strings.Contains(r.Title, "\n") || len(r.Title) > 100 {
			t.Errorf("%s: the title is no line: %q", r.ID, r.Title)
		}
		if found, ok := Find(r.ID); !ok || found.ID != r.ID {
			t.Errorf("%s cannot be found", r.ID)
		}
	}
	if _, ok := Find("no-such-rule"); ok {
		t.Error("a rule that does not exist is found")
	}
}

// TestRulesOnNothing holds that a connection of which nothing is known has no
// findings and makes no rule panic.
func TestRulesOnNothing(t *testing.T) {
	c := &conn.Conn{}
	Judge(c, Rules())
	if len(c.Findings) > 0 {
		t.Errorf("%+v", c.Findings)
	}
}

// established makes a connection that came to stand with a suite.
func established(v tls.Version, suite tls.CipherSuite, change func(*conn.Conn)) *conn.Conn {
	c := &conn.Conn{Outcome: conn.Established, Version: v, Suite: suite, Selected: &conn.Selected{Extensions: []tls.ExtensionType{tls.ExtExtendedMasterSecret}}}
	c.KeyExchange.ForwardSecret = conn.Yes
	c.Tunnel.State, c.Tunnel.ClosedBy = conn.Done, "close_notify"
	if change != nil {
		change(c)
	}
	return c
}

func check(name string, result pki.Result) func(*conn.Conn) {
	return func(c *conn.Conn) {
		c.CertificateCheck.Server.Checks = []pki.Check{{Name: name, Result: result, Why: "because of it"}}
	}
}

func TestRules(t *testing.T) {
	const gcm, good13 = tls.CipherSuite(0xc02f), tls.CipherSuite(0x1301)
	on := func(suite tls.CipherSuite, change func(*conn.Conn)) *conn.Conn {
		return established(tls.VersionTLS12, suite, change)
	}
	alert := func(level tls.AlertLevel, v tls.Version, sealed bool) *conn.Conn {
		return &conn.Conn{Version: v, Alerts: []conn.Alert{{Side: flow.Client, Level: level, Description: tls.AlertUnknownCA, Encrypted: sealed}}}
	}
	tests := []ruleCase{
		{"a sound connection", on(gcm, nil), nil},
		{"a sound connection of TLS 1.3", established(tls.VersionTLS13, good13, nil), nil},
		{"another name", on(gcm, check(pki.CheckName, pki.Fail)), []string{"fail cert-name-mismatch: because of it."}},
		{"expired", on(gcm, check(pki.CheckDates, pki.Fail)), []string{"fail cert-expired: because of it."}},
		{"not valid yet", on(gcm, func(c *conn.Conn) {
			c.CertificateCheck.Server.Checks = []pki.Check{{Name: pki.CheckDates, Result: pki.Fail, Why: "because of it", NotYet: true}}
		}), []string{"fail cert-not-yet-valid: because of it."}},
		{"a client's expired", on(gcm, func(c *conn.Conn) {
			c.CertificateCheck.Client.Checks = []pki.Check{{Name: pki.CheckDates, Result: pki.Fail, Why: "because of it"}}
		}), []string{"warn client-cert-dates: because of it."}},
		{"no chain", on(gcm, check(pki.CheckChainBuilt, pki.Fail)), []string{"fail cert-chain-broken: because of it."}},
		{"not trusted", on(gcm, check(pki.CheckTrust, pki.Fail)), []string{"warn cert-untrusted: because of it."}},
		{"wrong usage", on(gcm, check(pki.CheckUsage, pki.Fail)), []string{"fail cert-usage: because of it."}},
		{"broken key", on(gcm, check(pki.CheckKeyStrength, pki.Fail)), []string{"fail cert-weak-key: because of it."}},
		{"weak key", on(gcm, check(pki.CheckKeyStrength, pki.Warn)), []string{"warn cert-weak-key: because of it."}},
		{"broken hash", on(gcm, check(pki.CheckSignatureStrength, pki.Fail)), []string{"fail cert-weak-signature: because of it."}},
		{"weak hash", on(gcm, check(pki.CheckSignatureStrength, pki.Warn)), []string{"warn cert-weak-signature: because of it."}},
		{"revoked", on(gcm, check(pki.CheckRevocation, pki.Fail)), []string{"fail cert-revoked: because of it."}},
		{"out of order", on(gcm, check(pki.CheckOrder, pki.Warn)), []string{"info cert-order: because of it."}},
		{"a check that passed", on(gcm, check(pki.CheckName, pki.OK)), nil},
		{"RSA key transport", on(0x009c, func(c *conn.Conn) { c.KeyExchange.Method, c.KeyExchange.ForwardSecret = "RSA", conn.No }),
			[]string{"warn kx-no-forward-secrecy: Whoever gets the server's RSA key later can open this capture."}},
		{"PSK", on(0x00a8, func(c *conn.Conn) { c.KeyExchange.Method, c.KeyExchange.ForwardSecret = "PSK", conn.No }),
			[]string{"warn kx-no-forward-secrecy: Whoever gets the long-term key later can open this capture."}},
		{"a wrong signature of the server", on(gcm, func(c *conn.Conn) { c.KeyExchange.Server = &conn.Signature{Verified: conn.No} }),
			[]string{"fail kx-signature-wrong: A signature over the handshake is WRONG: the key of the certificate did not make it."}},
		{"a wrong signature of the client", on(gcm, func(c *conn.Conn) { c.KeyExchange.Client = &conn.Signature{Verified: conn.No} }),
			[]string{"fail kx-signature-wrong: A signature over the handshake is WRONG: the key of the certificate did not make it."}},
		{"signatures that hold or could not be checked", on(gcm, func(c *conn.Conn) {
			c.KeyExchange.Server, c.KeyExchange.Client = &conn.Signature{Verified: conn.Yes}, &conn.Signature{Verified: conn.Unknown}
		}), nil},
		{"anonymous", on(0x00a6, nil), []string{"fail kx-anonymous: The key exchange is anonymous: anybody in between can take part."}},
		{"a weak group", on(0x009e, func(c *conn.Conn) { c.KeyExchange.Group, c.KeyExchange.SecurityBits = "dhe1024", 80 }),
			[]string{"warn kx-weak-group: dhe1024 has about 80 bits of security; 112 is the least one should use."}},
		{"no extended master secret", on(gcm, func(c *conn.Conn) { c.Selected.Extensions = nil }),
			[]string{"info kx-no-extended-master-secret: The server did not take up extended_master_secret."}},
		{"an old version", established(tls.VersionTLS10, 0xc013, nil), []string{"warn version-deprecated: TLS 1.0 must not be used any more."}},
		{"compression", on(gcm, func(c *conn.Conn) { c.Selected.CompressionMethod = 1 }),
			[]string{"warn compression: The server chose compression: lengths give the content away (CRIME)."}},
		{"NULL", on(0xc010, nil), []string{"fail tunnel-no-encryption: TLS_ECDHE_RSA_WITH_NULL_SHA does not encrypt: everybody on the way can read the data."}},
		{"RC4", on(0xc011, nil), []string{"warn tunnel-weak-cipher: RC4-128 is weak."}},
		{"3DES", on(0xc012, nil), []string{"warn tunnel-weak-cipher: 3DES-EDE-CBC is weak."}},
		{"cut off", on(gcm, func(c *conn.Conn) { c.Tunnel.ClosedBy = "fin" }), []string{"warn tunnel-truncated: TCP was closed without close_notify: a cut-off end would not be noticed."}},
		{"reset", on(gcm, func(c *conn.Conn) { c.Tunnel.ClosedBy = "reset" }), []string{"info tunnel-reset: The connection was reset."}},
		{"holes", on(gcm, func(c *conn.Conn) { c.Gaps = []conn.Gap{{Bytes: 1}} }), []string{"info capture-incomplete: Bytes of this connection are missing in the capture."}},
		{"an alert", alert(tls.AlertFatal, tls.VersionTLS12, false), []string{"fail alert-unknown-ca: The client sent alert unknown_ca."}},
		{"in TLS 1.3 the level means nothing", alert(tls.AlertWarning, tls.VersionTLS13, false), []string{"fail alert-unknown-ca: The client sent alert unknown_ca."}},
		{"a warning", alert(tls.AlertWarning, tls.VersionTLS12, false), nil},
		{"a sealed alert", alert(tls.AlertFatal, tls.VersionTLS12, true), nil},
	}
	reached := map[string]bool{}
	for _, tt := range append(tests, clearCases()...) {
		t.Run(tt.name, func(t *testing.T) {
			Judge(tt.conn, Rules())
			var got []string
			for _, f := range tt.conn.Findings {
				got = append(got, f.Severity.String()+" "+f.ID+": "+f.Summary)
				reached[f.ID+f.Severity.String()] = true
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			first := slices.Clone(tt.conn.Findings)
			Judge(tt.conn, Rules())
			if d := cmp.Diff(first, tt.conn.Findings); d != "" {
				t.Errorf("judged twice (-first +second):\n%s", d)
			}
		})
	}
	for _, r := range Rules() {
		if !reached[r.ID+r.Severity.String()] && !strings.HasPrefix(r.ID, "alert-") {
			t.Errorf("no case here finds %s, %s", r.ID, r.Severity)
		}
	}
}

func TestEvidence(t *testing.T) {
	c := established(tls.VersionTLS12, 0xc02f, check(pki.CheckName, pki.Fail))
	c.CertificateCheck.Start = flow.Mark{Packet: 7, Time: time.Unix(1, 0)}
	Judge(c, Rules())
	if len(c.Findings) != 1 || !slices.Equal(c.Findings[0].Evidence, []flow.Mark{c.CertificateCheck.Start}) || c.Findings[0].Phase != conn.CertificateCheckPhase {
		t.Errorf("%+v", c.Findings)
	}
}
