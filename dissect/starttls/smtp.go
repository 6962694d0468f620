package starttls

import (
	"cmp"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// smtp is SMTP or LMTP (RFC 5321, RFC 2033) with STARTTLS (RFC 3207).
type smtp struct{}

func (smtp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Client {
		if l.waiting() {
			return 0, more
		}
		return eachLine(b, func(s string) next { return smtpCommand(l, s, at) })
	}
	return eachLine(b, func(s string) next { return smtpReply(l, s, at) })
}

func smtpCommand(l *Layer, s string, at flow.Mark) next {
	switch w, rest := word(s); w {
	case "STARTTLS":
		return l.ask(at)
	case "AUTH":
		m, _ := word(rest)
		return l.login("AUTH", cmp.Or(m, "?"), at)
	case "MAIL":
		return l.carryOn("its mail", at)
	}
	return more
}

func smtpReply(l *Layer, s string, at flow.Mark) next {
	n, last := code(s)
	switch {
	case n == 0:
		return lost
	case l.waiting() && !last:
		return more
	case l.waiting() && n == 220:
		return l.grant(quote(s), at)
	case l.waiting() && n >= 400:
		return l.refuse(quote(s), at)
	case n == 220:
		l.banner(s)
	case n == 250 && len(s) > 4:
		switch w, _ := word(s[4:]); {
		case w == "STARTTLS":
			l.offer(at)
		case strings.HasPrefix(w, "XXXXXXX") && len(w) == len("STARTTLS"):
			if !l.masked.Seen() {
				l.masked, l.mask = at, quote(w)
				l.say(l.mask + " where STARTTLS would stand")
			}
		}
		if s[3] == '-' {
			l.listing = true
		} else if l.listing {
			l.listed = at
		}
	}
	return more
}
