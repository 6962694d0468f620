package record

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// contentSSL2 marks a record that is no TLS record; no content type has it.
const contentSSL2 tls.ContentType = 0

// LooksSSL2 reports whether b begins with a ClientHello in the format of SSL
// 2.0: a two-byte header, message type 1 and a version (RFC 5246, Appendix
// E.2). It needs five bytes.
func LooksSSL2(b []byte) bool {
	if len(b) < headerLen || b[0]&0x80 == 0 || b[2] != tls.SSL2ClientHello {
		return false
	}
	n := int(b[0]&0x7f)<<8 | int(b[1])
	v := tls.Version(b[3])<<8 | tls.Version(b[4])
	return n >= 9+3+16 && n <= 9+1<<12 && (v == tls.VersionSSL2 || v >= tls.VersionSSL3 && v <= tls.VersionTLS13)
}

// looksSSL2Answer reports whether five bytes begin what a server of SSL 2.0
// answers: its ServerHello (message type 4, a flag, and X.509 or no
// certificate) or an error.
func looksSSL2Answer(b []byte) bool {
	if b[0] == 0x80 && b[1] == 3 && b[2] == tls.SSL2Error {
		return true
	}
	return b[0]&0x80 != 0 && b[2] == tls.SSL2ServerHello && b[3] <= 1 && b[4] <= 1
}

// beginSSL2 starts collecting an SSL 2.0 record. Its header is shorter than a
// TLS one, so the bytes behind it are content.
func (s *Stream) beginSSL2(side flow.Side) {
	h := &s.sides[side]
	var v2 tls.SSL2Header
	_ = v2.Decode(h.hdr[:]) // five bytes are enough
	h.rh = tls.RecordHeader{Type: contentSSL2, Length: v2.Length}
	h.records++
	h.mode = whole
	h.body = append(h.body[:0], h.hdr[v2.HeaderLen:]...)
	h.left = int64(v2.Length - len(h.body))
}

// headerSSL2 collects the header of a record in a connection of SSL 2.0: two
// bytes, or three where padding follows the content.
func (s *Stream) headerSSL2(side flow.Side, b []byte, at flow.Mark) int {
	h := &s.sides[side]
	n := 0
	if h.hdrLen == 0 {
		h.hdr[0] = b[0]
		h.hdrLen, n = 1, 1
	}
	need := 3
	if h.hdr[0]&0x80 != 0 {
		need = 2
	}
	if h.hdrLen < need {
		k := copy(h.hdr[h.hdrLen:need], b[n:])
		h.hdrLen += k
		n += k
	}
	if h.hdrLen < need {
		return n
	}
	var v2 tls.SSL2Header
	_ = v2.Decode(h.hdr[:])
	rest := h.hdr[v2.HeaderLen:max(v2.HeaderLen, h.hdrLen)] // read before it was known to be SSL 2.0
	if v2.Length == 0 || len(rest) > v2.Length {
		h.foreign = true
		s.in.Note(side, fmt.Sprintf("% x is no record header of SSL 2.0; what follows was not read", h.hdr[:v2.HeaderLen]), at)
		return len(b)
	}
	h.rh = tls.RecordHeader{Type: contentSSL2, Length: v2.Length}
	h.records++
	h.hdrLen = headerLen
	h.mode = pass
	if s.clearSSL2(side, v2.Length) {
		h.mode = whole
		h.body = append(h.body[:0], rest...)
	}
	h.left = int64(v2.Length - len(rest))
	if h.left == 0 {
		s.endRecord(side, at)
	}
	return n
}

// clearSSL2 reports whether a record of n bytes may hold a message in the clear:
// the hellos, CLIENT-MASTER-KEY, and errors, which are three bytes. Everything
// else is sealed from the first byte.
func (s *Stream) clearSSL2(side flow.Side, n int) bool {
	h := &s.sides[side]
	const most = 1 << 14
	return n <= most && !h.ccs && h.records <= 2 || n == 3
}

// finishSSL2 hands on a record of SSL 2.0.
func (s *Stream) finishSSL2(side flow.Side, body []byte, n int, at flow.Mark) {
	h := &s.sides[side]
	if h.mode == whole && s.messageSSL2(side, body) {
		s.in.SSLv2(side, body, at)
		return
	}
	h.ccs = true
	s.in.Sealed(side, contentSSL2, n, at)
}

// messageSSL2 reports whether a record is a message in the clear, and notes
// what it says about those to come.
func (s *Stream) messageSSL2(side flow.Side, body []byte) bool {
	h := &s.sides[side]
	if len(body) == 0 {
		return false
	}
	switch body[0] {
	case tls.SSL2ClientHello:
		if h.records == 1 {
			s.hello2 = true
			s.ssl2 = s.ssl2 || len(body) >= 3 && body[1] == 0 && body[2] == 2
			return true
		}
	case tls.SSL2ServerHello:
		return s.ssl2 && h.records == 1
	case tls.SSL2ClientMasterKey:
		var m tls.SSL2MasterKey
		if s.ssl2 && side == flow.Client && m.Decode(body) == nil && m.TrailingBytes == 0 {
			h.ccs = true
			return true
		}
	case tls.SSL2Error:
		return s.ssl2 && len(body) == 3
	}
	return false
}
