package starttls

import (
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/flow"
)

// postgres is PostgreSQL's SSLRequest, answered with one byte (PostgreSQL,
// "Frontend/Backend Protocol", "SSL Session Encryption"). TLS may also begin
// without it, which is no matter of this package.
type postgres struct {
	gss bool // encryption by GSSAPI was asked for and is not answered
}

// The codes that stand in the place of a protocol version.
const (
	postgresSSL = 80877103
	postgresGSS = 80877104
)

func probePostgres(b []byte) fit {
	return oneOf(b, "\x00\x00\x00\x08\x04\xd2\x16\x2f", "\x00\x00\x00\x08\x04\xd2\x16\x30")
}

func (d *postgres) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Server {
		return d.answer(l, b, at)
	}
	if l.waiting() || d.gss || len(b) < 8 {
		return 0, more
	}
	size, code := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch {
	case size == 8 && code == postgresSSL:
		return 8, l.ask(at)
	case size == 8 && code == postgresGSS:
		d.gss = true
		l.say("GSSENCRequest")
		return 8, pause
	case l.refused.Seen() && code>>16 == 3:
		return 0, l.carryOn("its startup message, with the names of user and database,", at)
	}
	return 0, over
}

func (d *postgres) answer(l *Layer, b []byte, at flow.Mark) (int, next) {
	switch {
	case d.gss && b[0] == 'N':
		d.gss = false
		l.say(`"N"`)
		return 1, more
	case d.gss:
		return 0, over // GSSAPI, or an error
	case !l.waiting():
		return 0, more
	case b[0] == 'S':
		return 1, l.grant(`"S"`, at)
	case b[0] == 'N':
		return 1, l.refuse(`"N"`, at)
	case b[0] == 'E':
		l.refuse("an error message", at)
		return 0, over
	}
	return 0, lost
}
