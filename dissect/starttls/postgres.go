package starttls

import (
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// postgres is PostgreSQL's SSLRequest, answered with one byte (PostgreSQL,
// "Frontend/Backend Protocol", "SSL Session Encryption"), and what is said of
// the login if TLS does not come. TLS may also begin without it, which is no
// matter of this package.
type postgres struct {
	gss     bool // encryption by GSSAPI was asked for and is not answered
	started bool // the client went on without TLS
	asks    uint32
}

// The codes that stand in the place of a protocol version.
const (
	postgresSSL = 80877103
	postgresGSS = 80877104
)

// Kinds of authentication that the server asks for ("Message Formats").
const (
	postgresOK       = 0
	postgresPassword = 3
	postgresMD5      = 5
	postgresSASL     = 10
)

// mostStartup bounds the startup message, as the server does.
const mostStartup = 10000

func probePostgres(b []byte) fit {
	if f := oneOf(b, "\x00\x00\x00\x08\x04\xd2\x16\x2f", "\x00\x00\x00\x08\x04\xd2\x16\x30"); f != no {
		return f
	}
	return probeStartup(b)
}

// probeStartup tells a startup message of protocol 3: its length, the version
// and the first parameter, which is the user as a rule.
func probeStartup(b []byte) fit {
	switch {
	case len(b) < 2:
		return prefixed(b, "\x00\x00")
	case b[0] != 0 || b[1] != 0:
		return no
	case len(b) < 8:
		return prefixed(b[min(len(b), 4):], "\x00\x03\x00\x00")
	case binary.BigEndian.Uint32(b) > mostStartup || b[4] != 0 || b[5] != 3 || b[6] != 0:
		return no
	}
	return oneOf(b[8:], "user\x00", "database\x00", "application_name\x00", "client_encoding\x00")
}

func (d *postgres) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	switch {
	case d.started:
		return d.login(l, side, b, at)
	case side == flow.Server:
		return d.answer(l, b, at)
	case l.waiting() || d.gss || len(b) < 8:
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
	case code>>16 != 3 || size > mostStartup:
		return 0, over
	}
	l.expose(conn.ExposedData, "its startup message, with the names of user and database,", at)
	if len(b) < int(size) {
		return 0, more
	}
	d.started = true
	return int(size), more
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

// login reads what the server asks for and whether the client answers it.
func (d *postgres) login(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if len(b) < 5 {
		return 0, more
	}
	size := binary.BigEndian.Uint32(b[1:])
	switch {
	case size < 4 || size > mostStartup:
		return 0, over
	case side == flow.Client && b[0] == 'p' && d.asks == postgresPassword:
		return 0, l.finalLogin(conn.ExposedLogin, "its login (password)", at)
	case side == flow.Client && b[0] == 'p' && d.asks != postgresOK:
		return 0, l.finalLogin(conn.ExposedHashed, "its login (a hash of its password)", at)
	case side == flow.Client:
		return 0, more // the server has the word
	case b[0] != 'R' && b[0] != 'v' || size < 8: // neither Authentication nor NegotiateProtocolVersion
		return 0, over
	case len(b) < 1+int(size):
		return 0, more
	}
	if b[0] == 'R' {
		switch d.asks = binary.BigEndian.Uint32(b[5:]); d.asks {
		case postgresPassword, postgresMD5, postgresSASL:
		default: // none is asked for, or one that shows nothing
			return 1 + int(size), over
		}
	}
	return 1 + int(size), more
}

// finalLogin notes a login behind which nothing matters.
func (l *Layer) finalLogin(kind conn.ExposureKind, what string, at flow.Mark) next {
	l.expose(kind, what, at)
	return over
}
