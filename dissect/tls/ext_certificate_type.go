package tls

import "github.com/tlslens/tlslens/dissect/wire"

// CertificateTypes is the client_certificate_type and the
// server_certificate_type extension as a client sends it (RFC 7250, Section 3).
type CertificateTypes struct {
	Types         List8[CertificateType]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *CertificateTypes) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *CertificateTypes) decode(r *wire.Reader) {
	*e = CertificateTypes{}
	e.Types = codes8(r, 1, "certificate_types")
	e.TrailingBytes = r.Trailing()
}

// SelectedCertificateType is the server's answer to CertificateTypes.
type SelectedCertificateType struct {
	Type          CertificateType
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SelectedCertificateType) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SelectedCertificateType) decode(r *wire.Reader) {
	*e = SelectedCertificateType{}
	e.Type = CertificateType(r.Uint8("certificate_type"))
	e.TrailingBytes = r.Trailing()
}
