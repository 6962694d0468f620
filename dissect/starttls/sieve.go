package starttls

import (
	"cmp"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// sieve is ManageSieve (RFC 5804), whose server begins with its capabilities.
type sieve struct {
	greeted bool
}

func (d *sieve) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return eachLine(b, func(s string) next { return d.reply(l, s, at) })
	}
	if l.waiting() {
		return 0, more
	}
	return eachLine(b, func(s string) next {
		switch w, rest := word(s); w {
		case "STARTTLS":
			return l.ask(at)
		case "AUTHENTICATE":
			m, _ := word(rest)
			return l.login(w, cmp.Or(m, "?"), at)
		}
		return more
	})
}

func (d *sieve) reply(l *Layer, s string, at flow.Mark) next {
	w, _ := word(s)
	switch {
	case l.waiting() && d.greeted && w == "OK":
		return l.grant(quote(s), at)
	case l.waiting() && d.greeted && (w == "NO" || w == "BYE"):
		return l.refuse(quote(s), at)
	case w == "OK":
		d.greeted, l.listed = true, at
	case strings.HasPrefix(w, `"IMPLEMENTATION"`):
		l.banner(s)
	case w == `"STARTTLS"`:
		l.offer(at)
	}
	return more
}
