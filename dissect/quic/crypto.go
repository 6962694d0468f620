package quic

import (
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of what is held of one CRYPTO stream out of order.
const (
	mostHeld   = 128 << 10 // bytes
	mostPieces = 512
	pieceCost  = 48 // of keeping a piece, besides its bytes
)

// cryptoStream puts the handshake bytes of one direction and one level in order
// (RFC 9000, Section 19.6).
type cryptoStream struct {
	next   uint64 // offset of the first byte that was not delivered
	pieces []piece
	held   int
	after  flow.Mark // where the last bytes in order came
	lost   bool      // something had to be given up
	cut    int       // bytes that a packet lost when it was captured, behind those in order
	closed bool      // the hole was told: nothing more is taken
	budget *flow.Budget
}

// piece is a stretch that came before its turn.
type piece struct {
	offset uint64
	data   []byte
}

// add takes a stretch and gives deliver what is in order now. It returns false
// if the stretch had to be given up.
func (c *cryptoStream) add(offset uint64, b []byte, at flow.Mark, deliver func([]byte)) bool {
	end := offset + uint64(len(b))
	if end <= c.next || c.closed {
		return true
	}
	if offset > c.next {
		return c.hold(offset, b)
	}
	b = b[c.next-offset:]
	c.next, c.after, c.cut = end, at, 0
	deliver(b)
	for len(c.pieces) > 0 && c.pieces[0].offset <= c.next {
		p := c.pieces[0]
		c.pieces = slices.Delete(c.pieces, 0, 1)
		c.held -= len(p.data)
		c.budget.Give(len(p.data) + pieceCost)
		if end := p.offset + uint64(len(p.data)); end > c.next {
			p.data = p.data[c.next-p.offset:]
			c.next = end
			deliver(p.data)
		}
	}
	return true
}

// hold keeps a copy of a stretch that comes too early. The one that came first
// counts where stretches overlap.
func (c *cryptoStream) hold(offset uint64, b []byte) bool {
	i, found := slices.BinarySearchFunc(c.pieces, offset, func(p piece, o uint64) int {
		switch {
		case p.offset < o:
			return -1
		case p.offset > o:
			return 1
		}
		return 0
	})
	if found && len(c.pieces[i].data) >= len(b) {
		return true
	}
	if i > 0 {
		if p := c.pieces[i-1]; p.offset+uint64(len(p.data)) >= offset+uint64(len(b)) {
			return true
		}
	}
	if c.held+len(b) > mostHeld || len(c.pieces) >= mostPieces || !c.budget.Take(len(b)+pieceCost) {
		c.lost = true
		return false
	}
	if found {
		i++
	}
	c.pieces = slices.Insert(c.pieces, i, piece{offset, slices.Clone(b)})
	c.held += len(b)
	return true
}

// close gives up what is missing, and returns the first of it.
func (c *cryptoStream) close() (g conn.Gap, ok bool) {
	g = conn.Gap{After: c.after.Packet, Offset: int64(min(c.next, 1<<62)), Why: "not captured"}
	switch {
	case c.closed || len(c.pieces) == 0 && c.cut == 0:
		return g, false
	case len(c.pieces) > 0:
		g.Bytes = int64(min(c.pieces[0].offset-c.next, 1<<62))
		if c.lost {
			g.Why = "given up: too much came before its turn"
		}
	default:
		g.Bytes, g.Why = int64(c.cut), "cut off by the snapshot length"
	}
	c.drop()
	c.closed = true
	return g, true
}

// drop gives up what is held.
func (c *cryptoStream) drop() {
	c.budget.Give(c.held + pieceCost*len(c.pieces))
	c.pieces, c.held = nil, 0
}
