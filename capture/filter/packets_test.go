package filter

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// packet is what a filter is run on.
type packet struct {
	data []byte
	wire int
}

// Pools are small so that expressions drawn from them match often.
var (
	poolV4    = []string{"10.0.0.1", "10.0.0.2", "192.168.1.7", "224.0.0.251", "255.255.255.255", "0.0.0.10", "10.1.0.0"}
	poolV6    = []string{"2001:db8::1", "2001:db8:0:1::2", "fe80::1", "ff02::fb", "::1"}
	poolMAC   = []string{"00:11:22:33:44:55", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb"}
	poolPorts = []uint16{80, 443, 53, 8080, 1024, 65535, 0, 22}
)

func pick[T any](r *rand.Rand, s []T) T { return s[r.IntN(len(s))] }

func mac(r *rand.Rand) net.HardwareAddr {
	m, _ := net.ParseMAC(pick(r, poolMAC))
	return m
}

func serialize(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return append([]byte(nil), buf.Bytes()...)
}

// transport returns a header with payload and its protocol number.
func transport(t testing.TB, r *rand.Rand) ([]byte, layers.IPProtocol) {
	src, dst := pick(r, poolPorts), pick(r, poolPorts)
	payload := gopacket.Payload(make([]byte, r.IntN(20)))
	switch r.IntN(8) {
	case 0, 1, 2:
		l := &layers.TCP{SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: r.Uint32(), SYN: r.IntN(2) == 0, ACK: r.IntN(2) == 0, FIN: r.IntN(3) == 0, Window: uint16(r.Uint32())}
		return serialize(t, l, payload), layers.IPProtocolTCP
	case 3, 4:
		return serialize(t, &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}, payload), layers.IPProtocolUDP
	case 5:
		b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, src), dst)
		return append(b, make([]byte, 8+r.IntN(8))...), layers.IPProtocolSCTP
	case 6:
		return serialize(t, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(uint8(pick(r, []int{0, 3, 8, 11})), 0)}, payload), layers.IPProtocolICMPv4
	}
	return append([]byte{byte(pick(r, []int{1, 128, 129, 135})), 0, 0, 0}, payload...), pick(r, []layers.IPProtocol{layers.IPProtocolICMPv6, layers.IPProtocolGRE, layers.IPProtocolAH, layers.IPProtocolESP, 103, 112, 2})
}

// ipPacket returns an IP packet and its Ethernet type.
func ipPacket(t testing.TB, r *rand.Rand) ([]byte, uint16) {
	body, proto := transport(t, r)
	if r.IntN(2) == 0 {
		ip := &layers.IPv4{Version: 4, TTL: uint8(r.IntN(70)), Protocol: proto, SrcIP: net.ParseIP(pick(r, poolV4)), DstIP: net.ParseIP(pick(r, poolV4))}
		if r.IntN(4) == 0 {
			ip.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
		}
		if r.IntN(4) == 0 {
			ip.FragOffset = uint16(r.IntN(3))
			ip.Flags = layers.IPv4MoreFragments
		}
		return serialize(t, ip, gopacket.Payload(body)), etherIP
	}
	next := proto
	if r.IntN(4) == 0 { // a fragment header
		body = append([]byte{byte(proto), 0, 0, byte(r.IntN(2)), 1, 2, 3, 4}, body...)
		next = layers.IPProtocolIPv6Fragment
	}
	ip := &layers.IPv6{Version: 6, NextHeader: next, HopLimit: 64, SrcIP: net.ParseIP(pick(r, poolV6)), DstIP: net.ParseIP(pick(r, poolV6))}
	return serialize(t, ip, gopacket.Payload(body)), etherIP6
}

// payload returns what a link layer carries and its Ethernet type.
func linkPayload(t testing.TB, r *rand.Rand) ([]byte, uint16) {
	switch r.IntN(12) {
	case 0:
		a := &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
			SourceHwAddress: mac(r), SourceProtAddress: net.ParseIP(pick(r, poolV4)).To4(), DstHwAddress: mac(r), DstProtAddress: net.ParseIP(pick(r, poolV4)).To4()}
		return serialize(t, a), pick(r, []uint16{etherARP, etherRARP})
	case 1:
		ip, _ := ipPacket(t, r)
		b := ip
		for n := r.IntN(3); n >= 0; n-- {
			l := &layers.MPLS{Label: uint32(r.IntN(4)) + 100, StackBottom: len(b) == len(ip), TTL: 9}
			b = serialize(t, l, gopacket.Payload(b))
		}
		return b, etherMPLS
	case 2:
		ip, et := ipPacket(t, r)
		inner := uint16(0x21)
		if et == etherIP6 {
			inner = 0x57
		}
		b := append([]byte{0x11, 0, 0, byte(r.IntN(4)), 0, byte(len(ip) + 2)}, byte(inner>>8), byte(inner))
		return append(b, ip...), etherPPPoES
	case 3:
		b := pick(r, [][]byte{{0xfe, 0xfe, 3}, {0x42, 0x42, 3}, {6, 6, 3}, {0xf0, 0xf0, 3}, {0xe0, 0xe0, 3}, {0xff, 0xff, 0}, {0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0x37}, {0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b}, {0xaa, 0xaa, 3, 0, 0, 0, 0x80, 0xf3}})
		return append(append([]byte(nil), b...), make([]byte, r.IntN(30))...), uint16(r.IntN(1600))
	case 4:
		return make([]byte, 20), pick(r, []uint16{etherAARP, etherATalk, etherIPX, 0x88cc, etherPPPoED, 0x6003})
	}
	return ipPacket(t, r)
}

// frame returns a packet of the given link type.
func frame(t testing.TB, r *rand.Rand, link uint32) []byte {
	switch link {
	case linkNull, linkLoop:
		ip, et := ipPacket(t, r)
		family := map[uint16]uint32{etherIP: 2, etherIP6: 10}[et]
		if r.IntN(10) == 0 {
			family = 7
		}
		if link == linkNull {
			return append(binary.LittleEndian.AppendUint32(nil, family), ip...)
		}
		return append(binary.BigEndian.AppendUint32(nil, family), ip...)
	case linkRaw, linkIPv4, linkIPv6:
		ip, _ := ipPacket(t, r)
		return ip
	}
	body, et := linkPayload(t, r)
	switch link {
	case linkPPP:
		p := map[uint16]uint16{etherIP: 0x21, etherIP6: 0x57, etherMPLS: 0x281}[et]
		return append([]byte{0xff, 3, byte(p >> 8), byte(p)}, body...)
	case linkSLL:
		if et <= maxLength8023 {
			et = uint16(pick(r, []int{1, 4}))
		}
		b := []byte{0, byte(r.IntN(5)), 0, 1, 0, 6, 0, 1, 2, 3, 4, 5, 0, 0, byte(et >> 8), byte(et)}
		return append(b, body...)
	case linkSLL2:
		if et <= maxLength8023 {
			et = uint16(pick(r, []int{1, 4}))
		}
		b := []byte{byte(et >> 8), byte(et), 0, 0, 0, 0, 0, 2, 0, 1, byte(r.IntN(5)), 6, 0, 1, 2, 3, 4, 5, 0, 0}
		return append(b, body...)
	}
	b := append(append([]byte(nil), mac(r)...), mac(r)...)
	for n := r.IntN(6) - 3; n > 0; n-- {
		tpid := pick(r, []uint16{0x8100, 0x88a8, 0x9100})
		b = append(b, byte(tpid>>8), byte(tpid), byte(r.IntN(256))&0xf0, byte(r.IntN(6)))
	}
	return append(binary.BigEndian.AppendUint16(b, et), body...)
}

// packets returns n packets of a link type, of which many are mutated or cut.
// The address family of BSD loopbacks stays as it is: see the package comment.
func packets(t testing.TB, r *rand.Rand, link uint32, n int) []packet {
	keep := 0
	if link == linkNull || link == linkLoop {
		keep = 4
	}
	list := make([]packet, 0, n)
	for range n {
		data := frame(t, r, link)
		wire := len(data) + r.IntN(3)*r.IntN(2000)
		for m := r.IntN(4) * r.IntN(2); m > 0; m-- {
			data[keep+r.IntN(min(60, len(data))-keep)] = byte(pick(r, []int{0, 1, 4, 6, 0x45, 0x60, 0x2c, 0xff, r.IntN(256)}))
		}
		if r.IntN(5) == 0 {
			data = data[:keep+r.IntN(len(data)-keep)]
		}
		list = append(list, packet{data, wire})
	}
	return list
}
