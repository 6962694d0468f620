package dissect

import (
	"bytes"
	"slices"

	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// checksums counts what the TCP checksums of one direction were.
type checksums struct{ good, bad int }

// A doubtful segment may be one that no receiver took. It is set aside until
// its direction goes on: if that carries other bytes for the same place, the
// doubtful one is dropped, otherwise it is taken after all.
type doubtful struct {
	seg tcp.Segment
	why doubtReason
	old int // packets of the flow since it was set aside
}

type doubtReason uint8

const (
	// badChecksum: a wrong checksum is normal where a network card makes or
	// merges segments, and telling where others of the direction are right.
	badChecksum doubtReason = iota
	// tiny: some middleboxes count the padding of a bare acknowledgement into
	// its length.
	tiny
)

const (
	// checksumsLooked bounds for how many segments sums are made: forged
	// segments pay at the beginning of a flow, and sums cost.
	checksumsLooked = 16
	// doubtPatience is how many packets of the flow a wrong checksum waits.
	doubtPatience = 4
	// tinyPayload is what brings a bare segment to the least size of a frame.
	tinyPayload = 6
)

// genuine reports whether a segment may be taken now. One in doubt is set
// aside and may be taken later.
func (f *tcpFlow) genuine(dir tcp.Dir, d *packet.Packet, s *tcp.Segment) bool {
	if f.stage == passing {
		return true
	}
	valid := f.checksum(dir, d)
	f.settleDoubt(dir, s, valid)
	why := badChecksum
	switch sum := &f.sums[dir]; {
	case len(s.Payload) == 0:
		return true
	case f.doubt[dir] != nil:
		return !isTiny(s) // a repetition of what is set aside
	case isTiny(s):
		why = tiny
	case valid || sum.bad > 1 || sum.good == 0:
		return true
	}
	x := *s
	x.Payload = slices.Clone(s.Payload)
	f.doubt[dir] = &doubtful{seg: x, why: why}
	if s.Flags&tcp.SYN != 0 { // the SYN itself is in no doubt
		x.Seq, x.Flags = dataSeq(s), tcp.ACK
		f.doubt[dir].seg = x
		s.Payload = nil
		return true
	}
	return false
}

// dataSeq is the sequence number of the first byte of payload.
func dataSeq(s *tcp.Segment) uint32 {
	if s.Flags&tcp.SYN != 0 {
		return s.Seq + 1
	}
	return s.Seq
}

// isTiny reports whether a segment is an acknowledgement with a few bytes.
func isTiny(s *tcp.Segment) bool {
	return s.Flags&^tcp.SYN == tcp.ACK && len(s.Payload) > 0 && len(s.Payload) <= tinyPayload
}

// checksum reports whether the checksum of a segment is right or not looked at.
func (f *tcpFlow) checksum(dir tcp.Dir, d *packet.Packet) bool {
	sum := &f.sums[dir]
	if sum.good+sum.bad >= checksumsLooked {
		return true
	}
	valid, known := d.TransportChecksumOK()
	switch {
	case !known:
		return true
	case valid:
		sum.good++
	default:
		sum.bad++
	}
	return valid
}

// settleDoubt decides on the segments that were set aside, now that s came.
func (f *tcpFlow) settleDoubt(dir tcp.Dir, s *tcp.Segment, valid bool) {
	if q := f.doubt[dir]; q != nil && len(s.Payload) > 0 {
		switch {
		case contradicts(&q.seg, s) && (valid || q.why == tiny):
			f.dropDoubt(dir)
		case q.why != tiny || !isTiny(s) || dataSeq(s) != q.seg.Seq:
			f.releaseDoubt(dir)
		}
	}
	for d, q := range f.doubt {
		if q == nil {
			continue
		}
		q.old++
		end := q.seg.Seq + uint32(len(q.seg.Payload))
		taken := tcp.Dir(d) != dir && s.Flags&tcp.ACK != 0 && int32(s.Ack-end) >= 0
		if taken || q.why == badChecksum && q.old >= doubtPatience {
			f.releaseDoubt(tcp.Dir(d))
		}
	}
}

// contradicts reports whether two segments have different bytes for the same
// place.
func contradicts(a, b *tcp.Segment) bool {
	x, y := a.Payload, b.Payload
	switch off := int32(dataSeq(b) - dataSeq(a)); {
	case off >= int32(len(x)) || off <= -int32(len(y)):
		return false
	case off >= 0:
		x = x[off:]
	default:
		y = y[-off:]
	}
	n := min(len(x), len(y))
	return !bytes.Equal(x[:n], y[:n])
}

// dropDoubt gives up the segment that was set aside.
func (f *tcpFlow) dropDoubt(dir tcp.Dir) {
	q := f.doubt[dir]
	f.doubt[dir] = nil
	if q.why == badChecksum {
		f.noteOn(dir, "a segment whose checksum is wrong was ignored: one with the right checksum has other bytes for the same place", q.seg.At)
	}
}

// releaseDoubt takes the segment that was set aside after all.
func (f *tcpFlow) releaseDoubt(dir tcp.Dir) {
	if q := f.doubt[dir]; q != nil {
		f.doubt[dir] = nil
		f.tcp.Segment(dir, &q.seg)
	}
}
