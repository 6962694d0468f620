// Package eap is the carrier of the TLS in EAP methods (RFC 5216, RFC 9190,
// RFC 5281, RFC 7170, PEAP) inside RADIUS (RFC 2865, RFC 3579): it joins the
// EAP-Message attributes of a packet, takes the fragments of TLS out of them and
// hands the bytes to package record.
//
// In go the datagrams of one conversation, that is of one client that logs in,
// told apart from others between the same ports by [Conversations]; out come
// records. It holds no bytes but those of record, refuses what contradicts
// itself, and what is no RADIUS with EAP in it is passed over. Nothing that a
// method hides is looked for, and passwords in attributes are not read.
package eap

import (
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/wire"
)

// Codes of RADIUS packets (RFC 2865, Section 3).
const (
	accessRequest   = 1
	accessAccept    = 2
	accessReject    = 3
	accessChallenge = 11
)

// Attributes (RFC 2865, Section 5; RFC 3579, Section 3.1).
const (
	attrUserName   = 1
	attrState      = 24
	attrEAPMessage = 79
)

// Sizes of RADIUS packets (RFC 2865, Section 3).
const (
	leastPacket = 20
	mostPacket  = 4096
)

// A radius is a packet of RADIUS that carries EAP. Its slices but eap alias the
// datagram.
type radius struct {
	code, id      uint8
	authenticator []byte
	user          []byte // User-Name
	state         []byte
	eap           []byte // of all EAP-Message attributes, in their order
}

// isRADIUS reports whether b may be such a packet, at the cost of a look.
func isRADIUS(b []byte) bool {
	if len(b) < leastPacket+2 {
		return false
	}
	switch b[0] {
	case accessRequest, accessAccept, accessReject, accessChallenge:
		n := int(binary.BigEndian.Uint16(b[2:]))
		return n > leastPacket && n <= len(b) && n <= mostPacket
	}
	return false
}

// parse reads a packet. ok is false if b is none with EAP in it. What is joined
// goes into buf.
func (p *radius) parse(b, buf []byte) (ok bool) {
	*p = radius{}
	if !isRADIUS(b) {
		return false
	}
	r := wire.NewReader(b[:binary.BigEndian.Uint16(b[2:])])
	p.code, p.id = r.Uint8("code"), r.Uint8("identifier")
	r.Uint16("length")
	p.authenticator = r.Bytes(16, "authenticator")
	p.eap = buf[:0]
	for r.Len() > 0 && !r.Failed() {
		typ := r.Uint8("type")
		n := int(r.Uint8("length"))
		if n < 2 {
			return false
		}
		v := r.Bytes(n-2, "value")
		switch typ {
		case attrUserName:
			p.user = v
		case attrState:
			p.state = v
		case attrEAPMessage:
			p.eap = append(p.eap, v...)
		}
	}
	return !r.Failed() && len(p.eap) >= leastMessage
}

// fromServer reports whether the server sent the packet.
func (p *radius) fromServer() bool { return p.code != accessRequest }
