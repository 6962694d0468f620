package tls

import (
	"slices"

	"github.com/tlslens/tlslens/dissect/wire"
)

// retryRandom is the random of a ServerHello that is a HelloRetryRequest: the
// SHA-256 of "HelloRetryRequest" (RFC 8446, Section 4.1.3).
const retryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" +
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// A ServerHello is the server's choice (RFC 8446, Section 4.1.3; RFC 5246,
// Section 7.4.1.3). Since draft 22 of TLS 1.3 a HelloRetryRequest is one too.
type ServerHello struct {
	Raw           []byte // the whole body
	LegacyVersion Version
	Random        []byte // 32 bytes
	HasSessionID  bool   // false in TLS 1.3 drafts before 22
	SessionID     []byte
	CipherSuite   CipherSuite
	Compression   CompressionMethod // absent in TLS 1.3 drafts before 22
	HasExtensions bool
	Extensions    Extensions
	TrailingBytes int
}

// Decode reads the body of a ServerHello, without the handshake header.
func (m *ServerHello) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ServerHello) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *ServerHello) decode(r *wire.Reader) {
	*m = ServerHello{Raw: r.Peek()}
	m.LegacyVersion = Version(r.Uint16("legacy_version"))
	m.Random = r.Bytes(32, "random")
	short := m.LegacyVersion.draftBefore(22)
	if !short {
		m.SessionID = r.Vec8("legacy_session_id_echo")
		m.HasSessionID = !r.Failed()
	}
	m.CipherSuite = CipherSuite(r.Uint16("cipher_suite"))
	if !short {
		m.Compression = CompressionMethod(r.Uint8("legacy_compression_method"))
	}
	if !r.Failed() && r.Len() > 0 {
		m.HasExtensions = true
		m.Extensions = extensions(r, m.where())
	}
	m.TrailingBytes = r.Trailing()
}

// where returns the message that m is by the meaning of its extensions.
func (m *ServerHello) where() HandshakeType {
	if m.IsRetry() {
		return TypeHelloRetryRequest
	}
	return TypeServerHello
}

// Clone returns a copy that shares no memory with m.
func (m *ServerHello) Clone() *ServerHello {
	c := new(ServerHello)
	_ = c.Decode(slices.Clone(m.Raw)) // same bytes, same result
	return c
}

// IsRetry reports whether the message is a HelloRetryRequest (RFC 8446, Section
// 4.1.4).
func (m *ServerHello) IsRetry() bool { return string(m.Random) == retryRandom }

// NegotiatedVersion returns the version that the server chose: that of
// supported_versions if there is one (RFC 8446, Section 4.2.1), else the legacy
// version, which TLS 1.3 drafts before 22 put their own number into.
func (m *ServerHello) NegotiatedVersion() Version {
	if data, ok := m.Extensions.Get(ExtSupportedVersions); ok {
		var e SelectedVersion
		if e.Decode(data) == nil {
			return e.Version
		}
	}
	return m.LegacyVersion
}

// A Downgrade is a warning in a server's random (RFC 8446, Section 4.1.3).
type Downgrade uint8

// Downgrade warnings.
const (
	NoDowngrade      Downgrade = iota
	DowngradeToTLS12           // the server can do TLS 1.3 and negotiated TLS 1.2
	DowngradeToTLS11           // the server can do TLS 1.2 and negotiated less
)

// Downgrade returns the warning at the end of the random. The caller decides
// whether it contradicts what the client offered.
func (m *ServerHello) Downgrade() Downgrade {
	if len(m.Random) != 32 {
		return NoDowngrade
	}
	switch string(m.Random[24:]) {
	case "DOWNGRD\x01":
		return DowngradeToTLS12
	case "DOWNGRD\x00":
		return DowngradeToTLS11
	}
	return NoDowngrade
}

// KeyShare returns the group and the public value of the key_share extension
// (RFC 8446, Section 4.2.8), or of the older code point 40 of drafts before 23.
// A HelloRetryRequest has a group only. ok is false if there is none that can
// be read.
func (m *ServerHello) KeyShare() (e KeyShare, ok bool) {
	data, ok := m.Extensions.keyShare()
	if !ok {
		return KeyShare{}, false
	}
	if m.IsRetry() {
		var s KeyShareRetry
		err := s.Decode(data)
		return KeyShare{Group: s.Group}, err == nil
	}
	var s KeyShareServer
	err := s.Decode(data)
	return s.Share, err == nil
}

// ALPN returns the protocol that the server chose; TLS 1.3 has it in
// EncryptedExtensions. ok is false if there is none.
func (m *ServerHello) ALPN() (protocol []byte, ok bool) { return m.Extensions.selectedALPN() }

// PreSharedKey returns the index of the identity that the server chose (RFC
// 8446, Section 4.2.11). ok is false if there is none.
func (m *ServerHello) PreSharedKey() (index uint16, ok bool) {
	data, ok := m.Extensions.Get(ExtPreSharedKey)
	if !ok {
		return 0, false
	}
	var e PreSharedKeyServer
	err := e.Decode(data)
	return e.SelectedIdentity, err == nil
}

// A HelloRetryRequest asks the client to try again, in TLS 1.3 drafts before 22
// (draft-ietf-tls-tls13-21, Section 4.1.4). Later it is a ServerHello.
type HelloRetryRequest struct {
	Version        Version
	HasCipherSuite bool // since draft 19
	CipherSuite    CipherSuite
	Extensions     Extensions
	TrailingBytes  int
}

// Decode reads the body of a HelloRetryRequest of its own handshake type.
func (m *HelloRetryRequest) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *HelloRetryRequest) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *HelloRetryRequest) decode(r *wire.Reader) {
	*m = HelloRetryRequest{}
	m.Version = Version(r.Uint16("server_version"))
	if !m.Version.draftBefore(19) {
		m.CipherSuite = CipherSuite(r.Uint16("cipher_suite"))
		m.HasCipherSuite = !r.Failed()
	}
	m.Extensions = extensions(r, TypeHelloRetryRequest)
	m.TrailingBytes = r.Trailing()
}
