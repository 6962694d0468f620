//go:build linux

package main

// layers are the headers that a rule can name. id holds the numbers of the
// down and the up direction.
var layers = map[string]func(id [2]uint32) layer{
	"eth": func([2]uint32) layer {
		return func(p packet, up bool) []packet {
			return []packet{{ether: etherTEB, proto: 143, b: ethernet(p, up, false), mirrored: p.mirrored}}
		}
	},
	// IEEE 802.1Q-2022, 9.3; 0x9100 was never a standard.
	"vlan": tag(0x8100),
	"qinq": tag(0x88A8),
	"9100": tag(0x9100),
	// IEEE 802.1Q-2022, 9.7: a backbone service instance.
	"pbb": func(id [2]uint32) layer {
		return header(id, 0x88E7, 0, func(_ packet, id uint32) []byte { return bytes32(id) })
	},
	// Cisco's VN-Tag (destination and source interface) and MetaData (a security
	// group).
	"vntag": func(id [2]uint32) layer {
		return header(id, 0x8926, 0, func(p packet, id uint32) []byte { return bytes16(uint16(id), 0x0000, p.ether) })
	},
	"sgt": func(id [2]uint32) layer {
		return header(id, 0x8909, 0, func(p packet, id uint32) []byte { return bytes16(0x0101, 0x0001, uint16(id), p.ether) })
	},
	// RFC 3032, section 2.1.
	"mpls": func(id [2]uint32) layer {
		return header(id, etherMPLS, 137, func(p packet, id uint32) []byte {
			bottom := uint32(0x100)
			if p.ether == etherMPLS {
				bottom = 0
			}
			return bytes32(id<<12 | bottom | 64)
		})
	},
	// RFC 4448, section 4.6: the control word of a pseudowire.
	"cw": func(id [2]uint32) layer {
		return header(id, 0, 0, func(packet, uint32) []byte { return bytes32(0) })
	},
	// RFC 2516, section 4.
	"pppoe": func(id [2]uint32) layer {
		return header(id, 0x8864, 0, func(p packet, id uint32) []byte {
			return bytes16(0x1100, uint16(id), uint16(len(p.b)+2), pppProtocol(p))
		})
	},
	// RFC 2784, RFC 2890.
	"gre": func(id [2]uint32) layer {
		return header(id, 0, 47, func(p packet, _ uint32) []byte { return bytes16(0, p.ether) })
	},
	"gre-key": func(id [2]uint32) layer {
		return header(id, 0, 47, func(p packet, id uint32) []byte { return append(bytes16(0x2000, p.ether), bytes32(id)...) })
	},
	// draft-foschiano-erspan-03, section 4.
	"erspan1": func(id [2]uint32) layer {
		return mirror(header(id, 0, 47, func(packet, uint32) []byte { return bytes16(0, 0x88BE) }))
	},
	"erspan2": func(id [2]uint32) layer {
		sequence := uint32(0)
		return mirror(header(id, 0, 47, func(_ packet, id uint32) []byte {
			sequence++
			return append(bytes16(0x1000, 0x88BE), bytes32(sequence, 0x10010000|id&0x3FF, 1)...)
		}))
	},
	"erspan3": func(id [2]uint32) layer {
		sequence := uint32(0)
		return mirror(header(id, 0, 47, func(_ packet, id uint32) []byte {
			sequence++
			return append(bytes16(0x1000, 0x22EB), bytes32(sequence, 0x20010000|id&0x3FF, sequence*10, 0x10)...)
		}))
	},
	// RFC 7348, section 5.
	"vxlan": func(id [2]uint32) layer {
		return udp(source(4789), false, header(id, 0, 0, func(_ packet, id uint32) []byte { return bytes32(0x08000000, id<<8) }))
	},
	// RFC 8926, section 3.4, with an option that OVN sends: it must be understood.
	"geneve": func(id [2]uint32) layer {
		return udp(source(6081), false, header(id, 0, 0, func(p packet, id uint32) []byte {
			return append(bytes16(0x0240, p.ether), bytes32(id<<8, 0x01028001, 0x00010002)...)
		}))
	},
	// 3GPP TS 29.281, section 5; TS 38.415, section 5.5.2.
	"gtpu": func(id [2]uint32) layer {
		return udp(both(2152), true, header(id, 0, 0, func(p packet, id uint32) []byte {
			return append(bytes16(0x30FF, uint16(len(p.b))), bytes32(id)...)
		}))
	},
	"gtpu-5g": func(id [2]uint32) layer {
		inner := func(p packet, up bool) []packet {
			b := append(bytes16(0x34FF, uint16(len(p.b)+8)), bytes32(id[index(up)])...)
			b = append(b, 0, 0, 0, 0x85, 1, byte(index(up))<<4, 9, 0) // PDU session container
			return []packet{{b: append(b, p.b...)}}
		}
		return udp(both(2152), true, inner)
	},
	// RFC 2661, section 3.1, with a length; PPP as in RFC 1662.
	"l2tp": func(id [2]uint32) layer {
		return udp(both(1701), true, header(id, 0, 0, func(p packet, id uint32) []byte {
			return bytes16(0x4002, uint16(len(p.b)+12), uint16(id), uint16(id+1), 0xFF03, pppProtocol(p)) // tunnel, session
		}))
	},
	// RFC 4380, section 5.1.1: the client is behind port 50000 of its NAT.
	"teredo": func(id [2]uint32) layer {
		return udp([2][2]uint16{{3544, 50000}, {50000, 3544}}, true, header(id, 0, 0, func(packet, uint32) []byte { return nil }))
	},
	// The TaZmen Sniffer Protocol: version 1, a received Ethernet frame, no tags.
	"tzsp": func(id [2]uint32) layer {
		return mirror(udp(both(37008), true, header(id, 0, 0, func(packet, uint32) []byte { return []byte{1, 0, 0, 1, 1} })))
	},
	"ip4": func([2]uint32) layer { return ip4() },
	// A load balancer tunnels what the client sends; the server answers directly.
	"ip4-up": func([2]uint32) layer {
		tunnel := ip4()
		return func(p packet, up bool) []packet {
			if !up {
				return []packet{p}
			}
			return tunnel(p, up)
		}
	},
	"ip6":          func([2]uint32) layer { return ip6 },
	"frag":         func(id [2]uint32) layer { return fragments(int(id[0]), 0) },
	"frag-overlap": func(id [2]uint32) layer { return fragments(int(id[0]), 16) },
}

func tag(t uint16) func(id [2]uint32) layer {
	return func(id [2]uint32) layer {
		return header(id, t, 0, func(p packet, id uint32) []byte { return bytes16(uint16(id), p.ether) })
	}
}

func mirror(l layer) layer {
	return func(p packet, up bool) []packet {
		out := l(p, up)
		for i := range out {
			out[i].mirrored = true
		}
		return out
	}
}

func pppProtocol(p packet) uint16 {
	switch p.ether {
	case etherIPv6:
		return 0x0057
	case etherMPLS:
		return 0x0281
	}
	return 0x0021
}

// source and both are the ports of a tunnel in each direction: from one that
// stands for the flow to a fixed one, or from a fixed one to the same.
func source(port uint16) [2][2]uint16 { return [2][2]uint16{{51002, port}, {51001, port}} }
func both(port uint16) [2][2]uint16   { return [2][2]uint16{{port, port}, {port, port}} }

// udp puts a UDP header (RFC 768) around what l makes. summed says that it has a
// checksum over IPv4; over IPv6 it always has.
func udp(ports [2][2]uint16, summed bool, l layer) layer {
	return func(p packet, up bool) []packet {
		out := l(p, up)
		for i, q := range out {
			at := ports[index(up)]
			b := bytes16(at[0], at[1], uint16(len(q.b)+8), 0)
			sum := 6
			if !summed {
				sum = -6 // only over IPv6
			}
			out[i] = packet{proto: 17, b: append(b, q.b...), sum: sum, mirrored: q.mirrored || p.mirrored}
		}
		return out
	}
}
