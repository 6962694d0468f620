package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A CertificateRequest asks the client for a certificate (RFC 8446, Section
// 4.3.2; RFC 5246, Section 7.4.4).
type CertificateRequest struct {
	// TLS 1.2 and before.
	Types       List8[ClientCertificateType]
	Schemes     List16[SignatureScheme] // TLS 1.2, and TLS 1.3 drafts before 19
	Authorities Vectors16               // DER of distinguished names
	// TLS 1.3.
	TLS13          bool
	RequestContext []byte
	Extensions     Extensions
	// OIDFilters is an undecoded list in TLS 1.3 drafts before 19.
	OIDFilters    []byte
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *CertificateRequest) Decode(body []byte, ctx Context) error {
	r := wire.NewReader(body)
	m.decode(&r, ctx)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *CertificateRequest) DecodeTraced(body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r, ctx)
	return r.Err()
}

func (m *CertificateRequest) decode(r *wire.Reader, ctx Context) {
	*m = CertificateRequest{TLS13: ctx.Version.IsTLS13()}
	form := ctx.Version
	if form == 0 {
		form = guessCertificateRequest(r.Peek())
		m.TLS13 = form == VersionTLS13
	}
	switch {
	case form.draftBefore(19):
		m.decodeDraft(r)
	case m.TLS13:
		m.RequestContext = r.Vec8("certificate_request_context")
		m.Extensions = extensions(r, TypeCertificateRequest)
	default:
		m.Types = codes8(r, 1, "certificate_types")
		if form.hasSchemes() {
			m.Schemes = codes16(r, 2, "supported_signature_algorithms")
		}
		m.authorities(r)
	}
	m.TrailingBytes = r.Trailing()
}

// decodeDraft reads the format of draft-ietf-tls-tls13-18, Section 4.3.2.
func (m *CertificateRequest) decodeDraft(r *wire.Reader) {
	m.RequestContext = r.Vec8("certificate_request_context")
	m.Schemes = codes16(r, 2, "supported_signature_algorithms")
	m.authorities(r)
	m.OIDFilters = r.Vec16("certificate_extensions")
}

func (m *CertificateRequest) authorities(r *wire.Reader) {
	s := r.Sub16("certificate_authorities")
	m.Authorities = vectors(r, &s, 2)
}

// SignatureSchemes returns what the client may sign with, from the message or
// from its signature_algorithms extension. ok is false if it does not say.
func (m *CertificateRequest) SignatureSchemes() (list List16[SignatureScheme], ok bool) {
	if m.Schemes != nil {
		return m.Schemes, true
	}
	return m.Extensions.schemes(ExtSignatureAlgorithms)
}

// guessCertificateRequest returns a version whose format fills body; TLS 1.2 if
// none does.
func guessCertificateRequest(body []byte) Version {
	fits := func(width1, width2 int) bool {
		r := wire.NewReader(body)
		r.Vec8("certificate_types")
		if width1 > 0 {
			vector(&r, width1, "list")
		}
		vector(&r, width2, "list")
		return !r.Failed() && r.Len() == 0
	}
	switch {
	case fits(2, 2):
		return VersionTLS12
	case len(body) > 0 && body[0] == 0 && fits(0, 2):
		return VersionTLS13 // no client of TLS 1.1 is asked for no type at all
	case fits(0, 2):
		return VersionTLS11
	}
	return VersionTLS12
}
