package quic

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of what is read of opened STREAM frames.
const (
	mostHeads    = 4        // streams of each kind: the first ones
	requestBytes = 4 << 10  // of each side of one that goes both ways
	ownBytes     = 16 << 10 // of one that goes one way, as a compressor's
)

// A heads puts the first bytes of the first streams in order: those that the
// client opened for both directions, where a request is and its answer, and
// those that a side opened for itself (RFC 9000, Section 2.1). Of the other
// requests it tells how many there are.
type heads struct {
	requests, own [2][mostHeads]cryptoStream
	most          [2]uint64 // request streams that were seen of each side
}

func newHeads(budget *flow.Budget) *heads {
	h := &heads{}
	h.each(func(c *cryptoStream) { c.budget = budget })
	return h
}

// each calls f with every stream.
func (h *heads) each(f func(*cryptoStream)) {
	for side := range h.requests {
		for n := range h.requests[side] {
			f(&h.requests[side][n])
			f(&h.own[side][n])
		}
	}
}

// stream takes a STREAM frame.
func (s *Stream) stream(side flow.Side, f *frame, at flow.Mark) {
	if s.heads == nil {
		s.heads = newHeads(s.budget)
	}
	h, n, most := s.heads, f.stream>>2, uint64(requestBytes)
	of := &h.requests[side]
	switch f.stream & 3 {
	case 0: // of the client, both ways
		if n >= h.most[side] {
			h.most[side] = n + 1
			s.in.QUICStream(side, f.stream, nil, at)
		}
	case 2 | uint64(side): // of the side itself, one way
		of, most = &h.own[side], ownBytes
	default:
		return
	}
	if n >= mostHeads || f.offset >= most {
		return
	}
	c := &of[n]
	b := f.data[:min(uint64(len(f.data)), most-f.offset)]
	if f.offset > c.next && c.held+len(b) > int(most) {
		return // pieces that overlap; it is sent again or not known
	}
	c.add(f.offset, b, at, func(b []byte) { s.in.QUICStream(side, f.stream, b, at) })
}

// dropHeads gives up what is held of streams.
func (s *Stream) dropHeads() {
	if s.heads != nil {
		s.heads.each((*cryptoStream).drop)
		s.heads = nil
	}
}

// data takes a frame of application data (RFC 9000, Section 19.8; RFC 9221).
// Packets that everybody can open have no such thing (RFC 9000, Section 12.4).
func (s *Stream) data(side flow.Side, lv conn.Level, f *frame, p *conn.QUICPacket, at flow.Mark) {
	p.Data += len(f.data)
	if f.typ < frameDatagram && (lv == conn.Early || lv == conn.Application) {
		s.stream(side, f, at)
	}
}
