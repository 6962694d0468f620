package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Sizes of the record layer, in bytes.
const (
	// RecordHeaderLen is the size of a record header.
	RecordHeaderLen = 5
	// MaxPlaintext is the largest content of a record (RFC 8446, Section 5.1).
	MaxPlaintext = 1 << 14
	// MaxSealed is the largest legal length of a record: MaxPlaintext, 1024
	// that compression and 1024 that protection may add (RFC 5246, Section
	// 6.2.3). TLS 1.3 allows 256 in all.
	MaxSealed = MaxPlaintext + 2048
)

// A RecordHeader precedes every record (RFC 8446, Section 5.1; RFC 5246,
// Section 6.2.1; the same bytes in SSL 3.0, RFC 6101, Section 5.2.1).
type RecordHeader struct {
	Type    ContentType
	Version Version
	Length  int // of the record without its header, 0 to 65535
}

// Decode reads the first five bytes of b; what follows them is left alone.
func (h *RecordHeader) Decode(b []byte) error {
	r := wire.NewReader(b)
	h.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (h *RecordHeader) DecodeTraced(b []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(b, t)
	h.decode(&r)
	return r.Err()
}

func (h *RecordHeader) decode(r *wire.Reader) {
	*h = RecordHeader{}
	h.Type = ContentType(r.Uint8("type"))
	h.Version = Version(r.Uint16("legacy_record_version"))
	h.Length = int(r.Uint16("length"))
}

// ParseRecordHeader returns the header at the start of b; ok is false if b is
// shorter than a header. It is Decode for callers that wait for more bytes.
func ParseRecordHeader(b []byte) (h RecordHeader, ok bool) {
	r := wire.NewReader(b)
	h.decode(&r)
	return h, !r.Failed()
}

// Plausible reports whether h can be the header of a record at all: a known
// content type, a version of the record layer and a length that records of the
// type can have, plain or sealed. It is meant to find records, and to find them
// again behind a hole; about one in 10^6 random headers passes.
func (h RecordHeader) Plausible() bool {
	if !h.Version.plausibleRecord() || h.Length > MaxSealed {
		return false
	}
	switch h.Type {
	case ContentChangeCipherSpec:
		return h.Length >= 1 && h.Length <= maxSealedSmall
	case ContentAlert:
		return h.Length >= 2 && h.Length <= maxSealedSmall
	case ContentHandshake:
		return h.Length >= 1
	case ContentApplicationData:
		return true // empty ones are legal (RFC 8446, Section 5.1)
	case ContentHeartbeat:
		// The standard asks for 19 bytes (RFC 6520, Section 4); attacks on
		// implementations that did not check it send 3.
		return h.Length >= 3
	}
	return false
}

// maxSealedSmall is the largest length of a sealed alert or ChangeCipherSpec:
// content, 16 bytes of IV, 64 of MAC, 256 of padding (RFC 5246, Section
// 6.2.3.2) and some air.
const maxSealedSmall = 512

// plausibleRecord reports whether v stands in record headers. Drafts of TLS 1.3
// and Google's experiments put 0x0301 or 0x0303 there, but some private stacks
// put the version itself.
func (v Version) plausibleRecord() bool {
	switch {
	case v >= VersionSSL3 && v <= VersionTLS13, v == VersionTLCP:
		return true
	case v >= 0x7f0e && v <= 0x7f1c: // drafts 14 to 28
		return true
	}
	return v >= 0x7e01 && v <= 0x7e03
}
