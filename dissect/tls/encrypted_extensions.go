package tls

import "github.com/tlslens/tlslens/dissect/wire"

// EncryptedExtensions holds the server's answers that need no secret of their
// own (RFC 8446, Section 4.3.1).
type EncryptedExtensions struct {
	Extensions    Extensions
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *EncryptedExtensions) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *EncryptedExtensions) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *EncryptedExtensions) decode(r *wire.Reader) {
	*m = EncryptedExtensions{}
	m.Extensions = extensions(r, TypeEncryptedExtensions)
	m.TrailingBytes = r.Trailing()
}

// ALPN returns the protocol that the server chose (RFC 7301, Section 3.1). ok
// is false if there is none.
func (m *EncryptedExtensions) ALPN() (protocol []byte, ok bool) { return m.Extensions.selectedALPN() }
