package conn

import (
	"encoding/binary"
	"strings"
)

// kindPAC is the [Resumption] of a Protected Access Credential, a secret that a
// server of EAP-FAST or TEAP once handed to the client: no session is resumed,
// though its opaque part travels as a ticket (RFC 4851, Section 3.2.2; RFC 7170,
// Section 3.2.2).
const kindPAC = "pac"

// isPAC reports whether a ticket inside EAP is a PAC-Opaque: a TLV of type 2.
func (b *Builder) isPAC(ticket []byte) bool {
	const pacOpaque = 2
	return strings.HasSuffix(b.c.StartTLS, "radius") && len(ticket) >= 4 &&
		binary.BigEndian.Uint16(ticket)&0x3fff == pacOpaque && int(binary.BigEndian.Uint16(ticket[2:])) == len(ticket)-4
}

// byPAC reports whether the keys follow from a PAC.
func (b *Builder) byPAC() bool { return b.c.Resumption != nil && b.c.Resumption.Kind == kindPAC }
