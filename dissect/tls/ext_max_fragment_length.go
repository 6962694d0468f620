package tls

import "github.com/tlslens/tlslens/dissect/wire"

// MaxFragmentLength is the max_fragment_length extension (RFC 6066, Section 4).
type MaxFragmentLength struct {
	Code          uint8
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *MaxFragmentLength) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *MaxFragmentLength) decode(r *wire.Reader) {
	*e = MaxFragmentLength{}
	e.Code = r.Uint8("max_fragment_length")
	e.TrailingBytes = r.Trailing()
}

// Bytes returns the length that the code stands for: 512, 1024, 2048 or 4096;
// 0 for other codes.
func (e *MaxFragmentLength) Bytes() int {
	if e.Code < 1 || e.Code > 4 {
		return 0
	}
	return 1 << (8 + e.Code)
}
