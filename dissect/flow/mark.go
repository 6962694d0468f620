package flow

import "time"

// A Side is one end of a flow.
type Side uint8

// The two sides of a flow. The client is whoever sent the ClientHello or,
// failing that, the SYN or, failing both, the first packet.
const (
	Client Side = iota
	Server
)

// Other returns the opposite side.
func (s Side) Other() Side { return s ^ 1 }

// String returns "client" or "server".
func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "server"
}

// A Mark is a place in the capture: what happened where and when. The zero
// Mark means "not seen".
type Mark struct {
	Packet uint64    // 1-based, as capture tools count
	Time   time.Time // by the capture's clock
}

// Seen reports whether the mark is a place at all.
func (m Mark) Seen() bool { return m.Packet != 0 }

// After reports whether m is later than o by the capture's clock or, at the
// same moment, by its packet. So the order of two packets does not depend on
// which of them the capture holds first. Any place is after none.
func (m Mark) After(o Mark) bool {
	if !m.Seen() || !o.Seen() || m.Time.Equal(o.Time) {
		return m.Packet > o.Packet
	}
	return m.Time.After(o.Time)
}
