package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

// frame returns a packet of n bytes that says which one it is.
func frame(i, n int) []byte {
	b := make([]byte, n)
	for k := range b {
		b[k] = byte(i + k)
	}
	return b
}

// A builder writes capture files, right or wrong.
type builder struct {
	binary.AppendByteOrder
	b []byte
}

func le() *builder { return &builder{AppendByteOrder: binary.LittleEndian} }
func be() *builder { return &builder{AppendByteOrder: binary.BigEndian} }

func (w *builder) u16(v ...uint16) *builder {
	for _, v := range v {
		w.b = w.AppendUint16(w.b, v)
	}
	return w
}

func (w *builder) u32(v ...uint32) *builder {
	for _, v := range v {
		w.b = w.AppendUint32(w.b, v)
	}
	return w
}

func (w *builder) raw(b ...byte) *builder { w.b = append(w.b, b...); return w }

func (w *builder) order() *builder { return &builder{AppendByteOrder: w.AppendByteOrder} }

// header writes the file header of a pcap file.
func (w *builder) header(magic uint32, major, minor uint16, snap, link uint32) *builder {
	return w.u32(magic).u16(major, minor).u32(0, 0, snap, link)
}

// packet writes a packet of a pcap file, with extra bytes of header.
func (w *builder) packet(sec, frac uint32, data []byte, extra int) *builder {
	w.u32(sec, frac, uint32(len(data)), uint32(len(data))+7).raw(make([]byte, extra)...)
	return w.raw(data...)
}

// block writes a pcapng block around what body writes.
func (w *builder) block(kind uint32, body *builder) *builder {
	for len(body.b)%4 != 0 {
		body.raw(0)
	}
	n := uint32(len(body.b)) + 12
	return w.u32(kind, n).raw(body.b...).u32(n)
}

func (w *builder) option(code uint16, value ...byte) *builder {
	w.u16(code, uint16(len(value))).raw(value...)
	for len(w.b)%4 != 0 {
		w.raw(0)
	}
	return w
}

func (w *builder) option64(code uint16, v uint64) *builder {
	return w.option(code, w.AppendUint64(nil, v)...)
}

func (w *builder) shb(options ...byte) *builder {
	return w.block(blockSection, w.order().u32(byteOrderMagic).u16(1, 0).u32(^uint32(0), ^uint32(0)).raw(options...))
}

func (w *builder) idb(link uint16, snap uint32, options *builder) *builder {
	body := w.order().u16(link, 0).u32(snap)
	if options != nil {
		body.raw(options.b...)
	}
	return w.block(blockInterface, body)
}

func (w *builder) epb(iface uint32, ts uint64, data []byte, options *builder) *builder {
	body := w.order().u32(iface, uint32(ts>>32), uint32(ts), uint32(len(data)), uint32(len(data))+7).raw(data...)
	for len(body.b)%4 != 0 {
		body.raw(0)
	}
	if options != nil {
		body.raw(options.b...)
	}
	return w.block(blockEnhanced, body)
}

func (w *builder) dsb(kind uint32, claim int, text string) *builder {
	return w.block(blockSecrets, w.order().u32(kind, uint32(claim)).raw([]byte(text)...))
}

// readAll reads b to its end and returns copies of the packets.
func readAll(t testing.TB, b []byte) ([]Packet, *File, error) {
	t.Helper()
	f, err := NewReader(bytes.NewReader(b), "test")
	if err != nil {
		return nil, nil, err
	}
	ps, err := drain(f)
	return ps, f, err
}

func drain(f *File) ([]Packet, error) {
	var ps []Packet
	for {
		var p Packet
		if err := f.Next(&p); err != nil {
			if err == io.EOF {
				err = nil
			}
			return ps, err
		}
		p.Data, p.Comment = bytes.Clone(p.Data), bytes.Clone(p.Comment)
		ps = append(ps, p)
	}
}

// message returns an error as a reader of the screen gets it.
func message(err error) string {
	if err == nil {
		return ""
	}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return fmt.Sprintf("%v [%s]", err, h.Hint())
	}
	return err.Error()
}

func utc(sec, nsec int64) time.Time { return time.Unix(sec, nsec).UTC() }

// oneByteReader gives a byte at a time, as the slowest pipe does.
type oneByteReader struct{ r io.Reader }

func (r oneByteReader) Read(b []byte) (int, error) { return r.r.Read(b[:min(len(b), 1)]) }
