// Package iana knows the code points of TLS, DTLS and QUIC: their registry
// names and what the names mean.
//
// In go code points as they stand on the wire, out come names and attributes.
// Lookups search sorted constant tables, so a known code point costs no
// allocation, and nothing here can fail: a GREASE value (RFC 8701) reads
// "GREASE (0x1a1a)" and an unknown one "0x1234 (unassigned)". Every rendered
// code point can be told from every other of its registry. The tables are
// generated from the files in csv/, whose headers say where they come from;
// nothing changes them at run time.
package iana

//go:generate go run ./gen

import "fmt"

// An entry is a row of a registry of which only the name matters.
type entry[C uint8 | uint16 | uint32 | uint64] struct {
	code C
	name string
}

// A handshakeType is a row of the registry "TLS HandshakeType".
type handshakeType struct {
	code        uint8
	name, title string
}

// An alert is a row of the registry "TLS Alerts".
type alert struct {
	code          uint8
	name, meaning string
}

func (e *entry[C]) key() C          { return e.code }
func (h *handshakeType) key() uint8 { return h.code }
func (a *alert) key() uint8         { return a.code }
func (s *Suite) key() uint16        { return s.Code }
func (g *Group) key() uint16        { return g.Code }
func (s *Scheme) key() uint16       { return s.Code }

// A keyed is a pointer to a table row of type T with code points of type C.
type keyed[T any, C uint8 | uint16 | uint32 | uint64] interface {
	*T
	key() C
}

// find returns the row of a sorted table with the code point v, or nil.
func find[T any, C uint8 | uint16 | uint32 | uint64, P keyed[T, C]](table []T, v C) P {
	lo, hi := 0, len(table)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if P(&table[mid]).key() < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(table) && P(&table[lo]).key() == v {
		return P(&table[lo])
	}
	return nil
}

// name returns the name of v in a table of names.
func name[C uint8 | uint16 | uint32 | uint64](table []entry[C], v C) (string, bool) {
	if e := find[entry[C], C](table, v); e != nil {
		return e.name, true
	}
	return "", false
}

// render returns the name of v, or how an unknown value is written: in
// hexadecimal with the given number of digits at least.
func render[C uint8 | uint16 | uint32 | uint64](table []entry[C], v C, digits int) string {
	if s, ok := name(table, v); ok {
		return s
	}
	return unassigned(uint64(v), digits)
}

func unassigned(v uint64, digits int) string { return fmt.Sprintf("0x%0*x (unassigned)", digits, v) }

// orGREASE renders a 16-bit value that has no name.
func orGREASE(v uint16) string {
	if IsGREASE(v) {
		return fmt.Sprintf("GREASE (0x%04x)", v)
	}
	return unassigned(uint64(v), 4)
}

// IsGREASE reports whether v is one of the sixteen values reserved for GREASE
// among cipher suites, extensions, named groups, signature schemes and
// versions: 0x0a0a, 0x1a1a, ... 0xfafa (RFC 8701, section 2).
func IsGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// IsGREASE8 reports whether v is one of the eight values reserved for GREASE
// among PSK key exchange modes: 0x0b, 0x2a, 0x49, ... 0xe4 (RFC 8701,
// section 2).
func IsGREASE8(v uint8) bool { return v%0x1f == 0x0b }
