package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A HeartbeatMode is a code point of the IANA registry "TLS Heartbeat Modes".
type HeartbeatMode uint8

// Heartbeat modes (RFC 6520, Section 2).
const (
	HeartbeatAllowed    HeartbeatMode = 1 // peer_allowed_to_send
	HeartbeatNotAllowed HeartbeatMode = 2 // peer_not_allowed_to_send
)

// HeartbeatExtension is the heartbeat extension (RFC 6520, Section 2).
type HeartbeatExtension struct {
	Mode          HeartbeatMode
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *HeartbeatExtension) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *HeartbeatExtension) decode(r *wire.Reader) {
	*e = HeartbeatExtension{}
	e.Mode = HeartbeatMode(r.Uint8("mode"))
	e.TrailingBytes = r.Trailing()
}
