package app

import (
	"fmt"
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/tlslens/tlslens/dissect/flow"
)

// preface begins every HTTP/2 connection on the client's side (RFC 9113,
// Section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// hasPreface reports whether b begins with the preface, and its length; n is 1
// and ok false if b is too short to tell.
func hasPreface(b []byte) (n int, ok bool) {
	if len(b) >= len(preface) && string(b[:len(preface)]) == preface {
		return len(preface), true
	}
	if 0 < len(b) && len(b) < len(preface) && string(b) == preface[:len(b)] {
		return 1, false
	}
	return 0, false
}

// Frame types and flags (RFC 9113, Section 6).
const (
	frameHeaderLen    = 9
	frameHeaders      = 1
	flagEndHeaders    = 4
	flagPadded        = 8
	flagPriority      = 0x20
	maxHeaderListSize = 16 << 10
)

// http2State decodes the header blocks of both sides.
type http2State struct {
	dec [2]*hpack.Decoder
	off [2]bool // a side can no longer be followed
}

func newHTTP2() *http2State {
	h := new(http2State)
	for i := range h.dec {
		h.dec[i] = hpack.NewDecoder(4096, nil)
		h.dec[i].SetMaxStringLength(maxHeaderListSize)
	}
	return h
}

// readHTTP2 takes the frames that are whole. A header block that is split over
// frames, or compressed against a table that was not seen, ends the reading of
// its side.
func (c *Conversation) readHTTP2(who flow.Side) {
	s := &c.sides[who]
	for !c.h2.off[who] && len(s.buf) >= frameHeaderLen {
		n := int(s.buf[0])<<16 | int(s.buf[1])<<8 | int(s.buf[2])
		typ, flags := s.buf[3], s.buf[4]
		if len(s.buf) < frameHeaderLen+n {
			if typ != frameHeaders {
				s.skip = frameHeaderLen + n - len(s.buf)
				s.buf = s.buf[:0]
			}
			return
		}
		body := s.buf[frameHeaderLen : frameHeaderLen+n]
		if typ == frameHeaders {
			c.h2.off[who] = !c.headers(who, flags, body)
		}
		s.buf = s.buf[frameHeaderLen+n:]
	}
}

// headers tells what a HEADERS frame says.
func (c *Conversation) headers(who flow.Side, flags byte, body []byte) bool {
	pad := 0
	if flags&flagPadded != 0 && len(body) > 0 {
		pad, body = int(body[0]), body[1:]
	}
	if flags&flagPriority != 0 && len(body) >= 5 {
		body = body[5:]
	}
	if flags&flagEndHeaders == 0 || pad > len(body) {
		return false
	}
	fields, err := c.h2.dec[who].DecodeFull(body[:len(body)-pad])
	if err != nil {
		return false
	}
	pseudo := map[string]string{}
	for _, f := range fields {
		if f.IsPseudo() {
			pseudo[f.Name] = printable([]byte(f.Value))
		}
	}
	if m := pseudo[":method"]; m != "" {
		c.sides[who].tell(fmt.Sprintf("HTTP/2 %s %s%s", cutQuery(m), hostOf(pseudo[":authority"]), cutQuery(pseudo[":path"])))
	} else if st := pseudo[":status"]; st != "" {
		c.sides[who].tell("HTTP/2 " + st)
	}
	return true
}

// cutQuery returns what stands before a query or a fragment.
func cutQuery(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		return s[:i]
	}
	return s
}

// hostOf returns the host and the port of an authority, without the user and
// the password that do not belong there (RFC 9110, Section 4.2.4).
func hostOf(authority string) string {
	return cutQuery(authority[strings.LastIndexByte(authority, '@')+1:])
}
