package starttls

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
)

// A framing is a dialect that wraps TLS in frames of its own.
type framing interface {
	dialect
	// begins tells where the unread bytes stand when the dialect begins.
	begins(off0, off1 int64)
	// start reports whether a ClientHello was found in the frames.
	start(t *Talk) (Start, bool)
}

// found is what a framing keeps of the inner stream while it is not known yet
// that it is TLS: its first bytes. It is the Stream behind the frames then.
type found struct {
	head  [2][]byte
	where [2]int64 // where the frames begin, by direction
}

func (f *found) begins(off0, off1 int64) { f.where = [2]int64{off0, off1} }

// Data implements [Stream].
func (f *found) Data(side flow.Side, b []byte, at flow.Mark) {
	if h := f.head[side]; len(h) < 2*hello {
		f.head[side] = append(h, b[:min(len(b), 2*hello-len(h))]...)
	}
}

// Skippable implements [Stream].
func (f *found) Skippable(flow.Side) int64 { return 0 }

// Skipped implements [Stream].
func (f *found) Skipped(flow.Side, int64, flow.Mark) {}

// Gap implements [Stream].
func (f *found) Gap(flow.Side, conn.Gap, flow.Mark) {}

// Note implements [Stream].
func (f *found) Note(flow.Side, string, flow.Mark) {}

// Close implements [Stream].
func (f *found) Close(conn.End, flow.Side, flow.Mark) {}

// tls tells whether the client's inner bytes begin TLS.
func (f *found) tls() fit {
	h := f.head[flow.Client]
	switch v := record.Probe(h); {
	case len(h) < hello && (v == record.Client || v == record.Incomplete):
		return maybe
	case v == record.Client:
		return yes
	}
	return no
}

// borders follows the records of a stream of TLS, so that its end is noticed
// where something else goes on in the clear.
type borders struct {
	have  int // bytes of the header that are there
	hdr   [5]byte
	left  int64 // of the record's content
	blind bool  // after a hole: everything is taken for TLS
	ended bool
}

// take returns how many of the first bytes of b belong to TLS.
func (r *borders) take(b []byte) int {
	n := 0
	for n < len(b) && !r.ended {
		switch {
		case r.blind:
			return len(b)
		case r.left > 0:
			k := int(min(r.left, int64(len(b)-n)))
			n += k
			r.left -= int64(k)
			continue
		}
		if r.have == 0 && !isTLS(b[n:]) {
			r.ended = true
			break
		}
		k := copy(r.hdr[r.have:], b[n:])
		n += k
		if r.have += k; r.have == len(r.hdr) {
			r.left, r.have = int64(r.hdr[3])<<8|int64(r.hdr[4]), 0
		}
	}
	return n
}

// isTLS reports whether b may begin a TLS record.
func isTLS(b []byte) bool {
	return b[0] >= 20 && b[0] <= 24 && (len(b) < 2 || b[1] == 3)
}
