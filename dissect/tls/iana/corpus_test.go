package iana

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	codeInName    = regexp.MustCompile(`\((0x[0-9a-fA-F]+)\)|^(0x[0-9a-fA-F]+)`)
	versionInName = regexp.MustCompile(`\((0x[0-9a-fA-F]{4})\)`)
)

// TestCorpusRoundTrip reads every rendered code point back as the corpus reads
// names: by a code in the text, else by the name, whatever its case, in the
// corpus's own tables.
func TestCorpusRoundTrip(t *testing.T) {
	dir := os.Getenv("TLSLENS_CORPUS")
	if dir == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	tests := []struct {
		file   string
		values int
		str    func(uint16) string
	}{
		{"cipher_suites.csv", 1 << 16, CipherSuiteString},
		{"extensions.csv", 1 << 16, ExtensionString},
		{"named_groups.csv", 1 << 16, NamedGroupString},
		{"signature_schemes.csv", 1 << 16, SignatureSchemeString},
		{"alerts.csv", 1 << 8, func(v uint16) string { return AlertString(uint8(v)) }},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			table := readNames(t, filepath.Join(dir, "registry", tt.file))
			for name, v := range table {
				if got := tt.str(uint16(v)); !strings.EqualFold(got, name) && !strings.HasPrefix(name, "grease_") {
					t.Errorf("%#x is %q, the corpus has %q", v, got, name)
				}
			}
			for v := range tt.values {
				s := tt.str(uint16(v))
				got, ok := table[strings.ToLower(s)]
				if m := codeInName.FindStringSubmatch(s); m != nil {
					n, err := strconv.ParseUint(m[1]+m[2], 0, 64)
					got, ok = int(n), err == nil
				}
				if !ok || got != v {
					t.Errorf("%#x: %q reads back as %#x, %t", v, s, got, ok)
				}
			}
		})
	}
}

// TestVersionsRoundTrip reads versions back as the corpus does. Unassigned ones
// have no parentheses around their code and start with it instead.
func TestVersionsRoundTrip(t *testing.T) {
	plain := map[string]int{"SSL 2.0": 2, "SSL 3.0": 0x300, "TLS 1.0": 0x301, "TLS 1.1": 0x302, "TLS 1.2": 0x303, "TLS 1.3": 0x304,
		"DTLS 1.0": 0xfeff, "DTLS 1.2": 0xfefd, "DTLS 1.3": 0xfefc}
	for v := range 1 << 16 {
		s := VersionString(uint16(v))
		got, ok := plain[s]
		code, found := strings.CutSuffix(s, " (unassigned)")
		if m := versionInName.FindStringSubmatch(s); m != nil {
			code, found = m[1], true
		}
		if found {
			n, err := strconv.ParseUint(code, 0, 16)
			got, ok = int(n), err == nil
		}
		if !ok || got != v {
			t.Errorf("%#04x: %q reads back as %#x, %t", v, s, got, ok)
		}
	}
}

func readNames(t *testing.T, path string) map[string]int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	for _, r := range rows[1:] {
		v, err := strconv.ParseUint(r[0], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		names[strings.ToLower(r[1])] = int(v)
	}
	return names
}
