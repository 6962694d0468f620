package conn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// quicFlights tells the sealed packets of the handshake, once.
func (b *Builder) quicFlights() {
	q := b.quic
	if q.told {
		return
	}
	q.told = true
	b.level = Plain
	c, s := &q.count[flow.Client][QUICHandshake], &q.count[flow.Server][QUICHandshake]
	resumed := b.c.Resumption != nil
	if s.sealed > 0 {
		r := sealedRecord{at: s.first, order: s.order}
		name := handshakePackets(s.sealed)
		verb := "hold"
		if s.sealed == 1 {
			verb = "holds"
		}
		switch {
		case resumed:
			b.keRow13(flow.Server, r, name, s.bytes, verb+" EncryptedExtensions and Finished")
		case q.stands.Seen():
			b.ccRow13(flow.Server, r, name, s.bytes, verb+" EncryptedExtensions, Certificate, CertificateVerify and Finished")
		default:
			b.ccRow13(flow.Server, r, name, s.bytes, verb+" what there is of EncryptedExtensions, Certificate, CertificateVerify and Finished")
		}
	}
	if c.sealed > 0 {
		r := sealedRecord{at: c.last, order: b.order}
		name := handshakePackets(c.sealed)
		switch {
		case !q.stands.Seen():
			b.keRow13(flow.Client, r, name, c.bytes, b.quicClientSays(c))
		case resumed:
			b.keRow13(flow.Client, r, name, c.bytes, "with the client's Finished; application keys from here on")
		default:
			b.ccRow13(flow.Client, r, name, c.bytes, "with the client's Finished: the client accepted what it saw")
			b.keRow13(flow.Client, r, name, c.bytes, "with the client's Finished; application keys from here on")
		}
	}
	if !q.stands.Seen() {
		return
	}
	for side := range b.finished {
		b.c.KeyExchange.Finished[side] = true
		if b.finished[side].Seen() {
			continue // it was opened
		}
		if b.finished[side] = q.lastFinal[side]; !b.finished[side].Seen() {
			b.finished[side] = q.stands
		}
	}
	if !resumed {
		b.c.CertificateCheck.reach(b.finished[flow.Server])
	}
	if b.c.CertificateCheck.Server.Key() != nil {
		b.certificatesShown()
		b.c.CertificateCheck.AfterKeys = true
	}
	b.keysDone13()
}

// quicKeys says how much of the connection was opened with keys.
func (b *Builder) quicKeys() {
	if b.keys == nil {
		return
	}
	n, sealed := 0, 0
	for side := range b.quic.count {
		for _, kind := range [...]QUICKind{QUICZeroRTT, QUICHandshake, QUICOneRTT} {
			c := &b.quic.count[side][kind]
			n += c.n
			sealed += c.sealed
		}
	}
	d := &b.c.Decryption
	switch {
	case n == 0:
	case sealed == 0:
		d.Status, d.Why = "full", "opened with the secrets given"
	case sealed == n:
		d.Status, d.Why = "none", b.keys.WhyNotQUIC()
	case sealed == b.quic.count[flow.Client][QUICZeroRTT].sealed && !b.keys.HasEarly():
		d.Status, d.Why = "partial", fmt.Sprintf("%s of early data stayed sealed; missing: CLIENT_EARLY_TRAFFIC_SECRET", count(sealed, "0-RTT packet"))
	default:
		d.Status, d.Why = "partial", fmt.Sprintf("%d of %s stayed sealed: no secret for them, or they came before what tells their keys", sealed, count(n, "packet"))
	}
}

// handshakePackets counts packets as rows name them.
func handshakePackets(n int) string {
	if n == 1 {
		return "Handshake packet"
	}
	return count(n, "Handshake packet")
}

// quicClientSays words Handshake packets of a client that then said no more.
func (b *Builder) quicClientSays(c *packetCount) string {
	// First byte, version, two lengths, packet length and number, tag, and a
	// CRYPTO frame of type, offset and length.
	const least = 1 + 4 + 2 + 2 + 1 + 16 + 3
	if c.largest >= least+handshakeHeader+b.hashLen() {
		return "acknowledge; large enough for Finished, or for a refusal (CONNECTION_CLOSE)"
	}
	return "acknowledge, or refuse (CONNECTION_CLOSE); too small for Finished"
}

// quicOrder puts the rows of each phase in the order of the capture's clock:
// handshake bytes may be given up long after they came.
func (b *Builder) quicOrder() {
	for _, p := range b.c.Phases() {
		slices.SortStableFunc(p.Steps, func(x, y Step) int {
			switch {
			case y.At.After(x.At):
				return -1
			case x.At.After(y.At):
				return 1
			}
			return cmp.Compare(x.order, y.order)
		})
		for i := range p.Steps {
			p.Steps[i].order = i
		}
	}
}

// decideQUIC sets the outcome of a connection over QUIC and says why.
func (b *Builder) decideQUIC() {
	q, c := b.quic, b.c
	if b.chosen {
		b.quicFlights()
	}
	b.quicOrder()
	b.quicKeys()
	client, server := &q.count[flow.Client], &q.count[flow.Server]
	googleStands := q.google.Seen() && server[QUICOneRTT].n > 0 && client[QUICOneRTT].n > 0
	switch {
	case q.stands.Seen(), b.finished[flow.Client].Seen() && b.finished[flow.Server].Seen():
		c.Outcome = Established
		if len(q.closes) > 0 {
			x := &q.closes[0]
			c.Why = fmt.Sprintf("the tunnel stood, then the %s closed it in packet %d: %s.", x.side, x.at.Packet, x.says())
		}
	case googleStands:
		c.Outcome = Established
		c.Why = "Google's own handshake, which is no TLS: both sides seal what they send."
		c.KeyExchange.State, c.KeyExchange.Headline = Done, "done, by Google's own handshake"
		c.CertificateCheck.State, c.CertificateCheck.Headline = Hidden, "hidden: Google's own handshake carries the certificate compressed"
	case len(q.closes) > 0 && b.onesided() < 0:
		b.quicClosed(&q.closes[0])
	case b.onesided() == int(flow.Server):
		c.Outcome = OneSided
		c.Why = "only packets of the server are in the capture; what the client said cannot be known."
	case b.onesided() == int(flow.Client) && client[QUICHandshake].n+client[QUICOneRTT].n > 0:
		c.Outcome = OneSided
		c.Why = "only packets of the client are in the capture; what the server said cannot be known, but the client went on as if there had been an answer."
	case b.onesided() == int(flow.Client) && c.Offered != nil && b.tooSoon(b.lastCH, patience) && len(q.closes) == 0:
		c.Outcome = Incomplete
		c.Why = b.whyCutShort()
	case b.onesided() == int(flow.Client) && (c.Offered != nil || q.google.Seen() || client[QUICInitial].n > 0):
		c.Outcome = NoAnswer
		c.Why = "nothing answers the client's first packets " + b.untilWhen() + ". UDP may be blocked on the way (clients then go on over TCP), or the server does not speak QUIC, or its packets were not captured."
		if len(q.closes) > 0 {
			c.Why += fmt.Sprintf(" The client gave up in packet %d: %s.", q.closes[0].at.Packet, q.closes[0].says())
		}
		b.failHere("no answer from the server")
	case q.refused.Seen() && !q.answered && b.tooSoon(q.refused, atOnce):
		c.Outcome = Incomplete
		c.Why = "the server does not speak the client's version of QUIC and offers " + wantedVersions(q.offered) + "; the capture ends before the client tries again."
	case q.refused.Seen() && !q.answered && server[QUICInitial].n+server[QUICHandshake].n > 0:
		c.Outcome = Incomplete
		c.Why = "the server does not speak the client's first version of QUIC and went on in another; the client's packet with which that began is not in the capture."
	case q.refused.Seen() && !q.answered:
		c.Outcome = Failed
		c.Why = "the server does not speak the client's version of QUIC and offers " + wantedVersions(q.offered) + "; the client did not try one of these."
		b.failHere("no common version")
	case q.retry.Seen() && !q.answered:
		c.Outcome = Incomplete
		c.Why = "the server asked the client to show its address (Retry) and nothing was agreed on after that " + b.untilWhen() + "."
	case !b.chosen && client[QUICInitial].n+server[QUICInitial].n == 0 && !q.google.Seen():
		c.Outcome = Incomplete
		c.Why = "the capture begins inside the connection: its handshake is not there."
	case !b.chosen && server[QUICInitial].sealed > 0 && !q.google.Seen():
		c.Outcome = Incomplete
		c.Why = "the server's Initial packets cannot be opened: their keys come from the client's very first packet, which is not in the capture or is damaged."
	default:
		c.Outcome = Incomplete
		c.Why = "the handshake does not end " + b.untilWhen() + "; " + b.lastSeen() + "."
		if b.chosen && client[QUICHandshake].n > 0 {
			c.Why += " The client's last Handshake packets may be a refusal, which is sealed; a key log would show it."
		}
	}
}

// untilWhen words why no more packets came.
func (b *Builder) untilWhen() string {
	switch b.end {
	case TimedOut:
		return "within the idle limit"
	case Evicted:
		return "before the memory limit closed this connection early"
	}
	return "before the capture ends"
}

// quicClosed decides on a connection that was closed before it stood.
func (b *Builder) quicClosed(x *quicEnd) {
	c := b.c
	c.Outcome = RejectedByClient
	if x.side == flow.Server {
		c.Outcome = RejectedByServer
	}
	if a, ok := x.alert(); ok {
		alert := Alert{At: x.at, Side: x.side, Description: a}
		c.Why = b.whyAlert(alert)
		b.failPhase(alert)
		return
	}
	const noError, applicationError = 0x0, 0xc
	if x.side == flow.Client && !x.Google && (x.Application || x.Code == noError || x.Code == applicationError) {
		c.Outcome = ClientGaveUp
	}
	c.Why = fmt.Sprintf("the %s closed the connection in packet %d before the handshake was complete: %s.", x.side, x.at.Packet, x.says())
	b.failHere("closed by the " + x.side.String() + ": " + x.says())
}

// quicClosedBy names how the tunnel ended.
func (b *Builder) quicClosedBy() string {
	switch {
	case len(b.quic.closes) > 0:
		return "connection_close"
	case b.end == Evicted:
		return "evicted"
	}
	return "still_open"
}

// quicClosing words how the tunnel ended.
func (b *Builder) quicClosing() string {
	switch {
	case len(b.quic.closes) > 0:
		x := &b.quic.closes[0]
		return fmt.Sprintf("closed by the %s in packet %d", x.side, x.at.Packet)
	case b.end == TimedOut:
		return "silent for longer than the idle limit; QUIC says goodbye sealed, so how it ended is not shown"
	case b.end == Evicted:
		return "given up because of the memory limit"
	}
	if b.c.Decryption.Status == "full" {
		return "still open when the capture ended"
	}
	return "still open when the capture ended, or closed by a sealed CONNECTION_CLOSE"
}

// quicSideSays words what is known of one side's 1-RTT packets.
func (b *Builder) quicSideSays(side flow.Side) []string {
	var says []string
	if x := &b.quic.count[side][QUICZeroRTT]; x.n > 0 {
		says = append(says, fmt.Sprintf("%s of early data before the handshake was done (%d bytes)", count(x.n, "0-RTT packet"), b.early.bytes))
	}
	told, more := b.talk.Says(side)
	if more > 0 {
		told = append(slices.Clone(told), fmt.Sprintf("%d more", more))
	}
	t := &b.c.Tunnel.Sides[side]
	if t.TunnelRecords == 0 {
		return append(says, cmp.Or(strings.Join(told, ", "), "nothing"))
	}
	s := count(int(t.TunnelRecords), "1-RTT packet")
	if t.PlaintextBytes >= 0 {
		s += fmt.Sprintf(", %d bytes of data in them", t.PlaintextBytes)
	} else {
		s += ": data and acknowledgements"
	}
	if t.tickets > 0 {
		s += fmt.Sprintf(", %s (%s)", count(t.tickets, "NewSessionTicket"), strings.TrimPrefix(validFor(t.lifetime), "valid "))
	}
	for _, x := range told {
		s += ", " + x
	}
	return append(says, s)
}

// amplification watches over what a server may send to an address that was not
// shown to be real.
type amplification struct {
	validated bool
	sent      [2]int64
	last      flow.Mark // the server's last datagram before validation
	largest   int
	near      bool // the server had no room for another datagram
	resumed   bool
	over      bool
	answered  bool      // the client sent a datagram when near was true
	stopped   [2]int64  // what had been sent then
	stoppedAt flow.Mark // the server's last datagram before it
}

// datagram counts a datagram.
func (a *amplification) datagram(b *Builder, side flow.Side, n int, at flow.Mark) {
	if a.validated {
		return
	}
	if side == flow.Client && a.near && !a.answered {
		a.answered, a.stopped, a.stoppedAt = true, a.sent, a.last
	}
	a.sent[side] += int64(n)
	if side == flow.Client {
		return
	}
	a.last, a.largest = at, max(a.largest, n)
	most := 3 * a.sent[flow.Client]
	a.near = a.sent[flow.Server]+int64(a.largest) > most
	if a.sent[flow.Server] > most && !a.over && most > 0 {
		a.over = true
		b.Note(side, fmt.Sprintf("sent %d bytes to an address that was not validated, more than three times the %d that came from it in this capture (RFC 9000, Section 8.1)", a.sent[flow.Server], a.sent[flow.Client]), at)
	}
}

// handshake takes the fact that a side sent a Handshake packet: the client's
// first one proves its address.
func (a *amplification) handshake(b *Builder, side flow.Side, at flow.Mark) {
	switch {
	case side == flow.Client:
		a.validated = true
	case a.answered && !a.resumed:
		a.resumed = true
		b.Note(side, fmt.Sprintf("its first flight stopped at %d bytes, where the next datagram would have passed three times the client's %d, and went on only when the client had answered: one round trip more, %d ms",
			a.stopped[flow.Server], a.stopped[flow.Client], at.Time.Sub(a.stoppedAt.Time).Milliseconds()), at)
	}
}

// quicVersionSays names the connection's version for people.
func (b *Builder) quicVersionSays() string {
	if b.quic == nil || b.quic.version == 0 {
		return ""
	}
	return iana.QUICVersionString(b.quic.version)
}
