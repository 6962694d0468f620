package packet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// serialize lets gopacket write a frame, checksums included.
func serialize(t testing.TB, fix bool, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: fix, ComputeChecksums: true}, l...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b.Bytes())
}

// An oracle is gopacket's parser with the layers that are known not to panic.
type oracle struct {
	eth    layers.Ethernet
	dot1q  layers.Dot1Q
	ip4    layers.IPv4
	ip6    layers.IPv6
	skip   layers.IPv6ExtensionSkipper
	tcp    layers.TCP
	udp    layers.UDP
	vxlan  layers.VXLAN
	parser *gopacket.DecodingLayerParser
	found  []gopacket.LayerType
}

func newOracle() *oracle {
	o := &oracle{}
	o.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet,
		&o.eth, &o.dot1q, &o.ip4, &o.ip6, &o.skip, &o.tcp, &o.udp, &o.vxlan)
	o.parser.IgnoreUnsupported = true // payloads
	return o
}

// describe writes what the oracle makes of a frame; "" if it is not cleanly TCP
// or UDP.
func (o *oracle) describe(b []byte) string {
	if err := o.parser.DecodeLayers(b, &o.found); err != nil || o.parser.Truncated || len(o.found) == 0 {
		return ""
	}
	net := ""
	for _, l := range o.found {
		switch l {
		case layers.LayerTypeIPv4:
			if o.ip4.Flags&layers.IPv4MoreFragments != 0 || o.ip4.FragOffset != 0 || o.ip4.Version != 4 || o.ip4.Length == 0 {
				return ""
			}
			net = fmt.Sprint(o.ip4.SrcIP, o.ip4.DstIP, o.ip4.TTL)
		case layers.LayerTypeIPv6:
			if o.ip6.Version != 6 || o.ip6.Length == 0 {
				return ""
			}
			net = fmt.Sprint(o.ip6.SrcIP, o.ip6.DstIP, o.ip6.HopLimit)
		}
	}
	switch o.found[len(o.found)-1] {
	case layers.LayerTypeTCP:
		c := &o.tcp
		return fmt.Sprint("tcp ", net, uint16(c.SrcPort), uint16(c.DstPort), c.Seq, c.Ack, c.Window, c.Urgent,
			c.SYN, c.ACK, c.FIN, c.RST, c.PSH, c.URG, c.ECE, c.CWR, c.Payload)
	case layers.LayerTypeUDP:
		return fmt.Sprint("udp ", net, uint16(o.udp.SrcPort), uint16(o.udp.DstPort), o.udp.Payload)
	}
	return ""
}

// describe writes what we make of it, in the same words.
func describe(k Kind, p *Packet) string {
	net := fmt.Sprint(net.IP(p.Src.Addr().AsSlice()), net.IP(p.Dst.Addr().AsSlice()), p.TTL)
	has := func(f Flags) bool { return p.Flags&f != 0 }
	switch k {
	case TCP:
		return fmt.Sprint("tcp ", net, p.Src.Port(), p.Dst.Port(), p.Seq, p.Ack, p.Window, p.Urgent,
			has(FlagSYN), has(FlagACK), has(FlagFIN), has(FlagRST), has(FlagPSH), has(FlagURG), has(FlagECE), has(FlagCWR), p.Payload)
	case UDP:
		return fmt.Sprint("udp ", net, p.Src.Port(), p.Dst.Port(), p.Payload)
	}
	return k.String()
}

// templates are frames written by gopacket.
func templates(t testing.TB) (out [][]byte) {
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	ether := func(t layers.EthernetType) *layers.Ethernet {
		return &layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: t}
	}
	ip4 := func(p layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 61, Protocol: p, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{192, 0, 2, 2}}
	}
	ip6 := func(p layers.IPProtocol) *layers.IPv6 {
		return &layers.IPv6{Version: 6, HopLimit: 62, NextHeader: p, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
	}
	tcp := func(n gopacket.NetworkLayer, opts ...layers.TCPOption) *layers.TCP {
		c := &layers.TCP{SrcPort: 50000, DstPort: 443, Seq: 1 << 31, Ack: 77, ACK: true, PSH: true, Window: 512, Options: opts}
		c.SetNetworkLayerForChecksum(n)
		return c
	}
	udp := func(n gopacket.NetworkLayer, port layers.UDPPort) *layers.UDP {
		c := &layers.UDP{SrcPort: 50000, DstPort: port}
		c.SetNetworkLayerForChecksum(n)
		return c
	}
	body := gopacket.Payload("The quick brown fox jumps over the lazy dog")
	vlan := &layers.Dot1Q{VLANIdentifier: 5, Type: layers.EthernetTypeIPv4}
	n4, n6 := ip4(layers.IPProtocolTCP), ip6(layers.IPProtocolTCP)
	u4, u6 := ip4(layers.IPProtocolUDP), ip6(layers.IPProtocolUDP)
	mss := layers.TCPOption{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}
	vx := &layers.VXLAN{ValidIDFlag: true, VNI: 99}
	return [][]byte{
		serialize(t, true, ether(layers.EthernetTypeIPv4), n4, tcp(n4), body),
		serialize(t, true, ether(layers.EthernetTypeIPv4), n4, tcp(n4, mss), body),
		serialize(t, true, ether(layers.EthernetTypeDot1Q), vlan, n4, tcp(n4), body[:1]),
		serialize(t, true, ether(layers.EthernetTypeIPv6), n6, tcp(n6, mss), body[:20]),
		serialize(t, true, ether(layers.EthernetTypeIPv4), u4, udp(u4, 443), body),
		serialize(t, true, ether(layers.EthernetTypeIPv6), u6, udp(u6, 443), body[:7]),
		serialize(t, true, ether(layers.EthernetTypeIPv4), u4, udp(u4, 4789), vx, ether(layers.EthernetTypeIPv4), n4, tcp(n4), body),
		serialize(t, true, ether(layers.EthernetTypeIPv6), u6, udp(u6, 4789), vx, ether(layers.EthernetTypeIPv6), n6, tcp(n6), body),
	}
}

// TestGopacket compares with gopacket's DecodingLayerParser wherever that reads
// a mutated frame cleanly.
func TestGopacket(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	o, d := newOracle(), NewDecoder(Limits{})
	var p Packet
	compared, failed := 0, 0
	frames := templates(t)
	rounds := 300_000
	if testing.Short() {
		rounds = 30_000
	}
	for i := range rounds {
		b := bytes.Clone(frames[i%len(frames)])
		if i >= len(frames) {
			for range 1 + r.IntN(3) {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
		}
		want := o.describe(b)
		if want == "" {
			continue
		}
		k := d.Decode(1, b, len(b), epoch, &p)
		got := describe(k, &p)
		if got != want && !meantToDiffer(o, k, &p) {
			t.Errorf("%x\n got %s\nwant %s\n%v", b, got, want, &p.Fault)
			if failed++; failed > 5 {
				return
			}
		}
		compared++
	}
	if compared < rounds/10 {
		t.Errorf("only %d of %d compared", compared, rounds)
	}
}

// meantToDiffer says where we differ on purpose. We read tunnels on ports of which
// the oracle knows nothing. gopacket takes for VXLAN whatever comes
// to its port, and the oracle cannot see versions, lengths and fragment bits of
// an outer header, whose struct the inner one takes over.
func meantToDiffer(o *oracle, k Kind, p *Packet) bool {
	if o.found[len(o.found)-1] == layers.LayerTypeUDP {
		return o.udp.DstPort != 4789 && p.Encapsulated()
	}
	if !slices.Contains(o.found, layers.LayerTypeVXLAN) {
		return false
	}
	return k == UDP && p.Dst.Port() == 4789 && p.Payload[0]&0x7F != 8 ||
		k == UDP && p.Dst.Port() == 4789 && !knownEtherType(p.Payload[8:]) ||
		k == Undecodable || k == Fragment
}

// TestChecksums compares with what gopacket computes, and with one bit changed.
func TestChecksums(t *testing.T) {
	d := NewDecoder(Limits{})
	var p Packet
	for i, b := range templates(t) {
		d.Decode(1, b, len(b), epoch, &p)
		if valid, known := p.TransportChecksumOK(); !valid || !known {
			t.Errorf("template %d: valid %v, known %v", i, valid, known)
		}
		valid, known := p.IPChecksumOK()
		if is4 := p.Src.Addr().Is4(); valid != is4 || known != is4 {
			t.Errorf("template %d: header valid %v, known %v", i, valid, known)
		}
		seg := p.seg
		for j := range seg {
			if j >= 4 && j < 6 && p.Proto == ProtoUDP || j >= 12 && j < 13 {
				continue // lengths
			}
			seg[j] ^= 0x10
			d.Decode(1, b, len(b), epoch, &p)
			if valid, known := p.TransportChecksumOK(); valid && known {
				t.Errorf("template %d: byte %d changed and the checksum still right", i, j)
			}
			seg[j] ^= 0x10
		}
	}
}

// TestChecksumUnknown has packets whose checksum says nothing.
func TestChecksumUnknown(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame []byte
		cut   int
		known bool
	}{
		{"plain", tcp4(), 0, true},
		{"cut", tcp4()[:43], 2, false},
		{"length lies", tcp4()[:43], 0, false},
		{"offload", join(hx("4500 0000 0007 0000 4006 0000 0a000001 0a000002"), seg(hello)), 0, false},
		{"source route", ip4Options(6, hx("8307 04 0a000009 00"), seg(hello)), 0, false},
		{"routing header", ip6(43, hx("0600 0001 00000000"), seg(hello)), 0, false},
		{"routing header, none left", ip6(43, hx("0600 0000 00000000"), seg(hello)), 0, true},
		{"UDP without", ip4(17, dgram(1, 2, []byte(hello))), 0, false},
		{"ICMP", ip4(1, seg(hello)), 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Packet
			NewDecoder(Limits{}).Decode(101, c.frame, len(c.frame)+c.cut, epoch, &p)
			if valid, known := p.TransportChecksumOK(); valid || known != c.known {
				t.Errorf("valid %v, known %v", valid, known)
			}
		})
	}
}
