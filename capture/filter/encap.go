package filter

// Offsets of Linux's ancillary data (linux/filter.h): loads from there are
// answered by the kernel and not from the packet.
const (
	ancillary       = 0xfffff000
	ancillaryTag    = ancillary + 44 // SKF_AD_VLAN_TAG
	ancillaryTagged = ancillary + 48 // SKF_AD_VLAN_TAG_PRESENT
)

// vlan tests for a VLAN tag (IEEE 802.1Q) and steps over it.
func (c *compiler) vlan(id uint32, hasID bool, tok token) (*node, *SyntaxError) {
	if c.labels > 0 {
		return nil, errAt(tok, "put 'vlan' before 'mpls'", "a VLAN tag cannot follow MPLS labels")
	}
	if c.link != linkEthernet {
		return nil, errAt(tok, "", "%s has no VLAN tags", linkName(c.link))
	}
	if hasID && id > 0xfff {
		return nil, errAt(tok, "", "the VLAN identifier %d is greater than 4095", id)
	}
	live := c.opt.Live && c.vlans == 0
	c.vlans++
	if live {
		return c.vlanLive(id, hasID), nil
	}
	n := c.tagType()
	if hasID {
		n = and(n, eq(c.net(0, 2, 0x0fff), id))
	}
	c.payload.off += 4
	c.ltype.off += 4
	return n, nil
}

func (c *compiler) tagType() *node {
	field := at(c.ltype, 0, 2, noMask)
	return or(or(eq(field, 0x8100), eq(field, 0x88a8)), eq(field, 0x9100))
}

// vlanLive asks the kernel for the tag that it has taken out of the packet. A
// tag that is still in the packet is found as in a file, and from there on
// everything lies 4 bytes further on.
func (c *compiler) vlanLive(id uint32, hasID bool) *node {
	tagged := func() *node { return eq(value{kind: vAbs, size: 1, off: ancillaryTagged, mask: noMask}, 1) }
	inPacket := c.tagType()
	first := inPacket
	for first.kind != nLeaf {
		first = first.l
	}
	first.t.setVar = true
	n := or(tagged(), inPacket)
	if hasID {
		taken := eq(value{kind: vAbs, size: 1, off: ancillaryTag, mask: 0x0fff}, id)
		n = and(n, or(and(tagged(), taken), and(not(tagged()), eq(c.net(0, 2, 0x0fff), id))))
	}
	c.usesVar = true
	c.payload.variable, c.ltype.variable = true, true
	return n
}

// mpls tests for a label (RFC 3032) and steps over it.
func (c *compiler) mpls(label uint32, hasLabel bool, tok token) (*node, *SyntaxError) {
	if hasLabel && label > 0xfffff {
		return nil, errAt(tok, "", "the MPLS label %d is greater than 1048575", label)
	}
	var n *node
	switch {
	case c.labels > 0: // the label before is not the last of the stack
		n = eq(at(c.payload, c.network-2, 1, 0x01), 0)
	case c.link == linkEthernet:
		n = c.etherType(etherMPLS)
	case c.link == linkPPP:
		n = eq(at(c.ltype, 0, 2, noMask), 0x281)
	default:
		return nil, errAt(tok, "", "%s has no MPLS labels", linkName(c.link))
	}
	if hasLabel {
		n = and(n, eq(c.net(0, 4, 0xfffff000), label<<12))
	}
	c.network += 4
	c.labels++
	return n, nil
}

// pppoes tests for a PPPoE session packet (RFC 2516) and steps over its
// header: what follows is PPP.
func (c *compiler) pppoes(session uint32, hasSession bool, tok token) (*node, *SyntaxError) {
	if hasSession && session > 0xffff {
		return nil, errAt(tok, "", "the PPPoE session %d is greater than 65535", session)
	}
	n, err := c.linktype(etherPPPoES, tok)
	if err != nil {
		return nil, err
	}
	if hasSession {
		n = and(n, eq(c.net(0, 4, 0x0000ffff), session))
	}
	ppp := place{off: c.payload.off + c.network + 6, variable: c.payload.variable}
	c.link, c.linkhdr, c.ltype = linkPPP, ppp, ppp
	c.payload = place{off: ppp.off + 2, variable: ppp.variable}
	c.network = 0
	return n, nil
}

// broadcast tests for the broadcast address of Ethernet or IPv4.
func (c *compiler) broadcast(p proto, tok token) (*node, *SyntaxError) {
	switch p {
	case pNone, pLink:
		if c.link != linkEthernet {
			return nil, errAt(tok, "'ip broadcast' goes with every link type", "%s has no broadcast address", linkName(c.link))
		}
		return c.etherHost([6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, dDst, tok)
	case pIP:
		l, err := c.linktype(etherIP, tok)
		if err != nil {
			return nil, err
		}
		dst := c.net(16, 4, noMask)
		return and(l, or(eq(dst, 0), eq(dst, 0xffffffff))), nil
	}
	return nil, errAt(tok, "write broadcast, ether broadcast or ip broadcast", "'broadcast' does not go with the protocol before it")
}

// multicast tests for a group address of Ethernet, IPv4 or IPv6.
func (c *compiler) multicast(p proto, tok token) (*node, *SyntaxError) {
	switch p {
	case pNone, pLink:
		if c.link != linkEthernet {
			return nil, errAt(tok, "'ip multicast' and 'ip6 multicast' go with every link type", "%s has no multicast addresses", linkName(c.link))
		}
		return leaf(at(c.linkhdr, 0, 1, noMask), jset, 1), nil
	case pIP:
		l, err := c.linktype(etherIP, tok)
		if err != nil {
			return nil, err
		}
		return and(l, leaf(c.net(16, 1, noMask), jge, 224)), nil
	case pIP6:
		l, err := c.linktype(etherIP6, tok)
		if err != nil {
			return nil, err
		}
		return and(l, eq(c.net(24, 1, noMask), 255)), nil
	}
	return nil, errAt(tok, "write multicast, ether multicast, ip multicast or ip6 multicast", "'multicast' does not go with the protocol before it")
}
