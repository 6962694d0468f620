//go:build !windows

package pki

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

func TestSystemFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roots.pem")
	w := newWorld(t)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.root.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", path)
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	if s := System(); s.Name() != "the system's roots" || s.Len() != 1 {
		t.Errorf("%d anchors, %v", s.Len(), s.Err())
	}
	t.Setenv("SSL_CERT_FILE", filepath.Join(t.TempDir(), "none"))
	s := System()
	if s.Err() == nil {
		t.Fatal("no error")
	}
	if got := find(CheckChain(certs(w.leaf, w.mid), CheckOptions{At: noon, Roots: s}), CheckTrust); got == "" {
		t.Error("an unloadable store is not mentioned")
	}
}
