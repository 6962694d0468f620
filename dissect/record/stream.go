// Package record is the carrier of TLS over TCP: it cuts the byte stream of
// each side into TLS records and hands their content to a [conn.Input].
//
// In go in-order bytes and gaps of both sides; out come handshake bytes,
// alerts, ChangeCipherSpec and the sizes of sealed records. It owns no bytes
// beyond one record of each side that is still incomplete. What is sealed is
// never copied: its length is passed over. Bytes that are no records, and a
// hole that swallowed a record header, are reported, and reading resumes at
// the next place where two record headers follow each other. It never stops on
// bad input and never holds more than two records of a side.
package record

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
)

// headerLen is the size of a TLS record header (RFC 9846, Section 5.1).
const headerLen = 5

// maxSealed is the largest legal record payload: 2^14 bytes and what
// protection may add (RFC 5246, Section 6.2.3).
const maxSealed = 1<<14 + 2048

// A Stream unwraps the records of one flow. Call [NewStream] to make one.
type Stream struct {
	in     conn.Input
	keys   *keys.Session // opens what is sealed; nil if no keys are given
	sides  [2]half
	hello2 bool // the ClientHello had the format of SSL 2.0
	ssl2   bool // so has all that follows
}

// mode says what is done with the content of a record.
type mode uint8

const (
	pass  mode = iota // sealed: its length is all there is to know
	live              // clear handshake bytes: handed on as they come
	whole             // collected, because its meaning depends on all of it
	head              // the first bytes are collected, the rest is passed over
)

// half is the record layer of one side.
type half struct {
	hdr    [headerLen]byte
	hdrLen int // bytes of hdr that are there
	rh     tls.RecordHeader
	left   int64 // bytes of the current record still to come
	mode   mode
	open   bool   // the record is sealed, and there are keys to try
	body   []byte // what whole and head collected

	offset  int64 // stream offset of the next byte
	records int
	ccs     bool // ChangeCipherSpec was sent: what follows may be sealed
	doubt   bool // begun in the middle, or bytes are missing: clear is not certain

	lost    bool   // no record boundary is known
	hole    bool   // because of a hole
	scan    []byte // bytes that may begin a record
	garbage int64  // bytes given up since the boundary was lost

	foreign       bool      // the side speaks something else
	foreignAt     flow.Mark // where it was noticed
	overlong, odd bool      // said once
}

// NewStream returns a Stream that reports to in and opens with k, which may be
// nil, what is sealed.
func NewStream(in conn.Input, k *keys.Session) *Stream { return &Stream{in: in, keys: k} }

// MidStream tells that the capture begins inside the connection, so that a
// handshake record may be sealed although no ChangeCipherSpec was seen.
func (s *Stream) MidStream() {
	s.BeginUnseen(flow.Client)
	s.BeginUnseen(flow.Server)
}

// BeginUnseen tells that a side's first bytes may not be in the capture: those
// that come first need not begin a record.
func (s *Stream) BeginUnseen(side flow.Side) { s.sides[side].doubt = true }

// Note tells an oddity of what carries the records.
func (s *Stream) Note(side flow.Side, what string, at flow.Mark) { s.in.Note(side, what, at) }

// tellForeign reports what a side that speaks something else begins with: once
// there is enough of it to be named, a whole line if it is text, or at the last.
func (s *Stream) tellForeign(side flow.Side, last bool) {
	h := &s.sides[side]
	if len(h.scan) > 0 && (last || len(h.scan) >= headLen || bytes.ContainsAny(h.scan, "\r\n") || !isText(h.scan)) {
		s.in.Foreign(side, h.scan, h.foreignAt)
		h.scan = nil
	}
}

// head returns the first bytes of a side: the header's, and what follows.
func (s *Stream) head(side flow.Side, rest []byte) []byte {
	hdr := &s.sides[side].hdr
	return append(hdr[:headerLen:headerLen], rest[:min(len(rest), headLen)]...)
}

// Data takes the next in-order bytes of a side. b is not kept.
func (s *Stream) Data(side flow.Side, b []byte, at flow.Mark) {
	h := &s.sides[side]
	for len(b) > 0 {
		var n int
		switch {
		case h.foreign:
			if len(h.scan) > 0 {
				h.scan = append(h.scan, b[:min(len(b), headLen)]...)
				s.tellForeign(side, false)
			}
			return
		case h.lost:
			h.offset += int64(len(b))
			s.search(side, b, at)
			return
		case h.hdrLen < headerLen:
			n = s.header(side, b, at)
		default:
			n = s.content(side, b, at)
		}
		h.offset += int64(n)
		b = b[n:]
	}
}

// Skippable returns how many of a side's next bytes need not be delivered,
// because they are inside a record that is passed over.
func (s *Stream) Skippable(side flow.Side) int64 {
	h := &s.sides[side]
	if h.foreign && len(h.scan) > 0 {
		return 0
	}
	if h.foreign {
		return 1 << 60
	}
	if h.lost || h.hdrLen < headerLen || h.mode != pass {
		return 0
	}
	return h.left
}

// Skipped tells that n bytes that were Skippable went by undelivered.
func (s *Stream) Skipped(side flow.Side, n int64, at flow.Mark) {
	h := &s.sides[side]
	n = min(n, s.Skippable(side)) // a FIN takes an offset too
	if n <= 0 || h.foreign {
		return
	}
	h.offset += n
	h.left -= n
	if h.left == 0 {
		s.endRecord(side, at)
	}
}

// header collects header bytes and, once they are complete, begins the record.
func (s *Stream) header(side flow.Side, b []byte, at flow.Mark) int {
	h := &s.sides[side]
	if s.ssl2 && h.records > 0 {
		return s.headerSSL2(side, b, at)
	}
	n := copy(h.hdr[h.hdrLen:], b)
	h.hdrLen += n
	if h.hdrLen < headerLen {
		return n
	}
	if h.records == 0 && s.hello2 {
		if s.ssl2 = looksSSL2Answer(h.hdr[:]); s.ssl2 {
			return n + s.headerSSL2(side, b[n:], at)
		}
	}
	if h.records == 0 && LooksSSL2(h.hdr[:]) {
		s.beginSSL2(side)
		return n
	}
	rh, _ := tls.ParseRecordHeader(h.hdr[:])
	if !rh.Plausible() && (h.records > 0 || !looksLikeRecord(rh)) {
		if h.records == 0 && (!h.doubt || conn.Protocol(s.head(side, b[n:])) != "") {
			h.foreign, h.scan, h.foreignAt = true, s.head(side, b[n:]), at
			s.tellForeign(side, false)
			return len(b)
		}
		if (h.closing() || s.sides[side.Other()].closing()) && isText(h.hdr[:]) {
			h.foreign = true
			s.in.Note(side, "behind what fits close_notify the connection goes on in the clear; what is said there was not read", at)
			return len(b)
		}
		s.lose(side, at, fmt.Sprintf("% x at offset %d is no record header", h.hdr, h.offset+int64(n)-headerLen))
		h.scan = append(h.scan[:0], h.hdr[1:]...)
		h.garbage = 1
		return n
	}
	if h.records == 0 && rh.Type == tls.ContentHandshake {
		if v := Probe(s.head(side, b[n:])); v == Client || v == Server {
			h.doubt = false // nothing comes before a hello
		}
	}
	s.begin(side, rh, at)
	return n
}

// closing reports whether the last record is an alert or has the size of one
// that TLS 1.3 seals.
func (h *half) closing() bool {
	return h.rh.Type == tls.ContentAlert || h.rh.Type == tls.ContentApplicationData && (h.rh.Length == 2+1+16 || h.rh.Length == 2+1+8)
}

// isText reports whether b is printable ASCII or ends of lines.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < 0x20 || c > 0x7e) && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// begin starts a record whose header has been read.
func (s *Stream) begin(side flow.Side, rh tls.RecordHeader, at flow.Mark) {
	h := &s.sides[side]
	h.rh, h.left, h.hdrLen, h.body = rh, int64(rh.Length), headerLen, h.body[:0]
	h.records++
	s.in.Record(side, rh, at)
	h.mode = s.modeOf(side, rh)
	if h.open = s.canOpen(side, rh); h.open {
		h.mode = whole
	}
	if limit := s.limitOf(h, rh.Type); rh.Length > limit && !h.overlong {
		h.overlong = true
		s.in.Note(side, fmt.Sprintf("record overflow: a record of %d bytes where %d are allowed", rh.Length, limit), at)
	}
	if h.left == 0 {
		s.endRecord(side, at)
	}
}

// limitOf returns the largest payload a record may have.
func (s *Stream) limitOf(h *half, t tls.ContentType) int {
	if t == tls.ContentHandshake && !h.ccs && !h.doubt {
		return 1 << 14
	}
	return maxSealed
}

// content takes the next bytes of the current record and returns how many.
func (s *Stream) content(side flow.Side, b []byte, at flow.Mark) int {
	h := &s.sides[side]
	n := len(b)
	if int64(n) > h.left {
		n = int(h.left)
	}
	b = b[:n]
	h.left -= int64(n)
	switch h.mode {
	case live:
		s.in.Handshake(side, conn.Plain, b, at)
	case whole:
		if h.left == 0 && len(h.body) == 0 { // all of it is here: no copy
			s.finish(side, b, at)
			return n
		}
		h.body = append(h.body, b...)
	case head:
		h.body = append(h.body, b[:min(n, max(0, headLen-len(h.body)))]...)
	}
	if h.left == 0 {
		s.endRecord(side, at)
	}
	return n
}

// headLen is how much of readable application data and heartbeats is kept to
// say what they are.
const headLen = 256

// endRecord reports a record whose content is complete.
func (s *Stream) endRecord(side flow.Side, at flow.Mark) {
	h := &s.sides[side]
	s.finish(side, h.body, at)
	if cap(h.body) > 4096 { // do not hold a large buffer through a long tunnel
		h.body = nil
	}
	h.body = h.body[:0]
}
