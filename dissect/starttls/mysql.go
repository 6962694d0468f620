package starttls

import (
	"bytes"
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// mysql is the MySQL client/server protocol: the server's greeting, then the
// client's SSLRequest, the first 32 bytes of its login without the rest. There
// is no answer: TLS follows at once.
type mysql struct {
	greeted bool
}

// clientSSL is the capability flag for TLS, of both sides.
const clientSSL = 1 << 11

func probeMySQL(b []byte) fit {
	switch {
	case len(b) < 6:
		if len(b) > 3 && b[3] != 0 || len(b) > 4 && b[4] != 10 || len(b) == 0 || len(b) > 2 && (b[1] != 0 || b[2] != 0) {
			return no
		}
		return maybe
	case b[1] != 0 || b[2] != 0 || b[3] != 0 || b[4] != 10 || b[0] < 40 || b[5] < '3' || b[5] > '9':
		return no
	case len(b) < 4+int(b[0]):
		return maybe
	case bytes.IndexByte(b[5:4+int(b[0])], 0) < 3:
		return no
	}
	return yes
}

func (d *mysql) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if len(b) < 4 {
		return 0, more
	}
	n := 4 + (int(b[0]) | int(b[1])<<8 | int(b[2])<<16)
	if len(b) < n {
		return 0, more
	}
	switch body := b[4:n]; {
	case side == flow.Server && !d.greeted:
		d.greeted = true
		return n, mysqlGreeting(l, body, at)
	case side == flow.Server:
		return 0, more
	case !d.greeted:
		return 0, more
	case b[3] != 1 || len(body) < 4:
		return 0, lost
	case binary.LittleEndian.Uint16(body)&clientSSL != 0 && len(body) == 32:
		l.ask(at)
		return n, l.grant("", at)
	}
	l.expose(conn.ExposedHashed, "its login", at)
	return 0, over
}

// mysqlGreeting reads the server's first packet (MySQL, "Protocol::HandshakeV10").
func mysqlGreeting(l *Layer, b []byte, at flow.Mark) next {
	i := bytes.IndexByte(b[1:], 0)
	if i < 0 || len(b) < 1+i+1+4+8+1+2 {
		return lost
	}
	l.say("server " + quote(string(b[1:1+i])))
	if flags := b[1+i+1+4+8+1:]; binary.LittleEndian.Uint16(flags)&clientSSL != 0 {
		l.offered = at
		l.say("TLS offered")
	}
	return more
}
