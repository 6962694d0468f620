package dissect

import (
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of putting datagrams in order.
const (
	// mostHeld is the size of the largest datagram that waits for the next one.
	mostHeld = 2048
	// mostAstray is how much later than its successor a datagram may have been
	// captured by the clock; more is a clock that was set.
	mostAstray = time.Second
)

// An ordered hands a connection's datagrams on in the order of the capture's
// clock, as far as two neighbours are concerned: network cards with several
// queues exchange them, and nothing in UDP tells their order otherwise. It
// holds one datagram back until the next one comes.
type ordered struct {
	to      datagramStream
	room    *int // bytes that all connections may still hold
	b       []byte
	side    flow.Side
	missing int
	at      flow.Mark
	holds   bool
}

// Datagram implements [datagramStream].
func (o *ordered) Datagram(side flow.Side, b []byte, missing int, at flow.Mark) {
	if o.holds && o.at.After(at) && o.at.Time.Sub(at.Time) < mostAstray {
		o.to.Datagram(side, b, missing, at)
		o.release()
		return
	}
	o.release()
	if len(b) > mostHeld || !o.afford() {
		o.to.Datagram(side, b, missing, at)
		return
	}
	o.b = append(o.b, b...)
	o.side, o.missing, o.at, o.holds = side, missing, at, true
}

// afford makes room for a datagram.
func (o *ordered) afford() bool {
	if o.b == nil {
		if *o.room < mostHeld {
			return false
		}
		*o.room -= mostHeld
		o.b = make([]byte, 0, mostHeld)
	}
	return true
}

// release hands on the datagram that is held.
func (o *ordered) release() {
	if o.holds {
		o.holds = false
		o.to.Datagram(o.side, o.b, o.missing, o.at)
		o.b = o.b[:0]
	}
}

// Close implements [datagramStream].
func (o *ordered) Close(how conn.End, by flow.Side, at flow.Mark) {
	o.release()
	if o.b != nil {
		*o.room += mostHeld
		o.b = nil
	}
	o.to.Close(how, by, at)
}

// Succeeds implements [successor] for a stream that does.
func (o *ordered) Succeeds(b []byte) bool {
	s, ok := o.to.(successor)
	return ok && s.Succeeds(b)
}
