package starttls

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// rdp is the negotiation of Remote Desktop inside the X.224 connection request
// and confirm ([MS-RDPBCGR], Sections 2.2.1.1 and 2.2.1.2).
type rdp struct{}

// The security protocols and the parts of a negotiation.
const (
	rdpTLS      = 1
	rdpRequest  = 1
	rdpResponse = 2
	rdpFailure  = 3
)

// tpkt reads a TPKT packet with an X.224 TPDU of the type code (RFC 2126,
// Section 4.1); n is 0 if more is needed and -1 if it is none.
func tpkt(b []byte, code byte) (body []byte, n int) {
	for i, want := range []byte{3, 0} {
		if len(b) > i && b[i] != want {
			return nil, -1
		}
	}
	if len(b) < 11 {
		return nil, 0
	}
	n = int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case n < 11 || n > 1024 || b[5] != code || int(b[4])+5 != n:
		return nil, -1
	case len(b) < n:
		return nil, 0
	}
	return b[11:n], n
}

// negotiation returns the eight bytes of a negotiation at the end of a body.
func negotiation(body []byte) []byte {
	if len(body) < 8 {
		return nil
	}
	for i := range len(body) - 7 { // a cookie or a token may precede, a correlation id follow
		if x := body[i:]; x[2] == 8 && x[3] == 0 && x[0] >= rdpRequest && x[0] <= rdpFailure {
			return x[:8]
		}
	}
	return nil
}

func probeRDP(b []byte) fit {
	switch body, n := tpkt(b, 0xe0); {
	case n < 0:
		return no
	case n == 0:
		return maybe
	case negotiation(body) != nil:
		return yes
	}
	return no
}

func (rdp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if side == flow.Client {
		if l.asked.Seen() {
			return 0, more
		}
		body, n := tpkt(b, 0xe0)
		switch {
		case n < 0:
			return 0, lost
		case n == 0:
			return 0, more
		}
		x := negotiation(body)
		if x == nil || binary.LittleEndian.Uint32(x[4:]) == 0 {
			return n, over // standard RDP security only
		}
		l.request = "a negotiation request for " + securities(binary.LittleEndian.Uint32(x[4:]))
		return n, l.ask(at)
	}
	body, n := tpkt(b, 0xd0)
	switch {
	case n < 0:
		return 0, lost
	case n == 0:
		return 0, more
	}
	x := negotiation(body)
	switch {
	case x == nil || x[0] == rdpResponse && binary.LittleEndian.Uint32(x[4:]) == 0:
		l.refuse("standard RDP security", at)
		return n, over
	case x[0] == rdpResponse:
		return n, l.grant(securities(binary.LittleEndian.Uint32(x[4:]))+" chosen", at)
	}
	l.refuse(fmt.Sprintf("failure code %d", binary.LittleEndian.Uint32(x[4:])), at)
	return n, over
}

// securities names the security protocols of a set; all but the RDP one are
// carried by TLS.
func securities(set uint32) string {
	var out []string
	for _, s := range []struct {
		bit  uint32
		name string
	}{{rdpTLS, "TLS"}, {2, "CredSSP"}, {4, "RDSTLS"}, {8, "CredSSP with early authorization"}, {16, "Azure AD"}} {
		if set&s.bit != 0 {
			out = append(out, s.name)
		}
	}
	return strings.Join(out, " or ")
}
