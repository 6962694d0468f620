package quic

import (
	"encoding/binary"
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// Bits of a packet's first byte (RFC 9000, Section 17).
const (
	longForm = 0x80
	fixedBit = 0x40
)

// Kinds of packets that are no [conn.QUICKind].
const (
	kindNegotiation = conn.QUICKind(100 + iota)
	kindUnknown     // of a version that nobody knows
)

// mostID is the size of the largest connection id of any version that is read
// (RFC 9000, Section 17.2).
const mostID = 20

// header is a long header (RFC 9000, Section 17.2). It aliases the packet.
type header struct {
	kind       conn.QUICKind
	version    uint32
	dcid, scid []byte
	token      []byte
	number     int // where the protected packet number begins, or what there is instead
	size       int // of the packet by its own account; may be more than there is
}

// parse reads the header at the front of b. It returns what is wrong, "" if
// nothing is.
func (h *header) parse(b []byte) string {
	*h = header{}
	if len(b) < 7 {
		return fmt.Sprintf("a long header of %d bytes: it has at least 7", len(b))
	}
	h.version = be32(b[1:])
	if isNibbled(h.version) {
		return h.parseNibbled(b)
	}
	p := 5
	for _, id := range []*[]byte{&h.dcid, &h.scid} {
		if p >= len(b) {
			return "a long header that ends before its connection ids do"
		}
		n := int(b[p])
		p++
		if n > mostID && (isKnown(h.version) || p+n > len(b)) {
			return fmt.Sprintf("a connection id of %d bytes: the limit is %d", n, mostID)
		}
		if p+n > len(b) {
			return "a long header that ends before its connection ids do"
		}
		*id = b[p : p+n]
		p += n
	}
	h.number, h.size = p, len(b)
	switch {
	case h.version == 0:
		h.kind = kindNegotiation
		return ""
	case !isKnown(h.version) && !iana.IsReservedQUICVersion(h.version):
		h.kind = kindUnknown
		return ""
	}
	h.kind = kindOf(h.version, b[0])
	if h.kind == conn.QUICRetry {
		return ""
	}
	return h.parseRest(b)
}

// parseRest reads the token of an Initial packet and the length.
func (h *header) parseRest(b []byte) string {
	p := h.number
	if h.kind == conn.QUICInitial {
		n, k := varint(b[p:])
		if k == 0 || n > uint64(len(b)-p-k) {
			return fmt.Sprintf("an Initial packet whose token of %d bytes does not fit into it", n)
		}
		h.token = b[p+k : p+k+int(n)]
		p += k + int(n)
	}
	n, k := varint(b[p:])
	if k == 0 {
		return "a long header that ends before its length"
	}
	p += k
	h.number = p
	h.size = p + int(min(n, 1<<20))
	if n < 4+16 && n != 0 {
		return fmt.Sprintf("a packet of %d bytes behind its header, too small to be protected", n)
	}
	return ""
}

// kindOf reads the type of a long header. Version 2 has other numbers for the
// same types (RFC 9369, Section 3.2).
func kindOf(version uint32, first byte) conn.QUICKind {
	t := first >> 4 & 3
	if version == version2 {
		t = (t + 3) & 3
	}
	return [4]conn.QUICKind{conn.QUICInitial, conn.QUICZeroRTT, conn.QUICHandshake, conn.QUICRetry}[t]
}

// varint reads a variable-length integer (RFC 9000, Section 16) and its size, 0
// if b is too short.
func varint(b []byte) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	n = 1 << (b[0] >> 6)
	if len(b) < n {
		return 0, 0
	}
	v = uint64(b[0] & 0x3f)
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
	}
	return v, n
}

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
