package save

import (
	"encoding/binary"
	"time"

	"github.com/tlslens/tlslens/capture"
)

// Block types and options of draft-ietf-opsawg-pcapng, sections 4.1 to 4.6.
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockStatistics = 5
	blockPacket     = 6

	optEnd = 0

	shbUserAppl = 4

	ifName, ifDescription, ifTsresol, ifFilter = 2, 3, 9, 11

	isbStartTime, isbEndTime, isbIfRecv, isbIfDrop, isbOSDrop = 2, 3, 4, 5, 7
)

// Blocks are written in this order of bytes, as the magic of the section says.
var order = binary.LittleEndian

// begin starts a block; end completes it.
func begin(b []byte, kind uint32) ([]byte, int) {
	start := len(b)
	b = order.AppendUint32(b, kind)
	return order.AppendUint32(b, 0), start
}

func end(b []byte, start int) []byte {
	n := uint32(len(b) - start + 4)
	order.PutUint32(b[start+4:], n)
	return order.AppendUint32(b, n)
}

// padded appends bytes up to a multiple of four.
func padded(b, data []byte) []byte {
	b = append(b, data...)
	return append(b, "\x00\x00\x00"[:-len(data)&3]...)
}

func option(b []byte, code uint16, data []byte) []byte {
	data = data[:min(len(data), 0xffff)]
	b = order.AppendUint16(b, code)
	b = order.AppendUint16(b, uint16(len(data)))
	return padded(b, data)
}

// section appends a section header and the description of each interface.
func section(b []byte, application, filter string, ifs []capture.Interface) []byte {
	b, start := begin(b, blockSection)
	b = order.AppendUint32(b, 0x1A2B3C4D)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint64(b, 1<<64-1) // the section's length is not known
	b = option(b, shbUserAppl, []byte(application))
	b = end(option(b, optEnd, nil), start)
	for _, i := range ifs {
		b, start = begin(b, blockInterface)
		b = order.AppendUint16(b, uint16(i.Link))
		b = order.AppendUint16(b, 0)
		b = order.AppendUint32(b, i.SnapLen)
		b = option(b, ifName, []byte(i.Name))
		if i.Description != "" {
			b = option(b, ifDescription, []byte(i.Description))
		}
		b = option(b, ifTsresol, []byte{9})
		if filter != "" {
			b = option(b, ifFilter, append([]byte{0}, filter...)) // 0: as typed
		}
		b = end(option(b, optEnd, nil), start)
	}
	return b
}

// stamp returns the time as blocks have it: nanoseconds, upper half first.
func stamp(b []byte, t time.Time) []byte {
	ns := uint64(t.UnixNano())
	b = order.AppendUint32(b, uint32(ns>>32))
	return order.AppendUint32(b, uint32(ns))
}

// packet appends an Enhanced Packet Block.
func packet(b []byte, p *capture.Packet) []byte {
	b, start := begin(b, blockPacket)
	b = order.AppendUint32(b, uint32(p.Interface))
	b = stamp(b, p.Time)
	b = order.AppendUint32(b, uint32(len(p.Data)))
	b = order.AppendUint32(b, uint32(p.WireLen))
	return end(padded(b, p.Data), start)
}

// A Count is what is known about an interface when a file ends.
type Count struct {
	Received uint64 // packets that passed the filter
	Dropped  uint64 // of these, lost by the operating system for want of room
	Unsaved  uint64 // lost by the Writer for want of room
}

// statistics appends an Interface Statistics Block.
func statistics(b []byte, i int, from, to time.Time, c Count) []byte {
	b, start := begin(b, blockStatistics)
	b = order.AppendUint32(b, uint32(i))
	b = stamp(b, to)
	b = option(b, isbStartTime, stamp(nil, from))
	b = option(b, isbEndTime, stamp(nil, to))
	b = option(b, isbIfRecv, order.AppendUint64(nil, c.Received))
	b = option(b, isbIfDrop, order.AppendUint64(nil, c.Unsaved))
	b = option(b, isbOSDrop, order.AppendUint64(nil, c.Dropped))
	return end(option(b, optEnd, nil), start)
}
