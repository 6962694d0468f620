package tls

import "github.com/tlslens/tlslens/dissect/wire"

// SupplementalData carries what applications agreed on (RFC 4680, Section 2).
type SupplementalData struct {
	Data          []byte // undecoded list of entries: type and vector, two bytes each
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *SupplementalData) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *SupplementalData) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *SupplementalData) decode(r *wire.Reader) {
	*m = SupplementalData{}
	s := r.Sub24("supp_data")
	m.Data = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		s.Uint16("supp_data_type")
		s.Vec16("supp_data")
	}
	end(r, &s)
	m.TrailingBytes = r.Trailing()
}
