package starttls

import (
	"cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// nntp is NNTP (RFC 3977) with STARTTLS (RFC 4642).
type nntp struct{}

func probeNNTP(b []byte) fit { return oneOf(b, "200 ", "201 ") }

func (nntp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return eachLine(b, func(s string) next { return nntpReply(l, s, at) })
	}
	if l.waiting() {
		return 0, more
	}
	return eachLine(b, func(s string) next {
		switch w, rest := word(s); w {
		case "STARTTLS":
			return l.ask(at)
		case "AUTHINFO":
			switch how, rest := word(rest); how {
			case "USER":
				return l.expose(conn.ExposedData, "its user name (AUTHINFO USER)", at)
			case "PASS":
				return l.login("AUTHINFO PASS", "", at)
			default:
				m, _ := word(rest)
				return l.login("AUTHINFO SASL", cmp.Or(m, "?"), at)
			}
		case "GROUP", "ARTICLE", "POST", "IHAVE", "NEWNEWS", "HEAD", "BODY", "CHECK", "TAKETHIS":
			return l.carryOn("its commands ("+w+")", at)
		}
		return more
	})
}

func nntpReply(l *Layer, s string, at flow.Mark) next {
	n, _ := code(s)
	switch {
	case l.waiting() && n == 382:
		return l.grant(quote(s), at)
	case l.waiting() && n >= 400:
		return l.refuse(quote(s), at)
	case n == 200 || n == 201:
		l.banner(s)
	case n == 101:
		l.listing = true
	case n == 0 && hasWord(s, "STARTTLS"):
		l.offer(at)
	case s == "." && l.listing:
		l.listed = at
	}
	return more
}
