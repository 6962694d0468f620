package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A CertificateVerify proves the possession of a certificate's key (RFC 8446,
// Section 4.4.3; RFC 5246, Section 7.4.8).
type CertificateVerify struct {
	HasScheme     bool // since TLS 1.2
	Scheme        SignatureScheme
	Signature     []byte
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *CertificateVerify) Decode(body []byte, ctx Context) error {
	r := wire.NewReader(body)
	m.decode(&r, ctx)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *CertificateVerify) DecodeTraced(body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r, ctx)
	return r.Err()
}

func (m *CertificateVerify) decode(r *wire.Reader, ctx Context) {
	*m = CertificateVerify{HasScheme: ctx.Version.hasSchemes()}
	if ctx.Version == 0 {
		m.HasScheme = !filledBy16(r.Peek())
	}
	if m.HasScheme {
		m.Scheme = SignatureScheme(r.Uint16("algorithm"))
	}
	m.Signature = r.Vec16("signature")
	m.TrailingBytes = r.Trailing()
}

// filledBy16 reports whether b is one vector with a two-byte length.
func filledBy16(b []byte) bool {
	r := wire.NewReader(b)
	r.Vec16("vector")
	return !r.Failed() && r.Len() == 0
}
