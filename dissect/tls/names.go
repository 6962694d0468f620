package tls

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// KeyExchange is how a cipher suite makes the premaster secret; the values are
// those of package iana.
type KeyExchange = iana.KeyExchange

const (
	// KxUnknown says that the key exchange is not known.
	KxUnknown KeyExchange = ""
	// KxTLS13 says that extensions decide.
	KxTLS13 = iana.KxTLS13
)

// String returns the version's name, "TLS 1.3 draft 18 (0x7f12)".
func (v Version) String() string { return iana.VersionString(uint16(v)) }

// IsGREASE reports whether v is reserved to keep servers tolerant (RFC 8701).
func (v Version) IsGREASE() bool { return iana.IsGREASE(uint16(v)) }

// String returns the suite's registry name.
func (s CipherSuite) String() string { return iana.CipherSuiteString(uint16(s)) }

// IsGREASE reports whether s is reserved to keep servers tolerant (RFC 8701).
func (s CipherSuite) IsGREASE() bool { return iana.IsGREASE(uint16(s)) }

// Info returns what the suite's name implies; ok is false for a suite that
// nobody has registered.
func (s CipherSuite) Info() (info iana.Suite, ok bool) { return iana.LookupSuite(uint16(s)) }

// KeyExchange returns the key exchange that the suite asks for, or [KxUnknown].
func (s CipherSuite) KeyExchange() KeyExchange {
	info, _ := s.Info()
	return info.Kx
}

// String returns the spec's name.
func (s SSL2CipherSpec) String() string { return iana.SSL2CipherString(uint32(s)) }

// String returns the extension's registry name.
func (t ExtensionType) String() string { return iana.ExtensionString(uint16(t)) }

// IsGREASE reports whether t is reserved to keep servers tolerant (RFC 8701).
func (t ExtensionType) IsGREASE() bool { return iana.IsGREASE(uint16(t)) }

// field returns the name of t in traces: one word.
func (t ExtensionType) field() string {
	if name, ok := iana.ExtensionName(uint16(t)); ok {
		name, _, _ = strings.Cut(name, " ")
		return name
	}
	if t.IsGREASE() {
		return fmt.Sprintf("grease_0x%04x", uint16(t))
	}
	return fmt.Sprintf("unassigned_0x%04x", uint16(t))
}

// String returns the group's registry name.
func (g NamedGroup) String() string { return iana.NamedGroupString(uint16(g)) }

// IsGREASE reports whether g is reserved to keep servers tolerant (RFC 8701).
func (g NamedGroup) IsGREASE() bool { return iana.IsGREASE(uint16(g)) }

// Info returns the attributes of the group; ok is false if nobody has
// registered it.
func (g NamedGroup) Info() (info iana.Group, ok bool) { return iana.LookupGroup(uint16(g)) }

// String returns the scheme's registry name; that of a pair of TLS 1.2 names
// hash and signature algorithm.
func (s SignatureScheme) String() string { return iana.SignatureSchemeString(uint16(s)) }

// IsGREASE reports whether s is reserved to keep servers tolerant (RFC 8701).
func (s SignatureScheme) IsGREASE() bool { return iana.IsGREASE(uint16(s)) }

// Info returns the attributes of the scheme; ok is false if nobody has
// registered it.
func (s SignatureScheme) Info() (info iana.Scheme, ok bool) { return iana.LookupScheme(uint16(s)) }

// String returns the registry name, "client_hello".
func (t HandshakeType) String() string { return iana.HandshakeTypeString(uint8(t)) }

// Title returns the name of the message's struct in the standards,
// "ClientHello".
func (t HandshakeType) Title() string { return iana.HandshakeTypeTitle(uint8(t)) }

// String returns the registry name, "handshake".
func (t ContentType) String() string { return iana.ContentTypeString(uint8(t)) }

// String returns the registry name, "fatal".
func (l AlertLevel) String() string { return iana.AlertLevelString(uint8(l)) }

// String returns the registry name, "unknown_ca".
func (d AlertDescription) String() string { return iana.AlertString(uint8(d)) }

// Meaning says in a few words what the alert complains about.
func (d AlertDescription) Meaning() string { return iana.AlertMeaning(uint8(d)) }

// String returns the method's registry name, "null".
func (m CompressionMethod) String() string { return iana.CompressionMethodString(uint8(m)) }

// String returns the format's registry name, "uncompressed".
func (f PointFormat) String() string { return iana.PointFormatString(uint8(f)) }

// String returns the type's registry name, "X509".
func (t CertificateType) String() string { return iana.CertificateTypeString(uint8(t)) }

// String returns the type's registry name, "ecdsa_sign".
func (t ClientCertificateType) String() string { return iana.ClientCertificateTypeString(uint8(t)) }

// String returns the type's registry name, "ocsp".
func (t CertificateStatusType) String() string { return iana.CertificateStatusTypeString(uint8(t)) }

// String returns the algorithm's registry name, "brotli".
func (c CertificateCompression) String() string { return iana.CertificateCompressionString(uint16(c)) }

// String returns the mode's registry name, "psk_dhe_ke".
func (m PSKMode) String() string { return iana.PSKModeString(uint8(m)) }

// IsGREASE reports whether m is reserved to keep servers tolerant (RFC 8701).
func (m PSKMode) IsGREASE() bool { return iana.IsGREASE8(uint8(m)) }

// String returns the type's registry name, "host_name".
func (t NameType) String() string { return iana.ServerNameTypeString(uint8(t)) }

// String returns the type's registry name, "named_curve".
func (t CurveType) String() string { return iana.CurveTypeString(uint8(t)) }

// String returns the mode's registry name, "peer_allowed_to_send".
func (m HeartbeatMode) String() string { return iana.HeartbeatModeString(uint8(m)) }

// String returns the type's registry name, "heartbeat_request".
func (t HeartbeatType) String() string { return iana.HeartbeatMessageString(uint8(t)) }

// String returns the profile's registry name.
func (p SRTPProfile) String() string { return iana.SRTPProfileString(uint16(p)) }

// String returns the function's registry name, "HKDF-SHA256".
func (k HPKEKDF) String() string { return iana.HPKEKDFString(uint16(k)) }

// String returns the algorithm's registry name, "AES-128-GCM".
func (a HPKEAEAD) String() string { return iana.HPKEAEADString(uint16(a)) }

// String says which version the server was made to stay below.
func (d Downgrade) String() string {
	switch d {
	case NoDowngrade:
		return "none"
	case DowngradeToTLS12:
		return "to TLS 1.2"
	case DowngradeToTLS11:
		return "to TLS 1.1 or below"
	}
	return fmt.Sprintf("0x%02x (unassigned)", uint8(d))
}
