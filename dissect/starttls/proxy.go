package starttls

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// proxy1 is the text form of the PROXY protocol header, in one line of at most
// 107 bytes (HAProxy, "The PROXY protocol", Section 2.1).
type proxy1 struct{}

// proxy1Most is the length of the longest header with its line end.
const proxy1Most = 107

func probeProxy1(b []byte) fit { return oneOf(b, "PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN") }

func (proxy1) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return 0, pause // it answers what comes behind the header
	}
	s, n := line(b)
	switch {
	case n == 0 && len(b) < proxy1Most:
		return 0, more
	case n == 0 || n > proxy1Most:
		return 0, lost
	}
	if f := strings.Fields(s); len(f) == 6 {
		l.say(fmt.Sprintf("from %s port %s to %s port %s", clean(f[2]), clean(f[4]), clean(f[3]), clean(f[5])))
	} else {
		l.say("of an unknown client")
	}
	return n, through
}

// clean makes a word from the wire fit to stand without quotes.
func clean(s string) string {
	for _, r := range s {
		if !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-_[]", r) {
			return quote(s)
		}
	}
	return s
}

// proxy2 is the binary form (the same text, Section 2.2).
type proxy2 struct{}

const (
	proxy2Signature = "\r\n\r\n\x00\r\nQUIT\n"
	proxy2Header    = 16
)

func probeProxy2(b []byte) fit {
	if f := prefixed(b, proxy2Signature); f != yes {
		return f
	}
	switch {
	case len(b) < proxy2Header:
		return maybe
	case b[12]>>4 == 2 && binary.BigEndian.Uint16(b[14:]) <= 4096:
		return yes
	}
	return no
}

func (proxy2) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return 0, pause
	}
	if len(b) < proxy2Header {
		return 0, more
	}
	n := proxy2Header + int(binary.BigEndian.Uint16(b[14:]))
	if len(b) < n {
		return 0, more
	}
	body := b[proxy2Header:n]
	size := map[byte]int{1: 4, 2: 16}[b[13]>>4]
	if b[12]&0x0f == 0 || size == 0 || len(body) < 2*size+4 {
		l.say("sent by the proxy for itself")
		return n, through
	}
	src, _ := netip.AddrFromSlice(body[:size])
	dst, _ := netip.AddrFromSlice(body[size : 2*size])
	ports := body[2*size:]
	l.say(fmt.Sprintf("from %s port %d to %s port %d", src, binary.BigEndian.Uint16(ports), dst, binary.BigEndian.Uint16(ports[2:])))
	return n, through
}
