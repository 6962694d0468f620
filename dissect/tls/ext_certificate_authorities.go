package tls

import "github.com/tlslens/tlslens/dissect/wire"

// CertificateAuthorities is the certificate_authorities extension (RFC 8446,
// Section 4.2.4).
type CertificateAuthorities struct {
	Authorities   Vectors16 // DER of distinguished names
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *CertificateAuthorities) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *CertificateAuthorities) decode(r *wire.Reader) {
	*e = CertificateAuthorities{}
	s := r.Sub16("authorities")
	e.Authorities = vectors(r, &s, 2)
	e.TrailingBytes = r.Trailing()
}
