package dtls

import (
	"slices"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/wire"
)

// randomOf returns the random of a hello that begins with b.
func randomOf(b []byte) (random [32]byte, ok bool) {
	r := wire.NewReader(b)
	r.Uint16("legacy_version")
	ok = copy(random[:], r.Bytes(32, "random")) == len(random)
	return random, ok
}

// another reports whether a message_seq that was used before is used for another
// message: numbering begins again with a hello that was not seen yet, after a
// HelloVerifyRequest of a server that kept no state or for another handshake.
func (a *assembly) another(h tls.DTLSHeader, data []byte) bool {
	if h.Type != tls.TypeClientHello && h.Type != tls.TypeServerHello {
		return false
	}
	random, ok := randomOf(data)
	whole := ok && h.FragmentOffset == 0
	for _, x := range a.hellos[:min(a.stored, len(a.hellos))] {
		if x.seq == int(h.MessageSeq) && x.length == h.Length && (!whole || x.random == random) {
			return false
		}
		if whole && x.random == random && x.seq > int(h.MessageSeq) {
			return false // overtaken by the one with the cookie
		}
	}
	return whole
}

// noteHello remembers a hello and what it says about connection ids.
func (s *Stream) noteHello(side flow.Side, typ tls.HandshakeType, seq int, body []byte) {
	var x tls.Extensions
	switch typ {
	case tls.TypeClientHello:
		var m tls.ClientHello
		_ = m.Decode(body) // keeps what can be read
		x = m.Extensions
	case tls.TypeServerHello:
		var m tls.ServerHello
		_ = m.Decode(body)
		x = m.Extensions
	case tls.TypeHelloVerifyRequest:
		s.sides[side].hello = true
		return
	default:
		return
	}
	h := &s.sides[side]
	h.hello = true
	random, _ := randomOf(body)
	h.asm.hellos[h.asm.stored%len(h.asm.hellos)] = helloID{seq, len(body), random}
	h.asm.stored++
	for _, t := range []tls.ExtensionType{tls.ExtConnectionID, tls.ExtConnectionIDOld} {
		data, ok := x.Get(t)
		var c tls.ConnectionID
		if ok && c.Decode(data) == nil { // it is what the other side is to use
			s.sides[side.Other()].cid = len(c.CID)
			if s.issued != nil && len(c.CID) > 0 {
				s.issued(side, c.CID)
			}
			break
		}
	}
}

// Succeeds reports whether a datagram begins another connection between the same
// ports (RFC 6347, Section 4.2.8): a first ClientHello, in the clear, with a
// random that none had before, though the server has answered an earlier one.
func (s *Stream) Succeeds(b []byte) bool {
	if b = unwrapped(b); len(b) == 0 || tls.ContentType(b[0]) != tls.ContentHandshake || s.sides[flow.Server].asm.stored == 0 {
		return false
	}
	rh, ok := parseHeader(b, 0)
	if !ok || rh.epoch != 0 {
		return false
	}
	var h tls.DTLSHeader
	b = b[rh.size:min(len(b), rh.size+rh.length)]
	if h.Decode(b) != nil || h.Type != tls.TypeClientHello || h.MessageSeq != 0 || h.FragmentOffset != 0 {
		return false
	}
	random, ok := randomOf(b[tls.DTLSHandshakeHeaderLen:])
	if !ok {
		return false
	}
	for side := range s.sides {
		a := &s.sides[side].asm
		if slices.ContainsFunc(a.hellos[:min(a.stored, len(a.hellos))], func(x helloID) bool { return x.random == random }) {
			return false
		}
	}
	return true
}
