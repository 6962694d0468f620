package pki

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A truthCertificate is what other tools read out of a certificate.
type truthCertificate struct {
	SHA256    string   `json:"sha256"`
	Subject   string   `json:"subject"`
	Issuer    string   `json:"issuer"`
	Serial    string   `json:"serial"`
	NotBefore string   `json:"not_before"`
	NotAfter  string   `json:"not_after"`
	Version   int      `json:"version"`
	SAN       []string `json:"san"`
	Error     string   `json:"error"`
}

// corpus returns the folder of the test corpus or skips.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TLSLENS_CORPUS")
	if dir == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	return dir
}

func readTruth(t *testing.T, dir string) map[[32]byte]truthCertificate {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "captures/truth/wire.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	truth := map[[32]byte]truthCertificate{}
	for dec := json.NewDecoder(f); ; {
		var line struct {
			Certs       []truthCertificate `json:"certs"`
			ClientCerts []truthCertificate `json:"client_certs"`
		}
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return truth
		} else if err != nil {
			t.Fatal(err)
		}
		for _, c := range append(line.Certs, line.ClientCerts...) {
			if sum, err := hex.DecodeString(c.SHA256); err == nil && len(sum) == 32 && c.Error == "" {
				truth[[32]byte(sum)] = c
			}
		}
	}
}

// scan calls f with everything in b that looks like a DER certificate of two
// length bytes. Certificates cut over packets are not found.
func scan(b []byte, f func(der []byte)) {
	for i := 0; ; i++ {
		n := bytes.Index(b[i:], []byte{0x30, 0x82})
		if n < 0 {
			return
		}
		i += n
		if i+8 > len(b) {
			return
		}
		size := 4 + int(b[i+2])<<8 + int(b[i+3])
		if b[i+4] == 0x30 && size <= len(b)-i {
			f(b[i : i+size])
		}
	}
}

func walk(t *testing.T, dir string, f func(path string, b []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".pcap") {
			return err
		}
		b, err := os.ReadFile(path)
		f(path, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCorpusCertificates finds certificates in captures and compares them with
// what other tools read.
func TestCorpusCertificates(t *testing.T) {
	dir := corpus(t)
	truth := readTruth(t, dir)
	found := 0
	walk(t, filepath.Join(dir, "captures"), func(path string, b []byte) {
		scan(b, func(der []byte) {
			sum := sha256.Sum256(der)
			want, ok := truth[sum]
			if !ok {
				return
			}
			delete(truth, sum)
			found++
			c := Parse(der)
			got := want
			got.Subject, got.Issuer, got.Serial, got.Version = c.Subject, c.Issuer, c.Serial, c.Version
			got.NotBefore, got.NotAfter = c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", path, d)
			}
			if len(want.SAN) != c.Names.Count() {
				t.Errorf("%s: %s: %d names, want %d", path, c.Subject, c.Names.Count(), len(want.SAN))
			}
		})
	})
	if found < 20 {
		t.Errorf("only %d certificates found", found)
	}
	t.Logf("%d certificates, %d of the truth are cut over packets", found, len(truth))
}

// TestCorpusHostile parses and checks whatever looks like a certificate in
// hostile captures, within a bound of time.
func TestCorpusHostile(t *testing.T) {
	dir := corpus(t)
	roots := Mozilla()
	walk(t, filepath.Join(dir, "hostile/open"), func(path string, b []byte) {
		began := time.Now()
		var chain []*Certificate
		scan(b, func(der []byte) {
			if len(chain) < 4000 {
				chain = append(chain, Parse(der))
			}
		})
		CheckChain(chain, CheckOptions{ServerName: "x0.example", At: noon, Roots: roots, Staple: b})
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("%s took %v", path, d)
		}
	})
}
