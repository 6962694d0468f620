package starttls

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// ftp is the control connection of FTP with AUTH TLS (RFC 4217). A data
// connection is TLS from its first byte.
type ftp struct{}

func (ftp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return eachLine(b, func(s string) next { return ftpReply(l, s, at) })
	}
	if l.waiting() {
		return 0, more
	}
	return eachLine(b, func(s string) next {
		switch w, rest := word(s); w {
		case "AUTH":
			switch m, _ := word(rest); m {
			case "TLS", "SSL", "TLS-C", "TLS-P":
				l.request = "AUTH " + m
				return l.ask(at)
			}
		case "USER", "PASS":
			return l.expose("its login ("+w+")", at)
		}
		return more
	})
}

func ftpReply(l *Layer, s string, at flow.Mark) next {
	n, last := code(s)
	switch {
	case l.waiting() && last && n == 234:
		return l.grant(quote(s), at)
	case l.waiting() && last && n >= 400:
		return l.refuse(quote(s), at)
	case n == 220:
		l.banner(s)
	case strings.HasPrefix(s, " AUTH") && (strings.Contains(s, "TLS") || strings.Contains(s, "SSL")):
		l.offer(at)
	}
	return more
}
