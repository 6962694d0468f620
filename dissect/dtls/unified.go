package dtls

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// canBeUnified reports whether the flow may have records of DTLS 1.3 by now: it
// was agreed on, or a hello was seen and the answer is missing.
func (s *Stream) canBeUnified() bool {
	v := s.in.Negotiated().Version
	return v.IsTLS13() || v == 0 && (s.sides[flow.Client].hello || s.sides[flow.Server].hello)
}

// unified takes the encrypted record of DTLS 1.3 at the start of b and returns
// its size, 0 if there is none.
func (s *Stream) unified(side flow.Side, b []byte, missing int, at flow.Mark) int {
	h := &s.sides[side]
	u, ok := parseUnified(b, max(0, h.cid), missing)
	if !ok {
		return 0
	}
	n := u.size + u.length
	if n > len(b)+missing {
		s.in.Note(side, fmt.Sprintf("a record claims %d bytes where the datagram has %d", u.length, len(b)-u.size), at)
		return len(b)
	}
	h.sealed = true
	epoch := nearestEpoch(h.epoch, int(u.epoch))
	if len(b) >= n && s.open13(side, u, epoch, b[:n], at) {
		return n
	}
	s.settle(side, at)
	s.keys.PassDTLS13(side)
	if epoch > epochApplication && epoch > h.epoch {
		s.in.Note(side, fmt.Sprintf("epoch %d begins: the %s has changed its key (KeyUpdate)", epoch, side), at)
	}
	h.epoch = max(h.epoch, epoch)
	s.in.SealedIn(side, levelOf(epoch), u.length, at)
	return n
}

// Epochs of DTLS 1.3 (RFC 9147, Section 6.1).
const (
	epochEarly       = 1
	epochHandshake   = 2
	epochApplication = 3
)

// levelOf returns the level of an epoch's records.
func levelOf(epoch int) conn.Level {
	switch epoch {
	case epochEarly:
		return conn.Early
	case epochHandshake:
		return conn.Handshake
	}
	return conn.Application
}

// nearestEpoch returns the epoch whose two low bits are low and that is nearest
// to now, the highest one seen. A record of the epoch before may come late;
// there is no sealed epoch 0 (RFC 9147, Section 4.2.2).
func nearestEpoch(now, low int) int {
	switch d := (low - now) & 3; {
	case d == 3 && now >= 2:
		return now - 1
	case d == 2 && now > epochApplication:
		return now - 2
	case now == 0 && low == 0:
		return epochApplication + 1
	default:
		return now + d
	}
}
