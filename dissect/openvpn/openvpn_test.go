package openvpn

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
)

// log keeps what a Channel delivers.
type log struct {
	b    [2]string
	gaps int
}

func (l *log) Data(side flow.Side, b []byte, _ flow.Mark)  { l.b[side] += string(b) }
func (l *log) Gap(side flow.Side, _ conn.Gap, _ flow.Mark) { l.b[side] += "?"; l.gaps++ }

// pkt makes a packet with a message.
func pkt(hmac, acks int, id uint32, body string) []byte {
	p := []byte{control << 3}
	p = append(p, "sessionA"...)
	if hmac > 0 {
		p = append(p, strings.Repeat("\xee", hmac)+"\x00\x00\x00\x09time"...)
	}
	p = append(p, byte(acks))
	if acks > 0 {
		p = append(p, strings.Repeat("\x00\x00\x00\x05", acks)+"sessionB"...)
	}
	return append(binary.BigEndian.AppendUint32(p, id), body...)
}

func TestChannelOrder(t *testing.T) {
	for _, tc := range []struct {
		name string
		ids  []uint32
		want string
	}{
		{"in order", []uint32{1, 2, 3}, "<1><2><3>"},
		{"repeated", []uint32{1, 1, 2, 1}, "<1><2>"},
		{"any order", []uint32{3, 2, 4, 1}, "<1><2><3><4>"},
		{"a reset's message", []uint32{0, 1}, "<1>"},
		{"one is missing", []uint32{1, 3, 4}, "<1>?<3><4>"},
		{"two are missing", []uint32{1, 3, 6}, "<1>?<3>?<6>"},
		{"far ahead", []uint32{1, 1 << 30, 2}, "<1><2>"},
		{"the last number", []uint32{1, 1<<32 - 1, 2}, "<1><2>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l log
			room := flow.NewBudget(1000)
			c := NewChannel(&l, 20, room)
			for i, id := range tc.ids {
				c.Packet(flow.Server, pkt(20, i%4, id, fmt.Sprintf("<%d>", id)), flow.Mark{Packet: uint64(i + 1)})
			}
			c.Flush(flow.Mark{})
			if l.b[flow.Server] != tc.want {
				t.Errorf("got %s, want %s", l.b[flow.Server], tc.want)
			}
			if room.Left() != 1000 {
				t.Errorf("%d bytes of the budget were not given back", 1000-room.Left())
			}
		})
	}
}

// TestChannelHolds: a message that never comes costs no more than the bounds.
func TestChannelHolds(t *testing.T) {
	var l log
	c := NewChannel(&l, 0, nil)
	for id := uint32(2); id < 500; id++ {
		c.Packet(flow.Client, pkt(0, 0, id, "x"), flow.Mark{})
		if n := len(c.sides[flow.Client].held); n > mostHeld {
			t.Fatalf("%d messages wait", n)
		}
	}
	if l.gaps != 1 || len(l.b[flow.Client]) < 400 {
		t.Errorf("%d gaps and %d bytes, want one gap and most of the bytes", l.gaps, len(l.b[flow.Client]))
	}
	tight := NewChannel(&l, 0, flow.NewBudget(3))
	tight.Packet(flow.Server, pkt(0, 0, 2, "four"), flow.Mark{})
	if n := len(tight.sides[flow.Server].held); n != 0 {
		t.Errorf("%d messages wait without room for them", n)
	}
}

// TestMidStream: the first message that comes is the first there is.
func TestMidStream(t *testing.T) {
	var l log
	c := NewChannel(&l, 20, nil)
	c.MidStream()
	for _, id := range []uint32{7, 9, 8, 7, 3} {
		c.Packet(flow.Server, pkt(20, 1, id, fmt.Sprintf("<%d>", id)), flow.Mark{})
	}
	if l.b[flow.Server] != "<7><8><9>" {
		t.Errorf("got %s", l.b[flow.Server])
	}
}

// TestGivenUp: a message for which there was no room is not told to be missing in
// the capture.
func TestGivenUp(t *testing.T) {
	for _, tc := range []struct {
		name string
		ids  []uint32
		room int
		want []string
	}{
		{"room", []uint32{1, 3, 4}, 100, []string{"message 2 of OpenVPN's control channel was not captured"}},
		{"no room, but for another", []uint32{1, 4, 3}, 3, []string{"message 2 of OpenVPN's control channel was not captured"}},
		{"no room, and nothing waits", []uint32{1, 2, 4, 3}, 2, []string{"message 4 of OpenVPN's control channel was given up"}},
		{"no room, and the first comes late", []uint32{1, 3, 2}, 2, []string{"message 3 of OpenVPN's control channel was given up"}},
		{"no room, and it comes again", []uint32{1, 3, 2, 3}, 2, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l whys
			c := NewChannel(&l, 0, flow.NewBudget(tc.room))
			for i, id := range tc.ids {
				c.Packet(flow.Client, pkt(0, 0, id, fmt.Sprintf("<%d>", id)), flow.Mark{Packet: uint64(i + 1)})
			}
			c.Flush(flow.Mark{})
			for i := range max(len(l.why), len(tc.want)) {
				if i >= len(l.why) || i >= len(tc.want) || !strings.HasPrefix(l.why[i], tc.want[i]) {
					t.Fatalf("gaps %q, want %q", l.why, tc.want)
				}
			}
		})
	}
}

// whys keeps why bytes are missing.
type whys struct {
	log
	why []string
}

func (l *whys) Gap(_ flow.Side, g conn.Gap, _ flow.Mark) { l.why = append(l.why, g.Why) }

const hello = "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"

func TestProbe(t *testing.T) {
	body := hello + strings.Repeat("r", 100)
	for _, n := range hmacs {
		for acks := range 5 {
			if hmac, v := probe(pkt(n, acks, 1, body)); v != record.Client || hmac != n {
				t.Errorf("an HMAC of %d bytes and %d acknowledgements: got %d bytes, verdict %d", n, acks, hmac, v)
			}
		}
	}
	for name, b := range map[string][]byte{
		"nothing":        {},
		"data":           append([]byte{6 << 3}, make([]byte, 200)...),
		"acknowledgment": pkt(0, 2, 1, ""),
		"no TLS":         pkt(0, 1, 1, strings.Repeat("z", 300)),
		"another key id": append([]byte{control<<3 | 1}, pkt(0, 0, 1, body)[1:]...),
		"a DTLS record":  []byte("\x16\xfe\xfd\x00\x00" + strings.Repeat("\x00", 60)),
	} {
		if v := Probe(b); v != record.Not {
			t.Errorf("%s: verdict %d", name, v)
		}
	}
}

func TestReset(t *testing.T) {
	for _, n := range hmacs {
		p := pkt(n, 0, 0, "")
		p[0] = resetClient2 << 3
		if hmac, ok := Reset(p); !ok || hmac != n {
			t.Errorf("an HMAC of %d bytes: got %d, %v", n, hmac, ok)
		}
		p[len(p)-1] = 1
		if _, ok := Reset(p); ok {
			t.Errorf("an HMAC of %d bytes: message 1 is taken for a reset", n)
		}
		if _, ok := Reset(append(pkt(n, 0, 0, ""), 0)); ok {
			t.Errorf("an HMAC of %d bytes: a longer packet is taken for a reset", n)
		}
	}
}

// TestAnew: what is passed over is said.
func TestAnew(t *testing.T) {
	c := &conn.Conn{Carrier: "tls", Transport: "udp"}
	in := conn.NewBuilder(c, conn.Options{HandshakeSize: 1 << 16})
	first := pkt(0, 0, 1, hello+strings.Repeat("r", 60))
	s, _ := NewStream(in, nil, nil, first)
	s.Datagram(flow.Client, first, 0, flow.Mark{Packet: 1})
	for i := range 3 {
		again := pkt(0, 0, 1, "x")
		again[0] |= 1
		s.Datagram(flow.Client, again, 0, flow.Mark{Packet: uint64(i + 2)})
	}
	const want = "packet 2, from the client: OpenVPN negotiates its keys anew: that handshake is not read"
	if all := strings.Join(c.Notes, "\n"); strings.Count(all, "anew") != 1 || !strings.Contains(all, want) {
		t.Errorf("notes %q, want %q once", c.Notes, want)
	}
}

// FuzzStream gives datagrams to a connection. Nothing panics, and what was
// taken from the budget comes back.
func FuzzStream(f *testing.F) {
	f.Add(append(pkt(20, 1, 1, hello+strings.Repeat("r", 60)), pkt(20, 0, 3, "late")...), uint16(99), uint64(1))
	f.Add(pkt(0, 200, 1, hello), uint16(20), uint64(2))
	f.Fuzz(func(t *testing.T, b []byte, size uint16, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		room := flow.NewBudget(1 << 16)
		in := conn.NewBuilder(&conn.Conn{Carrier: "tls", Transport: "udp"}, conn.Options{HandshakeSize: 1 << 16})
		s, _ := NewStream(in, nil, room, b)
		n := int(size) + 1
		for i := 0; i < len(b); i += n {
			s.Datagram(flow.Side(r.IntN(2)), b[i:min(len(b), i+n)], r.IntN(8)/7, flow.Mark{Packet: uint64(i + 1)})
		}
		s.Close(conn.EndOfCapture, flow.Client, flow.Mark{})
		in.Finish()
		if room.Left() != 1<<16 {
			t.Fatalf("%d bytes of the budget were not given back", 1<<16-room.Left())
		}
	})
}
