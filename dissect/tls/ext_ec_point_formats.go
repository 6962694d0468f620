package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ECPointFormats is the ec_point_formats extension (RFC 8422, Section 5.1.2).
type ECPointFormats struct {
	Formats       List8[PointFormat]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ECPointFormats) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ECPointFormats) decode(r *wire.Reader) {
	*e = ECPointFormats{}
	e.Formats = codes8(r, 1, "ec_point_format_list")
	e.TrailingBytes = r.Trailing()
}
