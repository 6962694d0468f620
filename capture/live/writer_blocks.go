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

	optComment  = 1
	shbUserAppl = 4

	ifName, ifDescription, ifTsresol, ifFilter = 2, 3, 9, 11

	isbStartTime, isbEndTime, isbIfRecv, isbIfDrop, isbOSDrop, isbUsrDeliv = 2, 3, 4, 5, 7, 8

	// blockCounts is of no file: it carries counts through the queue.
	blockCounts = 0x80746c73
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
func appendSection(b []byte, o *WriterOptions) []byte {
	b, start := beginBlock(b, blockSection)
	b = order.AppendUint32(b, 0x1A2B3C4D)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint64(b, 1<<64-1) // the section's length is not known
	if o.Comment != "" {
		b = appendOption(b, optComment, []byte(o.Comment))
	}
	b = appendOption(b, shbUserAppl, []byte(o.Application))
	b = endBlock(appendOption(b, optEnd, nil), start)
	for _, i := range o.Interfaces {
		b, start = beginBlock(b, blockInterface)
		b = order.AppendUint16(b, uint16(i.Link))
		b = order.AppendUint16(b, 0)
		b = order.AppendUint32(b, i.SnapLen)
		b = appendOption(b, ifName, []byte(i.Name))
		if i.Description != "" {
			b = appendOption(b, ifDescription, []byte(i.Description))
		}
		b = appendOption(b, ifTsresol, []byte{9})
		if o.Filter != "" {
			b = appendOption(b, ifFilter, append([]byte{0}, o.Filter...)) // 0: as typed
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

// Saved counts the packets of an interface.
type Saved struct {
	Missed  uint64 // lost by the network card or its driver
	Dropped uint64 // passed the filter, lost by the operating system for want of room
	Unsaved uint64 // lost by the Writer for want of room
	LeftOut uint64 // not saved by intent
	inFile  uint64 // saved
}

func (s *Saved) add(x Saved) {
	s.Missed += x.Missed
	s.Dropped += x.Dropped
	s.Unsaved += x.Unsaved
	s.LeftOut += x.LeftOut
	s.inFile += x.inFile
}

// appendCounts appends counts on their way through the queue.
func appendCounts(b []byte, i int, s Saved) []byte {
	b, start := beginBlock(b, blockCounts)
	b = order.AppendUint32(b, uint32(i))
	for _, n := range []uint64{s.Missed, s.Dropped, s.Unsaved, s.LeftOut} {
		b = order.AppendUint64(b, n)
	}
	return endBlock(b, start)
}

// takeCounts reads what appendCounts wrote.
func takeCounts(b []byte) (i int, s Saved) {
	n := func(k int) uint64 { return order.Uint64(b[12+8*k:]) }
	return int(order.Uint32(b[8:])), Saved{Missed: n(0), Dropped: n(1), Unsaved: n(2), LeftOut: n(3)}
}

// appendStatistics appends an Interface Statistics Block. What the Writer lost
// counts as lost by the system: there is no option for it.
func appendStatistics(b []byte, i int, from, to time.Time, s Saved) []byte {
	b, start := beginBlock(b, blockStatistics)
	b = order.AppendUint32(b, uint32(i))
	b = appendTime(b, to)
	number := func(code uint16, n uint64) { b = appendOption(b, code, order.AppendUint64(nil, n)) }
	b = appendOption(b, isbStartTime, appendTime(nil, from))
	b = appendOption(b, isbEndTime, appendTime(nil, to))
	number(isbIfRecv, s.inFile+s.LeftOut+s.Unsaved+s.Dropped)
	number(isbIfDrop, s.Missed)
	number(isbOSDrop, s.Dropped+s.Unsaved)
	number(isbUsrDeliv, s.inFile)
	return endBlock(appendOption(b, optEnd, nil), start)
}
