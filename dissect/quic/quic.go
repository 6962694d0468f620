// Package quic is the carrier of TLS in QUIC (RFC 9000, RFC 9001, RFC 9369),
// its drafts 22 to 34, Facebook's mvfst and Google's QUIC of its own (Q043 to
// Q050, T050, T051).
//
// In go the UDP payloads of one flow, each with the side that sent it; out
// come, through [Input], the bytes of the handshake by protection level, and
// what only QUIC has: versions, Retry, packets that stay sealed, and how the
// connection was closed. Initial packets are opened without any key but the one
// that their first connection id gives to everybody. What is sealed otherwise
// is opened where a [Keys] has the secrets, else counted.
//
// Slices handed in are valid only during the call, are never written to, and
// nothing of them is kept but copies. No input makes the package panic or hold
// more than a fixed amount for one [Stream]: out-of-order pieces, the streams
// looked into, keys and attempts to derive keys are all bounded. A datagram of
// which only short header packets are expected costs no allocation.
package quic

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// An Input receives what a [Stream] unwraps. [conn.Builder] is one.
type Input interface {
	conn.Input
	// QUICVersion reports the version of the packets from here on.
	QUICVersion(v uint32, at flow.Mark)
	// QUICPacket reports a packet behind its effects: handshake bytes and the
	// like that were read from it have been delivered.
	QUICPacket(side flow.Side, p conn.QUICPacket, at flow.Mark)
	// QUICDatagram reports the size of a whole datagram before its packets.
	QUICDatagram(side flow.Side, n int, at flow.Mark)
	// QUICVersionNegotiation reports a Version Negotiation packet with total
	// versions, of which the first are in offered. The client begins anew.
	QUICVersionNegotiation(offered []uint32, total int, at flow.Mark)
	// QUICRetry reports a Retry packet with a token of n bytes, and whether
	// its integrity tag holds.
	QUICRetry(n int, tag conn.Tristate, at flow.Mark)
	// QUICClose reports a CONNECTION_CLOSE frame.
	QUICClose(side flow.Side, c conn.QUICClose, at flow.Mark)
	// QUICStream delivers in-order bytes of the head of a stream out of
	// opened STREAM frames. Of each side these are the first streams that go
	// both ways and were opened by the client, and its first that go one way.
	// An empty b tells that it uses one of the former with a higher id than
	// before.
	QUICStream(side flow.Side, stream uint64, b []byte, at flow.Mark)
	// QUICGoogleHello reports the ClientHello of Google's own handshake.
	QUICGoogleHello(h conn.GoogleHello, at flow.Mark)
}

// Keys gives the secrets of a connection, as a key log has them. The label is
// that of RFC 9850, for example "CLIENT_HANDSHAKE_TRAFFIC_SECRET"; clientRandom
// is the random of its ClientHello. There may be several that could be meant:
// opens says which one opens a packet, and that one is returned.
type Keys interface {
	Secret(label string, clientRandom []byte, opens func(secret []byte) bool) ([]byte, bool)
}

// mostIDs bounds the connection ids that are remembered of each side.
const mostIDs = 8

// A Stream reads the datagrams of one connection. It is used by one goroutine.
type Stream struct {
	in     Input
	keys   Keys
	budget *flow.Budget
	issued func(flow.Side, []byte)

	version  uint32 // of the connection as it stands; 0 until a long header was read
	google   bool   // Google's own handshake: no TLS
	initial  []initialKeys
	derived  int         // keys that were derived for Initial packets so far
	firstID  []byte      // the client's first choice for the server's connection id
	tokened  bool        // the packet with it had a token: it may answer a Retry that was not captured
	retryID  []byte      // what a Retry replaced it with
	ids      [2][][]byte // connection ids that each side chose for itself
	retried  bool
	crypto   [2][levels]cryptoStream
	largest  [2][levels]uint64
	hello    []byte // the head of the client's handshake bytes, until its random is known
	hailed   bool   // Google's ClientHello was read
	random   []byte
	secrets  *secrets
	heads    *heads // nil until a stream of the client was opened
	scratch  []byte
	early    []datagram // of the server, before the client's first
	partial  bool       // the payload at hand was cut when it was captured
	answered bool       // a packet of the server's was believed

	strange   flow.Mark // a short packet of the server whose connection id nobody chose
	strangeAt int       // its size
	last      flow.Mark
	closed    bool
}

// The packet number spaces and the CRYPTO streams in them; 0-RTT shares the
// numbers of 1-RTT (RFC 9000, Section 12.3).
const (
	spaceInitial = iota
	spaceHandshake
	spaceApplication
	levels
)

// NewStream returns a Stream that delivers to in. Keys may be nil. Issued, if
// not nil, is told of each connection id that a side chose for itself: packets
// to it carry the id, whatever address they come from. Budget, if not nil, bounds
// what waits in all Streams that share it.
func NewStream(in Input, keys Keys, budget *flow.Budget, issued func(side flow.Side, id []byte)) *Stream {
	s := &Stream{in: in, keys: keys, budget: budget, issued: issued}
	s.newCrypto()
	return s
}

// newCrypto makes empty CRYPTO streams.
func (s *Stream) newCrypto() {
	for side := range s.crypto {
		for lv := range s.crypto[side] {
			s.crypto[side][lv].drop()
			s.crypto[side][lv] = cryptoStream{budget: s.budget}
		}
	}
}

// Datagram takes the payload of one UDP datagram, of which missing bytes more
// were on the wire than were captured.
func (s *Stream) Datagram(side flow.Side, b []byte, missing int, at flow.Mark) {
	s.in.QUICDatagram(side, len(b)+missing, at)
	s.last, s.strange = at, flow.Mark{}
	switch {
	case len(b) > 0 && isGoogleOld(b, s.google):
		s.googleOld(side, b, missing, at)
	case side == flow.Server && s.comesEarly(b) && s.budget.Take(len(b)+pieceCost):
		s.early = append(s.early, datagram{bytes.Clone(b), missing, at})
	default:
		s.packets(side, b, missing, at)
		if len(s.initial) > 0 && len(s.early) > 0 {
			s.takeEarly()
		}
	}
}

// A datagram is one that waits.
type datagram struct {
	b       []byte
	missing int
	at      flow.Mark
}

// mostEarly bounds the datagrams of the server that wait for the client's first
// one, without which they cannot be opened.
const mostEarly = 4

// comesEarly reports whether a datagram of the server's has overtaken the
// client's first one on the way to the capture.
func (s *Stream) comesEarly(b []byte) bool {
	if len(s.firstID) > 0 || len(s.early) >= mostEarly || s.answered || s.closed || len(b) > 1<<14 {
		return false
	}
	var h header
	return len(b) > 0 && b[0]&longForm != 0 && h.parse(b) == "" && h.kind == conn.QUICInitial && !isNibbled(h.version)
}

// takeEarly takes the datagrams that waited.
func (s *Stream) takeEarly() {
	early := s.early
	s.early = nil
	for _, d := range early {
		s.budget.Give(len(d.b) + pieceCost)
		s.packets(flow.Server, d.b, d.missing, d.at)
	}
}

// packets takes the packets of a datagram.
func (s *Stream) packets(side flow.Side, b []byte, missing int, at flow.Mark) {
	var first []byte // connection id of the datagram's first packet
	var version uint32
	for n := 0; len(b) > 0; n++ {
		if b[0]&longForm == 0 {
			s.short(side, b, first, n > 0, missing, at)
			return
		}
		var h header
		why := h.parse(b)
		switch {
		case n > 0 && (h.version != version || why == "" && string(h.dcid) != string(first)):
			return // padding, or what a receiver ignores (RFC 9000, Section 12.2)
		case n == 0 && s.isForeign(&h):
			s.in.Note(side, "datagrams that are no QUIC go between the same ports", at)
			return
		case why != "":
			s.in.Note(side, why, at)
			return
		}
		first, version = h.dcid, h.version
		size := min(h.size, len(b))
		s.long(side, &h, b[:size], missing, at)
		b = b[size:]
	}
}

// Close tells that no more datagrams will come.
func (s *Stream) Close(how conn.End, by flow.Side, at flow.Mark) {
	if s.closed {
		return
	}
	s.closed = true
	s.takeEarly()
	for side := range s.crypto {
		for lv := range s.crypto[side] {
			s.settle(flow.Side(side), lv, at)
			s.crypto[side][lv].drop()
		}
	}
	s.dropHeads()
	if s.strange.Seen() && s.strange == s.last && s.strangeAt < 128 {
		s.in.Note(flow.Server, "the last datagram carries a connection id that was never seen and nothing follows it: this fits a stateless reset, by which a server that lost its state ends a connection", s.strange)
	}
	s.in.End(how, by, at)
}

// isForeign reports whether a header has a version that the connection cannot
// have.
func (s *Stream) isForeign(h *header) bool {
	return s.version != 0 && h.version != s.version && h.version != 0 && !isKnown(h.version) && !isNibbled(h.version)
}

// settle gives up what is missing of the handshake bytes of a level.
func (s *Stream) settle(side flow.Side, space int, at flow.Mark) {
	c := &s.crypto[side][space]
	if g, ok := c.close(); ok {
		if c.after.Seen() {
			at = c.after
		}
		g.Side = side
		s.in.Gap(g, at)
	}
}

// long takes a packet with a long header (RFC 9000, Section 17.2).
func (s *Stream) long(side flow.Side, h *header, b []byte, missing int, at flow.Mark) {
	switch h.kind {
	case kindNegotiation:
		s.negotiation(side, h, b, at)
		return
	case kindUnknown:
		s.in.QUICVersion(h.version, at)
		return
	}
	if isNibbled(h.version) {
		s.takeNibbled(side, h, b, missing, at)
		return
	}
	if side == flow.Client && len(s.firstID) == 0 && (h.kind == conn.QUICInitial || h.kind == conn.QUICZeroRTT) {
		s.firstID, s.tokened = append([]byte{}, h.dcid...), len(h.token) > 0
	}
	switch h.kind {
	case conn.QUICRetry:
		s.retry(side, h, b, missing, at)
	case conn.QUICInitial:
		s.takeInitial(side, h, b, missing, at)
	case conn.QUICZeroRTT:
		s.sealed(side, h, b, spaceApplication, at)
	case conn.QUICHandshake:
		s.chose(side, h.scid)
		if side == flow.Client { // it has the server's answer, so no more of its hello will come
			s.settle(side, spaceInitial, at)
		}
		s.sealed(side, h, b, spaceHandshake, at)
	}
}

// agreed notes the version that both sides use now.
func (s *Stream) agreed(v uint32, at flow.Mark) {
	if s.version != v {
		s.version = v
		s.in.QUICVersion(v, at)
	}
}

// chose remembers a connection id that a side chose for itself.
func (s *Stream) chose(side flow.Side, id []byte) {
	if len(id) == 0 || s.knows(side, id) || len(s.ids[side]) >= mostIDs {
		return
	}
	s.ids[side] = append(s.ids[side], append([]byte{}, id...))
	if s.issued != nil {
		s.issued(side, s.ids[side][len(s.ids[side])-1])
	}
}

func (s *Stream) knows(side flow.Side, id []byte) bool {
	for _, k := range s.ids[side] {
		if string(k) == string(id) {
			return true
		}
	}
	return false
}

// negotiation takes a Version Negotiation packet (RFC 9000, Section 17.2.1).
func (s *Stream) negotiation(side flow.Side, h *header, b []byte, at flow.Mark) {
	const most = 32
	list := b[h.number:]
	var offered []uint32
	for i := 0; i+4 <= len(list) && len(offered) < most; i += 4 {
		offered = append(offered, be32(list[i:]))
	}
	if side == flow.Client {
		s.in.Note(side, "Version Negotiation from the client, which only a server sends", at)
		return
	}
	if s.answered {
		s.in.Note(side, "Version Negotiation after the server had answered: the client ignores it (RFC 9000, Section 6.2)", at)
		return
	}
	s.in.QUICVersionNegotiation(offered, len(list)/4, at)
	// What follows is another connection to the same end, with a new first
	// connection id and a new ClientHello.
	s.initial, s.firstID, s.version = nil, nil, 0
	s.newCrypto()
	s.largest = [2][levels]uint64{}
	s.hello, s.random, s.secrets = nil, nil, nil
}

// short takes a packet with a short header: 1-RTT (RFC 9000, Section 17.3). It
// reaches to the end of the datagram. Behind another packet it must have the
// same connection id, else it is padding.
func (s *Stream) short(side flow.Side, b, first []byte, behind bool, missing int, at flow.Mark) {
	if behind {
		switch n := len(first); {
		case n == 0 && b[0]&fixedBit == 0, len(b) < 1+n || string(b[1:1+n]) != string(first):
			return
		}
	}
	if len(b) < 1+minShort && !behind && missing == 0 {
		s.in.Note(side, "a datagram too small for any QUIC packet", at)
		return
	}
	if side == flow.Client {
		s.settle(side, spaceInitial, at)
		s.initial = nil // for a late one they are derived again
	}
	p := conn.QUICPacket{Kind: conn.QUICOneRTT, Size: len(b) + missing}
	if s.keys != nil && missing == 0 {
		s.openShort(side, b, &p, at)
	}
	if ids := s.ids[side.Other()]; side == flow.Server && len(ids) > 0 {
		if n := len(ids[0]); len(b) < 1+n || !s.knows(flow.Client, b[1:1+n]) {
			s.strange, s.strangeAt = at, len(b)
		}
	}
	s.in.QUICPacket(side, p, at)
}

// minShort is what a short packet has at least behind its first byte: a packet
// number and what header protection samples (RFC 9001, Section 5.4.2).
const minShort = 20
