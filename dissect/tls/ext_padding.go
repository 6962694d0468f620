package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Padding is the padding extension (RFC 7685, Section 3).
type Padding struct {
	Length int
	Zero   bool // all bytes are zero, as they must be
}

// Decode reads the extension's data.
func (e *Padding) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *Padding) decode(r *wire.Reader) {
	*e = Padding{Zero: true}
	for _, b := range r.Rest("padding") {
		e.Length++
		e.Zero = e.Zero && b == 0
	}
}
