package starttls

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// pop3 is POP3 (RFC 1939) with STLS (RFC 2595, Section 4).
type pop3 struct{}

func (pop3) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return eachLine(b, func(s string) next { return pop3Reply(l, s, at) })
	}
	if l.waiting() {
		return 0, more
	}
	return eachLine(b, func(s string) next {
		switch w, rest := word(s); w {
		case "STLS":
			return l.ask(at)
		case "USER", "PASS", "APOP", "AUTH":
			if rest != "" { // AUTH alone asks what there is (RFC 5034)
				return l.expose("its login ("+w+")", at)
			}
		}
		return more
	})
}

func pop3Reply(l *Layer, s string, at flow.Mark) next {
	ok := strings.HasPrefix(s, "+OK")
	switch {
	case l.waiting() && ok:
		return l.grant(quote(s), at)
	case l.waiting() && strings.HasPrefix(s, "-ERR"):
		return l.refuse(quote(s), at)
	case ok:
		l.banner(s)
	case strings.EqualFold(s, "STLS"):
		l.offer(at)
	}
	return more
}
