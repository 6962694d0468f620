package tls

import "github.com/tlslens/tlslens/dissect/wire"

// NextProtocol is the client's choice by NPN, sent under protection
// (draft-agl-tls-nextprotoneg-04, Section 3).
type NextProtocol struct {
	Protocol      []byte
	Padding       []byte // to a multiple of 32 bytes
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *NextProtocol) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *NextProtocol) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *NextProtocol) decode(r *wire.Reader) {
	*m = NextProtocol{}
	m.Protocol = r.Vec8("selected_protocol")
	m.Padding = r.Vec8("padding")
	m.TrailingBytes = r.Trailing()
}
