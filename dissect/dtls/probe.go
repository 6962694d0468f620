package dtls

import (
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/wire"
)

// Probe looks at one datagram, by content alone. Other protocols may share the
// ports (RFC 7983), so a datagram that is [record.Not] DTLS says nothing about the next
// one. Records of DTLS 1.3 behind its hellos are not recognised: three fixed
// bits are no evidence.
func Probe(b []byte) record.Verdict {
	b = unwrapped(b)
	first := probeRecord(b)
	for v := first; v == record.Either; { // who sent it may stand in a later record
		h, ok := parseHeader(b, 0)
		if !ok || h.typ == tls.ContentTLS12CID || h.size+h.length >= len(b) {
			break
		}
		b = b[h.size+h.length:]
		if v = probeRecord(b); v == record.Client || v == record.Server {
			return v
		}
	}
	return first
}

// probeRecord looks at the first record of b, and at the header of the second.
func probeRecord(b []byte) record.Verdict {
	h, ok := parseHeader(b, 0)
	if h.typ == tls.ContentTLS12CID {
		return probeCID(b)
	}
	switch {
	case !ok && len(b) < headerLen && couldBegin(b):
		return record.Incomplete
	case !ok:
		return record.Not
	}
	rest := b[h.size:]
	if h.typ == tls.ContentHandshake && h.epoch == 0 {
		return probeHandshake(h, rest)
	}
	switch {
	case h.epoch == 0 && h.typ == tls.ContentApplicationData, h.epoch > 0 && h.typ == tls.ContentACK:
		return record.Not // application data is never in the clear; an ACK of a later epoch has another header
	case len(rest) < h.length:
		return record.Incomplete
	case len(rest) > h.length:
		if !beginsRecord(rest[h.length:]) {
			return record.Not
		}
	}
	if h.typ == tls.ContentAlert && h.epoch == 0 {
		if h.length != 2 || rest[0] < 1 || rest[0] > 2 {
			return record.Not
		}
	}
	return record.Either
}

// beginsRecord reports whether a record that ends within b, or would if the
// capture held all of it, begins there.
func beginsRecord(b []byte) bool {
	h, ok := parseHeader(b, 0)
	return ok && h.size+h.length <= len(b)
}

// probeCID looks at a record with a connection id.
func probeCID(b []byte) record.Verdict {
	if n := guessCID(b); n >= 0 {
		return record.Either
	}
	return record.Not
}

// couldBegin reports whether fewer bytes than a header could begin one.
func couldBegin(b []byte) bool {
	if len(b) < 3 {
		return false // a datagram that short is anything
	}
	r := wire.NewReader(b)
	t := tls.ContentType(r.Uint8("type"))
	return t >= tls.ContentChangeCipherSpec && t <= tls.ContentACK && recordVersion(tls.Version(r.Uint16("version")))
}

// The least bodies of hellos: version, random, an empty session id, in a
// ClientHello an empty cookie, one cipher suite and one compression method.
const (
	leastClientHello = 2 + 32 + 1 + 1 + 2 + 2 + 1 + 1
	leastServerHello = 2 + 32 + 1 + 2 + 1
	leastVerify      = 2 + 1
)

// probeHandshake looks at a handshake record in the clear, of which b are the
// bytes at hand.
func probeHandshake(rh header, b []byte) record.Verdict {
	var h tls.DTLSHeader
	if h.Decode(b) != nil {
		if len(b) >= rh.length {
			return record.Not
		}
		return record.Incomplete
	}
	if h.FragmentOffset+h.FragmentLength > h.Length || tls.DTLSHandshakeHeaderLen+h.FragmentLength > rh.length || !known(h.Type) {
		return record.Not
	}
	body := b[tls.DTLSHandshakeHeaderLen:]
	switch h.Type {
	case tls.TypeClientHello:
		return probeHello(h, body, leastClientHello, record.Client)
	case tls.TypeServerHello:
		return probeHello(h, body, leastServerHello, record.Server)
	case tls.TypeHelloVerifyRequest:
		return probeHello(h, body, leastVerify, record.Server)
	case tls.TypeHelloRequest, tls.TypeServerHelloDone:
		if h.Length != 0 {
			return record.Not
		}
	}
	return record.Sender(h.Type)
}

// probeHello looks at a fragment of a hello.
func probeHello(h tls.DTLSHeader, body []byte, least int, who record.Verdict) record.Verdict {
	if h.Length < least || h.Length > 1<<16 {
		return record.Not
	}
	if h.FragmentOffset == 0 && h.FragmentLength >= 2 && len(body) >= 2 {
		r := wire.NewReader(body)
		if v := tls.Version(r.Uint16("version")); !v.IsDTLS() {
			return record.Not
		}
	}
	return who
}
