package tls

import "github.com/tlslens/tlslens/dissect/wire"

// SRP is the srp extension (RFC 5054, Section 2.8.1).
type SRP struct {
	UserName      []byte // UTF-8 by the standard
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SRP) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SRP) decode(r *wire.Reader) {
	*e = SRP{}
	e.UserName = r.Vec8("srp_I")
	e.TrailingBytes = r.Trailing()
}
