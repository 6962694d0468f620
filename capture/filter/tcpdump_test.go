package filter

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCompileTcpdump(t *testing.T) {
	needTcpdump(t)
	list := packets(t, rand.New(rand.NewPCG(13, 13)), linkEthernet, 500)
	for _, e := range []string{"tcp port 443", "-len < 5", "", "not ip6"} {
		p, err := CompileTcpdump(context.Background(), e, linkEthernet, Options{SnapLen: 77})
		if err != nil {
			t.Fatalf("%q: %v", e, err)
		}
		if last := p.raw[len(p.raw)-1]; len(p.raw) == 1 && last.K != 77 {
			t.Errorf("%q: a match returns %d bytes", e, last.K)
		}
		ours := mustCompile(t, e, linkEthernet, Options{})
		for _, pkt := range list {
			if len(pkt.data) >= 60 && p.Match(pkt.data, pkt.wire) != ours.Match(pkt.data, pkt.wire) {
				t.Fatalf("%q: tcpdump's program and ours differ on %x", e, pkt.data)
			}
		}
	}
}

func TestCompileAny(t *testing.T) {
	needTcpdump(t)
	tests := []struct {
		name, expr string
		link       uint32
		live       bool
		note       string // part of it; empty: compiled here
		err        string // part of it
	}{
		{"ours", "tcp port 443", 1, false, "", ""},
		{"a word of tcpdump's", "ether proto \\ip and llc or tcp", 1, false, "'llc'", ""},
		{"a link type of tcpdump's", "tcp port 443", 105, false, "IEEE802_11", ""},
		{"a port of tcpdump's", "port daytime", 1, false, "'daytime'", ""},
		{"direction in a file", "inbound", 1, false, "", "only a live capture knows"},
		{"direction live", "inbound", 1, true, "'inbound'", ""},
		{"loops", "ip protochain 6", 1, false, "", "backwards"},
		{"vlan live", "vlan and inbound", 1, true, "", "takes the tag out"},
		{"wrong for both", "tcp port 443 and and", 1, false, "", "column 18"},
		{"wrong behind a foreign word", "inbound and and", 1, true, "", "tcpdump refuses"},
		{"host names are nobody's", "inbound and host localhost", 1, true, "", "not looked up"},
		{"host names on other links", "host localhost", 105, false, "", "not looked up"},
		{"name handed on", "inbound and host 10.0.0.1 or localhost", 1, true, "", "not looked up"},
		{"a link type of nobody's", "tcp", 60000, false, "", "link type 60000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, note, err := CompileAny(context.Background(), tt.expr, tt.link, Options{Live: tt.live})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || note != "" || len(p.raw) != 0 {
					t.Fatalf("error %v, note %q, %d instructions; want %q", err, note, len(p.raw), tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if (note == "") != (tt.note == "") || !strings.Contains(note, tt.note) {
				t.Errorf("note %q, want %q", note, tt.note)
			}
		})
	}
}

// script stands in for tcpdump.
func script(t *testing.T, body string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tcpdump"), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil { //nolint:gosec // a program must be executable
		t.Fatal(err)
	}
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("no /bin/sh")
	}
	t.Setenv("PATH", dir)
}

// TestTcpdumpMisbehaves: whatever the program prints, no bad filter comes of it.
func TestTcpdumpMisbehaves(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"prints nothing", "exit 0", "cannot be used"},
		{"prints words", "echo hello", "cannot be used"},
		{"too few lines", "echo 3; echo 6 0 0 0", "cannot be used"},
		{"not BPF", "echo 1; echo 255 0 0 0", "not classic BPF"},
		{"no return", "echo 1; echo 0 0 0 0", "does not end with a return"},
		{"jumps away", "echo 2; echo 21 9 9 0; echo 6 0 0 0", "past its end"},
		{"cell 16", "echo 2; echo 96 0 0 16; echo 6 0 0 0", "not classic BPF"},
		{"divides by zero", "echo 2; echo 52 0 0 0; echo 6 0 0 0", "divides by zero"},
		{"fails", "echo tcpdump: no such thing >&2; exit 1", "tcpdump refuses the filter: no such thing"},
		{"escape sequences", "printf 'tcpdump: \\033[31mred' >&2; exit 1", `\x1b[31mred`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script(t, tt.body)
			_, err := CompileTcpdump(context.Background(), "tcp", linkEthernet, Options{})
			var te *ToolError
			if !errors.As(err, &te) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTcpdumpArguments(t *testing.T) {
	out := filepath.Join(t.TempDir(), "args")
	script(t, `for a in "$@"; do printf '%s\n' "[$a]"; done > `+out+`; env >> `+out+`; exit 1`)
	_, _ = CompileTcpdump(context.Background(), "-r /etc/passwd; $(id)", linkEthernet, Options{})
	if _, err := os.Stat(out); err == nil {
		t.Fatal("a word that is no expression reached tcpdump")
	}
	_, _ = CompileTcpdump(context.Background(), "-len < 5", linkEthernet, Options{})
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(b); !strings.HasPrefix(got, "[-y]\n[EN10MB]\n[-s]\n[262144]\n[-ddd]\n[--]\n[-len < 5]\n") || strings.Contains(got, "HOME=") {
		t.Errorf("tcpdump was given:\n%s", got)
	}
}

func TestTcpdumpHangs(t *testing.T) {
	script(t, "exec /bin/sleep 30")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := CompileTcpdump(ctx, "tcp", linkEthernet, Options{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestTcpdumpMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	places := tcpdumpPlaces
	tcpdumpPlaces = nil
	t.Cleanup(func() { tcpdumpPlaces = places })
	_, err := CompileTcpdump(context.Background(), "tcp", linkEthernet, Options{})
	var te *ToolError
	if !errors.As(err, &te) || !strings.Contains(err.Error(), "not installed") || te.Hint() == "" {
		t.Errorf("error %v", err)
	}
}
