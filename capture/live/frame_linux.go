//go:build linux && !libpcap

package live

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/tlslens/tlslens/capture"
)

// cookedHeader is the length of the header of LINKTYPE_LINUX_SLL2.
const cookedHeader = 20

// tagProtocol returns the EtherType of the tag that the kernel took out of the
// packet whose ring header h is.
func tagProtocol(h []byte) uint16 {
	if tpid := binary.NativeEndian.Uint16(h[hdrTPID:]); tpid != 0 && binary.NativeEndian.Uint32(h[hdrStatus:])&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		return tpid
	}
	return unix.ETH_P_8021Q
}

// tag puts the VLAN tag back into the Ethernet frame at h[start:], between the
// addresses and the EtherType, and returns where the frame starts now.
func tag(h []byte, start int) int {
	at := start - 4
	copy(h[at:], h[start:start+12])
	binary.BigEndian.PutUint16(h[at+12:], tagProtocol(h))
	binary.BigEndian.PutUint16(h[at+14:], uint16(binary.NativeEndian.Uint32(h[hdrTCI:])))
	return at
}

// cook puts a cooked header, and the VLAN tag if there was one, before the
// packet at h[start:] and returns where it starts now. With a tag, the protocol
// is the tag's and the payload begins with the rest of it, as in a frame.
func cook(h []byte, start int, tagged bool) int {
	protocol := binary.BigEndian.Uint16(h[addrProtocol:])
	if tagged {
		if behindTag(h[start:], protocol) {
			protocol = unix.ETH_P_8021Q
		}
		start -= 4
		binary.BigEndian.PutUint16(h[start:], uint16(binary.NativeEndian.Uint32(h[hdrTCI:])))
		binary.BigEndian.PutUint16(h[start+2:], protocol)
		protocol = tagProtocol(h)
	}
	var c [cookedHeader]byte
	binary.BigEndian.PutUint16(c[0:], protocol)
	binary.BigEndian.PutUint32(c[4:], binary.NativeEndian.Uint32(h[addrIndex:]))
	binary.BigEndian.PutUint16(c[8:], binary.NativeEndian.Uint16(h[addrHardware:]))
	c[10], c[11] = h[addrKind], h[addrLength]
	copy(c[12:], h[addrBytes:addrBytes+8])
	return start - copy(h[start-cookedHeader:], c[:])
}

// behindTag reports whether a packet begins with another VLAN tag although the
// kernel says that it is IP: of cooked packets newer ones (6.10) name the protocol
// behind all tags, but take out only the first.
func behindTag(b []byte, protocol uint16) bool {
	ip := func(b []byte) bool {
		switch {
		case protocol == unix.ETH_P_IP && len(b) >= 20 && b[0]>>4 == 4:
			n, sum := int(b[0]&15)*4, uint32(0)
			for i := 0; i < min(n, len(b)); i += 2 {
				sum += uint32(binary.BigEndian.Uint16(b[i:]))
			}
			return n >= 20 && sum%0xffff == 0
		case protocol == unix.ETH_P_IPV6 && len(b) >= 40 && b[0]>>4 == 6:
			return int(binary.BigEndian.Uint16(b[4:])) <= len(b)-40
		}
		return false
	}
	return len(b) > 4 && binary.BigEndian.Uint16(b[2:]) == protocol && !ip(b) && ip(b[4:])
}

// linkType returns the link type of packets of a kind of hardware (ARPHRD_,
// linux/if_arp.h). Those for which ok is false are captured cooked: their link
// headers are not in the packet, or of a kind that has no link type.
func linkType(hardware uint16) (l capture.LinkType, ok bool) {
	switch hardware {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet, true
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT,
		unix.ARPHRD_SLIP, unix.ARPHRD_CSLIP, unix.ARPHRD_SLIP6, unix.ARPHRD_CSLIP6, unix.ARPHRD_ADAPT:
		return capture.LinkRaw, true
	case unix.ARPHRD_IEEE802, unix.ARPHRD_IEEE802_TR:
		return capture.LinkTokenRing, true
	case unix.ARPHRD_FDDI:
		return capture.LinkFDDI, true
	case unix.ARPHRD_IEEE80211:
		return capture.LinkIEEE80211, true
	case unix.ARPHRD_IEEE80211_PRISM:
		return capture.LinkPrism, true
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return capture.LinkRadiotap, true
	case unix.ARPHRD_CISCO:
		return capture.LinkCHDLC, true
	}
	return capture.LinkLinuxSLL2, false
}
