package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Finished is a MAC over the handshake (RFC 8446, Section 4.4.4; RFC 5246,
// Section 7.4.9; in SSL 3.0 an MD5 and a SHA-1 hash, RFC 6101, Section
// 5.6.9).
type Finished struct {
	VerifyData []byte // 12 bytes to TLS 1.2, 36 in SSL 3.0, 32 or 48 in TLS 1.3
}

// Decode reads the body of the message, without the handshake header.
func (m *Finished) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *Finished) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *Finished) decode(r *wire.Reader) {
	*m = Finished{}
	m.VerifyData = r.Rest("verify_data")
}
