package starttls

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// ftp is the control connection of FTP with AUTH TLS (RFC 4217).
type ftp struct {
	anonymous bool
}

func (d *ftp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return eachLine(b, func(s string) next { return ftpReply(l, s, at) })
	}
	if l.waiting() {
		return 0, more
	}
	return eachLine(b, func(s string) next { return d.command(l, s, at) })
}

func (d *ftp) command(l *Layer, s string, at flow.Mark) next {
	switch w, rest := word(s); w {
	case "AUTH":
		switch m, _ := word(rest); m {
		case "TLS", "SSL", "TLS-C", "TLS-P":
			l.request = "AUTH " + m
			return l.ask(at)
		}
	case "USER":
		d.anonymous = strings.EqualFold(rest, "anonymous") || strings.EqualFold(rest, "ftp")
		if d.anonymous {
			return l.expose(conn.ExposedData, "its commands, as an anonymous user,", at)
		}
		return l.expose(conn.ExposedData, "its user name (USER)", at)
	case "PASS":
		if !d.anonymous {
			return l.login(w, "", at)
		}
	case "RETR", "STOR", "LIST", "NLST", "MLSD", "APPE", "STOU":
		return l.expose(conn.ExposedData, "its commands ("+w+")", at)
	}
	return more
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
	case n == 211:
		l.listing = !last
		if last {
			l.listed = at
		}
	case strings.HasPrefix(s, " AUTH") && (strings.Contains(s, "TLS") || strings.Contains(s, "SSL")):
		l.offer(at)
	}
	return more
}
