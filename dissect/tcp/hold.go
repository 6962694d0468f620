package tcp

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/flow"
)

// holds reports whether all of [off, end) is held already.
func (h *half) holds(off, end int64) bool {
	for i := h.pend.search(off, &h.conn.pool.ops); i < h.pend.len() && off < end; i++ {
		h.conn.pool.ops++
		e := h.pend.at(i)
		if e.off > off {
			return false
		}
		off = e.end()
	}
	return off >= end
}

// hold keeps those parts of a stretch that are not held yet. x.buf is the
// caller's: it is copied. Parts that are held already are compared.
func (c *Conn) hold(h *half, x held) {
	if x.n == 0 {
		return
	}
	end, repeated, differ := x.end(), int64(0), Conflict{Bytes: 0}
	i := h.pend.search(x.off, &c.pool.ops)
	for x.off < end {
		if i == h.pend.len() || h.pend.at(i).off >= end {
			c.keep(h, i, x, end)
			break
		}
		e := h.pend.at(i)
		if e.off > x.off {
			before := h.pend.len()
			stop := e.off
			c.keep(h, i, x, stop)
			x.advance(stop)
			i += h.pend.len() - before
			continue // at e again
		}
		n := min(e.end(), end) - x.off
		if x.gated && e.gated && int32(x.ack-e.ack) < 0 {
			// The sender knew no more than this when it first sent these
			// bytes; of the rest of e that is not known.
			if e.off < x.off {
				c.split(h, i, x.off)
				i++
				e = h.pend.at(i)
			}
			if e.end() > x.off+n {
				c.split(h, i, x.off+n)
			}
			e.ack = x.ack
		}
		if x.kind == data && e.kind == data {
			differ.compare(x.off, e.buf[x.off-e.off:], x.buf[:n], e.at.Packet)
		}
		repeated += n
		x.advance(x.off + n)
		i++
		c.pool.ops++
	}
	if repeated > 0 {
		h.st.Retransmitted++
		h.st.Repeated += repeated
	}
	c.conflict(h, differ, x.at)
}

// split cuts the stretch at index i in two at offset off.
func (c *Conn) split(h *half, i int, off int64) {
	e := h.pend.at(i)
	tail := *e
	tail.off, tail.n = off, e.end()-off
	if e.kind == data {
		tail.buf = c.pool.get(int(tail.n))
		copy(tail.buf, e.buf[off-e.off:])
		e.buf = e.buf[:off-e.off]
	}
	e.n = off - e.off
	c.link(h, i+1, tail)
}

// advance drops the front of x up to offset off.
func (x *held) advance(off int64) {
	if x.kind == data {
		x.buf = x.buf[off-x.off:]
	}
	x.n -= off - x.off
	x.off = off
}

// keep copies x up to offset end into the list, at index i.
func (c *Conn) keep(h *half, i int, x held, end int64) {
	if k := min(end, h.skip); h.stage == open && x.kind != cut && x.off < k {
		if h.passOver(i, x.off, k) {
			x.advance(k)
		} else {
			y := x
			y.n, y.buf, y.kind = k-x.off, nil, skipped
			c.link(h, i, y)
			x.advance(k)
			i++
		}
		if i < h.pend.len() && h.pend.at(i).off < x.off {
			i++
		}
	}
	for x.off < end {
		y := x
		y.n = end - x.off
		if x.kind == data {
			y.n = min(y.n, maxBuf)
			y.buf = c.pool.get(int(y.n))
			copy(y.buf, x.buf)
		}
		c.link(h, i, y)
		x.advance(y.end())
		i++
	}
}

// passOver grows the skipped stretch before index i by [off, end) if it ends at
// off, or the one at i if that begins at end.
func (h *half) passOver(i int, off, end int64) bool {
	if i > 0 {
		if e := h.pend.at(i - 1); e.kind == skipped && e.end() == off {
			e.n = end - e.off
			return true
		}
	}
	if i < h.pend.len() {
		if e := h.pend.at(i); e.kind == skipped && e.off == end {
			e.off, e.n = off, e.n+end-off
			return true
		}
	}
	return false
}

func (c *Conn) link(h *half, i int, x held) {
	e := c.pool.newHeld()
	*e = x
	e.next = nil
	h.pend.insert(i, e, &c.pool.ops)
	c.pool.enlist(h)
}

// compare adds to x the bytes in which the copy b, at offset off, differs from
// a, which may be longer and came in packet kept.
func (x *Conflict) compare(off int64, a, b []byte, kept uint64) {
	a = a[:len(b)]
	if bytes.Equal(a, b) {
		return
	}
	for i := range b {
		if a[i] != b[i] {
			if x.Bytes == 0 {
				x.Off, x.Kept = off+int64(i), kept
			}
			x.Bytes++
		}
	}
}

// conflict reports x if there is anything to report.
func (c *Conn) conflict(h *half, x Conflict, dropped flow.Mark) {
	if x.Bytes == 0 {
		return
	}
	h.st.Conflicts++
	x.Dropped = dropped
	c.r.Conflict(h.dir, x)
}
