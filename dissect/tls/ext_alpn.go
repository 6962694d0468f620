package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ALPN is the application_layer_protocol_negotiation extension (RFC 7301,
// Section 3.1). The server answers with the one protocol it chose.
type ALPN struct {
	Protocols     Vectors8
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ALPN) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ALPN) decode(r *wire.Reader) {
	*e = ALPN{}
	s := r.Sub16("protocol_name_list")
	e.Protocols = vectors(r, &s, 1)
	e.TrailingBytes = r.Trailing()
}
