package capture

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// Magic numbers of pcap files
// (draft-ietf-opsawg-pcap section 4, and Wireshark's wiretap/libpcap.c).
const (
	magicMicro     = 0xa1b2c3d4
	magicNano      = 0xa1b23c4d
	magicKuznetzov = 0xa1b2cd34 // longer packet headers, of Alexey Kuznetzov's patched libpcap
	magicIxiaHW    = 0x1c0001ac // Ixia lcap: 4 bytes more of file header, nanoseconds
	magicIxiaSW    = 0x1c0001ab // the same with microseconds
)

const (
	pcapFileHeader   = 24
	pcapPacketHeader = 16
)

// A byteOrder reads integers; true is big-endian. It is a value and not an
// encoding/binary.ByteOrder because those calls are not inlined.
type byteOrder bool

func (o byteOrder) uint16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if o {
		return bits.ReverseBytes16(v)
	}
	return v
}

func (o byteOrder) uint32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if o {
		return bits.ReverseBytes32(v)
	}
	return v
}

func (o byteOrder) uint64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if o {
		return bits.ReverseBytes64(v)
	}
	return v
}

// A lengthOrder says whether captured and original length are interchanged.
type lengthOrder uint8

const (
	lengthsInOrder lengthOrder = iota
	lengthsSwapped
	// lengthsByValue: the larger one is the original length. Version 2.3
	// files were written both ways, and so were AIX's.
	lengthsByValue
)

// A pcapReader reads the packets of a pcap file.
type pcapReader struct {
	f       *File
	order   byteOrder
	lengths lengthOrder
	header  int   // bytes of a packet header
	unit    int64 // nanoseconds of a time stamp's fraction
	link    LinkType
}

// pcapMagic returns the magic number at the start of b, and its byte order, if
// it is one of a pcap file.
func pcapMagic(b []byte) (magic uint32, order byteOrder, ok bool) {
	for _, order := range []byteOrder{false, true} {
		switch m := order.uint32(b); m {
		case magicMicro, magicNano, magicKuznetzov, magicIxiaHW, magicIxiaSW:
			return m, order, true
		}
	}
	return 0, false, false
}

// newPcap reads the file header, of which the magic number is at hand.
func newPcap(f *File) (format, *OpenError) {
	c := &f.c
	magic, order, _ := pcapMagic(c.buf)
	size := pcapFileHeader
	if magic == magicIxiaHW || magic == magicIxiaSW {
		size += 4 // the size of all records together
	}
	if !c.need(size) {
		return nil, f.noHeader("pcap", len(c.buf), size)
	}
	major, minor := order.uint16(c.buf[4:]), order.uint16(c.buf[6:])
	snapLen, network := order.uint32(c.buf[16:]), order.uint32(c.buf[20:])
	q := &pcapReader{f: f, order: order, header: pcapPacketHeader, unit: 1000}
	switch magic {
	case magicNano, magicIxiaHW:
		q.unit = 1
	case magicKuznetzov:
		q.header += 8 // interface index, protocol, packet type
	}
	switch {
	case major == 2 && minor < 3, major == 543: // 543.0 is DG/UX
		q.lengths = lengthsSwapped
	case major == 2 && minor == 3:
		q.lengths = lengthsByValue
	case major < 2:
		return nil, &OpenError{What: "this is a pcap file of version " + strconv.Itoa(int(major)) + "." +
			strconv.Itoa(int(minor)) + ", which is not read", hint: editcapHint}
	}
	if magic == magicMicro && major == 2 && minor == 2 {
		network = q.fromAIX(network)
	}
	q.link = LinkType(network)
	iface := Interface{Link: q.link, SnapLen: snapLen}
	if network&0x0400_0000 != 0 { // the FCS length, in units of 16 bits, is there
		iface.FCSLen = int(network>>28) * 2
	}
	f.ifs = []Interface{iface}
	c.advance(size)
	return q, nil
}

// fromAIX returns the link type for an RFC 1573 ifType, which AIX writes in
// version 2.2 files, together with time stamps in nanoseconds. Other writers of
// version 2.2 knew none of these numbers but 9, PPP.
func (q *pcapReader) fromAIX(ifType uint32) uint32 {
	link := ifType
	switch ifType {
	case 6:
		link = uint32(LinkEthernet)
	case 9:
		link = uint32(LinkTokenRing)
	case 15:
		link = uint32(LinkFDDI)
	case 24:
		link = uint32(LinkNull)
	default:
		return link
	}
	q.unit, q.lengths = 1, lengthsByValue
	return link
}

func (q *pcapReader) next(p *Packet) error {
	f := q.f
	c := &f.c
	off := c.off
	if !c.need(q.header) {
		if len(c.buf) == 0 {
			return f.end()
		}
		return f.cut("", off)
	}
	h := c.buf[:q.header]
	sec, frac := q.order.uint32(h), q.order.uint32(h[4:])
	capLen, wireLen := q.order.uint32(h[8:]), q.order.uint32(h[12:])
	if q.lengths == lengthsSwapped || q.lengths == lengthsByValue && capLen > wireLen {
		capLen, wireLen = wireLen, capLen
	}
	if capLen > MaxPacketSize {
		return f.fatal("the packet claims "+uitoa(uint64(capLen))+" bytes, more than a packet has ("+
			strconv.Itoa(MaxPacketSize)+")", off)
	}
	end := q.header + int(capLen)
	if !c.need(end) {
		return f.cut("", off)
	}
	f.number++
	*p = Packet{
		Number:  f.number,
		Time:    unixTime(int64(sec), int64(frac)*q.unit),
		Link:    q.link,
		Data:    c.buf[q.header:end:end],
		WireLen: wireLength(wireLen, capLen),
		Offset:  off,
	}
	c.advance(end)
	return nil
}

func (q *pcapReader) drops() (kernel, iface uint64) { return 0, 0 }

// wireLength returns the original length of a packet, which cannot be less than
// what was captured of it and fits an int on every machine.
func wireLength(wire, captured uint32) int {
	const most = 1<<31 - 1
	return int(min(max(wire, captured), most))
}

func uitoa(n uint64) string { return strconv.FormatUint(n, 10) }
