package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	r := tlslens(t, nil, "demo")
	r.want(t, 0, "")
	r.has(t, "This capture is built in", "10 connections: 7 established, 3 failed", "#2 ", "Certificate check ── passed", "Go on: ")
	for line := range strings.Lines(r.out) {
		if n := len([]rune(line)); n > 81 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
	for _, args := range [][]string{{"-T", "jsonl"}, {"--conn", "8"}, {"-q"}, {"--only", "failed"}, {"--conn", "3", "-vv"}} {
		r := tlslens(t, nil, append([]string{"demo"}, args...)...)
		if r.status != 0 || r.out == "" || strings.Contains(r.out, "built in") {
			t.Errorf("demo %v: status %d\n%s%s", args, r.status, r.errors, r.out)
		}
	}
	tlslens(t, nil, "demo", "x.pcap").want(t, 2, "hint: to read a capture: tlslens x.pcap")
	tlslens(t, nil, "demo", "--ca", "x").want(t, 2, "demo has no flag --ca")
}

// TestDemoFiles holds that what is built in is what is tested elsewhere.
func TestDemoFiles(t *testing.T) {
	for built, source := range map[string]string{"demo/tour.pcapng": "tour.pcapng", "demo/root.pem": "pki/root.pem"} {
		b, err := demoFiles.ReadFile(built)
		if err != nil || !bytes.Equal(b, readFile(t, pcaps+source)) {
			t.Errorf("%s is not a copy of %s; go generate ./cmd/tlslens makes one (%v)", built, source, err)
		}
	}
}
