//go:build linux

package main

import (
	"encoding/binary"
	"slices"
)

// ip4 puts an IPv4 header (RFC 791) around a packet, between 203.0.113.1 and .2.
func ip4() layer {
	id := uint16(0)
	return func(p packet, up bool) []packet {
		id++
		from, to := byte(1), byte(2)
		if !up && !p.mirrored {
			from, to = to, from
		}
		h := bytes16(0x4500, uint16(20+len(p.b)), id, 0, 64<<8|uint16(p.proto), 0)
		h = append(h, 203, 0, 113, from, 203, 0, 113, to)
		binary.BigEndian.PutUint16(h[10:], ^sum(0, h))
		if p.sum > 0 {
			setSum(p, h[12:20])
		}
		return []packet{{ether: etherIPv4, proto: 4, b: append(h, p.b...), mirrored: p.mirrored}}
	}
}

// ip6 puts an IPv6 header (RFC 8200) around a packet, between 2001:db8:ff::1 and ::2.
func ip6(p packet, up bool) []packet {
	from, to := byte(1), byte(2)
	if !up && !p.mirrored {
		from, to = to, from
	}
	h := append(bytes16(0x6000, 0, uint16(len(p.b))), p.proto, 64)
	for _, last := range []byte{from, to} {
		h = append(h, 0x20, 0x01, 0x0D, 0xB8, 0, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, last)
	}
	if p.sum != 0 {
		p.sum = max(p.sum, -p.sum)
		setSum(p, h[8:40])
	}
	return []packet{{ether: etherIPv6, proto: 41, b: append(h, p.b...), mirrored: p.mirrored}}
}

// setSum writes the checksum of a UDP datagram (RFC 768) between addresses.
func setSum(p packet, addresses []byte) {
	s := sum(sum(0, addresses), bytes16(uint16(p.proto), uint16(len(p.b))))
	if s = ^sum(s, p.b); s == 0 {
		s = 0xFFFF
	}
	binary.BigEndian.PutUint16(p.b[p.sum:], s)
}

// sum is the Internet checksum (RFC 1071) before its last complement.
func sum(start uint16, b []byte) uint16 {
	s := uint32(start)
	for ; len(b) > 1; b = b[2:] {
		s += uint32(be16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return uint16(s)
}

// fragments cuts IP packets of more than size bytes into fragments that are no
// longer, the last one first, as a router with a smaller MTU behind it and two
// paths from there. Each repeats the last bytes of the one before it.
func fragments(size, repeat int) layer {
	id := uint32(0)
	return func(p packet, _ bool) []packet {
		if len(p.b) <= size {
			return []packet{p}
		}
		id++
		header := 20
		if p.ether == etherIPv6 {
			header = 40 + 8
		}
		body := p.b[header:]
		if p.ether == etherIPv6 {
			body = p.b[40:]
		}
		var out []packet
		step := (size - header) &^ 7
		for at := 0; at < len(body); at += step {
			from, to := max(at-repeat, 0), min(at+step, len(body))
			out = append(out, fragment(p, body[from:to], from, to < len(body), id))
		}
		slices.Reverse(out)
		return out
	}
}

// fragment makes one fragment (RFC 791, section 3.2; RFC 8200, section 4.5).
// IPv4 headers are of 20 bytes here.
func fragment(p packet, body []byte, at int, more bool, id uint32) packet {
	flag := uint16(0)
	if p.ether == etherIPv6 {
		if more {
			flag = 1
		}
		h := append([]byte(nil), p.b[:40]...)
		binary.BigEndian.PutUint16(h[4:], uint16(8+len(body)))
		next := h[6]
		h[6] = 44
		h = append(append(h, next, 0), bytes16(uint16(at)|flag)...)
		p.b = append(append(h, bytes32(id)...), body...)
		return p
	}
	if more {
		flag = 0x2000
	}
	h := append([]byte(nil), p.b[:20]...)
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(body)))
	if be16(h[4:]) == 0 { // a host that forbids fragments gives no numbers (RFC 6864, section 4.1)
		binary.BigEndian.PutUint16(h[4:], uint16(id))
	}
	binary.BigEndian.PutUint16(h[6:], uint16(at/8)|flag)
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], ^sum(0, h))
	p.b = append(h, body...)
	return p
}
