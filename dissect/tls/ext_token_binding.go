package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A TokenBindingParameter is a code point of the IANA registry "Token Binding
// Key Parameters".
type TokenBindingParameter uint8

// TokenBinding is the token_binding extension (RFC 8472, Section 2).
type TokenBinding struct {
	Major, Minor  uint8
	Parameters    List8[TokenBindingParameter]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *TokenBinding) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *TokenBinding) decode(r *wire.Reader) {
	*e = TokenBinding{}
	e.Major = r.Uint8("major")
	e.Minor = r.Uint8("minor")
	e.Parameters = codes8(r, 1, "key_parameters_list")
	e.TrailingBytes = r.Trailing()
}
