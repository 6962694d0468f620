package conn

import (
	"fmt"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Gap implements [Input].
func (b *Builder) Gap(g Gap, at flow.Mark) {
	const most = 256
	if n := len(b.c.Gaps); n < most {
		b.c.Gaps = append(b.c.Gaps, g)
	} else {
		b.c.Gaps[n-1].Bytes += g.Bytes
	}
	if !g.Record {
		b.holeLast[g.Side] = true
	}
	b.keys.Lost(g.Side)
	b.holeSince = true
	if a := &b.asm[g.Side]; !g.Record && len(a.buf) > 0 {
		b.torn(g.Side, at)
	} else if !g.Record && b.c.KeyExchange.State != Done { // whole messages may be in it
		b.stopRecording()
		b.keys.Missing()
	}
}

// lossy reports whether bytes of a side's handshake are missing.
func (b *Builder) lossy(side flow.Side) bool {
	for _, g := range b.c.Gaps {
		if g.Side == side && !g.Record && g.Bytes > 0 {
			return true
		}
	}
	return false
}

// holed reports whether anything may have been said that the capture does not
// hold, behind its beginning. Of such a connection nothing can be said to be
// missing: no alert, no answer.
func (b *Builder) holed() bool {
	for _, g := range b.c.Gaps {
		if !g.Record && (g.Bytes > 0 || g.After != 0) {
			return true
		}
	}
	return b.closeMissed
}

// BeginUnseen tells that what a side said first may not be in the capture.
func (b *Builder) BeginUnseen(side flow.Side) { b.beginUnseen[side] = true }

// CloseMissed tells that the packet with which one side closed the connection is
// not in the capture.
func (b *Builder) CloseMissed() { b.closeMissed = true }

// endUnseen reports whether the last thing that a side sent before the end of
// the flow may be in what the capture does not hold, or behind its end.
func (b *Builder) endUnseen() bool {
	return b.holeLast[flow.Client] || b.holeLast[flow.Server] || b.halfClosedLate()
}

// halfClosedLate reports whether one side closed so soon before the capture
// ended that what the other side still said may not be in it.
func (b *Builder) halfClosedLate() bool {
	return b.end == HalfClosed && b.captureEnd.Seen() && b.captureEnd.Time.Sub(b.endAt.Time) < patience
}

// whyHoled says of a handshake with a hole how far it got and how it ended.
func (b *Builder) whyHoled() string {
	s := "packets are missing in the capture: " + b.lastSeen() + "."
	how := ""
	switch b.end {
	case Reset:
		how = "reset"
	case Finished, HalfClosed:
		how = "closed"
	default:
		return s
	}
	by := "The " + b.endBy.String()
	if b.c.Guessed != NotGuessed {
		by = b.who(b.endBy)
	}
	return s + fmt.Sprintf(" %s %s the connection in packet %d; what led to it may be in the missing ones.", by, how, b.endAt.Packet)
}

// missHello tells that the capture begins behind the ClientHello, where nothing
// else shows it: what follows a hello of the server is not missed by a carrier.
func (b *Builder) missHello() {
	if !b.chosen || b.c.Offered != nil || b.onesided() >= 0 {
		return
	}
	for _, g := range b.c.Gaps {
		if g.Side == flow.Client {
			return
		}
	}
	b.c.Gaps = append(b.c.Gaps, Gap{Side: flow.Client, Bytes: -1, Why: "not captured"})
}

// How long an end of a connection is given to go on before its silence means
// something.
const (
	patience = 3 * time.Second
	atOnce   = 50 * time.Millisecond // for what its library does by itself
)

// tooSoon reports whether the capture ended so soon after m that nothing can be
// concluded from what did not follow within a time.
func (b *Builder) tooSoon(m flow.Mark, within time.Duration) bool {
	return b.end == EndOfCapture && b.captureEnd.Seen() && b.captureEnd.Time.Sub(m.Time) < within
}

// cutShort reports whether the capture ended before an answer to the
// ClientHello could be expected.
func (b *Builder) cutShort() bool {
	return b.c.Offered != nil && b.records[flow.Server] == 0 && b.tooSoon(b.lastCH, patience)
}

func (b *Builder) whyCutShort() string {
	return fmt.Sprintf("the capture ends %s after the ClientHello, too soon to expect an answer.", b.captureEnd.Time.Sub(b.lastCH.Time).Round(time.Millisecond))
}
