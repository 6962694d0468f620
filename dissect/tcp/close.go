package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// finish takes a FIN that stands at offset off.
func (c *Conn) finish(h *half, off int64, s *Segment) Verdict {
	if h.fin.known {
		return Taken // repeated, or one of two that disagree: the first counts
	}
	if h.stage == open && (off < h.nxt || off < h.end && off != h.contiguous() || off > h.end+maxLead) {
		return Ignored // data was sent behind it, or it is far outside
	}
	if h.stage == floating && !h.pend.empty() && off < h.end {
		return Ignored
	}
	h.fin = ending{known: true, sure: true, off: off, seen: c.n, at: s.At, ack: s.Ack, gated: s.Flags&ACK != 0}
	h.st.FIN = s.At
	h.end = max(h.end, off+1)
	return Taken
}

// unfinish takes back a FIN behind which there is data: it was forged.
func (h *half) unfinish() {
	if h.fin.done && h.nxt == h.fin.off+1 {
		h.nxt = h.fin.off
	}
	if h.end == h.fin.off+1 {
		h.end--
	}
	h.fin = ending{}
	h.st.FIN = flow.Mark{}
	h.st.Ignored++
}

// reset takes a RST. Its receiver accepts one exactly at RCV.NXT (RFC 5961,
// Section 3.2); a capture knows RCV.NXT only to lie between the last
// acknowledgement and the last byte seen. One in the window and not there is
// kept for a while, since the bytes before it may just come late.
func (c *Conn) reset(h, o *half, s *Segment) Verdict {
	if h.rst.known && h.rst.sure {
		return Taken
	}
	rst := ending{known: true, seen: c.n, at: s.At}
	if h.stage != open {
		// Refusing a SYN (RFC 9293, Section 3.5.2): it must acknowledge
		// something sent, or stand where the other end acknowledged.
		ok := h.acked && s.Seq == h.ack
		if s.Flags&ACK != 0 && o.stage == open {
			lead := int32(s.Ack - o.seq(o.end))
			ok = ok || lead <= 0 && lead > -maxLead
		}
		if h.stage == floating && !h.pend.empty() {
			off := h.off(s.Seq)
			ok = ok || off >= h.pend.first().off && off <= h.end
			rst.off = off
		}
		if !ok {
			return Ignored
		}
		c.resetAt(h, rst)
		return Taken
	}
	rst.off = h.off(s.Seq)
	lo, hi := h.nxt, h.contiguous()
	if h.fin.done {
		lo--
	}
	if h.acked {
		lo = max(min(lo, h.off(h.ack)), lo-maxLead)
	}
	if hi < h.end {
		hi = h.end // there are holes: any byte may have been the next
	}
	switch {
	case rst.off >= lo && rst.off <= hi:
		c.resetAt(h, rst)
	case rst.off > hi && rst.off <= h.end+maxLead:
		if h.rst.known {
			h.st.Ignored++
		}
		h.rst = rst
	default:
		return Ignored
	}
	return Taken
}

func (c *Conn) resetAt(h *half, rst ending) {
	rst.sure = true
	h.rst = rst
	h.st.RST = rst.at
}

// advanceReset reports a RST when its place is reached or enough packets have
// passed, and drops one that never came to stand at the right place.
func (c *Conn) advanceReset(h *half, now bool) bool {
	r := &h.rst
	if !r.known || r.done {
		return false
	}
	late := now || c.n-r.seen >= patience
	if !r.sure {
		switch {
		case h.contiguous() == r.off:
			c.resetAt(h, *r)
		case late:
			*r = ending{}
			h.st.Ignored++
			return false
		default:
			return false
		}
	}
	if h.nxt < r.off && !late && h.stage == open {
		return false
	}
	r.done = true
	c.r.Reset(h.dir, r.at)
	return true
}

// Flush delivers what is held, stating the gaps, and returns all memory. It is
// for the end of the capture, of the flow, or of patience with it. More
// segments may follow, but holes before what was delivered stay holes.
func (c *Conn) Flush() {
	for d := range c.half {
		if h := &c.half[d]; h.stage == floating && (!h.pend.empty() || h.fin.known) {
			c.start(h)
		}
	}
	c.settle()
	for c.giveWay(NotCaptured) {
		c.settle()
	}
	for d := range c.half {
		h := &c.half[d]
		c.tail(h)
		c.advanceReset(h, true)
		h.forget()
	}
}

// giveWay ends the waiting of one direction and reports whether there was one.
// Holes go before acknowledgements: they may be what the other direction waits
// for.
func (c *Conn) giveWay(why Reason) bool {
	var w [2]wait
	best := -1
	for d := range c.half {
		w[d] = c.front(&c.half[d])
		if w[d].what == nothing {
			continue
		}
		if best < 0 || w[d].what == hole && w[best].what != hole ||
			w[d].what == w[best].what && w[d].at.Packet < w[best].at.Packet {
			best = d
		}
	}
	if best < 0 {
		return false
	}
	h := &c.half[best]
	if w[best].what == item {
		c.tail(&c.half[best^1])
	}
	c.pass(h, w[best], why)
	return true
}

// tail states bytes at the end of a stream that were acknowledged and never
// captured. A single one is not stated: it may have been a FIN.
func (c *Conn) tail(h *half) {
	if h.stage != open || h.absent() || h.fin.known || !h.pend.empty() || !h.acked {
		return
	}
	n := int64(int32(h.ack - h.seq(h.nxt)))
	h.st.TailMissed = n == 1
	if n > 1 && n <= maxLead {
		c.gap(h, n, NotCaptured, c.last)
		h.end = max(h.end, h.nxt)
	}
}
