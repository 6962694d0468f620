package verdict

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

func keyExchangeRules() []Rule {
	k := conn.KeyExchangePhase
	return []Rule{
		{ID: "kx-no-forward-secrecy", Severity: conn.Warn, Phase: k, Title: "Whoever gets a long-term key later can open this capture.",
			Doc: "With RSA key transport the client encrypts the premaster secret to the server's RSA key; with plain PSK both sides derive everything from the shared key. Who records the traffic now and gets that key later reads all of it. Use ECDHE suites or TLS 1.3 (RFC 9325, Section 4.2).",
			Check: func(c *conn.Conn) (string, bool) {
				if c.KeyExchange.ForwardSecret != conn.No || c.Selected == nil {
					return "", false
				}
				if c.KeyExchange.Method == "RSA" {
					return "Whoever gets the server's RSA key later can open this capture.", true
				}
				return "Whoever gets the long-term key later can open this capture.", true
			}},
		{ID: "kx-signature-wrong", Severity: conn.Fail, Phase: k, Title: "A handshake signature does not verify.",
			Doc: "The server signs its key exchange with the key of its certificate (RFC 5246, Section 7.4.3), a client its certificate with CertificateVerify. The signature was checked and is wrong: bytes were changed on the way, the capture is damaged, or somebody does not own the key.",
			Check: func(c *conn.Conn) (string, bool) {
				for _, s := range []*conn.Signature{c.KeyExchange.Server, c.KeyExchange.Client} {
					if s != nil && s.Verified == conn.No {
						return "A signature over the handshake is WRONG: the key of the certificate did not make it.", true
					}
				}
				return "", false
			}},
		{ID: "kx-anonymous", Severity: conn.Fail, Phase: k, Title: "Nobody proves to be the server.",
			Doc: "Anonymous suites have no certificate and no signature: anybody in between can take part (RFC 5246, Section F.1.1.1).",
			Check: func(c *conn.Conn) (string, bool) {
				return "The key exchange is anonymous: anybody in between can take part.", suite(c).Auth == iana.AuthAnon
			}},
		{ID: "kx-weak-group", Severity: conn.Warn, Phase: k, Step: "server_key_exchange", Title: "The group of the key exchange is weak.",
			Doc: "A finite-field group or an RSA key below 2048 bits, or a curve below 112 bits of security, can be broken with effort that is within reach (RFC 9325, Section 4.4; the Logjam paper). Below 80 bits it has been done, and the finding is a failure.",
			Check: func(c *conn.Conn) (string, bool) {
				b := c.KeyExchange.SecurityBits
				what := c.KeyExchange.Group
				if chain := c.CertificateCheck.Server.Chain; what == "" && len(chain) > 0 {
					what = fmt.Sprintf("The server's RSA key of %d bits, which transports the secret,", chain[0].Key.Bits)
				}
				return fmt.Sprintf("%s has about %d bits of security; 112 is the least one should use.", what, b), b > 0 && b < 112 && what != ""
			},
			Refine: func(c *conn.Conn, f *conn.Finding) {
				if c.KeyExchange.SecurityBits < 80 {
					f.Severity = conn.Fail // such numbers were factored, and such logarithms taken, in public
				}
			}},
		{ID: "kx-no-extended-master-secret", Severity: conn.Info, Phase: k, Title: "The master secret is not bound to the handshake.",
			Doc: "Without extended_master_secret (RFC 7627) two connections can be made to share a master secret, which the triple handshake attack uses. Both sides must offer it.",
			Check: func(c *conn.Conn) (string, bool) {
				if c.Selected == nil || c.Version.IsTLS13() || c.Version == tls.VersionTLCP || c.Outcome != conn.Established {
					return "", false // TLCP has no extensions
				}
				for _, e := range c.Selected.Extensions {
					if e == 23 {
						return "", false
					}
				}
				return "The server did not take up extended_master_secret.", true
			}},
	}
}

// suite returns the attributes of the suite that was chosen.
func suite(c *conn.Conn) iana.Suite {
	if c.Selected == nil {
		return iana.Suite{}
	}
	s, _ := c.Suite.Info()
	return s
}
