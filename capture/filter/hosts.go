package filter

type direction uint8

const (
	dNone direction = iota
	dSrc
	dDst
	dOr
	dAnd
)

type addrKind uint8

const (
	aNone addrKind = iota
	aHost
	aNet
	aPort
	aPortrange
	aProto
	aUndef // after a condition that has no qualifiers to hand on
)

// qual is what stands before an address or number, or is handed on to it:
// "tcp src port" in "tcp src port 80 or 443".
type qual struct {
	proto proto
	dir   direction
	addr  addrKind
}

// directed combines the tests of the source and of the destination.
func directed(dir direction, side func(dst bool) (*node, *SyntaxError)) (*node, *SyntaxError) {
	switch dir {
	case dSrc:
		return side(false)
	case dDst:
		return side(true)
	}
	src, err := side(false)
	if err != nil {
		return nil, err
	}
	dst, err := side(true)
	if err != nil {
		return nil, err
	}
	if dir == dAnd {
		return and(src, dst), nil
	}
	return or(src, dst), nil
}

// host4 tests IPv4 addresses in IPv4 and, if no protocol is named, in ARP and
// RARP (RFC 826).
func (c *compiler) host4(addr, mask uint32, q qual, tok token) (*node, *SyntaxError) {
	at := func(ether, src, dst uint32) (*node, *SyntaxError) {
		return directed(q.dir, func(isDst bool) (*node, *SyntaxError) {
			l, err := c.linktype(ether, tok)
			if err != nil {
				return nil, err
			}
			off := src
			if isDst {
				off = dst
			}
			return and(l, eq(c.net(off, 4, mask), addr)), nil
		})
	}
	switch q.proto {
	case pIP:
		return at(etherIP, 12, 16)
	case pARP:
		return at(etherARP, 14, 24)
	case pRARP:
		return at(etherRARP, 14, 24)
	case pNone:
		n, err := at(etherIP, 12, 16)
		if err != nil || c.labels > 0 {
			return n, err
		}
		arp, err := at(etherARP, 14, 24)
		if err != nil {
			return nil, err
		}
		rarp, err := at(etherRARP, 14, 24)
		if err != nil {
			return nil, err
		}
		return or(or(n, arp), rarp), nil
	}
	return nil, errAt(tok, "write the protocol as a condition of its own: tcp and host 10.0.0.1", "the IPv4 address %s does not go with the protocol before it", tok)
}

// host6 tests IPv6 addresses under a prefix of mask words.
func (c *compiler) host6(addr, mask [4]uint32, q qual, tok token) (*node, *SyntaxError) {
	if q.proto != pNone && q.proto != pIP6 {
		return nil, errAt(tok, "write the protocol as a condition of its own: tcp and host 2001:db8::1", "the IPv6 address %s does not go with the protocol before it", tok)
	}
	return directed(q.dir, func(isDst bool) (*node, *SyntaxError) {
		off := uint32(8)
		if isDst {
			off = 24
		}
		n, err := c.linktype(etherIP6, tok)
		if err != nil {
			return nil, err
		}
		for i := range addr {
			n = and(n, eq(c.net(off+4*uint32(i), 4, mask[i]), addr[i]))
		}
		return n, nil
	})
}

// etherHost tests the MAC addresses of an Ethernet frame.
func (c *compiler) etherHost(mac [6]byte, dir direction, tok token) (*node, *SyntaxError) {
	if c.link != linkEthernet {
		return nil, errAt(tok, "", "%s has no Ethernet addresses", linkName(c.link))
	}
	return directed(dir, func(isDst bool) (*node, *SyntaxError) {
		off := uint32(6)
		if isDst {
			off = 0
		}
		last := eq(at(c.linkhdr, off+2, 4, noMask), be32(mac[2:]))
		return and(last, eq(at(c.linkhdr, off, 2, noMask), be32(mac[:4])>>16)), nil
	})
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// transports are the IP protocol numbers that have ports; none means all, in
// libpcap's order.
func transports(p proto) []uint32 {
	switch p {
	case pTCP:
		return []uint32{6}
	case pUDP:
		return []uint32{17}
	case pSCTP:
		return []uint32{132}
	}
	return []uint32{132, 6, 17}
}

// ports tests that a port lies in [lo, hi]. In IPv4 only the first fragment has
// ports; in IPv6 the transport header must follow the fixed header.
func (c *compiler) ports(lo, hi uint32, only proto, dir direction, tok token) (*node, *SyntaxError) {
	if lo > hi {
		lo, hi = hi, lo
	}
	family := func(ether, next uint32, port func(off uint32) value, first func() *node) (*node, *SyntaxError) {
		link, err := c.linktype(ether, tok)
		if err != nil {
			return nil, err
		}
		var any *node
		for _, t := range transports(only) {
			is := eq(c.net(next, 1, noMask), t)
			if first != nil {
				is = and(is, first())
			}
			in, _ := directed(dir, func(isDst bool) (*node, *SyntaxError) {
				v := port(0)
				if isDst {
					v = port(2)
				}
				if lo == hi {
					return eq(v, lo), nil
				}
				return and(leaf(v, jge, lo), not(leaf(v, jgt, hi))), nil
			})
			one := and(is, in)
			if any == nil {
				any = one
			} else {
				any = or(any, one)
			}
		}
		return and(link, any), nil
	}
	v6, err := family(etherIP6, 6, func(off uint32) value { return c.net(40+off, 2, noMask) }, nil)
	if err != nil {
		return nil, err
	}
	v4, err := family(etherIP, 9, func(off uint32) value { return c.tran(off, 2) }, c.firstFragment)
	if err != nil {
		return nil, err
	}
	return or(v6, v4), nil
}

// firstFragment tests that the fragment offset is 0 (RFC 791 section 3.1).
func (c *compiler) firstFragment() *node {
	return not(leaf(c.net(6, 2, noMask), jset, 0x1fff))
}

// protoNumber tests the protocol that IPv4, IPv6 or the link layer names.
func (c *compiler) protoNumber(v uint32, p proto, tok token) (*node, *SyntaxError) {
	switch p {
	case pLink:
		return c.linktype(v, tok)
	case pIP:
		l, err := c.linktype(etherIP, tok)
		if err != nil {
			return nil, err
		}
		return and(l, eq(c.net(9, 1, noMask), v)), nil
	case pIP6:
		l, err := c.linktype(etherIP6, tok)
		if err != nil {
			return nil, err
		}
		next := c.net(6, 1, noMask)
		behind := and(eq(next, 44), eq(c.net(40, 1, noMask), v)) // a fragment header (RFC 8200 section 4.5)
		return and(l, or(eq(next, v), behind)), nil
	case pNone:
		v4, err := c.protoNumber(v, pIP, tok)
		if err != nil {
			return nil, err
		}
		v6, err := c.protoNumber(v, pIP6, tok)
		if err != nil {
			return nil, err
		}
		return or(v4, v6), nil
	}
	return nil, errAt(tok, "'proto' goes with ip, ip6, ether or nothing before it", "the protocol before 'proto' carries none that could be named by %s", tok)
}

// protocol is the condition that a protocol's name is on its own.
func (c *compiler) protocol(p proto, tok token) (*node, *SyntaxError) {
	switch p {
	case pIP:
		return c.linktype(etherIP, tok)
	case pIP6:
		return c.linktype(etherIP6, tok)
	case pARP:
		return c.linktype(etherARP, tok)
	case pRARP:
		return c.linktype(etherRARP, tok)
	case pTCP:
		return c.protoNumber(6, pNone, tok)
	case pUDP:
		return c.protoNumber(17, pNone, tok)
	case pSCTP:
		return c.protoNumber(132, pNone, tok)
	case pPIM:
		return c.protoNumber(103, pNone, tok)
	case pAH:
		return c.protoNumber(51, pNone, tok)
	case pESP:
		return c.protoNumber(50, pNone, tok)
	case pICMP:
		return c.protoNumber(1, pIP, tok)
	case pIGMP:
		return c.protoNumber(2, pIP, tok)
	case pIGRP:
		return c.protoNumber(9, pIP, tok)
	case pVRRP, pCARP:
		return c.protoNumber(112, pIP, tok)
	case pICMP6:
		return c.protoNumber(58, pIP6, tok)
	}
	return nil, errAt(tok, "write for example: ether host 00:11:22:33:44:55, ether proto 0x88cc, ether[0] & 1 != 0", "%s needs something after it", tok)
}
