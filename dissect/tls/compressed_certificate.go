package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A CompressedCertificate stands in the place of a Certificate message (RFC
// 8879, Section 4). [Decompress] gives the body of that message.
type CompressedCertificate struct {
	Algorithm          CertificateCompression
	UncompressedLength int // bytes, as claimed
	Data               []byte
	TrailingBytes      int
}

// Decode reads the body of the message, without the handshake header.
func (m *CompressedCertificate) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *CompressedCertificate) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *CompressedCertificate) decode(r *wire.Reader) {
	*m = CompressedCertificate{}
	m.Algorithm = CertificateCompression(r.Uint16("algorithm"))
	m.UncompressedLength = int(r.Uint24("uncompressed_length"))
	m.Data = r.Vec24("compressed_certificate_message")
	m.TrailingBytes = r.Trailing()
}
