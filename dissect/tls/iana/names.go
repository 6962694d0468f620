package iana

import "fmt"

// CipherSuiteName returns the name of a cipher suite; ok is false for GREASE
// and unassigned values.
func CipherSuiteName(v uint16) (name string, ok bool) {
	if s := find[Suite, uint16](suites[:], v); s != nil {
		return s.Name, true
	}
	return "", false
}

// CipherSuiteString renders a cipher suite.
func CipherSuiteString(v uint16) string {
	if s, ok := CipherSuiteName(v); ok {
		return s
	}
	return orGREASE(v)
}

// SSL2CipherString renders a three-byte cipher kind of an SSL 2.0 CLIENT-HELLO.
// A kind whose first byte is 0 is a cipher suite of SSL 3.0 and later
// (RFC 5246, appendix E.2). Names of SSL 2.0 carry their code,
// "SSL_CK_RC4_128_WITH_MD5 (0x010080)". Only the lower 24 bits of v count.
func SSL2CipherString(v uint32) string {
	if v &= 0xffffff; v <= 0xffff {
		return CipherSuiteString(uint16(v))
	}
	if s, ok := name(ssl2CipherTable[:], v); ok {
		return fmt.Sprintf("%s (0x%06x)", s, v)
	}
	return unassigned(uint64(v), 6)
}

// ExtensionName returns the name of an extension type; ok is false for GREASE
// and unassigned values.
func ExtensionName(v uint16) (string, bool) { return name(extensions[:], v) }

// ExtensionString renders an extension type.
func ExtensionString(v uint16) string {
	if s, ok := ExtensionName(v); ok {
		return s
	}
	return orGREASE(v)
}

// NamedGroupName returns the name of a named group; ok is false for GREASE and
// unassigned values.
func NamedGroupName(v uint16) (name string, ok bool) {
	if g := find[Group, uint16](groups[:], v); g != nil {
		return g.Name, true
	}
	return "", false
}

// NamedGroupString renders a named group.
func NamedGroupString(v uint16) string {
	if s, ok := NamedGroupName(v); ok {
		return s
	}
	return orGREASE(v)
}

// SignatureSchemeName returns the name of a signature scheme; ok is false for
// GREASE and unassigned values and for the pairs of TLS 1.2.
func SignatureSchemeName(v uint16) (name string, ok bool) {
	if s := find[Scheme, uint16](schemes[:], v); s != nil {
		return s.Name, true
	}
	return "", false
}

// SignatureSchemeString renders a signature scheme. A pair of a hash and a
// signature algorithm of TLS 1.2 that never became a scheme carries its code:
// "dsa_sha1 (0x0202)".
func SignatureSchemeString(v uint16) string {
	if s, ok := LookupScheme(v); ok {
		return s.Name
	}
	return orGREASE(v)
}

// VersionName returns the name of a version that has one of its own: SSL 2.0 to
// TLS 1.3 and DTLS 1.0 to 1.3.
func VersionName(v uint16) (string, bool) { return name(versionTable[:], v) }

// VersionString renders a protocol version. Drafts and private versions carry
// their code: "TLS 1.3 draft 18 (0x7f12)", "TLCP 1.1 (0x0101)".
func VersionString(v uint16) string {
	if s, ok := VersionName(v); ok {
		return s
	}
	if s, ok := name(privateVersionTable[:], v); ok {
		return s
	}
	return orGREASE(v)
}

// AlertName returns the name of an alert description.
func AlertName(v uint8) (name string, ok bool) {
	if a := find[alert, uint8](alerts[:], v); a != nil {
		return a.name, true
	}
	return "", false
}

// AlertString renders an alert description.
func AlertString(v uint8) string {
	if s, ok := AlertName(v); ok {
		return s
	}
	return unassigned(uint64(v), 2)
}

// AlertMeaning returns one plain sentence that says what an alert means to a
// person who looks for the reason of a failed handshake, or "" for an
// unassigned one.
func AlertMeaning(v uint8) string {
	if a := find[alert, uint8](alerts[:], v); a != nil {
		return a.meaning
	}
	return ""
}

// HandshakeTypeName returns the snake_case name of a handshake message,
// "client_hello".
func HandshakeTypeName(v uint8) (name string, ok bool) {
	if h := find[handshakeType, uint8](handshakeTypes[:], v); h != nil {
		return h.name, true
	}
	return "", false
}

// HandshakeTypeString renders the type of a handshake message in snake_case.
func HandshakeTypeString(v uint8) string {
	if s, ok := HandshakeTypeName(v); ok {
		return s
	}
	return unassigned(uint64(v), 2)
}

// HandshakeTypeTitle renders the type of a handshake message as the standards
// name its structure, "ClientHello".
func HandshakeTypeTitle(v uint8) string {
	if h := find[handshakeType, uint8](handshakeTypes[:], v); h != nil {
		return h.title
	}
	return unassigned(uint64(v), 2)
}

// SSL2MessageString renders the type of an SSL 2.0 message: "client_hello",
// and the others with "ssl2_" before their names.
func SSL2MessageString(v uint8) string { return render(ssl2MessageTable[:], v, 2) }
