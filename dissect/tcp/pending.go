package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// A kind says what is known of a held stretch of the stream.
type kind uint8

const (
	data    kind = iota // its bytes are in buf
	skipped             // nobody will read it
	cut                 // the capture did not keep it
)

// A held is a stretch of the stream that waits for its turn.
type held struct {
	off   int64
	n     int64
	buf   []byte // n bytes if kind is data
	at    flow.Mark
	next  *held // in the pool's free list
	ack   uint32
	seen  uint32 // the connection's packet count when it came
	gated bool   // ack is valid
	kind  kind
}

func (e *held) end() int64 { return e.off + e.n }

// A pending is a list of held stretches, sorted and without overlap. It is a
// sorted array with room at both ends: searching is binary, inserting moves the
// shorter side, so segments in rising or falling order cost O(1) each and
// others a short memmove.
type pending struct {
	buf    []*held
	lo, hi int
	cost   int // bytes lent by the pool for it
}

func (q *pending) len() int        { return q.hi - q.lo }
func (q *pending) at(i int) *held  { return q.buf[q.lo+i] }
func (q *pending) first() *held    { return q.buf[q.lo] }
func (q *pending) last() *held     { return q.buf[q.hi-1] }
func (q *pending) empty() bool     { return q.lo == q.hi }
func (q *pending) charge(e *held)  { q.cost += overhead + cap(e.buf) }
func (q *pending) release(e *held) { q.cost -= overhead + cap(e.buf) }

// search returns the index of the first stretch that ends after off.
func (q *pending) search(off int64, ops *int64) int {
	i, j := 0, q.len()
	if j > 0 && q.last().end() <= off {
		return j
	}
	for i < j {
		*ops++
		m := int(uint(i+j) / 2)
		if q.at(m).end() > off {
			j = m
		} else {
			i = m + 1
		}
	}
	return i
}

// insert puts e at index i.
func (q *pending) insert(i int, e *held, ops *int64) {
	n := q.len()
	front := i < n-i
	if front && q.lo == 0 || !front && q.hi == len(q.buf) {
		q.recentre(n, ops)
	}
	if front {
		q.lo--
		copy(q.buf[q.lo:], q.buf[q.lo+1:q.lo+1+i])
		*ops += int64(i)
	} else {
		q.hi++
		copy(q.buf[q.lo+i+1:q.hi], q.buf[q.lo+i:q.hi-1])
		*ops += int64(n - i)
	}
	q.buf[q.lo+i] = e
	q.charge(e)
}

// recentre leaves room for n/2+2 entries at both ends.
func (q *pending) recentre(n int, ops *int64) {
	room := n/2 + 2
	old, lo, hi := q.buf, q.lo, q.hi
	if need := n + 2*room; len(old) < need {
		q.buf = make([]*held, need)
	}
	q.lo = (len(q.buf) - n) / 2
	q.hi = q.lo + n
	copy(q.buf[q.lo:q.hi], old[lo:hi])
	clear(q.buf[:q.lo])
	clear(q.buf[q.hi:])
	*ops += int64(n)
}

// shift removes the first stretch. An emptied list keeps only a small array.
func (q *pending) shift() *held {
	e := q.buf[q.lo]
	q.buf[q.lo] = nil
	q.lo++
	q.release(e)
	if q.lo == q.hi {
		q.lo, q.hi = len(q.buf)/2, len(q.buf)/2
		if len(q.buf) > 64 {
			*q = pending{}
		}
	}
	return e
}
