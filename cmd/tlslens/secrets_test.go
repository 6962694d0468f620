package main

import (
	"crypto/ecdh"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
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
	// The key of ECH, in each form in which it might be shown.
	for _, name := range []string{"tls13-ech", "tls13-ech-hrr", "tls13-ech-resumed", "tls13-ech-boringssl", "alert-ech-required"} {
		private := pcaps + name + ".ech.pem"
		block, _ := pem.Decode(readFile(t, private))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		raw := key.(*ecdh.PrivateKey).Bytes()
		secrets := append(secretsOf(t, pcaps+name+".keys"), hex.EncodeToString(raw))
		for _, args := range [][]string{{"-vvx"}, {"-T", "jsonl"}, {"list"}, {"--embed-keys", filepath.Join(dir, name+".embedded")}} {
			r := tlslens(t, nil, append(args, "-k", pcaps+name+".keys", "--private-key", private, pcaps+name+".pcapng")...)
			s, found := holdsSecret(r.out+r.errors, secrets)
			if found || strings.Contains(r.out+r.errors, strings.Split(string(readFile(t, private)), "\n")[1]) {
				t.Errorf("%s, %q shows a secret, %.8s…", name, args, s)
			}
		}
	}
	// Broken input, so that errors speak of it.
	for log, name := range withKeys(t) {
		text := readFile(t, log)
		if len(text) == 0 || strings.HasPrefix(filepath.Base(log), "tour") {
			continue
		}
		for kind, broken := range map[string]string{
			"cut": string(text[:len(text)-5]), "labels": strings.ReplaceAll(string(text), "_", "-"), "odd": strings.ReplaceAll(string(text), "\n", "0\n"),
			"fields": strings.ReplaceAll(string(text), " ", " x "), "as key": "-----BEGIN PRIVATE KEY-----\n" + string(text),
		} {
			file := writeFile(t, filepath.Join(dir, "broken.keys"), []byte(broken))
			for _, flag := range []string{"-k", "--private-key"} {
				r := tlslens(t, nil, flag, file, name)
				if s, found := holdsSecret(r.out+r.errors, secretsOf(t, log)); found {
					t.Errorf("%s of %s, %s: shows the secret %s…\n%s", flag, log, kind, s[:8], r.errors)
				}
			}
		}
		break // the messages are the same for all
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
