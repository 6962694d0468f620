package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A HelloVerifyRequest makes a DTLS client show that it gets what is sent to
// its address (RFC 6347, Section 4.2.1).
type HelloVerifyRequest struct {
	Version       Version
	Cookie        []byte
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *HelloVerifyRequest) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *HelloVerifyRequest) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *HelloVerifyRequest) decode(r *wire.Reader) {
	*m = HelloVerifyRequest{}
	m.Version = Version(r.Uint16("server_version"))
	m.Cookie = r.Vec8("cookie")
	m.TrailingBytes = r.Trailing()
}
