// Package app tells from the head of a conversation what was said in it:
// requests and statuses of HTTP/1, HTTP/2 and HTTP/3, and of other protocols their
// first line.
//
// In go the plaintext bytes of both sides in order, of HTTP/3 those of each
// stream; out come a few short
// phrases. At most a few kilobytes of each side are looked at and none are kept
// beyond that. Headers are not shown, and neither are queries, because they
// carry credentials. Nothing here can fail: bytes that nobody understands give
// no phrase.
package app

import (
	"bytes"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Bounds of what is looked at and told.
const (
	headBytes  = 16 << 10 // of each side
	mostTold   = 4        // phrases of each side
	lineLength = 120      // bytes of a phrase
)

// A Conversation is what both sides said. The zero Conversation is ready.
type Conversation struct {
	sides [2]side
	known bool // whether it is HTTP/2
	h2    *http2State
	h3    *http3State
}

// side is what was seen of one side.
type side struct {
	buf   []byte
	skip  int // bytes that are of no interest
	told  []string
	more  int // phrases that were not kept
	quiet bool
}

// Data takes the next bytes of a side. b is not kept.
func (c *Conversation) Data(who flow.Side, b []byte) {
	s := &c.sides[who]
	if n := min(s.skip, len(b)); n > 0 {
		s.skip -= n
		b = b[n:]
	}
	if s.quiet || len(b) == 0 {
		return
	}
	s.buf = append(s.buf, b[:min(len(b), headBytes-min(headBytes, len(s.buf)))]...)
	if c.decide(len(s.buf) >= headBytes) {
		c.read(who)
	}
	if len(s.buf) >= headBytes {
		s.quiet, s.buf = true, nil
	}
}

// Says returns the phrases of a side, "GET /index.html (HTTP/1.1)", in order,
// and how many more there were. It is asked for when nothing more comes.
func (c *Conversation) Says(who flow.Side) (told []string, more int) {
	if c.decide(true) {
		c.read(who)
	}
	if c.h3 != nil {
		c.h3Waiting(who)
		more = c.h3.unread(who)
	}
	return c.sides[who].told, c.sides[who].more + more
}

// tell keeps a phrase.
func (s *side) tell(what string) {
	if len(what) > lineLength {
		what = what[:lineLength] + "…"
	}
	if len(s.told) < mostTold {
		s.told = append(s.told, what)
	} else {
		s.more++
	}
}

// decide reports whether it is known if this is HTTP/2, which the client's first
// bytes tell; the server's may come before them. With final it has to be known.
func (c *Conversation) decide(final bool) bool {
	if c.known {
		return true
	}
	client := &c.sides[flow.Client]
	n, ok := hasPreface(client.buf)
	switch {
	case ok:
		c.h2 = newHTTP2()
		client.buf = client.buf[n:]
	case !final && (n > 0 || len(client.buf) == 0):
		return false
	}
	c.known = true
	c.read(flow.Server)
	return true
}

// read takes phrases from what is buffered.
func (c *Conversation) read(who flow.Side) {
	switch {
	case c.sides[who].quiet:
	case c.h2 != nil:
		c.readHTTP2(who)
	default:
		c.readLines(who)
	}
}

// readLines takes the request and status lines of HTTP/1, or the first line of
// whatever else is text.
func (c *Conversation) readLines(who flow.Side) {
	s := &c.sides[who]
	line, _, ok := bytes.Cut(s.buf, []byte("\n"))
	if !ok && len(s.buf) < 256 && len(s.told) == 0 {
		return
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	if phrase, http := httpLine(line); http {
		s.tell(phrase)
	} else if p := FirstLine(line, who); p != "" {
		s.tell("begins " + `"` + p + `"`)
	}
	s.quiet, s.buf = true, nil // the head is told; what follows may be anything
}

// httpLine words a request line or a status line of HTTP/1 (RFC 9112, Sections
// 3 and 4), without what may be secret in it.
func httpLine(line []byte) (string, bool) {
	text := printable(line)
	if strings.HasPrefix(text, "HTTP/1.") && len(text) >= 12 {
		return text, true
	}
	method, target, version, ok := requestLine(text)
	return version + " " + method + " " + target, ok
}

// requestLine takes a request line apart. The target comes without query, path
// parameters and credentials.
func requestLine(text string) (method, target, version string, ok bool) {
	method, rest, ok := strings.Cut(text, " ")
	target, version, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !strings.HasPrefix(version, "HTTP/1.") || strings.ToUpper(method) != method {
		return "", "", "", false
	}
	target, _, _ = strings.Cut(cutQuery(target), ";")
	if method == "CONNECT" {
		target = hostOf(target)
	}
	return method, withoutUser(target), version, true
}

// printable returns a line of printable ASCII, "" for anything else.
func printable(b []byte) string {
	b = b[:min(len(b), lineLength)]
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return ""
		}
	}
	return string(b)
}
