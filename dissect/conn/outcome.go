package conn

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// Finish settles what only the end of the flow decides and hands the
// connection over. The Builder must not be used afterwards. The Conn is
// complete once the Pending has been run.
func (b *Builder) Finish() *Pending {
	for side := flow.Client; side <= flow.Server; side++ {
		if len(b.asm[side].buf) > 0 {
			b.torn(side, b.endAt)
		}
	}
	if b.c.Version.IsTLS13() {
		b.tellServer()
		b.tellClient(true)
	}
	b.stopRecording()
	b.missHello()
	b.endKeys()
	b.decide()
	b.endTunnel()
	b.endPhases()
	for _, p := range b.c.Phases() {
		slices.SortStableFunc(p.Steps, func(x, y Step) int { return cmp.Compare(x.order, y.order) })
	}
	for p := CertificateCheckPhase; p <= TunnelPhase; p++ {
		b.phaseEnded(p)
	}
	b.pending.Conn = b.c
	return b.pending
}

// decide sets the outcome and says why.
func (b *Builder) decide() {
	if b.quic != nil {
		b.decideQUIC()
		return
	}
	c := b.c
	fatal, side, isFatal := b.fatalAlert()
	clean := b.complete()
	switch {
	case b.without != "":
		b.withoutTLS()
	case b.ssl2Refusal != "" && !clean:
		b.ssl2Refused()
	case b.foreign.what != "" && !clean:
		c.Outcome = NotTLS
		c.Why = b.whyForeign()
	case isFatal && (!clean || b.refusedAfterAll(fatal)):
		c.Outcome = RejectedByClient
		switch {
		case c.Guessed != NotGuessed:
			c.Outcome = Failed
		case side == flow.Server:
			c.Outcome = RejectedByServer
		}
		c.Why = b.whyAlert(fatal)
		b.failPhase(fatal)
	case clean && b.emptyCertificate && b.onlyAlert(flow.Server) && !b.lossy(flow.Server):
		c.Outcome = RejectedByServer
		c.Why = "the server asked for a client certificate, the client's answer fits an empty one, and all that the server sealed after that fits an alert: most likely certificate_required (116). Give the client a certificate, or stop asking for it. A key log would show it for certain."
		c.CertificateCheck.fail("FAILED: no client certificate, as the sizes tell")
	case clean:
		c.Outcome = Established
		c.Why = b.whyEstablished(isFatal, fatal)
	default:
		b.decideUnfinished()
	}
	if c.Outcome == ClientGaveUp || c.Outcome == ResetOutcome {
		b.leftAfterCertificate()
	}
	b.begunAllTheSame(clean)
}

// decideUnfinished sets the outcome of a handshake that did not come to its end
// and that no alert in the clear ended.
func (b *Builder) decideUnfinished() {
	c := b.c
	switch {
	case b.refusal.Seen():
		c.Outcome = RejectedByClient
		c.Why = "the client's first sealed record fits an alert: it refused something the server sent, most likely the certificate. Which alert is encrypted; a key log would show it."
		c.CertificateCheck.fail("FAILED: a sealed alert from the client")
	case b.over != "" && b.c.Offered != nil && !b.holed():
		c.Outcome = ClosedOutcome
		c.Why = fmt.Sprintf("the login is %s before the handshake was complete, without an alert; %s.", b.over, b.lastSeen())
		b.failHere("ended by the server without an alert")
	case b.unanswered() && b.cutShort():
		c.Outcome = Incomplete
		c.Why = b.whyCutShort()
	case b.unanswered():
		c.Outcome = NoAnswer
		c.Why = b.whyNoDatagram()
		b.failHere("no answer from the server")
	case b.onesided() >= 0:
		c.Outcome = OneSided
		side := flow.Side(b.onesided())
		c.Why = fmt.Sprintf("only packets of %s are in the capture; what %s said cannot be known.", b.who(side), b.who(side.Other()))
	case b.flowedOn():
		c.Outcome = Incomplete
		c.Why = "parts of the handshake are not in the capture: " + b.lastSeen() + ". Data flowed afterwards, so it most likely came about."
	case b.helloless && !b.chosen:
		c.Outcome = Incomplete
		c.Why = "both sides send records of TLS but neither sent a hello: some programs only dress up as TLS, or packets are missing at the beginning."
	case (b.midway || b.beginUnseen[flow.Server]) && !b.chosen:
		c.Outcome = Incomplete
		c.Why = "the capture begins inside the connection: " + b.notThere()
	case b.holed():
		c.Outcome = Incomplete
		c.Why = b.whyHoled()
	case b.end == Reset:
		c.Outcome = ResetOutcome
		c.Why = fmt.Sprintf("%s reset the connection in packet %d before the handshake was complete; %s.", b.who(b.endBy), b.endAt.Packet, b.lastSeen())
		b.failHere("reset by " + b.who(b.endBy))
	case b.cutShort():
		c.Outcome = Incomplete
		c.Why = b.whyCutShort()
	case b.c.Offered != nil && b.records[flow.Server] == 0 && !b.halfClosedLate() && (b.end != Finished && b.end != HalfClosed || b.endBy == flow.Client):
		c.Outcome = NoAnswer
		c.Why = b.whyNoAnswer()
		b.failHere("no answer from the server")
	case b.halfClosedLate():
		c.Outcome = Incomplete
		c.Why = fmt.Sprintf("the capture ends right after %s closed its side of the connection in packet %d; %s.", b.who(b.endBy), b.endAt.Packet, b.lastSeen())
	case b.end == Finished || b.end == HalfClosed:
		c.Outcome = ClosedOutcome
		if b.endBy == flow.Client && c.Guessed == NotGuessed {
			c.Outcome = ClientGaveUp
		}
		c.Why = fmt.Sprintf("%s closed the connection in packet %d before the handshake was complete, without an alert; %s.", b.who(b.endBy), b.endAt.Packet, b.lastSeen())
		b.failHere("closed by " + b.who(b.endBy) + " without an alert")
	default:
		c.Outcome = Incomplete
		c.Why = "the capture ends before the handshake does; " + b.lastSeen() + "." + b.silence()
		if b.end == TimedOut {
			c.Why = "nothing more came for longer than the idle limit; " + b.lastSeen() + "."
		}
		if b.end == Evicted {
			c.Why = "the memory limit closed this connection early; " + b.lastSeen() + "."
		}
	}
}

// complete reports whether both sides have, as far as the capture shows, all
// they need for the tunnel.
func (b *Builder) complete() bool {
	if b.refusal.Seen() {
		return false
	}
	if b.finished[flow.Client].Seen() && b.finished[flow.Server].Seen() {
		return true
	}
	// A hole may have swallowed a Finished: data behind ServerHello in both
	// directions proves that there was one.
	t := &b.c.Tunnel.Sides
	return b.chosen && t[flow.Client].TunnelRecords > 0 && t[flow.Server].TunnelRecords > 0
}

// refusedAfterAll reports whether an alert that was opened behind the handshake
// says that its sender never took it: in TLS 1.3 a server judges the client's
// certificate, and a client what ECH came to, when the other side already
// believes that the tunnel stands (RFC 9846, Section 4.4.2.4; RFC 9849, Section
// 6.1.6).
func (b *Builder) refusedAfterAll(a Alert) bool {
	t := &b.c.Tunnel.Sides
	own, other := &t[a.Side], &t[a.Side.Other()]
	if !b.c.Version.IsTLS13() || own.carriedData() || own.tickets > 0 && a.Side == flow.Server {
		return false
	}
	return !other.carriedData() || aboutCertificates(a.Description)
}

// flowedOn reports whether data of the tunnel follows a handshake that the
// capture does not hold whole.
func (b *Builder) flowedOn() bool {
	t := &b.c.Tunnel.Sides
	client, server := t[flow.Client].TunnelRecords, t[flow.Server].TunnelRecords
	if !b.chosen {
		return client > 0 && server > 0 && (b.c.Offered != nil || b.seen[flow.Server][tls.TypeCertificate] > 0)
	}
	return client+server > 0 && (b.lossy(flow.Client) || b.lossy(flow.Server))
}

// notThere words what the capture of a connection that it begins inside lacks.
func (b *Builder) notThere() string {
	if len(b.seen[flow.Client])+len(b.seen[flow.Server]) > 0 || b.finished[flow.Client].Seen() || b.finished[flow.Server].Seen() {
		return "the beginning of its handshake is not there."
	}
	return "its handshake is not there."
}

// onlyAlert reports whether all that a side sealed behind the handshake fits one
// alert.
func (b *Builder) onlyAlert(side flow.Side) bool {
	t := &b.c.Tunnel.Sides[side]
	return b.c.Version.IsTLS13() && t.TunnelRecords == 1 && t.lastAlert
}

// onesided returns the only side whose packets are there, -1 if both are.
func (b *Builder) onesided() int {
	switch c, s := b.c.Sent[flow.Client], b.c.Sent[flow.Server]; {
	case c > 0 && s == 0:
		return int(flow.Client)
	case s > 0 && c == 0:
		return int(flow.Server)
	}
	return -1
}

// fatalAlert returns the alert that ended the handshake. In TLS 1.3 the level
// says nothing: all but close_notify and user_canceled are fatal (RFC 9846,
// Section 6).
func (b *Builder) fatalAlert() (Alert, flow.Side, bool) {
	for _, a := range b.c.Alerts {
		if a.Encrypted || a.Description == tls.AlertCloseNotify || a.Description == tls.AlertUserCanceled && a.Level == tls.AlertWarning {
			continue
		}
		if a.Level == tls.AlertFatal || b.c.Version.IsTLS13() {
			return a, a.Side, true
		}
	}
	return Alert{}, 0, false
}

// lastSeen words how far the handshake got.
func (b *Builder) lastSeen() string {
	switch {
	case b.c.Offered == nil && !b.chosen:
		return "no hello was seen"
	case !b.chosen && b.c.HelloRetryRequest:
		return "the last thing seen is the server's HelloRetryRequest"
	case !b.chosen && b.records[flow.Server] == 0:
		return "the server had not answered the ClientHello"
	case !b.chosen:
		return "no ServerHello was seen"
	case b.c.Version.IsTLS13():
		if !b.finished[flow.Client].Seen() {
			return "the client's Finished was never seen"
		}
		return "the handshake was under way"
	case b.seen[flow.Client][tls.TypeClientKeyExchange] == 0 && b.c.Resumption == nil && b.seen[flow.Server][tls.TypeServerHelloDone] == 0:
		return "the server had begun its part, its ServerHelloDone was never seen"
	case b.seen[flow.Client][tls.TypeClientKeyExchange] == 0 && b.c.Resumption == nil:
		return "the server had shown its part, the client's ClientKeyExchange was never seen"
	case !b.finished[flow.Client].Seen():
		return "the client's Finished was never seen"
	default:
		return "the server's Finished was never seen"
	}
}

// endPhases gives phases that nothing else settled their state and headline.
func (b *Builder) endPhases() {
	cc, ke := &b.c.CertificateCheck.Phase, &b.c.KeyExchange.Phase
	if b.c.KeyExchange.Method != "" && ke.State == Done {
		ke.Headline = "done, " + b.methodTitle()
	}
	if b.c.Outcome == Established && ke.State == Running {
		ke.State, ke.Headline = Done, "done, "+b.methodTitle()+", though not all of it was captured"
	}
	if ke.Headline == "" {
		switch {
		case ke.State == Unseen:
			ke.Headline = "not seen"
		case ke.State == Done:
			ke.Headline = "done, though its beginning is not in the capture"
		case b.c.Outcome == OneSided:
			ke.Headline = "only one side was captured"
		default:
			ke.Headline = "half done"
		}
	}
	if b.c.Version.IsTLS13() && b.c.Resumption == nil && cc.State != Unseen {
		cc.AfterKeys = true
	}
	b.keyNotes()
	if b.c.Version.IsTLS13() && cc.State == Hidden && b.c.Decryption.Status == "" {
		cc.Notes = append(cc.Notes, "To read it: --keylog FILE with the SSLKEYLOGFILE of the client or the server.")
	}
	if b.chosen && b.c.KeyExchange.Method != "" && ke.State == Done {
		b.rsaStrength()
		ke.Notes = append(ke.Notes, b.strengthNote())
	}
	if b.chosen && !b.c.Version.IsTLS13() && b.c.Outcome == Established && b.kx.Mode != "" && b.kx.Mode != iana.ModeNull && b.c.Decryption.Status == "" {
		ke.Notes = append(ke.Notes, b.keyLogNote())
	}
	if cc.Headline == "" {
		switch {
		case cc.State == Unseen:
			cc.Headline = "not seen"
		case b.c.CertificateCheck.Server.Key() != nil: // Pending says what it came to
		case cc.State == Running && !b.chosen && (b.midway || b.beginUnseen[flow.Server] || b.lossy(flow.Server)):
			cc.Headline = "the server's part is not in the capture"
		case cc.State == Running && !b.chosen:
			cc.Headline = "never reached"
		case cc.State == Done && !b.kx.Auth.Certificate():
			cc.State, cc.Headline = Skipped, "skipped: this key exchange has no certificate"
		case b.lossy(flow.Server):
			cc.Headline = "the certificate is not complete in the capture"
		case b.c.Version.IsTLS13() && b.seenServerFlight():
			cc.Headline = "not finished, and TLS 1.3 encrypts it"
		default:
			cc.Headline = "no certificate seen"
		}
	}
	b.handshakeTimes()
}

// keyLogNote says what a key log would add, or why it is the only way.
func (b *Builder) keyLogNote() string {
	if !keys.CanOpen(b.c.Suite) {
		return "Keys do not open the tunnel here: tlslens has no implementation of " + b.kx.Cipher + "."
	}
	if b.byPAC() {
		return "To open the tunnel: --keylog FILE; its keys come from a secret that both sides had."
	}
	if b.c.Resumption != nil {
		return "To open the tunnel: --keylog FILE; its keys come from the earlier connection."
	}
	if b.c.KeyExchange.ForwardSecret == No {
		return "To open the tunnel: --private-key FILE with the server's RSA key, or --keylog FILE."
	}
	return "To open the tunnel: --keylog FILE; the server's private key would not help, because the exchange is forward secret."
}

// handshakeTimes sets the span of the whole handshake.
func (b *Builder) handshakeTimes() {
	c, s := b.finished[flow.Client], b.finished[flow.Server]
	if !c.Seen() || !s.Seen() || b.c.Offered == nil {
		return
	}
	last := c
	if s.After(c) {
		last = s
	}
	first := b.c.CertificateCheck.Start
	if k := b.c.KeyExchange.Start; !first.Seen() || k.Seen() && first.After(k) {
		first = k
	}
	if d := last.Time.Sub(first.Time); d >= 0 {
		b.c.Handshake, b.c.HasHandshake = d, true
	}
}

// methodTitle words the key exchange for its headline.
func (b *Builder) methodTitle() string {
	k := &b.c.KeyExchange
	switch {
	case b.byPAC():
		return "keys derived from a PAC that both sides had"
	case b.c.Resumption != nil && !b.c.Version.IsTLS13():
		return "keys derived from the earlier connection (" + k.Method + ")"
	case k.Method == "RSA":
		return "RSA key transport"
	case k.Method == "hybrid":
		return "hybrid " + k.Group + ": a curve and a post-quantum KEM"
	case k.Group != "" && b.c.Resumption != nil:
		return k.Method + " (" + k.Group + ")"
	case k.Group != "":
		return k.Method + " with " + b.groupTitle()
	}
	return k.Method
}

// failHere marks the phase that was under way as the one that failed.
func (b *Builder) failHere(headline string) {
	cc, ke := &b.c.CertificateCheck.Phase, &b.c.KeyExchange.Phase
	switch {
	case b.c.Version.IsTLS13() && cc.State == Running && b.seenServerFlight():
		cc.fail("not finished: " + headline)
	case ke.State == Running || cc.State == Done:
		ke.fail("not finished: " + headline)
	case cc.State == Running && b.chosen:
		cc.fail("not finished: " + headline)
	default:
		ke.fail("never came about: " + headline)
	}
}

func (b *Builder) seenServerFlight() bool { return b.finished[flow.Server].Seen() || b.partFlight }
