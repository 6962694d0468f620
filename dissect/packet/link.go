package packet

// Link types (https://www.tcpdump.org/linktypes.html).
const (
	linkNull         = 0
	linkEthernet     = 1
	linkTokenRing    = 6
	linkPPP          = 9
	linkFDDI         = 10
	linkRaw12        = 12
	linkRaw14        = 14
	linkPPPHDLC      = 50
	linkPPPEther     = 51
	linkATMRFC1483   = 100
	linkRaw          = 101
	linkCHDLC        = 104
	link80211        = 105
	linkFrameRelay   = 107
	linkLoop         = 108
	linkEnc          = 109
	linkSLL          = 113
	linkPFLog        = 117
	linkPrism        = 119
	linkSunATM       = 123
	linkRadiotap     = 127
	linkAppleIP1394  = 138
	linkAVS          = 163
	linkPPPPPPD      = 166
	linkPPI          = 192
	linkERF          = 197
	linkPPPWithDir   = 204
	linkIPv4         = 228
	linkIPv6         = 229
	linkNFLog        = 239
	linkNetAnalyzer  = 240
	linkNetAnalyzerT = 241
	linkIPoIB        = 242
	linkPKTAP        = 258
	linkSLL2         = 276
)

// Known reports whether frames of a link type can be read.
func Known(link uint32) bool {
	switch link {
	case linkNull, linkEthernet, linkTokenRing, linkPPP, linkFDDI, linkRaw12, linkRaw14,
		linkPPPHDLC, linkPPPEther, linkATMRFC1483, linkRaw, linkCHDLC, link80211,
		linkFrameRelay, linkLoop, linkEnc, linkSLL, linkPFLog, linkPrism, linkSunATM,
		linkRadiotap, linkAppleIP1394, linkAVS, linkPPPPPPD, linkPPI, linkERF,
		linkPPPWithDir, linkIPv4, linkIPv6, linkNFLog, linkNetAnalyzer, linkNetAnalyzerT,
		linkIPoIB, linkPKTAP, linkSLL2:
		return true
	}
	return false
}

// link reads a frame of any known link type.
func (d *Decoder) link(link uint32, b []byte, p *Packet) Kind {
	switch link {
	case linkEthernet:
		return d.ethernet(b, p)
	case linkNull, linkLoop:
		return d.loopback(b, p)
	case linkRaw12, linkRaw14, linkRaw, linkIPv4, linkIPv6:
		return d.ip(b, p)
	case linkSLL:
		return d.sll(b, p)
	case linkSLL2:
		return d.sll2(b, p)
	case linkPPP, linkPPPHDLC:
		return d.hdlc(b, p)
	case linkCHDLC:
		return d.ciscoHDLC(b, p)
	case linkPPPEther:
		return d.pppoe(b, p)
	case linkNFLog:
		return d.nflog(b, p)
	case linkPKTAP:
		return d.pktap(b, p)
	case link80211:
		return d.wlan(b, false, p)
	case linkRadiotap:
		return d.radiotap(b, p)
	case linkPrism, linkAVS:
		return d.prism(b, p)
	case linkPPI:
		return d.ppi(b, p)
	case linkERF:
		return d.erf(b, p)
	case linkFrameRelay:
		return d.frameRelay(b, p)
	case linkTokenRing:
		return d.tokenRing(b, p)
	case linkPFLog:
		return d.pflog(b, p)
	}
	return d.fixedHeader(link, b, p)
}

// fixedHeader reads the link types that put a header of one length, which needs
// no reading, before something else.
func (d *Decoder) fixedHeader(link uint32, b []byte, p *Packet) Kind {
	var n int
	switch link {
	case linkPPPPPPD, linkPPPWithDir: // direction
		n = 1
	case linkSunATM, linkNetAnalyzer:
		n = 4
	case linkNetAnalyzerT: // with the preamble of the frame
		n = 12
	case linkEnc:
		n = 12
	case linkFDDI:
		n = 13
	case linkAppleIP1394:
		n = 18
	case linkIPoIB: // global routing header, then EtherType and reserved
		n = 44
	case linkATMRFC1483:
	default:
		return d.unknownLink(link, p)
	}
	if len(b) < n {
		return d.fail(shortLink, b, n, p)
	}
	switch link {
	case linkPPPPPPD, linkPPPWithDir:
		return d.ppp(b[n:], p)
	case linkNetAnalyzer, linkNetAnalyzerT:
		return d.ethernet(b[n:], p)
	case linkEnc:
		return d.ip(b[n:], p)
	case linkAppleIP1394:
		return d.etherType(be16(b[16:]), b[n:], p)
	case linkIPoIB:
		return d.etherType(be16(b[40:]), b[n:], p)
	}
	return d.llc(b[n:], p)
}

// ip reads IPv4 or IPv6 by the version in its first nibble.
func (d *Decoder) ip(b []byte, p *Packet) Kind {
	if len(b) > 0 && b[0]>>4 == 6 {
		return d.ipv6(b, p)
	}
	return d.ipv4(b, p)
}

// tokenRing reads IEEE 802.5: access and frame control, addresses, a source
// route if the source address's first bit says so, LLC.
func (d *Decoder) tokenRing(b []byte, p *Packet) Kind {
	n := 14
	if len(b) > 14 && b[8]&0x80 != 0 {
		n += int(b[14] & 0x1F)
	}
	if len(b) < n {
		return d.fail(shortLink, b, n, p)
	}
	return d.llc(b[n:], p)
}

// frameRelay reads a two-byte Q.922 address and the NLPID behind it (RFC 2427,
// section 3), or the EtherType that Cisco puts there.
func (d *Decoder) frameRelay(b []byte, p *Packet) Kind {
	if len(b) < 4 {
		return d.fail(shortLink, b, 4, p)
	}
	if b[2] != 0x03 {
		return d.etherType(be16(b[2:]), b[4:], p)
	}
	switch b[3] {
	case 0xCC:
		return d.ipv4(b[4:], p)
	case 0x8E:
		return d.ipv6(b[4:], p)
	case 0x00: // padding, then SNAP
		if len(b) >= 10 && b[4] == 0x80 {
			return d.etherType(be16(b[8:]), b[10:], p)
		}
	}
	return Other
}

// erf reads an Endace record: 16 bytes, extension headers of 8 while their top
// bit is set, then by type two bytes of offset and pad before Ethernet, or IP.
func (d *Decoder) erf(b []byte, p *Packet) Kind {
	if len(b) < 16 {
		return d.fail(shortLink, b, 16, p)
	}
	kind, n := b[8], 16
	for more := kind&0x80 != 0; more; n += 8 {
		if len(b) < n+8 {
			return d.fail(shortLink, b, n+8, p)
		}
		more = b[n]&0x80 != 0
	}
	switch kind & 0x7F {
	case 2, 11, 16, 20: // Ethernet, coloured or with a data stream number
		if len(b) < n+2 {
			return d.fail(shortLink, b, n+2, p)
		}
		return d.ethernet(b[n+2:], p)
	case 22, 23:
		return d.ip(b[n:], p)
	}
	return Other
}
