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
)

// cryptoStream puts the handshake bytes of one direction and one level in order
// (RFC 9000, Section 19.6).
type cryptoStream struct {
	next   uint64 // offset of the first byte that was not delivered
	pieces []piece
	held   int
	after  flow.Mark // where the last bytes in order came
	lost   bool      // something had to be given up
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
	if end <= c.next {
		return true
	}
	if offset > c.next {
		return c.hold(offset, b)
	}
	b = b[c.next-offset:]
	c.next, c.after = end, at
	deliver(b)
	for len(c.pieces) > 0 && c.pieces[0].offset <= c.next {
		p := c.pieces[0]
		c.pieces = slices.Delete(c.pieces, 0, 1)
		c.held -= len(p.data)
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
	if c.held+len(b) > mostHeld || len(c.pieces) >= mostPieces {
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

// hole returns the first stretch that is missing between those that came.
func (c *cryptoStream) hole() (conn.Gap, bool) {
	if len(c.pieces) == 0 {
		return conn.Gap{}, false
	}
	why := "not captured"
	if c.lost {
		why = "given up: too much came before its turn"
	}
	return conn.Gap{Bytes: int64(c.pieces[0].offset - c.next), After: c.after.Packet, Offset: int64(c.next), Why: why}, true
}
