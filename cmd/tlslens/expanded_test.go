package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExpanded holds that patterns stand for files where shells leave that to
// programs, and nowhere else, where a name may have such characters.
func TestExpanded(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.pcap"), filepath.Join(dir, "b.pcap")
	for _, name := range []string{a, b, filepath.Join(dir, "c.txt")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pattern, none := filepath.Join(dir, "*.pcap"), filepath.Join(dir, "?.lost")
	want := []string{"-", pattern, none, b}
	if runtime.GOOS == "windows" {
		want = []string{"-", a, b, none, b}
	}
	if d := cmp.Diff(want, expanded([]string{"-", pattern, none, b})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
