package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	golden := filepath.Join(dir, "golden")
	tour, short := pcaps+"tour.pcapng", pcaps+"cut-short.pcapng"
	check := func(args ...string) ran {
		return tlslens(t, nil, append([]string{"check", "--golden", golden}, args...)...)
	}
	path := filepath.Join(golden, "tour.json")

	check(tour).want(t, 2, "golden is not a folder\ntlslens: hint: --update creates it")
	r := check("--update", tour)
	r.want(t, 0, "")
	r.has(t, "tour.pcapng: written to "+path)
	r = check("--update", short)
	r.want(t, 0, "cut-short.pcapng: cut short in packet 15")
	r = check(tour, short)
	r.want(t, 0, "")
	r.has(t, "tour.pcapng: as expected\n", "cut-short.pcapng: as expected\n")
	if r := check("-q", tour, short); r.out != "" {
		t.Errorf("-q says %s", r.out)
	}
	check("--update", tour).has(t, "tour.pcapng: as expected in "+path)
	check(tour).want(t, 0, "tlslens: note: 1 expectation in "+golden+" without a capture here: cut-short.json\n")

	// Other anchors, other results.
	r = check("--ca", pcaps+"pki/root.pem", tour, short)
	r.want(t, 1, "")
	r.has(t, "#1 www.example.test: phases.certificate_check.", "findings")

	// Differences in words.
	saved := string(readFile(t, path))
	edit := func(old, new string, n int) {
		t.Helper()
		if !strings.Contains(saved, old) {
			t.Fatalf("no %s in the expectation", old)
		}
		writeFile(t, path, []byte(strings.Replace(saved, old, new, n)))
	}
	for _, tc := range []struct {
		name, old, new string
		says           []string
	}{
		{"outcome", `"outcome": "established"`, `"outcome": "rejected_by_client"`, []string{"tour.pcapng: 1 difference\n", "  #1 www.example.test: outcome was rejected_by_client, is established\n"}},
		{"method", `"method": "RSA"`, `"method": "ECDHE"`, []string{"  #1 www.example.test: phases.key_exchange.method was ECDHE, is RSA\n"}},
		{"key gone", `"outcome": "established",`, `"outcome": "established", "planet": "Mars",`, []string{"  #1 www.example.test: planet is gone: was Mars\n"}},
		{"key new", `"forward_secret": false,`, ``, []string{"  #1 www.example.test: phases.key_exchange.forward_secret is new: false\n"}},
		{"list", `"null"`, `"null", "DEFLATE"`, []string{"  #1 www.example.test: offered.compression_methods has lost [1] DEFLATE\n"}},
		{"summary", `"packets": 198`, `"packets": 7`, []string{"  summary: packets was 7, is 198\n"}},
		{"spaces only", "\t", " ", []string{"is written differently, but says the same"}},
		{"not JSON", "[", "<", []string{"cannot be read as an expectation"}},
		{"more behind it", "[", "[] [", []string{"there is something behind the array"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			edit(tc.old, tc.new, 1)
			r := check(tour, short)
			if r.status != 1 {
				t.Errorf("status %d, want 1", r.status)
			}
			r.has(t, tc.says...)
		})
	}
	writeFile(t, path, []byte("[\n{\"type\":\"connection\",\"number\":99,\"outcome\":\"reset\"}]\n"))
	r = check(tour, short)
	r.want(t, 1, "")
	r.has(t, "1 connection is gone: #99 (reset)", "10 connections are new: #1 www.example.test (established), #2")

	// Nothing expected.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r = check(tour, short)
	r.want(t, 1, "then save them with --update")
	r.has(t, "tour.pcapng: has no expectation, "+path)

	// What cannot be read.
	check("no/such.pcap").want(t, 2, "no/such.pcap: cannot be opened")
	check("no/such.pcap", short).want(t, 3, "no/such.pcap: cannot be opened")
	check("-").want(t, 2, "check does not read standard input")
	check(pcaps+"tls12-rsa.pcapng", dir+"/tls12-rsa.pcap.gz").want(t, 2, "have the same expectation, tls12-rsa.json")
	tlslens(t, nil, "check", tour).want(t, 2, "check wants the folder of the expectations")
	check().want(t, 2, "no capture was given")
}

// TestCheckEveryCapture holds that results are the same on every run and for
// any number of workers.
func TestCheckEveryCapture(t *testing.T) {
	names, err := filepath.Glob(pcaps + "*.pcap*")
	if err != nil || len(names) < 50 {
		t.Fatal(len(names), err)
	}
	golden := t.TempDir()
	tlslens(t, nil, append([]string{"check", "--golden", golden, "--update"}, names...)...).want(t, 0, "cut-short")
	for _, workers := range []string{"1", "3"} {
		tlslens(t, nil, append([]string{"check", "-q", "--golden", golden, "--workers", workers}, names...)...).want(t, 0, "")
	}
}

// TestCheckIgnore plays a capture that was made anew: another random, port and
// time of the same handshake are passed over with --ignore volatile, and what
// matters is not.
func TestCheckIgnore(t *testing.T) {
	dir := t.TempDir()
	golden, day := filepath.Join(dir, "golden"), filepath.Join(dir, "tls12-rsa.pcapng")
	check := func(args ...string) ran {
		return tlslens(t, nil, append([]string{"check", "--golden", golden, "--ca", pcaps + "pki/root.pem"}, args...)...)
	}
	check("--update", pcaps+"tls12-rsa.pcapng").want(t, 0, "")
	b := readFile(t, pcaps+"tls12-rsa.pcapng")
	at := bytes.Index(b, []byte{22, 3, 1}) // the record with the ClientHello
	if at < 0 || b[at+5] != 1 {
		t.Fatal("no ClientHello")
	}
	b[at+5+4+2] ^= 1 // in its random
	writeFile(t, day, b)

	r := check(day)
	r.want(t, 1, "")
	r.has(t, "tls12-rsa.pcapng: 1 difference\n", ": offered.random was ")
	for _, keys := range [][]string{{"volatile"}, {"offered.random"}, {"*.random"}, {"offered"}, {"messages.client.finished", "offered.*"}} {
		var args []string
		for _, k := range keys {
			args = append(args, "--ignore", k)
		}
		r := check(append(args, day)...)
		r.want(t, 0, "")
		r.has(t, "tls12-rsa.pcapng: as expected, but for what is ignored\n")
	}
	if r := check("-q", "--ignore", "volatile", day); r.out != "" || r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.out)
	}
	check("--ignore", "selected", day).want(t, 1, "")
	check("--ignore", "rand", day).want(t, 2, "no key of docs/json.md is like \"rand\"")

	// What is ignored is saved all the same, and nothing else hides behind it.
	path := filepath.Join(golden, "tls12-rsa.json")
	saved := string(readFile(t, path))
	if !strings.Contains(saved, "duration_ms") {
		t.Error("an expectation lacks times")
	}
	writeFile(t, path, []byte(strings.Replace(saved, "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384", 1)))
	r = check("--ignore", "volatile", day)
	r.want(t, 1, "")
	r.has(t, "1 difference\n")
	writeFile(t, path, []byte("["))
	check("--ignore", "volatile", day).has(t, "cannot be read as an expectation")
}

func TestGoldenName(t *testing.T) {
	for name, want := range map[string]string{
		"a/day.pcapng": "day.json", "day.pcap.gz": "day.json", "day.pcapng.zst": "day.json", "day": "day.json",
		"day.cap": "day.json", "day.tar.gz": "day.tar.json", ".pcap": ".pcap.json", "day.pcap.pcap": "day.pcap.json",
	} {
		if got := goldenName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// FuzzDifferences holds that equal expectations have no differences, others
// have some, and that no file makes it panic.
func FuzzDifferences(f *testing.F) {
	f.Add([]byte(`[{"type":"connection","number":1,"a":[1,2,{"b":"c"}]},{"type":"summary"}]`), []byte(`[{"type":"connection","number":1,"a":[1,{"b":"d"}]}]`))
	f.Add([]byte(`[]`), []byte(`[{"number":1},{"number":1}]`))
	f.Add([]byte(`[null]`), []byte(`[{"type":"summary"},{"type":"summary"}]`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if lines, err := differences(a, a, nil); err == nil && len(lines) > 0 {
			t.Errorf("differences between equal files: %q", lines)
		}
		ab, err := differences(a, b, nil)
		ba, err2 := differences(b, a, nil)
		if (err == nil) != (err2 == nil) || (len(ab) == 0) != (len(ba) == 0) {
			t.Errorf("one way %q, %v, the other %q, %v", ab, err, ba, err2)
		}
	})
}
