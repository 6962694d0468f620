package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// How many packets of the flow may pass in vain.
const (
	// patience with a hole that the receiver acknowledged: the bytes were
	// there, so a copy that is not in the capture by now never will be.
	// Captures reorder by a few packets (cards with several queues), rarely
	// by more than a burst of sixteen. Also with an acknowledgement of bytes
	// that are not there.
	patience = 32
	// patience with a direction of which there is no packet at all.
	patienceAlone = 16
	// patience with a hole where nobody acknowledges anything, because only
	// one direction was captured: a round trip's worth of packets.
	patienceBlind = 256
)

// A wait is what stands first in a direction.
type wait struct {
	what what
	off  int64  // hole: where it ends
	ack  uint32 // item: what it waits for
	seen uint32
	at   flow.Mark
}

type what uint8

const (
	nothing what = iota
	hole         // bytes are missing before what is held
	item         // bytes or a FIN whose turn it is, if only the other side were as far
)

// front says what stands first in an open direction.
func (c *Conn) front(h *half) wait {
	if h.stage != open {
		return wait{}
	}
	w := wait{what: item}
	switch {
	case !h.pend.empty() && (!h.fin.known || h.fin.done || h.fin.off > h.pend.first().off):
		e := h.pend.first()
		w.off, w.ack, w.seen, w.at = e.off, e.ack, e.seen, e.at
	case h.fin.known && !h.fin.done:
		w.off, w.ack, w.seen, w.at = h.fin.off, h.fin.ack, h.fin.seen, h.fin.at
	default:
		return wait{}
	}
	if w.off > h.nxt {
		w.what = hole
	}
	return w
}

// advance delivers what stands first in a direction, as far as it goes, and
// reports whether anything moved.
func (c *Conn) advance(h *half) (moved bool) {
	o := &c.half[h.dir^1]
	if h.stage != open {
		return false
	}
	for !h.pend.empty() {
		e := h.pend.first()
		if e.off > h.nxt || e.gated && e.kind != skipped && e.end() > h.skip && !o.reached(e.ack, h) {
			break
		}
		c.take(h, e)
		moved = true
	}
	if f := &h.fin; f.known && !f.done && f.off <= h.nxt && (!f.gated || o.reached(f.ack, h)) {
		f.done = true
		h.nxt++
		c.r.Fin(h.dir, f.at)
		moved = true
	}
	return moved
}

// take delivers e, which is the first held stretch and begins at nxt. The
// buffer goes back to the pool after the receiver has seen it.
func (c *Conn) take(h *half, e *held) {
	h.pend.shift()
	if h.pend.empty() {
		c.pool.delist(h)
	}
	switch e.kind {
	case data:
		c.deliver(h, e.buf, e.at)
	case skipped:
		h.nxt += e.n
		h.st.Skipped += e.n
	case cut:
		c.gap(h, e.n, Cut, e.at)
	}
	c.pool.release(e)
}

// settle delivers everything that can be delivered now, in both directions.
func (c *Conn) settle() {
	if c.busy {
		return
	}
	c.busy = true
	for {
		a, b := &c.half[0], &c.half[1]
		moved := c.advance(a)
		moved = c.advance(b) || moved
		moved = c.advanceReset(a, false) || moved
		moved = c.advanceReset(b, false) || moved
		if !moved && !c.lose() {
			break
		}
	}
	c.busy = false
}

// lose ends a waiting that is in vain, and reports whether there was one.
func (c *Conn) lose() bool {
	var w [2]wait
	for d := range c.half {
		h := &c.half[d]
		if c.ripe(h) {
			c.start(h)
			return true
		}
		w[d] = c.front(h)
	}
	for d := range c.half {
		h, o := &c.half[d], &c.half[d^1]
		if w[d].what == nothing {
			continue
		}
		waited := c.n - w[d].seen
		vain := false
		switch {
		case w[d].what == hole:
			vain = waited >= patience && h.covers(w[d].off) || waited >= patienceBlind && o.absent()
		case o.absent():
			vain = waited >= patienceAlone
		default:
			vain = waited >= patience
		}
		if vain {
			c.pass(h, w[d], NotCaptured)
			return true
		}
	}
	if w[0].what == item && w[1].what == item {
		// Both directions wait for each other: each holds a retransmission
		// whose original is not in the capture. Their own order must do.
		d := 0
		if w[1].at.Packet < w[0].at.Packet {
			d = 1
		}
		c.pass(&c.half[d], w[d], NotCaptured)
		return true
	}
	return false
}

// pass goes past what a direction waits for. The caller settles.
func (c *Conn) pass(h *half, w wait, why Reason) {
	o := &c.half[h.dir^1]
	if w.what == item {
		if o.absent() {
			h.alone = true
		}
		o.waive, o.waived = w.ack, true
		return
	}
	if w.off-h.nxt > maxLead && !h.covers(w.off) && !h.witnessed() {
		h.st.Ignored++ // one stray segment is no proof of a megabyte
		if h.pend.empty() {
			h.fin = ending{}
			h.st.FIN = flow.Mark{}
		} else {
			h.pop()
		}
		h.end = h.nxt
		if !h.pend.empty() {
			h.end = h.pend.last().end()
		}
		if h.fin.known {
			h.end = max(h.end, h.fin.off+1)
		}
		return
	}
	c.gap(h, w.off-h.nxt, why, w.at)
}

// witnessed reports whether what is held first has something held near it.
func (h *half) witnessed() bool {
	if h.pend.len() < 2 {
		return h.pend.len() == 1 && h.fin.known && h.fin.off-h.pend.first().end() <= maxLead
	}
	return h.pend.at(1).off-h.pend.first().end() <= maxLead
}

// enforce keeps h, and then all connections together, within their memory.
func (c *Conn) enforce(h *half) {
	p := c.pool
	for h.pend.cost > p.pending {
		c.yield(h)
	}
	for p.used > p.limit && p.oldest != nil {
		p.oldest.conn.yield(p.oldest)
	}
}

// yield makes a direction that holds something hold less.
func (c *Conn) yield(h *half) {
	h.st.Limited++
	if h.stage == floating {
		c.start(h)
	} else {
		c.pass(h, c.front(h), Limit)
	}
	c.settle()
}
