package quic

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/wire"
)

// samples are datagrams of all kinds.
func samples(t testing.TB) [][]byte {
	ch := hello(tls.TypeClientHello, 300)
	return [][]byte{
		initialOf(version1, firstDCID, flow.Client, 0, pad(cat(cryptoFrame(100, ch[100:]), cryptoFrame(0, ch[:100])), 1100)),
		initialOf(version2, firstDCID, flow.Client, 0, pad(cryptoFrame(0, ch), 400)),
		cat(initialOf(version1, firstDCID, flow.Server, 0, cat([]byte{2, 0, 0, 0, 0}, cryptoFrame(0, hello(tls.TypeServerHello, 90)))), sealedPacket(conn.QUICHandshake, version1, clientID, serverID, 300)),
		unhex(t, vectors[0].retry),
		cat([]byte{0x80, 0, 0, 0, 0, 5}, clientID, []byte{8}, serverID, []byte{0, 0, 0, 1}),
		sealedPacket(conn.QUICOneRTT, 0, serverID, nil, 30),
		cat([]byte{0x09}, firstDCID, []byte("Q043"), []byte{1}, make([]byte, hashLen), []byte{0xa0, 1, 0, 8}, []byte("CHLO\x00\x00\x00\x00")),
		cat([]byte{0xc3}, []byte("Q046"), []byte{0x50}, firstDCID, []byte{0, 0, 0, 1}, make([]byte, hashLen), []byte{0xa0, 1, 0, 8}, []byte("CHLO\x00\x00\x00\x00")),
		initialOf(googleQ50, firstDCID, flow.Client, 1, pad(cat([]byte{8, 0, 8}, []byte("CHLO\x00\x00\x00\x00")), 300)),
	}
}

// TestPrefixes reads every beginning of every kind of datagram, after a good
// beginning of the connection and without one, whole and as if it was cut.
func TestPrefixes(t *testing.T) {
	all := samples(t)
	for _, b := range all {
		for n := range len(b) {
			Probe(b[:n])
			for _, missing := range []int{0, len(b) - n} {
				s := NewStream(&recorder{}, secretMap{}, nil, nil)
				s.Datagram(flow.Server, b[:n], missing, mark(1))
				s.Datagram(flow.Client, b[:n], missing, mark(2))
				s.Succeeds(b[:n])
				s.Close(conn.TimedOut, flow.Client, mark(3))
			}
		}
	}
}

// FuzzStream feeds a connection with datagrams: each is a byte for the side, two
// for its length, and its bytes; those whose first bit of the length is set are
// sealed as Initial packets first, so that frames are reached.
func FuzzStream(f *testing.F) {
	var all []byte
	for i, b := range samples(f) {
		one := append([]byte{byte(i & 1), byte(len(b) >> 8), byte(len(b))}, b...)
		f.Add(one)
		all = append(all, one...)
	}
	f.Add(all)
	f.Add(cat([]byte{0, 0x80, 40}, cryptoFrame(30, make([]byte, 20)), cryptoFrame(0, make([]byte, 10))))
	f.Add(cat([]byte{0, 0x80, 12}, cryptoFrame(1<<28, make([]byte, 5))))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &recorder{}
		issued := 0
		budget := flow.NewBudget(1 << 14)
		s := NewStream(r, secretMap{}, budget, func(flow.Side, []byte) { issued++ })
		for n := 1; len(data) >= 3; n++ {
			side, size := flow.Side(data[0]&1), int(binary.BigEndian.Uint16(data[1:]))
			sealIt := size&0x8000 != 0
			size = min(size&0x7fff, len(data)-3)
			b := data[3 : 3+size : 3+size]
			data = data[3+size:]
			if sealIt {
				b = initialOf(version1, firstDCID, side, uint64(n&0xff), pad(bytes.Clone(b), 30))
			}
			before := bytes.Clone(b)
			s.Datagram(side, b, n&1, mark(n))
			if !bytes.Equal(before, b) {
				t.Fatal("a datagram was written to")
			}
		}
		check(t, s, r, issued)
		s.Close(conn.EndOfCapture, flow.Client, mark(1000))
		if last := r.events[len(r.events)-1]; last != "end 0" {
			t.Fatalf("the last event is %q", last)
		}
		if budget.Left() != 1<<14 {
			t.Fatalf("%d of %d bytes are given back", budget.Left(), 1<<14)
		}
	})
}

// check holds what is true of any connection.
func check(t *testing.T, s *Stream, r *recorder, issued int) {
	t.Helper()
	if s.derived > mostDerived || len(s.initial) > mostInitial || len(s.early) > mostEarly || issued > 2*mostIDs || len(s.hello) > mostHello {
		t.Fatalf("a bound is broken: %d derived, %d keys, %d early, %d ids", s.derived, len(s.initial), len(s.early), issued)
	}
	for side := range s.crypto {
		for lv := range s.crypto[side] {
			c := &s.crypto[side][lv]
			held, at := 0, uint64(0)
			for _, p := range c.pieces {
				if p.offset < at || p.offset <= c.next {
					t.Fatalf("piece at %d after %d, next %d", p.offset, at, c.next)
				}
				at = p.offset
				held += len(p.data)
			}
			if held != c.held || held > mostHeld || len(c.pieces) > mostPieces {
				t.Fatalf("%d bytes held, counted as %d, in %d pieces", held, c.held, len(c.pieces))
			}
		}
	}
}

// FuzzFrames holds that frames end, and lie inside the payload.
func FuzzFrames(f *testing.F) {
	for t := range byte(0x40) {
		f.Add(cat([]byte{0, t, 1, 2, 3, 4, 5, 6, 7, 8}, make([]byte, 24)))
	}
	f.Add(cat([]byte{3, 0x40, 9, 0, 1, 2, 1, 1, 0, 0, 0}, []byte{0x1d, 0x41, 0, 3, 'a', 'b', 'c'}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		var fr frame
		left := len(b) + 1
		for fr.next(&r) {
			if r.Len() >= left || len(fr.data) > len(b) {
				t.Fatalf("frame %#x takes nothing", fr.typ)
			}
			left = r.Len()
		}
		plausible(b)
	})
}

// FuzzProbe holds that what is recognised can be read.
func FuzzProbe(f *testing.F) {
	for _, b := range samples(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := Probe(b)
		if v == record.Not {
			return
		}
		r := &recorder{}
		s := NewStream(r, nil, nil, nil)
		side := flow.Client
		if v == record.Server {
			side = flow.Server
		}
		s.Datagram(side, b, 0, mark(1))
		s.Close(conn.EndOfCapture, flow.Client, mark(2))
		if len(r.events) < 2 {
			t.Fatalf("%d, but nothing comes of it: %q", v, r.events)
		}
	})
}

func TestAllocations(t *testing.T) {
	dns := cat([]byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, make([]byte, 30))
	rtp := cat([]byte{0x80, 0x60, 0, 1, 0, 0, 0, 9}, make([]byte, 160))
	short := sealedPacket(conn.QUICOneRTT, 0, serverID, nil, 1000)
	in := &silent{}
	s := NewStream(in, nil, nil, nil)
	s.Datagram(flow.Client, initialOf(version1, firstDCID, flow.Client, 0, pad(cryptoFrame(0, hello(tls.TypeClientHello, 300)), 1160)), 0, mark(1))
	s.Datagram(flow.Server, initialOf(version1, firstDCID, flow.Server, 0, cryptoFrame(0, hello(tls.TypeServerHello, 90))), 0, mark(2))
	for _, x := range []struct {
		name string
		f    func()
	}{
		{"DNS", func() { Probe(dns) }},
		{"RTP", func() { Probe(rtp) }},
		{"1-RTT of the client", func() { s.Datagram(flow.Client, short, 0, mark(3)) }},
		{"1-RTT of the server", func() { s.Datagram(flow.Server, short, 0, mark(4)) }},
		{"successor", func() { s.Succeeds(short) }},
	} {
		if n := testing.AllocsPerRun(100, x.f); n != 0 {
			t.Errorf("%s: %v allocations", x.name, n)
		}
	}
}

// silent is a recorder that writes nothing down.
type silent struct{ recorder }

func (*silent) QUICPacket(flow.Side, conn.QUICPacket, flow.Mark) {}

func BenchmarkShort(b *testing.B) {
	short := sealedPacket(conn.QUICOneRTT, 0, serverID, nil, 1200)
	s := NewStream(&silent{}, nil, nil, nil)
	for b.Loop() {
		s.Datagram(flow.Client, short, 0, mark(3))
	}
}

func BenchmarkInitial(b *testing.B) {
	in := initialOf(version1, firstDCID, flow.Client, 0, pad(cryptoFrame(0, hello(tls.TypeClientHello, 300)), 1160))
	for b.Loop() {
		NewStream(&silent{}, nil, nil, nil).Datagram(flow.Client, in, 0, mark(1))
	}
}

func BenchmarkProbeNot(b *testing.B) {
	rtp := cat([]byte{0x80, 0x60, 0, 1, 0, 0, 0, 9}, make([]byte, 160))
	for b.Loop() {
		Probe(rtp)
	}
}
