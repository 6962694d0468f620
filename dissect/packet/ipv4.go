package packet

// IP protocol numbers (IANA Protocol Numbers).
const (
	protoHopByHop = 0
	protoIPv4     = 4
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoESP      = 50
	protoAH       = 51
	protoNoNext   = 59
	protoDestOpts = 60
	protoIPIP     = 94
	protoEtherIP  = 97
	protoMobility = 135
	protoMPLS     = 137
	protoHIP      = 139
	protoShim6    = 140
	protoEthernet = 143
)

// ipv4 reads an IPv4 packet (RFC 791, section 3.1).
func (d *Decoder) ipv4(b []byte, p *Packet) Kind {
	if len(b) < 20 {
		return d.fail(shortIPv4, b, 20, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	if b[0] != 0x45 {
		if b[0]>>4 == 6 {
			p.Odd |= OddVersion
			return d.ipv6(b, p)
		}
		if k := d.ipv4Options(b, p); k != Other {
			return k
		}
	}
	n := int(b[0]&0xF) * 4
	total := int(be16(b[2:]))
	missing := 0
	switch {
	case total == len(b):
	case total == 0: // left to the network card, which cuts the segment
		p.Odd |= OddLengthZero
		p.noSum = true
		missing = d.cut
	case total < n:
		return d.fail(badIPv4Length, b, n, p)
	case total < len(b):
		b = b[:total]
	default:
		missing = d.beyond(total-len(b), p)
	}
	if be16(b[6:])&0x3FFF != 0 { // more fragments, or an offset
		return d.fragment4(b[:n], b[n:], missing, p)
	}
	if b[9] == ProtoTCP {
		return d.tcp(b[:n], b[n:], missing, p)
	}
	return d.transport(b[9], b[:n], b[n:], missing, p)
}

// beyond returns how many of the n bytes that a length field counts and that are
// not there were on the wire. If not all were, the length is a lie.
func (d *Decoder) beyond(n int, p *Packet) int {
	if n > d.cut {
		p.Odd |= OddLengthBeyondFrame
		return d.cut
	}
	return n
}

// ipv4Options checks version and header length, and walks the options. It
// returns Other if reading can go on.
func (d *Decoder) ipv4Options(b []byte, p *Packet) Kind {
	if b[0]>>4 != 4 {
		return d.fail(badIPv4Version, b, 20, p)
	}
	n := int(b[0]&0xF) * 4
	if n < 20 {
		return d.fail(badIPv4HeaderLength, b, 20, p)
	}
	if len(b) < n {
		return d.fail(shortIPv4, b, n, p)
	}
	const looseRoute, strictRoute = 131, 137
	for o := b[20:n]; len(o) > 0; {
		switch o[0] {
		case 0: // end of options
			return Other
		case 1: // no operation
			o = o[1:]
			continue
		case looseRoute, strictRoute:
			// The checksum covers the last address of the route, not Dst.
			p.noSum = true
		}
		if len(o) < 2 || o[1] < 2 || int(o[1]) > len(o) {
			p.Odd |= OddIPOptions
			return Other
		}
		o = o[o[1]:]
	}
	return Other
}

// transport reads what an IP header, without or with its extension headers,
// announces. ip is the header, b the bytes behind it, missing how many of those
// are not in the capture.
func (d *Decoder) transport(proto uint8, ip, b []byte, missing int, p *Packet) Kind {
	switch proto {
	case ProtoTCP:
		return d.tcp(ip, b, missing, p)
	case ProtoUDP:
		return d.udp(ip, b, missing, p)
	case protoIPv4, protoIPIP:
		if ip[0]>>4 == 4 {
			p.pushTunnel(hopIPIP, 0)
		} else {
			p.pushTunnel(hop4in6, 0)
		}
		return d.ipv4(b, p)
	case protoIPv6:
		if ip[0]>>4 == 4 {
			p.pushTunnel(hop6in4, 0)
		} else {
			p.pushTunnel(hop6in6, 0)
		}
		return d.ipv6(b, p)
	case protoGRE:
		return d.gre(b, p)
	case protoAH:
		// In IPv6 the chain of extension headers is read on behind it.
		if ip[0]>>4 == 4 {
			next, rest, ok := authentication(b)
			if !ok {
				return d.fail(shortAH, b, authenticationLength(b), p)
			}
			if !d.enter() {
				return d.tooDeep(b, p)
			}
			p.push(hopAH, 0)
			return d.transport(next, ip, rest, missing, p)
		}
	case protoESP:
		return d.opaque(encryptedESP)
	case protoEtherIP: // RFC 3378: version 3 and 12 bits of zero
		if len(b) < 2 {
			return d.fail(shortTunnel, b, 2, p)
		}
		p.pushTunnel(hopEtherIP, 0)
		return d.innerEthernet(b[2:], p)
	case protoEthernet: // RFC 8986, section 4.9
		p.Zone = 0
		return d.innerEthernet(b, p)
	case protoMPLS:
		p.Zone = 0
		return d.mpls(b, p)
	}
	return Other
}

// authenticationLength returns the length of the IPsec authentication header at
// the start of b (RFC 4302, section 2), as far as it can be told.
func authenticationLength(b []byte) int {
	if len(b) < 12 {
		return 12
	}
	return max(12, (int(b[1])+2)*4)
}

// authentication steps over an authentication header.
func authentication(b []byte) (next uint8, rest []byte, ok bool) {
	n := authenticationLength(b)
	if n > len(b) {
		return 0, nil, false
	}
	return b[0], b[n:], true
}
