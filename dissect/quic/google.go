package quic

import (
	"bytes"
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/wire"
)

// Google's QUIC before the IETF's: "QUIC Wire Layout Specification" and "QUIC
// Crypto" (Chromium, 2016). Up to Q043 packets have a header of their own; Q044
// to Q046 have a long header whose connection id sizes share a byte; Q050 has
// the IETF's header and protection, and the old frames in it. Their handshake is
// no TLS: the client names the server in a message that everybody can read.

// Bits of the public header's flags.
const (
	publicVersion = 0x01
	publicReset   = 0x02
	publicNonce   = 0x04
	publicID      = 0x08
)

// hashLen is the size of the checksum that precedes the frames of a packet that
// is not encrypted.
const hashLen = 12

// isGoogle reports whether v is a version with Google's own handshake.
func isGoogle(v uint32) bool {
	return v == googleQ50 || isPublic(v) || isNibbled(v)
}

// isPublic reports whether v has the public header, with numbers in network
// order: Q039 to Q043.
func isPublic(v uint32) bool {
	return v == 0x51303339 || v >= 0x51303430 && v <= googleQ43
}

// isNibbled reports whether v is Q044 to Q046.
func isNibbled(v uint32) bool { return v > googleQ43 && v <= googleQ46 }

// publicHeader reads the header of Q039 to Q043. It returns the version, 0 if
// the packet does not name one, and what stands behind the packet number.
func publicHeader(b []byte) (version uint32, rest []byte, ok bool) {
	if len(b) < 10 || b[0]&0xc0 != 0 || b[0]&publicReset != 0 {
		return 0, nil, false
	}
	flags, p := b[0], 1
	if flags&publicID != 0 {
		p += 8
	}
	if flags&publicVersion != 0 {
		if len(b) < p+4 {
			return 0, nil, false
		}
		version = be32(b[p:])
		p += 4
	}
	if flags&publicNonce != 0 {
		p += 32
	}
	p += [4]int{1, 2, 4, 6}[flags>>4&3]
	if len(b) < p {
		return 0, nil, false
	}
	return version, b[p:], true
}

// isGoogleOld reports whether a datagram is one packet of Q039 to Q043.
func isGoogleOld(b []byte, spoken bool) bool {
	if b[0]&0xc0 != 0 {
		return false
	}
	v, _, ok := publicHeader(b)
	return ok && (v != 0 && isPublic(v) || v == 0 && spoken)
}

// googleOld takes a datagram of Q039 to Q043.
func (s *Stream) googleOld(side flow.Side, b []byte, missing int, at flow.Mark) {
	v, rest, _ := publicHeader(b)
	if isPublic(v) {
		s.google = true
		s.agreed(v, at)
	}
	p := conn.QUICPacket{Kind: conn.QUICOneRTT, Size: len(b) + missing}
	if len(rest) > hashLen && s.googleFrames(side, rest[hashLen:], at) {
		p.Kind, p.Opened = conn.QUICInitial, true
	}
	if side == flow.Server {
		s.answered = true
	}
	s.in.QUICPacket(side, p, at)
}

// parseNibbled reads the long header of Q044 to Q046, which has no length: the
// packet fills its datagram.
func (h *header) parseNibbled(b []byte) string {
	p := 6
	for i, id := range []*[]byte{&h.dcid, &h.scid} {
		n := int(b[5] >> (4 - 4*i) & 15)
		if n > 0 {
			n += 3
		}
		if p+n > len(b) {
			return "a long header that ends before its connection ids do"
		}
		*id = b[p : p+n]
		p += n
	}
	p += int(b[0]&3) + 1
	if b[0]&0x30 == 0x30 && b[0]&0x0c == 0x0c { // Q044 numbers its types otherwise, with 4 bytes of packet number
		h.kind = conn.QUICInitial
	} else {
		h.kind = [4]conn.QUICKind{conn.QUICInitial, conn.QUICZeroRTT, conn.QUICHandshake, conn.QUICRetry}[b[0]>>4&3]
	}
	h.number, h.size = min(p, len(b)), len(b)
	return ""
}

// takeNibbled takes a packet of Q044 to Q046.
func (s *Stream) takeNibbled(side flow.Side, h *header, b []byte, missing int, at flow.Mark) {
	s.google = true
	s.agreed(h.version, at)
	if side == flow.Server {
		s.answered = true
	}
	p := conn.QUICPacket{Kind: h.kind, Size: len(b) + missing}
	if rest := b[h.number:]; len(rest) > hashLen {
		p.Opened = s.googleFrames(side, rest[hashLen:], at)
	}
	s.in.QUICPacket(side, p, at)
}

// googleFrames reads frames of Google's until one that it does not know. It
// reports whether there was a handshake message among them.
func (s *Stream) googleFrames(side flow.Side, b []byte, at flow.Mark) (found bool) {
	r := wire.NewReader(b)
	for r.Len() > 0 && !r.Failed() {
		var offset uint64
		var body []byte
		switch t := r.Uint8("type"); {
		case t == 0x00 || t == 0x07: // PADDING, PING
			continue
		case t&0x80 != 0:
			id, o, d := googleStream(&r, t)
			if id != 1 { // the handshake's stream
				continue
			}
			offset, body = o, d
		case t&0xc0 == 0x40:
			googleAck(&r, t)
			continue
		case t == 0x08: // CRYPTO
			offset = r.Varint("CRYPTO.offset")
			body, _ = data(&r, "CRYPTO.data")
		case t == 0x02: // CONNECTION_CLOSE
			code := r.Uint32("CONNECTION_CLOSE.error_code")
			reason := r.Vec16("CONNECTION_CLOSE.reason_phrase")
			if !r.Failed() && s.google && found {
				s.in.QUICClose(side, conn.QUICClose{Google: true, Code: uint64(code), Reason: string(reason[:min(len(reason), 256)])}, at)
			}
			continue
		default:
			return found
		}
		if len(body) > 0 && s.googleBytes(side, offset, body, at) {
			found = true
		}
	}
	return found
}

// googleStream reads a STREAM frame of type 1FDOOOSS.
func googleStream(r *wire.Reader, t byte) (id, offset uint64, body []byte) {
	id = number(r, int(t&3)+1, "STREAM.id")
	if n := int(t >> 2 & 7); n > 0 {
		offset = number(r, n+1, "STREAM.offset")
	}
	if t&0x20 != 0 {
		n := int(r.Uint16("STREAM.length"))
		return id, offset, r.Bytes(min(n, r.Len()), "STREAM.data")
	}
	return id, offset, r.Rest("STREAM.data")
}

// googleAck passes over an ACK frame of type 01ntllmm.
func googleAck(r *wire.Reader, t byte) {
	size := [4]int{1, 2, 4, 6}
	blocks := 0
	r.Bytes(size[t>>2&3]+2, "ACK.largest_acknowledged")
	if t&0x20 != 0 {
		blocks = int(r.Uint8("ACK.blocks"))
	}
	r.Bytes(size[t&3], "ACK.first_block")
	r.Bytes(blocks*(1+size[t&3]), "ACK.block")
	if n := int(r.Uint8("ACK.timestamps")); n > 0 {
		r.Bytes(5+3*(n-1), "ACK.timestamp")
	}
}

// number reads an integer of n bytes.
func number(r *wire.Reader, n int, field string) (v uint64) {
	for _, c := range r.Bytes(n, field) {
		v = v<<8 | uint64(c)
	}
	return v
}

// mostHello bounds what is kept of Google's ClientHello.
const mostHello = 4096

// googleBytes takes bytes of Google's handshake at an offset of their stream.
// It reports whether they can be that.
func (s *Stream) googleBytes(side flow.Side, offset uint64, b []byte, at flow.Mark) bool {
	if !s.google {
		s.handshake(side, conn.Plain, offset, b, at)
		return true
	}
	if offset == 0 && !isGoogleMessage(b) {
		return false
	}
	if offset > mostHello {
		return false
	}
	if side == flow.Server {
		if offset == 0 {
			s.in.QUICGoogleHello(conn.GoogleHello{Side: side, Message: googleTag(b), Size: len(b)}, at)
		}
		return true
	}
	s.crypto[side][spaceInitial].add(offset, b, at, func(b []byte) {
		if len(s.hello)+len(b) <= mostHello {
			s.hello = append(s.hello, b...)
		}
	})
	if h, ok := parseGoogleHello(s.hello); ok && !s.hailed {
		s.hailed = true
		s.in.QUICGoogleHello(h, at)
	}
	return true
}

func isGoogleMessage(b []byte) bool {
	switch {
	case len(b) < 8:
		return false
	case bytes.HasPrefix(b, []byte("CHLO")), bytes.HasPrefix(b, []byte("REJ\x00")), bytes.HasPrefix(b, []byte("SREJ")), bytes.HasPrefix(b, []byte("SHLO")):
		return true
	}
	return false
}

func googleTag(b []byte) string { return string(bytes.TrimRight(b[:4], "\x00")) }

// parseGoogleHello reads a CHLO: a list of tags, each with the end of its value.
// It is read once the value of SNI is there, or all of it.
func parseGoogleHello(b []byte) (h conn.GoogleHello, ok bool) {
	if len(b) < 8 || !bytes.HasPrefix(b, []byte("CHLO")) {
		return h, false
	}
	n := int(binary.LittleEndian.Uint16(b[4:]))
	if n > 256 || len(b) < 8+8*n {
		return h, false
	}
	h = conn.GoogleHello{Side: flow.Client, Message: "CHLO", Size: len(b)}
	values := b[8+8*n:]
	start := 0
	for i := range n {
		tag := b[8+8*i:]
		end := int(min(binary.LittleEndian.Uint32(tag[4:]), 1<<24))
		if end < start {
			return h, true
		}
		v := values[min(start, len(values)):min(end, len(values))]
		switch string(tag[:4]) {
		case "SNI\x00":
			if end > len(values) {
				return h, false
			}
			h.ServerName = string(v)
		case "UAID":
			h.UserAgent = string(v)
		case "PAD\x00":
		default:
			h.Tags++
		}
		start = end
	}
	return h, true
}
