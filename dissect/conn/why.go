package conn

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// alertStep adds an alert's row to the phase it belongs to.
func (b *Builder) alertStep(side flow.Side, level tls.AlertLevel, desc tls.AlertDescription, at flow.Mark) {
	if desc == tls.AlertCloseNotify && b.finished[0].Seen() && b.finished[1].Seen() {
		return // how tunnels end; it needs no row
	}
	says := fmt.Sprintf("%s (%d)", desc, uint8(desc))
	if m := desc.Meaning(); m != "" {
		says += ": " + strings.TrimSuffix(m, ".")
	}
	s := step(side, at, "Alert "+level.String(), "alert", 2, says)
	s.fact("alert", desc.String(), "RFC 9846, Section 6.2")
	switch {
	case b.finished[0].Seen() && b.finished[1].Seen():
		b.addTo(&b.c.Tunnel.Phase, s)
	case aboutCertificates(desc):
		b.addTo(&b.c.CertificateCheck.Phase, s)
	default:
		b.addTo(&b.c.KeyExchange.Phase, s)
	}
}

// aboutCertificates reports whether an alert is about what phase 1 checks.
func aboutCertificates(d tls.AlertDescription) bool {
	switch d {
	case tls.AlertNoCertificate, tls.AlertBadCertificate, tls.AlertUnsupportedCertificate, tls.AlertCertificateRevoked,
		tls.AlertCertificateExpired, tls.AlertCertificateUnknown, tls.AlertUnknownCA, tls.AlertAccessDenied,
		tls.AlertBadCertificateStatusResponse, tls.AlertCertificateRequired, tls.AlertUnrecognizedName:
		return true
	}
	return false
}

// failPhase marks the phase that an alert ended.
func (b *Builder) failPhase(a Alert) {
	headline := fmt.Sprintf("FAILED: %s, sent by %s", a.Description, b.who(a.Side))
	if aboutCertificates(a.Description) {
		b.c.CertificateCheck.State = Running // an alert undoes "done"
		b.c.CertificateCheck.fail(headline)
		if b.c.KeyExchange.Headline == "" && b.c.KeyExchange.State != Done {
			b.c.KeyExchange.Headline = "half done"
			if len(b.c.KeyExchange.Steps) == 0 {
				b.c.KeyExchange.Headline = "never reached"
			}
		}
		return
	}
	b.c.KeyExchange.State = Running
	b.c.KeyExchange.fail(headline)
}

// whyAlert says in words why the handshake failed with an alert: who refused
// what, and where to look.
func (b *Builder) whyAlert(a Alert) string {
	if b.c.Guessed != NotGuessed {
		return b.whyAlertOfOneEnd(a)
	}
	who, other := a.Side.String(), a.Side.Other().String()
	name := fmt.Sprintf("%s (%d)", a.Description, uint8(a.Description))
	switch a.Description {
	case tls.AlertUnknownCA, tls.AlertCertificateExpired, tls.AlertCertificateRevoked,
		tls.AlertBadCertificate, tls.AlertCertificateUnknown, tls.AlertUnsupportedCertificate:
		return b.refusedCertificate(a, name)
	case tls.AlertCertificateRequired:
		return "the server wants a client certificate and the client showed none: alert " + name + ". Give the client a certificate, or stop asking for it."
	case tls.AlertHandshakeFailure:
		return b.whyHandshakeFailure(a, name)
	case tls.AlertProtocolVersion:
		if a.Side == flow.Client {
			return "the client will not do the version that the server picked: alert " + name + "." + b.offeredVersions()
		}
		return "the server can do no version that the client offered: alert " + name + "." + b.offeredVersions()
	case tls.AlertInsufficientSecurity:
		return "the " + who + " found what the " + other + " offered too weak: alert " + name + "." + b.offeredSuites()
	case tls.AlertNoApplicationProtocol:
		s := "the server speaks none of the application protocols the client offered: alert " + name + "."
		if o := b.c.Offered; o != nil && len(o.ALPN) > 0 {
			s += " The client offered ALPN " + strings.Join(cutAll(o.ALPN), ", ") + "."
		}
		return s
	case tls.AlertUnrecognizedName:
		return "the server knows no host of that name: alert " + name + b.nameHint() + "."
	case tls.AlertDecryptError, tls.AlertBadRecordMAC:
		return "the " + who + " could not verify or open what the " + other + " sent: alert " + name + ". Keys or signatures do not agree: a wrong key on one side, bytes changed on the way, or a defect."
	case tls.AlertInappropriateFallback:
		return "the server noticed that the client had lowered its version on its own: alert " + name + ". An earlier attempt failed, or somebody in between broke it."
	case tls.AlertUnknownPSKIdentity:
		return "the server does not know the pre-shared key that the client named: alert " + name + "."
	case tls.AlertUserCanceled:
		return "the " + who + " gave up for a reason outside TLS: alert " + name + "."
	}
	s := "the " + who + " ended the handshake with alert " + name + "."
	if m := a.Description.Meaning(); m != "" {
		s += " It means: " + strings.TrimSuffix(m, ".") + "."
	}
	return s
}

// whyAlertOfOneEnd says of an alert what can be said of it without knowing which
// end is the client.
func (b *Builder) whyAlertOfOneEnd(a Alert) string {
	s := fmt.Sprintf("%s ended the handshake with alert %s (%d).", b.who(a.Side), a.Description, uint8(a.Description))
	if m := a.Description.Meaning(); m != "" {
		s += " It means: " + strings.TrimSuffix(m, ".") + "."
	}
	return s + " Whether this end is the client or the server is a guess."
}

// who names a side in a sentence: by its address if nothing but a guess says
// that it is the client or the server.
func (b *Builder) who(side flow.Side) string {
	if b.c.Guessed != NotGuessed {
		return b.c.Ends[side].String()
	}
	return "the " + side.String()
}

// nameHint names what the client asked for.
func (b *Builder) nameHint() string {
	if b.c.Name() == "" {
		return ""
	}
	return " (the client asked for " + cut(b.c.Name(), 80) + ")"
}

// whyHandshakeFailure explains the least telling alert by what was on offer.
func (b *Builder) whyHandshakeFailure(a Alert, name string) string {
	if a.Side == flow.Client {
		return "the client could not accept what the server chose: alert " + name + "."
	}
	if b.c.CertificateCheck.Requested && b.c.CertificateCheck.Client.Key() == nil && b.seen[flow.Client][tls.TypeCertificate] > 0 {
		return "the server asked for a client certificate and the client showed none: alert " + name + ". Give the client a certificate, or stop asking for it."
	}
	if b.chosen {
		return "the server could not go on after its own ServerHello: alert " + name + "."
	}
	return "the server found nothing it could agree to: alert " + name + ". No common cipher suite, group or signature algorithm, or no certificate for them." + b.offeredSuites() + b.offeredGroups()
}

func (b *Builder) offeredSuites() string {
	o := b.c.Offered
	if o == nil {
		return ""
	}
	var real []tls.CipherSuite
	for _, s := range noGrease(o.CipherSuites) {
		if !isSignal(s) {
			real = append(real, s)
		}
	}
	return " The client offered " + b.versionsOffered() + " and " + count(len(real), "cipher suite") + ": " + few(real, 3, "") + "."
}

// offeredGroups names the groups and signature schemes that were on offer.
func (b *Builder) offeredGroups() string {
	if b.c.Offered == nil {
		return ""
	}
	var s string
	if groups := noGrease(b.c.Offered.Groups); len(groups) > 0 {
		s = " Its groups: " + few(groups, 4, "") + "."
	}
	if schemes := noGrease(b.c.Offered.SignatureSchemes); len(schemes) > 0 {
		s += " Its signature schemes: " + few(schemes, 3, "") + "."
	}
	return s
}

func (b *Builder) offeredVersions() string {
	if b.c.Offered == nil {
		return ""
	}
	return " The client offered " + b.versionsOffered() + "."
}

func (b *Builder) versionsOffered() string {
	v, _, _ := strings.Cut(b.offers(), ",")
	return v
}

// whyNoAnswer explains a ClientHello without a reply.
func (b *Builder) whyNoAnswer() string {
	s := "the server's TCP took the ClientHello but nothing answered it"
	if b.c.Transport == "udp" {
		s = "the server is there, but nothing answered the ClientHello"
	}
	switch b.end {
	case HalfClosed, Finished:
		s += fmt.Sprintf(" until the %s closed the connection in packet %d", b.endBy, b.endAt.Packet)
	case TimedOut:
		s += " within the idle limit"
	default:
		s += " before the capture ended"
	}
	return s + ". The service may hang, a middlebox may swallow large ClientHellos, or the server speaks first and does not expect TLS."
}

// whyEstablished says what is worth saying of a connection that came about.
func (b *Builder) whyEstablished(fatal bool, a Alert) string {
	if fatal {
		return fmt.Sprintf("the tunnel stood, then %s ended it with alert %s (%d).", b.who(a.Side), a.Description, uint8(a.Description))
	}
	return ""
}

// foreign is what a side spoke that is not TLS.
type foreign struct {
	side flow.Side
	what string
	at   flow.Mark
}

// Foreign implements [Input].
func (b *Builder) Foreign(side flow.Side, head []byte, at flow.Mark) {
	if b.foreign.what != "" {
		return
	}
	b.foreign = foreign{side, Identify(head, side), at}
	if b.foreign.what == "" {
		b.foreign.what = "something that is not TLS"
	}
	b.order++
	b.addTo(&b.c.KeyExchange.Phase, step(side, at, "not TLS", "not_tls", len(head), b.foreign.what))
}

// whyForeign explains a connection of which only one side speaks TLS.
func (b *Builder) whyForeign() string {
	f := b.foreign
	b.failHere(b.who(f.side) + " does not speak TLS here")
	s := fmt.Sprintf("%s spoke %s in packet %d where %s spoke TLS. ", b.who(f.side), f.what, f.at.Packet, b.who(f.side.Other()))
	if b.refusedBefore != "" {
		return b.refusedBefore + " The client began TLS all the same: " + strings.TrimSuffix(s, " ")
	}
	if b.c.Guessed != NotGuessed {
		return strings.TrimSuffix(s, " ")
	}
	if f.side == flow.Server {
		return s + "The port expects no TLS, or expects it only after its own first words (STARTTLS)."
	}
	return s + "The port expects TLS from the first byte: the client must use it, for example https instead of http."
}
