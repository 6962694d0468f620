package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Message types of SSL 2.0, each the first byte of a record (SSL 2.0 protocol
// specification, "SSL Handshake Protocol Messages").
const (
	SSL2ClientHello uint8 = 1
	SSL2ServerHello uint8 = 4
)

// An SSL2Header is the record header of SSL 2.0, in which later versions could
// be proposed too (SSL 2.0 specification, "SSL Record Header Format"; RFC 5246,
// Appendix E.2).
type SSL2Header struct {
	HeaderLen int  // 2 or 3 bytes
	Length    int  // of the record without its header; 15 bits, 14 with 3 bytes
	Escape    bool // the security escape bit; never set by anybody
	Padding   int  // bytes of padding at the end of the record
}

// Decode reads the first two or three bytes of b; what follows is left alone.
func (h *SSL2Header) Decode(b []byte) error {
	r := wire.NewReader(b)
	h.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (h *SSL2Header) DecodeTraced(b []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(b, t)
	h.decode(&r)
	return r.Err()
}

func (h *SSL2Header) decode(r *wire.Reader) {
	*h = SSL2Header{}
	n := int(r.Uint16("length"))
	if r.Failed() {
		return
	}
	if n&0x8000 != 0 {
		h.HeaderLen, h.Length = 2, n&0x7fff
		return
	}
	h.HeaderLen, h.Length, h.Escape = 3, n&0x3fff, n&0x4000 != 0
	h.Padding = int(r.Uint8("padding"))
}

// An SSL2CipherSpec is a cipher of SSL 2.0, three bytes. Those below 0x010000
// are cipher suites of later versions.
type SSL2CipherSpec uint32

// Suite returns the cipher suite of SSL 3.0 and later that s stands for.
func (s SSL2CipherSpec) Suite() (CipherSuite, bool) { return CipherSuite(s), s <= 0xffff }

// SSL2CipherSpecs is an undecoded list of cipher specs.
type SSL2CipherSpecs []byte

// Len returns the number of specs.
func (l SSL2CipherSpecs) Len() int { return len(l) / 3 }

// At returns the spec with index i, 0 <= i < Len.
func (l SSL2CipherSpecs) At(i int) SSL2CipherSpec {
	b := l[3*i : 3*i+3]
	return SSL2CipherSpec(b[0])<<16 | SSL2CipherSpec(b[1])<<8 | SSL2CipherSpec(b[2])
}

// An SSL2Hello is a ClientHello in the format of SSL 2.0, which clients used
// to offer TLS to servers of unknown age (RFC 5246, Appendix E.2).
type SSL2Hello struct {
	Version       Version // the newest one offered; 0x0002 for SSL 2.0 itself
	CipherSpecs   SSL2CipherSpecs
	SessionID     []byte // 0 or 16 bytes
	Challenge     []byte // 16 to 32 bytes; the end of the random of TLS
	TrailingBytes int
}

// Decode reads the record behind its SSL2Header, the message type included.
func (m *SSL2Hello) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *SSL2Hello) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *SSL2Hello) decode(r *wire.Reader) {
	*m = SSL2Hello{}
	if r.Uint8("msg_type") != SSL2ClientHello {
		r.Fail("msg_type", 1)
	}
	m.Version = Version(r.Uint16("version"))
	specs := int(r.Uint16("cipher_spec_length"))
	id := int(r.Uint16("session_id_length"))
	challenge := int(r.Uint16("challenge_length"))
	s := r.Sub(specs, "cipher_specs")
	m.CipherSpecs = codes(&s, 3)
	m.SessionID = r.Bytes(id, "session_id")
	m.Challenge = r.Bytes(challenge, "challenge")
	m.TrailingBytes = r.Trailing()
}

// An SSL2Answer is the answer to an SSL2Hello by a server that
// speaks SSL 2.0 only (SSL 2.0 specification, "SERVER-HELLO").
type SSL2Answer struct {
	SessionIDHit    bool
	CertificateType uint8 // 1 is X.509; 0 if the session is resumed
	Version         Version
	Certificate     []byte // DER
	CipherSpecs     SSL2CipherSpecs
	ConnectionID    []byte // 16 to 32 bytes
	TrailingBytes   int
}

// Decode reads the record behind its SSL2Header, the message type included.
func (m *SSL2Answer) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *SSL2Answer) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *SSL2Answer) decode(r *wire.Reader) {
	*m = SSL2Answer{}
	if r.Uint8("msg_type") != SSL2ServerHello {
		r.Fail("msg_type", 1)
	}
	m.SessionIDHit = r.Uint8("session_id_hit") != 0
	m.CertificateType = r.Uint8("certificate_type")
	m.Version = Version(r.Uint16("server_version"))
	cert := int(r.Uint16("certificate_length"))
	specs := int(r.Uint16("cipher_specs_length"))
	id := int(r.Uint16("connection_id_length"))
	m.Certificate = r.Bytes(cert, "certificate")
	s := r.Sub(specs, "cipher_specs")
	m.CipherSpecs = codes(&s, 3)
	m.ConnectionID = r.Bytes(id, "connection_id")
	m.TrailingBytes = r.Trailing()
}
