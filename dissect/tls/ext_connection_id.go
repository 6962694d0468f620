package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ConnectionID is the connection_id extension of DTLS (RFC 9146, Section 3).
type ConnectionID struct {
	CID           []byte // that the other side is to use; may be empty
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ConnectionID) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ConnectionID) decode(r *wire.Reader) {
	*e = ConnectionID{}
	e.CID = r.Vec8("cid")
	e.TrailingBytes = r.Trailing()
}
