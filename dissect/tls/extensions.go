package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// Extensions is an undecoded extension block (RFC 8446, Section 4.2; RFC 5246,
// Section 7.4.1.4), without its length.
type Extensions []byte

// An Extension is one extension of a block.
type Extension struct {
	Type ExtensionType
	Data []byte
}

// All iterates over the extensions in wire order. It stops at the first one
// that runs past the end of the block; decoding has already reported that.
func (x Extensions) All() iter.Seq[Extension] {
	return func(yield func(Extension) bool) {
		r := wire.NewReader(x)
		for r.Len() > 0 {
			e := Extension{Type: ExtensionType(r.Uint16("type")), Data: r.Vec16("data")}
			if r.Failed() || !yield(e) {
				return
			}
		}
	}
}

// Get returns the data of the first extension of the given type.
func (x Extensions) Get(t ExtensionType) (data []byte, ok bool) {
	r := wire.NewReader(x)
	for r.Len() > 0 {
		typ := ExtensionType(r.Uint16("type"))
		data := r.Vec16("data")
		if r.Failed() {
			break
		}
		if typ == t {
			return data, true
		}
	}
	return nil, false
}

// Has reports whether there is an extension of the given type.
func (x Extensions) Has(t ExtensionType) bool {
	_, ok := x.Get(t)
	return ok
}

// Len returns the number of extensions.
func (x Extensions) Len() (n int) {
	for range x.All() {
		n++
	}
	return n
}

// Duplicates iterates over the types that occur more than once, which RFC 8446,
// Section 4.2 forbids, once each in the order of their second occurrence.
func (x Extensions) Duplicates() iter.Seq[ExtensionType] {
	return func(yield func(ExtensionType) bool) {
		var seen, twice [1 << 16 / 64]uint64 // a bit for every type: linear on hostile input
		for e := range x.All() {
			word, bit := e.Type/64, uint64(1)<<(e.Type%64)
			if seen[word]&bit == 0 {
				seen[word] |= bit
				continue
			}
			if twice[word]&bit == 0 {
				twice[word] |= bit
				if !yield(e.Type) {
					return
				}
			}
		}
	}
}

// extensions reads an extension block that stands in message where. Of a block
// that runs past the end of the message, which may be cut, it keeps what is
// there.
func extensions(r *wire.Reader, where HandshakeType) Extensions {
	rest := r.Peek()
	s := r.Sub16("extensions")
	if r.Failed() && len(rest) > 2 {
		return rest[2:]
	}
	b := s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		typ := ExtensionType(s.Uint16("type"))
		if !s.Traced() {
			s.Vec16("data")
			continue
		}
		x := s.Sub16(typ.field())
		if !x.Failed() && !s.Failed() {
			decodeExtension(typ, where, &x)
		}
	}
	end(r, &s)
	return b
}

func (x Extensions) schemes(t ExtensionType) (List16[SignatureScheme], bool) {
	data, ok := x.Get(t)
	var e SignatureAlgorithms
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Schemes, ok
}

func (x Extensions) keyShare() ([]byte, bool) {
	if data, ok := x.Get(ExtKeyShare); ok {
		return data, true
	}
	return x.Get(ExtKeyShareOld)
}

func (x Extensions) alpn() (Vectors8, bool) {
	data, ok := x.Get(ExtALPN)
	var e ALPN
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Protocols, ok
}

func (x Extensions) selectedALPN() (protocol []byte, ok bool) {
	list, _ := x.alpn()
	for p := range list.All() {
		return p, true
	}
	return nil, false
}

// Check decodes the extension as one of message where and returns the first
// fault. Types that this package cannot decode have none. The offset of the
// error counts from the start of the extension's data.
func (e Extension) Check(where HandshakeType) error {
	r := wire.NewReader(e.Data)
	decodeExtension(e.Type, where, &r)
	return r.Err()
}
