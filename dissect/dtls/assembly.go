package dtls

import (
	"fmt"
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// Bounds of what waits on one side of a flow.
const (
	mostPending   = 256 << 10 // bytes, bookkeeping included
	mostAhead     = 64        // messages behind the one that is due
	mostFragments = 4096      // pieces of one message
	pieceCost     = 64        // bytes of bookkeeping for a piece
)

// An assembly puts the handshake messages of a side in order.
type assembly struct {
	started bool
	next    int       // message_seq of the message that is due
	pending []partial // by message_seq, none before next
	held    int       // bytes of pending, bookkeeping included
	hellos  [4]helloID
	stored  int // hellos ever stored
	full    bool
}

// A partial is a message of which not all is there, or whose predecessors are
// missing.
type partial struct {
	seq    int
	lv     conn.Level
	typ    tls.HandshakeType
	length int
	have   int
	at     flow.Mark // of the datagram that brought something last
	pieces []piece   // by offset, without overlap
}

// A piece is a stretch of a message.
type piece struct {
	off  int
	data []byte
}

func (p *partial) complete() bool { return p.have == p.length }

// add puts a fragment in; bytes that are there already stay. It returns how
// many were new.
func (p *partial) add(off int, data []byte) int {
	before := p.have
	for i := 0; len(data) > 0; i++ {
		if i == len(p.pieces) || off < p.pieces[i].off {
			n := len(data)
			if i < len(p.pieces) {
				n = min(n, p.pieces[i].off-off)
			}
			p.pieces = slices.Insert(p.pieces, i, piece{off, slices.Clone(data[:n])})
			p.have += n
			off, data = off+n, data[n:]
			continue
		}
		if end := p.pieces[i].off + len(p.pieces[i].data); end > off {
			n := min(len(data), end-off)
			off, data = off+n, data[n:]
		}
	}
	return p.have - before
}

// prefix appends the bytes from the message's start to the first hole to b.
func (p *partial) prefix(b []byte) []byte {
	off := 0
	for _, x := range p.pieces {
		if x.off != off {
			break
		}
		b = append(b, x.data...)
		off += len(x.data)
	}
	return b
}

// cost is what the message holds of the bounds.
func (p *partial) cost() int { return p.have + pieceCost*(1+len(p.pieces)) }

// A helloID tells a hello that is sent again from another one.
type helloID struct {
	seq, length int
	random      [32]byte
}

// fragments takes the handshake fragments of one readable record. cut says that
// the capture does not hold all of it.
func (s *Stream) fragments(side flow.Side, lv conn.Level, b []byte, cut bool, at flow.Mark) {
	for len(b) > 0 {
		var h tls.DTLSHeader
		if h.Decode(b) != nil {
			if !cut {
				s.in.Note(side, fmt.Sprintf("%d bytes in a handshake record are no handshake header", len(b)), at)
			}
			return
		}
		b = b[tls.DTLSHandshakeHeaderLen:]
		switch {
		case h.FragmentLength > len(b) && !cut:
			s.in.Note(side, fmt.Sprintf("malformed fragment of %s: it claims %d bytes, the record has %d", h.Type.Title(), h.FragmentLength, len(b)), at)
			return
		case h.FragmentOffset+h.FragmentLength > h.Length:
			s.in.Note(side, fmt.Sprintf("malformed fragment of %s: bytes %d to %d of a message of %d", h.Type.Title(), h.FragmentOffset, h.FragmentOffset+h.FragmentLength, h.Length), at)
			return
		}
		n := min(h.FragmentLength, len(b))
		s.waits = n < h.FragmentLength
		s.fragment(side, lv, h, b[:n], at)
		b = b[n:]
	}
}

// fragment takes one fragment.
func (s *Stream) fragment(side flow.Side, lv conn.Level, h tls.DTLSHeader, data []byte, at flow.Mark) {
	a := &s.sides[side].asm
	seq := int(h.MessageSeq)
	if !a.started && (h.Type == tls.TypeClientHello || h.Type == tls.TypeServerHello || h.Type == tls.TypeHelloVerifyRequest) {
		a.started, a.next = true, seq
		s.dropBefore(a, seq)
	}
	if a.started && seq < a.next {
		if !a.another(h, data) {
			if h.FragmentOffset == 0 {
				s.sides[side].again.add(at)
			}
			return
		}
		s.dropBefore(a, 1<<16)
		a.next = seq
	}
	i, found := slices.BinarySearchFunc(a.pending, seq, func(p partial, seq int) int { return p.seq - seq })
	if !found {
		if a.started && seq == a.next && len(data) == h.Length {
			s.deliver(side, lv, h.Type, seq, data, at)
			s.drain(side, at)
			return
		}
		if base := a.base(); len(a.pending) > 0 && seq-base >= mostAhead || a.started && seq-a.next >= mostAhead {
			s.in.Note(side, fmt.Sprintf("a handshake message numbered %d where %d is due", seq, base), at)
			return
		}
		if !s.afford(side, a, pieceCost, at) {
			return
		}
		a.pending = slices.Insert(a.pending, i, partial{seq: seq, lv: lv, typ: h.Type, length: h.Length, at: at})
	}
	s.put(side, i, h, data, at)
}

// base is the message_seq that is due, as far as it is known.
func (a *assembly) base() int {
	if !a.started && len(a.pending) > 0 {
		return a.pending[0].seq
	}
	return a.next
}

// put adds a fragment to pending message i and delivers what is complete.
func (s *Stream) put(side flow.Side, i int, h tls.DTLSHeader, data []byte, at flow.Mark) {
	a := &s.sides[side].asm
	p := &a.pending[i]
	if p.typ != h.Type || p.length != h.Length {
		s.in.Note(side, fmt.Sprintf("fragments of message %d contradict each other: %s of %d bytes, then %s of %d; the first counts", p.seq, p.typ.Title(), p.length, h.Type.Title(), h.Length), at)
		return
	}
	if len(data) > 0 && (len(p.pieces) >= mostFragments || !s.afford(side, a, len(data)+pieceCost, at)) {
		return
	}
	if len(data) > 0 {
		before := p.cost()
		p.add(h.FragmentOffset, data)
		p.at = at
		unused := len(data) + pieceCost - (p.cost() - before)
		a.held -= unused
		s.budget.Give(unused)
	}
	s.drain(side, at)
}

// afford takes n bytes from the bounds.
func (s *Stream) afford(side flow.Side, a *assembly, n int, at flow.Mark) bool {
	if a.held+n > mostPending || !s.budget.Take(n) {
		if !a.full {
			a.full = true
			s.in.Note(side, fmt.Sprintf("fragments of handshake messages are given up: %d bytes wait already", a.held), at)
		}
		return false
	}
	a.held += n
	return true
}

// dropBefore forgets pending messages before seq.
func (s *Stream) dropBefore(a *assembly, seq int) {
	n := 0
	for n < len(a.pending) && a.pending[n].seq < seq {
		c := a.pending[n].cost()
		a.held -= c
		s.budget.Give(c)
		n++
	}
	a.pending = slices.Delete(a.pending, 0, n)
	if len(a.pending) == 0 {
		a.pending = nil
	}
}

// drain delivers the pending messages that are due and complete.
func (s *Stream) drain(side flow.Side, at flow.Mark) {
	a := &s.sides[side].asm
	for a.started && len(a.pending) > 0 && a.pending[0].seq == a.next && a.pending[0].complete() {
		p := a.pending[0]
		body := p.prefix(make([]byte, 0, p.length))
		s.dropBefore(a, p.seq+1)
		s.deliver(side, p.lv, p.typ, p.seq, body, at)
	}
}

// deliver hands on a whole message.
func (s *Stream) deliver(side flow.Side, lv conn.Level, typ tls.HandshakeType, seq int, body []byte, at flow.Mark) {
	a := &s.sides[side].asm
	s.settle(side, at)
	a.next = seq + 1
	s.noteHello(side, typ, seq, body)
	s.in.MessageSeq(side, uint16(seq))
	s.hand(side, lv, typ, len(body), body, at)
}

// hand gives the input a message of n bytes, or the beginning of one, with the
// header that it has in TLS.
func (s *Stream) hand(side flow.Side, lv conn.Level, typ tls.HandshakeType, n int, body []byte, at flow.Mark) {
	s.buf = append(s.buf[:0], byte(typ), byte(n>>16), byte(n>>8), byte(n))
	s.buf = append(s.buf, body...)
	s.in.Handshake(side, lv, s.buf, at)
	if cap(s.buf) > 4096 { // do not hold a large buffer through a long tunnel
		s.buf = nil
	}
}

// settle gives up what the other side's messages still lack, because side has
// gone on: it had all of them, so the capture has lost them.
func (s *Stream) settle(side flow.Side, at flow.Mark) {
	if o := side.Other(); len(s.sides[o].asm.pending) > 0 || len(s.sides[o].waiting) > 0 {
		s.flush(o, at)
	}
}

// flush hands on everything that a side's messages have, and says what lacks.
func (s *Stream) flush(side flow.Side, at flow.Mark) {
	a := &s.sides[side].asm
	for len(a.pending) > 0 {
		p := a.pending[0]
		if a.started && p.seq > a.next {
			s.in.Gap(conn.Gap{Side: side, Bytes: -1, After: before(at), Why: countOf(uint64(p.seq-a.next), "handshake message is", "handshake messages are") + " not in the capture"}, at)
		}
		a.started, a.next = true, p.seq+1
		body := p.prefix(nil)
		s.dropBefore(a, p.seq+1)
		s.in.MessageSeq(side, uint16(p.seq))
		if len(body) > 0 || p.complete() {
			s.noteHello(side, p.typ, p.seq, body)
			s.hand(side, p.lv, p.typ, p.length, body, p.at)
		}
		if !p.complete() {
			s.in.Gap(conn.Gap{Side: side, Bytes: int64(p.length - p.have), After: before(at), Why: "fragments of " + p.typ.Title() + " are not in the capture"}, at)
		}
	}
	s.release(side)
}

func before(at flow.Mark) uint64 {
	if at.Packet == 0 {
		return 0
	}
	return at.Packet - 1
}
