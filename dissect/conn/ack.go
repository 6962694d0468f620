package conn

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// Acknowledged takes an ACK of DTLS 1.3 that could be read (RFC 9147, Section 7).
func (b *Builder) Acknowledged(side flow.Side, lv Level, m tls.ACK, at flow.Mark) {
	b.order++
	b.level = lv
	b.log(Message{At: at, Side: side, Name: "ACK", Level: lv, Size: 2 + 16*m.Len()})
	which := recordNumbers(m)
	b.dgram.acked = b.dgram.acked || b.c.KeyExchange.State != Done
	if b.c.KeyExchange.State == Done {
		if t := &b.c.Tunnel.Sides[side]; len(t.acks) < mostACKs {
			t.acks = append(t.acks, which)
		} else {
			t.moreACKs++
		}
		return
	}
	says := "has the " + side.Other().String() + "'s records " + which + " (epoch:number)"
	if m.Len() == 0 {
		says = "nothing of what came could be used: the flight is asked for again"
	}
	b.keStep(side, at, "ACK", "ack", 2+16*m.Len(), says).fact("acknowledged", which, "RFC 9147, Section 7")
}

// mostACKs bounds the acknowledgements of a side of the tunnel that are told
// apart.
const mostACKs = 3

// acksSay words the acknowledgements in a side of the tunnel, "" for none.
func (t *Traffic) acksSay() string {
	n := len(t.acks) + t.moreACKs
	switch {
	case n == 0:
		return ""
	case t.moreACKs > 0:
		return count(n, "ACK")
	}
	return count(n, "ACK") + " (records " + strings.Join(t.acks, "; ") + ")"
}

// recordNumbers lists the records of an ACK, runs of them as one: "2:0-3, 3:1".
func recordNumbers(m tls.ACK) string {
	var parts []string
	var first, last tls.RecordNumber
	runs := 0
	flush := func() {
		if runs++; runs > 8 {
			return
		}
		s := fmt.Sprintf("%d:%d", first.Epoch, first.Sequence)
		if last != first {
			s += fmt.Sprintf("-%d", last.Sequence)
		}
		parts = append(parts, s)
	}
	i := 0
	for n := range m.All() {
		switch {
		case i == 0:
			first, last = n, n
		case n.Epoch == last.Epoch && n.Sequence == last.Sequence+1:
			last = n
		default:
			flush()
			first, last = n, n
		}
		i++
	}
	if i > 0 {
		flush()
	}
	if runs > len(parts) {
		parts = append(parts, "and more")
	}
	return strings.Join(parts, ", ")
}
