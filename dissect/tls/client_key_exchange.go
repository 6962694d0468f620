package tls

import (
	"github.com/tlslens/tlslens/dissect/tls/iana"
	"github.com/tlslens/tlslens/dissect/wire"
)

// A ClientKeyExchange holds the client's share of the key exchange to TLS 1.2
// (RFC 5246, Section 7.4.7). Which fields are set depends on KeyExchange.
type ClientKeyExchange struct {
	KeyExchange KeyExchange // by which the message was read
	Guessed     bool        // the caller did not know it; it was inferred from the bytes

	Identity  []byte     // PSK: psk_identity (RFC 4279, Section 2)
	Encrypted []byte     // RSA, SM2: the encrypted premaster secret
	Public    []byte     // DH, ECDH, SRP: the public value
	Group     NamedGroup // of Public in TLCP, which repeats the curve
	Implicit  bool       // DH, ECDH: the public value is in the client's certificate
	// Other is the message of a key exchange that this package does not take
	// apart, or whose key exchange is not known.
	Other         []byte
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *ClientKeyExchange) Decode(body []byte, ctx Context) error {
	r := wire.NewReader(body)
	m.decode(&r, ctx)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ClientKeyExchange) DecodeTraced(body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r, ctx)
	return r.Err()
}

func (m *ClientKeyExchange) decode(r *wire.Reader, ctx Context) {
	*m = ClientKeyExchange{KeyExchange: ctx.KeyExchange()}
	if m.KeyExchange == KxUnknown || m.KeyExchange == KxTLS13 {
		m.Guessed = true
		m.KeyExchange = guessClientKeyExchange(r.Peek())
	}
	m.identity(r)
	switch m.KeyExchange {
	case iana.KxPSK:
	case iana.KxRSA, iana.KxRSAPSK, iana.KxSM2:
		m.encrypted(r, ctx.Version)
	case iana.KxDH, iana.KxDHE, iana.KxDHEPSK:
		if m.Implicit = r.Len() == 0 && !r.Failed() && m.Identity == nil; !m.Implicit {
			m.Public = r.Vec16("dh_Yc")
		}
	case iana.KxECDH, iana.KxECDHE, iana.KxECDHEPSK:
		m.point(r, ctx.Version)
	case iana.KxSRP:
		m.Public = r.Vec16("srp_A")
	default:
		m.Other = r.Rest("exchange_keys")
	}
	m.TrailingBytes = r.Trailing()
}

func (m *ClientKeyExchange) identity(r *wire.Reader) {
	switch m.KeyExchange {
	case iana.KxPSK, iana.KxRSAPSK, iana.KxDHEPSK, iana.KxECDHEPSK:
		m.Identity = r.Vec16("psk_identity")
	}
}

// encrypted reads an encrypted premaster secret. SSL 3.0 has no length before
// it (RFC 6101, Section 5.6.7.1), but some of its clients sent one. The early
// DTLS of OpenSSL has none either.
func (m *ClientKeyExchange) encrypted(r *wire.Reader, v Version) {
	if (v == VersionSSL3 || v == VersionDTLSBad) && !filledBy16(r.Peek()) {
		m.Encrypted = r.Rest("encrypted_premaster_secret")
		return
	}
	m.Encrypted = r.Vec16("encrypted_premaster_secret")
}

func (m *ClientKeyExchange) point(r *wire.Reader, v Version) {
	if m.Implicit = r.Len() == 0 && !r.Failed() && m.Identity == nil; m.Implicit {
		return
	}
	if v == VersionTLCP && !filledBy8(r.Peek()) { // GB/T 38636, Section 6.4.5.8
		var ec ECParams
		ec.decode(r)
		m.Group, m.Public = ec.Group, ec.Point
		return
	}
	m.Public = r.Vec8("ecdh_Yc")
}

// guessClientKeyExchange tells a point from the rest. RSA and DHE look the
// same.
func guessClientKeyExchange(body []byte) KeyExchange {
	if filledBy8(body) {
		return iana.KxECDHE
	}
	return KxUnknown
}

// filledBy8 reports whether b is one vector with a one-byte length.
func filledBy8(b []byte) bool {
	r := wire.NewReader(b)
	r.Vec8("vector")
	return !r.Failed() && r.Len() == 0
}
