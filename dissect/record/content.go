package record

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// protection is what is known about how a side's records are protected.
type protection uint8

const (
	clear   protection = iota
	sealed             // TLS <= 1.2 after ChangeCipherSpec, with a real cipher
	null               // the same with a NULL cipher: content, then a MAC
	unclear            // nobody can tell without looking at the content
)

// protectionOf tells how the records of h are protected, application data
// aside. In TLS 1.3 everything sealed has the type application_data, so a
// record of another type is clear even behind ChangeCipherSpec, which means
// nothing there (RFC 9846, Section 5).
func (s *Stream) protectionOf(h *half) protection {
	n := s.in.Negotiated()
	switch {
	case n.Version.IsTLS13():
		return clear
	case !h.ccs && !h.doubt:
		return clear
	case !h.ccs, n.Version == 0:
		return unclear
	case isNull(n.Suite):
		return null
	}
	return sealed
}

// modeOf decides what is done with a record's content.
func (s *Stream) modeOf(side flow.Side, rh tls.RecordHeader) mode {
	h := &s.sides[side]
	p := s.protectionOf(h)
	switch rh.Type {
	case tls.ContentChangeCipherSpec:
		return head
	case tls.ContentAlert:
		// Two bytes cannot be sealed: every protection adds some.
		if rh.Length == 2 || rh.Length <= 64 && p != sealed {
			return whole
		}
	case tls.ContentHandshake:
		switch {
		case rh.Length > maxSealed:
			return pass
		case p == clear:
			return live
		case p != sealed:
			return whole
		}
	case tls.ContentApplicationData, tls.ContentHeartbeat:
		if p == null || rh.Type == tls.ContentHeartbeat && p == clear {
			return head
		}
	}
	return pass
}

// finish hands on what a complete record meant; body is what was collected.
func (s *Stream) finish(side flow.Side, body []byte, at flow.Mark) {
	h := &s.sides[side]
	h.hdrLen, h.left = 0, 0
	n := h.rh.Length
	if h.open {
		h.open = false
		if s.open(side, body, at) {
			return
		}
		h.mode = s.modeOf(side, h.rh) // it was not sealed after all
	}
	p := s.protectionOf(h)
	mac := 0
	if p == null {
		info, _ := s.in.Negotiated().Suite.Info()
		mac = info.MACLen
	}
	switch h.rh.Type {
	case contentTorn:
	case contentSSL2:
		s.finishSSL2(side, body, n, at)
	case tls.ContentChangeCipherSpec:
		s.keys.ChangeCipherSpec(side)
		s.in.ChangeCipherSpec(side, at)
		h.ccs = true
	case tls.ContentAlert:
		s.alert(side, body, n, mac, at)
	case tls.ContentHandshake:
		switch {
		case h.mode == live:
		case h.mode == whole && p == null && len(body) > mac:
			s.in.Handshake(side, conn.Application, body[:len(body)-mac], at)
		case h.mode == whole && looksClear(body):
			s.in.Handshake(side, conn.Plain, body, at)
		default:
			s.sealed(side, h.rh.Type, n, at)
		}
	case tls.ContentApplicationData:
		if h.mode == head {
			plain := body[:min(len(body), max(0, n-mac))]
			s.in.Opened(side, conn.Opened{Wire: h.rh.Type, Type: h.rh.Type, Bytes: n, Plain: max(0, n-mac), Level: conn.Application}, at)
			if len(plain) > 0 {
				s.in.Plaintext(side, plain, at)
			}
		} else {
			s.sealed(side, h.rh.Type, n, at)
		}
	case tls.ContentHeartbeat:
		if h.mode == head {
			s.in.Heartbeat(side, n, body, at)
		} else {
			s.sealed(side, h.rh.Type, n, at)
		}
	default:
		s.sealed(side, h.rh.Type, n, at)
	}
}

// alert hands on the alerts of a record: one, or several in a row (RFC 5246,
// Section 6.2.1 lets messages of one type share a record).
func (s *Stream) alert(side flow.Side, body []byte, n, mac int, at flow.Mark) {
	h := &s.sides[side]
	if h.mode == whole && n > 2 {
		body = body[:max(0, len(body)-mac)]
	}
	if h.mode != whole || len(body) < 2 || len(body)%2 != 0 || !alertsOnly(body) {
		s.sealed(side, tls.ContentAlert, n, at)
		return
	}
	for ; len(body) >= 2; body = body[2:] {
		s.in.Alert(side, conn.Plain, tls.AlertLevel(body[0]), tls.AlertDescription(body[1]), at)
	}
}

// alertsOnly reports whether b is a row of alerts. A single one is taken
// whatever it says; in a longer record every level must be warning or fatal,
// or it is sealed bytes.
func alertsOnly(b []byte) bool {
	if len(b) == 2 {
		return true
	}
	for ; len(b) >= 2; b = b[2:] {
		if b[0] != 1 && b[0] != 2 {
			return false
		}
	}
	return true
}

// looksClear reports whether the body of a handshake record is readable
// messages rather than sealed bytes: the first has a known type and, if it ends
// within the record, the next one too. A record that begins in the middle of a
// message does not look clear; that is the price of not inventing messages.
func looksClear(b []byte) bool {
	for first := true; len(b) > 0; first = false {
		if len(b) < handshakeHeaderLen || !known(b[0]) {
			return false
		}
		n := handshakeHeaderLen + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
		if n > len(b) {
			return first && n < 1<<17
		}
		if b[0] == byte(tls.TypeHelloRequest) && len(b) != handshakeHeaderLen {
			return false // zeros, as an explicit nonce often begins
		}
		b = b[n:]
	}
	return true
}

// handshakeHeaderLen is the size of a handshake header in bytes.
const handshakeHeaderLen = tls.HandshakeHeaderLen

func known(t byte) bool {
	_, ok := iana.HandshakeTypeName(t)
	return ok
}

func isNull(s tls.CipherSuite) bool {
	info, ok := s.Info()
	return ok && info.Mode == iana.ModeNull
}
