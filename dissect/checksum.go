package dissect

import (
	"bytes"
	"slices"

	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// checksums counts what the TCP checksums of one direction were.
type checksums struct{ good, bad int }

// A doubtful segment is the first of its direction whose checksum is wrong. A
// wrong checksum is normal where a network card makes or merges segments; but
// if a segment with a right one soon carries other bytes for the same place,
// then no receiver took this one.
type doubtful struct {
	dir  tcp.Dir
	seg  tcp.Segment
	left int // packets of the flow to wait for a better copy
}

// Only the beginning of a flow is looked at: forged segments pay there, and
// sums cost.
const (
	checksumsLooked = 16
	doubtPatience   = 4
)

// genuine reports whether a segment may be taken now. One in doubt is set
// aside, and taken later unless a better copy of it comes.
func (f *tcpFlow) genuine(dir tcp.Dir, d *packet.Packet, s *tcp.Segment) bool {
	sum := &f.sums[dir]
	if f.stage == passing || f.doubt == nil && sum.good+sum.bad >= checksumsLooked {
		return true
	}
	valid, known := d.TransportChecksumOK()
	if known && valid {
		sum.good++
	} else if known {
		f.p.stats.BadChecksums++
	}
	f.settleDoubt(dir, s, known && valid)
	if valid || !known {
		return true
	}
	if sum.bad > 0 || sum.good == 0 || len(s.Payload) == 0 || f.doubt != nil {
		sum.bad++
		return true
	}
	x := *s
	x.Payload = slices.Clone(s.Payload)
	f.doubt = &doubtful{dir: dir, seg: x, left: doubtPatience}
	return false
}

// settleDoubt decides on the segment that was set aside, now that s came.
func (f *tcpFlow) settleDoubt(dir tcp.Dir, s *tcp.Segment, valid bool) {
	q := f.doubt
	if q == nil {
		return
	}
	off := int32(s.Seq - q.seg.Seq)
	overlaps := dir == q.dir && off < int32(len(q.seg.Payload)) && -off < int32(len(s.Payload))
	switch {
	case overlaps && valid && differ(&q.seg, s, off):
		f.doubt = nil
		f.noteOn(dir, "a segment whose checksum is wrong was ignored: one with the right checksum carries that place of the stream", q.seg.At)
	case dir == q.dir && len(s.Payload) > 0:
		f.releaseDoubt()
	default:
		if q.left--; q.left == 0 {
			f.releaseDoubt()
		}
	}
}

// differ reports whether b, which stands off bytes behind a, has other bytes
// where both have some.
func differ(a, b *tcp.Segment, off int32) bool {
	x, y := a.Payload, b.Payload
	if off >= 0 {
		x = x[off:]
	} else {
		y = y[-off:]
	}
	n := min(len(x), len(y))
	return !bytes.Equal(x[:n], y[:n])
}

// padding reports whether a payload is nothing but the padding that some
// middleboxes count into the length of a bare acknowledgement: a few zeros. No
// TLS record begins so.
func padding(s *tcp.Segment) bool {
	const most = 6 // what brings a bare segment to the least size of a frame
	if s.Flags != tcp.ACK || len(s.Payload) > most {
		return false
	}
	for _, c := range s.Payload {
		if c != 0 {
			return false
		}
	}
	return true
}

// releaseDoubt takes the segment that was set aside after all.
func (f *tcpFlow) releaseDoubt() {
	if q := f.doubt; q != nil {
		f.doubt = nil
		f.sums[q.dir].bad++
		f.tcp.Segment(q.dir, &q.seg)
	}
}
