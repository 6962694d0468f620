package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A KeyUpdate says that its sender's next record uses new keys (RFC 8446,
// Section 4.6.3).
type KeyUpdate struct {
	Request       uint8 // 0: update_not_requested, 1: update_requested
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *KeyUpdate) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *KeyUpdate) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *KeyUpdate) decode(r *wire.Reader) {
	*m = KeyUpdate{}
	m.Request = r.Uint8("request_update")
	m.TrailingBytes = r.Trailing()
}

// Requested reports whether the other side is asked to update its keys too.
func (m *KeyUpdate) Requested() bool { return m.Request == 1 }
