package conn

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// A Plaintext is one protocol that was spoken on a connection before TLS began.
type Plaintext struct {
	Name  string    // "smtp"
	Title string    // "SMTP"
	At    flow.Mark // of its first bytes
	By    flow.Side // who spoke first
	Bytes int       // that it took, of both sides
	Said  []string  // what was said, in order; never a secret
}

// Before tells what was spoken before TLS, outermost first. It becomes the first
// rows of phase 1, which begins with the ClientHello all the same.
func (b *Builder) Before(spoken []Plaintext) {
	var names []string
	cc := &b.c.CertificateCheck.Phase
	for _, p := range spoken {
		names = append(names, p.Name)
		s := step(p.By, p.At, "plaintext", "plaintext", p.Bytes, strings.TrimSuffix(p.Title+": "+strings.Join(p.Said, ", "), ": "))
		s.fact("protocol", p.Name, "")
		cc.Steps = append(cc.Steps, s)
		if p.Name == "openvpn" {
			b.c.Tunnel.Notes = append(b.c.Tunnel.Notes, "This is OpenVPN's control channel; the packets of its data channel have keys of their own and are not counted.")
		}
	}
	b.c.StartTLS = strings.Join(names, "+")
}

// WithoutTLS tells that TLS was refused, or not used though it was to be had,
// and why this is known: a sentence.
func (b *Builder) WithoutTLS(why string) { b.without = why }

// Refused tells that the server had refused TLS when the client began it all
// the same: a sentence.
func (b *Builder) Refused(why string) { b.refusedBefore = why }

// withoutTLS settles a connection in which TLS never began.
func (b *Builder) withoutTLS() {
	b.c.Outcome, b.c.Why = NotTLS, b.without
	b.c.CertificateCheck.Headline = "never reached"
	b.failHere("TLS was not begun")
}
