package starttls

import (
	"encoding/binary"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/openvpn"
)

// openVPN is OpenVPN over TCP: each packet has its length before it. What the
// packets carry is read by package openvpn.
type openVPN struct {
	found
	w *openVPNStream
}

// vpnMostPacket is the size of the largest packet of the control channel that
// is read.
const vpnMostPacket = 16 << 10

// vpnMostWaits bounds the bytes of messages that wait for an earlier one.
const vpnMostWaits = 64 << 10

func newOpenVPN() dialect { return &openVPN{} }

func probeOpenVPN(b []byte) fit {
	if len(b) < 3 {
		if len(b) > 0 && b[0] != 0 {
			return no
		}
		return maybe
	}
	n := int(binary.BigEndian.Uint16(b))
	switch {
	case !openvpn.BeginsReset(b[2:]) || n < openvpn.LeastReset || n > openvpn.MostReset:
		return no
	case len(b) < 2+n:
		return maybe
	}
	if _, ok := openvpn.Reset(b[2 : 2+n]); ok {
		return yes
	}
	return no
}

func (d *openVPN) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	if d.w == nil {
		if side == flow.Server {
			return 0, more
		}
		hmac, _ := openvpn.Reset(b[2 : 2+int(binary.BigEndian.Uint16(b))])
		l.say(openvpn.Describe(hmac))
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
	in      Stream
	inside  bool // the beginning of the flow is not there
	hmac    int
	channel *openvpn.Channel
	sides   [2]vpnHalf
}

type vpnHalf struct {
	pkt  []byte // length and packet, as far as they are there
	left int64  // of a packet that is passed over
	dead bool   // its packets are not to be found any more
	some bool   // a packet was cut out
}

func newOpenVPNStream(in Stream, hmac int) *openVPNStream {
	return &openVPNStream{in: in, hmac: hmac, channel: openvpn.NewChannel(in, hmac, flow.NewBudget(vpnMostWaits))}
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
		if _, ok := openvpn.Opcode(h.pkt[2]); s.inside && !h.some && !ok {
			s.giveUp(side, at) // it does not begin with a packet
			return
		}
		h.some = true
		if openvpn.IsAnew(h.pkt[2]) {
			s.in.Note(side, openvpn.Anew, at)
		}
		switch {
		case size == 0:
			s.giveUp(side, at)
		case len(h.pkt) == 3 && (!openvpn.IsControl(h.pkt[2]) || size > vpnMostPacket):
			h.left = int64(size - 1)
			h.pkt = h.pkt[:0]
		case len(h.pkt) == 2+size:
			s.channel.Packet(side, h.pkt[2:], at)
			h.pkt = h.pkt[:0]
		}
	}
}

// giveUp stops reading a side.
func (s *openVPNStream) giveUp(side flow.Side, at flow.Mark) {
	h := &s.sides[side]
	h.dead, h.pkt = true, nil
	s.in.Gap(side, conn.Gap{Bytes: -1, After: at.Packet, Why: "the packets of OpenVPN cannot be told apart any more"}, at)
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
	case s.inside && !h.some && len(h.pkt) == 0:
		s.in.Gap(side, g, at)
	case g.Bytes >= 0 && g.Bytes <= h.left:
		h.left -= g.Bytes
	default:
		s.giveUp(side, at)
	}
}

// Note implements [Stream].
func (s *openVPNStream) Note(side flow.Side, what string, at flow.Mark) { s.in.Note(side, what, at) }

// Close implements [Stream].
func (s *openVPNStream) Close(how conn.End, by flow.Side, at flow.Mark) {
	s.channel.Flush(at)
	s.in.Close(how, by, at)
}

// An Inside is a framing that is found in a flow of which the beginning is not
// there.
type Inside struct {
	Name, Title, Says string // as in a [Layer]
	Wrap              func(Stream) Stream
}

// FindInside looks for a framing in what a direction says that began before the
// capture, from the front of a segment on: packets of OpenVPN, one of them with
// the header of a TLS record. It returns nil if there is none; perhaps says that
// more bytes may show it, and that they are not bare TLS.
func FindInside(b []byte) (in *Inside, perhaps bool) {
	packets, reliable := 0, 0
	for len(b) >= 3 {
		n := int(binary.BigEndian.Uint16(b))
		op, ok := openvpn.Opcode(b[2])
		switch {
		case !ok || n == 0 || openvpn.IsReliable(op) && (n < vpnLeastReliable || n > vpnMostPacket):
			return nil, false
		case len(b) < 2+n:
			return nil, packets > 0 && reliable > 0
		}
		if hmac, ok := openvpn.Inside(b[2 : 2+n]); ok {
			wrap := func(in Stream) Stream {
				s := newOpenVPNStream(in, hmac)
				s.inside = true
				s.channel.MidStream()
				return s
			}
			return &Inside{"openvpn", "OpenVPN", openvpn.Describe(hmac), wrap}, false
		}
		if packets++; packets > vpnMostInside {
			return nil, false
		}
		if openvpn.IsReliable(op) {
			reliable++
		}
		b = b[2+n:]
	}
	return nil, reliable > 0
}

// vpnMostInside bounds how many packets are looked at, each time more bytes come.
const vpnMostInside = 64

// vpnLeastReliable is the size of the smallest packet of the control channel: an
// opcode, a session and a count of acknowledgements.
const vpnLeastReliable = 1 + 8 + 1
