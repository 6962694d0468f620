package tls

import "github.com/tlslens/tlslens/dissect/wire"

// SignatureAlgorithms is the signature_algorithms and the
// signature_algorithms_cert extension (RFC 8446, Section 4.2.3; RFC 5246,
// Section 7.4.1.4.1), and delegated_credential where it is offered (RFC 9345,
// Section 4.1.1).
type SignatureAlgorithms struct {
	Schemes       List16[SignatureScheme]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SignatureAlgorithms) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SignatureAlgorithms) decode(r *wire.Reader) {
	*e = SignatureAlgorithms{}
	e.Schemes = codes16(r, 2, "supported_signature_algorithms")
	e.TrailingBytes = r.Trailing()
}
