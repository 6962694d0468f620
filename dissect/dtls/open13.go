package dtls

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
)

// open13 opens the record of DTLS 1.3 that is b and hands on what is in it. It
// returns false if no key opened it. Only then is its epoch certain.
func (s *Stream) open13(side flow.Side, u unified, epoch int, b []byte, at flow.Mark) bool {
	h := &s.sides[side]
	o, seq, err := s.keys.OpenDTLS13(side, keys.Record13{Epoch: uint64(epoch), Header: b[:u.size], SeqAt: u.seqAt, SeqLen: u.seqLen, Body: b[u.size:]})
	if err != nil {
		return false
	}
	h.sure = max(h.sure, epoch)
	h.epoch = max(h.epoch, epoch)
	number := header{epoch: uint16(epoch), seq: seq}
	if epoch >= epochApplication { // lower ones say nothing that the handshake does not
		h.numbers.add(number)
	}
	if h.accepted.add(number) {
		return true // a copy, which the receiver drops (RFC 9147, Section 4.5.1)
	}
	lv := levelOf(epoch)
	s.in.Opened(side, conn.Opened{Wire: tls.ContentApplicationData, Type: o.Type, Bytes: u.length, Plain: len(o.Plain), Padding: o.Padding, Level: lv}, at)
	switch o.Type {
	case tls.ContentHandshake:
		s.fragments(side, lv, o.Plain, false, at)
	case tls.ContentAlert:
		for p := o.Plain; len(p) >= 2; p = p[2:] {
			s.in.Alert(side, lv, tls.AlertLevel(p[0]), tls.AlertDescription(p[1]), at)
		}
	case tls.ContentApplicationData:
		s.settleHandshake(side, at)
		if len(o.Plain) > 0 {
			s.in.Plaintext(side, o.Plain, at)
		}
	case tls.ContentHeartbeat:
		s.in.Heartbeat(side, len(o.Plain), o.Plain, at)
	case tls.ContentACK:
		s.acknowledged(side, lv, o.Plain, at)
	}
	return true
}

// settleHandshake is [Stream.settle] for application data, which shows that its
// sender had all of the handshake, but not what was sent behind it, tickets for
// example.
func (s *Stream) settleHandshake(side flow.Side, at flow.Mark) {
	if p := s.sides[side.Other()].asm.pending; len(p) > 0 && p[0].lv != conn.Application {
		s.settle(side, at)
	}
}

// acknowledged hands on an ACK (RFC 9147, Section 7).
func (s *Stream) acknowledged(side flow.Side, lv conn.Level, b []byte, at flow.Mark) {
	var m tls.ACK
	if err := m.Decode(b); err != nil {
		s.in.Note(side, "malformed ACK: "+err.Error(), at)
	}
	s.in.Acknowledged(side, lv, m, at)
}
