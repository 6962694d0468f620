package dissect

import (
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// mostZones bounds what is remembered of flows in zones.
const mostZones = 1 << 16

// otherHalf returns the flow of which the segment is the missing direction: the
// same ends in another zone, where only the opposite direction was seen and up
// to about what this one acknowledges. A load balancer may tunnel the requests
// and not the answers. Equal ends in two zones are two connections otherwise.
func (p *pipeline) otherHalf(d *packet.Packet, dir tcp.Dir, s *tcp.Segment) *tcpFlow {
	bare, _ := flow.MakeKey(flow.TCP, d.Src, d.Dst, 0)
	zone, remembered := p.zones[bare]
	if d.Zone != 0 {
		if len(p.zones) < mostZones {
			p.zones[bare] = d.Zone
		}
		zone = 0
	} else if !remembered {
		return nil
	}
	there, _ := flow.MakeKey(flow.TCP, d.Src, d.Dst, zone)
	id := p.table.Lookup(there)
	if id == 0 {
		return nil
	}
	f := *p.table.Value(id)
	const window = 1 << 20
	off := int32(s.Ack - f.next[dir^1])
	if f.stage == ended || f.sent[dir] > 0 || s.Flags&tcp.ACK == 0 || off > window || off < -window {
		return nil
	}
	return f
}
