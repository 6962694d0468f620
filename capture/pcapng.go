package capture

import (
	"fmt"
	"strconv"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng section 4 and 10.1).
const (
	blockInterface   = 1
	blockObsolete    = 2 // Packet Block, before the enhanced one
	blockSimple      = 3
	blockStatistics  = 5
	blockEnhanced    = 6
	blockJournal     = 9
	blockSecrets     = 10
	blockCustom      = 0xbad
	blockCustomLocal = 0x40000bad
	blockSection     = 0x0a0d0d0a // reads the same in both byte orders
)

const (
	byteOrderMagic = 0x1a2b3c4d
	// maxBlock bounds the length of a block. Blocks are not kept, so this
	// serves only to tell damage from size.
	maxBlock = 256 << 20
)

var magicPcapng = []byte{0x0a, 0x0d, 0x0d, 0x0a}

// An ngInterface is what is needed of an interface to read its packets.
type ngInterface struct {
	link    LinkType
	snapLen uint32
	clock   clock
	index   int // in File.ifs
	ifDrop  uint64
	osDrop  uint64
}

// A pcapngReader reads the packets of a pcapng file. Of its blocks only the
// first maxPeek bytes are ever at hand; the rest is passed over.
type pcapngReader struct {
	f     *File
	order byteOrder
	ifs   []ngInterface // of the section
	known map[ngKey]int // interfaces of all sections: see describe
	text  int           // bytes of names kept

	rest       int64 // bytes of the last block that were not consumed yet
	restLength uint32
	restWhere  string
	restOffset int64 // of the block

	ifDrop, osDrop uint64 // of earlier sections
	lost           uint64 // by the drop counts of packets
	counted        bool   // a statistics block was seen
}

// newPcapng looks at the section header, whose type is at hand.
func newPcapng(f *File) (format, *OpenError) {
	c := &f.c
	if !c.need(28) {
		return nil, f.noHeader("pcapng", len(c.buf), 28)
	}
	q := &pcapngReader{f: f, known: make(map[ngKey]int)}
	if !q.setOrder(c.buf) {
		return nil, &OpenError{What: fmt.Sprintf("this starts as a pcapng file, but its byte-order magic is damaged: % x", c.buf[8:12]),
			hint: "if it was copied as text, line ends were changed: copy it again as binary"}
	}
	if length := q.order.uint32(c.buf[4:]); length < 28 || length > maxBlock {
		return nil, &OpenError{What: fmt.Sprintf("this starts as a pcapng file, but its section header claims %d bytes", length),
			hint: "the file is damaged: copy or download it again"}
	}
	if major := q.order.uint16(c.buf[12:]); major != 1 {
		return nil, &OpenError{What: fmt.Sprintf("this is a pcapng file of version %d, which is not read", major), hint: editcapHint}
	}
	return q, nil
}

// setOrder reads the byte-order magic of a section header.
func (q *pcapngReader) setOrder(b []byte) bool {
	for _, o := range []byteOrder{false, true} {
		if o.uint32(b[8:]) == byteOrderMagic {
			q.order = o
			return true
		}
	}
	return false
}

func (q *pcapngReader) next(p *Packet) error {
	c := &q.f.c
	for {
		if q.rest > 0 {
			if err := q.skipRest(); err != nil {
				return err
			}
		}
		off := c.off
		b, kind, total, err := q.block()
		if err != nil {
			return err
		}
		switch kind {
		case blockEnhanced:
			if q.enhanced(b, off, p) {
				return nil
			}
			continue
		case blockSimple:
			if q.simple(b, total, off, p) {
				return nil
			}
			continue
		case blockObsolete:
			if q.obsolete(b, off, p) {
				return nil
			}
			continue
		case blockSection:
			err = q.section(b, off)
		case blockInterface:
			err = q.describe(b, off)
		case blockStatistics:
			q.statistics(b)
		case blockSecrets:
			err = q.keepSecrets(b, off)
		default:
			if countsAsPacket(kind) {
				q.f.number++
			}
		}
		if err != nil {
			return err
		}
	}
}

// countsAsPacket reports whether Wireshark gives a number to blocks of a kind
// that are not packets: custom blocks, systemd journal entries, sysdig events.
func countsAsPacket(kind uint32) bool {
	switch kind {
	case blockCustom, blockCustomLocal, blockJournal, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222:
		return true
	}
	return false
}

// block consumes the next block and returns its bytes up to the length at its
// end, or the first maxPeek of them, and its padded length. What is left of the
// block is in q.rest.
func (q *pcapngReader) block() (b []byte, kind uint32, total int64, err error) {
	f, c := q.f, &q.f.c
	off := c.off
	if !c.need(12) {
		if len(c.buf) == 0 {
			return nil, 0, 0, f.end()
		}
		if len(c.buf) >= 4 {
			return nil, 0, 0, f.cut(q.where(q.order.uint32(c.buf)), off)
		}
		return nil, 0, 0, f.cut("in a block header after packet "+uitoa(f.number), off)
	}
	kind = q.order.uint32(c.buf)
	if kind == blockSection && !q.setOrder(c.buf) {
		return nil, 0, 0, f.fatal(fmt.Sprintf("the byte-order magic of a section is % x", c.buf[8:12]), off)
	}
	length := q.order.uint32(c.buf[4:])
	// Some writers left the padding out of the length: wiretap's finding.
	total = (int64(length) + 3) &^ 3
	if length < 12 || total > maxBlock {
		return nil, 0, 0, f.fatal("a block claims "+uitoa(uint64(length))+" bytes", off)
	}
	n := int(min(total, maxPeek))
	if !c.need(n) {
		return nil, 0, 0, f.cut(q.where(kind), off)
	}
	b = c.buf[:n:n]
	if total > maxPeek {
		c.advance(n)
		q.rest, q.restLength, q.restWhere, q.restOffset = total-int64(n), length, q.where(kind), off
		return b, kind, total, nil
	}
	if end := q.order.uint32(b[n-4:]); end != length {
		return nil, 0, 0, f.lengthsDiffer(length, end, off)
	}
	c.advance(n)
	return b[: n-4 : n-4], kind, total, nil
}

func (f *File) lengthsDiffer(first, last uint32, off int64) error {
	return f.fatal(fmt.Sprintf("the block length is %d before the block and %d behind it", first, last), off)
}

// skipRest passes over what is left of a long block.
func (q *pcapngReader) skipRest() error {
	f, c, off := q.f, &q.f.c, q.restOffset
	n := q.rest
	q.rest = 0
	if !c.skip(n-4) || !c.need(4) {
		return f.cut(q.restWhere, off)
	}
	if end := q.order.uint32(c.buf); end != q.restLength {
		return f.lengthsDiffer(q.restLength, end, off)
	}
	c.advance(4)
	return nil
}

// where says in words which block a file ends in; "" is the next packet.
func (q *pcapngReader) where(kind uint32) string {
	switch kind {
	case blockEnhanced, blockSimple, blockObsolete:
		return ""
	case blockSection:
		return "in a section header block"
	case blockInterface:
		return "in an interface description block"
	case blockStatistics:
		return "in an interface statistics block"
	case blockSecrets:
		return "in a decryption secrets block"
	}
	return "in a block of type " + strconv.FormatUint(uint64(kind), 10) + " after packet " + uitoa(q.f.number)
}

func (q *pcapngReader) drops() (kernel, iface uint64) {
	if !q.counted {
		return 0, q.lost
	}
	kernel, iface = q.osDrop, q.ifDrop
	for _, i := range q.ifs {
		kernel, iface = addUpTo(kernel, i.osDrop), addUpTo(iface, i.ifDrop)
	}
	return kernel, iface
}

// addUpTo adds counters that a file may have made up.
func addUpTo(a, b uint64) uint64 {
	if a+b < a {
		return 1<<64 - 1
	}
	return a + b
}
