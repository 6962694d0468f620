package main

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestArrange(t *testing.T) {
	for _, tc := range []struct {
		name string
		args string
		want string // "!" and a part of the error
	}{
		{"nothing", "", "--"},
		{"flags behind files", "a.pcap -q b.pcap --only warn", "--quiet=true --only=warn -- a.pcap b.pcap"},
		{"joined letters", "-vvx a", "--verbose=true --verbose=true --hex=true -- a"},
		{"joined letters with a value", "-vc5 a", "--verbose=true --count=5 -- a"},
		{"value behind joined letters", "-vc 5 a", "--verbose=true --count=5 -- a"},
		{"equals sign behind a letter", "-c=5 a", "--count=5 -- a"},
		{"equals sign", "--count=5 a", "--count=5 -- a"},
		{"value that looks like a flag", "-r -- -o -x", "--read=-- --output=-x --"},
		{"value with an equals sign", "--output=a=b", "--output=a=b --"},
		{"standard input", "- -q", "--quiet=true -- -"},
		{"standard input as a value", "-r - -q", "--read=- --quiet=true --"},
		{"end of flags", "-q -- -v --only", "--quiet=true -- -v --only"},
		{"switched off", "--quiet=false", "--quiet=false --"},
		{"repeated", "--ca a --ca b,c", "--ca=a --ca=b,c --"},
		{"unknown", "--nosuch", "!read has no flag --nosuch"},
		{"unknown letter", "-vZ", "!read has no flag -Z (in -vZ)"},
		{"no value", "a --count", "!-c/--count wants a value: N"},
		{"no value for a letter", "a -vc", "!-c/--count wants a value: N"},
		{"value for none", "--quiet=3", "!--quiet takes no value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := arrange(findCommand("read"), strings.Fields(tc.args))
			s := strings.Join(got, " ")
			if err != nil {
				s = "!" + err.Error()
			}
			if s != tc.want {
				t.Errorf("got %s, want %s", s, tc.want)
			}
		})
	}
}

func TestUnknownFlagHints(t *testing.T) {
	for _, tc := range []struct{ name, command, args, hint string }{
		{"misspelt", "read", "--ouput", "did you mean --output?"},
		{"a format", "read", "--json", "did you mean --format json?"},
		{"one dash", "read", "-count=3", "a long flag has two dashes: --count"},
		{"one dash, a file", "read", "-write", "a long flag has two dashes: --write"},
		{"one dash, of several words", "read", "-fail-on", "a long flag has two dashes: --fail-on"},
		{"of another command", "list", "-v", "read has it"},
		{"of check", "read", "--golden", "check has it"},
		{"like nothing", "read", "--zzzzzz", "tlslens help read lists its flags"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := arrange(findCommand(tc.command), strings.Fields(tc.args))
			var f *failure
			if !errors.As(err, &f) || !strings.Contains(f.Hint(), tc.hint) {
				t.Errorf("hint of %v is not %q", err, tc.hint)
			}
		})
	}
}

// TestDeclarations holds what firstArgument and the pages rely on.
func TestDeclarations(t *testing.T) {
	takes := map[string]bool{}
	for _, c := range commands() {
		seen := map[string]bool{}
		for _, f := range c.flags() {
			for _, n := range f.names() {
				if seen[n] {
					t.Errorf("%s has %s twice", c.name, n)
				}
				seen[n] = true
				if had, ok := takes[n]; ok && had != (f.arg != "") {
					t.Errorf("%s takes a value in one command and none in another", n)
				}
				takes[n] = f.arg != ""
			}
			if f.doc == "" || f.set == nil || !slices.Contains(groups(), f.group) || strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s: --%s is not declared in full", c.name, f.name)
			}
			if f.choices != nil && f.arg != strings.Join(f.choices, "|") {
				t.Errorf("--%s %s does not name its choices", f.name, f.arg)
			}
			for _, choice := range f.choices {
				if err := f.set(newSettings(time.Now), choice); err != nil {
					t.Errorf("--%s does not take %s: %v", f.name, choice, err)
				}
			}
		}
	}
}

func TestFlagValues(t *testing.T) {
	for _, tc := range []struct{ flag, value, problem string }{
		{"count", "3", ""}, {"count", "0", "the least is 1"}, {"count", "-1", "the least is 1"}, {"count", "99999999999999999999", "too large"},
		{"conn", "3,7-9,#12-", ""}, {"conn", "", "is not like"}, {"conn", "3,", "is not like"}, {"conn", "9-7", "ends before it begins"}, {"conn", "0", "is not like"},
		{"width", "0", ""}, {"width", "40", ""}, {"width", "39", "need 40 columns"}, {"width", "99999", "the most"}, {"width", "wide", "not a whole number"},
		{"max-memory", "512MiB", ""}, {"max-memory", "1.5G", ""}, {"max-memory", "67108864", ""}, {"max-memory", "1M", "the least is 32MiB"},
		{"max-memory", "much", "not a size"}, {"max-memory", "", "not a size"}, {"max-memory", "NaNG", "not a size"}, {"max-memory", "9999999T", "not a size"}, {"max-memory", "-1G", "not a size"},
		{"max-flows", "0", "the least is 1"}, {"max-flows", "999999999", "the most"}, {"workers", "2000", "the most"}, {"workers", "2", ""},
		{"at", "capture", ""}, {"at", "now", ""}, {"at", "2026-11-23", ""}, {"at", "2026-11-23T09:06:03.5+02:00", ""}, {"at", "tomorrow", "neither capture nor now"},
		{"verify", "some", "not one of all, certificates, none"}, {"color", "alway", "did you mean always?"}, {"read", "", "empty"}, {"output", "", "empty"}, {"ca", "", "empty"},
	} {
		t.Run(tc.flag+"="+tc.value, func(t *testing.T) {
			c := findCommand("read")
			i := slices.IndexFunc(c.flags(), func(f *flagDef) bool { return f.name == tc.flag })
			err := c.flags()[i].set(newSettings(time.Now), tc.value)
			switch {
			case tc.problem == "" && err != nil:
				t.Error(err)
			case tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)):
				t.Errorf("error %v, want %q", err, tc.problem)
			}
		})
	}
}

func TestParseSpans(t *testing.T) {
	got, err := parseSpans("3, 7-9,#12-")
	if err != nil {
		t.Fatal(err)
	}
	want := []span{{3, 3}, {7, 9}, {12, math.MaxUint64}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
		t.Error(diff)
	}
	s := newSettings(time.Now)
	s.conns = got
	if c := s.choice(); c != "--conn 3,7-9,12-" {
		t.Error(c)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"read", "list", "demo", "explain", "check"}
	for word, want := range map[string]string{"lst": "list", "ilst": "list", "expl": "explain", "chekc": "check", "zzz": "", "": ""} {
		got := strings.Join(nearest(word, names, 1), "")
		if got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"abc", "acb", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("distance(%q, %q) is %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}

// FuzzArguments holds that no arguments make the program panic or end in a
// status that is not documented.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"-q x", "--", "-", "-vvx\n--conn=1-", "list\n-T\njson", "explain\n0x1301", "--ca=", "-\xff", "help\nhelp", "completion\nbash"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		args := strings.Split(s, "\n")
		for _, a := range args { // nothing that writes files, or reads what is not a capture of ours
			if strings.ContainsAny(a, "/o.") || strings.HasPrefix(a, "--g") || strings.HasPrefix(a, "--u") || a == "check" {
				t.Skip()
			}
		}
		r := tlslens(t, strings.NewReader(""), args...)
		if !slices.ContainsFunc(exitDocs(), func(e struct {
			Status exitStatus
			Doc    string
		}) bool {
			return int(e.Status) == r.status
		}) {
			t.Errorf("status %d", r.status)
		}
		for _, line := range strings.Split(strings.TrimSuffix(r.errors, "\n"), "\n") {
			if r.errors != "" && !strings.HasPrefix(line, "tlslens: ") {
				t.Errorf("a message without a name: %q", r.errors)
			}
		}
	})
}
