package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrivateKeyFiles(t *testing.T) {
	want, err := LoadPrivateKeys(filepath.Join(pcaps, "pki", "weak-1024.key"), nil)
	if err != nil || len(want) != 1 || want[0].Bits() != 1024 {
		t.Fatal(want, err)
	}
	tests := []struct {
		file     string
		password bool
		what     string // of the error
	}{
		{"testdata/pkcs1.pem", false, ""}, {"testdata/pkcs1.der", false, ""},
		{"testdata/pkcs8.pem", false, ""}, {"testdata/pkcs8.der", false, ""},
		{"testdata/pkcs8-aes.pem", true, ""}, {"testdata/pkcs8-3des.pem", true, ""}, {"testdata/pkcs8-aes.der", true, ""},
		{"testdata/pkcs1-aes.pem", true, ""}, {"testdata/new.p12", true, ""}, {"testdata/old.p12", true, ""},
		{"testdata/pkcs8-old.pem", true, errScheme.Error()},
		{pcaps + "/pki/www-ecdsa.key", false, "only RSA keys"},
		{pcaps + "/pki/www-ed25519.key", false, "only RSA keys"},
		{pcaps + "/pki/www.pem", false, "a certificate and no private key"},
		{pcaps + "/tls13-ech.keys", false, "neither PEM"},
		{pcaps + "/tour.pcapng", false, "neither PEM"},
		{"testdata/missing", false, "no such file"},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.file), func(t *testing.T) {
			var password []byte
			if tt.password {
				password = []byte("example")
			}
			ks, err := LoadPrivateKeys(tt.file, password)
			if tt.what != "" {
				var e *KeyError
				if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.what) || len(ks) != 0 {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || len(ks) != 1 || ks[0].n.Cmp(want[0].n) != 0 || ks[0].d.Cmp(want[0].d) != 0 {
				t.Fatalf("%d keys, %v", len(ks), err)
			}
			if !tt.password {
				return
			}
			var e *KeyError
			if _, err := LoadPrivateKeys(tt.file, nil); !errors.Is(err, ErrNoPassword) || !errors.As(err, &e) || e.Hint() == "" {
				t.Errorf("without a password: %v", err)
			}
			if _, err := LoadPrivateKeys(tt.file, []byte("wrong")); !errors.Is(err, ErrPassword) {
				t.Errorf("with a wrong password: %v", err)
			}
		})
	}
	if _, err := LoadPrivateKeys("testdata/missing", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzPrivateKey: whatever is read has sound numbers, and nothing panics.
func FuzzPrivateKey(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.[pd]*")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, ".py") {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ks, err := ParsePrivateKeys(b, nil, "fuzz") // no password: PBKDF2 takes its time
		if (err == nil) != (len(ks) > 0) {
			t.Errorf("%d keys, %v", len(ks), err)
		}
		for _, k := range ks {
			if k.n.Sign() <= 0 || k.d.Sign() <= 0 {
				t.Error("impossible numbers")
			}
			if k.Bits() <= 2048 {
				k.decrypt(make([]byte, 16))
			}
		}
	})
}
