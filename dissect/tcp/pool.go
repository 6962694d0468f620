package tcp

import (
	"math/bits"

	"github.com/tlslens/tlslens/dissect/flow"
)

// overhead is charged for every held segment besides its buffer: the held
// struct, its place in the list and what growing leaves unused.
const overhead = 160

const (
	minClass = 6  // buffers have at least 64 bytes
	maxClass = 16 // and at most 64 KiB
	maxBuf   = 1 << maxClass
)

// A Pool lends memory for segments that must wait, to all connections of one
// goroutine. It keeps what is given back for the next borrower, within the
// same limit.
type Pool struct {
	limit   int // bytes, of all connections
	pending int // bytes, of one direction
	used    int // bytes lent, overhead included
	watched int // the part of used that keeps delivered bytes
	idle    int // bytes kept for the next borrower
	free    [maxClass + 1][][]byte
	held    *held // free list
	oldest  *half // halves that hold something, by when they began to
	newest  *half
	ops     int64 // steps done searching and moving; read by tests
}

// NewPool returns a pool that lends at most l.TotalBytes, of which
// l.PendingBytes to one direction of one connection.
func NewPool(l flow.Limits) *Pool {
	l = l.WithDefaults()
	return &Pool{limit: l.TotalBytes, pending: l.PendingBytes}
}

// Used returns the bytes lent out, bookkeeping included. It exceeds the limit
// at most while one segment is handled.
func (p *Pool) Used() int { return p.used }

func class(n int) int { return max(bits.Len(uint(max(n, 1)-1)), minClass) }

// get returns a buffer of length n, at most maxBuf, with unspecified content.
func (p *Pool) get(n int) []byte {
	c := class(n)
	p.used += 1 << c
	if f := p.free[c]; len(f) > 0 {
		b := f[len(f)-1]
		p.free[c] = f[:len(f)-1]
		p.idle -= 1 << c
		return b[:n]
	}
	return make([]byte, n, 1<<c)
}

func (p *Pool) put(b []byte) {
	n := cap(b)
	if n == 0 {
		return
	}
	p.used -= n
	if p.used+p.idle+n > p.limit {
		return
	}
	p.idle += n
	c := class(n)
	p.free[c] = append(p.free[c], b[:0])
}

func (p *Pool) newHeld() *held {
	p.used += overhead
	e := p.held
	if e == nil {
		return new(held)
	}
	p.held, e.next = e.next, nil
	return e
}

func (p *Pool) release(e *held) {
	p.put(e.buf)
	p.used -= overhead
	*e = held{}
	if p.used+p.idle < p.limit {
		e.next, p.held = p.held, e
	}
}

// enlist notes that h holds something; delist that it does no more.
func (p *Pool) enlist(h *half) {
	if h.listed {
		return
	}
	h.listed, h.prev, h.next = true, p.newest, nil
	if p.newest != nil {
		p.newest.next = h
	} else {
		p.oldest = h
	}
	p.newest = h
}

func (p *Pool) delist(h *half) {
	if !h.listed {
		return
	}
	if h.prev != nil {
		h.prev.next = h.next
	} else {
		p.oldest = h.next
	}
	if h.next != nil {
		h.next.prev = h.prev
	} else {
		p.newest = h.prev
	}
	h.listed, h.prev, h.next = false, nil, nil
}
