package keys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/wire"
)

// decodeInner turns an EncodedClientHelloInner into the ClientHelloInner, with
// handshake header (RFC 9849, Section 5.1): without padding, with the session
// ID of the outer hello and the extensions that stand only there.
func decodeInner(outer *tls.ClientHello, encoded []byte) ([]byte, error) {
	var m tls.ClientHello
	if err := m.Decode(encoded); err != nil {
		return nil, fmt.Errorf("the inner ClientHello cannot be read: %w", err)
	}
	switch padding := encoded[len(encoded)-m.TrailingBytes:]; {
	case len(m.SessionID) > 0:
		return nil, errors.New("the inner ClientHello has a session ID of its own, which RFC 9849 forbids")
	case slices.ContainsFunc(padding, func(c byte) bool { return c != 0 }):
		return nil, errors.New("the padding of the inner ClientHello has other bytes than zeros")
	}
	extensions, err := fromOuter(outer, m.Extensions)
	if err != nil {
		return nil, err
	}
	if len(extensions) > 0xffff {
		return nil, errors.New("the extensions of the inner ClientHello are longer than a ClientHello can be")
	}
	inner := buildHello(&m, m.Random, outer.SessionID, extensions)
	if err := m.Decode(inner[tls.HandshakeHeaderLen:]); err != nil {
		return nil, fmt.Errorf("the inner ClientHello cannot be read: %w", err)
	}
	if e, ok := m.ECH(); !ok || !e.Inner {
		return nil, errors.New("the inner ClientHello does not say that it is one")
	}
	versions, _ := m.SupportedVersions()
	for v := range versions.All() {
		if v == tls.VersionSSL3 || v >= tls.VersionTLS10 && v <= tls.VersionTLS12 || v == tls.VersionDTLS10 || v == tls.VersionDTLS12 {
			return nil, fmt.Errorf("the inner ClientHello offers %s, which RFC 9849 forbids", v)
		}
	}
	return inner, nil
}

// fromOuter puts the extensions of the outer hello in the place of
// ech_outer_extensions.
func fromOuter(outer *tls.ClientHello, inner tls.Extensions) (x []byte, err error) {
	again := false
	for e := range inner.All() {
		if e.Type != tls.ExtECHOuterExtensions {
			x = appendExtension(x, e.Type, e.Data)
			continue
		}
		if again {
			return nil, errors.New("the inner ClientHello has ech_outer_extensions twice")
		}
		again = true
		var names tls.ECHOuterExtensions
		if err := names.Decode(e.Data); err != nil {
			return nil, fmt.Errorf("ech_outer_extensions cannot be read: %w", err)
		} else if names.Types.Odd() || names.TrailingBytes > 0 {
			return nil, errors.New("ech_outer_extensions cannot be read: its length is not that of a list")
		}
		// In the order of the outer hello, each once: one walk finds them all.
		r := wire.NewReader(outer.Extensions)
		for want := range names.Types.All() {
			if want == tls.ExtEncryptedClientHello {
				return nil, errors.New("ech_outer_extensions names encrypted_client_hello, which RFC 9849 forbids")
			}
			found := false
			for !found && r.Len() > 0 {
				t, data := tls.ExtensionType(r.Uint16("type")), r.Vec16("data")
				if found = !r.Failed() && t == want; found {
					x = appendExtension(x, t, data)
				} else if r.Failed() {
					break
				}
			}
			if !found {
				return nil, fmt.Errorf("ech_outer_extensions names %s, which the outer ClientHello does not have there", want)
			}
		}
	}
	return x, nil
}

func appendExtension(b []byte, t tls.ExtensionType, data []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(t))
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// buildHello is m with another random, session ID and extensions, and a
// handshake header.
func buildHello(m *tls.ClientHello, random, sessionID, extensions []byte) []byte {
	b := make([]byte, tls.HandshakeHeaderLen, 128+len(extensions)+2*m.CipherSuites.Len())
	b = binary.BigEndian.AppendUint16(b, uint16(m.LegacyVersion))
	b = append(b, random...)
	b = append(append(b, byte(len(sessionID))), sessionID...)
	if m.HasCookie { // DTLS
		b = append(append(b, byte(len(m.Cookie))), m.Cookie...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(2*m.CipherSuites.Len()))
	for c := range m.CipherSuites.All() {
		b = binary.BigEndian.AppendUint16(b, uint16(c))
	}
	b = append(b, byte(m.Compressions.Len()))
	for c := range m.Compressions.All() {
		b = append(b, byte(c))
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(extensions)))
	b = append(b, extensions...)
	n := len(b) - tls.HandshakeHeaderLen
	b[0], b[1], b[2], b[3] = byte(tls.TypeClientHello), byte(n>>16), byte(n>>8), byte(n)
	return b
}
