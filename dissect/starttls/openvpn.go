package starttls

import (
	"encoding/binary"
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// openVPN is OpenVPN over TCP: each packet has its length before it, and TLS
// runs inside the reliable messages of the control channel (OpenVPN,
// "Network protocol": doxygen, network_protocol.h). A control channel sealed by
// tls-crypt shows no TLS and is not recognised.
type openVPN struct {
	found
	w *openVPNStream
}

// Opcodes, the upper five bits of a packet's first byte; the lower three are
// the key id.
const (
	vpnResetClient1 = 1
	vpnControl      = 4
	vpnResetClient2 = 7
)

const (
	vpnPlainReset = 1 + 8 + 1 + 4 // opcode, session id, no acknowledgements, message id
	vpnReplay     = 4 + 4         // packet id and time, with an HMAC
	vpnMostHeld   = 32            // messages that wait for an earlier one
	vpnMostPacket = 16 << 10
)

func newOpenVPN() dialect { return &openVPN{} }

// vpnHMAC returns the size of the HMAC in the client's first packet.
func vpnHMAC(p []byte) (size int, ok bool) {
	extra := len(p) - vpnPlainReset
	switch extra {
	case 0:
	case vpnReplay + 16, vpnReplay + 20, vpnReplay + 32, vpnReplay + 48, vpnReplay + 64:
		size = extra - vpnReplay
	default:
		return 0, false
	}
	// No acknowledgement yet, and message 0.
	return size, string(p[len(p)-5:]) == "\x00\x00\x00\x00\x00"
}

func probeOpenVPN(b []byte) fit {
	if len(b) < 3 {
		if len(b) > 0 && b[0] != 0 {
			return no
		}
		return maybe
	}
	n := int(binary.BigEndian.Uint16(b))
	switch op := b[2]; {
	case op != vpnResetClient2<<3 && op != vpnResetClient1<<3 || n < vpnPlainReset || n > vpnPlainReset+vpnReplay+64:
		return no
	case len(b) < 2+n:
		return maybe
	}
	if _, ok := vpnHMAC(b[2 : 2+n]); ok {
		return yes
	}
	return no
}

func (d *openVPN) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if d.w == nil {
		if side == flow.Server {
			return 0, more
		}
		hmac, _ := vpnHMAC(b[2 : 2+int(binary.BigEndian.Uint16(b))])
		if hmac > 0 {
			l.say(fmt.Sprintf("control channel with an HMAC of %d bytes (tls-auth)", hmac))
		} else {
			l.say("control channel without HMAC")
		}
		d.w = newOpenVPNStream(&d.found, hmac)
	}
	d.w.Data(side, b, at)
	if d.tls() == no || d.w.sides[side].dead {
		return len(b), lost
	}
	return len(b), more
}

func (d *openVPN) start(t *Talk) (Start, bool) {
	if d.w == nil || d.tls() != yes {
		return Start{}, false
	}
	hmac := d.w.hmac
	return Start{Client: t.client, Offsets: d.where, Wrap: func(in Stream) Stream { return newOpenVPNStream(in, hmac) }}, true
}

// An openVPNStream unwraps the control channel of one flow.
type openVPNStream struct {
	in    Stream
	hmac  int
	sides [2]vpnHalf
}

type vpnHalf struct {
	pkt  []byte // length and packet, as far as they are there
	left int64  // of a packet that is passed over
	next uint32 // number of the message that comes next
	held map[uint32][]byte
	dead bool // its packets are not to be found any more
}

func newOpenVPNStream(in Stream, hmac int) *openVPNStream {
	s := &openVPNStream{in: in, hmac: hmac}
	for i := range s.sides {
		s.sides[i].next = 1 // message 0 is the reset
	}
	return s
}

// Data implements [Stream].
func (s *openVPNStream) Data(side flow.Side, b []byte, at flow.Mark) {
	h := &s.sides[side]
	for len(b) > 0 && !h.dead {
		if h.left > 0 {
			n := min(h.left, int64(len(b)))
			h.left -= n
			b = b[n:]
			continue
		}
		need := 3
		if len(h.pkt) >= need {
			need = 2 + int(binary.BigEndian.Uint16(h.pkt))
		}
		n := min(need-len(h.pkt), len(b))
		h.pkt = append(h.pkt, b[:n]...)
		b = b[n:]
		if len(h.pkt) < 3 {
			continue
		}
		size := int(binary.BigEndian.Uint16(h.pkt))
		switch {
		case size == 0:
			s.giveUp(side, at)
		case len(h.pkt) == 3 && (h.pkt[2] != vpnControl<<3 || size > vpnMostPacket):
			h.left = int64(size - 1)
			h.pkt = h.pkt[:0]
		case len(h.pkt) == 2+size:
			s.control(side, h.pkt[2:], at)
			h.pkt = h.pkt[:0]
		}
	}
}

// giveUp stops reading a side.
func (s *openVPNStream) giveUp(side flow.Side, at flow.Mark) {
	h := &s.sides[side]
	h.dead, h.pkt, h.held = true, nil, nil
	s.in.Gap(side, conn.Gap{Bytes: -1, After: at.Packet, Why: "the packets of OpenVPN cannot be told apart any more"}, at)
}

// control takes a packet with a message: it may repeat an earlier one, or come
// before one that was lost on the way to the sender's TCP.
func (s *openVPNStream) control(side flow.Side, p []byte, at flow.Mark) {
	at0 := 1 + 8
	if s.hmac > 0 {
		at0 += s.hmac + vpnReplay
	}
	if len(p) <= at0 {
		return
	}
	acks := int(p[at0])
	at0++
	if acks > 0 {
		at0 += 4*acks + 8
	}
	if len(p) < at0+4 {
		return
	}
	h := &s.sides[side]
	id, body := binary.BigEndian.Uint32(p[at0:]), p[at0+4:]
	switch {
	case id < h.next:
		return
	case id > h.next:
		if len(h.held) < vpnMostHeld && id-h.next < 1<<16 {
			if h.held == nil {
				h.held = map[uint32][]byte{}
			}
			h.held[id] = append([]byte(nil), body...)
		}
		return
	}
	for ok := true; ok; body, ok = h.held[h.next] {
		delete(h.held, h.next)
		h.next++
		s.in.Data(side, body, at)
	}
}

// Skippable implements [Stream].
func (s *openVPNStream) Skippable(side flow.Side) int64 {
	if h := &s.sides[side]; !h.dead {
		return h.left
	}
	return 1 << 60
}

// Skipped implements [Stream].
func (s *openVPNStream) Skipped(side flow.Side, n int64, at flow.Mark) {
	h := &s.sides[side]
	h.left -= min(n, h.left)
}

// Gap implements [Stream]. A hole inside a packet that is passed over is none.
func (s *openVPNStream) Gap(side flow.Side, g conn.Gap, at flow.Mark) {
	h := &s.sides[side]
	switch {
	case h.dead:
	case g.Bytes >= 0 && g.Bytes <= h.left:
		h.left -= g.Bytes
	default:
		s.giveUp(side, at)
	}
}

// Close implements [Stream].
func (s *openVPNStream) Close(how conn.End, by flow.Side, at flow.Mark) { s.in.Close(how, by, at) }
