package tls

import "github.com/tlslens/tlslens/dissect/wire"

// An EmptyMessage has no content: HelloRequest (RFC 5246, Section 7.4.1.1),
// ServerHelloDone (Section 7.4.5) and EndOfEarlyData (RFC 8446, Section 4.5).
type EmptyMessage struct {
	TrailingBytes int // there should be none
}

// Decode reads the body of the message, without the handshake header.
func (m *EmptyMessage) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *EmptyMessage) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *EmptyMessage) decode(r *wire.Reader) { *m = EmptyMessage{TrailingBytes: r.Trailing()} }
