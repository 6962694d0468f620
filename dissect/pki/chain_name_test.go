package pki

import (
	"runtime/debug"
	"testing"
	"time"
)

func TestShortName(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		raw        []byte
		want       string
	}{
		{"common name behind others", "OU=Web,CN=a.example,O=Ex,C=US", []byte{1}, "CN=a.example"},
		{"last common name", "CN=b.example,CN=a.example", []byte{1}, "CN=b.example"},
		{"in an RDN of several", "OU=Web+CN=a.example,C=US", []byte{1}, "CN=a.example"},
		{"organization", `OU=Root CA,O=Ex\, Inc.,C=US`, []byte{1}, "O=Ex, Inc."},
		{"unit", "OU=Root CA,C=US", []byte{1}, "OU=Root CA"},
		{"none of them", "L=Paris,C=FR", []byte{1}, "L=Paris,C=FR"},
		{"empty common name", "CN=,O=Ex", []byte{1}, "O=Ex"},
		{"attribute in a value", `L=x\,CN=y,O=Ex`, []byte{1}, "O=Ex"},
		{"bytes stay in hex", `CN=good\00.evil`, []byte{1}, `CN=good\00.evil`},
		{"backslash at the end", `CN=a\`, []byte{1}, `CN=a\`},
		{"empty", "", []byte{}, "(empty name)"},
		{"unreadable", "", nil, "(unreadable name)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := shortName(tc.text, tc.raw); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestBundleDate(t *testing.T) {
	const path = "golang.org/x/crypto/x509roots/fallback"
	for _, tc := range []struct {
		name string
		deps []*debug.Module
		want string
	}{
		{"pseudo-version", []*debug.Module{{Path: "a"}, {Path: path, Version: "v0.0.0-20261030153154-30a33513ff6d"}}, " of 2026-10-30"},
		{"behind a release", []*debug.Module{{Path: path, Version: "v0.1.1-0.20270102030405-30a33513ff6d"}}, " of 2027-01-02"},
		{"release", []*debug.Module{{Path: path, Version: "v1.2.3"}}, ""},
		{"replaced", []*debug.Module{{Path: path, Version: "v0.0.0-20261030153154-30a33513ff6d", Replace: &debug.Module{Path: "../x"}}}, ""},
		{"not there", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := bundleDate(tc.deps); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestNotYet holds that only chains of which nothing has expired are not valid
// yet.
func TestNotYet(t *testing.T) {
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	later := &Certificate{NotBefore: at.Add(day), NotAfter: at.Add(9 * day)}
	over := &Certificate{NotBefore: at.Add(-9 * day), NotAfter: at.Add(-day)}
	for _, tc := range []struct {
		name   string
		certs  []*Certificate
		notYet bool
	}{
		{"later", []*Certificate{later}, true},
		{"over", []*Certificate{over}, false},
		{"both", []*Certificate{later, over}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := checker{opts: &CheckOptions{At: at}, b: &builder{}, path: &path{certs: tc.certs}}
			k.dates()
			if c := k.report.Checks[0]; c.Result != Fail || c.NotYet != tc.notYet {
				t.Errorf("%+v", c)
			}
		})
	}
}
