package conn

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// early counts 0-RTT data.
type earlyData struct {
	records int
	bytes   int64
}

// onWire counts an application_data record as it stands on the wire.
func (b *Builder) onWire(side flow.Side, n int) {
	t := &b.c.Tunnel.Sides[side]
	t.RecordsSent++
	t.BytesSent += int64(n)
	t.Records++
	t.Bytes += int64(n)
}

// traffic takes a protected record up to TLS 1.2, or one of a connection whose
// version is not known.
func (b *Builder) traffic(side flow.Side, typ tls.ContentType, n int, at flow.Mark) {
	if typ == tls.ContentApplicationData {
		b.onWire(side, n)
	}
	t := &b.c.Tunnel.Sides[side]
	if typ == tls.ContentApplicationData {
		over, exact := explicitOverhead(b.kx, b.c.Version)
		if b.kx.Mode != "" {
			t.MaxPlaintext += max(0, int64(n-over))
			t.Exact = exact
		}
	} else if typ == tls.ContentHandshake {
		t.handshakes++
	}
	t.lastAlert = typ == tls.ContentAlert
	b.move(side, n, at)
}

// tunnelRecord takes a sealed record of TLS 1.3 behind the handshake.
func (b *Builder) tunnelRecord(side flow.Side, n int, at flow.Mark) {
	t := &b.c.Tunnel.Sides[side]
	t.MaxPlaintext += max(0, int64(n-b.overhead13()))
	t.lastAlert = n == 2+b.overhead13()
	if len(t.sizes) < 4 {
		t.sizes = append(t.sizes, n)
		if side == flow.Server {
			b.opt.Sessions.seal(b.peers(), b.c.Number, n)
		}
	}
	b.move(side, n, at)
}

// move counts a record of the tunnel.
func (b *Builder) move(side flow.Side, n int, at flow.Mark) {
	p, t := &b.c.Tunnel.Phase, &b.c.Tunnel.Sides[side]
	t.TunnelRecords++
	t.TunnelBytes += int64(n)
	if !t.First.Seen() {
		t.First = at
	}
	t.Last, t.lastSize = at, n
	p.reach(at)
	if p.State == Unseen {
		p.State = Running
	}
}

// endTunnel settles phase 3 when the flow has ended.
func (b *Builder) endTunnel() {
	t := &b.c.Tunnel
	if b.c.Selected != nil {
		t.Cipher, t.Integrity = cipherOf(b.kx), integrityOf(b.kx)
	}
	for side := range t.Sides {
		t.Sides[side].Says = b.sideSays(flow.Side(side))
	}
	t.ClosedBy, t.EndUnseen = b.closedBy(), b.endUnseen()
	if t.State == Unseen {
		if b.c.Outcome == Established {
			t.State, t.Headline = Done, b.cipherOr("")+"no data went through it, "+b.closing()
			t.Headline = strings.TrimPrefix(t.Headline, ", ")
		} else {
			t.Headline = "never opened"
			if b.endAt.Seen() && b.end == Finished {
				t.Headline += fmt.Sprintf("; %s closed in packet %d", strings.TrimPrefix(b.who(b.endBy), "the "), b.endAt.Packet)
			}
		}
		return
	}
	if t.ClosedBy != "still_open" {
		t.State = Done
	}
	t.Headline = b.cipherOr("") + b.closing()
}

func (b *Builder) cipherOr(s string) string {
	if c := b.c.Tunnel.Cipher; c != "" {
		return c + ", "
	}
	return s
}

// sideSays words what is known of one side's records.
func (b *Builder) sideSays(side flow.Side) []string {
	if b.quic != nil {
		return b.quicSideSays(side)
	}
	t := &b.c.Tunnel.Sides[side]
	var says []string
	if side == flow.Client && b.early.records > 0 {
		says = append(says, fmt.Sprintf("%s of early data before the handshake was done (%d bytes)", count(b.early.records, "record"), b.early.bytes))
	}
	if t.TunnelRecords == 0 {
		return append(says, "nothing")
	}
	if t.opened > 0 {
		return append(says, b.openedSays(side)...)
	}
	if b.c.Version.IsTLS13() {
		if side == flow.Server && len(t.sizes) >= 2 && t.sizes[0] == t.sizes[1] && t.sizes[0] > 60 && t.sizes[0] < 2200 && t.TunnelRecords > 2 {
			says = append(says, "first two fit NewSessionTicket")
		}
		if b.isDTLS() && len(t.sizes) > 0 && b.fitsACK(t.sizes[0]) {
			says = append(says, "first fits an acknowledgement (ACK)")
		}
		switch {
		case t.lastAlert && b.sealedEnd() == int(side):
			says = append(says, "fits an alert; which one is not shown")
		case t.lastAlert:
			says = append(says, "last fits an alert (close_notify)")
		}
		if len(says) == 0 {
			says = append(says, "application data")
		}
		return says
	}
	data := t.TunnelRecords - int64(b2i(t.lastAlert)) - int64(t.handshakes)
	switch {
	case data > 0 && t.lastAlert:
		says = append(says, "application data, then an alert (sealed), which fits close_notify")
	case data > 0:
		says = append(says, "application data")
	case t.lastAlert:
		says = append(says, "an alert (sealed), which fits close_notify")
	}
	if t.handshakes > 0 {
		what := count(t.handshakes, "sealed handshake record") + ": a new handshake inside the tunnel (renegotiation)"
		if b.midway && !b.chosen && t.handshakes == 1 && !b.finished[side].Seen() {
			what = "1 sealed handshake record, which fits Finished"
		}
		says = append(says, what)
	}
	return says
}

func b2i(x bool) int {
	if x {
		return 1
	}
	return 0
}

// closedBy names how the tunnel ended.
func (b *Builder) closedBy() string {
	if b.quic != nil {
		return b.quicClosedBy()
	}
	if b.end == Reset {
		return "reset"
	}
	t := &b.c.Tunnel
	notified := t.Sides[0].lastAlert || t.Sides[1].lastAlert || b.saidGoodbye()
	if _, _, fatal := b.fatalAlert(); fatal || b.sealedEnd() >= 0 {
		return "alert"
	}
	switch {
	case b.end == Evicted:
		return "evicted"
	case notified:
		return "close_notify"
	case b.end == Finished || b.end == HalfClosed:
		return "fin"
	case b.over != "":
		return "carrier"
	}
	return "still_open"
}

// sealedEnd returns the side of TLS 1.3 all that whose tunnel holds fits one
// sealed alert, while the other side never said goodbye: that is no orderly end.
// It is -1 if there is none.
func (b *Builder) sealedEnd() int {
	for side := flow.Client; side <= flow.Server; side++ {
		own, other := &b.c.Tunnel.Sides[side], &b.c.Tunnel.Sides[side.Other()]
		if b.onlyAlert(side) && own.opened == 0 && !other.lastAlert && b.early.records == 0 {
			return int(side)
		}
	}
	return -1
}

// carriedData reports whether a side of the tunnel had application data, or
// records of which nobody knows.
func (t *Traffic) carriedData() bool { return t.PlaintextBytes > 0 || t.TunnelRecords > t.opened }

// endedByAlert words an end by an alert that is no close_notify.
func (b *Builder) endedByAlert() string {
	a, side, fatal := b.fatalAlert()
	if !fatal {
		return fmt.Sprintf("ended by a sealed alert of %s before any data of it; which alert is not shown", b.who(flow.Side(b.sealedEnd())))
	}
	s := fmt.Sprintf("ended by alert %s of %s in packet %d", a.Description, b.who(side), a.At.Packet)
	if t := &b.c.Tunnel.Sides; !t[0].carriedData() && !t[1].carriedData() {
		s += ", before any data"
	}
	return s
}

// saidGoodbye reports whether a close_notify was read in the clear or opened.
func (b *Builder) saidGoodbye() bool {
	for _, a := range b.c.Alerts {
		if !a.Encrypted && a.Description == tls.AlertCloseNotify {
			return true
		}
	}
	return false
}

// closing words how the tunnel ended.
func (b *Builder) closing() string {
	if b.quic != nil {
		return b.quicClosing()
	}
	by := fmt.Sprintf(" by %s in packet %d", b.who(b.endBy), b.endAt.Packet)
	switch b.c.Tunnel.ClosedBy {
	case "reset":
		return "reset" + by
	case "close_notify":
		if b.c.Transport != "udp" && (b.end == EndOfCapture || b.end == TimedOut) {
			return "close_notify sent; TCP still open"
		}
		return "closed cleanly"
	case "alert":
		return b.endedByAlert()
	case "fin":
		if b.c.Tunnel.EndUnseen {
			return "closed" + by + "; what was sent last is not in the capture"
		}
		return "cut off: closed" + by + " without close_notify, so a lost end would not be noticed"
	case "evicted":
		return "given up because of the memory limit"
	case "carrier":
		return b.over
	}
	if b.end == TimedOut {
		return "silent for longer than the idle limit"
	}
	return "still open when the capture ended"
}

// cipherOf names what gives confidentiality.
func cipherOf(s iana.Suite) string { return s.Cipher }

// integrityOf names what gives integrity.
func integrityOf(s iana.Suite) string {
	switch {
	case s.Mode == iana.ModeAEAD:
		return fmt.Sprintf("AEAD tag, %d bytes", s.TagLen)
	case s.MAC != "" && s.MAC != "NULL":
		return fmt.Sprintf("HMAC-%s, %d bytes", s.MAC, s.MACLen)
	}
	return ""
}
