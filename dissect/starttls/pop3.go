package starttls

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
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
		case "USER":
			return l.expose(conn.ExposedData, "its user name (USER)", at)
		case "PASS":
			return l.login(w, "", at)
		case "APOP":
			return l.expose(conn.ExposedHashed, "its login (APOP)", at)
		case "AUTH":
			if m, _ := word(rest); m != "" { // alone it asks what there is (RFC 5034)
				return l.login(w, m, at)
			}
		case "RETR", "TOP", "LIST", "STAT":
			return l.expose(conn.ExposedData, "its commands ("+w+")", at)
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
	case s == "." && l.listing:
		l.listed = at
	case strings.EqualFold(s, "USER") || strings.EqualFold(s, "UIDL") || strings.EqualFold(s, "TOP"):
		l.listing = true // the capabilities of CAPA (RFC 2449)
	}
	return more
}
