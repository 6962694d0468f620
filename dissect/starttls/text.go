package starttls

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// mostQuoted is how much of a line is quoted.
const mostQuoted = 64

// eachLine gives the lines of b to f until it wants something else than more,
// and returns how many bytes the lines took.
func eachLine(b []byte, f func(s string) next) (int, next) {
	n := 0
	for {
		s, took := line(b[n:])
		switch {
		case took == 0 && len(b)-n > mostLine:
			return n, lost
		case took == 0:
			return n, more
		}
		n += took
		if then := f(s); then != more {
			return n, then
		}
	}
}

// quote puts a line from the wire in quotes, cut and made printable.
func quote(s string) string {
	if r := []rune(s); len(r) > mostQuoted {
		s = string(r[:mostQuoted]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// word returns the first word of a line in upper case and the rest.
func word(s string) (first, rest string) {
	first, rest, _ = strings.Cut(strings.TrimLeft(s, " "), " ")
	return strings.ToUpper(first), strings.TrimLeft(rest, " ")
}

// hasWord reports whether a list of words holds one, in any case.
func hasWord(list, w string) bool {
	for _, x := range strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == '[' || r == ']' || r == '(' || r == ')' || r == '"' }) {
		if strings.EqualFold(x, w) {
			return true
		}
	}
	return false
}

// code returns the three digits a reply begins with, 0 if it does not, and
// whether it is the last line of the reply.
func code(s string) (n int, last bool) {
	if len(s) < 3 {
		return 0, false
	}
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, len(s) == 3 || s[3] != '-'
}

// A greeting220 is SMTP or FTP: both begin with 220. The client's first command
// tells which.
type greeting220 struct {
	is dialect
}

func (g *greeting220) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if g.is != nil {
		return g.is.read(l, side, b, at)
	}
	s, n := line(b)
	switch {
	case n == 0 && len(b) > mostLine:
		return 0, lost
	case n == 0:
		return 0, more
	case side == flow.Server:
		l.banner(s)
		return n, more
	}
	switch w, _ := word(s); w {
	case "EHLO", "HELO", "STARTTLS":
		l.Title = "SMTP"
		g.is = &smtp{}
	case "LHLO":
		l.Name, l.Title = "lmtp", "LMTP"
		g.is = &smtp{}
	case "AUTH", "FEAT", "USER", "OPTS", "SYST", "HOST", "CLNT":
		l.Name, l.Title, l.request = "ftp", "FTP", "AUTH TLS"
		g.is = &ftp{}
	default:
		return 0, over
	}
	return g.is.read(l, side, b, at)
}

// banner keeps the first line that a server says.
func (l *Layer) banner(s string) {
	if len(l.Said) == 0 {
		l.say("banner " + quote(s))
	}
}
