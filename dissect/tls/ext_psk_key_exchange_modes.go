package tls

import "github.com/tlslens/tlslens/dissect/wire"

// PSKKeyExchangeModes is the psk_key_exchange_modes extension (RFC 8446,
// Section 4.2.9).
type PSKKeyExchangeModes struct {
	Modes         List8[PSKMode]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *PSKKeyExchangeModes) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *PSKKeyExchangeModes) decode(r *wire.Reader) {
	*e = PSKKeyExchangeModes{}
	e.Modes = codes8(r, 1, "ke_modes")
	e.TrailingBytes = r.Trailing()
}
