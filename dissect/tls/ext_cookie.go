package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Cookie is the cookie extension (RFC 8446, Section 4.2.2).
type Cookie struct {
	Cookie        []byte
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *Cookie) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *Cookie) decode(r *wire.Reader) {
	*e = Cookie{}
	e.Cookie = r.Vec16("cookie")
	e.TrailingBytes = r.Trailing()
}
