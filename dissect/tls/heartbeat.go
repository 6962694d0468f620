package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A HeartbeatType is a code point of the IANA registry "TLS Heartbeat Message
// Types".
type HeartbeatType uint8

// Heartbeat message types (RFC 6520, Section 3).
const (
	HeartbeatRequest  HeartbeatType = 1
	HeartbeatResponse HeartbeatType = 2
)

// A Heartbeat is the content of a heartbeat record (RFC 6520, Section 4).
type Heartbeat struct {
	Type HeartbeatType
	// PayloadLength is what the message claims. Where it is more than there
	// is, Decode fails and Payload is nil: an attempt at CVE-2014-0160.
	PayloadLength int
	Payload       []byte
	Padding       []byte // 16 bytes or more
}

// Decode reads the content of a heartbeat record.
func (m *Heartbeat) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *Heartbeat) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *Heartbeat) decode(r *wire.Reader) {
	*m = Heartbeat{}
	m.Type = HeartbeatType(r.Uint8("type"))
	m.PayloadLength = int(r.Uint16("payload_length"))
	m.Payload = r.Bytes(m.PayloadLength, "payload")
	if !r.Failed() {
		m.Padding = r.Rest("padding")
		return
	}
	r.Trailing()
}
