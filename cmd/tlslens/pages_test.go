package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden compares with a file, or writes it under -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		writeFile(t, name, []byte(got))
		return
	}
	if diff := cmp.Diff(string(readFile(t, name)), got); diff != "" {
		t.Errorf("%s is not up to date; go generate ./cmd/tlslens writes it anew (-file, +program):\n%s", name, diff)
	}
}

func TestPages(t *testing.T) {
	for name, file := range map[string]string{"man": "tlslens.1", "commands": "commands.md", "findings": "findings.md", "json": "json.md"} {
		t.Run(name, func(t *testing.T) {
			r := tlslens(t, nil, "man", "--page", name)
			r.want(t, 0, "")
			golden(t, "../../docs/"+file, r.out)
		})
	}
	for _, c := range commands() {
		t.Run("help "+c.name, func(t *testing.T) {
			r := tlslens(t, nil, "help", c.name)
			r.want(t, 0, "")
			golden(t, "testdata/help/"+c.name+".txt", r.out)
			if same := tlslens(t, nil, c.name, "--help"); same != r {
				t.Error("--help shows something else than help")
			}
			for line := range strings.Lines(r.out) {
				if len(line) > helpWidth+1 && !strings.HasPrefix(line, "  ") {
					t.Errorf("wider than %d columns: %s", helpWidth, line)
				}
			}
		})
	}
	t.Run("help", func(t *testing.T) {
		r := tlslens(t, nil, "help")
		r.want(t, 0, "")
		golden(t, "testdata/help/overview.txt", r.out)
		for _, args := range [][]string{{"--help"}, {"-h"}} {
			if same := tlslens(t, nil, args...); same != r {
				t.Errorf("%v shows something else than help", args)
			}
		}
	})
	tlslens(t, nil, "help", "nosuch").want(t, 2, "there is no command \"nosuch\"")
	tlslens(t, nil, "man", "x").want(t, 2, "man takes no argument")
}

// TestPagesAreComplete holds that every flag stands in the pages with all that
// is said of it, and that nothing of later versions is promised.
func TestPagesAreComplete(t *testing.T) {
	md, man := commandsPage(), manPage()
	for _, c := range commands() {
		for _, f := range c.flags() {
			if !strings.Contains(md, "--"+f.name) || !strings.Contains(man, "--"+roff(f.name)) || f.more != "" && !strings.Contains(man, roff(f.more)) {
				t.Errorf("--%s is missing", f.name)
			}
		}
	}
	for _, later := range []string{"--where", "tlslens diff"} {
		if strings.Contains(md, later) || strings.Contains(man, later) {
			t.Errorf("%s is promised", later)
		}
	}
	if !strings.Contains(man, `**outcome**`) {
		t.Error("the manual lacks the keys of the JSON")
	}
}

// TestManIsSound lets groff look for mistakes in the page.
func TestManIsSound(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	cmd := exec.Command(groff, "-t", "-man", "-Tascii", "-ww", "-z")
	cmd.Stdin = strings.NewReader(page("man"))
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("error")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestVersion(t *testing.T) {
	r := tlslens(t, nil, "version")
	r.want(t, 0, "")
	r.has(t, "tlslens ", "\ncommit   ", "\ngo       go1.", "\nplatform ")
	if same := tlslens(t, nil, "--version"); same != r {
		t.Error("--version shows something else than version")
	}
	tlslens(t, nil, "version", "x").want(t, 2, "version takes no argument")
}

func TestCompletion(t *testing.T) {
	for _, shell := range shells() {
		t.Run(shell, func(t *testing.T) {
			r := tlslens(t, nil, "completion", shell)
			r.want(t, 0, "")
			for _, c := range commands() {
				r.has(t, c.name)
				for _, f := range c.flags() {
					r.has(t, f.name)
				}
			}
			checker, err := exec.LookPath(map[string]string{"powershell": "pwsh"}[shell] + strings.TrimPrefix(shell, "powershell"))
			if err != nil {
				t.Skipf("%s is not installed: its script was not parsed", shell)
			}
			file := writeFile(t, filepath.Join(t.TempDir(), "script"), []byte(r.out))
			args := []string{"-n", file}
			if shell == "powershell" {
				args = []string{"-NoProfile", "-File", file}
			}
			if out, err := exec.Command(checker, args...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	tlslens(t, nil, "completion").want(t, 2, "completion wants the name of a shell")
	tlslens(t, nil, "completion", "tcsh").want(t, 2, "there are no completions for \"tcsh\"")
}

// TestBashCompletes asks bash what it would offer.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "day.pcap"), nil)
	for _, tc := range []struct{ name, words, want string }{
		{"command", "tlslens expl", "explain"},
		{"command or file", "tlslens d", "day.pcap demo"},
		{"flag", "tlslens --for", "--format"},
		{"flag behind a file", "tlslens day.pcap --wid", "--width"},
		{"flag of a command", "tlslens check --gol", "--golden"},
		{"no flag of another command", "tlslens list --verb", ""},
		{"value", "tlslens -T js", "jsonl json"},
		{"value or file", "tlslens --ca m", "mozilla"},
		{"file", "tlslens list day", "day.pcap"},
		{"topic", "tlslens explain cert-exp", "cert-expired"},
		{"shell", "tlslens completion f", "fish"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := len(strings.Fields(tc.words)) - 1
			script := bashCompletion() + "\nCOMP_WORDS=(" + tc.words + ")\nCOMP_CWORD=" + string(rune('0'+n)) + "\n_tlslens\necho \"${COMPREPLY[*]}\"\n"
			cmd := exec.Command(bash, "--norc", "-c", script)
			cmd.Dir = dir
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != tc.want {
				t.Errorf("%q, %v; want %q", got, err, tc.want)
			}
		})
	}
}
