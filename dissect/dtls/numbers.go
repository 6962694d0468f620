package dtls

import (
	"fmt"
)

// numbers follows the record numbers of a side, which tell what the capture
// lacks and what it holds twice (RFC 6347, Section 4.1.2.6). Epoch 0 is left
// out: servers that keep no state number its records as they like.
type numbers struct {
	epoch  uint16
	first  uint64
	last   uint64
	window uint64 // bit i: last-i was seen
	seen   uint64
	lost   uint64 // of earlier epochs
	twice  uint64
}

// add takes a record's number and reports whether it was there before.
func (n *numbers) add(h header) (twice bool) {
	if h.epoch == 0 || h.epoch < n.epoch {
		return false
	}
	if h.epoch > n.epoch {
		*n = numbers{epoch: h.epoch, first: h.seq, last: h.seq, window: 1, seen: 1, lost: n.missing(), twice: n.twice}
		return false
	}
	switch d := h.seq - n.last; {
	case h.seq > n.last:
		n.window = n.window<<min(d, 64) | 1 // a shift by 64 leaves nothing
		n.last = h.seq
	case n.last-h.seq >= 64:
		n.first = min(n.first, h.seq)
	case n.window>>(n.last-h.seq)&1 != 0:
		n.twice++
		return true
	default:
		n.window |= 1 << (n.last - h.seq)
		n.first = min(n.first, h.seq)
	}
	n.seen++
	return false
}

// missing returns how many numbers between the first and the last were not
// seen.
func (n *numbers) missing() uint64 {
	all := n.last - n.first + 1
	if n.seen == 0 || n.seen >= all {
		return n.lost
	}
	return n.lost + all - n.seen
}

// say words what the numbers tell, "" for nothing.
func (n *numbers) say() (lost, twice string) {
	if m := n.missing(); m > 0 {
		lost = countOf(m, "record number was", "record numbers were") + " passed over: what has them is not in the capture"
	}
	if n.twice > 0 {
		twice = countOf(n.twice, "record is", "records are") + " more than once in the capture, by their numbers"
	}
	return lost, twice
}

// countOf writes a number with its noun.
func countOf(n uint64, noun ...string) string {
	s := noun[0]
	switch {
	case n != 1 && len(noun) > 1:
		s = noun[1]
	case n != 1:
		s += "s"
	}
	return fmt.Sprintf("%d %s", n, s)
}
