package capture

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// many returns a pcap file of n packets of the given size.
func many(n, size int) []byte {
	w := le().header(magicMicro, 2, 4, 0, 1)
	for i := range n {
		w.packet(uint32(i), 0, frame(i, size), 0)
	}
	return w.b
}

func manyNG(n, size int) []byte {
	w := le().shb().idb(1, 0, nil)
	for i := range n {
		w.epb(0, ts0, frame(i, size), nil)
	}
	return w.b
}

func pack(t testing.TB, kind string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	case "lz4":
		w = lz4.NewWriter(&out)
	default:
		return b
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t testing.TB, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "wrong-name.txt")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestOpen reads long files, whose packets lie across chunks, in every
// compression, with and without reading ahead.
func TestOpen(t *testing.T) {
	files := map[string][]byte{"pcap": many(1500, 1000), "pcapng": manyNG(1500, 1000), "large packets": many(8, MaxPacketSize)}
	for name, b := range files {
		want, _, err := readAll(t, b)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range want {
			if !bytes.Equal(p.Data, frame(i, len(p.Data))) {
				t.Fatalf("packet %d has other bytes", p.Number)
			}
		}
		for _, kind := range []string{"", "gzip", "zstd", "lz4"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				f, err := Open(write(t, pack(t, kind, b)))
				if err != nil {
					t.Fatal(err)
				}
				got, err := drain(f)
				if err != nil || !reflect.DeepEqual(want, got) {
					t.Errorf("%d packets of %d, %v", len(got), len(want), err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				waitEnded(t, f)
			})
		}
	}
}

// waitEnded waits for the goroutine of f.
func waitEnded(t *testing.T, f *File) {
	t.Helper()
	select {
	case <-f.c.feed.(*readAhead).ended:
	case <-time.After(10 * time.Second):
		t.Error("the goroutine that reads ahead does not end")
	}
}

func TestCompressedDamage(t *testing.T) {
	b := many(2000, 100)
	for _, kind := range []string{"gzip", "zstd", "lz4"} {
		t.Run(kind+" cut short", func(t *testing.T) {
			z := pack(t, kind, b)
			got, _, err := readAll(t, z[:len(z)-1])
			cut, ok := err.(*TruncatedError)
			if !ok || cut.Compressed != kind || cut.Packet != uint64(len(got))+1 {
				t.Errorf("%d packets, %v", len(got), err)
			}
		})
		t.Run(kind+" only the start", func(t *testing.T) {
			_, _, err := readAll(t, pack(t, kind, b)[:5])
			want := "this is " + kind + " data that is cut short before the first packet [copy or download the file again]"
			if kind != "gzip" { // whose decoder says that its header is cut
				want = "this is " + kind + " data that holds nothing, or is cut short at its start [copy or download the file again]"
			}
			if message(err) != want {
				t.Errorf("got %s", message(err))
			}
		})
		t.Run(kind+" of nothing", func(t *testing.T) {
			_, _, err := readAll(t, pack(t, kind, nil))
			var bad *OpenError
			if !errors.As(err, &bad) {
				t.Errorf("got %v", err)
			}
		})
		t.Run(kind+" of text", func(t *testing.T) {
			_, _, err := readAll(t, pack(t, kind, []byte("just some text\n")))
			if err == nil || err.Error() != "this is text inside "+kind+", not a pcap or pcapng file" {
				t.Errorf("got %v", err)
			}
		})
		t.Run(kind+" twice", func(t *testing.T) {
			_, _, err := readAll(t, pack(t, kind, pack(t, "gzip", b)))
			if message(err) != "this is gzip inside "+kind+", compressed twice [decompress it first: "+kind+" -dc IN | tlslens read -]" {
				t.Errorf("got %s", message(err))
			}
		})
	}
	t.Run("gzip with a wrong checksum", func(t *testing.T) {
		z := pack(t, "gzip", b)
		z[len(z)-6] ^= 1
		got, _, err := readAll(t, z)
		if bad, ok := err.(*FormatError); !ok || bad.Err == nil || len(got) != 2000 {
			t.Errorf("%d packets, %v", len(got), err)
		}
	})
	t.Run("zstd window of 2 GB", func(t *testing.T) {
		_, _, err := readAll(t, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0, 0, 0, 0})
		if err == nil || err.Error() != "this zstd data needs more memory than is allowed (64 MiB)" {
			t.Errorf("got %v", err)
		}
	})
}

func TestOpenDirectory(t *testing.T) {
	_, err := Open(t.TempDir())
	var oe *OpenError
	if !errors.As(err, &oe) || err.Error() != "this is a directory, not a capture" || oe.Hint() == "" {
		t.Errorf("got %v", err)
	}
}

func TestOpenMissing(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "cannot be opened: no such file or directory" && runtime.GOOS == "linux" {
		t.Errorf("got %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestReadFails(t *testing.T) {
	disk := errors.New("input/output error")
	f, err := NewReader(io.MultiReader(bytes.NewReader(many(3, 10)), failing{disk}), "x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := drain(f)
	if !errors.Is(err, disk) || len(got) != 3 || err.Error() != "damaged at packet 4 (offset 102): cannot be read on: input/output error" {
		t.Errorf("%d packets, %v", len(got), err)
	}
	if _, err := NewReader(failing{disk}, "x"); message(err) != "cannot be read: input/output error []" {
		t.Errorf("got %v", err)
	}
	f, err = NewReader(io.MultiReader(bytes.NewReader(many(0, 0)), failing{nil}), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drain(f); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

// TestPipe asks for packets of a writer that has not finished, and closes while
// Next is blocked.
func TestPipe(t *testing.T) {
	r, w := io.Pipe()
	b := many(2, 50)
	go w.Write(b)
	f, err := newFile(r, "-", true, r.Close)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	for n := uint64(1); n <= 2; n++ {
		if err := f.Next(&p); err != nil || p.Number != n {
			t.Fatalf("packet %d, %v", p.Number, err)
		}
	}
	result := make(chan error)
	go func() { result <- f.Next(&p) }()
	time.Sleep(time.Millisecond)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; !errors.Is(err, fs.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Next returned %v", err)
	}
	if err := f.Next(&p); err != fs.ErrClosed {
		t.Errorf("after Close Next returns %v", err)
	}
	if f.Close() != nil {
		t.Error("second Close")
	}
	waitEnded(t, f)
}

func TestNextAllocatesNothing(t *testing.T) {
	for name, b := range map[string][]byte{"pcap": many(4500, 300), "pcapng": manyNG(4500, 300)} {
		f, err := NewReader(bytes.NewReader(b), name)
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		for range 1900 { // both chunks are in use
			if err := f.Next(&p); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(2000, func() {
			if err := f.Next(&p); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
		if n := testing.AllocsPerRun(20, func() {
			if _, _, err := f.ZeroCopyReadPacketData(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet for gopacket", name, n)
		}
	}
}

// TestLyingLengthsCostNothing reads small files with huge lengths in them.
func TestLyingLengthsCostNothing(t *testing.T) {
	files := map[string][]byte{
		"pcap":         le().header(magicMicro, 2, 4, 1<<32-1, 1).u32(1, 2, 1<<30, 1<<30).b,
		"pcapng block": le().shb().idb(1, 0, nil).u32(0x99, maxBlock).raw(make([]byte, 10000)...).b,
		"section":      le().u32(blockSection, maxBlock, byteOrderMagic).u16(1, 0).raw(make([]byte, 10000)...).b,
		"secrets":      le().shb().u32(blockSecrets, maxBlock, 0x544c534b, 15<<20).raw(make([]byte, 10000)...).b,
	}
	for name, b := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readAll(t, b)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}
