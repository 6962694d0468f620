package packet

// PPP protocol numbers (IANA PPP DLL Protocol Numbers).
const (
	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
	pppMPLS = 0x0281
)

// ppp reads a PPP frame (RFC 1661) with or without the address and control bytes
// of HDLC-like framing (RFC 1662), its protocol field in one byte or two.
func (d *Decoder) ppp(b []byte, p *Packet) Kind {
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	at := b
	if len(b) >= 2 && b[0] == 0xFF && b[1] == 0x03 {
		b = b[2:]
	}
	if len(b) < 1 {
		return d.fail(shortPPP, at, len(at)+1, p)
	}
	proto := uint16(b[0])
	if b[0]&1 != 0 { // field compression: an odd first byte is the last
		b = b[1:]
	} else {
		if len(b) < 2 {
			return d.fail(shortPPP, at, len(at)+1, p)
		}
		proto = be16(b)
		b = b[2:]
	}
	switch proto {
	case pppIPv4:
		return d.ipv4(b, p)
	case pppIPv6:
		return d.ipv6(b, p)
	case pppMPLS:
		return d.mpls(b, p)
	}
	return Other
}

// hdlc reads PPP in HDLC-like framing or Cisco HDLC, told apart by the address.
func (d *Decoder) hdlc(b []byte, p *Packet) Kind {
	if len(b) >= 1 && (b[0] == 0x0F || b[0] == 0x8F) {
		return d.ciscoHDLC(b, p)
	}
	return d.ppp(b, p)
}

// ciscoHDLC reads address, control and EtherType.
func (d *Decoder) ciscoHDLC(b []byte, p *Packet) Kind {
	if len(b) < 4 {
		return d.fail(shortPPP, b, 4, p)
	}
	return d.etherType(be16(b[2:]), b[4:], p)
}

// pppoe reads a PPPoE session frame (RFC 2516, section 4).
func (d *Decoder) pppoe(b []byte, p *Packet) Kind {
	if len(b) < 6 {
		return d.fail(shortPPPoE, b, 6, p)
	}
	if b[0] != 0x11 {
		return d.fail(badPPPoE, b, 6, p)
	}
	if b[1] != 0 {
		return Other // discovery
	}
	p.pushZone(hopPPPoE, uint32(be16(b[2:])))
	n := int(be16(b[4:]))
	b = b[6:]
	return d.ppp(b[:min(n, len(b))], p)
}
