package quic

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// secrets are the keys of the levels that need a key log.
type secrets struct {
	early     *protection
	handshake [2]*protection
	traffic   [2]traffic
	asked     [levels + 1]bool // whether the key log was asked for a level; 0-RTT is the last
}

// traffic is the keys of 1-RTT packets of one direction, which may be updated
// (RFC 9001, Section 6).
type traffic struct {
	secret           []byte // of the current phase
	prev, curr, next *protection
	phase            byte // the key phase bit of curr
}

// keyPhase is the bit of a short header that tells which keys are in use.
const keyPhase = 0x04

// sealed takes a packet that only a key log can open.
func (s *Stream) sealed(side flow.Side, h *header, b []byte, space int, at flow.Mark) {
	p := conn.QUICPacket{Kind: h.kind, Size: max(len(b), h.size)}
	if s.version == 0 {
		s.agreed(h.version, at)
	}
	if side == flow.Server {
		s.answered = true
	}
	if k := s.longKeys(side, h); k != nil && len(b) >= h.size {
		var x bare
		if k.unmask(&x, b, h.number, s.largest[side][space]) {
			if out, ok := k.open(s.scratch, &x); ok {
				s.scratch = out
				s.largest[side][space] = max(s.largest[side][space], x.number+1)
				p.Opened = true
				lv := conn.Handshake
				if h.kind == conn.QUICZeroRTT {
					lv = conn.Early
				}
				s.frames(side, lv, out, &p, at)
			}
		}
	}
	s.in.QUICPacket(side, p, at)
}

// longKeys returns the keys of 0-RTT or Handshake packets, nil if there are
// none.
func (s *Stream) longKeys(side flow.Side, h *header) *protection {
	if s.keys == nil || s.random == nil {
		return nil
	}
	if s.secrets == nil {
		s.secrets = &secrets{}
	}
	if h.kind == conn.QUICZeroRTT {
		return s.earlyKeys(side)
	}
	n := s.in.Negotiated()
	if n.Version == 0 {
		return nil
	}
	if x := s.secrets; !x.asked[spaceHandshake] {
		x.asked[spaceHandshake] = true
		for side, label := range [2]string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"} {
			if secret, ok := s.keys.Secret(label, s.random); ok {
				x.handshake[side] = newProtection(secret, n.Suite, s.labels())
			}
		}
	}
	return s.secrets.handshake[side]
}

// earlyKeys returns the keys of 0-RTT packets. Their suite is that of the
// resumed connection, which only the size of the secret hints at.
func (s *Stream) earlyKeys(side flow.Side) *protection {
	x := s.secrets
	if !x.asked[levels] && side == flow.Client {
		x.asked[levels] = true
		if secret, ok := s.keys.Secret("CLIENT_EARLY_TRAFFIC_SECRET", s.random); ok {
			suite := suiteAES128
			if len(secret) == 48 {
				suite = suiteAES256
			} else if n := s.in.Negotiated(); n.Version != 0 && n.Suite == suiteChaCha20 {
				suite = suiteChaCha20
			}
			x.early = newProtection(secret, suite, s.labels())
		}
	}
	return x.early
}

// labels returns what the labels of the connection's keys begin with.
func (s *Stream) labels() string {
	if s.version == version2 {
		return "quicv2 "
	}
	return "quic "
}

// trafficKeys returns the keys of 1-RTT packets, nil if there are none.
func (s *Stream) trafficKeys(side flow.Side) *traffic {
	n := s.in.Negotiated()
	if s.random == nil || n.Version == 0 {
		return nil
	}
	if s.secrets == nil {
		s.secrets = &secrets{}
	}
	if x := s.secrets; !x.asked[spaceApplication] {
		x.asked[spaceApplication] = true
		for side, label := range [2]string{"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} {
			secret, ok := s.keys.Secret(label, s.random)
			if !ok {
				continue
			}
			t := &x.traffic[side]
			if t.curr = newProtection(secret, n.Suite, s.labels()); t.curr != nil {
				t.secret = secret
				t.prepare(n.Suite, s.labels())
			}
		}
	}
	if t := &s.secrets.traffic[side]; t.curr != nil {
		return t
	}
	return nil
}

// prepare derives the keys of the next phase (RFC 9001, Section 6.1).
func (t *traffic) prepare(suite tls.CipherSuite, labels string) {
	h := hashFor(suite)
	t.secret = expandLabel(h, t.secret, labels+"ku", h().Size())
	t.next = protectionKeys(t.secret, suite, labels)
	t.next.hp, t.next.hpKey = t.curr.hp, t.curr.hpKey
}

// openShort opens a 1-RTT packet if there are keys, and takes its frames.
func (s *Stream) openShort(side flow.Side, b []byte, p *conn.QUICPacket, at flow.Mark) {
	t := s.trafficKeys(side)
	if t == nil {
		return
	}
	number := 1 // behind the receiver's connection id, whose size is not in the packet
	if ids := s.ids[side.Other()]; len(ids) > 0 {
		number += len(ids[0])
	}
	var x bare
	if !t.curr.unmask(&x, b, number, s.largest[side][spaceApplication]) {
		return
	}
	out, ok := s.openPhase(t, &x)
	if !ok {
		return
	}
	s.scratch = out
	s.largest[side][spaceApplication] = max(s.largest[side][spaceApplication], x.number+1)
	p.Opened = true
	s.frames(side, conn.Application, out, p, at)
}

// openPhase opens a 1-RTT packet with the keys of its phase and moves on when
// the next ones open it.
func (s *Stream) openPhase(t *traffic, x *bare) ([]byte, bool) {
	if x.first&keyPhase == t.phase {
		return t.curr.open(s.scratch, x)
	}
	if out, ok := t.next.open(s.scratch, x); ok {
		t.prev, t.curr = t.curr, t.next
		t.phase ^= keyPhase
		t.prepare(s.in.Negotiated().Suite, s.labels())
		return out, true
	}
	if t.prev != nil {
		return t.prev.open(s.scratch, x)
	}
	return nil, false
}
