package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	tour, rsa, short := pcaps+"tour.pcapng", pcaps+"tls12-rsa.pcapng", pcaps+"cut-short.pcapng"
	root, silent := pcaps+"pki/root.pem", pcaps+"no-answer.pcapng"
	for _, tc := range []struct {
		name    string
		args    []string
		status  int
		message string
		out     []string
	}{
		{"plain", []string{tour}, 0, "", []string{"#1 ", "#10 ", "Certificate check", "Key exchange", "Encrypted tunnel", "10 connections: 7 established, 3 failed"}},
		{"by name", []string{"read", tour}, 0, "", []string{"#10 "}},
		{"with -r", []string{"-r", tour}, 0, "", []string{"#10 "}},
		{"flags behind the file", []string{tour, "--conn", "2", "--ascii", "--ca", root}, 0, "1 of 10 connections shown (--conn 2)", []string{"#2 ", "+-----+"}},
		{"flags before the command", []string{"-T", "jsonl", "list", rsa}, 0, "", []string{`{"type":"connection","number":1`}},
		{"joined letters", []string{"-vvx", rsa}, 0, "", []string{"Messages in the order they were sent"}},
		{"list", []string{"list", tour}, 0, "", []string{"│ Result", "│ 10 │"}},
		{"lines", []string{"-T", "lines", rsa}, 0, "", []string{"#1", "2 key exchange"}},
		{"jsonl", []string{"-T", "jsonl", rsa}, 0, "", []string{`{"type":"connection"`, `{"type":"summary"`}},
		{"no-decrypt", []string{"--no-decrypt", pcaps + "dsb.pcapng"}, 0, "", []string{"#1 "}},
		{"utc", []string{"--time", "utc", rsa}, 0, "", []string{"2026-11-23"}},
		{"only failed", []string{"list", "--only", "failed", tour}, 0, "3 of 10 connections shown (--only failed)", []string{"│  8 │", "│  9 │", "│ 10 │"}},
		{"only fail", []string{"list", "--only", "fail", "--ca", root, tour}, 0, "3 of 10", nil},
		{"only warn", []string{"list", "--only", "warn", "--ca", root, tour}, 0, "4 of 10", nil},
		{"no connection left", []string{"--conn", "30", tour}, 0, "0 of 10 connections shown", []string{"none of the 10 connections was chosen. 198 packets"}},
		{"fail-on without a finding", []string{"list", "--fail-on", "fail", silent}, 1, "", []string{"no answer"}},
		{"only fail without a finding", []string{"list", "--only", "fail", silent}, 0, "", []string{"│ 1 │"}},
		{"only warn without a finding", []string{"list", "--only", "warn", pcaps + "reset-mid-handshake.pcapng"}, 0, "", []string{"│ 1 │"}},
		{"quiet without a finding", []string{"-q", silent}, 0, "", []string{"#1 ", "FAILED in phase 2\n  Why: the server"}},
		{"fail-on of what is not TLS", []string{"list", "--fail-on", "fail", pcaps + "http-on-tls-port.pcapng"}, 1, "", []string{"not tls"}},
		{"fail-on of one side", []string{"list", "--fail-on", "fail", "--ca", root, pcaps + "one-sided.pcapng"}, 0, "", []string{"only one side"}},
		{"negative count", []string{"-c", "-1", tour}, 2, "tlslens: -c/--count: -1 is too small: the least is 1", nil},
		{"count that is no number", []string{"-c", "-x", tour}, 2, "\"-x\" is not a whole number", nil},
		{"quiet JSON", []string{"-q", "-T", "json", rsa}, 0, "tlslens: note: -q changes nothing of -T json; ", []string{"summary"}},
		{"verbose JSON", []string{"-v", "-T", "jsonl", rsa}, 0, "tlslens: note: -v changes nothing of -T jsonl\n", nil},
		{"hex list", []string{"-T", "list", "-x", rsa}, 0, "tlslens: note: -x changes nothing of -T list\n", nil},
		{"keys not used", []string{"--no-decrypt", "-k", pcaps + "tls12-rsa.keys", rsa}, 0, "tlslens: note: with --no-decrypt the given keys are not used\n", nil},
		{"fail-on matches", []string{"list", "--fail-on", "fail", tour}, 1, "", nil},
		{"fail-on warn matches", []string{"list", "--fail-on", "warn", "--ca", root, "--conn", "1", tour}, 1, "1 of 10", nil},
		{"fail-on fail is not warn", []string{"list", "--fail-on", "fail", "--ca", root, "--conn", "1", tour}, 0, "1 of 10", nil},
		{"fail-on of chosen only", []string{"list", "--fail-on", "fail", "--conn", "2", tour}, 0, "1 of 10", nil},
		{"fail-on never", []string{"list", "--fail-on", "never", tour}, 0, "", nil},
		{"count", []string{"list", "-c", "5", tour}, 0, "", []string{"5 packets"}},
		{"at", []string{"--at", "2031-01-01", "--ca", root, rsa}, 0, "", []string{"fail", "Dates"}},
		{"at now", []string{"--at", "now", "--ca", root, rsa}, 0, "", []string{"fail", "Dates", "now"}},
		{"two stores", []string{"--ca", root, "--ca", "mozilla", "-q", rsa}, 0, "", nil},
		{"verify none", []string{"--verify", "none", rsa}, 0, "", []string{"#1 "}},
		{"cut short", []string{"list", short}, 3, short + ": cut short in packet 15 (offset 4496); 14 packets were read\ntlslens: hint: the capture was stopped", []string{"│ 1 │"}},
		{"cut short and fail-on", []string{"list", "--fail-on", "warn", short}, 1, "cut short", nil},
		{"several", []string{"list", rsa, tour}, 0, "", []string{"==> " + rsa + " <==\n", "\n==> " + tour + " <==\n"}},
		{"one of several missing", []string{"list", "no/such", rsa}, 3, "no/such: cannot be opened: no such file or directory", []string{"│ 1 │"}},
		{"missing", []string{"no/such"}, 2, "no/such: cannot be opened: no such file or directory", nil},
		{"all missing", []string{"no/such", "no/other"}, 2, "no/other: cannot be opened", nil},
		{"not a capture", []string{pcaps + "README.md"}, 2, "README.md: ", nil},
		{"folder", []string{"."}, 2, "tlslens: .: this is a directory, not a capture\ntlslens: hint: name the captures", nil},
		{"a filter behind the file", []string{tour, "tcp", "port", "443"}, 2, "tlslens: \"tcp\" is no file\ntlslens: hint: a packet filter goes behind -f: -f 'tcp port 443'\n", nil},
		{"names", []string{"list", "--name", "WWW.exam", "--conn", "1", tour}, 0, "1 of 10 connections shown (--conn 1 --name www.exam)", []string{"│ 1 │"}},
		{"one of two names", []string{"list", "--name", "no.such", "--name", "test", tour}, 0, "", []string{"10 connections:"}},
		{"no such name", []string{"list", "--name", "other", tour}, 0, "0 of 10 connections shown (--name other)", []string{"none of the 10 connections was chosen"}},
		{"the inner name", []string{"list", "--name", "www", "-k", pcaps + "tls13-ech.keys", pcaps + "tls13-ech.pcapng"}, 0, "", []string{"1 connection:"}},
		{"a pattern for a name", []string{"--name", "*.test", tour}, 2, "--name: * and ? have no meaning here", nil},
		{"an empty name", []string{"--name=", tour}, 2, "the name is empty", nil},
		{"names and lines", []string{"-T", "lines", "--name", "x", tour}, 2, "--name and -T lines contradict each other", nil},
		{"tshark's display filter", []string{"-Y", "tls", tour}, 2, "read has no flag -Y\ntlslens: hint: --name, --only and --conn choose connections", nil},
		{"tshark's -nr", []string{"-nr", tour}, 2, "read has no flag -n (in -nr)\ntlslens: hint: no name is ever looked up", nil},
		{"a flag of nobody", []string{"-Z", tour}, 2, "read has no flag -Z\ntlslens: hint: tlslens help read lists its flags", nil},
		{"a folder as key log", []string{"-k", ".", tour}, 2, "--keylog .: this is a folder, not a key log", nil},
		{"nothing", nil, 2, "tlslens: no capture was given\ntlslens: hint: tlslens FILE reads one", nil},
		{"flags alone", []string{"-q"}, 2, "no capture was given", nil},
		{"list of nothing", []string{"list"}, 2, "no capture was given", nil},
		{"no such command", []string{"lsit", tour}, 2, "tlslens: \"lsit\" is neither a command nor a file\ntlslens: hint: did you mean tlslens list?", nil},
		{"neither", []string{"xyzzy"}, 2, "hint: tlslens help lists the commands", nil},
		{"unknown flag", []string{"--nosuch", "x"}, 2, "tlslens: read has no flag --nosuch\ntlslens: hint: ", nil},
		{"wrong value", []string{"--at", "then", tour}, 2, "tlslens: --at: \"then\" is neither capture nor now", nil},
		{"wrong format", []string{"-T", "xml", tour}, 2, "\"xml\" is not one of table, ", nil},
		{"contradiction", []string{"-qv", tour}, 2, "-q and -v contradict each other", nil},
		{"contradiction of -x", []string{"-qx", tour}, 2, "-q and -x contradict each other", nil},
		{"contradiction of lines", []string{"-T", "lines", "--only", "fail", tour}, 2, "--only and -T lines contradict", nil},
		{"no such anchors", []string{"--ca", "no/such.pem", tour}, 2, "tlslens: --ca no/such.pem: no such file or directory\ntlslens: hint: it is to be a file of PEM", nil},
		{"no anchors in a file", []string{"--ca", pcaps + "README.md", tour}, 2, "no certificate found", nil},
		{"standard input twice", []string{"-", "-"}, 2, "standard input (-) is given twice", nil},
		{"empty standard input", []string{"-"}, 2, "standard input: ", nil},
		{"control characters", []string{"no/\x1b[31msuch"}, 2, `no/\x1b[31msuch`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tlslens(t, nil, tc.args...)
			r.want(t, tc.status, tc.message)
			r.has(t, tc.out...)
			if tc.status == 2 && r.out != "" {
				t.Errorf("output without results:\n%s", r.out)
			}
		})
	}
}

// TestUnknownLinkType holds that a capture nobody could read does not pass for
// one without TLS, and that a few strange packets among others do no harm.
func TestUnknownLinkType(t *testing.T) {
	dir := t.TempDir()
	header := func(link byte) []byte {
		return []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, link, 0, 0, 0}
	}
	packet := append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0}, "\x80\x00\x00\x00"...)
	usb, empty := filepath.Join(dir, "usb.pcap"), filepath.Join(dir, "empty.pcap")
	writeFile(t, usb, append(header(189), packet...))
	writeFile(t, empty, header(189))
	r := tlslens(t, nil, "list", usb)
	r.want(t, 3, "usb.pcap: none of its packets can be read: unknown link type 189\ntlslens: hint: tlslens reads Ethernet")
	r.has(t, "skipped: 1 unknown link type 189")
	tlslens(t, nil, "list", empty).want(t, 0, "")
}

// TestEveryCapture reads all captures in every format.
func TestEveryCapture(t *testing.T) {
	names, err := filepath.Glob(pcaps + "*.pcap*")
	if err != nil || len(names) < 50 {
		t.Fatal(len(names), err)
	}
	for _, format := range formatNames() {
		r := tlslens(t, nil, append([]string{"-T", format, "-v", "--width", "100"}, names...)...)
		notes := strings.Count(r.errors, "note: -v changes nothing of -T "+format)
		if r.status != 3 || notes > 1 || (notes == 0) != (format == "table") || strings.Count(r.errors, "\n") != 2+notes {
			t.Errorf("%s: status %d; only cut-short.pcapng has something to tell:\n%s", format, r.status, r.errors)
		}
		if len(r.out) == 0 {
			t.Errorf("%s: no output", format)
		}
	}
}

func TestStandardInput(t *testing.T) {
	r := tlslens(t, bytes.NewReader(readFile(t, pcaps+"tls12-rsa.pcapng")), "-T", "jsonl", "-")
	r.want(t, 0, "")
	file := tlslens(t, nil, "-T", "jsonl", pcaps+"tls12-rsa.pcapng")
	if r.out != file.out {
		t.Error("a capture from standard input has other results than from a file")
	}
	b := readFile(t, pcaps+"tls12-rsa.pcapng")
	r = tlslens(t, bytes.NewReader(b[:len(b)-3]), "list", "-r", "-")
	r.want(t, 3, "tlslens: standard input: cut short in packet")
}

// TestJSONOfSeveral holds that the array of one capture is the same, byte for
// byte but for the name of the capture, as the format's own, and what the array
// of several is.
func TestJSONOfSeveral(t *testing.T) {
	one, two := pcaps+"tls12-rsa.pcapng", pcaps+"tour.pcapng"
	single := tlslens(t, nil, "-T", "json", one)
	joined := tlslens(t, nil, "-T", "json", one, "no/such")
	if key := `,"capture":"` + one + `"`; strings.Contains(single.out, key) || single.out != strings.ReplaceAll(joined.out, key, "") {
		t.Errorf("one capture:\n%s\nbeside one that is missing:\n%s", single.out, joined.out)
	}
	var all []struct{ Type, Capture string }
	if err := json.Unmarshal([]byte(tlslens(t, nil, "-T", "json", one, two).out), &all); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range all {
		kinds = append(kinds, o.Type[:1])
		if want := []string{one, two}[min(len(kinds)/3, 1)]; o.Capture != want {
			t.Errorf("object %d is said to be of %q, want %q", len(kinds), o.Capture, want)
		}
	}
	if got := strings.Join(kinds, ""); got != "csccccccccccs" {
		t.Errorf("objects %s", got)
	}
	lines := strings.Split(strings.TrimSpace(tlslens(t, nil, "-T", "jsonl", one, two).out), "\n")
	if len(lines) != 13 {
		t.Errorf("%d lines, want 13", len(lines))
	}
}

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	capture := writeFile(t, filepath.Join(dir, "a.pcapng"), readFile(t, pcaps+"tls12-rsa.pcapng"))
	out := filepath.Join(dir, "out.txt")
	list := func(args ...string) ran { return tlslens(t, nil, append([]string{"list", "-o"}, args...)...) }

	list(out, capture).want(t, 0, "")
	first := readFile(t, out)
	if string(first) != tlslens(t, nil, "list", capture).out {
		t.Error("-o writes something else than standard output")
	}
	// Nothing could be begun: what was there stays.
	list(out, "no/such").want(t, 2, "cannot be opened")
	if !bytes.Equal(readFile(t, out), first) {
		t.Error("a failure changed the file")
	}
	// Replaced as a whole, with its permissions.
	if err := os.Chmod(out, 0o600); err != nil {
		t.Fatal(err)
	}
	list(out, pcaps+"tour.pcapng").want(t, 0, "")
	if b := readFile(t, out); bytes.Equal(b, first) {
		t.Error("the file was not replaced")
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("the file lost its permissions", err)
	}
	// A link stays a link.
	link := filepath.Join(dir, "link")
	if err := os.Symlink(out, link); err != nil {
		t.Skip(err)
	}
	list(link, capture).want(t, 0, "")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || !bytes.Equal(readFile(t, out), first) {
		t.Error("the link was replaced", err)
	}
	// The capture itself, by its name and through a link.
	list(capture, capture).want(t, 2, "is the capture that is to be read")
	alias := filepath.Join(dir, "alias.pcapng")
	if err := os.Symlink(capture, alias); err != nil {
		t.Fatal(err)
	}
	list(alias, capture).want(t, 2, "is the capture that is to be read")
	if !bytes.Equal(readFile(t, capture), readFile(t, pcaps+"tls12-rsa.pcapng")) {
		t.Error("the capture was changed")
	}
	list(dir, capture).want(t, 2, "is a folder")
	list(filepath.Join(dir, "no/such/place"), capture).want(t, 2, "cannot be written: no such file or directory")
	list(os.DevNull, capture).want(t, 0, "")
	if rest, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(rest) > 0 {
		t.Errorf("left behind: %v", rest)
	}
}

// A broken writer fails from the nth write on.
type broken struct {
	n   int
	err error
}

func (b *broken) Write(p []byte) (int, error) {
	if b.n--; b.n < 0 {
		return 0, b.err
	}
	return len(p), nil
}

func TestBrokenOutput(t *testing.T) {
	for _, tc := range []struct {
		name    string
		err     error
		status  int
		message string
	}{
		{"closed pipe", &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}, 0, ""},
		{"full disk", &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, 2, "tlslens: standard output cannot be written: no space left on device\n"},
	} {
		for _, run := range []struct {
			good int // writes that succeed
			args []string
		}{
			{0, []string{pcaps + "tour.pcapng"}},
			{0, []string{"-T", "json", pcaps + "tour.pcapng", pcaps + "dsb.pcapng"}},
			{1, []string{"list", pcaps + "tour.pcapng", pcaps + "dsb.pcapng"}},
			{0, []string{"demo"}},
			{1, []string{"demo"}},
		} {
			t.Run(tc.name+" "+run.args[0], func(t *testing.T) {
				var errs bytes.Buffer
				p := &program{stdin: strings.NewReader(""), stdout: &broken{run.good, tc.err}, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
				if status := p.run(context.Background(), run.args); status != tc.status {
					t.Errorf("status %d, want %d", status, tc.status)
				}
				if errs.String() != tc.message {
					t.Errorf("messages %q, want %q", errs.String(), tc.message)
				}
			})
		}
	}
	if closedPipe(errors.New("other")) {
		t.Error("any error is a closed pipe")
	}
}

func TestInterrupt(t *testing.T) {
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got := p.run(ctx, []string{"-T", "jsonl", pcaps + "tour.pcapng", pcaps + "dsb.pcapng"}); got != 130 {
		t.Errorf("status %d, want 130", got)
	}
	if !strings.Contains(errs.String(), "tour.pcapng: interrupted; 0 packets were read") || strings.Contains(errs.String(), "dsb") {
		t.Error(errs.String())
	}
	if !strings.Contains(out.String(), `"interrupted":true`) || !strings.Contains(out.String(), `"truncated":false`) {
		t.Error(out.String())
	}
	errs.Reset()
	if got := p.run(ctx, []string{"check", "--golden", t.TempDir(), pcaps + "tour.pcapng"}); got != 130 {
		t.Errorf("check: status %d, want 130; %s", got, errs.String())
	}
}

func TestLook(t *testing.T) {
	widest := func(out string) int {
		w := 0
		for line := range strings.Lines(out) {
			w = max(w, len([]rune(strings.TrimSuffix(line, "\n"))))
		}
		return w
	}
	rsa := pcaps + "tls12-rsa.pcapng"
	for _, tc := range []struct {
		name  string
		env   map[string]string
		args  []string
		width int // of the widest line
		color bool
	}{
		{"default", nil, nil, 80, false},
		{"COLUMNS", map[string]string{"COLUMNS": "120"}, nil, 120, false},
		{"COLUMNS without sense", map[string]string{"COLUMNS": "many"}, nil, 80, false},
		{"--width before COLUMNS", map[string]string{"COLUMNS": "120"}, []string{"--width", "100"}, 100, false},
		{"always", map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, []string{"--color=always"}, 0, true},
		{"never", nil, []string{"--color", "never"}, 80, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tlslensIn(t, tc.env, nil, append(tc.args, rsa)...)
			r.want(t, 0, "")
			if w := widest(r.out); tc.width > 0 && w != tc.width {
				t.Errorf("%d columns, want %d", w, tc.width)
			}
			if got := strings.Contains(r.out, "\x1b["); got != tc.color {
				t.Errorf("colours: %v, want %v", got, tc.color)
			}
		})
	}
}

func TestWorse(t *testing.T) {
	order := []exitStatus{exitOK, exitPartial, exitFound, exitUsage, exitInterrupted}
	for i, a := range order {
		for _, b := range order[i:] {
			if worse(a, b) != b || worse(b, a) != b {
				t.Errorf("of %d and %d, %d is worse", a, b, worse(a, b))
			}
		}
	}
}
