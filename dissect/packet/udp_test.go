package packet

import "testing"

// TestNotATunnel has datagrams on the ports of tunnels that are something else,
// above all QUIC and DTLS of somebody who got the port as an ephemeral one.
func TestNotATunnel(t *testing.T) {
	quicLong := join(hx("c3 00000001 08 0102030405060708 00 00 449e"), make([]byte, 100))
	quicShort := join(hx("41 0102030405060708"), make([]byte, 60))
	dtls := join(hx("16 fefd 0000000000000000 0040"), make([]byte, 64))
	dtls13 := join(hx("2f 01 0002 0040"), make([]byte, 64))
	for _, port := range []int{1701, 2152, 3544, 4754, 4789, 4790, 5247, 6081, 6635, 8472, 37008} {
		for _, body := range [][]byte{nil, {0}, []byte(hello), quicLong, quicShort, dtls, dtls13} {
			for _, ports := range [][2]int{{443, port}, {port, 443}} {
				k, p := decode(101, ip4(17, dgram(ports[0], ports[1], body)))
				if k != UDP || string(p.Payload) != string(body) || p.Zone != 0 || p.Encapsulated() {
					t.Errorf("port %d, %.8x: %v %.8x %v", port, body, k, p.Payload, p.Encapsulation())
				}
			}
		}
	}
}

func TestUDP(t *testing.T) {
	for _, c := range []struct {
		name     string
		link     uint32
		frame    []byte
		src, dst string
	}{
		{"IPv4", 101, ip4(17, dgram(50000, 443, []byte(hello))), "10.0.0.1 50000", "10.0.0.2 443"},
		{"IPv6", 101, ip6(17, dgram(50000, 443, []byte(hello))), "fd00::1 50000", "fd00::2 443"},
		{"IPv6 behind an extension header", 101, ip6(60, ext(17, dgram(50000, 443, []byte(hello)))), "fd00::1 50000", "fd00::2 443"},
		{"in VXLAN", 101, ip4(17, dgram(1, 4789, hx("08000000 00000100"), eth(0x0800, ip4(17, dgram(53, 54, []byte(hello)))))), "10.0.0.1 53", "10.0.0.2 54"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, p := decode(c.link, c.frame)
			if k != UDP || p.Proto != ProtoUDP || addr(p.Src) != c.src || addr(p.Dst) != c.dst || string(p.Payload) != hello || p.TTL != 64 {
				t.Errorf("%v %+v", k, p)
			}
		})
	}
}
