package verdict

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// startTLSRules judge what was said in the clear before TLS, or instead of it.
func startTLSRules() []Rule {
	p := conn.CertificateCheckPhase
	outcome := func(o conn.Outcome, summary string) func(c *conn.Conn) (string, bool) {
		return func(c *conn.Conn) (string, bool) { return summary, c.Outcome == o }
	}
	return []Rule{
		{ID: "starttls-refused", Severity: conn.Warn, Phase: p, Step: "plaintext", Title: "The server refused TLS.",
			Doc:   "The client asked for TLS and the server said no (RFC 3207, Section 4, and its like). A server that can do TLS refuses it when it has no certificate, cannot read its key, or has TLS turned off for this client. A client that goes on all the same has all it says read on the way. Give the server a certificate; set clients to stop instead.",
			Check: outcome(conn.StartTLSRefused, "The server refused TLS when the client asked for it.")},
		{ID: "starttls-stripped", Severity: conn.Fail, Phase: p, Step: "plaintext", Title: "The offer of TLS was stripped on the way.",
			Doc:   "Anybody between the two can take STARTTLS out of the server's list of capabilities, or write X's over it, and a client that takes TLS only where it is offered goes on in the clear (RFC 3207, Section 6). Some firewalls do it to look into mail. Find the device; set clients to insist on TLS, or use a port with TLS from the first byte (RFC 8314); for mail between servers MTA-STS (RFC 8461) and DANE (RFC 7672) do the same. Where only the list of another connection has the offer, the server may also offer TLS to some clients only.",
			Check: outcome(conn.StartTLSStripped, "The server's offer of TLS did not reach the client.")},
		{ID: "starttls-unused", Severity: conn.Warn, Phase: p, Title: "The client did not use TLS though it was offered.",
			Doc:   "The server offers TLS and the client sends its commands, mail or login without it, so that they can be read and changed on the way. Set the client to insist on TLS, and the server to refuse logins without it (RFC 8314, Section 3).",
			Check: outcome(conn.StartTLSUnused, "The server offered TLS and the client went on without it."),
			Refine: func(c *conn.Conn, f *conn.Finding) {
				if s := cleartext(c, "cleartext_data", "cleartext_login", "cleartext_login_hashed"); s != nil {
					f.Evidence = []flow.Mark{s.At}
				}
			}},
		{ID: "starttls-cleartext-login", Severity: conn.Fail, Phase: p, Title: "A login went in the clear.",
			Doc:    "A password or a token was sent before TLS began, or instead of it: whoever can read this capture has it. Change it, set the client to insist on TLS, and the server to take no login before it (RFC 8314, Section 3; RFC 4954, Section 4). It is a warning where the login shows no password, as with CRAM-MD5 or SCRAM (what it shows can be tried against lists of passwords), and for the login at a proxy, which protects nothing but the proxy itself.",
			Check:  cleartextLogin,
			Refine: refineLogin},
		{ID: "starttls-injection", Severity: conn.Fail, Phase: p, Step: "cleartext_injected", Title: "Bytes in the clear stand between the agreement on TLS and TLS.",
			Doc: "Behind the request for TLS the client may send nothing but TLS, and behind its agreement the server neither. What stands there was not sent by a sound client or server: somebody in between can put commands there, which a careless receiver takes for the other side's and obeys under TLS (CVE-2011-0411 and CVE-2021-33515; RFC 3207, Section 6). A receiver must forget what it read before TLS. Keep servers and clients up to date and look who sent it.",
			Check: func(c *conn.Conn) (string, bool) {
				s := cleartext(c, "cleartext_injected")
				if s == nil {
					return "", false
				}
				return fmt.Sprintf("The %s sent %s in the clear where only TLS may stand.", s.Side, plural(s.Bytes, "byte")), true
			}},
		{ID: "ftp-data-clear", Severity: conn.Warn, Phase: conn.TunnelPhase, Step: "ftp_data_in_the_clear", Title: "A data connection of FTP goes without TLS.",
			Doc: "The control connection of FTP is TLS, but files or listings that it asks for travel on connections of their own, and at least one of those was in the clear: PROT P was not said, or not taken up (RFC 4217, Section 9). Set the client to protect data too, and the server to insist on it.",
			Check: func(c *conn.Conn) (string, bool) {
				n := 0
				for i := range c.Tunnel.Steps {
					if c.Tunnel.Steps[i].Name == "ftp_data_in_the_clear" {
						n++
					}
				}
				return fmt.Sprintf("%s went without TLS: whoever is on the way could read and change what was transferred.", plural(n, "data connection")), n > 0
			}},
	}
}

// cleartext returns the first row of phase 1 with one of some names.
func cleartext(c *conn.Conn, names ...string) *conn.Step {
	for _, name := range names {
		for i := range c.CertificateCheck.Steps {
			if s := &c.CertificateCheck.Steps[i]; s.Name == name {
				return s
			}
		}
	}
	return nil
}

// cleartextLogin words a login in the clear.
func cleartextLogin(c *conn.Conn) (string, bool) {
	s := cleartext(c, "cleartext_login", "cleartext_login_hashed", "cleartext_proxy_login")
	if s == nil || len(s.Says) == 0 {
		return "", false
	}
	said := "The client sent " + strings.TrimSuffix(s.Says[0], " (opened)") + " in the clear: "
	if s.Name == "cleartext_login_hashed" {
		return said + "no password is shown, but what is can be tried against lists of them.", true
	}
	return said + "everybody on the way can read it.", true
}

// refineLogin sets how grave a login in the clear is, and its packet.
func refineLogin(c *conn.Conn, f *conn.Finding) {
	s := cleartext(c, "cleartext_login", "cleartext_login_hashed", "cleartext_proxy_login")
	if s.Name != "cleartext_login" {
		f.Severity = conn.Warn
	}
	f.Evidence = []flow.Mark{s.At}
}

// plural counts things.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
