package conn

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// A Plaintext is one protocol that was spoken on a connection before TLS began.
type Plaintext struct {
	Name    string    // "smtp"
	Title   string    // "SMTP"
	At      flow.Mark // of its first bytes
	By      flow.Side // who spoke first
	Bytes   int       // that it took, of both sides
	Said    []string  // what was said, in order; never a secret
	Exposed []Exposure
}

// An Exposure is what a side sent in the clear where TLS was to be had, or
// where nothing in the clear has a place.
type Exposure struct {
	Kind  ExposureKind
	What  string // for people, behind "sent": "its login (AUTH PLAIN)"; never a secret
	By    flow.Side
	At    flow.Mark
	Bytes int // of what was injected, else 0
}

// An ExposureKind is what kind of thing went in the clear. With "cleartext_"
// before it, it is the name of the row that tells it.
type ExposureKind string

// Kinds of what goes in the clear.
const (
	ExposedLogin    ExposureKind = "login"        // a password or token that can be read
	ExposedHashed   ExposureKind = "login_hashed" // a login that does not show its password
	ExposedProxy    ExposureKind = "proxy_login"  // a password or token for a proxy on the way
	ExposedData     ExposureKind = "data"         // anything else that the client says
	ExposedInjected ExposureKind = "injected"     // bytes between the agreement on TLS and TLS
)

// titles of the rows, by kind.
func (k ExposureKind) title() string {
	switch k {
	case ExposedLogin, ExposedHashed, ExposedProxy:
		return "login in the clear"
	case ExposedInjected:
		return "not sealed"
	}
	return "in the clear"
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
		for _, e := range p.Exposed {
			cc.Steps = append(cc.Steps, step(e.By, e.At, e.Kind.title(), "cleartext_"+string(e.Kind), e.Bytes, strings.TrimSuffix(e.What, ",")))
		}
		if p.Name == "openvpn" {
			b.c.Tunnel.Notes = append(b.c.Tunnel.Notes, "This is OpenVPN's control channel; the packets of its data channel have keys of their own and are not counted.")
		}
	}
	b.c.StartTLS = strings.Join(names, "+")
}

// WithoutTLS tells that TLS was talked about and never begun, and why this is
// known: sentences. The outcome is "" if it is how the connection ended that
// tells it.
func (b *Builder) WithoutTLS(outcome Outcome, why string) { b.withoutOutcome, b.without = outcome, why }

// Refused tells that the server had refused TLS when the client began it all
// the same: a sentence.
func (b *Builder) Refused(why string) { b.refusedBefore = why }

// begunAllTheSame settles a connection in which the client began TLS though the
// server had refused it, and got nowhere.
func (b *Builder) begunAllTheSame(clean bool) {
	if b.refusedBefore == "" || clean || b.without != "" {
		return
	}
	b.c.Outcome = StartTLSRefused
	if !strings.HasPrefix(b.c.Why, b.refusedBefore) {
		b.c.Why = b.refusedBefore + " The client began TLS all the same: " + b.c.Why
	}
}

// withoutTLS settles a connection in which TLS never began.
func (b *Builder) withoutTLS() {
	c := b.c
	c.Outcome, c.Why = b.withoutOutcome, b.without
	c.CertificateCheck.Headline = "never reached"
	headline := "TLS was not begun"
	switch c.Outcome {
	case StartTLSRefused:
		headline = "the server refused TLS"
	case StartTLSStripped:
		headline = "TLS was stripped"
	case StartTLSUnused:
		headline = "the client did not ask for TLS"
	case ProxyRefused:
		headline = "the proxy refused the tunnel"
	case "":
		headline = b.beforeHello()
	}
	b.failHere(headline)
}

// beforeHello sets the outcome of a connection that ended between the first
// request for TLS and the ClientHello, and returns what to call it.
func (b *Builder) beforeHello() string {
	c := b.c
	switch {
	case b.onesided() >= 0:
		c.Outcome = OneSided
		c.Why += fmt.Sprintf(" Only packets of the %s are in the capture.", flow.Side(b.onesided()))
		return "only one side was captured"
	case b.holed():
		c.Outcome = Incomplete
		c.Why += " Packets are missing in the capture, and what followed may be in them."
		return "packets are missing"
	case b.end == Reset:
		c.Outcome = ResetOutcome
		c.Why += fmt.Sprintf(" The %s reset the connection in packet %d.", b.endBy, b.endAt.Packet)
		return "reset by the " + b.endBy.String()
	case (b.end == Finished || b.end == HalfClosed) && b.endBy == flow.Server:
		c.Outcome = ClosedOutcome
		c.Why += fmt.Sprintf(" The server closed the connection in packet %d.", b.endAt.Packet)
		return "closed by the server"
	case b.end == Finished || b.end == HalfClosed:
		c.Outcome = ClientGaveUp
		c.Why += fmt.Sprintf(" The client closed the connection in packet %d.", b.endAt.Packet)
		return "the client gave up"
	case b.tooSoon(c.Last, patience):
		c.Outcome = Incomplete
		c.Why += " The capture ends there."
		return "the capture ends first"
	}
	c.Outcome = NoAnswer
	return "no answer"
}

// Over tells that what carries the connection has ended it, and how: words behind
// the cipher's name.
func (b *Builder) Over(how string) { b.over = how }
