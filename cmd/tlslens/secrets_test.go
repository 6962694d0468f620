package main

import (
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
)

// secretsOf returns the secrets of a key log in hexadecimal.
func secretsOf(t *testing.T, log string) (all []string) {
	t.Helper()
	for line := range strings.Lines(string(readFile(t, log))) {
		if f := strings.Fields(line); len(f) == 3 && f[0][0] != '#' {
			all = append(all, strings.ToLower(f[2]))
		}
	}
	return all // none of a connection that came to nothing
}

// holdsSecret looks for a secret in what was shown: as text, split over lines
// and columns, and as bytes. Its first 12 bytes are enough to be one.
func holdsSecret(shown string, secrets []string) (string, bool) {
	low := strings.ToLower(shown)
	packed := strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789abcdef", r) {
			return r
		}
		return -1
	}, low)
	for _, s := range secrets {
		b, _ := hex.DecodeString(s)
		if h := s[:min(24, len(s))]; strings.Contains(low, h) || strings.Contains(packed, h) || strings.Contains(shown, string(b)) {
			return s, true
		}
	}
	return "", false
}

func TestNoSecretIsShown(t *testing.T) {
	if _, found := holdsSecret("a\n0102 0304 │ 0506 0708 090a 0b0c", []string{"0102030405060708090a0b0c0d0e0f10"}); !found {
		t.Fatal("a secret is not found")
	}
	dir := t.TempDir()
	looked := 0
	for log, name := range withKeys(t) {
		secrets := secretsOf(t, log)
		looked += len(secrets)
		out := func(kind string) string { return filepath.Join(dir, kind+filepath.Base(log)) }
		for _, args := range [][]string{
			{"-vvx", "-k", log, name},
			{"-T", "jsonl", "-k", log, name},
			{"-T", "lines", "-k", log, name},
			{"list", "-k", log, name},
			{"--follow", "1", "--as", "raw", "-k", log, name},
			{"--plaintext-pcap", out("plain"), "-k", log, name},
			{"--embed-keys", out("embed"), "-k", log, name},
		} {
			r := tlslens(t, nil, args...)
			if base := filepath.Base(log); base == "tour.keys" && args[0] == "--follow" {
				continue // the page of OpenSSL's s_server -www has its master secret in it
			}
			if s, found := holdsSecret(r.out+r.errors, secrets); found {
				t.Errorf("%q shows the secret %s…", args, s[:8])
			}
		}
	}
	r := tlslens(t, nil, "-vvx", "--psk", "client@example.test:"+examplePSK, pcaps+"tls12-psk.pcapng")
	if s, found := holdsSecret(r.out+r.errors, append(secretsOf(t, pcaps+"tls12-psk.keys"), examplePSK)); found {
		t.Errorf("--psk shows %s", s[:8])
	}
	key := readFile(t, pcaps+"pki/www.key")
	r = tlslens(t, nil, "-vvx", "--private-key", pcaps+"pki/www.key", pcaps+"tls12-rsa.pcapng")
	if _, found := holdsSecret(r.out+r.errors, secretsOf(t, pcaps+"tls12-rsa.keys")); found || strings.Contains(r.out+r.errors, strings.Split(string(key), "\n")[3]) {
		t.Error("--private-key shows a secret")
	}
	if looked < 200 {
		t.Errorf("only %d secrets were looked for", looked)
	}
}
