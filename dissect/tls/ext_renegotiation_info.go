package tls

import "github.com/tlslens/tlslens/dissect/wire"

// RenegotiationInfo is the renegotiation_info extension (RFC 5746, Section
// 3.2).
type RenegotiationInfo struct {
	RenegotiatedConnection []byte // verify_data of before; empty at first
	TrailingBytes          int
}

// Decode reads the extension's data.
func (e *RenegotiationInfo) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *RenegotiationInfo) decode(r *wire.Reader) {
	*e = RenegotiationInfo{}
	e.RenegotiatedConnection = r.Vec8("renegotiated_connection")
	e.TrailingBytes = r.Trailing()
}
