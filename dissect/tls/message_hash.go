package tls

import "github.com/tlslens/tlslens/dissect/wire"

// MessageHash stands for the first ClientHello in the transcript after a
// HelloRetryRequest (RFC 8446, Section 4.4.1). It is never sent.
type MessageHash struct {
	Hash []byte
}

// Decode reads the body of the message, without the handshake header.
func (m *MessageHash) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *MessageHash) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *MessageHash) decode(r *wire.Reader) {
	*m = MessageHash{}
	m.Hash = r.Rest("hash")
}
