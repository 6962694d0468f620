package tls

import "github.com/tlslens/tlslens/dissect/wire"

// SupportedGroups is the supported_groups extension (RFC 8446, Section 4.2.7;
// RFC 8422, Section 5.1.1; once elliptic_curves).
type SupportedGroups struct {
	Groups        List16[NamedGroup]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SupportedGroups) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SupportedGroups) decode(r *wire.Reader) {
	*e = SupportedGroups{}
	e.Groups = codes16(r, 2, "named_group_list")
	e.TrailingBytes = r.Trailing()
}
