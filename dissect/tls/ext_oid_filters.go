package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// OIDFilters is the oid_filters extension of a CertificateRequest (RFC 8446,
// Section 4.2.5).
type OIDFilters struct {
	Filters       []byte // undecoded list; see All
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *OIDFilters) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *OIDFilters) decode(r *wire.Reader) {
	*e = OIDFilters{}
	s := r.Sub16("filters")
	e.Filters = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		oidFilter(&s)
	}
	end(r, &s)
	e.TrailingBytes = r.Trailing()
}

func oidFilter(r *wire.Reader) (oid, values []byte) {
	oid = r.Vec8("certificate_extension_oid")
	return oid, r.Vec16("certificate_extension_values")
}

// All iterates over the filters: the DER of a certificate extension's object
// identifier and that of the values wanted in it.
func (e *OIDFilters) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(oid, values []byte) bool) {
		r := wire.NewReader(e.Filters)
		for r.Len() > 0 {
			oid, values := oidFilter(&r)
			if r.Failed() || !yield(oid, values) {
				return
			}
		}
	}
}
