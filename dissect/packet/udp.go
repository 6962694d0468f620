package packet

// UDP ports of tunnels (IANA Service Name and Port Number Registry; 8472 is
// what Linux and Flannel take for VXLAN).
const (
	portL2TP      = 1701
	portGTPU      = 2152
	portTeredo    = 3544
	portGREinUDP  = 4754
	portLISP      = 4341
	portCAPWAP    = 5247
	portVXLAN     = 4789
	portVXLANGPE  = 4790
	portGeneve    = 6081
	portMPLSinUDP = 6635
	portVXLANOld  = 8472
	portTZSP      = 37008
)

// udp reads a datagram (RFC 768), and what it tunnels if its port and its
// content say tunnel. On a tunnel's port a datagram of another look stays a
// datagram: the port may be anybody's ephemeral one.
func (d *Decoder) udp(ip, b []byte, missing int, p *Packet) Kind {
	if len(b) < 8 {
		return d.fail(shortUDP, b, 8, p)
	}
	n := int(be16(b[4:]))
	switch {
	case n == 0: // a jumbogram (RFC 2675, section 4) or segmentation offload
		n = len(b) + missing
	case n < 8:
		return d.fail(badUDPLength, b, 8, p)
	case n > len(b)+missing:
		p.Odd |= OddLengthBeyondFrame
	}
	missing = min(missing, max(0, n-len(b)))
	b = b[:min(n, len(b))]

	if k, ok := d.udpTunnel(be16(b), be16(b[2:]), b[8:], missing, p); ok {
		return k
	}
	p.addresses(ip, b)
	p.Proto = ProtoUDP
	p.ip, p.seg, p.Payload, p.Missing = ip, b, b[8:], missing
	p.Flags, p.Window, p.Urgent, p.Seq, p.Ack, p.Options = 0, 0, 0, 0, 0, Options{}
	return UDP
}

// udpTunnel reads the tunnel of the ports. It returns false for a datagram that
// carries none.
func (d *Decoder) udpTunnel(src, dst uint16, b []byte, missing int, p *Packet) (k Kind, ok bool) {
	switch dst {
	case portVXLAN, portVXLANOld:
		k, ok = d.vxlan(b, p)
	case portVXLANGPE:
		k, ok = d.vxlanGPE(b, p)
	case portGeneve:
		k, ok = d.geneve(b, p)
	case portGTPU:
		k, ok = d.gtpU(b, missing, p)
	case portTeredo:
		k, ok = d.teredo(b, missing, p)
	case portL2TP:
		k, ok = d.l2tp(b, missing, p)
	case portCAPWAP:
		k, ok = d.capwap(b, p)
	case portTZSP:
		k, ok = d.tzsp(b, p)
	case portLISP:
		k, ok = d.lisp(b, missing, p)
	case portMPLSinUDP: // RFC 7510
		if plausibleMPLS(b) {
			p.Zone = 0
			return d.mpls(b, p), true
		}
	case portGREinUDP: // RFC 8086
		if len(b) >= 4 && b[0]&0x4F == 0 && b[1] == 0 && greProtocol(be16(b[2:])) {
			return d.gre(b, p), true
		}
	default:
		switch src {
		case portTeredo:
			k, ok = d.teredo(b, missing, p)
		case portL2TP:
			k, ok = d.l2tp(b, missing, p)
		case portCAPWAP:
			k, ok = d.capwap(b, p)
		default:
			return Other, false
		}
	}
	if !ok {
		d.count.notes[notATunnel]++
	}
	return k, ok
}
