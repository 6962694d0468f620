package quic

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls/iana"
	"github.com/tlslens/tlslens/dissect/wire"
)

// Bounds of what one connection may cost in keys of Initial packets.
const (
	mostInitial = 4   // sets of keys kept
	mostDerived = 128 // sets derived; beyond it new connection ids are not tried
)

// initialKeys are the keys that everybody can derive from the connection id of
// the client's first Initial packet (RFC 9001, Section 5.2).
type initialKeys struct {
	version uint32
	params  params
	id      []byte
	secret  []byte
	sides   [2]*protection // nil until asked for
}

// deriveInitial returns the keys of Initial packets for a connection id.
func deriveInitial(version uint32, p params, id []byte) initialKeys {
	k := initialKeys{version: version, params: p, id: append([]byte{}, id...)}
	k.secret, _ = hkdf.Extract(sha256.New, id, []byte(p.salt)) // fails only where SHA-256 is forbidden
	return k
}

// side returns the keys of one side.
func (k *initialKeys) side(s flow.Side) *protection {
	if k.sides[s] == nil {
		label := s.String() + " in"
		k.sides[s] = newProtection(expandLabel(sha256.New, k.secret, label, sha256.Size), suiteAES128, k.params.labels)
	}
	return k.sides[s]
}

// opened is an opened packet.
type opened struct {
	payload []byte
	number  uint64
	partial bool // the end is missing, so nothing vouches for it
}

// try opens an Initial packet with the keys of one side. A packet that was cut
// is read without authentication, if what comes out can be frames.
func (k *initialKeys) try(side flow.Side, h *header, b []byte, expect uint64) (opened, bool) {
	p := k.side(side)
	var x bare
	if p == nil || !p.unmask(&x, b, h.number, expect) {
		return opened{}, false
	}
	if len(b) >= h.size {
		out, ok := p.open(nil, &x)
		return opened{payload: out, number: x.number}, ok
	}
	out, ok := p.peek(nil, &x)
	if !ok || x.first&0x0c != 0 || !plausible(out) {
		return opened{}, false
	}
	return opened{payload: out, number: x.number, partial: true}, true
}

// plausible reports whether b can be the beginning of the frames of an Initial
// packet, which are few kinds (RFC 9000, Section 17.2.2).
func plausible(b []byte) bool {
	r := wire.NewReader(b)
	var f frame
	for n := 0; n < 64 && f.next(&r); n++ {
		switch f.typ {
		case framePing, frameAck, frameAckECN, frameCrypto, frameClose:
		default:
			return false
		}
		if f.offset > 1<<16 {
			return false
		}
	}
	return len(b) > 0 && b[0] <= frameClose && f.typ <= frameClose
}

// takeInitial takes an Initial packet (RFC 9000, Section 17.2.2).
func (s *Stream) takeInitial(side flow.Side, h *header, b []byte, missing int, at flow.Mark) {
	p := conn.QUICPacket{Kind: conn.QUICInitial, Size: max(len(b), min(h.size, len(b)+missing)), Token: len(h.token)}
	o, ok := s.openInitial(side, h, b)
	if !ok {
		s.chose(side, h.scid)
		s.in.QUICPacket(side, p, at)
		return
	}
	p.Opened = true
	s.largest[side][spaceInitial] = max(s.largest[side][spaceInitial], o.number+1)
	s.chose(side, h.scid)
	if side == flow.Server {
		s.answered = true
	}
	s.agreed(h.version, at)
	if o.partial {
		s.in.Note(side, "an Initial packet was cut when it was captured: what is read of it is not authenticated", at)
	}
	switch h.version {
	case googleQ50:
		s.google = true
		s.googleFrames(side, o.payload, at)
	case googleT50, googleT51: // TLS in Google's frames
		s.googleFrames(side, o.payload, at)
	default:
		s.partial = o.partial
		s.frames(side, conn.Plain, o.payload, &p, at)
		s.partial = false
	}
	s.in.QUICPacket(side, p, at)
}

// openInitial opens an Initial packet with the keys at hand or new ones.
func (s *Stream) openInitial(side flow.Side, h *header, b []byte) (opened, bool) {
	expect := s.largest[side][spaceInitial]
	for i := len(s.initial) - 1; i >= 0; i-- {
		if k := &s.initial[i]; k.version == h.version {
			if o, ok := k.try(side, h, b, expect); ok {
				return o, true
			}
		}
	}
	ids := [][]byte{h.dcid}
	if side == flow.Server {
		ids = [][]byte{s.retryID, s.firstID}
	}
	for _, id := range ids {
		if len(id) == 0 || s.tried(h.version, id) {
			continue
		}
		for _, p := range paramsFor(h.version) {
			if s.derived >= mostDerived {
				return opened{}, false
			}
			s.derived++
			k := deriveInitial(h.version, p, id)
			if o, ok := k.try(side, h, b, expect); ok {
				s.keep(k)
				return o, true
			}
		}
	}
	return opened{}, false
}

// tried reports whether keys for an id of a version are at hand.
func (s *Stream) tried(version uint32, id []byte) bool {
	for i := range s.initial {
		if s.initial[i].version == version && bytes.Equal(s.initial[i].id, id) {
			return true
		}
	}
	return false
}

// keep remembers keys that opened something.
func (s *Stream) keep(k initialKeys) {
	if len(s.initial) >= mostInitial {
		s.initial = append(s.initial[:1], s.initial[2:]...) // the first ones are those most likely needed again
	}
	s.initial = append(s.initial, k)
}

// frames takes the frames of an opened packet.
func (s *Stream) frames(side flow.Side, lv conn.Level, payload []byte, p *conn.QUICPacket, at flow.Mark) {
	r := wire.NewReader(payload)
	var f frame
	for f.next(&r) {
		switch t := f.typ; {
		case t == frameCrypto:
			s.handshake(side, lv, f.offset, f.data, at)
		case t == frameClose, t == frameCloseApp:
			s.in.QUICClose(side, conn.QUICClose{Level: lv, Application: t == frameCloseApp, Code: f.code, Cause: f.cause, Reason: string(f.data[:min(len(f.data), 256)])}, at)
		case t >= frameStream && t <= 0x0f, t == frameDatagram, t == frameDatagram|1:
			s.data(side, lv, &f, p, at)
		case t == frameNewID:
			s.chose(side, f.data)
		}
	}
	if s.partial {
		if c := &s.crypto[side][space(lv)]; f.typ == frameCrypto && f.offset+uint64(len(f.data)) == c.next {
			c.cut = f.short
		}
		return
	}
	if f.unknown {
		s.in.Note(side, "a frame of unknown type "+iana.QUICFrameString(f.typ)+": the rest of its packet is not read", at)
		return
	}
	if err := r.Err(); err != nil && len(payload) > 0 {
		s.in.Note(side, "malformed frame: "+err.Error(), at)
	}
}

// space returns the CRYPTO stream of a level.
func space(lv conn.Level) int {
	switch lv {
	case conn.Plain:
		return spaceInitial
	case conn.Handshake:
		return spaceHandshake
	}
	return spaceApplication
}

// handshake takes handshake bytes at an offset of their stream.
func (s *Stream) handshake(side flow.Side, lv conn.Level, offset uint64, b []byte, at flow.Mark) {
	c := &s.crypto[side][space(lv)]
	ok := c.add(offset, b, at, func(b []byte) {
		if side == flow.Client && lv == conn.Plain {
			s.learnRandom(b)
		}
		s.in.Handshake(side, lv, b, at)
	})
	if !ok {
		s.in.Note(side, "handshake bytes too far ahead of their turn were given up", at)
	}
}

// learnRandom keeps the client's random, by which key logs name connections.
func (s *Stream) learnRandom(b []byte) {
	const end = 4 + 2 + 32 // header, legacy_version, random (RFC 9846, Section 4.1.2)
	if s.random != nil || s.keys == nil {
		return
	}
	s.hello = append(s.hello, b[:min(len(b), end-len(s.hello))]...)
	if len(s.hello) == end {
		s.random, s.hello = s.hello[6:], nil
	}
}
