package tlslens_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/report"
)

// pcaps is the folder of the project's own captures.
const pcaps = "testdata/pcaps"

// compressions are the suffixes a capture may have behind its format's.
var compressions = []string{"", ".gz", ".zst", ".lz4"}

// captureNames returns the file name of each capture in testdata/pcaps by its
// NAME.
func captureNames(t testing.TB) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(pcaps)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if n, ok := nameOf(e.Name()); ok {
			if old := out[n]; old != "" {
				t.Errorf("%s and %s have the same NAME", old, e.Name())
			}
			out[n] = e.Name()
		}
	}
	if len(out) == 0 {
		t.Fatalf("no captures in %s", pcaps)
	}
	return out
}

// nameOf returns the NAME of a capture's file name.
func nameOf(file string) (string, bool) {
	for _, format := range []string{".pcapng", ".pcap"} {
		for _, c := range compressions {
			if n, ok := strings.CutSuffix(file, format+c); ok {
				return n, true
			}
		}
	}
	return "", false
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// testRoots is the trust of the test PKI, so that no result depends on
// Mozilla's bundle.
func testRoots(t testing.TB) *pki.Store {
	t.Helper()
	s, err := pki.LoadPEM(filepath.Join(pcaps, "pki", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// packetsOf reads a whole capture into memory, with the error that ended it.
func packetsOf(t testing.TB, path string) ([]capture.Packet, error) {
	t.Helper()
	f, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []capture.Packet
	for {
		var p capture.Packet
		if err := f.Next(&p); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, err
		}
		p.Data = bytes.Clone(p.Data)
		out = append(out, p)
	}
}

// memory is a capture.Source of packets in memory.
type memory struct {
	packets []capture.Packet
	next    int
}

func (m *memory) Next(p *capture.Packet) error {
	if m.next == len(m.packets) {
		return io.EOF
	}
	*p = m.packets[m.next]
	m.next++
	return nil
}

func (m *memory) Stats() capture.Stats { return capture.Stats{Received: uint64(m.next)} }
func (m *memory) Close() error         { return nil }

// A rendering is what the writers make of a capture.
type rendering struct {
	table, jsonl string
	err          error // that ended reading
}

// render runs a source through the pipeline and writes it as tables of a width
// and as JSON lines.
func render(t testing.TB, src capture.Source, opt dissect.Options, width int) rendering {
	t.Helper()
	var tb, jb bytes.Buffer
	ws := [2]report.Writer{newWriter(t, "table", &tb, report.Style{Width: width}), newWriter(t, "jsonl", &jb, report.Style{})}
	var st dissect.Stats
	opt.Stats = &st
	var r rendering
	for e, err := range dissect.Events(context.Background(), src, opt) {
		if err != nil {
			r.err = err
			break
		}
		for _, w := range ws {
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, w := range ws {
		if err := w.Close(&st); err != nil {
			t.Fatal(err)
		}
	}
	r.table, r.jsonl = tb.String(), jb.String()
	return r
}

// renderFile does what render does for a capture file.
func renderFile(t testing.TB, path string, opt dissect.Options, width int) rendering {
	t.Helper()
	f, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return render(t, f, opt, width)
}

func newWriter(t testing.TB, format string, w io.Writer, s report.Style) report.Writer {
	t.Helper()
	f, ok := report.Find(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	return f.New(w, s)
}
