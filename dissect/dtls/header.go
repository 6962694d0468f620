package dtls

import (
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/wire"
)

// Sizes of the record layer, in bytes.
const (
	// headerLen is the size of a record header without a connection id (RFC
	// 6347, Section 4.1).
	headerLen = 13
	// maxSealed is the largest legal record payload (RFC 6347, Section 4.1).
	maxSealed = tls.MaxSealed
	// maxCID is the largest connection id that is looked for where the hellos
	// that name its size are missing. The standard allows 255 (RFC 9146,
	// Section 3); real ones are short.
	maxCID = 32
	// leastUnified is the least that DTLS 1.3 protects: the content type and a
	// tag of 8 bytes, and at least 16 bytes for the mask of the record number
	// (RFC 9147, Section 4.2.3).
	leastUnified = 16
)

// A header is what stands before a record.
type header struct {
	typ     tls.ContentType
	version tls.Version
	epoch   uint16
	seq     uint64 // 48 bits
	cid     []byte // connection id, of its record type only; aliases the datagram
	size    int    // of the header itself
	length  int    // of the record without its header
}

// parseHeader reads the header at the start of b, whose connection id, if its
// type says that it has one, is cid bytes long. ok is false if b is too short or
// no header of DTLS begins there.
func parseHeader(b []byte, cid int) (h header, ok bool) {
	r := wire.NewReader(b)
	h.typ = tls.ContentType(r.Uint8("type"))
	h.version = tls.Version(r.Uint16("version"))
	h.epoch = r.Uint16("epoch")
	h.seq = uint64(r.Uint16("sequence_number"))<<32 | uint64(r.Uint32("sequence_number"))
	if h.typ == tls.ContentTLS12CID {
		h.cid = r.Bytes(cid, "cid")
	}
	h.length = int(r.Uint16("length"))
	h.size = r.Off()
	return h, !r.Failed() && h.plausible()
}

// plausible reports whether h can be the header of a record at all.
func (h header) plausible() bool {
	if h.length > maxSealed || !recordVersion(h.version) {
		return false
	}
	switch h.typ {
	case tls.ContentChangeCipherSpec:
		return h.length >= 1
	case tls.ContentAlert:
		return h.length >= 2
	case tls.ContentHandshake, tls.ContentTLS12CID:
		return h.length >= 1
	case tls.ContentApplicationData, tls.ContentHeartbeat, tls.ContentACK:
		return true
	}
	return false
}

// recordVersion reports whether v stands in record headers of DTLS.
func recordVersion(v tls.Version) bool {
	switch v {
	case tls.VersionDTLS10, tls.VersionDTLS12, tls.VersionDTLS13, tls.VersionDTLSBad:
		return true
	}
	return false
}

// guessCID returns how long the connection id of the record at the start of b
// must be for the record to end where b does, -1 if none fits.
func guessCID(b []byte) int {
	for n := 1; n <= maxCID; n++ {
		if h, ok := parseHeader(b, n); ok && h.size+h.length == len(b) {
			return n
		}
	}
	return -1
}

// A unified is the header of an encrypted record of DTLS 1.3 (RFC 9147, Section
// 4). Its record number is encrypted.
type unified struct {
	epoch  uint8 // the low two bits
	cid    bool
	seqAt  int // where the encrypted record number begins
	seqLen int // its size
	size   int // of the header itself
	length int // of the record without its header
}

// isUnified reports whether c can be the first byte of such a header.
func isUnified(c byte) bool { return c&0xe0 == 0x20 }

// parseUnified reads the header at the start of b, whose connection id, if it
// has one, is cid bytes long. A record without a length ends where the datagram
// does, missing bytes behind b.
func parseUnified(b []byte, cid, missing int) (u unified, ok bool) {
	r := wire.NewReader(b)
	first := r.Uint8("unified_hdr")
	u.epoch = first & 3
	if first&0x10 != 0 {
		u.cid = true
		r.Bytes(cid, "connection_id")
	}
	u.seqAt, u.seqLen = r.Off(), 1
	if first&0x08 != 0 {
		u.seqLen = 2
		r.Uint16("sequence_number")
	} else {
		r.Uint8("sequence_number")
	}
	if first&0x04 != 0 {
		u.length = int(r.Uint16("length"))
	} else {
		u.length = r.Len() + missing
	}
	u.size = r.Off()
	return u, !r.Failed() && isUnified(first) && u.length >= leastUnified && u.length <= maxSealed
}

// capwapPreamble stands before DTLS in CAPWAP (RFC 5415, Section 4.2): version
// 0, payload type 1 for DTLS, reserved.
const capwapPreamble = "\x01\x00\x00\x00"

// unwrapped returns b without what other protocols put before DTLS.
func unwrapped(b []byte) []byte {
	if len(b) > len(capwapPreamble) && string(b[:len(capwapPreamble)]) == capwapPreamble {
		return b[len(capwapPreamble):]
	}
	return b
}
