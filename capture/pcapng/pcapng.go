// Package pcapng writes captures with what pcapgo's writer cannot write: the
// secrets that open them.
//
// In go packets and key log text; out comes one pcapng section in the byte
// order of the format's examples, little-endian, with times in nanoseconds.
// Nothing is kept of what was written, and the bytes given are only read.
package pcapng

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"

	"github.com/tlslens/tlslens/capture"
)

// Block types (draft-ietf-opsawg-pcapng, Section 4).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockSecrets   = 10
	blockPacket    = 6
)

// secretsTLS is the type of a key log in a Decryption Secrets Block.
const secretsTLS = 0x544c534b

// A Writer writes one section. It is not safe for concurrent use. The first
// error is returned by every later call.
type Writer struct {
	w   *bufio.Writer
	b   []byte
	err error
	ifs int
}

// NewWriter begins a section on w. application is named in it.
func NewWriter(w io.Writer, application string) *Writer {
	n := &Writer{w: bufio.NewWriter(w)}
	n.begin(blockSection)
	n.b = binary.LittleEndian.AppendUint32(n.b, 0x1a2b3c4d)
	n.b = append(n.b, 1, 0, 0, 0)                                   // version 1.0
	n.b = binary.LittleEndian.AppendUint64(n.b, 0xffffffffffffffff) // length not stated
	n.option(4, []byte(application))
	n.options()
	n.end()
	return n
}

// Secrets writes key log text. It must stand before the packets that it opens,
// for readers that read only once.
func (n *Writer) Secrets(keylog []byte) error {
	n.begin(blockSecrets)
	n.b = binary.LittleEndian.AppendUint32(n.b, secretsTLS)
	n.b = binary.LittleEndian.AppendUint32(n.b, uint32(len(keylog)))
	n.pad(keylog)
	return n.end()
}

// Interface declares an interface and returns its index for [Writer.Packet].
func (n *Writer) Interface(i capture.Interface) (int, error) {
	n.begin(blockInterface)
	n.b = binary.LittleEndian.AppendUint16(n.b, uint16(i.Link))
	n.b = append(n.b, 0, 0)
	n.b = binary.LittleEndian.AppendUint32(n.b, i.SnapLen)
	if i.Name != "" {
		n.option(2, []byte(i.Name))
	}
	if i.Description != "" {
		n.option(3, []byte(i.Description))
	}
	n.option(9, []byte{9}) // nanoseconds
	n.options()
	n.ifs++
	return n.ifs - 1, n.end()
}

// Packet writes a packet of an interface that was declared. wireLen is its
// length in bytes before it was cut.
func (n *Writer) Packet(iface int, at time.Time, data []byte, wireLen int, comment string) error {
	n.begin(blockPacket)
	ns := uint64(0)
	if !at.IsZero() {
		ns = uint64(at.UnixNano())
	}
	for _, v := range []uint32{uint32(iface), uint32(ns >> 32), uint32(ns), uint32(len(data)), uint32(max(wireLen, len(data)))} {
		n.b = binary.LittleEndian.AppendUint32(n.b, v)
	}
	n.pad(data)
	if comment != "" {
		n.option(1, []byte(comment))
		n.options()
	}
	return n.end()
}

// Flush writes what is buffered.
func (n *Writer) Flush() error {
	if err := n.w.Flush(); n.err == nil {
		n.err = err
	}
	return n.err
}

// begin starts a block; its length is filled in at the end.
func (n *Writer) begin(typ uint32) {
	n.b = binary.LittleEndian.AppendUint32(n.b[:0], typ)
	n.b = append(n.b, 0, 0, 0, 0)
}

// pad appends bytes up to a multiple of four.
func (n *Writer) pad(b []byte) {
	n.b = append(n.b, b...)
	for len(n.b)%4 != 0 {
		n.b = append(n.b, 0)
	}
}

// option appends an option; its text is cut at what a length can say.
func (n *Writer) option(code uint16, b []byte) {
	b = b[:min(len(b), 1<<16-1)]
	n.b = binary.LittleEndian.AppendUint16(n.b, code)
	n.b = binary.LittleEndian.AppendUint16(n.b, uint16(len(b)))
	n.pad(b)
}

// options ends a list of options.
func (n *Writer) options() { n.b = append(n.b, 0, 0, 0, 0) }

// end writes the block.
func (n *Writer) end() error {
	size := uint32(len(n.b) + 4)
	n.b = binary.LittleEndian.AppendUint32(n.b, size)
	binary.LittleEndian.PutUint32(n.b[4:], size)
	if n.err == nil {
		_, n.err = n.w.Write(n.b)
	}
	return n.err
}
