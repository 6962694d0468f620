package keys

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCorpus opens captures of other projects with their keys: at least as
// many connections as their truth says, with every Finished right.
func TestCorpus(t *testing.T) {
	corpus := os.Getenv("TLSLENS_CORPUS")
	if corpus == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	dir := filepath.Join(corpus, "captures")
	list, err := os.Open(filepath.Join(dir, "truth", "decrypted.files.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		var c struct {
			Origin, Path, Key string
			Opened            int `json:"conns_decrypted"`
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if base := filepath.Base(c.Path); strings.Contains(base, "dtls") || strings.Contains(c.Origin, "quic") ||
			strings.Contains(base, "quic") || strings.Contains(base, "doq") {
			continue // not over TCP
		}
		t.Run(filepath.Base(c.Path), func(t *testing.T) {
			p := corpusKeys(t, filepath.Join(dir, "keys", c.Origin, c.Key), c.Key)
			opened, finished := 0, 0
			for i, f := range play(t, filepath.Join(dir, c.Origin, c.Path), p) {
				if f.opened == 0 {
					if len(f.errs) > 0 {
						st := f.s.Status()
						t.Logf("connection %d (%s): closed: %s (%v)", i, f.version, st.Why, f.errs[0])
					}
					continue
				}
				opened++
				if bad := f.good(); bad != "" {
					t.Errorf("connection %d (%s %s): %s\n%+v", i, f.version, f.s.hs.suite, bad, f.s.Status())
				}
				finished += len(f.finished[0]) + len(f.finished[1])
			}
			t.Logf("%d connections open, %d Finished right", opened, finished)
			if opened < c.Opened {
				t.Errorf("%d connections were opened, the truth says %d", opened, c.Opened)
			}
		})
	}
}

func corpusKeys(t *testing.T, path, key string) *Provider {
	t.Helper()
	switch {
	case strings.HasPrefix(key, "DSB"):
		return NewProvider(nil)
	case strings.HasPrefix(key, "psk"):
		p := NewProvider(nil)
		b, _ := hex.DecodeString("ca19e028a8a372ad2d325f950fcaceed") // of Wireshark's test suite
		p.AddPSK(nil, b)
		return p
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("-----BEGIN")) {
		return NewProvider(loadLog(t, path))
	}
	p := NewProvider(nil)
	ks, err := ParsePrivateKeys(b, nil, path)
	if err != nil {
		t.Fatal(err)
	}
	p.AddPrivateKey(ks...)
	return p
}
