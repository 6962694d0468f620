package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A Certificate message holds the chain of its sender, its own certificate
// first (RFC 8446, Section 4.4.2; RFC 5246, Section 7.4.2), or one raw public
// key (RFC 7250, Section 3).
type Certificate struct {
	TLS13          bool   // entries have extensions
	RequestContext []byte // TLS 1.3 only
	Entries        []byte // undecoded list; see All
	RawPublicKey   []byte // DER of a SubjectPublicKeyInfo; TLS 1.3 has it as the first entry too
	TrailingBytes  int
}

// A CertificateEntry is one certificate of a chain.
type CertificateEntry struct {
	Data       []byte     // DER
	Extensions Extensions // TLS 1.3 only
}

// Decode reads the body of the message, without the handshake header.
func (m *Certificate) Decode(body []byte, ctx Context) error {
	r := wire.NewReader(body)
	m.decode(&r, ctx)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *Certificate) DecodeTraced(body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r, ctx)
	return r.Err()
}

func (m *Certificate) decode(r *wire.Reader, ctx Context) {
	*m = Certificate{TLS13: ctx.Version.IsTLS13()}
	if ctx.Version == 0 {
		m.TLS13 = looksLikeCertificate13(r.Peek())
	}
	if ctx.RawPublicKey && !m.TLS13 {
		m.RawPublicKey = r.Vec24("ASN1_subjectPublicKeyInfo")
		m.TrailingBytes = r.Trailing()
		return
	}
	if m.TLS13 {
		m.RequestContext = r.Vec8("certificate_request_context")
	}
	s := r.Sub24("certificate_list")
	m.Entries = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		if e := m.entry(&s); i == 0 && ctx.RawPublicKey {
			m.RawPublicKey = e.Data
		}
	}
	end(r, &s)
	m.TrailingBytes = r.Trailing()
}

func (m *Certificate) entry(r *wire.Reader) CertificateEntry {
	e := CertificateEntry{Data: r.Vec24("cert_data")}
	if m.TLS13 {
		e.Extensions = extensions(r, TypeCertificate)
	}
	return e
}

// All iterates over the entries in the order they were sent. It stops at one
// that runs past the end, which decoding has already reported.
func (m *Certificate) All() iter.Seq[CertificateEntry] {
	return func(yield func(CertificateEntry) bool) {
		r := wire.NewReader(m.Entries)
		for r.Len() > 0 {
			e := m.entry(&r)
			if r.Failed() || !yield(e) {
				return
			}
		}
	}
}

// Len returns the number of entries.
func (m *Certificate) Len() (n int) {
	for range m.All() {
		n++
	}
	return n
}

// looksLikeCertificate13 guesses the format of a message whose version is not
// known: the one whose list fills the message.
func looksLikeCertificate13(body []byte) bool {
	old := wire.NewReader(body)
	old.Vec24("certificate_list")
	if !old.Failed() && old.Len() == 0 {
		return false
	}
	r := wire.NewReader(body)
	r.Vec8("certificate_request_context")
	r.Vec24("certificate_list")
	return !r.Failed() && r.Len() == 0
}
