package packet

import "bytes"

// loopback reads the address family that BSD puts before a packet: of four
// bytes in the capturing host's order (link type 0) or network order (108).
func (d *Decoder) loopback(b []byte, p *Packet) Kind {
	if len(b) < 4 {
		return d.fail(shortLink, b, 4, p)
	}
	family := be32(b)
	if family > 0xFFFF {
		family = le32(b)
	}
	switch family {
	case 2:
		return d.ipv4(b[4:], p)
	case 10, 24, 28, 30: // Linux; NetBSD and OpenBSD; FreeBSD; macOS
		return d.ipv6(b[4:], p)
	}
	return Other
}

// ARPHRD_ numbers of devices whose cooked frames carry something of their own.
const (
	arphrdPrism    = 802
	arphrdRadiotap = 803
	arphrdNetlink  = 824
)

// sll reads the Linux cooked header of 16 bytes (LINKTYPE_LINUX_SLL).
func (d *Decoder) sll(b []byte, p *Packet) Kind {
	if len(b) < 16 {
		return d.fail(shortLink, b, 16, p)
	}
	return d.cooked(be16(b[2:]), be16(b[14:]), b[16:], p)
}

// sll2 reads the Linux cooked header of 20 bytes (LINKTYPE_LINUX_SLL2). The
// interface is no part of the zone: "any" sees a packet once on each interface
// that it passes.
func (d *Decoder) sll2(b []byte, p *Packet) Kind {
	if len(b) < 20 {
		return d.fail(shortLink, b, 20, p)
	}
	return d.cooked(be16(b[8:]), be16(b), b[20:], p)
}

func (d *Decoder) cooked(device, proto uint16, b []byte, p *Packet) Kind {
	switch device {
	case arphrdNetlink:
		return Other
	case arphrdRadiotap:
		return d.radiotap(b, p)
	case arphrdPrism:
		return d.prism(b, p)
	}
	switch proto {
	case 0x0001: // Novell's 802.3 without LLC
		return Other
	case 0x0004:
		return d.llc(b, p)
	}
	if proto <= 1500 {
		return Other
	}
	return d.etherType(proto, b, p)
}

// nflog reads the header of the Linux netfilter log and its list of attributes,
// of which one is the packet. Their numbers are in the host's byte order.
func (d *Decoder) nflog(b []byte, p *Packet) Kind {
	const payload = 9
	if len(b) < 4 {
		return d.fail(shortLink, b, 4, p)
	}
	b = b[4:]
	for len(b) > 0 {
		if len(b) < 4 {
			return d.fail(shortLink, b, 4, p)
		}
		n, kind := int(le16(b)), le16(b[2:])
		if kind > 0xFF || n < 4 {
			n, kind = int(be16(b)), be16(b[2:])
		}
		if n < 4 {
			return d.fail(shortLink, b, 4, p)
		}
		if kind == payload {
			return d.ip(b[4:max(4, min(n, len(b)))], p)
		}
		if n > len(b) {
			return d.fail(shortLink, b, n, p)
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return Other
}

// pktap reads the header that macOS puts before frames of any link type.
func (d *Decoder) pktap(b []byte, p *Packet) Kind {
	if len(b) < 12 {
		return d.fail(shortLink, b, 12, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	n := int64(le32(b))
	if n < 12 {
		return d.fail(shortLink, b, 12, p)
	}
	if n > int64(len(b)) {
		return d.fail(shortLink, b, int(n), p)
	}
	return d.link(le32(b[8:]), b[n:], p)
}

// ppi reads the per-packet information header, which names the link type.
func (d *Decoder) ppi(b []byte, p *Packet) Kind {
	if len(b) < 8 {
		return d.fail(shortLink, b, 8, p)
	}
	if !d.enter() {
		return d.tooDeep(b, p)
	}
	n := int(le16(b[2:]))
	if n < 8 || n > len(b) {
		return d.fail(shortLink, b, max(n, 8), p)
	}
	return d.link(le32(b[4:]), b[n:], p)
}

// pflog reads the header of OpenBSD's packet filter log, whose first byte is
// its length without the padding to 4.
func (d *Decoder) pflog(b []byte, p *Packet) Kind {
	if len(b) < 4 {
		return d.fail(shortLink, b, 4, p)
	}
	n := (int(b[0]) + 3) &^ 3
	if n < 4 || n > len(b) {
		return d.fail(shortLink, b, max(n, 4), p)
	}
	return d.ip(b[n:], p)
}

// prism reads a Prism or AVS header before an 802.11 frame. The Prism header is
// in the host's byte order, the AVS header in network order.
func (d *Decoder) prism(b []byte, p *Packet) Kind {
	if len(b) < 8 {
		return d.fail(shortLink, b, 8, p)
	}
	n := int64(le32(b[4:]))
	if bytes.HasPrefix(b, []byte{0x80, 0x21, 0x10}) || n > 0xFFFF {
		n = int64(be32(b[4:]))
	}
	if n < 8 || n > int64(len(b)) {
		return d.fail(shortLink, b, int(max(n, 8)), p)
	}
	return d.wlan(b[n:], false, p)
}
