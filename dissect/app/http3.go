package app

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of what is looked at of HTTP/3.
const (
	requestStreams = mostTold // the first ones
	requestHead    = 4 << 10  // bytes of each side of one
	ownStreams     = 4        // one-way streams of each side: the first ones
)

// Types of HTTP/3 frames (RFC 9114, Section 7.2), of the one that makes a
// stream WebTransport's (draft-ietf-webtrans-http3, Section 4.3), and of the
// stream of QPACK's encoder (RFC 9204, Section 4.2).
const (
	h3Headers      = 0x01
	h3WebTransport = 0x41
	h3Encoder      = 0x02
)

// http3State is what both sides said on request streams, and what their
// encoders said, without which that is not understood.
type http3State struct {
	requests [2][requestStreams]h3Stream
	used     [2]uint64 // request streams that a side uses
	own      [2][ownStreams]h3Own
	tables   [2]dynamicTable
}

// An h3Stream is one side of a request stream.
type h3Stream struct {
	buf     []byte // from the beginning of a frame
	read    int    // bytes so far
	skip    uint64 // bytes of a frame that is of no interest
	waiting []byte // a field section that needs more of the encoder's stream
	done    bool
}

// An h3Own is a one-way stream of a side's own.
type h3Own struct {
	head []byte // the beginning of the type
	read bool   // the type was read
	enc  bool   // it is the encoder's
}

// HTTP3 takes the next bytes that a side sent on a QUIC stream (RFC 9114,
// Section 6). That it uses the stream is told with an empty b, too. b is not
// kept.
func (c *Conversation) HTTP3(who flow.Side, stream uint64, b []byte) {
	if c.h3 == nil {
		c.h3 = new(http3State)
	}
	switch n := stream >> 2; {
	case stream&3 == 0:
		c.h3.used[who] = max(c.h3.used[who], n+1)
		if n < requestStreams && len(b) > 0 {
			c.h3Request(who, &c.h3.requests[who][n], b)
		}
	case stream&3 == 2|uint64(who) && n < ownStreams:
		c.h3Own(who, &c.h3.own[who][n], b)
	}
}

// unread returns how many request streams a side uses that are not looked at.
func (h *http3State) unread(who flow.Side) int {
	const most = 1 << 30
	return int(min(max(h.used[who], requestStreams)-requestStreams, most))
}

// h3Own takes bytes of a one-way stream.
func (c *Conversation) h3Own(who flow.Side, s *h3Own, b []byte) {
	if !s.read {
		s.head = append(s.head, b[:min(len(b), 8)]...)
		typ, n := h3Varint(s.head)
		if n == 0 {
			return
		}
		b = b[n-(len(s.head)-min(len(b), 8)):]
		s.read, s.enc, s.head = true, typ == h3Encoder, nil
	}
	if !s.enc || !c.h3.tables[who].feed(b) {
		return
	}
	for i := range c.h3.requests[who] {
		if r := &c.h3.requests[who][i]; r.waiting != nil {
			section := r.waiting
			r.waiting = nil
			r.done = c.h3Section(who, r, section) || r.done
			c.h3Frames(who, r)
		}
	}
}

// h3Request takes bytes of a request stream.
func (c *Conversation) h3Request(who flow.Side, s *h3Stream, b []byte) {
	if s.done {
		return
	}
	b = b[:min(len(b), requestHead-s.read)]
	s.read += len(b)
	if pass := min(s.skip, uint64(len(b))); pass > 0 {
		s.skip -= pass
		b = b[pass:]
	}
	s.buf = append(s.buf, b...)
	c.h3Frames(who, s)
}

// h3Frames takes the frames that are whole.
func (c *Conversation) h3Frames(who flow.Side, s *h3Stream) {
	for !s.done && s.waiting == nil && c.h3Frame(who, s) {
	}
	if s.waiting == nil && (s.done || s.read >= requestHead) {
		s.done, s.buf = true, nil
	}
}

// h3Frame takes the frame at the front of a stream, and reports whether there
// may be another.
func (c *Conversation) h3Frame(who flow.Side, s *h3Stream) bool {
	typ, n1 := h3Varint(s.buf)
	size, n2 := h3Varint(s.buf[n1:])
	switch {
	case n1 > 0 && typ == h3WebTransport:
		s.done = true // what follows is no request
		return false
	case n1 == 0 || n2 == 0:
		return false
	}
	body := s.buf[n1+n2:]
	if size > uint64(len(body)) {
		switch {
		case typ != h3Headers:
			s.skip, s.buf = size-uint64(len(body)), s.buf[:0]
			return false
		case s.read < requestHead:
			return false
		}
		size = uint64(len(body)) // the rest is not looked at; what it begins with is what matters
	}
	s.buf = body[size:]
	if typ == h3Headers {
		s.done = c.h3Section(who, s, body[:size])
	}
	return true
}

// h3Section tells what a field section says, or keeps it until it can be
// understood. It reports whether it was that of the request or of the final
// response.
func (c *Conversation) h3Section(who flow.Side, s *h3Stream, b []byte) bool {
	pseudo, blocked := c.h3.tables[who].section(b)
	if blocked {
		s.waiting = b
		return false
	}
	return c.h3Tell(who, pseudo)
}

// h3Waiting tells of the sections that wait in vain what can be told.
func (c *Conversation) h3Waiting(who flow.Side) {
	for i := range c.h3.requests[who] {
		if s := &c.h3.requests[who][i]; s.waiting != nil {
			pseudo, _ := c.h3.tables[who].section(s.waiting)
			c.h3Tell(who, pseudo)
			s.done, s.waiting, s.buf = true, nil, nil
		}
	}
}

// h3Tell words a field section.
func (c *Conversation) h3Tell(who flow.Side, pseudo map[string]string) bool {
	side := &c.sides[who]
	if who == flow.Server {
		st := pseudo[":status"]
		if len(st) != 3 {
			side.tell("HTTP/3 (status not shown)")
			return true
		}
		side.tell("HTTP/3 " + st)
		return st[0] != '1' // informational ones come before the final one (RFC 9110, Section 15.2)
	}
	method, host, path := cutQuery(pseudo[":method"]), hostOf(pseudo[":authority"]), cutQuery(pseudo[":path"])
	switch {
	case method == "":
		side.tell("HTTP/3 (request not shown)")
	case host == "" && path == "":
		side.tell(fmt.Sprintf("HTTP/3 %s (host and path not shown)", method))
	case host == "":
		side.tell(fmt.Sprintf("HTTP/3 %s %s (host not shown)", method, path))
	case path == "" && method != "CONNECT":
		side.tell(fmt.Sprintf("HTTP/3 %s %s (path not shown)", method, host))
	default:
		side.tell(fmt.Sprintf("HTTP/3 %s %s%s", method, host, path))
	}
	return true
}

// h3Varint reads a variable-length integer (RFC 9000, Section 16), n is 0 if b
// is too short.
func h3Varint(b []byte) (v uint64, n int) {
	if len(b) == 0 || len(b) < 1<<(b[0]>>6) {
		return 0, 0
	}
	n = 1 << (b[0] >> 6)
	v = uint64(b[0] & 0x3f)
	for _, x := range b[1:n] {
		v = v<<8 | uint64(x)
	}
	return v, n
}
