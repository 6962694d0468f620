package tlslens_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
)

// TestDeterminism holds that output depends on the capture alone: not on the
// number of workers, not on how the bytes come in, not on luck.
func TestDeterminism(t *testing.T) {
	roots := testRoots(t)
	for _, name := range sortedKeys(captureNames(t)) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(pcaps, captureNames(t)[name])
			want := renderFile(t, path, dissect.Options{Roots: roots, Workers: 1}, 100)
			for _, workers := range []int{1, 2, 8} {
				same(t, fmt.Sprintf("with %d workers", workers), want, renderFile(t, path, dissect.Options{Roots: roots, Workers: workers}, 100))
			}
			same(t, "through a pipe", want, renderPipe(t, path, dissect.Options{Roots: roots, Workers: 2}))
		})
	}
}

// renderPipe feeds a file in small and uneven pieces, as a pipe may.
func renderPipe(t *testing.T, path string, opt dissect.Options) rendering {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() {
		for n := 1; len(b) > 0; n = n%701 + 13 {
			k := min(n, len(b))
			if _, err := w.Write(b[:k]); err != nil {
				return
			}
			b = b[k:]
		}
		w.Close()
	}()
	f, err := capture.NewReader(r, "pipe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return render(t, f, opt, 100)
}

func same(t *testing.T, how string, want, got rendering) {
	t.Helper()
	if d := cmp.Diff(want.jsonl, got.jsonl); d != "" {
		t.Errorf("%s, JSON differs (-first +now):\n%s", how, d)
	}
	if d := cmp.Diff(want.table, got.table); d != "" {
		t.Errorf("%s, tables differ (-first +now):\n%s", how, d)
	}
}
