package starttls

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// xmpp is XMPP with STARTTLS (RFC 6120, Section 5). Only tags are looked at.
type xmpp struct{}

func probeXMPP(b []byte) fit {
	if f := oneOf(b, "<stream:stream"); f != no {
		return f
	}
	if f := oneOf(b, "<?xml "); f != yes {
		return f
	}
	switch {
	case bytes.Contains(b, []byte("http://etherx.jabber.org/streams")):
		return yes
	case len(b) < 512:
		return maybe
	}
	return no
}

func (xmpp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	n := 0
	for {
		i := bytes.IndexByte(b[n:], '>')
		if side == flow.Client && l.waiting() || i < 0 && len(b)-n <= mostLine {
			return n, more
		}
		if i < 0 {
			return n, lost
		}
		tag := strings.TrimLeft(string(b[n:n+i]), " \r\n\t")
		n += i + 1
		then := more
		if side == flow.Client {
			then = xmppClient(l, tag, at)
		} else {
			then = xmppServer(l, tag, at)
		}
		if then != more {
			return n, then
		}
	}
}

func xmppClient(l *Layer, tag string, at flow.Mark) next {
	switch {
	case strings.HasPrefix(tag, "<starttls"):
		return l.ask(at)
	case strings.HasPrefix(tag, "<auth"):
		return l.login("<auth/>", cmp.Or(attribute(tag, "mechanism"), "?"), at)
	case strings.HasPrefix(tag, "<message") || strings.HasPrefix(tag, "<presence"):
		return l.carryOn("its messages", at)
	case strings.HasPrefix(tag, "<stream:stream") && len(l.Said) == 0:
		if to := attribute(tag, "to"); to != "" {
			l.say("stream to " + quote(to))
		}
	}
	return more
}

func xmppServer(l *Layer, tag string, at flow.Mark) next {
	switch {
	case strings.HasPrefix(tag, "<proceed") && l.waiting():
		return l.grant("<proceed/>", at)
	case strings.HasPrefix(tag, "<failure") && l.waiting():
		return l.refuse("<failure/>", at)
	case strings.HasPrefix(tag, "<starttls"):
		l.offer(at)
	case strings.HasPrefix(tag, "</stream:features"):
		l.listed = at
	case strings.HasPrefix(tag, "<required"):
		l.say("required")
	}
	return more
}

// attribute returns the value of an attribute of a tag.
func attribute(tag, name string) string {
	for _, q := range []string{"'", `"`} {
		if _, v, ok := strings.Cut(tag, " "+name+"="+q); ok {
			v, _, _ = strings.Cut(v, q)
			return v
		}
	}
	return ""
}
