package packet

// Bits of the first two bytes of a GRE header (RFC 1701, RFC 2784, RFC 2890; of
// version 1 RFC 2637, section 4.1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
)

// GRE protocol types that are no EtherTypes of their own.
const (
	greERSPAN  = 0x88BE // types I and II
	greERSPAN3 = 0x22EB
	greWCCP    = 0x883E
)

// gre reads a GRE header and what it carries.
func (d *Decoder) gre(b []byte, p *Packet) Kind {
	if len(b) < 4 {
		return d.fail(shortGRE, b, 4, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	flags, proto := be16(b), be16(b[2:])
	switch flags & 7 {
	case 0:
		return d.gre0(flags, proto, b, p)
	case 1:
		return d.pptp(flags, proto, b, p)
	}
	return d.fail(badGREVersion, b, 4, p)
}

func (d *Decoder) gre0(flags, proto uint16, b []byte, p *Packet) Kind {
	n := 4
	if flags&(greChecksum|greRouting) != 0 {
		n += 4
	}
	keyAt := n
	if flags&greKey != 0 {
		n += 4
	}
	if flags&greSequence != 0 {
		n += 4
	}
	if len(b) < n {
		return d.fail(shortGRE, b, n, p)
	}
	hdr := b
	b = b[n:]
	if flags&greRouting != 0 {
		// Source route entries: family, offset, length; an empty one ends them.
		for {
			if len(b) < 4 {
				return d.fail(shortGRE, b, 4, p)
			}
			end := be32(b) == 0
			e := 4 + int(b[3])
			if len(b) < e {
				return d.fail(shortGRE, b, e, p)
			}
			b = b[e:]
			if end || e == 4 {
				break
			}
		}
	}
	if flags&greKey != 0 {
		key := be32(hdr[keyAt:])
		if proto == etherTEB && key>>8 >= 0x1000 {
			// NVGRE: the low byte is a hash that differs by direction (RFC 7637,
			// section 3.2); its network identifiers start at 4096.
			key >>= 8
		}
		p.pushNetwork(hopGREKey, key)
	} else {
		p.pushTunnel(hopGRE, 0)
	}
	return d.greCarried(flags, proto, b, p)
}

func (d *Decoder) greCarried(flags, proto uint16, b []byte, p *Packet) Kind {
	switch proto {
	case greERSPAN:
		if flags&greSequence == 0 { // type I has no header of its own
			p.push(hopERSPAN, 1)
			return d.innerEthernet(b, p)
		}
		if len(b) < 8 {
			return d.fail(shortERSPAN, b, 8, p)
		}
		p.push(hopERSPAN, 2)
		return d.innerEthernet(b[8:], p)
	case greERSPAN3:
		return d.erspan3(b, p)
	case greWCCP:
		// Version 2 puts a redirect header of 4 bytes before the packet.
		if len(b) >= 4 && b[0]>>4 != 4 {
			b = b[4:]
		}
		p.push(hopWCCP, 0)
		return d.ip(b, p)
	}
	if proto <= 1500 {
		return Other
	}
	return d.etherType(proto, b, p)
}

// erspan3 reads an ERSPAN type III header (draft-foschiano-erspan-03, section
// 4.3) with its optional platform header.
func (d *Decoder) erspan3(b []byte, p *Packet) Kind {
	if len(b) < 12 {
		return d.fail(shortERSPAN, b, 12, p)
	}
	n := 12
	if b[11]&1 != 0 {
		n = 20
	}
	if len(b) < n {
		return d.fail(shortERSPAN, b, n, p)
	}
	p.push(hopERSPAN, 3)
	if b[10]>>3&0x1F == 2 { // frame type: an IP packet without its Ethernet header
		return d.ip(b[n:], p)
	}
	return d.innerEthernet(b[n:], p)
}

// pptp reads a GRE header of version 1, which carries PPP. Its key is a length
// and a call number that differs by direction.
func (d *Decoder) pptp(flags, proto uint16, b []byte, p *Packet) Kind {
	n := 8
	if flags&greSequence != 0 {
		n += 4
	}
	if flags&greAck != 0 {
		n += 4
	}
	if len(b) < n {
		return d.fail(shortGRE, b, n, p)
	}
	if flags&greSequence == 0 || proto != etherPPP {
		return Other // a bare acknowledgment
	}
	size := int(be16(b[4:]))
	b = b[n:]
	p.pushTunnel(hopPPTP, 0)
	return d.ppp(b[:min(size, len(b))], p)
}

// greProtocol reports whether t is a protocol type that GRE is known to carry.
func greProtocol(t uint16) bool {
	switch t {
	case etherIPv4, etherIPv6, etherTEB, etherMPLS, etherMPLSMulti, greERSPAN, greERSPAN3:
		return true
	}
	return false
}
