package tcp

// startPatience is how many packets of the flow may pass before the first
// bytes seen in mid-stream are taken for the first there are. It is enough for
// packets that a capture swapped.
const startPatience = 8

// A successor is a SYN that may begin the next connection on the same ports,
// or may be forged: it counts once somebody acts on it (RFC 5961, Section 4,
// lets the real receiver challenge it).
type successor struct {
	set bool
	dir Dir
	seg Segment
}

// Successor returns the SYN that was set aside before Segment returned
// NewConnection, and whether there is one: the new connection began with it.
func (c *Conn) Successor() (Dir, Segment, bool) { return c.next.dir, c.next.seg, c.next.set }

// setAside keeps a SYN until somebody acts on it.
func (c *Conn) setAside(d Dir, s *Segment) {
	c.next = successor{set: true, dir: d, seg: *s}
	c.next.seg.Payload = append([]byte(nil), s.Payload...)
}

// isNew reports whether the segment belongs to a new connection: a SYN with
// other numbers after this one closed, or the answer to a SYN set aside.
func (c *Conn) isNew(h, o *half, s *Segment) bool {
	if s.Flags&(FIN|RST) != 0 && s.Flags&SYN != 0 {
		return false
	}
	if s.Flags&SYN != 0 && s.Flags&RST == 0 && h.stage == open && s.Seq+1 != h.base && c.Closed() {
		return true
	}
	if !c.next.set {
		return false
	}
	syn := &c.next.seg
	if c.next.dir == h.dir {
		// The same end goes on where its SYN left off, which is nowhere near
		// the old stream.
		off := h.off(s.Seq)
		near := off >= h.nxt-maxLead && off <= h.end+maxLead
		at := s.Seq - (syn.Seq + 1)
		return s.Flags&(SYN|RST|ACK) == ACK && !near && at <= uint32(len(syn.Payload)+syn.Missing)
	}
	if s.Flags&SYN != 0 && s.Flags&ACK == 0 {
		return syn.Flags&ACK != 0 && s.Seq+1 == syn.Ack // SYN/ACK came before SYN
	}
	if s.Flags&ACK == 0 || s.Ack-(syn.Seq+1) > uint32(len(syn.Payload)+syn.Missing) {
		return false
	}
	if s.Flags&SYN != 0 {
		return true
	}
	return syn.Flags&ACK != 0 && s.Seq == syn.Ack
}

// syn takes a SYN or SYN/ACK that does not begin a new connection for certain.
func (c *Conn) syn(h, o *half, s *Segment) Verdict {
	base := s.Seq + 1
	fresh := h.st.Bytes == 0 && h.st.Missing == 0 && h.nxt == 0 && !h.fin.done
	switch {
	case h.stage == unseen:
		c.open(h, base, s)
	case h.stage == open && base == h.base:
		if !h.synned {
			c.open(h, base, s)
		} else if len(s.Payload) == 0 {
			h.st.Retransmitted++
		}
	case fresh && !h.synned && h.fits(base):
		c.open(h, base, s) // came after what it begins
	case fresh && h.synned && h.pend.empty() && (s.Flags&ACK != 0) == (o.stage != unseen) && !h.acked:
		c.open(h, base, s) // nobody answered the first one
	default:
		c.setAside(h.dir, s)
		return Ignored
	}
	if s.Flags&ACK != 0 {
		c.answered(o, s.Ack)
	}
	return Taken
}

// fits reports whether a stream can begin at base, given what is held of it.
func (h *half) fits(base uint32) bool {
	if h.pend.empty() {
		return true
	}
	lead := h.pend.first().off - int64(int32(base-h.base))
	return lead >= 0 && lead <= maxLead
}

func (c *Conn) open(h *half, base uint32, s *Segment) {
	h.begin(base)
	h.synned, h.st.MidStream = true, false
	if !h.st.SYN.Seen() {
		h.st.SYN = s.At
	}
	if h.acked && (int32(h.ack-base) < 0 || int32(h.ack-h.seq(h.end)) > maxLead) {
		h.acked = false // of an earlier SYN
	}
}

// answered takes the acknowledgement in a SYN/ACK: it tells where the stream of
// the other end begins, if that end's SYN was not captured, comes later, or was
// followed by another.
func (c *Conn) answered(o *half, ack uint32) {
	fresh := o.st.Bytes == 0 && o.st.Missing == 0 && o.nxt == 0
	switch {
	case o.stage == unseen:
		o.begin(ack)
		o.stage = open
	case o.stage == floating && o.fits(ack):
		o.begin(ack)
	case o.stage == open && fresh && o.pend.empty() && (int32(ack-o.base) < 0 || int32(ack-o.seq(o.end)) > 0) && !o.acked:
		o.begin(ack)
	}
}

// float places the first segments of a direction that was seen to begin in
// mid-stream. It reports whether the half can take offsets of seq.
func (c *Conn) float(h *half, seq uint32, content bool) bool {
	if h.stage == unseen {
		h.stage, h.since, h.base, h.hint = floating, c.n, seq, seq
		return content
	}
	if !h.pend.empty() || h.fin.known {
		return true
	}
	if !content {
		if int32(seq-h.hint) > 0 {
			h.hint = seq
		}
		return false
	}
	h.base, h.end = seq, 0
	// A sender whose bare ACKs have been seen for long stands at hint; its
	// keep-alives stand one before.
	if d := seq - h.hint; c.n-h.since >= startPatience && d < maxLead {
		if d > 1 {
			h.base = h.hint
		}
		c.start(h)
	}
	return true
}

// start ends the floating of a half: what is held first comes first.
func (c *Conn) start(h *half) {
	base, at := h.base, c.last
	switch {
	case !h.pend.empty():
		base, at = h.seq(h.pend.first().off), h.pend.first().at
	case h.fin.known:
		base, at = h.seq(h.fin.off), h.fin.at
	}
	h.begin(base)
	h.st.MidStream = true
	c.r.Gap(h.dir, Gap{Bytes: -1, Why: MidStream, At: at})
}

// ripe reports whether a floating half has waited long enough.
func (c *Conn) ripe(h *half) bool {
	return h.stage == floating && (!h.pend.empty() || h.fin.known) && c.n-h.since >= startPatience
}
