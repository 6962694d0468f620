package quic

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// minInitial is the size that a client pads its first datagrams to (RFC 9000,
// Section 14.1).
const minInitial = 1200

// Probe looks at one datagram, by content alone. It says [record.Client] or
// [record.Server] if it shows who sent it. A datagram that is no QUIC costs
// neither time nor memory; an Initial packet is opened.
func Probe(b []byte) record.Verdict {
	if len(b) < minShort {
		return record.Not
	}
	if b[0]&longForm == 0 {
		if v, rest, ok := publicHeader(b); ok && isPublic(v) && b[0]&publicID != 0 && len(rest) > hashLen {
			return record.Client // servers do not name their version, but for negotiation
		}
		return record.Not
	}
	v := be32(b[1:])
	switch {
	case v == 0:
		return probeNegotiation(b)
	case isNibbled(v):
		if b[5]&0x0f == 0 {
			return record.Client
		}
		return record.Server
	case !isKnown(v) && (!iana.IsReservedQUICVersion(v) || len(b) < minInitial-100):
		return record.Not
	}
	var h header
	if h.parse(b) != "" {
		return record.Not
	}
	switch h.kind {
	case conn.QUICZeroRTT:
		return record.Client
	case conn.QUICRetry:
		return record.Server
	case conn.QUICInitial:
		return probeInitial(v, &h, b)
	}
	return record.Either
}

// probeInitial tells the client's Initial packets, which open with keys from
// their own connection id, from the server's.
func probeInitial(v uint32, h *header, b []byte) record.Verdict {
	for _, p := range paramsFor(v) {
		k := deriveInitial(v, p, h.dcid)
		if _, ok := k.try(flow.Client, h, b[:min(h.size, len(b))], 0); ok {
			return record.Client
		}
	}
	switch {
	case !isKnown(v) && (len(h.dcid) < 8 || b[0]&fixedBit == 0 || h.size > len(b)):
		return record.Not // nothing but a pattern in the version speaks for it
	case len(h.token) > 0:
		return record.Client
	case len(h.dcid) == 0: // who has many connections on one port cannot do without
		return record.Server
	}
	return record.Either // the client's own choice has at least 8 bytes (RFC 9000, Section 7.2), but later ones are the server's
}

// probeNegotiation looks at a packet of version 0 (RFC 9000, Section 17.2.1): it
// must offer a version that exists.
func probeNegotiation(b []byte) record.Verdict {
	var h header
	if h.parse(b) != "" || len(h.dcid) > mostID || len(h.scid) > mostID || len(h.dcid)+len(h.scid) == 0 {
		return record.Not
	}
	list := b[h.number:]
	if len(list) == 0 || len(list)%4 != 0 {
		return record.Not
	}
	for ; len(list) > 0; list = list[4:] {
		if v := be32(list); isKnown(v) || isGoogle(v) {
			return record.Server
		}
	}
	return record.Not
}

// Succeeds reports whether a datagram of the flow begins another connection
// between the same ports: a ClientHello under a new connection id, after the
// connection at hand was answered.
func (s *Stream) Succeeds(b []byte) bool {
	if len(b) < minInitial || b[0]&longForm == 0 || !s.answered || s.google {
		return false
	}
	var h header
	if h.parse(b) != "" || h.kind != conn.QUICInitial || len(h.dcid) < 8 || h.size > len(b) ||
		s.knows(flow.Server, h.dcid) || string(h.dcid) == string(s.firstID) || string(h.dcid) == string(s.retryID) ||
		len(h.scid) > 0 && s.knows(flow.Client, h.scid) || s.derived >= mostDerived {
		return false
	}
	s.derived++
	for _, p := range paramsFor(h.version) {
		k := deriveInitial(h.version, p, h.dcid)
		if _, ok := k.try(flow.Client, &h, b[:h.size], 0); ok {
			return true
		}
	}
	return false
}
