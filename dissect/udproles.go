package dissect

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/record"
)

// An unsided flow of datagrams is one of a carrier whose beginning is not in the
// capture, until a datagram tells which end is the client.
type unsided struct {
	carrier *datagramCarrier
	id      uint64 // for [Part]
	kept    []keptDatagram
	size    int
}

// keptDatagram is a datagram with a payload of its own.
type keptDatagram struct {
	packet packet.Packet
	dir    uint8
	at     flow.Mark
}

// Bounds of one flow that waits: more than a flight has.
const (
	mostWaiting      = 16
	mostWaitingBytes = 16 << 10
)

// await begins to wait with the datagram by which a carrier recognised a flow.
func (p *pipeline) await(e *udpEntry, key flow.Key, d *packet.Packet, dir uint8, c *datagramCarrier) {
	e.waits = &unsided{carrier: c, id: e.id()}
	p.hear(e, key, d, dir)
}

// hear keeps a datagram of a flow that waits, and ends the waiting if it tells the
// client or if too many have not.
func (p *pipeline) hear(e *udpEntry, key flow.Key, d *packet.Packet, dir uint8) {
	w := e.waits
	if p.opt.Sorted != nil {
		p.sorting = sorting{waits: w}
	}
	room := p.udp.waits.Take(len(d.Payload))
	if room {
		w.size += len(d.Payload)
	}
	k := keptDatagram{packet: *d, dir: dir, at: p.at}
	k.packet.Payload = bytes.Clone(d.Payload)
	w.kept = append(w.kept, k)
	switch w.carrier.probe(d.Payload) {
	case record.Client:
		e.client = dir
		p.openKept(e, key, conn.NotGuessed)
	case record.Server:
		e.client = dir ^ 1
		p.openKept(e, key, conn.NotGuessed)
	default:
		if !room || len(w.kept) >= mostWaiting || w.size > mostWaitingBytes {
			p.guess(e, key)
		}
	}
}

// guess ends the waiting without having heard which end is the client.
func (p *pipeline) guess(e *udpEntry, key flow.Key) {
	by := conn.GuessedByPorts
	switch serverPort(key) {
	case 0:
		e.client = 1
	case 1:
		e.client = 0
	default:
		e.client, by = e.waits.kept[0].dir, conn.GuessedByOrder
	}
	p.openKept(e, key, by)
}

// openKept begins to read a flow that waited, with all that was kept of it.
func (p *pipeline) openKept(e *udpEntry, key flow.Key, by conn.GuessedBy) {
	w, now := e.waits, p.at
	e.waits = nil
	p.udp.waits.Give(w.size)
	for i := range w.kept {
		k := &w.kept[i]
		p.at = k.at
		if i == 0 {
			p.openDatagrams(e, key, &k.packet, k.dir, w.carrier, by)
		}
		e.flow.last = k.at
		if e.flow.copies.again(e.side(k.dir), k.packet.Payload) {
			continue
		}
		e.flow.wrapped(e.side(k.dir), &k.packet)
		e.flow.stream.Datagram(e.side(k.dir), k.packet.Payload, k.packet.Missing, k.at)
	}
	p.at = now
	if p.opt.Sorted != nil && p.sorting.waits == w {
		p.sorting = sorting{udp: e.flow}
	}
}

// hearNoMore ends the waiting of every flow: no more packets come.
func (p *pipeline) hearNoMore() {
	type rest struct {
		key flow.Key
		e   *udpEntry
	}
	var all []rest
	for id, e := range p.udp.table.All() {
		if e.waits != nil {
			all = append(all, rest{p.udp.table.Key(id), e})
		}
	}
	slices.SortFunc(all, func(a, b rest) int { return cmp.Compare(a.e.first.Packet, b.e.first.Packet) })
	for _, r := range all {
		p.guess(r.e, r.key)
	}
}
