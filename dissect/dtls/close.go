package dtls

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// A kind is what a datagram on the same ports is that is no DTLS.
type kind uint8

const (
	kindSTUN kind = iota
	kindZRTP
	kindTURN
	kindRTP
	kindOther
	kinds
)

// kindOf tells by the first byte what shares the ports with DTLS (RFC 7983,
// Section 7).
func kindOf(b []byte) kind {
	switch c := b[0]; {
	case c <= 3:
		return kindSTUN
	case c >= 16 && c <= 19:
		return kindZRTP
	case c >= 64 && c <= 79:
		return kindTURN
	case c >= 128 && c <= 191:
		return kindRTP
	}
	return kindOther
}

// Close takes the end of the flow. What is incomplete is said.
func (s *Stream) Close(how conn.End, by flow.Side, at flow.Mark) {
	for side := flow.Client; side <= flow.Server; side++ {
		h := &s.sides[side]
		s.flush(side, at)
		if h.again.n > 0 {
			where := "RFC 6347, Section 4.2.4"
			if s.in.Negotiated().Version.IsTLS13() {
				where = "RFC 9147, Section 5.8"
			}
			s.in.Note(side, fmt.Sprintf("%s sent again, because an answer did not come in time (%s)", countOf(uint64(h.again.n), "handshake message was", "handshake messages were"), where), h.again.first)
		}
		lost, twice := h.numbers.say()
		for _, what := range []string{lost, twice} {
			if what != "" {
				s.in.Note(side, what, at)
			}
		}
	}
	if what := s.sharing(); what != "" {
		s.in.Note(flow.Client, what, s.last)
	}
	s.in.End(how, by, at)
}

// sharing words what else went over the ports, "" for nothing.
func (s *Stream) sharing() string {
	names := [kinds]string{"STUN", "ZRTP", "TURN channels", "RTP or RTCP", "something else"}
	var parts []string
	for k, n := range s.others {
		if n > 0 {
			parts = append(parts, countOf(n, "datagram")+" of "+names[k])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "other protocols share the ports (RFC 7983): " + strings.Join(parts, ", ")
}
