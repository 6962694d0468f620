package packet

import "strconv"

// maxHops is the number of tags and tunnels that a Packet remembers.
const maxHops = 16

// A hop is one tag, label or tunnel on the way to the innermost packet.
type hop struct {
	kind hopKind
	id   uint32
}

type hopKind uint8

const (
	hopVLAN hopKind = iota
	hopISID
	hopVNTag
	hopETag
	hopSGT
	hopFabricPath
	hopTRILL
	hopHSR
	hopRTag
	hopMACsec
	hopNSH
	hopMPLS
	hopPPPoE
	hopPPP
	hopGRE
	hopGREKey
	hopPPTP
	hopERSPAN
	hopWCCP
	hopIPIP
	hop6in4
	hop4in6
	hop6in6
	hopEtherIP
	hopAH
	hopVXLAN
	hopVXLANGPE
	hopGeneve
	hopGTPU
	hopTeredo
	hopL2TP
	hopTZSP
	hopCAPWAP
	hopLISP
	hopLISPInstance
	hopBATMAN
	numHops
)

// hopNames holds the name of each hop, with a space at the end if a number
// follows it.
var hopNames = [numHops]string{
	hopVLAN: "vlan ", hopISID: "i-sid ", hopVNTag: "vn-tag", hopETag: "e-tag",
	hopSGT: "sgt ", hopFabricPath: "fabricpath", hopTRILL: "trill", hopHSR: "hsr",
	hopRTag: "r-tag", hopMACsec: "macsec", hopNSH: "nsh", hopMPLS: "mpls ",
	hopPPPoE: "pppoe ", hopPPP: "ppp", hopGRE: "gre", hopGREKey: "gre ",
	hopPPTP: "pptp", hopERSPAN: "erspan ", hopWCCP: "wccp", hopIPIP: "ipip",
	hop6in4: "6in4", hop4in6: "4in6", hop6in6: "6in6", hopEtherIP: "etherip",
	hopAH: "ah", hopVXLAN: "vxlan ", hopVXLANGPE: "vxlan-gpe ", hopGeneve: "geneve ",
	hopGTPU: "gtp-u ", hopTeredo: "teredo", hopL2TP: "l2tp", hopTZSP: "tzsp",
	hopCAPWAP: "capwap", hopLISP: "lisp", hopLISPInstance: "lisp ", hopBATMAN: "batman",
}

// push remembers a hop.
func (p *Packet) push(k hopKind, id uint32) {
	if p.nhops < maxHops {
		p.hops[p.nhops] = hop{k, id}
	}
	if p.nhops < 255 {
		p.nhops++
	}
}

// pushZone remembers a hop whose number is the same in both directions of a
// connection and takes it into the zone.
func (p *Packet) pushZone(k hopKind, id uint32) {
	p.push(k, id)
	h := (p.Zone ^ uint32(k)<<24 ^ id) * 0x9E3779B1
	h ^= h >> 15
	h *= 0x85EBCA6B
	h ^= h >> 13
	p.Zone = max(h, 1)
}

// pushTunnel remembers a tunnel over IP. What lies outside of it says where the
// tunnel was seen, not which network is in it, and leaves the zone.
func (p *Packet) pushTunnel(k hopKind, id uint32) {
	p.Zone = 0
	p.push(k, id)
}

// pushNetwork is pushTunnel for a tunnel whose number names the network in it.
func (p *Packet) pushNetwork(k hopKind, id uint32) {
	p.Zone = 0
	p.pushZone(k, id)
}

// Encapsulated reports whether tags, labels or tunnels lie around the packet.
func (p *Packet) Encapsulated() bool { return p.nhops != 0 }

// Encapsulation returns the tags, labels and tunnels around the packet from the
// outside in, for example "vlan 12", "gre", "vxlan 100". It is nil for a plain
// packet. Of very many the first 16 are named and the rest counted.
func (p *Packet) Encapsulation() []string {
	if p.nhops == 0 {
		return nil
	}
	out := make([]string, 0, min(int(p.nhops), maxHops+1))
	for _, h := range p.hops[:min(int(p.nhops), maxHops)] {
		s := hopNames[h.kind]
		if s[len(s)-1] == ' ' {
			s += strconv.FormatUint(uint64(h.id), 10)
		}
		out = append(out, s)
	}
	if n := int(p.nhops) - maxHops; n > 0 {
		out = append(out, strconv.Itoa(n)+" more")
	}
	return out
}
