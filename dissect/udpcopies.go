package dissect

import (
	"hash/maphash"
	"slices"

	"github.com/tlslens/tlslens/dissect/flow"
)

// mostCopies is how many datagrams of each side are remembered to know a copy of
// one: ports that mirror what comes in and what goes out show each packet twice,
// a moment apart.
const mostCopies = 32

// copySeed keeps others from making two datagrams that are taken for one.
var copySeed = maphash.MakeSeed()

// copies remembers the datagrams of a flow that came last. Two of the same bytes
// are copies of one: each that is sent again is numbered anew, in DTLS (RFC 9147,
// Section 4), in QUIC (RFC 9000, Section 12.3), or by what it carries, and a
// receiver drops the second one.
type copies struct {
	of   [2][]uint64 // hashes, the oldest at next once there are mostCopies
	next [2]int
}

// again reports whether a side's datagram is a copy of an earlier one.
func (c *copies) again(side flow.Side, b []byte) bool {
	h := maphash.Bytes(copySeed, b)
	of := c.of[side]
	switch {
	case slices.Contains(of, h):
		return true
	case len(of) < mostCopies:
		c.of[side] = append(of, h)
	default:
		of[c.next[side]] = h
		c.next[side] = (c.next[side] + 1) % mostCopies
	}
	return false
}
