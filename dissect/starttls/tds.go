package starttls

import (
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// tds is the Tabular Data Stream of SQL Server: both sides state in PRELOGIN
// whether they want encryption, then the TLS handshake travels in PRELOGIN
// packets, and bare records follow ([MS-TDS], Sections 2.2.6.5 and 3.2.1). If
// only the login is sealed, packets in the clear follow.
type tds struct {
	found
	client byte     // the client's encryption option
	read1  bool     // the client's PRELOGIN was read
	plain  bool     // both sides know that TLS will not come
	skip   [2]int64 // bytes of PRELOGIN of each side
	w      *tdsStream
}

// Packet types and encryption options.
const (
	tdsReply    = 0x04
	tdsLogin    = 0x10
	tdsPrelogin = 0x12

	tdsHeader  = 8
	tdsVersion = 0 // option tokens
	tdsEncrypt = 1
	tdsEnd     = 0xff

	tdsOff  = 0 // the login only
	tdsOn   = 1
	tdsNone = 2
)

func newTDS() dialect { return &tds{} }

// tdsPacket reads a packet of a type; n is 0 if more is needed, -1 if it is none.
func tdsPacket(b []byte, typ byte) (body []byte, n int) {
	if len(b) > 0 && b[0] != typ || len(b) > 1 && b[1] != 1 {
		return nil, -1
	}
	if len(b) < tdsHeader {
		return nil, 0
	}
	n = int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case n < tdsHeader+1 || n > 4096:
		return nil, -1
	case len(b) < n:
		return nil, 0
	}
	return b[tdsHeader:n], n
}

// encryption finds the encryption option of a PRELOGIN message.
func encryption(body []byte) (byte, bool) {
	for i := 0; i+5 <= len(body) && body[i] != tdsEnd; i += 5 {
		off, size := int(binary.BigEndian.Uint16(body[i+1:])), int(binary.BigEndian.Uint16(body[i+3:]))
		if i == 0 && body[0] != tdsVersion || off+size > len(body) {
			return 0, false
		}
		if body[i] == tdsEncrypt && size == 1 {
			return body[off], true
		}
	}
	return 0, false
}

func probeTDS(b []byte) fit {
	body, n := tdsPacket(b, tdsPrelogin)
	switch {
	case n < 0:
		return no
	case n == 0:
		return maybe
	}
	if _, ok := encryption(body); ok {
		return yes
	}
	return no
}

func (d *tds) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	switch {
	case d.plain:
		if side == flow.Client && b[0] == tdsLogin {
			return 0, l.finalLogin(conn.ExposedLogin, "its login (LOGIN7, whose password is only turned around)", at)
		}
		return 0, over
	case d.w != nil:
		d.w.Data(side, b, at)
		if d.tls() == no {
			return len(b), lost
		}
		return len(b), more
	case side == flow.Client && d.read1:
		return 0, more
	case side == flow.Client:
		body, n := tdsPacket(b, tdsPrelogin)
		d.client, _ = encryption(body)
		d.read1 = true
		l.request = "PRELOGIN with encryption " + tdsWord(d.client)
		if d.client != tdsNone {
			l.ask(at)
		}
		d.skip[side] = int64(n)
		return n, pause
	}
	body, n := tdsPacket(b, tdsReply)
	switch {
	case n < 0:
		return 0, lost
	case n == 0:
		return 0, more
	}
	server, ok := encryption(body)
	switch words := "answer: encryption " + tdsWord(server); {
	case !ok:
		return n, over
	case d.client == tdsNone && (server == tdsNone || server == tdsOff):
		d.plain = true
		if server == tdsOff {
			l.offer(at)
		}
		return n, more
	case server == tdsNone:
		if d.client != tdsOff { // or nobody insisted
			l.refuse(words, at)
		}
		d.plain = true
		return n, more
	default:
		l.agreed = at
		l.say(words)
	}
	d.skip[side] = int64(n)
	d.w = &tdsStream{in: &d.found}
	return n, more
}

// tdsWord names an encryption option.
func tdsWord(x byte) string {
	switch x {
	case tdsOff:
		return "for the login only"
	case tdsOn:
		return "on"
	case tdsNone:
		return "not supported"
	case 3:
		return "required"
	}
	return "unknown"
}

func (d *tds) start(t *Talk) (Start, bool) {
	if d.w == nil || d.tls() != yes {
		return Start{}, false
	}
	s := Start{Client: t.client, Offsets: d.where, Wrap: func(in Stream) Stream { return &tdsStream{in: in} }}
	for dir := range s.Offsets {
		s.Offsets[dir] += d.skip[t.side(dir)]
	}
	return s, true
}

// A tdsStream unwraps the handshake of one flow and passes what follows.
type tdsStream struct {
	in    Stream
	sides [2]tdsHalf
}

type tdsHalf struct {
	hdr     [tdsHeader]byte
	have    int   // bytes of hdr that are there
	left    int64 // of the packet's content
	bare    bool  // records without packets around them
	records borders
}

// Data implements [Stream].
func (s *tdsStream) Data(side flow.Side, b []byte, at flow.Mark) {
	h := &s.sides[side]
	for len(b) > 0 && !h.records.ended {
		switch {
		case h.bare:
			s.pass(side, b, at)
			return
		case h.left > 0:
			n := min(h.left, int64(len(b)))
			h.left -= n
			s.pass(side, b[:n], at)
			b = b[n:]
			continue
		case h.have == 0 && isTLS(b):
			h.bare = true
			continue
		}
		n := copy(h.hdr[h.have:], b)
		b = b[n:]
		if h.have += n; h.have < tdsHeader {
			continue
		}
		h.have = 0
		h.left = int64(binary.BigEndian.Uint16(h.hdr[2:])) - tdsHeader
		if h.hdr[0] != tdsPrelogin && h.hdr[0] != tdsReply || h.left < 0 {
			h.records.ended = true
		}
	}
}

// pass hands on what belongs to TLS.
func (s *tdsStream) pass(side flow.Side, b []byte, at flow.Mark) {
	if n := s.sides[side].records.take(b); n > 0 {
		s.in.Data(side, b[:n], at)
	}
}

// Skippable implements [Stream].
func (s *tdsStream) Skippable(side flow.Side) int64 {
	switch h := &s.sides[side]; {
	case h.records.ended:
		return 1 << 60
	case h.bare:
		return s.in.Skippable(side)
	}
	return 0
}

// Skipped implements [Stream].
func (s *tdsStream) Skipped(side flow.Side, n int64, at flow.Mark) {
	if h := &s.sides[side]; h.bare && !h.records.ended {
		h.records.left -= min(n, h.records.left)
		s.in.Skipped(side, n, at)
	}
}

// Gap implements [Stream]. A hole in the handshake ends the reading of a side.
func (s *tdsStream) Gap(side flow.Side, g conn.Gap, at flow.Mark) {
	h := &s.sides[side]
	switch {
	case h.records.ended:
		return
	case !h.bare:
		h.records.ended = true
	case g.Bytes >= 0 && g.Bytes <= h.records.left:
		h.records.left -= g.Bytes
	default:
		h.records.blind = true
	}
	s.in.Gap(side, g, at)
}

// Note implements [Stream].
func (s *tdsStream) Note(side flow.Side, what string, at flow.Mark) { s.in.Note(side, what, at) }

// Close implements [Stream].
func (s *tdsStream) Close(how conn.End, by flow.Side, at flow.Mark) { s.in.Close(how, by, at) }
