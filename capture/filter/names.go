package filter

// keyword reports whether s is a word of libpcap's language, in or outside the
// subset, and its canonical spelling. Like libpcap's they are in lower case.
func keyword(s string) (string, bool) {
	switch s {
	case "src", "dst", "host", "net", "mask", "port", "portrange", "proto", "and", "or", "not",
		"less", "greater", "len", "broadcast", "multicast", "vlan", "mpls", "pppoed", "pppoes":
		return s, true
	case "length":
		return "len", true
	case "link", "ether", "ppp", "slip", "fddi", "tr", "wlan":
		return "ether", true
	}
	if _, ok := protoWord(s); ok {
		return s, true
	}
	return s, outside(s)
}

// outside lists the words of libpcap's language that are not compiled here.
func outside(s string) bool {
	switch s {
	case "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "esis", "es-is", "isis",
		"is-is", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "clnp", "stp", "ipx", "netbeui",
		"protochain", "gateway", "type", "subtype", "direction", "dir", "address1", "addr1",
		"address2", "addr2", "address3", "addr3", "address4", "addr4", "ra", "ta", "byte",
		"inbound", "outbound", "ifindex", "geneve", "radio", "lane", "llc", "metac", "bcc", "oam",
		"oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "vpi", "vci", "connectmsg", "metaconnect",
		"on", "ifname", "rset", "ruleset", "rnr", "rulenum", "srnr", "subrulenum", "reason",
		"action", "fisu", "lssu", "lsu", "msu", "hfisu", "hlssu", "hmsu", "sio", "opc", "dpc",
		"sls", "hsio", "hopc", "hdpc", "hsls":
		return true
	}
	return false
}

// proto is a protocol that may stand before "port", "host" or "[".
type proto uint8

const (
	pNone proto = iota // no protocol was named
	pLink
	pIP
	pIP6
	pARP
	pRARP
	pTCP
	pUDP
	pSCTP
	pICMP
	pICMP6
	pIGMP
	pIGRP
	pPIM
	pVRRP
	pCARP
	pAH
	pESP
)

func protoWord(s string) (proto, bool) {
	p := pNone
	switch s {
	case "ether":
		p = pLink
	case "ip":
		p = pIP
	case "ip6":
		p = pIP6
	case "arp":
		p = pARP
	case "rarp":
		p = pRARP
	case "tcp":
		p = pTCP
	case "udp":
		p = pUDP
	case "sctp":
		p = pSCTP
	case "icmp":
		p = pICMP
	case "icmp6":
		p = pICMP6
	case "igmp":
		p = pIGMP
	case "igrp":
		p = pIGRP
	case "pim":
		p = pPIM
	case "vrrp":
		p = pVRRP
	case "carp":
		p = pCARP
	case "ah":
		p = pAH
	case "esp":
		p = pESP
	}
	return p, p != pNone
}

// constant gives the value of a named field offset, flag or ICMP type
// (pcap-filter(7); RFC 792, RFC 4443, RFC 9293 section 3.1).
func constant(s string) (uint32, bool) {
	for _, list := range [...][]named{tcpConstants(), icmpConstants(), icmp6Constants()} {
		for _, n := range list {
			if n.name == s {
				return n.val, true
			}
		}
	}
	return 0, false
}

type named struct {
	name string
	val  uint32
}

func tcpConstants() []named {
	return []named{{"tcpflags", 13}, {"tcp-fin", 1}, {"tcp-syn", 2}, {"tcp-rst", 4}, {"tcp-push", 8}, {"tcp-ack", 16}, {"tcp-urg", 32}, {"tcp-ece", 64}, {"tcp-cwr", 128}}
}

func icmpConstants() []named {
	return []named{
		{"icmptype", 0}, {"icmpcode", 1}, {"icmp-echoreply", 0}, {"icmp-unreach", 3}, {"icmp-sourcequench", 4},
		{"icmp-redirect", 5}, {"icmp-echo", 8}, {"icmp-routeradvert", 9}, {"icmp-routersolicit", 10},
		{"icmp-timxceed", 11}, {"icmp-paramprob", 12}, {"icmp-tstamp", 13}, {"icmp-tstampreply", 14},
		{"icmp-ireq", 15}, {"icmp-ireqreply", 16}, {"icmp-maskreq", 17}, {"icmp-maskreply", 18},
	}
}

func icmp6Constants() []named {
	return []named{
		{"icmp6type", 0}, {"icmp6code", 1}, {"icmp6-destinationunreach", 1}, {"icmp6-packettoobig", 2},
		{"icmp6-timeexceeded", 3}, {"icmp6-parameterproblem", 4}, {"icmp6-echo", 128}, {"icmp6-echoreply", 129},
		{"icmp6-multicastlistenerquery", 130}, {"icmp6-multicastlistenerreportv1", 131},
		{"icmp6-multicastlistenerdone", 132}, {"icmp6-routersolicit", 133}, {"icmp6-routeradvert", 134},
		{"icmp6-neighborsolicit", 135}, {"icmp6-neighboradvert", 136}, {"icmp6-redirect", 137},
		{"icmp6-routerrenum", 138}, {"icmp6-nodeinformationquery", 139}, {"icmp6-nodeinformationresponse", 140},
		{"icmp6-ineighbordiscoverysolicit", 141}, {"icmp6-ineighbordiscoveryadvert", 142},
		{"icmp6-multicastlistenerreportv2", 143}, {"icmp6-homeagentdiscoveryrequest", 144},
		{"icmp6-homeagentdiscoveryreply", 145}, {"icmp6-mobileprefixsolicit", 146},
		{"icmp6-mobileprefixadvert", 147}, {"icmp6-certpathsolicit", 148}, {"icmp6-certpathadvert", 149},
		{"icmp6-multicastrouteradvert", 151}, {"icmp6-multicastroutersolicit", 152}, {"icmp6-multicastrouterterm", 153},
	}
}

// ipProtoNumber knows the protocols of /etc/protocols that are asked for.
func ipProtoNumber(name string) (uint32, bool) {
	for _, n := range [...]named{
		{"icmp", 1}, {"igmp", 2}, {"ipencap", 4}, {"tcp", 6}, {"egp", 8}, {"igp", 9}, {"udp", 17}, {"dccp", 33},
		{"ipv6", 41}, {"ipv6-route", 43}, {"ipv6-frag", 44}, {"rsvp", 46}, {"gre", 47}, {"esp", 50}, {"ah", 51},
		{"ipv6-icmp", 58}, {"ipv6-nonxt", 59}, {"ipv6-opts", 60}, {"eigrp", 88}, {"ospf", 89}, {"ipip", 94},
		{"pim", 103}, {"ipcomp", 108}, {"vrrp", 112}, {"l2tp", 115}, {"sctp", 132}, {"udplite", 136},
	} {
		if n.name == name {
			return n.val, true
		}
	}
	return 0, false
}

// etherProtoNumber knows libpcap's names of Ethernet types and LLC addresses.
func etherProtoNumber(name string) (uint32, bool) {
	for _, n := range [...]named{
		{"ip", etherIP}, {"ip6", etherIP6}, {"arp", etherARP}, {"rarp", etherRARP}, {"aarp", etherAARP},
		{"atalk", etherATalk}, {"decnet", 0x6003}, {"lat", 0x6004}, {"loopback", 0x9000}, {"mopdl", 0x6001},
		{"moprc", 0x6002}, {"sca", 0x6007}, {"iso", llcISO}, {"stp", llcSTP}, {"ipx", llcIPX}, {"netbeui", llcNetBEUI},
	} {
		if n.name == name {
			return n.val, true
		}
	}
	return 0, false
}

// service is a name of a port with the transports it is registered for.
type service struct {
	name     string
	port     uint32
	tcp, udp bool
}

// serviceByName knows the services that speak TLS or may change to it, and
// others that are often asked for; transports as in Debian's /etc/services.
func serviceByName(name string) (service, bool) {
	for _, s := range [...]service{
		{"http", 80, true, false}, {"www", 80, true, false}, {"https", 443, true, true}, {"http-alt", 8080, true, false},
		{"domain", 53, true, true}, {"domain-s", 853, true, true}, {"ssh", 22, true, false},
		{"smtp", 25, true, false}, {"submission", 587, true, false}, {"submissions", 465, true, false},
		{"imap", 143, true, false}, {"imap2", 143, true, false}, {"imaps", 993, true, false},
		{"pop3", 110, true, false}, {"pop3s", 995, true, false}, {"nntp", 119, true, false}, {"nntps", 563, true, false},
		{"ldap", 389, true, true}, {"ldaps", 636, true, true}, {"kerberos", 88, true, true},
		{"ftp", 21, true, false}, {"ftp-data", 20, true, false}, {"ftps", 990, true, false}, {"ftps-data", 989, true, false},
		{"telnet", 23, true, false}, {"telnets", 992, true, false}, {"sip", 5060, true, true}, {"sip-tls", 5061, true, true},
		{"xmpp-client", 5222, true, false}, {"xmpp-server", 5269, true, false}, {"ircs-u", 6697, true, false},
		{"mysql", 3306, true, false}, {"postgresql", 5432, true, false}, {"ms-sql-s", 1433, true, false},
		{"redis", 6379, true, false}, {"amqps", 5671, true, false}, {"ntp", 123, false, true}, {"mdns", 5353, false, true},
		{"snmp", 161, true, true}, {"syslog", 514, false, true}, {"bootps", 67, false, true}, {"bootpc", 68, false, true},
		{"radius", 1812, true, true}, {"openvpn", 1194, true, true}, {"microsoft-ds", 445, true, false}, {"git", 9418, true, false},
		{"rsync", 873, true, false}, {"rtsp", 554, true, true},
	} {
		if s.name == name {
			return s, true
		}
	}
	return service{}, false
}
