package tls

import "github.com/tlslens/tlslens/dissect/wire"

// HandshakeHeaderLen is the size of a handshake header in bytes.
const HandshakeHeaderLen = 4

// A Header precedes every handshake message over TCP and QUIC (RFC 8446,
// Section 4; RFC 5246, Section 7.4).
type Header struct {
	Type   HandshakeType
	Length int // of the message without its header, 0 to 2^24-1
}

// Decode reads the first four bytes of b; what follows them is left alone.
func (h *Header) Decode(b []byte) error {
	r := wire.NewReader(b)
	h.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (h *Header) DecodeTraced(b []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(b, t)
	h.decode(&r)
	return r.Err()
}

func (h *Header) decode(r *wire.Reader) {
	*h = Header{}
	h.Type = HandshakeType(r.Uint8("msg_type"))
	h.Length = int(r.Uint24("length"))
}

// ParseHeader returns the header at the start of b; ok is false if b is shorter
// than a header. It is Decode for callers that wait for more bytes.
func ParseHeader(b []byte) (h Header, ok bool) {
	r := wire.NewReader(b)
	h.decode(&r)
	return h, !r.Failed()
}

// A DTLSHeader precedes every fragment of a handshake message in DTLS (RFC
// 6347, Section 4.2.2; RFC 9147, Section 5.2).
type DTLSHeader struct {
	Type           HandshakeType
	Length         int    // of the whole message without header
	MessageSeq     uint16 // counts the messages of a side
	FragmentOffset int    // of this fragment in the message
	FragmentLength int    // of this fragment
}

// DTLSHandshakeHeaderLen is the size of a DTLSHeader in bytes.
const DTLSHandshakeHeaderLen = 12

// Decode reads the first twelve bytes of b; what follows them is left alone.
func (h *DTLSHeader) Decode(b []byte) error {
	r := wire.NewReader(b)
	h.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (h *DTLSHeader) DecodeTraced(b []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(b, t)
	h.decode(&r)
	return r.Err()
}

func (h *DTLSHeader) decode(r *wire.Reader) {
	*h = DTLSHeader{}
	h.Type = HandshakeType(r.Uint8("msg_type"))
	h.Length = int(r.Uint24("length"))
	h.MessageSeq = r.Uint16("message_seq")
	h.FragmentOffset = int(r.Uint24("fragment_offset"))
	h.FragmentLength = int(r.Uint24("fragment_length"))
}
