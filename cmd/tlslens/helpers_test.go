package main

import (
	"bytes"
	"context"
	stdflag "flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = stdflag.Bool("update", false, "write the generated pages and golden files")

// TestMain lets the test binary be tlslens itself, for what needs a process.
func TestMain(m *testing.M) {
	if os.Getenv("TLSLENS_TEST_MAIN") == "1" {
		main()
	}
	os.Exit(m.Run())
}

const pcaps = "../../testdata/pcaps/"

// A ran is what a run came to.
type ran struct {
	status      int
	out, errors string
}

// tlslens runs the program in this process. Environment variables are unset.
func tlslens(t *testing.T, stdin io.Reader, args ...string) ran {
	t.Helper()
	return tlslensIn(t, nil, stdin, args...)
}

// tlslensIn runs the program with some environment variables.
func tlslensIn(t *testing.T, env map[string]string, stdin io.Reader, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	p := &program{stdin: stdin, stdout: &out, stderr: &errs,
		getenv: func(k string) string { return env[k] },
		now:    func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC) }}
	status := p.run(context.Background(), args)
	return ran{status, out.String(), errs.String()}
}

// want checks the status and that messages hold some text; "" means none.
func (r ran) want(t *testing.T, status int, message string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d; messages:\n%s", r.status, status, r.errors)
	}
	if message == "" && r.errors != "" || !strings.Contains(r.errors, message) {
		t.Errorf("messages:\n%s\nwant: %s", r.errors, message)
	}
}

// has checks that the output holds all texts.
func (r ran) has(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !strings.Contains(r.out, s) {
			t.Errorf("the output lacks %q:\n%s", s, r.out)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, name string, b []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}
