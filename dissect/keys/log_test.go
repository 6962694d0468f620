package keys

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

var (
	r1     = strings.Repeat("a1", 32)
	r2     = strings.Repeat("b2", 32)
	s32    = strings.Repeat("0c", 32)
	s48    = strings.Repeat("0d", 48)
	master = "CLIENT_RANDOM " + r1 + " " + s48 + "\n"
)

func TestLog(t *testing.T) {
	tests := []struct {
		name, text string
		want       LogStats
	}{
		{"empty", "", LogStats{}},
		{"comments and blanks", "# one\n\n   \r\n\t# two\n", LogStats{}},
		{"one line", master, LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"no line feed", strings.TrimSpace(master), LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"CRLF", strings.ReplaceAll(master+master, "\n", "\r\n"), LogStats{Lines: 2, Secrets: 1, Connections: 1, Repeated: 1}},
		{"byte order mark", "\xef\xbb\xbf" + master, LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"UTF-16", utf16le(master), LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"NULs of a hole in the file", strings.Repeat("\x00", 100) + master, LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"tabs and many blanks", strings.ReplaceAll(master, " ", " \t  "), LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"lower case", strings.ToLower(master), LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"upper case digits", strings.ToUpper(master), LogStats{Lines: 1, Secrets: 1, Connections: 1}},
		{"two secrets", master + strings.ReplaceAll(master, "0d0d ", "0e0e ") + strings.ReplaceAll(master, s48, strings.Repeat("0f", 48)),
			LogStats{Lines: 3, Secrets: 2, Connections: 1, Repeated: 1, Conflicts: 1}},
		{"every label", allLabels(), LogStats{Lines: 26, Secrets: 20, Connections: 1, Repeated: 6}},
		{"generations", "CLIENT_TRAFFIC_SECRET_1 " + r1 + " " + s32 + "\nCLIENT_TRAFFIC_SECRET_N " + r1 + " " + s32 + "\nCLIENT_TRAFFIC_SECRET_N " + r1 + " " + r2 + "\n",
			LogStats{Lines: 3, Secrets: 3, Connections: 1}},
		{"junk", "hello\nCLIENT_RANDOM " + r1 + "\n" + master + "CLIENT_RANDOM " + r1 + " " + s48 + " more\nWHAT_EVER " + r1 + " " + s48 +
			"\nCLIENT_RANDOM " + r1 + " 123\nCLIENT_RANDOM " + r1[1:] + "g " + s48 + "\nCLIENT_RANDOM " + r1 + " " + s32 + "\nCLIENT_TRAFFIC_SECRET_X " + r1 + " " + s32 + "\n",
			LogStats{Lines: 9, Secrets: 1, Connections: 1, Junk: 8, FirstJunk: []Junk{
				{"test", 1, "unknown label"}, {"test", 2, "fewer than three fields"}, {"test", 4, "more than three fields"},
				{"test", 5, "unknown label"}, {"test", 6, "an odd number of hexadecimal digits"}}}},
		{"a long line", master + strings.Repeat("x", 1<<20) + "\n" + strings.ReplaceAll(master, r1, r2),
			LogStats{Lines: 3, Secrets: 2, Connections: 2, Junk: 1, FirstJunk: []Junk{{"test", 2, "the line is longer than 16384 bytes"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLog()
			l.Add([]byte(tt.text), "test")
			if d := cmp.Diff(tt.want, l.Stats()); d != "" {
				t.Error(d)
			}
			// Byte by byte it is the same.
			l = NewLog()
			f := l.Feed("test")
			if _, err := io.Copy(f, iotest.OneByteReader(strings.NewReader(tt.text))); err != nil {
				t.Fatal(err)
			}
			f.Close()
			if d := cmp.Diff(tt.want, l.Stats()); d != "" {
				t.Errorf("in pieces: %s", d)
			}
		})
	}
}

func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func allLabels() string {
	var b strings.Builder
	for _, l := range []string{"CLIENT_RANDOM", "PMS_CLIENT_RANDOM"} {
		fmt.Fprintf(&b, "%s %s %s\n", l, r1, s48)
	}
	for _, l := range []string{"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
		"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_1", "SERVER_TRAFFIC_SECRET_17", "CLIENT_TRAFFIC_SECRET_N",
		"SERVER_TRAFFIC_SECRET_N", "EXPORTER_SECRET", "EARLY_EXPORTER_SECRET", "ECH_SECRET", "ECH_CONFIG",
		"QUIC_CLIENT_TRAFFIC_SECRET_2", "QUIC_SERVER_TRAFFIC_SECRET_2", "SERVER_TRAFFIC_SECRET_2147483647"} {
		fmt.Fprintf(&b, "%s %s %s\n", l, r1, s32)
	}
	for _, l := range []string{"EARLY_EXPORTER_MASTER_SECRET", "EXPORTER_MASTER_SECRET", "QUIC_CLIENT_HANDSHAKE_TRAFFIC_SECRET", "QUIC_SERVER_HANDSHAKE_SECRET", "QUIC_CLIENT_0RTT_SECRET", "QUIC_CLIENT_1RTT_SECRET"} {
		fmt.Fprintf(&b, "%s %s %s\n", l, r1, s32)
	}
	fmt.Fprintf(&b, "RSA 0123456789abcdef %s\n", s48)
	fmt.Fprintf(&b, "RSA Session-ID:%s Master-Key:%s\n", r1, s48)
	return b.String()
}

func TestLoad(t *testing.T) {
	bin := make([]byte, 4096)
	for i := range bin {
		bin[i] = byte(rand.IntN(256))
	}
	bin[0], bin[40] = 1, '\n'
	tests := []struct {
		name, text, what string
	}{
		{"empty", "", ""},
		{"junk of text", "hello\nworld\n", ""},
		{"private key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "a PEM file, not a key log"},
		{"capture", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + strings.Repeat("\x01", 100), "a capture file, not a key log"},
		{"binary", string(bin), "binary data, not a key log"},
		{"mostly binary", string(bin) + "\n" + master, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := NewLog().Load(strings.NewReader(tt.text), "file")
			var e *LogError
			if errors.As(err, &e) != (tt.what != "") || e != nil && (e.What != tt.what || e.Hint() == "") {
				t.Errorf("%v", err)
			}
		})
	}
	if err := NewLog().Load(iotest.ErrReader(io.ErrClosedPipe), "file"); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

// TestLogSize holds the bounds of time and memory for a large file.
func TestLogSize(t *testing.T) {
	var b bytes.Buffer
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		key := make([]byte, 32)
		for i := range key {
			key[i] = byte(rnd.Uint32())
		}
		for _, l := range []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"} {
			fmt.Fprintf(&b, "%s %x %x%016x\n", l, key, key[8:], rnd.Uint64())
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	l := NewLog()
	if err := l.Load(&b, "large"); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	size := int64(after.HeapAlloc) - int64(before.HeapAlloc) + int64(b.Cap()) // the text is gone by now
	t.Logf("50000 lines: %v, %d kB", took, size>>10)
	if took > 5*time.Second || size > 64<<20 || l.Stats().Secrets != 50_000 {
		t.Errorf("%v, %d bytes, %+v", took, size, l.Stats())
	}
	runtime.KeepAlive(l)
}

// TestConcurrent reads while a feed writes; it is for the race detector.
func TestConcurrent(t *testing.T) {
	p := NewProvider(nil)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 20 {
				playVector(t, p).s.Status()
				p.Log().Unclaimed()
				_ = p.WriteUsed(io.Discard)
			}
		})
	}
	wg.Go(func() {
		f := p.Log().Feed("growing")
		for i := range len(vectorLog) {
			_, _ = f.Write([]byte{vectorLog[i]})
		}
	})
	wg.Wait()
	if bad := playVector(t, p).good(); bad != "" {
		t.Error(bad)
	}
}
