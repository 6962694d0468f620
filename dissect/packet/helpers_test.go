package packet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// addr writes an address and port as tshark's fields do.
func addr(a netip.AddrPort) string { return fmt.Sprintf("%v %d", a.Addr(), a.Port()) }

var epoch = time.Unix(1_700_000_000, 0)

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

// hx reads hexadecimal digits with spaces.
func hx(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func u16(n int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// eth puts an Ethernet header before body.
func eth(t int, body ...[]byte) []byte {
	return join(hx("020000000002 020000000001"), u16(t), join(body...))
}

// ip4 puts an IPv4 header from 10.0.0.1 to 10.0.0.2 before body.
func ip4(proto int, body ...[]byte) []byte { return ip4Frag(proto, 7, 0, body...) }

// ip4Frag is ip4 with an identification and the flags and offset field.
func ip4Frag(proto, id, frag int, body ...[]byte) []byte {
	b := join(body...)
	h := join(hx("4500"), u16(20+len(b)), u16(id), u16(frag), []byte{64, byte(proto)}, hx("0000 0a000001 0a000002"))
	binary.BigEndian.PutUint16(h[10:], ^fold(sum(0, h)))
	return join(h, b)
}

// ip4Options is ip4 with options, a multiple of 4 bytes.
func ip4Options(proto int, opts []byte, body ...[]byte) []byte {
	b := join(body...)
	n := 20 + len(opts)
	return join([]byte{0x40 | byte(n/4), 0}, u16(n+len(b)), hx("0007 0000"), []byte{64, byte(proto)},
		hx("0000 0a000001 0a000002"), opts, b)
}

// ip6 puts an IPv6 header from fd00::1 to fd00::2 before body.
func ip6(next int, body ...[]byte) []byte {
	b := join(body...)
	return join(hx("60000000"), u16(len(b)), []byte{byte(next), 64},
		hx("fd000000000000000000000000000001 fd000000000000000000000000000002"), b)
}

// ext puts an extension header of 8 bytes before body, without more in it than
// the number of what follows.
func ext(next int, body ...[]byte) []byte {
	return join([]byte{byte(next), 0}, hx("0104 00000000"), join(body...))
}

// seg is a TCP segment from port 40000 to 443 with sequence number 1000.
func seg(payload string) []byte {
	return join(hx("9c40 01bb 000003e8 000007d0 5018 1000 0000 0000"), []byte(payload))
}

// dgram is a UDP datagram.
func dgram(src, dst int, body ...[]byte) []byte {
	b := join(body...)
	return join(u16(src), u16(dst), u16(8+len(b)), hx("0000"), b)
}

const hello = "hello"

// tcp4 and tcp6 are whole packets with the segment that the tables look for.
func tcp4() []byte { return ip4(6, seg(hello)) }
func tcp6() []byte { return ip6(6, seg(hello)) }

// decode is Decode with a new Decoder, of a frame that was not cut.
func decode(link uint32, b []byte) (Kind, Packet) {
	var p Packet
	k := NewDecoder(Limits{}).Decode(link, b, len(b), epoch, &p)
	return k, p
}
