package tls

import "github.com/tlslens/tlslens/dissect/wire"

// StatusRequest is the status_request extension of a ClientHello (RFC 6066,
// Section 8; RFC 8446, Section 4.4.2.1). A server that will answer sends it
// empty, and one that asks the client for its status in TLS 1.3 too.
type StatusRequest struct {
	Empty      bool
	StatusType CertificateStatusType
	// Responders holds the DER of the OCSP responders that the client trusts.
	Responders Vectors16
	// RequestExtensions is the DER of OCSP extensions.
	RequestExtensions []byte
	// Request is what follows a status type other than OCSP.
	Request       []byte
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *StatusRequest) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *StatusRequest) decode(r *wire.Reader) {
	*e = StatusRequest{Empty: r.Len() == 0}
	if e.Empty {
		return
	}
	e.StatusType = CertificateStatusType(r.Uint8("status_type"))
	if e.StatusType != StatusOCSP {
		e.Request = r.Rest("request")
		return
	}
	e.Responders, e.RequestExtensions = ocspRequest(r)
	e.TrailingBytes = r.Trailing()
}

func ocspRequest(r *wire.Reader) (responders Vectors16, extensions []byte) {
	s := r.Sub16("responder_id_list")
	return vectors(r, &s, 2), r.Vec16("request_extensions")
}

// StatusRequestV2 is the status_request_v2 extension (RFC 6961, Section 2.2).
// A server sends it empty.
type StatusRequestV2 struct {
	Empty         bool
	Requests      []byte // undecoded list: a status type, then a vector with a two-byte length
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *StatusRequestV2) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *StatusRequestV2) decode(r *wire.Reader) {
	*e = StatusRequestV2{Empty: r.Len() == 0}
	if e.Empty {
		return
	}
	s := r.Sub16("certificate_status_req_list")
	e.Requests = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		typ := CertificateStatusType(s.Uint8("status_type"))
		q := s.Sub16("request")
		if typ == StatusOCSP || typ == StatusOCSPMulti {
			ocspRequest(&q)
			q.Trailing()
			s.Adopt(&q)
		}
	}
	end(r, &s)
	e.TrailingBytes = r.Trailing()
}
