package starttls

import (
	"bytes"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// httpConnect is a proxy's CONNECT (RFC 9110, Section 9.3.6). A proxy may
// refuse the first request and ask who the client is.
type httpConnect struct {
	asked bool
}

// head returns the head of a request or a response and its length, 0 if its
// end is not there yet.
func head(b []byte) (first string, h string, n int) {
	i := bytes.Index(b, []byte("\r\n\r\n"))
	if i < 0 {
		return "", "", 0
	}
	h = string(b[:i+2])
	first, _, _ = strings.Cut(h, "\r\n")
	return first, h, i + 4
}

// header returns the value of a header field, "" if it is not there.
func header(h, name string) string {
	for l := range strings.SplitSeq(h, "\r\n") {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// status returns the status code of a response, 0 if it is none.
func status(first string) int {
	if _, rest, ok := strings.Cut(first, " "); ok && strings.HasPrefix(first, "HTTP/1.") {
		n, _ := code(rest)
		return n
	}
	return 0
}

func (d *httpConnect) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	first, h, n := head(b)
	switch {
	case n == 0 && len(b) > mostLine:
		return 0, lost
	case n == 0:
		return 0, more
	case side == flow.Client && d.asked:
		return 0, more
	case side == flow.Client:
		_, target := word(first)
		target, _, _ = strings.Cut(target, " ")
		if i := strings.LastIndexByte(target, '@'); i >= 0 {
			target = target[i+1:]
		}
		if !strings.HasPrefix(first, "CONNECT ") {
			return 0, lost
		}
		l.request = "CONNECT " + clean(target)
		l.say(l.request)
		if how, _ := word(header(h, "Proxy-Authorization")); how == "BASIC" || how == "BEARER" {
			l.expose(conn.ExposedProxy, "its login for the proxy (Proxy-Authorization: "+how[:1]+strings.ToLower(how[1:])+")", at)
		}
		d.asked, l.refused = true, fact{}
		return n, pause
	}
	switch s := status(first); {
	case s == 0 || !d.asked:
		return 0, lost
	case s < 200:
		return n, more
	case s < 300:
		l.say(quote(first))
		return n, through
	}
	l.refuse(quote(first), at)
	d.asked = false
	if !numeric(header(h, "Content-Length")) {
		return n, over
	}
	size := 0
	for _, c := range header(h, "Content-Length") {
		size = min(10*size+int(c-'0'), mostUnread)
	}
	if len(b) < n+size {
		d.asked, l.refused = true, fact{}
		l.Said = l.Said[:len(l.Said)-1]
		return 0, more
	}
	return n + size, more
}

func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// httpUpgrade is an upgrade to TLS within HTTP/1.1 (RFC 2817).
type httpUpgrade struct{}

// methods are the words an HTTP request may begin with.
var methods = [...]string{"GET ", "POST ", "HEAD ", "OPTIONS ", "PUT "}

func probeUpgrade(b []byte) fit {
	f := oneOf(b, methods[:]...)
	if f != yes {
		return f
	}
	_, h, n := head(b)
	switch {
	case n == 0 && len(b) > 4096:
		return no
	case n == 0:
		return maybe
	case strings.HasPrefix(strings.ToUpper(header(h, "Upgrade")), "TLS/"):
		return yes
	}
	return no
}

func (httpUpgrade) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	first, h, n := head(b)
	switch {
	case side == flow.Client && l.waiting():
		return 0, more
	case n == 0 && len(b) > mostLine:
		return 0, lost
	case n == 0:
		return 0, more
	case side == flow.Client && !l.asked.Seen():
		if how, _ := word(header(h, "Authorization")); how == "BASIC" || how == "BEARER" {
			l.expose(conn.ExposedLogin, "its login (Authorization: "+how[:1]+strings.ToLower(how[1:])+")", at)
		}
		return n, l.ask(at)
	case side == flow.Client:
		return n, l.carryOn("its requests", at)
	}
	switch s := status(first); {
	case s == 101 && strings.HasPrefix(strings.ToUpper(header(h, "Upgrade")), "TLS/"):
		return n, l.grant(quote(first), at)
	case s == 0:
		return 0, lost
	case s >= 200:
		l.refuse(quote(first), at)
		return n, over
	}
	return n, more
}
