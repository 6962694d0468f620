package filter

// Ethernet types (IEEE registry) and LLC addresses that need special care.
const (
	etherIP     = 0x0800
	etherARP    = 0x0806
	etherRARP   = 0x8035
	etherATalk  = 0x809b
	etherAARP   = 0x80f3
	etherIPX    = 0x8137
	etherIP6    = 0x86dd
	etherMPLS   = 0x8847
	etherPPPoED = 0x8863
	etherPPPoES = 0x8864

	llcIP      = 0x06
	llcSTP     = 0x42
	llcIPX     = 0xe0
	llcNetBEUI = 0xf0
	llcISO     = 0xfe

	maxLength8023 = 1500 // greatest value of the length field of IEEE 802.3
)

// place is an offset into the packet, with or without the run-time length of
// a VLAN tag that the kernel may have taken out.
type place struct {
	off      uint32
	variable bool
}

// compiler holds where the headers are at the current place in the expression:
// vlan, mpls and pppoes move them for everything that follows in the text.
type compiler struct {
	opt     Options
	link    uint32 // the LINKTYPE of the innermost link layer: PPP after pppoes
	linkhdr place  // start of the innermost link-layer header
	ltype   place  // its field that names the payload's protocol
	payload place  // its payload
	network uint32 // start of the network layer in the payload: behind MPLS labels
	vlans   int
	labels  int
	usesVar bool
}

func newCompiler(link uint32, opt Options) (*compiler, *SyntaxError) {
	c := &compiler{opt: opt, link: link}
	switch link {
	case linkEthernet:
		c.ltype.off, c.payload.off = 12, 14
	case linkSLL:
		c.ltype.off, c.payload.off = 14, 16
	case linkSLL2:
		c.ltype.off, c.payload.off = 0, 20
	case linkPPP:
		c.ltype.off, c.payload.off = 2, 4
	case linkNull, linkLoop:
		c.payload.off = 4
	case linkRaw, linkRaw12, linkRaw14:
		c.link = linkRaw
	case linkIPv4, linkIPv6:
	default:
		return nil, &SyntaxError{What: "filters on " + linkName(link) + " are not compiled here",
			hint: "leave the filter out, or install tcpdump, whose compiler knows more link types", beyond: true}
	}
	return c, nil
}

// at is the value of size bytes at p + off, masked.
func at(p place, off uint32, size uint8, mask uint32) value {
	v := value{kind: vAbs, size: size, off: p.off + off, mask: mask}
	if p.variable {
		v.kind = vVar
	}
	return v
}

// net is a value of the network layer's header.
func (c *compiler) net(off uint32, size uint8, mask uint32) value {
	return at(c.payload, c.network+off, size, mask)
}

// tran is a value of the header behind the IPv4 header and its options.
func (c *compiler) tran(off uint32, size uint8) value {
	base := c.payload.off + c.network
	v := value{kind: vTran, size: size, base: base, off: base + off, mask: noMask}
	if c.payload.variable {
		v.kind = vTranVar
	}
	return v
}

// eq is the test that a masked field has a value.
func eq(v value, k uint32) *node { return leaf(v, jeq, k) }

// linktype tests that the link layer's payload is of an Ethernet type, or for
// numbers up to 1500 of an LLC address.
func (c *compiler) linktype(proto uint32, tok token) (*node, *SyntaxError) {
	if c.labels > 0 {
		return c.mplsPayload(proto, tok)
	}
	switch c.link {
	case linkEthernet:
		return c.etherType(proto), nil
	case linkSLL:
		return c.sllType(proto), nil
	case linkSLL2: // as libpcap: no LLC behind it is looked at
		return eq(at(c.ltype, 0, 2, noMask), proto), nil
	case linkPPP:
		return eq(at(c.ltype, 0, 2, noMask), pppType(proto)), nil
	case linkNull, linkLoop:
		return c.addressFamily(proto), nil
	case linkRaw:
		switch proto {
		case etherIP:
			return eq(at(c.payload, 0, 1, 0xf0), 0x40), nil
		case etherIP6:
			return eq(at(c.payload, 0, 1, 0xf0), 0x60), nil
		}
		return constNode(false), nil
	case linkIPv4:
		return constNode(proto == etherIP), nil
	}
	return constNode(proto == etherIP6), nil
}

// mplsPayload: MPLS does not name its payload, so the bottom-of-stack bit and
// the version of the IP header are looked at (RFC 3032 section 2.1).
func (c *compiler) mplsPayload(proto uint32, tok token) (*node, *SyntaxError) {
	version := uint32(0x40)
	switch proto {
	case etherIP:
	case etherIP6:
		version = 0x60
	default:
		return nil, errAt(tok, "behind 'mpls' only ip, ip6 and what they carry can be found", "%s is not recognised behind MPLS labels", tok)
	}
	bottom := at(c.payload, c.network-2, 1, 0x01)
	return and(eq(bottom, 1), eq(c.net(0, 1, 0xf0), version)), nil
}

// pppType maps an Ethernet type to PPP's protocol number (RFC 1661).
func pppType(proto uint32) uint32 {
	switch proto {
	case etherIP:
		return 0x21
	case etherIP6:
		return 0x57
	case llcISO:
		return 0x23
	case 0x6003: // DECnet
		return 0x27
	case etherATalk:
		return 0x29
	case 0x0600: // XNS
		return 0x25
	case llcSTP:
		return 0x31
	case llcIPX:
		return 0x2b
	}
	return proto
}

// addressFamily tests the AF_ value in front of packets of BSD loopbacks: in
// network byte order for LOOP, in that of the capturing machine for NULL.
func (c *compiler) addressFamily(proto uint32) *node {
	var families []uint32
	switch proto {
	case etherIP:
		families = []uint32{2}
	case etherIP6:
		families = []uint32{10, 24, 28, 30} // Linux; NetBSD, OpenBSD; FreeBSD; macOS
	default:
		return constNode(false)
	}
	field := at(c.linkhdr, 0, 4, noMask)
	var n *node
	for _, f := range families {
		one := eq(field, f)
		if c.link == linkNull {
			one = or(eq(field, f<<24), one)
		}
		if n == nil {
			n = one
		} else {
			n = or(n, one)
		}
	}
	return n
}

// etherType tests the type of an Ethernet frame, where a number up to 1500 is
// the length of an IEEE 802.3 frame with an LLC header.
func (c *compiler) etherType(proto uint32) *node {
	field := at(c.ltype, 0, 2, noMask)
	llc := not(leaf(field, jgt, maxLength8023))
	switch proto {
	case llcISO, llcIP, llcNetBEUI:
		return and(llc, eq(at(c.payload, 0, 2, noMask), proto<<8|proto))
	case llcIPX:
		frames := or(c.snap(0, etherIPX), or(eq(at(c.payload, 0, 1, noMask), llcIPX), eq(at(c.payload, 0, 2, noMask), 0xffff)))
		return or(eq(field, etherIPX), and(llc, frames))
	case etherATalk:
		return or(eq(field, proto), and(llc, c.snap(0x080007, etherATalk)))
	case etherAARP:
		return or(eq(field, proto), and(llc, c.snap(0, etherAARP)))
	}
	if proto <= maxLength8023 {
		return and(llc, eq(at(c.payload, 0, 1, noMask), proto))
	}
	return eq(field, proto)
}

// sllType is etherType for Linux cooked packets, whose type field is 1 for
// Novell's raw 802.3 and 4 for LLC.
func (c *compiler) sllType(proto uint32) *node {
	field := at(c.ltype, 0, 2, noMask)
	llc := eq(field, 4)
	switch proto {
	case llcISO, llcIP, llcNetBEUI:
		return and(llc, eq(at(c.payload, 0, 2, noMask), proto<<8|proto))
	case llcIPX:
		frames := or(eq(at(c.payload, 0, 1, noMask), llcIPX), c.snap(0, etherIPX))
		return or(eq(field, etherIPX), or(eq(field, 1), and(llc, frames)))
	case etherATalk:
		return or(eq(field, proto), and(llc, c.snap(0x080007, etherATalk)))
	case etherAARP:
		return or(eq(field, proto), and(llc, c.snap(0, etherAARP)))
	}
	if proto <= maxLength8023 {
		return and(llc, eq(at(c.payload, 0, 1, noMask), proto))
	}
	return eq(field, proto)
}

// snap tests a SNAP header (IEEE 802): AA AA 03, an organisation, a type.
func (c *compiler) snap(org, proto uint32) *node {
	return and(eq(at(c.payload, 4, 4, noMask), org<<16&0xffff0000|proto), eq(at(c.payload, 0, 4, noMask), 0xaaaa0300|org>>16))
}
