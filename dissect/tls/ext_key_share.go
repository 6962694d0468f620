package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A KeyShare is a public value of a group (RFC 8446, Section 4.2.8).
type KeyShare struct {
	Group NamedGroup
	Data  []byte // nil in a HelloRetryRequest
}

// KeyShares is an undecoded list of key shares.
type KeyShares []byte

// All iterates over the shares in the client's order. It stops at one that runs
// past the end, which decoding has already reported.
func (l KeyShares) All() iter.Seq[KeyShare] {
	return func(yield func(KeyShare) bool) {
		r := wire.NewReader(l)
		for r.Len() > 0 {
			s := keyShare(&r)
			if r.Failed() || !yield(s) {
				return
			}
		}
	}
}

// Len returns the number of shares.
func (l KeyShares) Len() (n int) {
	for range l.All() {
		n++
	}
	return n
}

// Get returns the public value of group g; ok is false if there is none.
func (l KeyShares) Get(g NamedGroup) (data []byte, ok bool) {
	for s := range l.All() {
		if s.Group == g {
			return s.Data, true
		}
	}
	return nil, false
}

func keyShare(r *wire.Reader) KeyShare {
	g := NamedGroup(r.Uint16("group"))
	return KeyShare{Group: g, Data: r.Vec16("key_exchange")}
}

// KeyShareClient is the key_share extension of a ClientHello.
type KeyShareClient struct {
	Shares        KeyShares
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *KeyShareClient) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *KeyShareClient) decode(r *wire.Reader) {
	*e = KeyShareClient{}
	s := r.Sub16("client_shares")
	e.Shares = KeyShares(s.Peek())
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		keyShare(&s)
	}
	end(r, &s)
	e.TrailingBytes = r.Trailing()
}

// KeyShareRetry is the key_share extension of a HelloRetryRequest.
type KeyShareRetry struct {
	Group         NamedGroup
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *KeyShareRetry) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *KeyShareRetry) decode(r *wire.Reader) {
	*e = KeyShareRetry{}
	e.Group = NamedGroup(r.Uint16("selected_group"))
	e.TrailingBytes = r.Trailing()
}

// KeyShareServer is the key_share extension of a ServerHello.
type KeyShareServer struct {
	Share         KeyShare
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *KeyShareServer) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *KeyShareServer) decode(r *wire.Reader) {
	*e = KeyShareServer{}
	e.Share = keyShare(r)
	e.TrailingBytes = r.Trailing()
}
