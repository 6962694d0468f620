package keys

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// TestCoveredBytes compares the bytes that are shown as hashed with their hash, and
// with the Finished that is computed of it.
func TestCoveredBytes(t *testing.T) {
	for _, name := range []string{"tls13-openssl", "tls13-hrr", "tls13-pha", "tls13-ech", "tls13-ech-hrr", "tls13-certcomp", "client-cert-12", "tls12-rsa", "tls10-rsa"} {
		t.Run(name, func(t *testing.T) {
			p := NewProvider(loadLog(t, filepath.Join(pcaps, name+".keys")))
			f := play(t, filepath.Join(pcaps, name+".pcapng"), p, func(s *Session) { s.Keep() })[0]
			for side := flow.Client; side <= flow.Server; side++ {
				c, ok := f.s.Covered(side)
				if !ok {
					t.Fatalf("nothing of the %s", side)
				}
				hs := f.s.hs
				first, want := tls.HandshakeType(c.Messages[0]), []byte(nil)
				if hs.is13() {
					want = hs.schedule13(hashByName(hs.info.PRF)).sum(c.Messages)
				} else {
					want = hs.schedule().transcriptHash(c.Messages)
				}
				if !bytes.Equal(c.Hash, want) || first != tls.TypeClientHello && first != tls.TypeMessageHash {
					t.Errorf("%s: %d bytes that begin with %s, hash %x, want %x", side, len(c.Messages), first, c.Hash, want)
				}
				if in, ok := f.s.FinishedInput(side); !ok || !bytes.Equal(in, c.Hash) {
					t.Errorf("%s: Finished is of another hash", side)
				}
			}
		})
	}
}
