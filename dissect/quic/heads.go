package quic

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of what is read of opened STREAM frames.
const (
	mostHeads = 4       // streams: the first that the client opens
	headBytes = 4 << 10 // of each direction of a stream
)

// A heads puts the first bytes of the first streams that the client opened for
// both directions in order; a request is there and its answer (RFC 9000,
// Section 2.1). Of the other streams it counts how many there are.
type heads struct {
	streams [mostHeads][2]cryptoStream
	most    [2]uint64 // streams of the client that were seen of each side
}

// stream takes a STREAM frame.
func (s *Stream) stream(side flow.Side, f *frame, at flow.Mark) {
	const kinds, bidirectional = 3, 0 // of the client
	if f.stream&kinds != bidirectional {
		return
	}
	if s.heads == nil {
		s.heads = &heads{}
		for i := range s.heads.streams {
			for side := range s.heads.streams[i] {
				s.heads.streams[i][side].budget = s.budget
			}
		}
	}
	n := f.stream >> 2
	if n >= s.heads.most[side] {
		s.heads.most[side] = n + 1
		s.in.QUICStream(side, n, nil, at)
	}
	if n >= mostHeads || f.offset >= headBytes {
		return
	}
	c := &s.heads.streams[n][side]
	b := f.data[:min(uint64(len(f.data)), headBytes-f.offset)]
	if f.offset > c.next && c.held+len(b) > headBytes {
		return // pieces that overlap; it is sent again or not known
	}
	c.add(f.offset, b, at, func(b []byte) { s.in.QUICStream(side, n, b, at) })
}

// dropHeads gives up what is held of streams.
func (s *Stream) dropHeads() {
	if s.heads == nil {
		return
	}
	for i := range s.heads.streams {
		for side := range s.heads.streams[i] {
			s.heads.streams[i][side].drop()
		}
	}
	s.heads = nil
}

// data takes a frame of application data (RFC 9000, Section 19.8; RFC 9221).
// Packets that everybody can open have no such thing (RFC 9000, Section 12.4).
func (s *Stream) data(side flow.Side, lv conn.Level, f *frame, p *conn.QUICPacket, at flow.Mark) {
	p.Data += len(f.data)
	if f.typ < frameDatagram && (lv == conn.Early || lv == conn.Application) {
		s.stream(side, f, at)
	}
}
