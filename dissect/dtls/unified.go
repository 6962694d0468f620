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
	if sure := nearestEpoch(h.sure, int(u.epoch)); len(b) >= n && s.keys.ReadyDTLS13(side, uint64(sure)) {
		if !s.open13(side, u, sure, b[:n], at) { // perhaps it is forged: it moves nothing
			s.in.SealedIn(side, levelOf(sure), u.length, at)
		}
		return n
	}
	epoch := nearestEpoch(h.epoch, int(u.epoch))
	s.keys.PassDTLS13(side)
	if h.sure == 0 && s.sides[side.Other()].sure == 0 { // else the keys tell how far it has come
		s.goOn(side, epoch, at)
	}
	s.in.SealedIn(side, levelOf(epoch), u.length, at)
	return n
}

// goOn takes it from a record that stays closed that its side has come as far as
// its epoch.
func (s *Stream) goOn(side flow.Side, epoch int, at flow.Mark) {
	h := &s.sides[side]
	if s.in.Negotiated().Version != 0 {
		s.settle(side, at)
	}
	if epoch > epochApplication && epoch > h.epoch {
		s.in.Note(side, fmt.Sprintf("epoch %d begins: the %s has changed its key (KeyUpdate)", epoch, side), at)
	}
	h.epoch = max(h.epoch, epoch)
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
