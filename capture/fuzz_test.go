package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzNext reads anything as a file. Packets stay inside it and in order, every
// end has a known kind, and a cursor fed byte by byte sees the same.
func FuzzNext(f *testing.F) {
	d := frame(3, 61)
	seeds := []*builder{
		le().header(magicMicro, 2, 4, 0, 1).packet(1, 2, d, 0).packet(1, 2, d[:20], 0),
		be().header(magicNano, 2, 3, 0, 276).packet(1, 2, d, 0),
		le().header(magicKuznetzov, 2, 4, 0, 1).packet(1, 2, d, 8),
		be().header(magicMicro, 2, 2, 0, 6).packet(1, 2, d, 0),
		be().header(magicIxiaSW, 2, 4, 0, 1).u32(9).packet(1, 2, d, 0),
		le().shb().idb(1, 50, opts().option(9, 0xff).option64(14, 1<<63).option(2, 'x')).epb(0, ts0, d, opts().option(1, 'c').option64(4, 9)).
			block(blockSimple, le().u32(61).raw(d...)).block(blockObsolete, le().u16(0, 3).u32(1, 2, 61, 61).raw(d...)).
			dsb(0x544c534b, 3, "abc").block(blockStatistics, le().u32(0, 0, 0).option64(5, 1<<63)).block(blockCustom, le().u32(1)).
			epb(7, ts0, d, nil).epb(0, ts0, d, nil),
		be().shb().idb(101, 0, opts()).epb(0, ts0, d, nil),
	}
	for _, s := range seeds {
		f.Add(s.b)
		for _, kind := range []string{"gzip", "zstd", "lz4"} {
			f.Add(pack(f, kind, s.b))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		src, err := NewReader(bytes.NewReader(b), "fuzz")
		if err != nil {
			var bad *OpenError
			if !errors.As(err, &bad) || bad.Error() == "" {
				t.Fatalf("Open returns %v", err)
			}
			return
		}
		var last Packet
		size := int64(len(b))
		if src.compressed != "" {
			size = 1 << 30 // not known
		}
		n := uint64(0)
		for {
			var p Packet
			if err = src.Next(&p); err != nil {
				break
			}
			n++
			switch {
			case p.Number <= last.Number:
				t.Fatalf("packet %d after %d", p.Number, last.Number)
			case len(p.Data) > MaxPacketSize || p.WireLen < len(p.Data):
				t.Fatalf("%d of %d bytes", len(p.Data), p.WireLen)
			case p.Offset < last.Offset || n > 1 && p.Offset == last.Offset || p.Offset+int64(len(p.Data)) > size:
				t.Fatalf("offset %d after %d", p.Offset, last.Offset)
			case p.Interface < 0 || p.Interface >= len(src.Interfaces()) || src.Interfaces()[p.Interface].Link != p.Link:
				t.Fatalf("interface %d, %v", p.Interface, p.Link)
			case !p.Time.IsZero() && (p.Time.Year() < 1 || p.Time.Year() > 10000):
				t.Fatalf("time %v", p.Time)
			case src.compressed == "" && !bytes.Contains(b, p.Data):
				t.Fatal("bytes that are not in the file")
			}
			last = p
		}
		checkEnd(t, err, last.Number, size)
		if src.Stats().Received != n || len(src.secrets) > maxSecrets+1 {
			t.Fatalf("%+v, %d bytes of secrets", src.Stats(), len(src.secrets))
		}
		if len(b) < 4096 {
			slow, err2 := NewReader(oneByteReader{bytes.NewReader(b)}, "fuzz")
			if err2 != nil {
				t.Fatal(err2)
			}
			if ps, err2 := drain(slow); uint64(len(ps)) != n || message(err2) != message(cleanEnd(err)) {
				t.Fatalf("%d packets, %v; byte by byte %d, %v", n, err, len(ps), err2)
			}
		}
		src.Close()
	})
}

func cleanEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func checkEnd(t *testing.T, err error, last uint64, size int64) {
	t.Helper()
	var cut *TruncatedError
	var bad *FormatError
	switch {
	case err == io.EOF:
	case errors.As(err, &cut):
		if cut.Packet <= last || cut.Offset > size {
			t.Fatalf("%v after packet %d", err, last)
		}
	case errors.As(err, &bad):
		if bad.Offset > size || bad.What == "" || bad.Packet == 0 {
			t.Fatalf("%v after packet %d", err, last)
		}
	default:
		t.Fatalf("Next returns %v", err)
	}
}
