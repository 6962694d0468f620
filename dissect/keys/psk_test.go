package keys

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestPSK opens captures with a pre-shared key and without a log.
func TestPSK(t *testing.T) {
	key := []byte("example-test-key")
	tests := []struct {
		name, file, identity string
		opens                bool
		cause                Cause
	}{
		{"TLS 1.2", "tls12-psk", "client@example.test", true, AllOpen},
		{"any identity", "tls12-psk", "", true, AllOpen},
		{"another identity", "tls12-psk", "somebody else", false, UnknownPSK},
		{"TLS 1.3 with a key share", "tls13-external-psk", "client@example.test", false, EphemeralExchange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewProvider(nil)
			p.AddPSK([]byte(tt.identity), key)
			for _, f := range play(t, filepath.Join(pcaps, tt.file+".pcapng"), p) {
				st := f.s.Status()
				if st.Cause != tt.cause || (f.opened > 0) != tt.opens {
					t.Errorf("status %+v", st)
				}
				if bad := f.good(); tt.opens && bad != "" {
					t.Error(bad)
				}
			}
		})
	}
}

// TestPrivateKeyCaptures opens RSA key exchanges with the server's key: SSL
// 3.0 among them, whose peers write no log.
func TestPrivateKeyCaptures(t *testing.T) {
	for _, name := range []string{"ssl30", "tls10-rsa", "tls12-rsa"} {
		t.Run(name, func(t *testing.T) {
			p := NewProvider(nil)
			files, err := filepath.Glob(filepath.Join(pcaps, "pki", "*.key"))
			if err != nil || len(files) == 0 {
				t.Fatal(err)
			}
			for _, file := range files {
				if ks, err := LoadPrivateKeys(file, nil); err == nil {
					p.AddPrivateKey(ks...)
				}
			}
			for i, f := range play(t, filepath.Join(pcaps, name+".pcapng"), p) {
				st := f.s.Status()
				if bad := f.good(); bad != "" || f.opened == 0 || st.Cause != AllOpen || len(st.Sources) != 1 || st.Sources[0] != FromPrivateKey {
					t.Errorf("connection %d (%s): %s %+v", i, f.version, bad, st)
				}
				if len(f.finished[0]) == 0 || len(f.finished[1]) == 0 || len(f.plain[1]) == 0 {
					t.Errorf("finished %v, %d bytes", f.finished, len(f.plain[1]))
				}
			}
			var used bytes.Buffer
			if err := p.WriteUsed(&used); err != nil || !bytes.HasPrefix(used.Bytes(), []byte("CLIENT_RANDOM ")) {
				t.Errorf("used: %v", err)
			}
			q := NewProvider(nil)
			q.Log().Add(used.Bytes(), "used")
			for _, f := range play(t, filepath.Join(pcaps, name+".pcapng"), q) {
				if bad := f.good(); bad != "" || f.opened == 0 {
					t.Errorf("with what was used: %s", bad)
				}
			}
		})
	}
}
