package tls

import "github.com/tlslens/tlslens/dissect/wire"

// CompressCertificate is the compress_certificate extension (RFC 8879, Section
// 3).
type CompressCertificate struct {
	Algorithms    List16[CertificateCompression]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *CompressCertificate) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *CompressCertificate) decode(r *wire.Reader) {
	*e = CompressCertificate{}
	e.Algorithms = codes8(r, 2, "algorithms")
	e.TrailingBytes = r.Trailing()
}
