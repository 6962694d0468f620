package starttls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// socks4 is SOCKS 4 and 4a: one request, one answer of eight bytes.
type socks4 struct {
	asked bool
}

// mostUser bounds the user and host name of a request.
const mostUser = 256

func probeSOCKS4(b []byte) fit {
	switch {
	case len(b) == 0 || b[0] != 4 || len(b) > 1 && b[1] != 1:
		return no
	case len(b) < 9:
		return maybe
	case binary.BigEndian.Uint16(b[2:]) == 0 || len(b) > 9+2*mostUser:
		return no
	}
	if n, _ := socks4Request(b); n == 0 {
		return maybe
	}
	return yes
}

// socks4Request returns the length of a request and the host it names.
func socks4Request(b []byte) (n int, host string) {
	i := bytes.IndexByte(b[8:], 0)
	if i < 0 || i > mostUser {
		return 0, ""
	}
	n = 8 + i + 1
	if b[4] != 0 || b[5] != 0 || b[6] != 0 || b[7] == 0 {
		return n, netip.AddrFrom4([4]byte(b[4:8])).String()
	}
	i = bytes.IndexByte(b[n:], 0) // SOCKS 4a: a name behind the user
	if i < 0 || i > mostUser {
		return 0, ""
	}
	return n + i + 1, string(b[n : n+i])
}

func (d *socks4) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Client {
		if d.asked || len(b) < 9 {
			return 0, more
		}
		n, host := socks4Request(b)
		if n == 0 {
			return 0, more
		}
		d.asked = true
		l.say(fmt.Sprintf("connect to %s port %d", clean(host), binary.BigEndian.Uint16(b[2:])))
		return n, pause
	}
	switch {
	case !d.asked || len(b) < 8:
		return 0, more
	case b[0] != 0:
		return 0, lost
	case b[1] != 90:
		l.say(fmt.Sprintf("refused with code %d", b[1]))
		return 8, over
	}
	l.say("granted")
	return 8, through
}

// socks5 is SOCKS 5 (RFC 1928), with a password if the server wants one (RFC
// 1929).
type socks5 struct {
	client, server uint8 // what comes next from each
}

// Steps of SOCKS 5.
const (
	socksMethods uint8 = iota
	socksPassword
	socksRequest
	socksDone
)

func probeSOCKS5(b []byte) fit {
	switch {
	case len(b) == 0 || b[0] != 5:
		return no
	case len(b) < 2:
		return maybe
	case b[1] == 0 || b[1] > 10:
		return no
	case len(b) < 2+int(b[1]):
		return maybe
	}
	for _, m := range b[2 : 2+int(b[1])] {
		if m > 9 && m < 0x80 { // unassigned
			return no
		}
	}
	return yes
}

func (d *socks5) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Client {
		return d.request(l, b, at)
	}
	return d.answer(l, b)
}

func (d *socks5) request(l *Layer, b []byte, at flow.Mark) (int, next) {
	switch {
	case d.client > d.server || len(b) < 2:
		return 0, more // the server has the word
	case d.client == socksMethods:
		n := 2 + int(b[1])
		if len(b) < n {
			return 0, more
		}
		d.client = socksPassword
		return n, pause
	case d.client == socksPassword:
		n := 2 + int(b[1])
		if b[0] != 1 {
			return 0, lost
		}
		if len(b) <= n || len(b) < n+1+int(b[n]) {
			return 0, more
		}
		d.client = socksRequest
		l.say("with a name and a password")
		l.expose(conn.ExposedProxy, "its login for the proxy (a name and a password)", at)
		return n + 1 + int(b[n]), pause
	}
	host, port, n := socksAddress(b)
	switch {
	case n < 0 || b[0] != 5:
		return 0, lost
	case n == 0:
		return 0, more
	}
	d.client = socksDone
	l.say(fmt.Sprintf("%s %s port %d", map[byte]string{1: "connect to", 2: "bind", 3: "UDP for"}[b[1]], clean(host), port))
	return n, pause
}

func (d *socks5) answer(l *Layer, b []byte) (int, next) {
	switch {
	case len(b) < 2 || d.server >= d.client:
		return 0, more
	case d.server == socksMethods:
		d.server = socksPassword
		switch b[1] {
		case 0:
			d.client, d.server = socksRequest, socksRequest
		case 2:
		default:
			return 2, over // refused, or a method that wraps what follows
		}
		return 2, more
	case d.server == socksPassword:
		d.server = socksRequest
		if b[1] != 0 {
			l.say("refused")
			return 2, over
		}
		return 2, more
	}
	_, _, n := socksAddress(b)
	switch {
	case n < 0:
		return 0, lost
	case n == 0:
		return 0, more
	case b[1] != 0:
		l.say(fmt.Sprintf("refused with code %d", b[1]))
		return n, over
	}
	l.say("granted")
	return n, through
}

// socksAddress reads a request or an answer: n is 0 if more bytes are needed
// and -1 if it is none.
func socksAddress(b []byte) (host string, port uint16, n int) {
	if len(b) < 5 {
		return "", 0, 0
	}
	size := map[byte]int{1: 4, 3: 1 + int(b[4]), 4: 16}[b[3]]
	switch n = 4 + size + 2; {
	case b[0] != 5 || size == 0:
		return "", 0, -1
	case len(b) < n:
		return "", 0, 0
	}
	port = binary.BigEndian.Uint16(b[4+size:])
	if b[3] == 3 {
		return string(b[5 : 4+size]), port, n
	}
	a, _ := netip.AddrFromSlice(b[4 : 4+size])
	return a.String(), port, n
}
