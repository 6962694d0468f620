package keys

import (
	"path/filepath"
	"strings"
	"testing"
)

const pcaps = "../../testdata/pcaps"

// unopened names captures with a connection whose keys nobody logged.
var unopened = map[string]Cause{
	"alert-client-cert-missing": NoLine, // the TLS 1.2 server never came to its keys
	"tls12-aria":                UnsupportedCipher, "tls12-camellia": UnsupportedCipher,
}

// unverified names captures whose handshakes cannot be hashed.
var unverified = map[string]bool{
	"one-sided": true, // the messages of the client are missing
	// The inner hello is sealed with a key that is in no log, and cannot be
	// rebuilt: with a ticket, or in an order of its own.
	"tls13-ech-resumed": true, "tls13-ech-boringssl": true,
}

// TestCaptures opens every record of every capture that has keys and verifies
// every Finished.
func TestCaptures(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(pcaps, "*.keys"))
	if err != nil || len(logs) < 30 {
		t.Fatalf("%d key logs, %v", len(logs), err)
	}
	for _, log := range append(logs, filepath.Join(pcaps, "dsb.keys")) {
		name := strings.TrimSuffix(filepath.Base(log), ".keys")
		if strings.HasPrefix(name, "dtls") || strings.HasPrefix(name, "quic") {
			continue // not over TCP
		}
		t.Run(name, func(t *testing.T) {
			files, _ := filepath.Glob(filepath.Join(pcaps, name+".pcap*"))
			if len(files) != 1 {
				t.Fatalf("captures: %v", files)
			}
			p := NewProvider(nil)
			if name != "dsb" {
				p = NewProvider(loadLog(t, log))
			}
			sealed, opened := 0, 0
			for i, f := range play(t, files[0], p) {
				st := f.s.Status()
				sealed += st.Side[0].Sealed + st.Side[1].Sealed
				opened += f.opened
				if why, ok := unopened[name]; ok && st.Cause == why {
					continue
				}
				if unverified[name] && len(f.errs) == 0 {
					continue
				}
				if bad := f.good(); bad != "" {
					t.Errorf("connection %d (%s): %s\n%+v", i, f.version, bad, st)
				}
				t.Logf("connection %d: %s %s: %d records open, %d/%d data bytes, finished %v, %s %s", i, f.version, f.s.hs.suite, f.opened,
					len(f.plain[0]), len(f.plain[1]), f.finished, st.Sources, st.Why)
			}
			if _, ok := unopened[name]; opened == 0 && sealed > 0 && !ok {
				t.Errorf("none of %d records was opened", sealed)
			}
		})
	}
}
