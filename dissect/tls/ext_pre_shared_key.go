package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// PreSharedKeyClient is the pre_shared_key extension of a ClientHello (RFC
// 8446, Section 4.2.11).
type PreSharedKeyClient struct {
	Identities    []byte // undecoded list; see All
	Binders       Vectors8
	TrailingBytes int
}

// A PSKIdentity is the label of a key and the obfuscated age of its ticket.
type PSKIdentity struct {
	Identity            []byte
	ObfuscatedTicketAge uint32 // milliseconds plus the ticket's age_add, modulo 2^32
}

// Decode reads the extension's data.
func (e *PreSharedKeyClient) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *PreSharedKeyClient) decode(r *wire.Reader) {
	*e = PreSharedKeyClient{}
	s := r.Sub16("identities")
	e.Identities = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		pskIdentity(&s)
	}
	end(r, &s)
	b := r.Sub16("binders")
	e.Binders = vectors(r, &b, 1)
	e.TrailingBytes = r.Trailing()
}

func pskIdentity(r *wire.Reader) PSKIdentity {
	id := r.Vec16("identity")
	return PSKIdentity{Identity: id, ObfuscatedTicketAge: r.Uint32("obfuscated_ticket_age")}
}

// All iterates over the identities in the client's order.
func (e *PreSharedKeyClient) All() iter.Seq[PSKIdentity] {
	return func(yield func(PSKIdentity) bool) {
		r := wire.NewReader(e.Identities)
		for r.Len() > 0 {
			id := pskIdentity(&r)
			if r.Failed() || !yield(id) {
				return
			}
		}
	}
}

// PreSharedKeyServer is the pre_shared_key extension of a ServerHello.
type PreSharedKeyServer struct {
	SelectedIdentity uint16 // index into the client's identities
	TrailingBytes    int
}

// Decode reads the extension's data.
func (e *PreSharedKeyServer) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *PreSharedKeyServer) decode(r *wire.Reader) {
	*e = PreSharedKeyServer{}
	e.SelectedIdentity = r.Uint16("selected_identity")
	e.TrailingBytes = r.Trailing()
}
