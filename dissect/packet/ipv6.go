package packet

// ipv6 reads an IPv6 packet (RFC 8200).
func (d *Decoder) ipv6(b []byte, p *Packet) Kind {
	if len(b) < 40 {
		return d.fail(shortIPv6, b, 40, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	if b[0]>>4 != 6 {
		return d.fail(badIPv6Version, b, 40, p)
	}
	ip, rest, next := b[:40], b[40:], b[6]
	n := int(be16(b[4:]))
	if n == 0 && next != protoNoNext {
		var ok bool
		if n, ok = d.zeroLength6(next, rest, p); !ok {
			return d.fail(badJumbo, rest, 0, p)
		}
	}
	missing := 0
	if n <= len(rest) {
		rest = rest[:n]
	} else {
		missing = d.beyond(n-len(rest), p)
	}
	if next == ProtoTCP {
		return d.tcp(ip, rest, missing, p)
	}
	return d.extensions(next, ip, rest, missing, p)
}

// zeroLength6 returns the payload length of a packet that says 0: the jumbo
// payload option's if there is one (RFC 2675), else all that is left, which is
// what segmentation offload means.
func (d *Decoder) zeroLength6(next uint8, rest []byte, p *Packet) (int, bool) {
	const jumbo = 0xC2
	if next == protoHopByHop && len(rest) >= 8 {
		o := rest[2:min((int(rest[1])+1)*8, len(rest))]
		for len(o) > 0 {
			if o[0] == 0 { // Pad1
				o = o[1:]
				continue
			}
			if len(o) < 2 || int(o[1])+2 > len(o) {
				break
			}
			if o[0] == jumbo && o[1] == 4 {
				n := be32(o[2:])
				return int(n), n > 0xFFFF && n < 1<<30
			}
			o = o[2+int(o[1]):]
		}
	}
	p.Odd |= OddLengthZero
	p.noSum = true
	return len(rest) + d.cut, true
}

// extensions walks the chain of extension headers (RFC 8200, section 4) to the
// upper layer. It takes them in any order.
func (d *Decoder) extensions(next uint8, ip, b []byte, missing int, p *Packet) Kind {
	for {
		var n int
		switch next {
		case protoRouting, protoHopByHop, protoDestOpts, protoMobility, protoHIP, protoShim6:
			if len(b) < 8 {
				return d.fail(shortIPv6Extension, b, 8, p)
			}
			n = (int(b[1]) + 1) * 8
			if next == protoRouting && b[3] != 0 {
				// Segments are left: the checksum covers the last of them, not Dst.
				p.noSum = true
			}
		case protoFragment:
			if len(b) < 8 {
				return d.fail(shortIPv6Extension, b, 8, p)
			}
			if be16(b[2:])&0xFFF9 != 0 {
				if !d.enter() {
					return d.tooDeep(b, p)
				}
				return d.fragment6(ip, b, missing, p)
			}
			n = 8 // an atomic fragment is whole (RFC 6946)
		case protoAH:
			n = authenticationLength(b)
		case protoNoNext:
			return Other
		default:
			return d.transport(next, ip, b, missing, p)
		}
		if len(b) < n {
			return d.fail(shortIPv6Extension, b, n, p)
		}
		if !d.enter() {
			return d.tooDeep(b, p)
		}
		if next == protoAH {
			p.push(hopAH, 0)
		}
		next, b = b[0], b[n:]
	}
}
