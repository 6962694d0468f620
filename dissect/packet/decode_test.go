package packet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func repeat(b []byte, n int) []byte { return bytes.Repeat(b, n) }

// paths are ways to wrap the segment of tcp4 or tcp6.
var paths = []struct {
	name  string
	link  uint32
	frame []byte
	encap string
	zone  bool
}{
	{"Ethernet", 1, eth(0x0800, tcp4()), "", false},
	{"Ethernet, IPv6", 1, eth(0x86DD, tcp6()), "", false},
	{"Ethernet, padding", 1, eth(0x0800, tcp4(), hx("1603010010aabbccdd")), "", false},
	{"Ethernet, IPv6 announced as IPv4", 1, eth(0x0800, tcp6()), "", false},
	{"802.1Q", 1, eth(0x8100, hx("000c 0800"), tcp4()), "vlan 12", true},
	{"802.1Q priority tag", 1, eth(0x8100, hx("e000 0800"), tcp4()), "vlan 0", false},
	{"802.1ad, 802.1Q", 1, eth(0x88A8, hx("2064 8100 000c 86dd"), tcp6()), "vlan 100,vlan 12", true},
	{"9100, 9200, 9300", 1, eth(0x9100, hx("0001 9200 0002 9300 0003 0800"), tcp4()), "vlan 1,vlan 2,vlan 3", true},
	{"20 VLANs", 1, eth(0x8100, repeat(hx("0001 8100"), 19), hx("0002 0800"), tcp4()),
		strings.Repeat("vlan 1,", 16) + "4 more", true},
	{"802.1ah", 1, eth(0x88E7, hx("00000123"), eth(0x0800, tcp4())), "i-sid 291", true},
	{"VN-tag", 1, eth(0x8926, hx("00010002 0800"), tcp4()), "vn-tag", false},
	{"E-tag", 1, eth(0x893F, hx("000000000000 0800"), tcp4()), "e-tag", false},
	{"Cisco MetaData", 1, eth(0x8909, hx("0101 0001 0010 0800"), tcp4()), "sgt 16", false},
	{"FabricPath", 1, eth(0x8903, hx("0410"), eth(0x0800, tcp4())), "fabricpath", false},
	{"TRILL with options", 1, eth(0x22F3, hx("0041 0001 0002 aabbccdd"), eth(0x0800, tcp4())), "trill", false},
	{"HSR", 1, eth(0x892F, hx("0030 0001 0800"), tcp4()), "hsr", false},
	{"R-tag", 1, eth(0xF1C1, hx("0000 0001 0800"), tcp4()), "r-tag", false},
	{"MACsec, integrity only", 1, eth(0x88E5, hx("2000 00000001 0123456789abcdef 0800"), tcp4(), repeat([]byte{1}, 16)), "macsec", false},
	{"NSH", 1, eth(0x894F, hx("0002 0201 00000101"), tcp4()), "nsh", false},
	{"LLC, SNAP", 1, eth(8+45, hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"LLC, IP", 1, eth(3+45, hx("060603"), tcp4()), "", false},
	{"LLC, SNAP, bridged Ethernet", 100, join(hx("aaaa03 0080c2 0007 0000"), eth(0x0800, tcp4())), "", false},
	{"MPLS", 1, eth(0x8847, hx("00011040 00012140"), tcp4()), "mpls 17,mpls 18", false},
	{"MPLS, IPv6", 1, eth(0x8847, hx("00011140"), tcp6()), "mpls 17", false},
	{"MPLS, Ethernet with control word", 1, eth(0x8847, hx("00011140 00000000"), eth(0x0800, tcp4())), "mpls 17", false},
	{"MPLS, Ethernet", 1, eth(0x8847, hx("00011140"), eth(0x0800, tcp4())), "mpls 17", false},
	{"PPPoE", 1, eth(0x8864, hx("1100 0005 002f 0021"), tcp4()), "pppoe 5", true},
	{"PPPoE, link type", 51, join(hx("1100 0005 0043 0057"), tcp6()), "pppoe 5", true},

	{"null, little endian", 0, join(hx("02000000"), tcp4()), "", false},
	{"null, IPv6, big endian", 0, join(hx("0000001e"), tcp6()), "", false},
	{"null, IPv6, FreeBSD", 0, join(hx("1c000000"), tcp6()), "", false},
	{"loop", 108, join(hx("00000002"), tcp4()), "", false},
	{"loop, IPv6", 108, join(hx("00000018"), tcp6()), "", false},
	{"raw 12", 12, tcp4(), "", false},
	{"raw 14", 14, tcp4(), "", false},
	{"raw 101", 101, tcp6(), "", false},
	{"IPv4", 228, tcp4(), "", false},
	{"IPv6", 229, tcp6(), "", false},
	{"PPP", 9, join(hx("ff03 0021"), tcp4()), "", false},
	{"PPP, compressed", 9, join(hx("57"), tcp6()), "", false},
	{"PPP, MPLS", 9, join(hx("ff03 0281 00011140"), tcp4()), "mpls 17", false},
	{"PPP HDLC", 50, join(hx("ff03 0021"), tcp4()), "", false},
	{"PPP HDLC, Cisco", 50, join(hx("0f00 0800"), tcp4()), "", false},
	{"Cisco HDLC", 104, join(hx("8f00 86dd"), tcp6()), "", false},
	{"PPP with direction", 204, join(hx("01 ff03 0021"), tcp4()), "", false},
	{"PPPD", 166, join(hx("00 ff03 0021"), tcp4()), "", false},
	{"SLL", 113, join(hx("0000 0001 0006 0102030405060000 0800"), tcp4()), "", false},
	{"SLL, VLAN", 113, join(hx("0000 0001 0006 0102030405060000 8100 000c 86dd"), tcp6()), "vlan 12", true},
	{"SLL, LLC", 113, join(hx("0000 0001 0006 0102030405060000 0004 aaaa03 000000 0800"), tcp4()), "", false},
	{"SLL2", 276, join(hx("0800 0000 00000002 0001 00 06 0102030405060000"), tcp4()), "", false},
	{"NFLOG", 239, join(hx("02000000 0800010000000300 0500020041000000 3100 0900"), tcp4(), hx("000000")), "", false},
	{"NFLOG, big endian", 239, join(hx("02000000 0008000100000003 0031 0009"), tcp4(), hx("000000")), "", false},
	{"PKTAP", 258, join(hx("0c000000 01000000 01000000"), eth(0x0800, tcp4())), "", false},
	{"PPI", 192, join(hx("0000 0800 01000000"), eth(0x0800, tcp4())), "", false},
	{"PFLOG", 117, join(hx("3d02 0000"), make([]byte, 60), tcp4()), "", false},
	{"ENC", 109, join(make([]byte, 12), tcp4()), "", false},
	{"FDDI", 10, join(make([]byte, 13), hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"Token Ring, source route", 6, join(hx("1040 020000000002 820000000001 0230"), hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"ATM", 123, join(hx("01000064 aaaa03 000000 0800"), tcp4()), "", false},
	{"Frame Relay", 107, join(hx("1841 03 cc"), tcp4()), "", false},
	{"Frame Relay, Cisco", 107, join(hx("1841 86dd"), tcp6()), "", false},
	{"Frame Relay, SNAP", 107, join(hx("1841 03 00 80 000000 0800"), tcp4()), "", false},
	{"IP over IEEE 1394", 138, join(make([]byte, 16), hx("0800"), tcp4()), "", false},
	{"IP over InfiniBand", 242, join(make([]byte, 40), hx("0800 0000"), tcp4()), "", false},
	{"netANALYZER", 240, join(make([]byte, 4), eth(0x0800, tcp4())), "", false},
	{"netANALYZER, transparent", 241, join(make([]byte, 12), eth(0x0800, tcp4())), "", false},
	{"ERF", 197, join(make([]byte, 8), hx("82 04 0000 0000 0000 0000000000000000 0000"), eth(0x0800, tcp4())), "", false},
	{"ERF, IPv6", 197, join(make([]byte, 8), hx("17 04 0000 0000 0000"), tcp6()), "", false},

	{"802.11", 105, join(hx("0801 0000"), make([]byte, 20), hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"802.11 QoS, four addresses, HT control", 105, join(hx("8883 0000"), make([]byte, 32), hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"802.11 A-MSDU", 105, join(hx("8801 0000"), make([]byte, 20), hx("8000"), make([]byte, 12), hx("0035 aaaa03 000000 0800"), tcp4()), "", false},
	{"radiotap, padded", 127, join(hx("0000 1100 03000000 0000000000000000 20"), hx("8801 0000"), make([]byte, 22), hx("0000 aaaa03 000000 0800"), tcp4()), "", false},
	{"radiotap, two present words", 127, join(hx("0000 1000 02000080 02000000 00000000"), hx("0801 0000"), make([]byte, 20), hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"Prism", 119, join(hx("44000000 90000000"), make([]byte, 136), hx("0801 0000"), make([]byte, 20), hx("aaaa03 000000 0800"), tcp4()), "", false},
	{"AVS", 163, join(hx("80211001 00000040"), make([]byte, 56), hx("0801 0000"), make([]byte, 20), hx("aaaa03 000000 0800"), tcp4()), "", false},

	{"IP in IP", 101, ip4(4, tcp4()), "ipip", false},
	{"6in4", 101, ip4(41, tcp6()), "6in4", false},
	{"4in6", 101, ip6(4, tcp4()), "4in6", false},
	{"6in6", 101, ip6(41, tcp6()), "6in6", false},
	{"AH", 101, ip4(51, hx("0604 0000 00000001 00000002 000102030405060708090a0b"), seg(hello)), "ah", false},
	{"AH in IPv6", 101, ip6(51, hx("0604 0000 00000001 00000002 000102030405060708090a0b"), seg(hello)), "ah", false},
	{"EtherIP", 101, ip4(97, hx("3000"), eth(0x0800, tcp4())), "etherip", false},
	{"SRv6 Ethernet", 101, ip6(143, eth(0x0800, tcp4())), "", false},
	{"MPLS in IP", 101, ip4(137, hx("00011140"), tcp4()), "mpls 17", false},
	{"GRE", 101, ip4(47, hx("0000 0800"), tcp4()), "gre", false},
	{"GRE, checksum, key, sequence", 101, ip4(47, hx("b000 86dd 00000000 0000002a 00000001"), tcp6()), "gre 42", true},
	{"GRE, routing", 101, ip4(47, hx("4000 0800 00000000 0800 0004 0a000001 0000 0000"), tcp4()), "gre", false},
	{"GRE, Ethernet", 101, ip4(47, hx("2000 6558 00000005"), eth(0x0800, tcp4())), "gre 5", true},
	{"NVGRE", 101, ip4(47, hx("2000 6558 001388aa"), eth(0x0800, tcp4())), "gre 5000", true},
	{"PPTP", 101, ip4(47, hx("3081 880b 0031 0001 00000001 00000002 ff03 0021"), tcp4()), "pptp", false},
	{"ERSPAN I", 101, ip4(47, hx("0000 88be"), eth(0x0800, tcp4())), "gre,erspan 1", false},
	{"ERSPAN II", 101, ip4(47, hx("1000 88be 00000001 1001 0064 00000000"), eth(0x0800, tcp4())), "gre,erspan 2", false},
	{"ERSPAN III", 101, ip4(47, hx("1000 22eb 00000001 2001 0064 00000000 0000 00 01"), make([]byte, 8), eth(0x0800, tcp4())), "gre,erspan 3", false},
	{"ERSPAN III, IP", 101, ip4(47, hx("1000 22eb 00000001 2001 0064 00000000 0000 10 00"), tcp4()), "gre,erspan 3", false},
	{"WCCP", 101, ip4(47, hx("0000 883e 00010203"), tcp4()), "gre,wccp", false},
	{"GRE, NSH", 101, ip4(47, hx("0000 894f 0002 0203 00000101"), eth(0x0800, tcp4())), "gre,nsh", false},
	{"VXLAN", 101, ip4(17, dgram(50000, 4789, hx("08000000 00006400"), eth(0x0800, tcp4()))), "vxlan 100", true},
	{"VXLAN, group policy", 101, ip4(17, dgram(50000, 8472, hx("88000010 00006400"), eth(0x0800, tcp4()))), "vxlan 100", true},
	{"VXLAN-GPE", 101, ip4(17, dgram(50000, 4790, hx("0c000002 00006400"), tcp6())), "vxlan-gpe 100", true},
	{"Geneve", 101, ip6(17, dgram(50000, 6081, hx("02006558 00006400 0102030100000000"), eth(0x0800, tcp4()))), "geneve 100", true},
	{"GTP-U", 101, ip4(17, dgram(2152, 2152, hx("30ff 002d 00000007"), tcp4())), "gtp-u 7", false},
	{"GTP-U, extension headers", 101, ip4(17, dgram(2152, 2152, hx("34ff 0039 00000007 00000085 0110 0920 0100 0000"), tcp4())), "gtp-u 7", false},
	{"LISP", 101, ip4(17, dgram(50000, 4341, hx("80000000 00000001"), tcp4())), "lisp", false},
	{"LISP, instance", 101, ip4(17, dgram(50000, 4341, hx("88000000 00000701"), tcp6())), "lisp 7", true},
	{"B.A.T.M.A.N.", 1, eth(0x4305, hx("400f3204 020000000001"), eth(0x0800, tcp4())), "batman", false},
	{"B.A.T.M.A.N., broadcast", 1, eth(0x4305, hx("010f3200 00000007 020000000001"), eth(0x0800, tcp4())), "batman", false},
	{"Teredo", 101, ip4(17, dgram(50000, 3544, tcp6())), "teredo", false},
	{"Teredo, indications", 101, ip4(17, dgram(3544, 50000, hx("0001 0000 0102030405060708 00 0000 ffff 01020304"), tcp6())), "teredo", false},
	{"L2TP", 101, ip4(17, dgram(1701, 1701, hx("4202 0037 0001 0002 0002 ffff ff03 0021"), tcp4())), "l2tp", false},
	{"TZSP", 101, ip4(17, dgram(50000, 37008, hx("0100 0001 00 0a01c8 01"), eth(0x0800, tcp4()))), "tzsp", false},
	{"CAPWAP", 101, ip4(17, dgram(50000, 5247, hx("00 20 03 20 0000 0000 04 bf230000 000000"), hx("1108 0000"), make([]byte, 20), hx("aaaa03 000000 0800"), tcp4())), "capwap", false},
	{"CAPWAP, 802.3", 101, ip4(17, dgram(5247, 50000, hx("00 10 02 00 0000 0000"), eth(0x0800, tcp4()))), "capwap", false},
	{"MPLS in UDP", 101, ip4(17, dgram(50000, 6635, hx("00011140"), tcp4())), "mpls 17", false},
	{"GRE in UDP", 101, ip4(17, dgram(50000, 4754, hx("0000 0800"), tcp4())), "gre", false},
	{"VLAN, MPLS, GRE, VXLAN", 1, eth(0x8100, hx("000c 8847 00011140"), ip4(47, hx("0000 86dd"),
		ip6(17, dgram(50000, 4789, hx("08000000 00006400"), eth(0x0800, tcp4()))))), "vlan 12,mpls 17,gre,vxlan 100", true},

	{"IPv4 options", 101, ip4Options(6, hx("01 0727 04 0a000009 00 000000"+strings.Repeat("00", 28)), seg(hello)), "", false},
	{"IPv4 option of length 0", 101, ip4Options(6, hx("07000000"), seg(hello)), "", false},
	{"hop-by-hop, routing, destination, mobility", 101, ip6(0, ext(43, ext(60, ext(135, ext(6, seg(hello)))))), "", false},
	{"atomic fragment", 101, ip6(44, hx("06 00 0000 00000001"), seg(hello)), "", false},
	{"IPv4 length 0", 101, join(hx("4500 0000 0007 0000 4006 0000 0a000001 0a000002"), seg(hello)), "", false},
	{"IPv6 length 0", 101, join(hx("60000000 0000 06 40"), tcp6()[8:]), "", false},
}

func TestPaths(t *testing.T) {
	for _, c := range paths {
		t.Run(c.name, func(t *testing.T) {
			k, p := decode(c.link, c.frame)
			if k != TCP {
				t.Fatalf("kind %v: %v", k, &p.Fault)
			}
			got := fmt.Sprintf("%v>%v %d %d %v %d %q", p.Src, p.Dst, p.Seq, p.Ack, p.Flags, p.TTL, p.Payload)
			want := `10.0.0.1:40000>10.0.0.2:443 1000 2000 PSH|ACK 64 "hello"`
			if p.Src.Addr().Is6() {
				want = `[fd00::1]:40000>[fd00::2]:443 1000 2000 PSH|ACK 64 "hello"`
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got := strings.Join(p.Encapsulation(), ","); got != c.encap {
				t.Errorf("encapsulation %q, want %q", got, c.encap)
			}
			if p.Encapsulated() != (c.encap != "") {
				t.Error("Encapsulated contradicts Encapsulation")
			}
			if (p.Zone != 0) != c.zone {
				t.Errorf("zone %#x", p.Zone)
			}
			if !Known(c.link) {
				t.Errorf("link type %d is not Known", c.link)
			}
		})
	}
}

// TestPrefixes cuts every frame at every byte: by a snapshot length, which must
// leave whatever is found true, and for good, which must not go unnoticed.
func TestPrefixes(t *testing.T) {
	for _, c := range paths {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(Limits{})
			var p Packet
			if d.Decode(c.link, c.frame, len(c.frame), epoch, &p) != TCP {
				t.Fatal("whole frame not decoded")
			}
			src, offload := p.Src, p.Odd&OddLengthZero != 0
			for n := range c.frame {
				b := bytes.Clone(c.frame[:n])
				switch k := d.Decode(c.link, b, len(c.frame), epoch, &p); {
				case k == TCP && (p.Src != src || len(p.Payload)+p.Missing != len(hello) || !strings.HasPrefix(hello, string(p.Payload))):
					t.Errorf("cut at %d: %v %q missing %d", n, p.Src, p.Payload, p.Missing)
				case k == TCP && p.Odd&OddLengthBeyondFrame != 0:
					t.Errorf("cut at %d: taken for a wrong length", n)
				case k == Undecodable && p.Fault.Need > p.Fault.Have && !p.Fault.Cut:
					t.Errorf("cut at %d: not seen as cut: %v", n, &p.Fault)
				}
				switch k := d.Decode(c.link, b, n, epoch, &p); {
				case k == TCP && p.Missing != 0:
					t.Errorf("ended at %d: %d bytes missing from a frame that was not cut", n, p.Missing)
				case k == TCP && len(p.Payload) < len(hello) && p.Odd&OddLengthBeyondFrame == 0 && !offload:
					t.Errorf("ended at %d: %q goes unnoticed", n, p.Payload)
				case k == Undecodable && (p.Fault.Off < 0 || p.Fault.Off > n || p.Fault.Cut):
					t.Errorf("ended at %d: fault %+v", n, p.Fault)
				}
			}
		})
	}
}

// TestRefused has frames that must not pass for a segment or datagram.
func TestRefused(t *testing.T) {
	dead := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name  string
		link  uint32
		frame []byte
		kind  Kind
		fault string
	}{
		{"empty", 1, nil, Undecodable, "short Ethernet header at offset 0: needs 14 bytes, has 0"},
		{"unknown link type", 147, tcp4(), Undecodable, "unknown link type 147"},
		{"SLL2 is not 20", 20, tcp4(), Undecodable, "unknown link type 20"},
		{"ARP", 1, eth(0x0806, make([]byte, 28)), Other, ""},
		{"IPv4 version 5", 101, dead(tcp4(), 0, 0x55), Undecodable, "IPv4 header with another version at offset 0"},
		{"IPv4 header length 16", 1, eth(0x0800, dead(tcp4(), 0, 0x44)), Undecodable, "IPv4 header length too small at offset 14"},
		{"IPv4 header beyond the packet", 101, dead(tcp4()[:30], 0, 0x4F), Undecodable, "short IPv4 header at offset 0: needs 60 bytes, has 30"},
		{"IPv4 total length 19", 101, dead(tcp4(), 2, 0, 19), Undecodable, "IPv4 total length less than its header at offset 0"},
		{"ICMP", 101, ip4(1, seg(hello)), Other, ""},
		{"ESP", 101, ip4(50, seg(hello)), Other, ""},
		{"TCP data offset 8", 101, ip4(6, dead(seg(hello), 12, 0x20)), Undecodable, "TCP data offset too small at offset 20"},
		{"TCP data offset beyond the segment", 101, ip4(6, dead(seg(hello), 12, 0xF0)), Undecodable, "short TCP header at offset 20: needs 60 bytes, has 25"},
		{"TCP of 16 bytes", 101, ip4(6, seg("")[:16]), Undecodable, "short TCP header at offset 20: needs 20 bytes, has 16"},
		{"UDP length 7", 101, ip4(17, dead(dgram(1, 2, []byte(hello)), 4, 0, 7)), Undecodable, "UDP length less than its header at offset 20"},
		{"UDP of 4 bytes", 101, ip4(17, dgram(1, 2)[:4]), Undecodable, "short UDP header at offset 20: needs 8 bytes, has 4"},
		{"hop-by-hop beyond the packet", 101, ip6(0, dead(ext(6, seg(hello)), 1, 200)), Undecodable, "IPv6 extension header longer than its packet at offset 40: needs 1608 bytes, has 33"},
		{"no next header", 101, ip6(59, seg(hello)), Other, ""},
		{"jumbo length too small", 101, dead(ip6(0, hx("06 00 c204 00000100"), seg(hello)), 4, 0, 0), Undecodable, "IPv6 jumbo length contradicts itself at offset 40"},
		{"GRE version 2", 101, ip4(47, hx("0002 0800"), tcp4()), Undecodable, "unknown GRE version at offset 20"},
		{"GRE routing beyond the packet", 101, ip4(47, hx("4000 0800 00000000 0800 00ff 0a000001")), Undecodable, "short GRE header at offset 28: needs 259 bytes, has 8"},
		{"encrypted 802.11", 105, join(hx("0841 0000"), make([]byte, 20), hx("aaaa03 000000 0800"), tcp4()), Other, ""},
		{"encrypted MACsec", 1, eth(0x88E5, hx("2c00 00000001 0123456789abcdef 0800"), tcp4()), Other, ""},
		{"802.11 beacon", 105, join(hx("8000 0000"), make([]byte, 40)), Other, ""},
		{"300 labels", 1, eth(0x8847, repeat(hx("00011040"), 300), hx("00011140"), tcp4()), Undecodable, "more nested headers than the limit at offset 270"},
		{"300 extension headers", 101, ip6(60, repeat(ext(60), 300), ext(6, seg(hello))), Undecodable, "more nested headers than the limit at offset 544"},
		{"PPPoE version 2", 1, eth(0x8864, hx("2100 0005 002f 0021"), tcp4()), Undecodable, "PPPoE version or type not 1 at offset 14"},
		{"PKTAP length 0", 258, make([]byte, 100), Undecodable, "short link-layer header at offset 0"},
		{"NFLOG attribute of length 0", 239, make([]byte, 100), Undecodable, "short link-layer header at offset 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, p := decode(c.link, c.frame)
			fault := ""
			if k == Undecodable {
				fault = p.Fault.Error()
			}
			if k != c.kind || fault != c.fault {
				t.Errorf("got %v %q, want %v %q", k, fault, c.kind, c.fault)
			}
			if p.Proto != 0 {
				t.Errorf("Proto %d", p.Proto)
			}
		})
	}
}

// TestNested wraps deeper than the limit allows.
func TestNested(t *testing.T) {
	wraps := map[string]func([]byte) []byte{
		"IP in IP": func(b []byte) []byte { return ip4(4, b) },
		"GRE":      func(b []byte) []byte { return ip4(47, hx("0000 0800"), b) },
		"VXLAN": func(b []byte) []byte {
			return ip4(17, dgram(1, 4789, hx("08000000 00006400"), eth(0x0800, b)))
		},
	}
	for name, wrap := range wraps {
		b := tcp4()
		for n := range 200 {
			k, p := decode(101, b)
			if n == 15 && k != TCP || n == 100 && k != Undecodable {
				t.Errorf("%s: %d around: %v, %v", name, n, k, &p.Fault)
			}
			if k == TCP && len(p.Encapsulation()) > maxHops+1 {
				t.Errorf("%s: %d around: %d hops", name, n, len(p.Encapsulation()))
			}
			b = wrap(b)
		}
	}
}

// TestZone checks that both directions agree and that networks differ.
func TestZone(t *testing.T) {
	zone := func(frame []byte) uint32 {
		k, p := decode(1, frame)
		if k != TCP {
			t.Fatalf("kind %v: %v", k, &p.Fault)
		}
		return p.Zone
	}
	seen := map[uint32]int{zone(eth(0x0800, tcp4())): -1}
	for id := 1; id < 4095; id++ {
		z := zone(eth(0x8100, u16(id), u16(0x0800), tcp4()))
		if other, ok := seen[z]; ok {
			t.Fatalf("VLANs %d and %d share a zone", id, other)
		}
		seen[z] = id
		if zone(eth(0x8100, u16(id|0xE000), u16(0x0800), tcp4())) != z {
			t.Fatalf("the priority changes the zone of VLAN %d", id)
		}
	}
	mpls := func(label string) []byte { return eth(0x8847, hx(label), tcp4()) }
	if zone(mpls("00011140")) != zone(mpls("00022140")) {
		t.Error("MPLS labels change the zone")
	}
	capwap := func(vlan string) []byte {
		return eth(0x8100, hx(vlan+"0800"), ip4(17, dgram(5247, 50000, hx("00 10 02 00 0000 0000"), eth(0x0800, tcp4()))))
	}
	if zone(capwap("0001")) != zone(capwap("0002")) {
		t.Error("a VLAN outside of a tunnel changes the zone")
	}
	vlanIn := func(outer, inner string) []byte {
		return eth(0x8100, hx(outer+"0800"), ip4(4, ip4(17, dgram(1, 4789, hx("08000000 00000100"), eth(0x8100, hx(inner+"0800"), tcp4())))))
	}
	if zone(vlanIn("0001", "0003")) != zone(vlanIn("0002", "0003")) || zone(vlanIn("0001", "0003")) == zone(vlanIn("0001", "0004")) {
		t.Error("VXLAN: the VLAN inside has to change the zone, the one outside must not")
	}
	nvgre := func(key string) []byte {
		return eth(0x0800, ip4(47, hx("2000 6558"), hx(key), eth(0x0800, tcp4())))
	}
	if zone(nvgre("00138801")) != zone(nvgre("00138802")) || zone(nvgre("00138801")) == zone(nvgre("00138901")) {
		t.Error("NVGRE: the flow number must not change the zone, the subnet must")
	}
}

func TestStats(t *testing.T) {
	d := NewDecoder(Limits{})
	var p Packet
	for _, f := range []struct {
		link uint32
		b    []byte
		cut  int
	}{
		{1, eth(0x0800, tcp4()), 0},
		{1, eth(0x0800, ip4(17, dgram(1, 53, []byte(hello)))), 0},
		{1, eth(0x0806), 0},
		{1, eth(0x0800, tcp4()[:10]), 0},
		{1, eth(0x0800, tcp4()[:10]), 100},
		{147, nil, 0},
		{147, nil, 0},
		{1, eth(0x0800, ip4Frag(17, 1, 0x2000, make([]byte, 8))), 0},
		{1, eth(0x0800, ip4(50)), 0},
		{1, eth(0x0800, ip4(17, dgram(1, 4789, []byte(hello)))), 0},
	} {
		d.Decode(f.link, f.b, len(f.b)+f.cut, epoch, &p)
	}
	want := Stats{
		Frames: 10, TCP: 1, UDP: 2, Other: 2, Fragments: 1, Undecodable: 4,
		Reasons: []Count{{"unknown link type 147", 2}, {"short IPv4 header", 1}, {"short IPv4 header (cut by the snapshot length)", 1}},
		Notes:   []Count{{"IPsec ESP", 1}, {"datagram on a tunnel's port that is no tunnel", 1}},
	}
	if diff := cmp.Diff(want, d.Stats()); diff != "" {
		t.Error(diff)
	}
	for link := range uint32(1000) {
		d.Decode(1000+link, nil, 0, epoch, &p)
	}
	if s := d.Stats(); len(s.Reasons) > maxLinks+3 || s.Undecodable != 1004 {
		t.Errorf("%d reasons, %d undecodable", len(s.Reasons), s.Undecodable)
	}
}

// TestReasons holds the table of names complete.
func TestReasons(t *testing.T) {
	for r := noReason + 1; r < numReasons; r++ {
		if reasonNames[r] == "" {
			t.Errorf("reason %d has no name", r)
		}
	}
	for k, s := range hopNames {
		if s == "" {
			t.Errorf("hop %d has no name", k)
		}
	}
}
