package packet

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// TestAllocations holds that a frame without fragments costs none, read or not.
func TestAllocations(t *testing.T) {
	d := NewDecoder(Limits{})
	var p Packet
	frames := make([]struct {
		name string
		link uint32
		b    []byte
	}, 0, len(paths)+4)
	add := func(name string, link uint32, b []byte) {
		frames = append(frames, struct {
			name string
			link uint32
			b    []byte
		}{name, link, b})
	}
	for _, c := range paths {
		add(c.name, c.link, c.frame)
	}
	add("UDP", 101, ip4(17, dgram(1, 2, []byte(hello))))
	add("cut short", 101, tcp4()[:10])
	add("unknown link type", 147, tcp4())
	add("300 labels", 1, eth(0x8847, repeat(hx("00011040"), 300)))
	for _, c := range frames {
		n := testing.AllocsPerRun(100, func() {
			d.Decode(c.link, c.b, len(c.b), epoch, &p)
			p.TransportChecksumOK()
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	// Fragments cost their datagram's entry, not their buffers.
	f := cut4(6, 1, 512, append(seg(""), long(1400)...))
	n := testing.AllocsPerRun(100, func() {
		for _, b := range f {
			d.Decode(101, b, len(b), epoch, &p)
		}
	})
	if n > 4 {
		t.Errorf("%v allocations for a datagram in %d fragments", n, len(f))
	}
}

func benchFrames(b *testing.B) map[string][]byte {
	data := long(1400)
	return map[string][]byte{
		"TCP4":  eth(0x0800, ip4(6, segOpts(hx("0101080a 0000000100000002"), string(data)))),
		"TCP6":  eth(0x86DD, ip6(6, seg(string(data)))),
		"UDP4":  eth(0x0800, ip4(17, dgram(50000, 443, data))),
		"VLAN":  eth(0x8100, hx("000c 0800"), ip4(6, seg(string(data)))),
		"VXLAN": eth(0x0800, ip4(17, dgram(1, 4789, hx("08000000 00000100"), eth(0x0800, ip4(6, seg(string(data))))))),
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, f := range benchFrames(b) {
		b.Run(name, func(b *testing.B) {
			d := NewDecoder(Limits{})
			var p Packet
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(1, f, len(f), epoch, &p)
			}
		})
	}
}

func BenchmarkChecksum(b *testing.B) {
	f := benchFrames(b)["TCP4"]
	d := NewDecoder(Limits{})
	var p Packet
	d.Decode(1, f, len(f), epoch, &p)
	b.SetBytes(int64(len(f)))
	for b.Loop() {
		p.TransportChecksumOK()
	}
}

func BenchmarkFragments(b *testing.B) {
	f := cut4(6, 1, 1480, append(seg(""), long(4000)...))
	d := NewDecoder(Limits{})
	var p Packet
	b.ReportAllocs()
	for b.Loop() {
		for _, x := range f {
			d.Decode(101, x, len(x), epoch, &p)
		}
	}
}

func BenchmarkDecodingLayerParser(b *testing.B) {
	for name, f := range benchFrames(b) {
		b.Run(name, func(b *testing.B) {
			o := newOracle()
			b.ReportAllocs()
			for b.Loop() {
				o.parser.DecodeLayers(f, &o.found)
			}
		})
	}
}

func BenchmarkNewPacket(b *testing.B) {
	f := benchFrames(b)["TCP4"]
	b.ReportAllocs()
	for b.Loop() {
		gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: false, NoCopy: true})
	}
}
