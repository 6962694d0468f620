package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// ServerNames is the server_name extension (RFC 6066, Section 3). In a
// ServerHello or EncryptedExtensions it is empty and says that the server used
// the name.
type ServerNames struct {
	Empty         bool   // no list at all
	Names         []byte // undecoded list of names
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ServerNames) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ServerNames) decode(r *wire.Reader) {
	*e = ServerNames{Empty: r.Len() == 0}
	if e.Empty {
		return
	}
	s := r.Sub16("server_name_list")
	e.Names = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		typ := NameType(s.Uint8("name_type"))
		s.Vec16(typ.field())
	}
	end(r, &s)
	e.TrailingBytes = r.Trailing()
}

// All iterates over the names of all types in wire order. That every name has a
// two-byte length is what RFC 6066 asks of types to come.
func (e *ServerNames) All() iter.Seq2[NameType, []byte] {
	return func(yield func(NameType, []byte) bool) {
		r := wire.NewReader(e.Names)
		for r.Len() > 0 {
			typ := NameType(r.Uint8("name_type"))
			name := r.Vec16("name")
			if r.Failed() || !yield(typ, name) {
				return
			}
		}
	}
}

// HostName returns the first host name; ok is false if there is none.
func (e *ServerNames) HostName() (name []byte, ok bool) {
	for typ, name := range e.All() {
		if typ == NameHostName {
			return name, true
		}
	}
	return nil, false
}

func (t NameType) field() string {
	if t == NameHostName {
		return "host_name"
	}
	return "unknown_name"
}
