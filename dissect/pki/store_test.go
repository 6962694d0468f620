package pki

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

func TestLoadPEM(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	block := func(c *Certificate) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) }
	two := append(append([]byte("# comment\n"), block(w.root.cert)...), block(w.mid.cert)...)
	write("dir/a.pem", block(w.root.cert))
	write("dir/b.der", w.mid.cert.Raw)
	write("dir/readme", []byte("nothing"))
	tests := []struct {
		name, path, store string
		want              int // -1: an error
	}{
		{"one", write("one.pem", block(w.root.cert)), "one.pem", 1},
		{"two", write("two.pem", two), "two.pem", 2},
		{"twice the same", write("same.pem", append(block(w.root.cert), block(w.root.cert)...)), "same.pem", 1},
		{"DER", write("root.der", w.root.cert.Raw), "root.der", 1},
		{"directory", filepath.Join(dir, "dir"), "dir", 2},
		{"empty", write("empty.pem", nil), "", -1},
		{"a key only", write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})), "", -1},
		{"missing", filepath.Join(dir, "no such file"), "", -1},
		{"directory without certificates", t.TempDir(), "", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := LoadPEM(tt.path)
			if tt.want < 0 {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil || s.Len() != tt.want || s.Name() != tt.store || s.find(w.root.cert) == nil {
				t.Errorf("%v, %d anchors named %q", err, s.Len(), s.Name())
			}
		})
	}
}

func TestMozilla(t *testing.T) {
	s := Mozilla()
	if s.bySubject != nil {
		t.Error("loaded before need")
	}
	if s.Err() != nil || s.Len() < 100 {
		t.Fatalf("%d roots, %v", s.Len(), s.Err())
	}
	constrained := 0
	for _, list := range s.bySubject {
		for _, a := range list {
			if a.cert != nil {
				t.Fatal("parsed before need")
			}
			if c := a.certificate(); len(c.Problems) > 0 && c.X509 == nil {
				t.Errorf("%s: %v, %v", c.Subject, c.Problems, c.X509Err)
			}
			if a.constraint != nil {
				constrained++
			}
		}
	}
	t.Logf("%d roots, %d with a date of distrust", s.Len(), constrained)
}

func TestJoin(t *testing.T) {
	w := newWorld(t)
	other := issue(t, nil, "Other", nil, asCA)
	s := Join(NewStore("a.pem", other.cert), NewStore("b.pem", w.root.cert))
	r := CheckChain(certs(w.leaf, w.mid), CheckOptions{At: noon, Roots: s})
	if s.Name() != "a.pem or b.pem" || s.Len() != 2 || r.Anchor != "b.pem" {
		t.Errorf("%q with %d, anchor in %q", s.Name(), s.Len(), r.Anchor)
	}
}
