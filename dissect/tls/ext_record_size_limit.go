package tls

import "github.com/tlslens/tlslens/dissect/wire"

// RecordSizeLimit is the record_size_limit extension (RFC 8449, Section 4).
type RecordSizeLimit struct {
	Limit         uint16 // bytes of plaintext; TLS 1.3 counts the content type too
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *RecordSizeLimit) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *RecordSizeLimit) decode(r *wire.Reader) {
	*e = RecordSizeLimit{}
	e.Limit = r.Uint16("record_size_limit")
	e.TrailingBytes = r.Trailing()
}
