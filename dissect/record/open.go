package record

import (
	"errors"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
)

// canOpen reports whether a record is sealed and there are keys to try.
func (s *Stream) canOpen(side flow.Side, rh tls.RecordHeader) bool {
	h := &s.sides[side]
	if rh.Length > maxSealed || !s.keys.Ready(side) {
		return false
	}
	switch rh.Type {
	case tls.ContentApplicationData:
		return true
	case tls.ContentChangeCipherSpec:
		return h.ccs && rh.Length > 1 && !s.in.Negotiated().Version.IsTLS13()
	case tls.ContentAlert, tls.ContentHandshake, tls.ContentHeartbeat:
		p := s.protectionOf(h)
		return p == sealed || p == null
	}
	return false
}

// levels are the names of the protection levels in package conn.
var levels = map[keys.Level]conn.Level{keys.LevelEarly: conn.Early, keys.LevelHandshake: conn.Handshake, keys.LevelApplication: conn.Application}

// open opens a record and hands on what is in it. It returns false if the
// record is none that is sealed.
func (s *Stream) open(side flow.Side, body []byte, at flow.Mark) bool {
	h := &s.sides[side]
	o, err := s.keys.Open(side, h.rh, body)
	switch {
	case errors.Is(err, keys.ErrClear):
		return false
	case err != nil:
		s.in.Sealed(side, h.rh.Type, h.rh.Length, at)
		return true
	}
	lv := levels[o.Level]
	s.in.Opened(side, conn.Opened{Wire: h.rh.Type, Type: o.Type, Bytes: h.rh.Length, Plain: len(o.Plain), Padding: o.Padding, Level: lv}, at)
	switch o.Type {
	case tls.ContentHandshake:
		s.in.Handshake(side, lv, o.Plain, at)
	case tls.ContentAlert:
		for b := o.Plain; len(b) >= 2; b = b[2:] {
			s.in.Alert(side, lv, tls.AlertLevel(b[0]), tls.AlertDescription(b[1]), at)
		}
	case tls.ContentApplicationData:
		if len(o.Plain) > 0 {
			s.in.Plaintext(side, o.Plain, at)
		}
	case tls.ContentChangeCipherSpec:
		s.keys.ChangeCipherSpec(side)
		s.in.ChangeCipherSpec(side, at)
	case tls.ContentHeartbeat:
		s.in.Heartbeat(side, len(o.Plain), o.Plain, at)
	}
	return true
}

// sealed hands on the size of a record that stays closed.
func (s *Stream) sealed(side flow.Side, typ tls.ContentType, n int, at flow.Mark) {
	s.keys.Pass(side, s.sides[side].rh)
	s.in.Sealed(side, typ, n, at)
}
