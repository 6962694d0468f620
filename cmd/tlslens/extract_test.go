package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// places are the numbers in a report that depend on what else is in the capture.
var places = regexp.MustCompile(`"(number|of|packet|after|first|last)":\d+|"packets":\[[\d,]*\]|(packets? |packets \d+ and |#)\d+([–-]\d+)?`)

// TestExtract writes every second connection of each capture, and holds that of
// these the new file says what the capture says.
func TestExtract(t *testing.T) {
	names, _ := filepath.Glob(pcaps + "*.pcapng")
	compared := 0
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			all := objects(tlslens(t, nil, "-T", "jsonl", name).out)
			if len(all) == 0 {
				return // there is no connection in it
			}
			if strings.Contains(name, "quic-version-negotiation") {
				return // that the client did not come back is certain only from packets of others
			}
			odd := "1"
			for n := 3; n <= len(all); n += 2 {
				odd += fmt.Sprintf(",%d", n)
			}
			out := filepath.Join(t.TempDir(), "odd.pcapng")
			r := tlslens(t, nil, "-T", "jsonl", "--no-decrypt", "--conn", odd, "-w", out, name)
			want := objects(places.ReplaceAllString(r.out, ""))
			got := objects(places.ReplaceAllString(tlslens(t, nil, "-T", "jsonl", out).out, ""))
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-capture +extract):\n%.3000s", d)
			}
			compared += len(got)
		})
	}
	if compared < 150 {
		t.Errorf("%d connections were compared", compared)
	}
}

// TestExtractHandshakes holds that tunnels are left out and handshakes are not.
func TestExtractHandshakes(t *testing.T) {
	whole, less := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "less")
	name := pcaps + "tls13-openssl.pcapng"
	tlslens(t, nil, "-q", "-w", whole, name).want(t, 0, " packets of 1 connection are in "+whole)
	tlslens(t, nil, "list", "-w", less, "--write-handshakes", name).want(t, 0, " packets of 1 connection are in "+less)
	if a, b := len(readFile(t, whole)), len(readFile(t, less)); b >= a {
		t.Errorf("%d bytes with the tunnel, %d without", a, b)
	}
	out := tlslens(t, nil, "list", less).out
	if !strings.Contains(out, "www.example.test") || !strings.Contains(out, "1.3") {
		t.Error(out)
	}
}

func TestExtractRefused(t *testing.T) {
	dir := t.TempDir()
	there := writeFile(t, filepath.Join(dir, "there"), []byte("as it was"))
	name := pcaps + "tour.pcapng"
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-w", there, name}, "is there already"},
		{[]string{"-w", name, name}, "is there already"},
		{[]string{"-w", filepath.Join(dir, "a"), "-"}, "read the capture twice"},
		{[]string{"-w", filepath.Join(dir, "a"), name, name}, "take one capture, not 2"},
		{[]string{"--write-handshakes", name}, "--write-handshakes needs --write FILE"},
		{[]string{"-w", filepath.Join(dir, "a"), "-o", filepath.Join(dir, "a"), name}, "written to the same file"},
		{[]string{"-w", filepath.Join(dir, "no", "a"), name}, "cannot be written"},
	} {
		tlslens(t, nil, tc.args...).want(t, 2, tc.want)
	}
	if string(readFile(t, there)) != "as it was" {
		t.Error("the file was overwritten")
	}
}

// objects returns the sorted lines of connections in JSON, without the summary.
func objects(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		if !strings.Contains(line, `"type":"summary"`) {
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}
