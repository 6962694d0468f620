package iana

// A GroupKind is what a named group computes with.
type GroupKind uint8

// The kinds of groups.
const (
	GroupUnknown     GroupKind = iota
	GroupCurve                 // elliptic curve
	GroupFiniteField           // ffdhe (RFC 7919)
	GroupHybrid                // a curve and a post-quantum KEM together
	GroupKEM                   // a post-quantum KEM alone
	GroupExplicit              // parameters follow in the ServerKeyExchange (RFC 4492)
	GroupGREASE
)

// String returns the kind in words.
func (k GroupKind) String() string {
	switch k {
	case GroupCurve:
		return "elliptic curve"
	case GroupFiniteField:
		return "finite field"
	case GroupHybrid:
		return "hybrid"
	case GroupKEM:
		return "KEM"
	case GroupExplicit:
		return "explicit parameters"
	case GroupGREASE:
		return "GREASE"
	}
	return "unknown"
}

// A Group is a named group. csv/named_groups.csv names the sources of the
// numbers.
type Group struct {
	Code         uint16
	Name         string // registry name
	Short        string // for narrow tables, "P-256"
	Kind         GroupKind
	Bits         int  // security against a classical attacker, in bits; that of the curve in a hybrid; 0 if not stated
	ClientLen    int  // bytes of the client's key share; 0 if unknown
	ServerLen    int  // bytes of the server's key share; 0 if unknown
	PostQuantum  bool // holds against a quantum computer, as far as known
	Experimental bool // code point of an experiment, never registered
}

// LookupGroup returns the attributes of a named group. For a GREASE value only
// Code and Kind are set and ok is false, as for an unassigned one.
func LookupGroup(code uint16) (g Group, ok bool) {
	if p := find[Group, uint16](groups[:], code); p != nil {
		return *p, true
	}
	g.Code = code
	if IsGREASE(code) {
		g.Kind = GroupGREASE
	}
	return g, false
}
