//go:build linux

package main

import (
	"encoding/binary"
	"hash/crc32"
)

// A link is a link type of https://www.tcpdump.org/linktypes.html and the header
// that it has before a packet.
type link struct {
	number uint32
	frame  func(p packet, up bool) []byte
}

var links = map[string]func() link{
	"ethernet": func() link {
		return link{1, func(p packet, up bool) []byte { return ethernet(p, up, true) }}
	},
	"null": func() link { // macOS on an Intel or ARM processor
		return link{0, func(p packet, _ bool) []byte { return append([]byte{family(p, 30), 0, 0, 0}, p.b...) }}
	},
	"loop": func() link { // OpenBSD
		return link{108, func(p packet, _ bool) []byte { return append([]byte{0, 0, 0, family(p, 24)}, p.b...) }}
	},
	"raw": func() link {
		return link{101, func(p packet, _ bool) []byte { return p.b }}
	},
	"ppp": func() link { // RFC 1661, RFC 1662
		return link{9, func(p packet, _ bool) []byte { return append(bytes16(0xFF03, pppProtocol(p)), p.b...) }}
	},
	"ppp-hdlc": func() link {
		return link{50, func(p packet, _ bool) []byte { return append(bytes16(0xFF03, pppProtocol(p)), p.b...) }}
	},
	"chdlc": func() link {
		return link{104, func(p packet, _ bool) []byte { return append(bytes16(0x0F00, p.ether), p.b...) }}
	},
	"frame-relay": func() link { // RFC 2427, section 3: DLCI 100
		return link{107, func(p packet, _ bool) []byte {
			nlpid := byte(0xCC)
			if p.ether == etherIPv6 {
				nlpid = 0x8E
			}
			return append([]byte{0x18, 0x41, 0x03, nlpid}, p.b...)
		}}
	},
	"wlan":     func() link { return link{105, wlan()} },
	"radiotap": func() link { return link{127, radiotap()} },
	"nflog":    func() link { return link{239, nflog} },
	"pktap":    func() link { return link{258, pktap} },
	"pflog":    func() link { return link{117, pflog} },
}

// family is the address family of a packet; that of IPv6 depends on the system.
func family(p packet, six byte) byte {
	if p.ether == etherIPv6 {
		return six
	}
	return 2
}

// wlan makes QoS data frames (IEEE 802.11-2020, 9.3.2) that are not encrypted,
// from a station to its access point and back.
func wlan() func(p packet, up bool) []byte {
	sequence := [2]uint16{}
	return func(p packet, up bool) []byte {
		const station, server, point = 1, 2, 3
		flags, addresses := byte(2), [3]byte{station, point, server} // from the distribution system
		if up {
			flags, addresses = 1, [3]byte{point, station, server}
		}
		b := []byte{0x88, flags, 0x2C, 0}
		for _, a := range addresses {
			b = append(b, 2, 0, 0, 0, 1, a)
		}
		n := &sequence[index(up)]
		b = binary.LittleEndian.AppendUint16(b, *n<<4)
		*n++
		b = append(b, 0, 0, 0xAA, 0xAA, 3, 0, 0, 0) // QoS control, LLC, SNAP
		return append(append(b, bytes16(p.ether)...), p.b...)
	}
}

// radiotap adds the radiotap header (time, flags, rate, channel, signal) and the
// frame check sequence that its flags promise.
func radiotap() func(p packet, up bool) []byte {
	inner, count := wlan(), uint64(0)
	return func(p packet, up bool) []byte {
		count++
		b := []byte{0, 0, 23, 0, 0x2F, 0, 0, 0}
		b = binary.LittleEndian.AppendUint64(b, count*1000)
		b = append(b, 0x10, 108, 0x3C, 0x14, 0x40, 0x01, 0xC4) // 54 Mbit/s, 5180 MHz, OFDM at 5 GHz, -60 dBm
		frame := inner(p, up)
		b = append(b, frame...)
		return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(frame))
	}
}

// nflog makes a record of the Linux netfilter log, its numbers in the order of a
// little-endian host where they are the host's.
func nflog(p packet, up bool) []byte {
	b := []byte{family(p, 10), 0, 0, 5} // version 0, group 5
	attribute := func(kind uint16, value []byte) {
		b = binary.LittleEndian.AppendUint16(b, uint16(4+len(value)))
		b = binary.LittleEndian.AppendUint16(b, kind)
		b = pad(append(b, value...))
	}
	hook, device := byte(1), uint16(4) // input
	if up {
		hook, device = 3, 5 // output
	}
	attribute(1, append(bytes16(p.ether), hook, 0))
	attribute(10, []byte("tls\x00"))
	attribute(device, bytes32(2))
	attribute(9, p.b)
	return b
}

// pktap makes the header of macOS that names interface and process; an Ethernet
// frame follows.
func pktap(p packet, up bool) []byte {
	b := make([]byte, 108)
	put := binary.LittleEndian.PutUint32
	put(b, uint32(len(b)))
	put(b[4:], 1)
	put(b[8:], 1)
	copy(b[12:36], "en0")
	flags := uint32(1) // received
	if up {
		flags = 2
	}
	put(b[36:], flags)
	put(b[40:], uint32(family(p, 30)))
	put(b[44:], 14)
	put(b[52:], 501)
	copy(b[56:76], "openssl")
	binary.LittleEndian.PutUint16(b[80:], 6)
	return append(b, ethernet(p, up, false)...)
}

// pflog makes a record of OpenBSD's packet filter log.
func pflog(p packet, up bool) []byte {
	b := make([]byte, 64)
	b[0], b[1] = 61, family(p, 24) // length without padding; passed, by a rule
	copy(b[4:20], "em0")
	b[60] = 1 // in
	if up {
		b[60] = 2
	}
	return append(b, p.b...)
}
