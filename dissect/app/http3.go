package app

import (
	"fmt"
	"strings"

	"github.com/quic-go/qpack"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of what is looked at of HTTP/3.
const (
	requestStreams = mostTold // the first ones
	requestHead    = 4 << 10  // bytes of each side of one
)

// Types of HTTP/3 frames (RFC 9114, Section 7.2), and of the one that makes a
// stream WebTransport's (draft-ietf-webtrans-http3, Section 4.3).
const (
	h3Headers      = 0x01
	h3WebTransport = 0x41
)

// http3State is what both sides said on request streams.
type http3State struct {
	streams [2][requestStreams]h3Stream
	used    [2]uint64 // streams that a side uses
}

// unread returns how many streams a side uses that are not looked at.
func (h *http3State) unread(who flow.Side) int {
	const most = 1 << 30
	return int(min(max(h.used[who], requestStreams)-requestStreams, most))
}

// An h3Stream is one side of a request stream.
type h3Stream struct {
	buf  []byte // from the beginning of a frame
	read int    // bytes so far
	skip uint64 // bytes of a frame that is of no interest
	done bool
}

// HTTP3 takes the next bytes that a side sent on the client's request stream
// number n, from 0 (RFC 9114, Section 4.1). That it uses the stream is told with
// an empty b, too. b is not kept.
func (c *Conversation) HTTP3(who flow.Side, n uint64, b []byte) {
	if c.h3 == nil {
		c.h3 = new(http3State)
	}
	c.h3.used[who] = max(c.h3.used[who], n+1)
	if n >= requestStreams || len(b) == 0 {
		return
	}
	s := &c.h3.streams[who][n]
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
	for !s.done && c.h3Frame(who, s) {
	}
	if s.done || s.read >= requestHead {
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
		case s.read >= requestHead: // the rest is not looked at; what it begins with is what matters
			s.done = c.h3Section(who, body)
		}
		return false
	}
	if typ == h3Headers {
		s.done = c.h3Section(who, body[:size])
	}
	s.buf = body[size:]
	return true
}

// h3Section tells what a field section says. It reports whether it was that of
// the request or of the final response.
func (c *Conversation) h3Section(who flow.Side, b []byte) bool {
	pseudo := h3Pseudo(b)
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
	method := pseudo[":method"]
	host := pseudo[":authority"][strings.LastIndexByte(pseudo[":authority"], '@')+1:] // a password is no name
	path, _, _ := cutQuery(pseudo[":path"])
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

// h3Pseudo returns the pseudo-header fields at the front of an encoded field
// section (RFC 9204, Section 4.5), as far as the static table and literals give
// them: the dynamic table is filled on a stream of its own and not followed.
func h3Pseudo(b []byte) map[string]string {
	_, n1 := h3Prefixed(b, 8) // Required Insert Count
	_, n2 := h3Prefixed(b[n1:], 7)
	if n1 == 0 || n2 == 0 {
		return nil
	}
	// References to the static table do not depend on the prefix. With one that
	// says that there is no dynamic table the decoder stops at the first
	// reference to it.
	static := append([]byte{0, 0}, b[n1+n2:]...)
	pseudo := map[string]string{}
	for next := qpack.NewDecoder().Decode(static); ; {
		f, err := next()
		if err != nil || !f.IsPseudo() {
			return pseudo
		}
		if _, twice := pseudo[f.Name]; !twice {
			pseudo[f.Name] = printable([]byte(f.Value))
		}
	}
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

// h3Prefixed reads an integer that begins in the low bits of the first byte (RFC
// 7541, Section 5.1), n is 0 if b is too short or the integer too large.
func h3Prefixed(b []byte, bits int) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	most := uint64(1)<<bits - 1
	if v = uint64(b[0]) & most; v < most {
		return v, 1
	}
	for i, x := range b[1:min(len(b), 10)] {
		v += uint64(x&0x7f) << (7 * i)
		if x&0x80 == 0 {
			return v, i + 2
		}
	}
	return 0, 0
}
