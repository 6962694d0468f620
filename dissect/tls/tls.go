// Package tls decodes TLS records, handshake messages, extensions and alerts
// from SSL 2.0 to TLS 1.3, drafts and DTLS included.
//
// In go the bytes of one message; out come structs whose slices are parts of
// those bytes. The package keeps no state between messages: what a message
// means for a connection is decided by package conn. Where the same bytes mean
// different things at different times, the caller says what was agreed on, in
// a [Context].
//
// # Ownership
//
// Every Decode method resets its receiver and fills it with slices of the
// bytes it was given, so that decoding allocates nothing. A decoded value is
// valid as long as those bytes are. Lists stay undecoded until somebody
// iterates over them.
//
// # Unknown and malformed input
//
// Code points are plain integers, never closed enums: a value nobody has heard
// of is data, not an error. Bytes behind the last field are counted in
// TrailingBytes. When a message is cut short or contradicts itself, Decode
// returns a [*wire.Error] and leaves everything read before the fault in place.
// A fault inside one extension is not a fault of the message: it shows when the
// extension is decoded or checked with [Extension.Check]. No input makes this
// package panic or allocate more than the error.
//
// # Tracing
//
// DecodeTraced and [Trace] report every field with its dotted name, offset and
// length, extensions included. The leaves of a trace cover the message without
// gap or overlap, even of a malformed message, whose unreadable parts are named
// "malformed". Tracing allocates.
package tls

// A Context is what both sides agreed on before a message was sent, as far as
// the decoding of messages depends on it. The zero Context means that nothing
// is known; decoders then go by what the bytes look like.
type Context struct {
	Version Version     // as negotiated, drafts included; 0 if unknown
	Suite   CipherSuite // as negotiated; meaningful once Version is not 0
	// RawPublicKey says that the certificate type of the sender is
	// RawPublicKey (RFC 7250, Section 3).
	RawPublicKey bool
}

// KeyExchange returns the key exchange that the context's suite asks for, or
// [KxUnknown].
func (c Context) KeyExchange() KeyExchange {
	if c.Version == 0 {
		return KxUnknown
	}
	if c.Version.IsTLS13() {
		return KxTLS13
	}
	return c.Suite.KeyExchange()
}
