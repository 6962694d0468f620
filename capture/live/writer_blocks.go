package live

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

// beginBlock starts a block; endBlock completes it.
func beginBlock(b []byte, kind uint32) ([]byte, int) {
	start := len(b)
	b = order.AppendUint32(b, kind)
	return order.AppendUint32(b, 0), start
}

func endBlock(b []byte, start int) []byte {
	n := uint32(len(b) - start + 4)
	order.PutUint32(b[start+4:], n)
	return order.AppendUint32(b, n)
}

// appendPadded appends bytes up to a multiple of four.
func appendPadded(b, data []byte) []byte {
	b = append(b, data...)
	return append(b, "\x00\x00\x00"[:-len(data)&3]...)
}

func appendOption(b []byte, code uint16, data []byte) []byte {
	data = data[:min(len(data), 0xffff)]
	b = order.AppendUint16(b, code)
	b = order.AppendUint16(b, uint16(len(data)))
	return appendPadded(b, data)
}

// appendSection appends a section header and the description of each interface.
func appendSection(b []byte, application, filter string, ifs []capture.Interface) []byte {
	b, start := beginBlock(b, blockSection)
	b = order.AppendUint32(b, 0x1A2B3C4D)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint64(b, 1<<64-1) // the section's length is not known
	b = appendOption(b, shbUserAppl, []byte(application))
	b = endBlock(appendOption(b, optEnd, nil), start)
	for _, i := range ifs {
		b, start = beginBlock(b, blockInterface)
		b = order.AppendUint16(b, uint16(i.Link))
		b = order.AppendUint16(b, 0)
		b = order.AppendUint32(b, i.SnapLen)
		b = appendOption(b, ifName, []byte(i.Name))
		if i.Description != "" {
			b = appendOption(b, ifDescription, []byte(i.Description))
		}
		b = appendOption(b, ifTsresol, []byte{9})
		if filter != "" {
			b = appendOption(b, ifFilter, append([]byte{0}, filter...)) // 0: as typed
		}
		b = endBlock(appendOption(b, optEnd, nil), start)
	}
	return b
}

// appendTime returns the time as blocks have it: nanoseconds, upper half first.
func appendTime(b []byte, t time.Time) []byte {
	ns := uint64(t.UnixNano())
	b = order.AppendUint32(b, uint32(ns>>32))
	return order.AppendUint32(b, uint32(ns))
}

// appendPacket appends an Enhanced Packet Block.
func appendPacket(b []byte, p *capture.Packet) []byte {
	b, start := beginBlock(b, blockPacket)
	b = order.AppendUint32(b, uint32(p.Interface))
	b = appendTime(b, p.Time)
	b = order.AppendUint32(b, uint32(len(p.Data)))
	b = order.AppendUint32(b, uint32(p.WireLen))
	return endBlock(appendPadded(b, p.Data), start)
}

// Saved is what is known about an interface when a file ends.
type Saved struct {
	Received uint64 // packets that passed the filter
	Dropped  uint64 // of these, lost by the operating system for want of room
	Unsaved  uint64 // lost by the Writer for want of room
}

// appendStatistics appends an Interface Statistics Block.
func appendStatistics(b []byte, i int, from, to time.Time, c Saved) []byte {
	b, start := beginBlock(b, blockStatistics)
	b = order.AppendUint32(b, uint32(i))
	b = appendTime(b, to)
	b = appendOption(b, isbStartTime, appendTime(nil, from))
	b = appendOption(b, isbEndTime, appendTime(nil, to))
	b = appendOption(b, isbIfRecv, order.AppendUint64(nil, c.Received))
	b = appendOption(b, isbIfDrop, order.AppendUint64(nil, c.Unsaved))
	b = appendOption(b, isbOSDrop, order.AppendUint64(nil, c.Dropped))
	return endBlock(appendOption(b, optEnd, nil), start)
}
