package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ChannelID proves the possession of a key that the client keeps for a server
// (draft-balfanz-tls-channelid-01, Section 5). The message is of type 203 and
// called EncryptedExtensions there, one extension without outer length.
type ChannelID struct {
	ExtensionType ExtensionType
	X, Y          []byte // point of P-256, 32 bytes each
	R, S          []byte // ECDSA signature, 32 bytes each
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *ChannelID) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ChannelID) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *ChannelID) decode(r *wire.Reader) {
	*m = ChannelID{}
	m.ExtensionType = ExtensionType(r.Uint16("extension_type"))
	s := r.Sub16("channel_id")
	m.X = s.Bytes(32, "x")
	m.Y = s.Bytes(32, "y")
	m.R = s.Bytes(32, "r")
	m.S = s.Bytes(32, "s")
	s.Trailing()
	r.Adopt(&s)
	m.TrailingBytes = r.Trailing()
}
