package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// maxLead is how far ahead of everything seen of a stream a number may lie and
// still be taken at its word: an ACK further ahead is of bytes never sent, a
// hole longer than that needs a second witness. Windows grow larger, but a
// sender has to fill them under the eyes of the capture.
const maxLead = 1 << 20

// A stage is how much is known of where a stream begins.
type stage uint8

const (
	unseen   stage = iota // no segment of this direction yet
	floating              // began in mid-stream; the start is still open
	open                  // offset 0 is fixed
)

// An ending is a FIN or RST that stands somewhere in the stream.
type ending struct {
	known bool
	sure  bool // RST: at a place where its receiver would accept it
	done  bool // reported
	gated bool // ack is valid
	off   int64
	ack   uint32
	seen  uint32
	at    flow.Mark
}

// A half is one direction: the stream that one end sends.
type half struct {
	conn *Conn
	dir  Dir

	stage  stage
	synned bool // the SYN itself was seen
	alone  bool // stopped waiting for a direction that is not in the capture
	acked  bool // ack is valid
	waived bool // waive is valid
	listed bool // in the pool's list of holders

	base  uint32 // sequence number of offset 0, the byte after the SYN
	hint  uint32 // while floating without data: where the sender stands
	ack   uint32 // highest believable acknowledgement by the other end
	waive uint32 // acknowledgements up to here hold nothing back any more
	since uint32 // packet count at the first segment

	nxt  int64 // offset of the next byte to deliver; a FIN counts as one
	end  int64 // highest offset seen, plus one
	skip int64 // offsets below are not to be delivered

	pend       pending
	fin, rst   ending
	recent     recent
	st         Stats
	prev, next *half // in the pool's list of holders
}

// absent reports whether the capture holds no segment of this direction, so
// far.
func (h *half) absent() bool { return h.st.Segments == 0 }

// seq returns the sequence number of an offset.
func (h *half) seq(off int64) uint32 { return h.base + uint32(off) }

// off returns the offset of a sequence number, which is within 2^31 of nxt.
func (h *half) off(seq uint32) int64 {
	return h.nxt + int64(int32(seq-h.seq(h.nxt)))
}

// begin fixes offset 0 at sequence number base.
func (h *half) begin(base uint32) {
	delta := int64(int32(base - h.base)) // new offsets are smaller by it
	had := h.stage == floating || h.stage == open
	h.base, h.nxt, h.stage = base, 0, open
	if !had || delta == 0 {
		h.end = max(h.end, 0)
		return
	}
	h.end = max(h.end-delta, 0)
	if h.pend.empty() && !h.fin.known {
		h.end = 0
	}
	for i := range h.pend.len() {
		h.pend.at(i).off -= delta
	}
	h.fin.off -= delta
	h.rst.off -= delta
	h.trim()
	if h.fin.known && h.fin.off < 0 {
		h.fin = ending{}
	}
	h.rst.off = max(h.rst.off, 0)
}

// trim drops what is held below nxt.
func (h *half) trim() {
	for !h.pend.empty() && h.pend.first().off < h.nxt {
		e := h.pend.first()
		if e.end() > h.nxt {
			k := h.nxt - e.off
			if e.kind == data {
				copy(e.buf, e.buf[k:])
				e.buf = e.buf[:e.n-k]
			}
			e.off, e.n = h.nxt, e.n-k
			return
		}
		h.pop()
	}
}

// pop drops the first held stretch.
func (h *half) pop() {
	p := h.conn.pool
	p.release(h.pend.shift())
	if h.pend.empty() {
		p.delist(h)
	}
}

// noteAck takes an acknowledgement of this stream by its receiver.
func (h *half) noteAck(ack uint32) (ok bool) {
	if !h.absent() && (h.stage == open || !h.pend.empty()) {
		end := h.seq(h.end)
		if int32(ack-end) > maxLead {
			return false
		}
		if end-h.ack+maxLead > 1<<30 {
			h.acked = false // taken before anything was known, or ages ago
		}
	}
	if !h.acked || int32(ack-h.ack) > 0 {
		h.ack, h.acked = ack, true
	}
	return true
}

// covers reports whether the receiver acknowledged all bytes below off.
func (h *half) covers(off int64) bool {
	return h.acked && int32(h.ack-h.seq(off)) >= 0
}

// contiguous returns the offset of the first byte that is neither delivered
// nor held.
func (h *half) contiguous() int64 {
	at := h.nxt
	for i := range h.pend.len() {
		e := h.pend.at(i)
		h.conn.pool.ops++
		if e.off != at {
			break
		}
		at = e.end()
	}
	return at
}

// reached reports whether everything that the other direction had to know for
// sending ack has been delivered of this one, or need not be waited for.
// from is the direction that waits.
func (h *half) reached(ack uint32, from *half) bool {
	if h.stage == open && int32(ack-h.seq(h.nxt)) <= 0 {
		return true
	}
	if h.waived && int32(ack-h.waive) <= 0 && h.waive-ack < maxLead || h.absent() && from.alone {
		return true
	}
	switch h.stage {
	case unseen:
		return false
	case floating:
		// A bare ACK tells where its sender stands, once nothing from before
		// can be on its way.
		return h.pend.empty() && !h.fin.known && int32(ack-h.hint) <= 0 && h.conn.n-h.since >= startPatience
	}
	return int32(ack-h.seq(h.end)) > maxLead
}
