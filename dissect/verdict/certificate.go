package verdict

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
)

// checkRule makes a rule of a check of the server's chain that failed or, for
// Warn, came out with a warning.
func checkRule(id, check string, result pki.Result, severity conn.Severity, title, doc string) Rule {
	return Rule{ID: id, Severity: severity, Phase: conn.CertificateCheckPhase, Step: "certificate", Title: title, Doc: doc,
		Check: func(c *conn.Conn) (string, bool) {
			for _, k := range c.CertificateCheck.Server.Checks {
				if k.Name == check && k.Result == result && k.NotYet == (id == notYet) {
					return sentence(k.Why), true
				}
			}
			return "", false
		}}
}

// clientDates is the rule for the client's chain of which everybody can see
// that it is wrong; who issued it is often the server's business alone.
var clientDates = Rule{ID: "client-cert-dates", Severity: conn.Warn, Phase: conn.CertificateCheckPhase, Title: "The client's certificate was out of date, or not valid yet.",
	Doc: "Every certificate of the client's chain has a first and a last moment (RFC 5280, Section 4.1.2.5). A server that takes one outside of them does not check it. The check uses the time of the packet that carried it, unless --at says otherwise.",
	Check: func(c *conn.Conn) (string, bool) {
		for _, k := range c.CertificateCheck.Client.Checks {
			if k.Name == pki.CheckDates && k.Result == pki.Fail {
				return sentence(k.Why), true
			}
		}
		return "", false
	}}

// notYet is the ID of the rule for dates that are still to come.
const notYet = "cert-not-yet-valid"

func certificateRules() []Rule {
	return []Rule{
		checkRule("cert-name-mismatch", pki.CheckName, pki.Fail, conn.Fail, "The certificate is not for the name the client asked for.",
			"The client names the host it wants in server_name (RFC 6066, Section 3); a careful client accepts only a certificate whose subjectAltName has that name (RFC 9525, Section 6). Look for a wrong virtual host, a missing name in the certificate, or somebody in between."),
		checkRule("cert-expired", pki.CheckDates, pki.Fail, conn.Fail, "A certificate was out of date.",
			"Every certificate of the chain has a first and a last moment (RFC 5280, Section 4.1.2.5). The check uses the time of the packet that carried it, unless --at says otherwise. Renew the certificate, or look at the capturing machine's clock."),
		checkRule(notYet, pki.CheckDates, pki.Fail, conn.Fail, "A certificate was not valid yet.",
			"The first moment of a certificate (RFC 5280, Section 4.1.2.5) had not come when it was shown: it was put in place too early, or a clock is wrong; that of the capturing machine too can be."),
		checkRule("cert-chain-broken", pki.CheckChainBuilt, pki.Fail, conn.Fail, "The chain does not lead to a trusted root.",
			"Each certificate must be signed by the next, up to one that the client trusts (RFC 5280, Section 6). Most often the server does not send its intermediate certificate; give the roots of a private CA with --ca FILE."),
		checkRule("cert-untrusted", pki.CheckTrust, pki.Fail, conn.Warn, "The chain leads to a CA that is not trusted.",
			"The CA at the end of the chain is not among the trust anchors of this check. For a private CA give its root with --ca FILE; for a public name it means that somebody else signs here, or that the server left out an intermediate certificate."),
		checkRule("cert-usage", pki.CheckUsage, pki.Fail, conn.Fail, "A certificate is used for what it may not be used for.",
			"Key usage, extended key usage, the CA flag and name constraints limit what a certificate may do (RFC 5280, Section 4.2.1)."),
		checkRule("cert-weak-key", pki.CheckKeyStrength, pki.Fail, conn.Fail, "A key of the chain is too weak.",
			"RSA below 2048 bits and elliptic curves below 224 bits can be broken with effort that is within reach (NIST SP 800-57 Part 1, Section 5.6)."),
		checkRule("cert-weak-key", pki.CheckKeyStrength, pki.Warn, conn.Warn, "A key of the chain is weak by today's rules.",
			"RSA below 2048 bits and elliptic curves below 224 bits can be broken with effort that is within reach (NIST SP 800-57 Part 1, Section 5.6)."),
		checkRule("cert-weak-signature", pki.CheckSignatureStrength, pki.Fail, conn.Fail, "A signature of the chain uses a broken hash.",
			"Collisions of MD5 and SHA-1 let somebody else's certificate carry the same signature. Have the certificate issued anew with SHA-256 or better."),
		checkRule("cert-weak-signature", pki.CheckSignatureStrength, pki.Warn, conn.Warn, "A signature of the chain uses a hash that is broken by today's rules.",
			"Collisions of MD5 and SHA-1 let somebody else's certificate carry the same signature. Have the certificate issued anew with SHA-256 or better."),
		checkRule("cert-revoked", pki.CheckRevocation, pki.Fail, conn.Fail, "The certificate was revoked, or the stapled answer about it is not sound.",
			"The server may staple an OCSP response of the issuer (RFC 6066, Section 8; RFC 6960). It says that the certificate was taken back, or it cannot be believed."),
		checkRule("cert-order", pki.CheckOrder, pki.Warn, conn.Info, "The chain is out of order or has certificates that nobody needs.",
			"Servers up to TLS 1.2 must send each certificate right after the one that it certifies (RFC 5246, Section 7.4.2); some clients insist."),
		clientDates,
	}
}

// evidence returns where a finding shows: at the phase's first row of the name,
// or where the phase begins.
func evidence(c *conn.Conn, p conn.PhaseID, name string) []flow.Mark {
	ph := c.Phases()[p]
	for i := range ph.Steps {
		if s := &ph.Steps[i]; name != "" && s.Name == name && s.At.Seen() {
			return []flow.Mark{s.At}
		}
	}
	if ph.Start.Seen() {
		return []flow.Mark{ph.Start}
	}
	return nil
}

// sentence makes a clause a sentence.
func sentence(s string) string {
	if s == "" || s[len(s)-1] == '.' {
		return s
	}
	return s + "."
}
