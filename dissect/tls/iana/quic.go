package iana

import "fmt"

// QUICVersionString renders a QUIC version: "QUIC v1", and with their codes the
// drafts, "QUIC draft-29 (0xff00001d)", Google's, "gQUIC Q046 (0x51303436)", and
// the reserved ones, "GREASE (0x1a2a3a4a)".
func QUICVersionString(v uint32) string {
	if s, ok := name(quicVersionTable[:], v); ok {
		return s
	}
	switch q := byte(v >> 24); {
	case IsReservedQUICVersion(v):
		return fmt.Sprintf("GREASE (0x%08x)", v)
	case v>>8 == 0xff0000:
		return fmt.Sprintf("QUIC draft-%02d (0x%08x)", v&0xff, v)
	case (q == 'Q' || q == 'T') && digits(v):
		return fmt.Sprintf("gQUIC %c%c%c%c (0x%08x)", q, byte(v>>16), byte(v>>8), byte(v), v)
	}
	return unassigned(uint64(v), 8)
}

// digits reports whether the lower three bytes of v are decimal digits.
func digits(v uint32) bool {
	for range 3 {
		if c := byte(v); c < '0' || c > '9' {
			return false
		}
		v >>= 8
	}
	return true
}

// IsReservedQUICVersion reports whether v has the form 0x?a?a?a?a, which forces
// version negotiation (RFC 9000, section 15).
func IsReservedQUICVersion(v uint32) bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// QUICTransportParameterString renders the identifier of a transport parameter.
func QUICTransportParameterString(v uint64) string {
	if IsReservedQUICTransportParameter(v) {
		return fmt.Sprintf("GREASE (0x%02x)", v)
	}
	return render(quicParameterTable[:], v, 2)
}

// IsReservedQUICTransportParameter reports whether v has the form 31*N+27
// (RFC 9000, section 18.1).
func IsReservedQUICTransportParameter(v uint64) bool { return v%31 == 27 }

// QUICFrameString renders a frame type; the flags of a type are behind an
// underscore, "STREAM_off_len".
func QUICFrameString(v uint64) string { return render(quicFrameTable[:], v, 2) }

// QUICErrorString renders a transport error code. Those from 0x0100 to 0x01ff
// carry an alert (RFC 9001, section 4.8): "CRYPTO_ERROR unknown_ca (0x0130)".
func QUICErrorString(v uint64) string {
	if v>>8 == 1 {
		if a, ok := AlertName(uint8(v)); ok {
			return fmt.Sprintf("CRYPTO_ERROR %s (0x%04x)", a, v)
		}
		return fmt.Sprintf("CRYPTO_ERROR (0x%04x)", v)
	}
	return render(quicErrorTable[:], v, 4)
}
