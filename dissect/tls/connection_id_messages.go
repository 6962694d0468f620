package tls

import "github.com/tlslens/tlslens/dissect/wire"

// RequestConnectionID asks for connection IDs (RFC 9147, Section 9).
type RequestConnectionID struct {
	Count         uint8
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *RequestConnectionID) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *RequestConnectionID) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *RequestConnectionID) decode(r *wire.Reader) {
	*m = RequestConnectionID{}
	m.Count = r.Uint8("num_cids")
	m.TrailingBytes = r.Trailing()
}

// NewConnectionID gives connection IDs to the other side (RFC 9147, Section 9).
type NewConnectionID struct {
	CIDs          Vectors8
	Usage         uint8 // 0: cid_immediate, 1: cid_spare
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *NewConnectionID) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *NewConnectionID) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *NewConnectionID) decode(r *wire.Reader) {
	*m = NewConnectionID{}
	s := r.Sub16("cids")
	m.CIDs = vectors(r, &s, 1)
	m.Usage = r.Uint8("usage")
	m.TrailingBytes = r.Trailing()
}
