package dissect

import (
	"net/netip"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tls"
)

// An idKey is a connection id and the end that chose it: packets to that end
// with that id belong to its connection, wherever they come from.
type idKey struct {
	zone uint32
	end  netip.AddrPort
	n    uint8
	id   [20]byte
}

// Bounds of following connections by their ids.
const (
	shortestID = 4       // shorter ones are met by chance
	mostIDs    = 1 << 16 // of all connections
	idsOfOne   = 16
)

// idIndex finds connections by their connection ids.
type idIndex struct {
	of    map[idKey]*udpFlow
	sizes [21]int // ids of each size
}

// issued is told of a connection id that a side chose for itself.
func (f *udpFlow) issued(side flow.Side, id []byte) {
	x := &f.p.udp.ids
	if len(id) < shortestID || len(id) > len(idKey{}.id) || len(f.ids) >= idsOfOne || len(x.of) >= mostIDs {
		return
	}
	k := idKey{zone: f.zone, end: f.builder.Conn().Ends[side], n: uint8(len(id))}
	copy(k.id[:], id)
	if _, taken := x.of[k]; taken {
		return
	}
	x.of[k] = f
	x.sizes[k.n]++
	f.ids = append(f.ids, k)
}

// join leads a new flow to the connection that the first datagram's connection
// id belongs to, if there is one: an end has changed its address (RFC 9000,
// Section 9).
func (p *pipeline) join(e *udpEntry, d *packet.Packet, dir uint8) {
	if len(p.udp.ids.of) == 0 || len(d.Payload) < 1+shortestID {
		return
	}
	f := p.udp.ids.find(d)
	if f == nil || f.done {
		return
	}
	c := f.builder.Conn()
	side, was := flow.Client, c.Ends[flow.Client]
	if d.Dst != c.Ends[flow.Server] {
		side, was = flow.Server, c.Ends[flow.Server]
	}
	e.flow, e.client = f, dir^uint8(side)
	f.entries++
	f.builder.Note(side, "goes on from "+d.Src.String()+" instead of "+was.String()+": the address changed, the connection id says that it is the same connection", p.at)
}

// find returns the connection whose id a datagram carries, nil if there is none.
func (x *idIndex) find(d *packet.Packet) *udpFlow {
	b := d.Payload
	k := idKey{zone: d.Zone, end: d.Dst}
	if b[0]&0x80 != 0 { // a long header says how long the id is
		if n := int(b[min(5, len(b)-1)]); len(b) > 6+n && n >= shortestID && n <= len(k.id) {
			k.n = uint8(n)
			copy(k.id[:], b[6:6+n])
			return x.of[k]
		}
		return nil
	}
	at := 1
	if tls.ContentType(b[0]) == tls.ContentTLS12CID {
		at = 11 // behind version, epoch and number of the record (RFC 9146, Section 4)
	}
	for n, ids := range x.sizes {
		if ids == 0 || len(b) < at+n {
			continue
		}
		k.n, k.id = uint8(n), [20]byte{}
		copy(k.id[:], b[at:at+n])
		if f := x.of[k]; f != nil {
			return f
		}
	}
	return nil
}
