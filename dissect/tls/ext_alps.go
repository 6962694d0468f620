package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ALPS is the application_settings extension of a ClientHello
// (draft-vvv-tls-alps-01, Section 4), under its old code point 17513 and its new
// one 17613. In EncryptedExtensions it is the settings themselves.
type ALPS struct {
	Protocols     Vectors8 // for which the client has settings
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ALPS) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ALPS) decode(r *wire.Reader) {
	*e = ALPS{}
	s := r.Sub16("supported_protocols")
	e.Protocols = vectors(r, &s, 1)
	e.TrailingBytes = r.Trailing()
}
