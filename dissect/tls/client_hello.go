package tls

import (
	"slices"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A ClientHello is the first message of a handshake (RFC 8446, Section 4.1.2;
// RFC 5246, Section 7.4.1.2; RFC 6101, Section 5.6.1.2).
type ClientHello struct {
	Raw           []byte // the whole body
	LegacyVersion Version
	Random        []byte // 32 bytes
	SessionID     []byte // at most 32 bytes, if the client keeps to the rules
	HasCookie     bool   // DTLS only
	Cookie        []byte // of HelloVerifyRequest (RFC 6347, Section 4.2.1)
	CipherSuites  List16[CipherSuite]
	Compressions  List8[CompressionMethod]
	HasExtensions bool // they are optional before TLS 1.3
	Extensions    Extensions
	TrailingBytes int
}

// Decode reads the body of a ClientHello, without the handshake header. That it
// is one of DTLS, with a cookie, is seen by its version.
func (m *ClientHello) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ClientHello) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *ClientHello) decode(r *wire.Reader) {
	*m = ClientHello{Raw: r.Peek()}
	m.LegacyVersion = Version(r.Uint16("legacy_version"))
	m.Random = r.Bytes(32, "random")
	m.SessionID = r.Vec8("legacy_session_id")
	if m.LegacyVersion.IsDTLS() {
		m.Cookie = r.Vec8("cookie")
		m.HasCookie = !r.Failed()
	}
	m.CipherSuites = codes16(r, 2, "cipher_suites")
	m.Compressions = codes8(r, 1, "legacy_compression_methods")
	if !r.Failed() && r.Len() > 0 {
		m.HasExtensions = true
		m.Extensions = extensions(r, TypeClientHello)
	}
	m.TrailingBytes = r.Trailing()
}

// Clone returns a copy that shares no memory with m.
func (m *ClientHello) Clone() *ClientHello {
	c := new(ClientHello)
	_ = c.Decode(slices.Clone(m.Raw)) // same bytes, same result
	return c
}

// ServerName returns the first host name of the server_name extension (RFC
// 6066, Section 3). ok is false if there is none.
func (m *ClientHello) ServerName() (name []byte, ok bool) {
	data, ok := m.Extensions.Get(ExtServerName)
	if !ok {
		return nil, false
	}
	var e ServerNames
	r := wire.NewReader(data)
	e.decode(&r) // a name before a fault is a name
	return e.HostName()
}

// SupportedVersions returns the list of the supported_versions extension (RFC
// 8446, Section 4.2.1). ok is false if there is no such extension.
func (m *ClientHello) SupportedVersions() (list List16[Version], ok bool) {
	data, ok := m.Extensions.Get(ExtSupportedVersions)
	var e SupportedVersions
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Versions, ok
}

// Groups returns the list of the supported_groups extension (RFC 8446, Section
// 4.2.7). ok is false if there is no such extension.
func (m *ClientHello) Groups() (list List16[NamedGroup], ok bool) {
	data, ok := m.Extensions.Get(ExtSupportedGroups)
	var e SupportedGroups
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Groups, ok
}

// PointFormats returns the list of the ec_point_formats extension (RFC 8422,
// Section 5.1.2). ok is false if there is no such extension.
func (m *ClientHello) PointFormats() (list List8[PointFormat], ok bool) {
	data, ok := m.Extensions.Get(ExtECPointFormats)
	var e ECPointFormats
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Formats, ok
}

// SignatureSchemes returns the list of the signature_algorithms extension (RFC
// 8446, Section 4.2.3). ok is false if there is no such extension.
func (m *ClientHello) SignatureSchemes() (list List16[SignatureScheme], ok bool) {
	return m.Extensions.schemes(ExtSignatureAlgorithms)
}

// SignatureSchemesCert returns the list of the signature_algorithms_cert
// extension (RFC 8446, Section 4.2.3). ok is false if there is none.
func (m *ClientHello) SignatureSchemesCert() (list List16[SignatureScheme], ok bool) {
	return m.Extensions.schemes(ExtSignatureAlgorithmsCert)
}

// KeyShares returns the entries of the key_share extension (RFC 8446, Section
// 4.2.8), or of the older code point 40 of drafts before 23. ok is false if
// there is no such extension.
func (m *ClientHello) KeyShares() (list KeyShares, ok bool) {
	data, ok := m.Extensions.keyShare()
	var e KeyShareClient
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Shares, ok
}

// ALPN returns the protocols of the application_layer_protocol_negotiation
// extension (RFC 7301, Section 3.1). ok is false if there is none.
func (m *ClientHello) ALPN() (list Vectors8, ok bool) { return m.Extensions.alpn() }

// SessionTicket returns the ticket that the client hands back (RFC 5077,
// Section 3.2); an empty one asks for a new one. ok is false if there is no
// such extension.
func (m *ClientHello) SessionTicket() (ticket []byte, ok bool) {
	return m.Extensions.Get(ExtSessionTicket)
}

// PreSharedKeys returns the pre_shared_key extension (RFC 8446, Section
// 4.2.11). ok is false if there is none that can be read.
func (m *ClientHello) PreSharedKeys() (e PreSharedKeyClient, ok bool) {
	data, ok := m.Extensions.Get(ExtPreSharedKey)
	if !ok || e.Decode(data) != nil {
		return PreSharedKeyClient{}, false
	}
	return e, true
}

// PSKModes returns the list of the psk_key_exchange_modes extension (RFC 8446,
// Section 4.2.9). ok is false if there is no such extension.
func (m *ClientHello) PSKModes() (list List8[PSKMode], ok bool) {
	data, ok := m.Extensions.Get(ExtPSKKeyExchangeModes)
	var e PSKKeyExchangeModes
	r := wire.NewReader(data)
	e.decode(&r)
	return e.Modes, ok
}

// ECH returns the encrypted_client_hello extension (RFC 9849, Section 5). ok is
// false if there is none that can be read. A made-up one looks like a real one.
func (m *ClientHello) ECH() (e ECHClient, ok bool) {
	data, ok := m.Extensions.Get(ExtEncryptedClientHello)
	if !ok || e.Decode(data) != nil {
		return ECHClient{}, false
	}
	return e, true
}
