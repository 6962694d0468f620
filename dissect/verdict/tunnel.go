package verdict

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

func tunnelRules() []Rule {
	t := conn.TunnelPhase
	return []Rule{
		{ID: "tunnel-no-encryption", Severity: conn.Fail, Phase: t, Title: "Nothing is encrypted.",
			Doc: "A NULL suite protects integrity at most: everybody on the way can read the data.",
			Check: func(c *conn.Conn) (string, bool) {
				return c.Suite.String() + " does not encrypt: everybody on the way can read the data.", suite(c).Mode == iana.ModeNull
			}},
		{ID: "tunnel-weak-cipher", Severity: conn.Warn, Phase: t, Title: "The cipher is weak.",
			Doc: "RC4 leaks what it encrypts (RFC 7465); 3DES and other ciphers with blocks of 64 bits leak after some gigabytes (Sweet32); DES and export ciphers can be searched through.",
			Check: func(c *conn.Conn) (string, bool) {
				s := suite(c)
				weak := s.Mode != iana.ModeNull && s.Mode != "" && (s.EffectiveBits > 0 && s.EffectiveBits < 128 || s.BlockSize == 8 || s.Mode == iana.ModeStream && s.MAC != "" && len(s.Cipher) >= 3 && s.Cipher[:3] == "RC4")
				return s.Cipher + " is weak.", weak
			}},
		{ID: "tunnel-truncated", Severity: conn.Warn, Phase: t, Title: "The tunnel was cut off.",
			Doc: "TLS ends with close_notify (RFC 9846, Section 6.1). TCP was closed without it, so the receiver cannot tell a complete answer from one that somebody cut short.",
			Check: func(c *conn.Conn) (string, bool) {
				return "TCP was closed without close_notify: a cut-off end would not be noticed.", c.Outcome == conn.Established && c.Tunnel.ClosedBy == "fin" && c.Tunnel.State == conn.Done && !c.Tunnel.EndUnseen && c.Version != tls.VersionSSL2
			}},
		{ID: "tunnel-reset", Severity: conn.Info, Phase: t, Title: "The tunnel ended with a TCP reset.",
			Doc: "One side closed hard. Clients often do so when they have what they want; it can also be a crash or a device in between.",
			Check: func(c *conn.Conn) (string, bool) {
				return "The connection was reset.", c.Outcome == conn.Established && c.Tunnel.ClosedBy == "reset"
			}},
		{ID: "capture-incomplete", Severity: conn.Info, Phase: t, Title: "The capture does not hold all of the connection.",
			Doc: "Packets are missing, so some of what is said here is less certain. Capture closer to one end, with a larger buffer and the full packet length.",
			Check: func(c *conn.Conn) (string, bool) {
				return "Bytes of this connection are missing in the capture.", len(c.Gaps) > 0
			}},
	}
}

// alertRules makes a rule for each alert that ends connections.
func alertRules() []Rule {
	var rules []Rule
	for i := 1; i < 256; i++ {
		d := tls.AlertDescription(i)
		name, ok := iana.AlertName(uint8(i))
		if !ok || d == tls.AlertUserCanceled {
			continue
		}
		rules = append(rules, Rule{ID: "alert-" + dashes(name), Severity: conn.Fail, Phase: conn.KeyExchangePhase,
			Title: "One side ended the connection with alert " + name + ".",
			Doc:   iana.AlertMeaning(uint8(i)) + " (RFC 9846, Section 6.)",
			Check: func(c *conn.Conn) (string, bool) {
				for _, a := range c.Alerts {
					if !a.Encrypted && a.Description == d && (a.Level == tls.AlertFatal || c.Version.IsTLS13()) {
						if c.Guessed != conn.NotGuessed {
							return c.Ends[a.Side].String() + " sent alert " + name + ".", true
						}
						return "The " + a.Side.String() + " sent alert " + name + ".", true
					}
				}
				return "", false
			},
			Refine: func(c *conn.Conn, f *conn.Finding) {
				for _, a := range c.Alerts {
					if !a.Encrypted && a.Description == d {
						f.Evidence = []flow.Mark{a.At}
						break
					}
				}
				for _, p := range c.Phases() { // where its row stands
					for i := range p.Steps {
						if s := &p.Steps[i]; s.Name == "alert" && len(f.Evidence) > 0 && s.At == f.Evidence[0] {
							f.Phase = p.ID
						}
					}
				}
			}})
	}
	return rules
}

func dashes(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '_' {
			b[i] = '-'
		}
	}
	return string(b)
}
