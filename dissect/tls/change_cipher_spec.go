package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A ChangeCipherSpec is the content of the record of that name (RFC 5246,
// Section 7.1). In TLS 1.3 it means nothing (RFC 8446, Appendix D.4).
type ChangeCipherSpec struct {
	Type          uint8 // 1
	TrailingBytes int
}

// Decode reads the content of a change_cipher_spec record.
func (m *ChangeCipherSpec) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ChangeCipherSpec) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *ChangeCipherSpec) decode(r *wire.Reader) {
	*m = ChangeCipherSpec{}
	m.Type = r.Uint8("type")
	m.TrailingBytes = r.Trailing()
}
