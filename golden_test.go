package tlslens_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/keys"
)

var update = flag.Bool("update", false, "rewrite the golden files of testdata/pcaps")

// goldens are the outputs kept of each capture, by the end of their file names.
var goldens = []struct {
	suffix string
	width  int
}{{".80.txt", 80}, {".120.txt", 120}, {".jsonl", 0}}

// TestGolden compares what is said of each capture with what was said before.
// To take new wording: go test -run TestGolden -update . and read the diff.
func TestGolden(t *testing.T) {
	names := captureNames(t)
	folder := filepath.Join(pcaps, "golden")
	if *update {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no golden files yet: go test -run TestGolden -update .")
	}
	roots := testRoots(t)
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			for _, g := range goldens {
				r := renderFile(t, filepath.Join(pcaps, names[name]), dissect.Options{Roots: roots}, max(g.width, 80))
				got := r.table
				if g.width == 0 {
					got = r.jsonl
				}
				compareGolden(t, filepath.Join(folder, name+g.suffix), got)
			}
		})
	}
}

// openedGoldens are what is said of captures with the keys beside them: the
// key log, and with NAME.ech.pem that too.
var openedGoldens = map[string][]string{
	".log.80.txt": {"tls13-ech", "tls13-ech-hrr", "tls13-ech-resumed", "tls13-ech-nss", "tls13-ech-retry", "tls13-ech-boringssl", "quic-go-ech", "quic-go-ech-retry", "tls13-ech-wolfssl", "tls13-rpk", "dtls-13-cid", "eap-fast"},
	".ech.80.txt": {"tls13-ech-hrr", "tls13-ech-resumed", "tls13-ech-boringssl", "alert-ech-required", "quic-go-ech"},
}

// TestGoldenOpened is TestGolden with keys.
func TestGoldenOpened(t *testing.T) {
	roots := testRoots(t)
	for suffix, names := range openedGoldens {
		for _, name := range names {
			t.Run(name+suffix, func(t *testing.T) {
				log := keys.NewLog()
				text, err := os.ReadFile(filepath.Join(pcaps, name+".keys"))
				if err != nil {
					t.Fatal(err)
				}
				log.Add(text, name+".keys")
				p := keys.NewProvider(log)
				if suffix == ".ech.80.txt" {
					ks, err := keys.LoadPrivateKeys(filepath.Join(pcaps, name+".ech.pem"), nil)
					if err != nil {
						t.Fatal(err)
					}
					p.AddPrivateKey(ks...)
				}
				r := renderFile(t, filepath.Join(pcaps, name+".pcapng"), dissect.Options{Roots: roots, Keys: p}, 80)
				compareGolden(t, filepath.Join(pcaps, "golden", name+suffix), r.table)
			})
		}
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v: go test -run TestGolden -update .", err)
		return
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// TestCapturesAreWhole holds that a capture, its recipe and its goldens stay
// together.
func TestCapturesAreWhole(t *testing.T) {
	names := captureNames(t)
	for _, name := range sortedKeys(names) {
		if _, err := os.Stat(filepath.Join(pcaps, name+".recipe")); err != nil {
			t.Errorf("%s has no recipe: %v", names[name], err)
		}
	}
	for _, path := range files(t, filepath.Join(pcaps, "*.recipe")) {
		if n := strings.TrimSuffix(filepath.Base(path), ".recipe"); names[n] == "" {
			t.Errorf("%s makes no capture that is here", path)
		}
	}
	for _, path := range files(t, filepath.Join(pcaps, "*.keys")) {
		if n := strings.TrimSuffix(filepath.Base(path), ".keys"); names[n] == "" {
			t.Errorf("%s belongs to no capture", path)
		}
	}
	for _, path := range files(t, filepath.Join(pcaps, "golden", "*")) {
		base := filepath.Base(path)
		if !slices.ContainsFunc(goldens, func(g struct {
			suffix string
			width  int
		}) bool {
			n, ok := strings.CutSuffix(base, g.suffix)
			return ok && names[n] != ""
		}) && !slices.ContainsFunc(sortedKeys(openedGoldens), func(suffix string) bool {
			n, ok := strings.CutSuffix(base, suffix)
			return ok && slices.Contains(openedGoldens[suffix], n)
		}) {
			t.Errorf("%s belongs to no capture", path)
		}
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	out, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
