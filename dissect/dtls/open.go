package dtls

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// mostWaiting is how long a Finished that waits for its keys may be, in bytes.
const mostWaiting = 1 << 10

// inTLS returns what tags and MACs cover of h besides its number.
func (h header) inTLS() tls.RecordHeader {
	return tls.RecordHeader{Type: h.typ, Version: h.version, Length: h.length}
}

// open opens a record and hands on what is in it. It returns false if there is
// nothing to open or no key to try; a record that no key opens is passed on
// closed.
func (s *Stream) open(side flow.Side, rh header, body []byte, at flow.Mark) bool {
	if rh.epoch == 0 || len(body) != rh.length || !opens(rh.typ) || !s.keys.ReadyDTLS(side, rh.epoch) {
		return false
	}
	h := &s.sides[side]
	o, err := s.keys.OpenDTLS(side, rh.inTLS(), rh.epoch, rh.seq, rh.cid, body)
	h.sealed = true
	if err != nil {
		if rh.typ == tls.ContentTLS12CID {
			s.in.SealedIn(side, conn.Application, rh.length, at)
		} else {
			s.in.Sealed(side, rh.typ, rh.length, at)
		}
		return true
	}
	if h.accepted.add(rh) {
		return true // a copy, which the receiver drops (RFC 6347, Section 4.1.2.6)
	}
	s.in.Opened(side, conn.Opened{Wire: rh.typ, Type: o.Type, Bytes: rh.length, Plain: len(o.Plain), Padding: o.Padding, Level: conn.Application}, at)
	switch o.Type {
	case tls.ContentHandshake:
		s.fragments(side, conn.Application, o.Plain, false, at)
	case tls.ContentAlert:
		for b := o.Plain; len(b) >= 2; b = b[2:] {
			s.in.Alert(side, conn.Application, tls.AlertLevel(b[0]), tls.AlertDescription(b[1]), at)
		}
	case tls.ContentApplicationData:
		if len(o.Plain) > 0 {
			s.in.Plaintext(side, o.Plain, at)
		}
	case tls.ContentHeartbeat:
		s.in.Heartbeat(side, len(o.Plain), o.Plain, at)
	}
	return true
}

// opens reports whether records of a type are sealed where there are keys.
func opens(t tls.ContentType) bool {
	switch t {
	case tls.ContentHandshake, tls.ContentAlert, tls.ContentApplicationData, tls.ContentHeartbeat, tls.ContentTLS12CID:
		return true
	}
	return false
}

// closed hands on the size of a record that stays closed.
func (s *Stream) closed(side flow.Side, rh header, at flow.Mark) {
	s.keys.PassDTLS(side, rh.inTLS(), rh.epoch)
	typ := rh.typ
	if typ == tls.ContentTLS12CID {
		typ = tls.ContentHandshake // only Finished comes here
	}
	s.in.Sealed(side, typ, rh.length, at)
}
