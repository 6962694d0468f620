package packet

// The tunnels over UDP return false for a datagram that does not look like
// theirs. They look at every bit of the header that has to have one value.

// vxlan reads a VXLAN header (RFC 7348, section 5), also with the bits of the
// group policy extension. Where reserved bits are set, the frame in it has to
// look like one.
func (d *Decoder) vxlan(b []byte, p *Packet) (Kind, bool) {
	const vni, group = 0x08, 0x80
	if len(b) < 8+14 || b[0]&^group != vni {
		return Other, false
	}
	reserved := b[7]
	if b[0] == vni {
		reserved |= b[1] | b[2] | b[3]
	}
	if reserved != 0 && !knownEtherType(b[8:]) {
		return Other, false
	}
	p.pushNetwork(hopVXLAN, be32(b[4:])>>8)
	return d.innerEthernet(b[8:], p), true
}

// vxlanGPE reads a VXLAN header that names what follows it
// (draft-ietf-nvo3-vxlan-gpe-13, section 3).
func (d *Decoder) vxlanGPE(b []byte, p *Packet) (Kind, bool) {
	const version, vni, next = 0x30, 0x08, 0x04
	if len(b) < 8 || b[0]&(version|vni) != vni || b[1]|b[2] != 0 || b[7] != 0 {
		return Other, false
	}
	proto := b[3]
	if b[0]&next == 0 {
		proto = 3
	}
	if !d.enter() {
		return d.tooDeep(b, p), true
	}
	p.pushNetwork(hopVXLANGPE, be32(b[4:])>>8)
	return d.nextProtocol(proto, b[8:], p), true
}

// geneve reads a Geneve header (RFC 8926, section 3.4).
func (d *Decoder) geneve(b []byte, p *Packet) (Kind, bool) {
	if len(b) < 8 || b[0]>>6 != 0 || b[1]&0x3F != 0 || b[7] != 0 {
		return Other, false
	}
	n := 8 + int(b[0]&0x3F)*4
	proto := be16(b[2:])
	if n > len(b) || !greProtocol(proto) {
		return Other, false
	}
	if !d.enter() {
		return d.tooDeep(b, p), true
	}
	p.pushNetwork(hopGeneve, be32(b[4:])>>8)
	return d.etherType(proto, b[n:], p), true
}

// gtpU reads a user-plane packet of version 1 (3GPP TS 29.281, section 5).
func (d *Decoder) gtpU(b []byte, missing int, p *Packet) (Kind, bool) {
	const gPDU = 255
	if len(b) < 8 || b[0]&0xF0 != 0x30 || int(be16(b[2:]))+8 != len(b)+missing {
		return Other, false
	}
	if b[1] != gPDU {
		return Other, false
	}
	teid := be32(b[4:])
	flags := b[0]
	b = b[8:]
	if flags&7 != 0 { // sequence number, N-PDU number, next extension type
		if len(b) < 4 {
			return Other, false
		}
		next := b[3]
		b = b[4:]
		for flags&4 != 0 && next != 0 {
			if len(b) < 4 || b[0] == 0 || int(b[0])*4 > len(b) {
				return Other, false
			}
			n := int(b[0]) * 4
			next = b[n-1]
			b = b[n:]
		}
	}
	if len(b) == 0 || b[0]>>4 != 4 && b[0]>>4 != 6 {
		return Other, false // perhaps an Ethernet session, which nothing marks
	}
	p.pushTunnel(hopGTPU, teid)
	return d.ip(b, p), true
}

// teredo reads IPv6 in UDP (RFC 4380, section 5.1.1) behind its optional
// authentication and origin indications.
func (d *Decoder) teredo(b []byte, missing int, p *Packet) (Kind, bool) {
	if len(b) >= 4 && b[0] == 0 && b[1] == 1 {
		n := 4 + int(b[2]) + int(b[3]) + 9
		if n > len(b) {
			return Other, false
		}
		b = b[n:]
	}
	if len(b) >= 8 && b[0] == 0 && b[1] == 0 {
		b = b[8:]
	}
	if len(b) < 40 || b[0]>>4 != 6 || int(be16(b[4:]))+40 > len(b)+missing {
		return Other, false
	}
	p.pushTunnel(hopTeredo, 0)
	return d.ipv6(b, p), true
}

// l2tp reads an L2TP data message of version 2 (RFC 2661, section 3.1). Control
// messages stay datagrams.
func (d *Decoder) l2tp(b []byte, missing int, p *Packet) (Kind, bool) {
	const control, length, sequence, offset = 0x8000, 0x4000, 0x0800, 0x0200
	const reserved = 0x34F0
	if len(b) < 6 {
		return Other, false
	}
	flags := be16(b)
	if flags&0xF != 2 || flags&(control|reserved) != 0 {
		return Other, false
	}
	n := 2
	if flags&length != 0 {
		if int(be16(b[2:])) > len(b)+missing {
			return Other, false
		}
		n += 2
	}
	n += 4 // tunnel and session
	if flags&sequence != 0 {
		n += 4
	}
	if flags&offset != 0 {
		if n+2 > len(b) {
			return Other, false
		}
		n += 2 + int(be16(b[n:]))
	}
	if n >= len(b) {
		return Other, false
	}
	p.pushTunnel(hopL2TP, 0)
	return d.ppp(b[n:], p), true
}

// tzsp reads the TaZmen Sniffer Protocol, by which access points and routers
// send what they capture.
func (d *Decoder) tzsp(b []byte, p *Packet) (Kind, bool) {
	const tagPadding, tagEnd = 0, 1
	if len(b) < 5 || b[0] != 1 || b[1] > 1 {
		return Other, false
	}
	link, ok := uint32(0), true
	switch be16(b[2:]) {
	case 1:
		link = linkEthernet
	case 18:
		link = link80211
	case 119:
		link = linkPrism
	case 127:
		link = linkAVS
	default:
		return Other, false
	}
	for b = b[4:]; ; {
		switch {
		case len(b) == 0:
			return Other, false
		case b[0] == tagEnd:
			if !d.enter() {
				return d.tooDeep(b, p), true
			}
			p.pushTunnel(hopTZSP, 0)
			return d.link(link, b[1:], p), ok
		case b[0] == tagPadding:
			b = b[1:]
		case len(b) < 2 || int(b[1])+2 > len(b):
			return Other, false
		default:
			b = b[2+int(b[1]):]
		}
	}
}

// capwap reads a frame between an access point and its controller (RFC 5415,
// section 4.3) that is neither encrypted nor in fragments.
func (d *Decoder) capwap(b []byte, p *Packet) (Kind, bool) {
	const native, fragment, keepAlive = 0x01, 0x80, 0x08
	if len(b) < 8 || b[0] != 0 || b[3]&(fragment|keepAlive) != 0 || b[3]&7 != 0 {
		return Other, false
	}
	n := int(b[1]>>3) * 4
	binding := b[2] >> 1 & 0x1F
	if n < 8 || n > len(b) || b[2]&native != 0 && binding != 1 {
		return Other, false
	}
	if !d.enter() {
		return d.tooDeep(b, p), true
	}
	p.pushTunnel(hopCAPWAP, 0)
	if b[2]&native == 0 {
		return d.ethernet(b[n:], p), true
	}
	return d.wlan(b[n:], false, p), true
}

// lisp reads a LISP data packet (RFC 9300, Section 5.1): an IP packet behind a
// header that names, at most, the network in it.
func (d *Decoder) lisp(b []byte, missing int, p *Packet) (Kind, bool) {
	const instance, reserved = 0x08, 0x04
	if len(b) < 8+20 || b[0]&reserved != 0 {
		return Other, false
	}
	inner := b[8:]
	n := int(be16(inner[2:]))
	switch inner[0] >> 4 {
	case 4:
	case 6:
		n = 40 + int(be16(inner[4:]))
	default:
		return Other, false
	}
	if n != len(inner)+missing {
		return Other, false
	}
	if b[0]&instance != 0 {
		p.pushNetwork(hopLISPInstance, be32(b[4:])>>8)
	} else {
		p.pushTunnel(hopLISP, 0)
	}
	return d.ip(inner, p), true
}

// plausibleMPLS reports whether b starts with labels that end in IP.
func plausibleMPLS(b []byte) bool {
	for range 8 {
		if len(b) < 5 {
			return false
		}
		if b[2]&1 != 0 {
			return b[4]>>4 == 4 || b[4]>>4 == 6 || knownEtherType(b[4:])
		}
		b = b[4:]
	}
	return false
}
