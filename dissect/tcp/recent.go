package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// A recent keeps the bytes that were delivered last, to compare later copies
// with them.
type recent struct {
	on    bool
	buf   []byte // borrowed from the pool
	end   int64  // offset behind the last byte
	marks []piece
}

// A piece says which packet carried the bytes before end (from the end of the
// piece before).
type piece struct {
	end    int64
	packet uint64
}

// maxPieces bounds the marks where segments are tiny.
const maxPieces = 512

// remember keeps a copy of b, which is about to be delivered. When half the
// shared memory is spent on such copies, it forgets instead.
func (h *half) remember(b []byte, packet uint64) {
	r := &h.recent
	if !r.on {
		return
	}
	if len(b) > maxBuf {
		h.forget() // larger than all that is kept
		return
	}
	if r.end != h.nxt || len(r.marks) == maxPieces {
		r.buf, r.marks = r.buf[:0], r.marks[:0]
	}
	if need := len(r.buf) + len(b); need > cap(r.buf) && !h.enlarge(need) {
		h.forget()
		return
	}
	r.buf = append(r.buf, b...)
	r.end = h.nxt + int64(len(b))
	r.marks = append(r.marks, piece{r.end, packet})
}

// enlarge makes room for need bytes, at the cost of the oldest where there are
// more than 64 KiB.
func (h *half) enlarge(need int) bool {
	r, p := &h.recent, h.conn.pool
	if need > maxBuf {
		drop := max(need-maxBuf, len(r.buf)/2)
		r.buf = r.buf[:copy(r.buf, r.buf[drop:])]
		start, k := r.end-int64(len(r.buf)), 0
		for k < len(r.marks) && r.marks[k].end <= start {
			k++
		}
		r.marks = r.marks[:copy(r.marks, r.marks[k:])]
		need -= drop
	}
	if need <= cap(r.buf) {
		return true
	}
	size := 1 << class(min(max(need, 2*cap(r.buf), 1024), maxBuf))
	if p.watched+size > p.limit/2 || p.used+size > p.limit {
		return false
	}
	old := r.buf
	r.buf = p.get(size)[:len(old)]
	copy(r.buf, old)
	p.watched += cap(r.buf) - cap(old)
	p.put(old)
	return true
}

// forget gives the kept bytes back.
func (h *half) forget() {
	r, p := &h.recent, h.conn.pool
	p.watched -= cap(r.buf)
	p.put(r.buf)
	r.buf, r.marks = nil, nil
}

// compareRecent compares b, an old copy of the bytes at off, with what was
// delivered there.
func (c *Conn) compareRecent(h *half, off int64, b []byte, at flow.Mark) {
	r := &h.recent
	start := r.end - int64(len(r.buf))
	lo, hi := max(off, start), min(off+int64(len(b)), r.end)
	if lo >= hi {
		return
	}
	x := Conflict{Delivered: true}
	x.compare(lo, r.buf[lo-start:hi-start], b[lo-off:hi-off], 0)
	for _, p := range r.marks {
		if x.Kept = p.packet; p.end > x.Off {
			break
		}
	}
	c.conflict(h, x, at)
}
