package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A CertificateStatus holds what OCSP says of the server's certificate (RFC
// 6066, Section 8) or of its chain (RFC 6961, Section 2.2). In TLS 1.3 it is
// the status_request extension of a certificate entry (RFC 8446, Section
// 4.4.2.1).
type CertificateStatus struct {
	Type          CertificateStatusType
	Response      []byte    // DER of the OCSPResponse, for StatusOCSP
	Responses     Vectors24 // for StatusOCSPMulti, in the chain's order; may be empty
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *CertificateStatus) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *CertificateStatus) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *CertificateStatus) decode(r *wire.Reader) {
	*m = CertificateStatus{}
	m.Type = CertificateStatusType(r.Uint8("status_type"))
	switch m.Type {
	case StatusOCSP:
		m.Response = r.Vec24("response")
	case StatusOCSPMulti:
		s := r.Sub24("ocsp_response_list")
		m.Responses = vectors(r, &s, 3)
	}
	m.TrailingBytes = r.Trailing()
}
