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
	asked     [2][levels + 1]int // how often the key log was asked for a level; 0-RTT is the last
}

// maxAsked is how many packets of a side and level are shown to the key log, in
// vain, before the rest stay sealed: one may be damaged, or none of the
// connection.
const maxAsked = 8

// ask reports whether the key log is to be asked once more.
func (x *secrets) ask(side flow.Side, level int) bool {
	x.asked[side][level]++
	return x.asked[side][level] <= maxAsked
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
	if len(b) >= h.size {
		if out, number, ok := s.openLong(side, h, b, s.largest[side][space]); ok {
			s.scratch = out
			s.largest[side][space] = max(s.largest[side][space], number+1)
			p.Opened = true
			lv := conn.Handshake
			if h.kind == conn.QUICZeroRTT {
				lv = conn.Early
			}
			s.frames(side, lv, out, &p, at)
		}
	}
	s.in.QUICPacket(side, p, at)
}

// openLong opens a 0-RTT or Handshake packet if there are keys.
func (s *Stream) openLong(side flow.Side, h *header, b []byte, expect uint64) (out []byte, number uint64, ok bool) {
	if s.keys == nil || s.random == nil {
		return nil, 0, false
	}
	if s.secrets == nil {
		s.secrets = &secrets{}
	}
	k := &s.secrets.handshake[side]
	level, label := spaceHandshake, [2]string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"}[side]
	if h.kind == conn.QUICZeroRTT {
		k, level, label = &s.secrets.early, levels, "CLIENT_EARLY_TRAFFIC_SECRET"
		if side == flow.Server {
			return nil, 0, false
		}
	}
	with := func(p *protection) bool {
		var x bare
		if p == nil || !p.unmask(&x, b, h.number, expect) {
			return false
		}
		out, ok = p.open(s.scratch, &x)
		number = x.number
		return ok
	}
	if *k != nil {
		with(*k)
		return out, number, ok
	}
	suites := s.suites(h.kind)
	if len(suites) == 0 || !s.secrets.ask(side, level) {
		return nil, 0, false
	}
	s.keys.Secret(label, s.random, func(secret []byte) bool {
		for _, suite := range suites {
			if p := newProtection(secret, suite, s.labels()); with(p) {
				*k = p
				return true
			}
		}
		return false
	})
	return out, number, ok
}

// suites returns which suites packets of a kind may be sealed with: that of
// 0-RTT packets is that of the resumed connection.
func (s *Stream) suites(kind conn.QUICKind) []tls.CipherSuite {
	if kind == conn.QUICZeroRTT {
		return []tls.CipherSuite{suiteAES128, suiteAES256, suiteChaCha20}
	}
	if n := s.in.Negotiated(); n.Version != 0 {
		return []tls.CipherSuite{n.Suite}
	}
	return nil
}

// labels returns what the labels of the connection's keys begin with.
func (s *Stream) labels() string {
	if s.version == version2 {
		return "quicv2 "
	}
	return "quic "
}

// trafficKeys returns the keys of 1-RTT packets, nil if there are none. The
// packet finds them, where the key log has several that could be meant.
func (s *Stream) trafficKeys(side flow.Side, b []byte, number int) *traffic {
	n := s.in.Negotiated()
	if s.random == nil || n.Version == 0 {
		return nil
	}
	if s.secrets == nil {
		s.secrets = &secrets{}
	}
	t := &s.secrets.traffic[side]
	if t.curr != nil {
		return t
	}
	if !s.secrets.ask(side, spaceApplication) {
		return nil
	}
	label := [2]string{"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}[side]
	s.keys.Secret(label, s.random, func(secret []byte) bool {
		c := traffic{secret: secret, curr: newProtection(secret, n.Suite, s.labels())}
		if c.curr == nil {
			return false
		}
		c.prepare(n.Suite, s.labels())
		first := c
		var x bare
		if !c.curr.unmask(&x, b, number, s.largest[side][spaceApplication]) {
			return false
		}
		if _, ok := s.openPhase(&c, &x); !ok {
			return false
		}
		*t = first
		return true
	})
	if t.curr == nil {
		return nil
	}
	return t
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
	number := 1 // behind the receiver's connection id, whose size is not in the packet
	if ids := s.ids[side.Other()]; len(ids) > 0 {
		number += len(ids[0])
	}
	t := s.trafficKeys(side, b, number)
	if t == nil {
		return
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
