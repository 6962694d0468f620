package capture

import "strconv"

// A LinkType is a link-layer header type as registered by tcpdump.org
// (https://www.tcpdump.org/linktypes.html). It has 16 bits in files: gopacket's
// type of the same name has 8, which turns LINKTYPE_LINUX_SLL2 into another.
type LinkType uint16

// Link types that name themselves.
const (
	LinkNull       LinkType = 0
	LinkEthernet   LinkType = 1
	LinkTokenRing  LinkType = 6
	LinkPPP        LinkType = 9
	LinkFDDI       LinkType = 10
	LinkPPPHDLC    LinkType = 50
	LinkPPPEther   LinkType = 51
	LinkRaw        LinkType = 101
	LinkCHDLC      LinkType = 104
	LinkIEEE80211  LinkType = 105
	LinkFrameRelay LinkType = 107
	LinkLoop       LinkType = 108
	LinkLinuxSLL   LinkType = 113
	LinkPflog      LinkType = 117
	LinkPrism      LinkType = 119
	LinkRadiotap   LinkType = 127
	LinkAVS        LinkType = 163
	LinkPPI        LinkType = 192
	LinkIPv4       LinkType = 228
	LinkIPv6       LinkType = 229
	LinkNFLog      LinkType = 239
	LinkPktap      LinkType = 258
	LinkLinuxSLL2  LinkType = 276
)

// String returns the registry's name, for example "LINKTYPE_ETHERNET", or the
// number for a type that this package has no name for.
func (l LinkType) String() string {
	if s := l.name(); s != "" {
		return "LINKTYPE_" + s
	}
	return "LINKTYPE " + strconv.Itoa(int(l))
}

func (l LinkType) name() string {
	switch l {
	case LinkNull:
		return "NULL"
	case LinkEthernet:
		return "ETHERNET"
	case LinkTokenRing:
		return "IEEE802_5"
	case LinkPPP:
		return "PPP"
	case LinkFDDI:
		return "FDDI"
	case LinkPPPHDLC:
		return "PPP_HDLC"
	case LinkPPPEther:
		return "PPP_ETHER"
	case LinkRaw:
		return "RAW"
	case LinkCHDLC:
		return "C_HDLC"
	case LinkIEEE80211:
		return "IEEE802_11"
	case LinkFrameRelay:
		return "FRELAY"
	case LinkLoop:
		return "LOOP"
	case LinkLinuxSLL:
		return "LINUX_SLL"
	case LinkPflog:
		return "PFLOG"
	case LinkPrism:
		return "IEEE802_11_PRISM"
	}
	return l.newerName()
}

func (l LinkType) newerName() string {
	switch l {
	case LinkRadiotap:
		return "IEEE802_11_RADIOTAP"
	case LinkAVS:
		return "IEEE802_11_AVS"
	case LinkPPI:
		return "PPI"
	case LinkIPv4:
		return "IPV4"
	case LinkIPv6:
		return "IPV6"
	case LinkNFLog:
		return "NFLOG"
	case LinkPktap:
		return "PKTAP"
	case LinkLinuxSLL2:
		return "LINUX_SLL2"
	}
	return ""
}
