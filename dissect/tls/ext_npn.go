package tls

import "github.com/tlslens/tlslens/dissect/wire"

// NextProtocols is the next_protocol_negotiation extension of a ServerHello
// (draft-agl-tls-nextprotoneg-04, Section 3). A client sends it empty.
type NextProtocols struct {
	Protocols Vectors8
}

// Decode reads the extension's data.
func (e *NextProtocols) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *NextProtocols) decode(r *wire.Reader) {
	*e = NextProtocols{}
	s := r.Sub(r.Len(), "protocol_name_list")
	e.Protocols = vectors(r, &s, 1)
}
