package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// A Conn is one TCP connection. Its memory comes from a Pool; when a
// connection is given up, Flush gives it back.
type Conn struct {
	pool *Pool
	r    Receiver
	half [2]half
	last flow.Mark // of the last segment
	n    uint32    // segments handled; patience is measured in it
	busy bool      // settling; guards against settling twice
	next successor
}

// NewConn returns a connection of which nothing is known yet.
func NewConn(p *Pool, r Receiver) *Conn {
	c := new(Conn)
	c.Init(p, r)
	return c
}

// Init does what [NewConn] does for a Conn that is part of another struct.
// It must not be copied afterwards.
func (c *Conn) Init(p *Pool, r Receiver) {
	*c = Conn{pool: p, r: r}
	for d := range c.half {
		c.half[d].conn, c.half[d].dir = c, Dir(d)
		c.half[d].recent.on = true
	}
}

// Stats returns what was seen of direction d. It is live, not a copy.
func (c *Conn) Stats(d Dir) *Stats { return &c.half[d&1].st }

// Offset returns the offset of the next byte of d, delivered or skipped.
func (c *Conn) Offset(d Dir) int64 { return c.half[d&1].nxt }

// Skip says that the receiver will not read the next n bytes of direction d,
// counted from the end of what it was given. They are neither copied nor held
// nor delivered; holes in them are counted in Stats.SkippedHoles and not
// reported. n may be huge: the rest of the stream. A negative n does nothing.
func (c *Conn) Skip(d Dir, n int64) {
	h := &c.half[d&1]
	const far = 1 << 60
	if n > 0 {
		h.skip = max(h.skip, h.nxt+min(n, far))
	}
}

// Watch says whether delivered bytes are kept for a while, 64 KiB in each
// direction, to compare later copies with. A new Conn watches; stop when the
// handshake is over, it costs a copy of every byte.
func (c *Conn) Watch(on bool) {
	for d := range c.half {
		c.half[d].recent.on = on
		if !on {
			c.half[d].forget()
		}
	}
}

// Answered reports whether both directions were seen.
func (c *Conn) Answered() bool {
	return !c.half[0].absent() && !c.half[1].absent()
}

// Closed reports whether the connection ended: both ends sent a FIN, or one a
// RST that the other accepts. Late segments may still fill holes: give the
// flow a few seconds before Flush.
func (c *Conn) Closed() bool {
	a, b := &c.half[0], &c.half[1]
	return a.fin.known && b.fin.known || a.rst.known && a.rst.sure || b.rst.known && b.rst.sure
}

// Segment takes the next segment of direction d in the capture's order. After
// it returned, s and its payload may be reused.
func (c *Conn) Segment(d Dir, s *Segment) Verdict {
	d &= 1
	h, o := &c.half[d], &c.half[d^1]
	if c.inOrder(h, o, s) {
		return Taken
	}
	v := c.examine(h, o, s)
	if v == NewConnection {
		return v
	}
	if v == Ignored {
		h.st.Ignored++
	}
	c.settle()
	c.enforce(h)
	return v
}

// inOrder handles the segment that everyone expects: plain data at the next
// offset, acknowledging nothing that is still to come.
func (c *Conn) inOrder(h, o *half, s *Segment) bool {
	if s.Flags&(SYN|FIN|RST|ACK) != ACK || h.stage != open || s.Seq != h.seq(h.nxt) ||
		s.Missing != 0 || len(s.Payload) == 0 || !h.pend.empty() || h.fin.known || c.next.set ||
		!o.reached(s.Ack, h) {
		return false
	}
	c.note(h, s)
	if !o.noteAck(s.Ack) {
		h.st.BadAcks++
	}
	h.end = max(h.end, h.nxt+int64(len(s.Payload)))
	c.deliver(h, s.Payload, s.At)
	if !o.pend.empty() || o.stage == floating || o.fin.known || o.rst.known || h.rst.known {
		c.settle()
	}
	return true
}

// note counts a segment.
func (c *Conn) note(h *half, s *Segment) {
	c.n++
	c.last = s.At
	if h.st.Segments == 0 {
		h.st.First = s.At
	}
	h.st.Last = s.At
	h.st.Segments++
	if s.Flags&(ACK|SYN) == ACK && !h.st.FirstACK.Seen() {
		h.st.FirstACK = s.At
	}
}

// examine decides what a segment means, in the order of RFC 9293, Section
// 3.10.7.4: RST, SYN, ACK, data, FIN.
func (c *Conn) examine(h, o *half, s *Segment) Verdict {
	if c.isNew(h, o, s) {
		return NewConnection
	}
	c.note(h, s)
	switch {
	case s.Flags&SYN != 0 && s.Flags&(FIN|RST) != 0:
		return Ignored
	case s.Flags&RST != 0:
		return c.reset(h, o, s)
	case s.Flags&SYN != 0:
		if v := c.syn(h, o, s); v != Taken {
			return v
		}
	case s.Flags&ACK == 0:
		return Ignored // RFC 9293: without ACK, drop
	}
	if s.Flags&ACK != 0 && !o.noteAck(s.Ack) {
		h.st.BadAcks++
	}
	seq := s.Seq
	if s.Flags&SYN != 0 {
		seq++
	}
	n := len(s.Payload) + max(s.Missing, 0)
	if h.stage != open && !c.float(h, seq, n > 0 || s.Flags&FIN != 0) {
		return Taken
	}
	if n > 0 {
		if v := c.data(h, o, h.off(seq), s); v != Taken {
			return v
		}
	}
	if s.Flags&FIN != 0 {
		return c.finish(h, h.off(seq)+int64(n), s)
	}
	return Taken
}

// data takes a payload at an offset.
func (c *Conn) data(h, o *half, off int64, s *Segment) Verdict {
	b, missing := s.Payload, int64(max(s.Missing, 0))
	end := off + int64(len(b)) + missing
	if end-off <= 1 && off == h.end-1 && h.st.Segments > 1 {
		h.st.KeepAlives++ // one byte of garbage before SND.NXT (RFC 1122, Section 4.2.3.6)
		return Taken
	}
	if h.stage == open && end <= 0 {
		return Ignored // before the stream
	}
	if h.fin.known && end > h.fin.off && off <= h.end+maxLead {
		h.unfinish()
	}
	if h.stage == open && off < h.nxt {
		old := min(h.nxt-off, int64(len(b)))
		c.compareRecent(h, off, b[:old], s.At)
		h.st.Retransmitted++
		h.st.Repeated += min(end, h.nxt) - off
		if end <= h.nxt {
			return Taken
		}
		b = b[old:]
		missing = end - h.nxt - int64(len(b))
		off = h.nxt
	}
	h.end = max(h.end, end)
	gated := s.Flags&ACK != 0
	direct := h.stage == open && off == h.nxt && (h.pend.empty() || h.pend.first().off >= end) &&
		(!gated || end <= h.skip || o.reached(s.Ack, h))
	if direct {
		c.deliver(h, b, s.At)
		c.gap(h, missing, Cut, s.At)
		return Taken
	}
	if off > h.nxt && h.stage == open && !h.holds(off, end) {
		h.st.OutOfOrder++
	}
	c.hold(h, held{off: off, n: int64(len(b)), buf: b, at: s.At, ack: s.Ack, gated: gated, seen: c.n})
	if missing > 0 {
		c.hold(h, held{off: end - missing, n: missing, at: s.At, ack: s.Ack, gated: gated, seen: c.n, kind: cut})
	}
	return Taken
}

// deliver gives the receiver bytes that start at nxt.
func (c *Conn) deliver(h *half, b []byte, at flow.Mark) {
	if k := min(h.skip-h.nxt, int64(len(b))); k > 0 {
		h.nxt += k
		h.st.Skipped += k
		b = b[k:]
	}
	if len(b) == 0 {
		return
	}
	h.remember(b, at.Packet)
	h.nxt += int64(len(b))
	h.st.Bytes += int64(len(b))
	c.r.Data(h.dir, b, at)
}

// gap passes over n bytes that start at nxt.
func (c *Conn) gap(h *half, n int64, why Reason, at flow.Mark) {
	if k := min(h.skip-h.nxt, n); k > 0 {
		if why == Cut {
			h.st.Skipped += k // it was there, and nobody wanted to read it
		} else {
			h.st.SkippedHoles += k
		}
		h.nxt += k
		n -= k
	}
	if n <= 0 {
		return
	}
	off := h.nxt
	h.nxt += n
	h.st.Missing += n
	c.r.Gap(h.dir, Gap{Off: off, Bytes: n, Why: why, At: at})
}
