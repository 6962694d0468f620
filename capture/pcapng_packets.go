package capture

import (
	"strconv"
	"time"
)

// packetHeader is the length of an Enhanced Packet Block, and of a Packet
// Block, before the packet's bytes.
const packetHeader = 28

// enhanced reads an Enhanced Packet Block (draft-ietf-opsawg-pcapng section
// 4.3) and returns false if there is no packet in it.
func (q *pcapngReader) enhanced(b []byte, off int64, p *Packet) bool {
	q.f.number++
	if len(b) < packetHeader {
		return q.skip("its block has only "+strconv.Itoa(len(b))+" bytes", off)
	}
	return q.packet(b, q.order.uint32(b[8:]), off, p)
}

// obsolete reads a Packet Block (section 9.1), which differs in the size of
// its interface number and has a drop count in the header.
func (q *pcapngReader) obsolete(b []byte, off int64, p *Packet) bool {
	q.f.number++
	if len(b) < packetHeader {
		return q.skip("its block has only "+strconv.Itoa(len(b))+" bytes", off)
	}
	if drops := q.order.uint16(b[10:]); drops != 0xffff { // which is: not known
		q.lost = addUpTo(q.lost, uint64(drops))
	}
	return q.packet(b, uint32(q.order.uint16(b[8:])), off, p)
}

// packet reads what both kinds have in common.
func (q *pcapngReader) packet(b []byte, iface uint32, off int64, p *Packet) bool {
	if uint64(iface) >= uint64(len(q.ifs)) {
		return q.skip("it is of interface "+uitoa(uint64(iface))+", which nothing before describes", off)
	}
	capLen := q.order.uint32(b[20:])
	if capLen > MaxPacketSize {
		return q.skip("it claims "+uitoa(uint64(capLen))+" bytes, more than a packet has ("+
			strconv.Itoa(MaxPacketSize)+")", off)
	}
	end := packetHeader + int(capLen)
	if end > len(b) {
		return q.skip("it claims "+uitoa(uint64(capLen))+" bytes, of which its block holds "+
			strconv.Itoa(len(b)-packetHeader), off)
	}
	in := &q.ifs[iface]
	ts := uint64(q.order.uint32(b[12:]))<<32 | uint64(q.order.uint32(b[16:]))
	*p = Packet{
		Number:    q.f.number,
		Time:      in.clock.time(ts),
		Link:      in.link,
		Data:      b[packetHeader:end:end],
		WireLen:   wireLength(q.order.uint32(b[24:]), capLen),
		Interface: in.index,
		Offset:    off,
	}
	if options := (end + 3) &^ 3; options+4 < len(b) {
		q.packetOptions(b[options:], p)
	}
	return true
}

// packetOptions finds the first comment and the drop count of a packet. Faulty
// options end the list: they take nothing away from the packet.
func (q *pcapngReader) packetOptions(b []byte, p *Packet) {
	const dropCount = 4
	for o := (options{b: b, order: q.order}); o.next(); {
		switch {
		case o.code == optComment && p.Comment == nil:
			p.Comment = o.value
		case o.code == dropCount && len(o.value) == 8:
			q.lost = addUpTo(q.lost, q.order.uint64(o.value))
		}
	}
}

// simple reads a Simple Packet Block (section 4.4): of interface 0, without a
// time, and with a captured length that must be concluded.
func (q *pcapngReader) simple(b []byte, total int64, off int64, p *Packet) bool {
	const header = 12
	q.f.number++
	if len(q.ifs) == 0 {
		return q.skip("it is of interface 0, which nothing before describes", off)
	}
	if len(b) < header {
		return q.skip("its block has only "+strconv.Itoa(len(b))+" bytes", off)
	}
	in := &q.ifs[0]
	wire := q.order.uint32(b[8:])
	capLen := int64(wire)
	if in.snapLen != 0 {
		capLen = min(capLen, int64(in.snapLen))
	}
	capLen = min(capLen, total-header-4)
	if capLen > MaxPacketSize {
		return q.skip("it has "+strconv.FormatInt(capLen, 10)+" bytes, more than a packet has ("+
			strconv.Itoa(MaxPacketSize)+")", off)
	}
	end := header + int(capLen)
	*p = Packet{
		Number:    q.f.number,
		Time:      time.Time{},
		Link:      in.link,
		Data:      b[header:end:end],
		WireLen:   wireLength(wire, uint32(capLen)),
		Interface: in.index,
		Offset:    off,
	}
	return true
}

// skip notes a packet that cannot be read though the end of its block is known.
func (q *pcapngReader) skip(what string, off int64) bool {
	q.f.note(what, off, q.f.number, 1)
	return false
}
