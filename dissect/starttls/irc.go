package starttls

import (
	"cmp"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// irc is IRC with the STARTTLS command of the IRCv3 tls extension: numeric 670
// agrees, 691 refuses.
type irc struct {
	mechanism string // of SASL
}

func probeIRC(b []byte) fit {
	return oneOf(b, "CAP ", "NICK ", "USER ", "PASS ", "STARTTLS\r", "STARTTLS\n")
}

func probeIRCServer(b []byte) fit {
	if f := oneOf(b, "NOTICE AUTH", "NOTICE * "); f != no {
		return f
	}
	if len(b) == 0 || b[0] != ':' {
		return no
	}
	s, n := line(b)
	switch {
	case n == 0 && len(b) < 512:
		return maybe
	case n > 0 && (strings.Contains(s, " NOTICE ") || strings.Contains(s, " CAP ")):
		return yes
	}
	return no
}

func (d *irc) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return eachLine(b, func(s string) next { return ircReply(l, s, at) })
	}
	if l.waiting() {
		return 0, more
	}
	return eachLine(b, func(s string) next {
		switch w, rest := word(s); w {
		case "STARTTLS":
			return l.ask(at)
		case "PASS", "OPER":
			return l.login(w, "", at)
		case "AUTHENTICATE":
			if d.mechanism == "" {
				d.mechanism, _ = word(rest)
				return l.login(w, cmp.Or(d.mechanism, "?"), at)
			}
		case "JOIN", "PRIVMSG":
			return l.carryOn("its messages ("+w+")", at)
		}
		return more
	})
}

func ircReply(l *Layer, s string, at flow.Mark) next {
	if strings.HasPrefix(s, ":") {
		_, s, _ = strings.Cut(s, " ")
	}
	w, rest := word(s)
	switch {
	case w == "670" && l.waiting():
		return l.grant(quote(s), at)
	case (w == "691" || w == "421" || w == "451") && l.waiting():
		return l.refuse(quote(s), at)
	case w == "NOTICE":
		l.banner(s)
	case w == "CAP" && hasWord(strings.ReplaceAll(rest, ":", " "), "tls"):
		l.offer(at)
	case w == "CAP" && hasWord(rest, "LS"):
		l.listed = at
	}
	return more
}
