package starttls

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// ldap is LDAP with the StartTLS extended operation (RFC 4511, Section 4.14).
type ldap struct{}

// startTLS is the name of the operation.
const startTLS = "1.3.6.1.4.1.1466.20037"

// Tags of LDAP operations (RFC 4511, Appendix B).
const (
	ldapBind             = 0x60
	ldapSearch           = 0x63
	ldapExtended         = 0x77
	ldapExtendedResponse = 0x78
)

// element reads a BER element: its tag, content and length in all; n is 0 if
// more bytes are needed and -1 if it is none that LDAP would use.
func element(b []byte) (tag byte, content []byte, n int) {
	if len(b) < 2 {
		return 0, nil, 0
	}
	size, at := int(b[1]), 2
	if size >= 0x80 {
		k := size & 0x7f
		if k == 0 || k > 4 {
			return 0, nil, -1
		}
		if len(b) < 2+k {
			return 0, nil, 0
		}
		size, at = 0, 2+k
		for _, c := range b[2:at] {
			size = size<<8 | int(c)
		}
	}
	switch {
	case size > 1<<20:
		return 0, nil, -1
	case len(b) < at+size:
		return b[0], b[at:], 0
	}
	return b[0], b[at : at+size], at + size
}

// message reads the operation of an LDAPMessage.
func message(b []byte) (op byte, content []byte, n int) {
	tag, m, n := element(b)
	if n <= 0 {
		return 0, nil, n
	}
	idTag, id, k := element(m)
	if tag != 0x30 || idTag != 2 || k <= 0 || len(id) == 0 || len(id) > 4 {
		return 0, nil, -1
	}
	op, content, k = element(m[k:])
	if k <= 0 {
		return 0, nil, -1
	}
	return op, content, n
}

func probeLDAP(b []byte) fit {
	switch {
	case len(b) == 0 || b[0] != 0x30:
		return no
	case len(b) > 512:
		return no // a first message is a bind or StartTLS: both are short
	}
	op, _, n := message(b)
	switch {
	case n == 0:
		return maybe
	case n > 0 && (op == ldapBind || op == ldapExtended || op == ldapSearch):
		return yes
	}
	return no
}

func (d ldap) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Client && l.waiting() {
		return 0, more
	}
	op, content, n := message(b)
	switch {
	case n < 0:
		return 0, lost
	case n == 0:
		return 0, more
	case side == flow.Client && op == ldapExtended && bytes.Contains(content, []byte(startTLS)):
		return n, l.ask(at)
	case side == flow.Client && op == ldapBind:
		return n, ldapLogin(l, content, at)
	case side == flow.Client && op == ldapSearch && l.refused.Seen():
		return n, l.carryOn("its searches", at)
	case side == flow.Server && op == ldapExtendedResponse && l.waiting():
		return n, ldapAnswer(l, content, at)
	}
	return n, more
}

// ldapLogin notes what a bind sends (RFC 4511, Section 4.2): a password, a
// mechanism of SASL, or nothing.
func ldapLogin(l *Layer, b []byte, at flow.Mark) next {
	_, _, n := element(b) // the version
	if n <= 0 {
		return more
	}
	_, _, k := element(b[n:]) // the name
	if k <= 0 {
		return more
	}
	switch tag, content, m := element(b[n+k:]); {
	case m <= 0 || len(content) == 0: // anonymous
		if l.refused.Seen() {
			l.expose(conn.ExposedData, "its commands, as an anonymous user,", at)
		}
	case tag == 0x80:
		return l.login("bind with a password", "", at)
	case tag == 0xa3:
		_, mechanism, j := element(content)
		if j > 0 {
			return l.login("bind with SASL", string(mechanism), at)
		}
	}
	return more
}

// ldapAnswer reads the result of StartTLS (RFC 4511, Section 4.1.9).
func ldapAnswer(l *Layer, b []byte, at flow.Mark) next {
	tag, code, n := element(b)
	if tag != 0x0a || n <= 0 || len(code) != 1 {
		return lost
	}
	if code[0] == 0 {
		return l.grant("success", at)
	}
	words := fmt.Sprintf("result %d", code[0])
	if _, _, k := element(b[n:]); k > 0 { // the matched name
		if _, text, j := element(b[n+k:]); j > 0 && len(text) > 0 {
			words += " " + quote(string(text))
		}
	}
	return l.refuse(words, at)
}
