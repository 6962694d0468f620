package starttls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
)

// expose notes what the client sends in the clear, once for each kind. TLS may
// still come.
func (l *Layer) expose(kind conn.ExposureKind, what string, at flow.Mark) next {
	return l.exposeBytes(conn.Exposure{Kind: kind, What: what, By: flow.Client, At: at})
}

func (l *Layer) exposeBytes(x conn.Exposure) next {
	if !slices.ContainsFunc(l.Exposed, func(y conn.Exposure) bool { return y.Kind == x.Kind && y.By == x.By }) {
		l.Exposed = append(l.Exposed, x)
	}
	return more
}

// carryOn is expose for data that ends all talk of TLS.
func (l *Layer) carryOn(what string, at flow.Mark) next {
	l.expose(conn.ExposedData, what, at)
	return over
}

// login notes a login by a command and a mechanism of SASL, as it came from the
// wire; "" is a command that sends the password as it is.
func (l *Layer) login(command, mechanism string, at flow.Mark) next {
	m := strings.ToUpper(strings.Trim(mechanism, `"'`))
	kind := conn.ExposedHashed
	switch {
	case m == "ANONYMOUS" || m == "EXTERNAL": // no secret is sent
		return more
	case m == "":
		kind = conn.ExposedLogin
	case readable[m]:
		kind = conn.ExposedLogin
		command += " " + m
	case hashed[m] || strings.HasPrefix(m, "SCRAM-") && known(m):
		command += " " + m
	default: // what stands there may be anything, a password too
		command += ", an unknown mechanism"
	}
	return l.expose(kind, "its login ("+command+")", at)
}

// readable are the mechanisms of SASL whose password or token anybody on the
// way can read; hashed are those with a challenge.
var (
	readable = map[string]bool{"PLAIN": true, "LOGIN": true, "XOAUTH2": true, "OAUTHBEARER": true, "XOAUTH": true, "X-OAUTH2": true}
	hashed   = map[string]bool{"CRAM-MD5": true, "DIGEST-MD5": true, "NTLM": true, "GSSAPI": true, "GSS-SPNEGO": true, "GS2-KRB5": true,
		"SRP": true, "OTP": true, "KERBEROS_V4": true, "SKEY": true, "APOP": true, "SASL": true, "NEGOTIATE": true, "DIGEST": true}
)

// known reports whether the name of a SCRAM mechanism is one of those that are
// registered (RFC 5802, RFC 7677).
func known(scram string) bool {
	scram = strings.TrimSuffix(strings.TrimPrefix(scram, "SCRAM-"), "-PLUS")
	return scram == "SHA-1" || scram == "SHA-256" || scram == "SHA-512" || scram == "SHA3-512"
}

// exposed returns the gravest of what the client sent in the clear.
func (l *Layer) exposed() (x conn.Exposure, ok bool) {
	for _, kind := range []conn.ExposureKind{conn.ExposedLogin, conn.ExposedHashed, conn.ExposedData} {
		for _, x := range l.Exposed {
			if x.Kind == kind {
				return x, true
			}
		}
	}
	return conn.Exposure{}, false
}

// ClearLogin reports whether a login that shows a password, or something to
// guess it by, went in the clear.
func (t *Talk) ClearLogin() bool {
	for i := range t.layers {
		if x, ok := t.layers[i].exposed(); ok && x.Kind != conn.ExposedData {
			return true
		}
	}
	return false
}

// injected takes away what a direction sent in the clear behind the agreement
// on TLS, where only TLS may follow: RFC 3207, Section 6, and CVE-2011-0411 for
// the client's side, CVE-2021-33515 for what a server is made to say.
func (t *Talk) injected(dir int) {
	u := &t.unread[dir]
	n := notTLS(u.b, t.side(dir))
	if n == 0 {
		return
	}
	l := &t.layers[len(t.layers)-1]
	if strings.TrimSpace(string(u.b[:n])) != "" {
		what := "sent behind its request (" + l.request + ")"
		if t.side(dir) == flow.Server {
			what = "sent behind its agreement"
		}
		l.exposeBytes(conn.Exposure{Kind: conn.ExposedInjected, By: t.side(dir), At: u.at, Bytes: n,
			What: fmt.Sprintf("%d bytes in the clear, %s and before TLS, where nothing may stand", n, what)})
	}
	u.b, u.off = u.b[n:], u.off+int64(n)
}

// notTLS returns how many of the first bytes of b cannot be TLS: those before a
// ClientHello, or of a server any record, or the beginning of one at the end.
func notTLS(b []byte, side flow.Side) int {
	for i := range b {
		switch v := record.Probe(b[i:]); {
		case v == record.Client && side == flow.Client && len(b)-i >= hello:
			return i
		case v == record.Server && side == flow.Server:
			return i
		case v != record.Not && (i == 0 || len(b)-i < hello && b[i] < ' '):
			return i
		}
	}
	return len(b)
}
