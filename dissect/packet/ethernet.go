package packet

// EtherTypes (IANA IEEE 802 Numbers).
const (
	etherIPv4       = 0x0800
	etherTRILL      = 0x22F3
	etherBATMAN     = 0x4305
	etherTEB        = 0x6558 // transparent Ethernet bridging
	etherVLAN       = 0x8100
	etherIPv6       = 0x86DD
	etherPPP        = 0x880B
	etherMPLS       = 0x8847
	etherMPLSMulti  = 0x8848
	etherPPPoE      = 0x8864 // session stage
	etherQinQ       = 0x88A8
	etherMACsec     = 0x88E5
	etherPBB        = 0x88E7
	etherFabricPath = 0x8903
	etherCMD        = 0x8909 // Cisco MetaData
	etherVNTag      = 0x8926
	etherHSR        = 0x892F
	etherETag       = 0x893F
	etherNSH        = 0x894F
	etherQinQ9100   = 0x9100
	etherQinQ9200   = 0x9200
	etherQinQ9300   = 0x9300
	etherRTag       = 0xF1C1
)

// ethernet reads an Ethernet frame from its destination address on. Padding and
// a frame check sequence at the end need no care: IP lengths tell them apart.
func (d *Decoder) ethernet(b []byte, p *Packet) Kind {
	if len(b) < 14 {
		return d.fail(shortEthernet, b, 14, p)
	}
	if t := be16(b[12:]); t != etherIPv4 {
		return d.etherType(t, b[14:], p)
	}
	return d.ipv4(b[14:], p)
}

// innerEthernet is ethernet for a frame inside of another.
func (d *Decoder) innerEthernet(b []byte, p *Packet) Kind {
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	return d.ethernet(b, p)
}

// etherType reads what follows the EtherType or length field t. Tags that only
// stand before another EtherType are walked in the loop.
func (d *Decoder) etherType(t uint16, b []byte, p *Packet) Kind {
	for {
		var n int // bytes of the tag with the EtherType that ends it
		switch t {
		case etherIPv4:
			return d.ipv4(b, p)
		case etherIPv6:
			return d.ipv6(b, p)
		case etherVLAN, etherQinQ, etherQinQ9100, etherQinQ9200, etherQinQ9300, etherRTag, etherHSR, etherVNTag:
			n = tagLength(t)
		case etherETag, etherCMD:
			n = 8
		case etherMPLS, etherMPLSMulti:
			return d.mpls(b, p)
		case etherPPPoE:
			return d.pppoe(b, p)
		case etherPPP:
			return d.ppp(b, p)
		default:
			return d.rareEtherType(t, b, p)
		}
		if !d.enter() {
			return d.tooDeep(b, p)
		}
		if len(b) < n {
			return d.fail(shortTag, b, n, p)
		}
		pushTag(t, b, p)
		t, b = be16(b[n-2:]), b[n:]
	}
}

func tagLength(t uint16) int {
	switch t {
	case etherRTag, etherHSR, etherVNTag:
		return 6 // RTag: IEEE 802.1CB-2017, 7.8; HSR: IEC 62439-3
	default:
		return 4 // IEEE 802.1Q-2022, 9.3
	}
}

func pushTag(t uint16, b []byte, p *Packet) {
	switch t {
	case etherRTag:
		p.push(hopRTag, 0)
	case etherHSR:
		p.push(hopHSR, 0)
	case etherVNTag:
		p.push(hopVNTag, 0)
	case etherETag:
		p.push(hopETag, 0)
	case etherCMD:
		p.push(hopSGT, uint32(be16(b[4:])))
	default:
		// VLAN 0 only carries a priority: it is the same network as no tag.
		if id := uint32(be16(b) & 0xFFF); id != 0 {
			p.pushZone(hopVLAN, id)
		} else {
			p.push(hopVLAN, 0)
		}
	}
}

func (d *Decoder) rareEtherType(t uint16, b []byte, p *Packet) Kind {
	if t <= 1500 {
		return d.llc(b[:min(int(t), len(b))], p)
	}
	switch t {
	case etherTEB:
		return d.innerEthernet(b, p)
	case etherPBB: // IEEE 802.1Q-2022, 9.7: flags and a 24-bit I-SID
		if len(b) < 4 {
			return d.fail(shortTag, b, 4, p)
		}
		p.pushZone(hopISID, be32(b)&0xFFFFFF)
		return d.innerEthernet(b[4:], p)
	case etherFabricPath:
		if len(b) < 2 {
			return d.fail(shortTag, b, 2, p)
		}
		p.push(hopFabricPath, 0)
		return d.innerEthernet(b[2:], p)
	case etherTRILL: // RFC 6325, section 3.1; options come in words of 4 bytes
		if len(b) < 6 {
			return d.fail(shortTag, b, 6, p)
		}
		n := 6 + int(be16(b)>>6&0x1F)*4
		if len(b) < n {
			return d.fail(shortTag, b, n, p)
		}
		p.push(hopTRILL, 0)
		return d.innerEthernet(b[n:], p)
	case etherBATMAN:
		return d.batman(b, p)
	case etherMACsec:
		return d.macsec(b, p)
	case etherNSH:
		return d.nsh(b, p)
	}
	return Other
}

// batman reads a packet of B.A.T.M.A.N. advanced, version 15 of its format, that
// carries a frame through the mesh: the packet types and structures are those of
// the Linux kernel (batadv_packet.h).
func (d *Decoder) batman(b []byte, p *Packet) Kind {
	const version = 15
	if len(b) < 2 {
		return d.fail(shortTag, b, 2, p)
	}
	n := 0
	switch b[0] {
	case 0x01: // broadcast
		n = 14
	case 0x40: // unicast
		n = 10
	case 0x42: // unicast, with the client's own router
		n = 18
	}
	if n == 0 || b[1] != version {
		return Other
	}
	if len(b) < n {
		return d.fail(shortTag, b, n, p)
	}
	p.push(hopBATMAN, 0)
	return d.innerEthernet(b[n:], p)
}

// macsec reads an IEEE 802.1AE SecTAG. Frames that are only authenticated can
// be read on; the integrity check value at their end looks like padding.
func (d *Decoder) macsec(b []byte, p *Packet) Kind {
	const encrypted, changed, explicitSCI = 0x08, 0x04, 0x20
	if len(b) < 6 {
		return d.fail(shortTag, b, 6, p)
	}
	if b[0]&(encrypted|changed) != 0 {
		return d.opaque(encryptedMACsec)
	}
	n := 6
	if b[0]&explicitSCI != 0 {
		n = 14
	}
	if len(b) < n+2 {
		return d.fail(shortTag, b, n+2, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	p.push(hopMACsec, 0)
	return d.etherType(be16(b[n:]), b[n+2:], p)
}

// nsh reads a network service header (RFC 8300, section 2.2).
func (d *Decoder) nsh(b []byte, p *Packet) Kind {
	if len(b) < 8 {
		return d.fail(shortTag, b, 8, p)
	}
	n := int(b[1]&0x3F) * 4
	if n < 8 || n > len(b) {
		return d.fail(shortTag, b, n, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	p.push(hopNSH, 0)
	return d.nextProtocol(b[3], b[n:], p)
}

// nextProtocol reads on by the protocol numbers that NSH and VXLAN-GPE share.
func (d *Decoder) nextProtocol(proto uint8, b []byte, p *Packet) Kind {
	switch proto {
	case 1:
		return d.ipv4(b, p)
	case 2:
		return d.ipv6(b, p)
	case 3:
		return d.innerEthernet(b, p)
	case 4:
		return d.nsh(b, p)
	case 5:
		return d.mpls(b, p)
	}
	return Other
}

// llc reads an IEEE 802.2 header and, behind it, SNAP (RFC 1042).
func (d *Decoder) llc(b []byte, p *Packet) Kind {
	if len(b) < 3 {
		return d.fail(shortLLC, b, 3, p)
	}
	switch {
	case b[0] == 0xAA && b[1] == 0xAA:
		if len(b) < 8 {
			return d.fail(shortLLC, b, 8, p)
		}
		// Organisation 0 is RFC 1042, 0000F8 the bridge tunnel of IEEE 802.1H,
		// 0080C2 with protocols 1 and 7 bridged Ethernet (RFC 2684).
		switch oui := be32(b[2:]) & 0xFFFFFF; oui {
		case 0, 0x0000F8:
			if !d.enter() {
				return d.tooDeep(b, p)
			}
			return d.etherType(be16(b[6:]), b[8:], p)
		case 0x0080C2:
			if id := be16(b[6:]); (id == 1 || id == 7) && len(b) >= 10 {
				return d.innerEthernet(b[10:], p)
			}
		}
	case b[0] == 0x06 && b[1] == 0x06:
		return d.ipv4(b[3:], p)
	}
	return Other
}

// knownEtherType reports whether b looks like an Ethernet frame that leads on to
// IP. It settles what lies below an MPLS label stack, which nothing names.
func knownEtherType(b []byte) bool {
	if len(b) < 14 {
		return false
	}
	switch be16(b[12:]) {
	case etherIPv4, etherIPv6, etherVLAN, etherQinQ, etherQinQ9100, etherMPLS, etherPPPoE, 0x0806:
		return true
	}
	return false
}

// mpls reads a label stack (RFC 3032, section 2.1) and guesses from the first
// nibble what follows it (RFC 4928, section 3).
func (d *Decoder) mpls(b []byte, p *Packet) Kind {
	for {
		if len(b) < 4 {
			return d.fail(shortMPLS, b, 4, p)
		}
		if !d.enter() {
			return d.tooDeep(b, p)
		}
		e := be32(b)
		b = b[4:]
		p.push(hopMPLS, e>>12)
		if e&0x100 != 0 {
			break
		}
	}
	if len(b) == 0 {
		return Other
	}
	switch b[0] >> 4 {
	case 4:
		return d.ipv4(b, p)
	case 6:
		return d.ipv6(b, p)
	case 0: // a pseudowire's control word (RFC 4448, section 4.6)
		if len(b) > 4 && knownEtherType(b[4:]) {
			return d.innerEthernet(b[4:], p)
		}
	}
	if knownEtherType(b) {
		return d.innerEthernet(b, p)
	}
	return Other
}
