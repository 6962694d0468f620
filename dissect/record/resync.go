package record

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// Gap takes a hole of n bytes, n < 0 if its size is not known.
func (s *Stream) Gap(side flow.Side, g conn.Gap, at flow.Mark) {
	h := &s.sides[side]
	if h.foreign {
		s.tellForeign(side, true)
		return
	}
	g.Side, g.Offset = side, h.offset
	inside := !h.lost && h.hdrLen == headerLen && h.mode == pass && g.Bytes >= 0 && g.Bytes <= h.left
	g.Record = inside
	s.in.Gap(g, at)
	s.keys.Skip(side, g.Bytes)
	if g.Bytes > 0 {
		h.offset += g.Bytes
	}
	if inside {
		h.left -= g.Bytes
		if h.left == 0 {
			s.endRecord(side, at)
		}
		return
	}
	wasLost := h.lost
	if h.lost {
		s.settle(side, at)
	}
	h.doubt = true
	h.body = h.body[:0]
	if left := h.left; !wasLost && h.hdrLen == headerLen && g.Bytes >= 0 && g.Bytes <= left {
		// The hole ends inside the record that is being read: what it said is
		// gone, but its end is known.
		h.mode, h.left = pass, left-g.Bytes
		h.rh.Type = contentTorn
		if h.left == 0 {
			h.hdrLen = 0
		}
		return
	}
	h.lost, h.hole, h.hdrLen, h.left = true, true, 0, 0
	h.scan, h.garbage = h.scan[:0], 0
}

// contentTorn marks a record of which bytes are missing; no content type has it.
const contentTorn tls.ContentType = 255

// lose gives up the record boundary of a side because what stands there is no
// record.
func (s *Stream) lose(side flow.Side, at flow.Mark, why string) {
	h := &s.sides[side]
	if !h.odd {
		h.odd = true
		s.in.Note(side, why+"; looking for the next record", at)
	}
	h.lost, h.hole, h.hdrLen, h.doubt = true, false, 0, true
}

// search looks for the next record: a plausible header whose record is followed
// by another plausible header or by the end of what one packet brought.
func (s *Stream) search(side flow.Side, b []byte, at flow.Mark) {
	h := &s.sides[side]
	h.scan = append(h.scan, b...)
	i := 0
	for ; i+headerLen <= len(h.scan); i++ {
		next, ok := recordAt(h.scan, i)
		if !ok {
			continue
		}
		if next+headerLen <= len(h.scan) {
			if _, ok := recordAt(h.scan, next); !ok {
				continue
			}
		} else if next != len(h.scan) {
			break // the record is not complete yet: wait for what follows it
		}
		s.found(side, i, at)
		return
	}
	h.garbage += int64(i)
	h.scan = append(h.scan[:0], h.scan[i:]...)
}

// recordAt reports whether a believable record begins at b[i], and where it
// ends. Random bytes look so once in ten million.
func recordAt(b []byte, i int) (next int, ok bool) {
	if i+headerLen > len(b) {
		return 0, false
	}
	rh, ok := tls.ParseRecordHeader(b[i : i+headerLen])
	if !ok || !rh.Plausible() || rh.Length == 0 || rh.Length > maxSealed {
		return 0, false
	}
	return i + headerLen + rh.Length, true
}

// found resumes reading at h.scan[i].
func (s *Stream) found(side flow.Side, i int, at flow.Mark) {
	h := &s.sides[side]
	rest := append([]byte(nil), h.scan[i:]...)
	h.garbage += int64(i)
	if h.garbage > 0 {
		what := "%d bytes that are no records were passed over"
		if h.hole {
			what = "%d bytes behind the gap were passed over: the header of their record is not in the capture"
		}
		s.in.Note(side, fmt.Sprintf(what, h.garbage), at)
	}
	h.lost, h.garbage, h.scan = false, 0, nil
	h.offset -= int64(len(rest)) // Data counts them again
	s.Data(side, rest, at)
}

// settle ends a search: a last record that ends exactly where the bytes end is
// believed, anything else is given up.
func (s *Stream) settle(side flow.Side, at flow.Mark) {
	h := &s.sides[side]
	h.garbage += int64(len(h.scan))
	h.scan = h.scan[:0]
	if h.garbage > 0 {
		what := "the last %d bytes are no records"
		if h.hole {
			what = "%d bytes behind the gap could not be told to be records"
		}
		s.in.Note(side, fmt.Sprintf(what, h.garbage), at)
	}
	h.garbage = 0
}

// Close takes the end of the flow. What is incomplete is said.
func (s *Stream) Close(how conn.End, by flow.Side, at flow.Mark) {
	for side := flow.Client; side <= flow.Server; side++ {
		h := &s.sides[side]
		switch {
		case h.foreign:
			s.tellForeign(side, true)
		case h.lost:
			s.settle(side, at)
		case h.hdrLen == headerLen && h.left > 0 && h.rh.Type != contentTorn:
			s.in.Note(side, fmt.Sprintf("the last record has %d of %d bytes", int64(h.rh.Length)-h.left, h.rh.Length), at)
		case h.hdrLen > 0 && h.hdrLen < headerLen:
			s.in.Note(side, fmt.Sprintf("the last record header has %d of %d bytes", h.hdrLen, headerLen), at)
		}
	}
	s.in.End(how, by, at)
}
