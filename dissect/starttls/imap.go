package starttls

import (
	"cmp"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// imap is IMAP (RFC 9051) or ACAP (RFC 2244) with STARTTLS (RFC 2595).
type imap struct {
	tag string // of the client's STARTTLS
}

func (d *imap) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Client {
		if l.waiting() {
			return 0, more
		}
		return eachLine(b, func(s string) next { return d.command(l, s, at) })
	}
	return eachLine(b, func(s string) next { return d.reply(l, s, at) })
}

func (d *imap) command(l *Layer, s string, at flow.Mark) next {
	tag, rest, _ := strings.Cut(s, " ")
	switch w, rest := word(rest); w {
	case "STARTTLS":
		d.tag = tag
		return l.ask(at)
	case "LOGIN":
		return l.login(w, "", at)
	case "AUTHENTICATE":
		m, _ := word(rest)
		return l.login(w, cmp.Or(m, "?"), at)
	}
	return more
}

func (d *imap) reply(l *Layer, s string, at flow.Mark) next {
	tag, rest, _ := strings.Cut(s, " ")
	w, _ := word(rest)
	switch {
	case l.waiting() && tag == d.tag && w == "OK":
		return l.grant(quote(s), at)
	case l.waiting() && tag == d.tag && (w == "NO" || w == "BAD"):
		return l.refuse(quote(s), at)
	case tag == "*" && (w == "OK" || w == "ACAP"):
		l.banner(s)
	}
	if tag == "*" && (w == "CAPABILITY" || strings.Contains(s, "[CAPABILITY") || w == "ACAP") {
		l.listed = at
		if hasWord(s, "STARTTLS") {
			l.offer(at)
		}
	}
	return more
}
