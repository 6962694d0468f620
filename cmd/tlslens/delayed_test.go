package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// slowly is a pipe that writes a key log a moment after its packets came, and
// stays open until then.
type slowly struct {
	*bytes.Reader
	log  string
	text []byte
	done bool
}

func (s *slowly) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF && !s.done {
		s.done = true
		time.Sleep(keyDelay / 4)
		if err := os.WriteFile(s.log, s.text, 0o600); err != nil {
			return 0, err
		}
	}
	return n, err
}

// TestPipeFollowsKeys reads packets of a pipe before their secrets are written.
func TestPipeFollowsKeys(t *testing.T) {
	for _, name := range []string{"tls13-openssl", "tls12-ecdhe-rsa"} {
		log := writeFile(t, filepath.Join(t.TempDir(), "keys.txt"), nil)
		in := &slowly{bytes.NewReader(readFile(t, pcaps+name+".pcapng")), log, readFile(t, pcaps+name+".keys"), false}
		r := tlslens(t, in, "-k", log, "-")
		r.want(t, 0, "")
		r.has(t, "opened with keys", "verify_data ok", "HTTP/1.0 GET")
	}
	r := tlslens(t, bytes.NewReader(readFile(t, pcaps+"cut-short.pcapng")), "-k", pcaps+"tour.keys", "-")
	r.want(t, 3, "cut short in packet 15 (offset 4496); 14 packets were read")
}
