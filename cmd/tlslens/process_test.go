//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process returns the test binary as tlslens.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "TLSLENS_TEST_MAIN=1")
	return cmd
}

// TestPipe closes the pipe that a process writes to after one line.
func TestPipe(t *testing.T) {
	var all []string
	for range 30 { // more than a pipe holds
		all = append(all, pcaps+"tour.pcapng")
	}
	cmd := process(t, append([]string{"-T", "jsonl"}, all...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(out, 16).ReadString(':'); err != nil {
		t.Error(err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("%v; %s", err, errs.String())
	}
}

// TestCtrlC interrupts a process that waits for the rest of a capture: in a
// named pipe, and in standard input.
func TestCtrlC(t *testing.T) {
	for _, kind := range []string{"named pipe", "standard input"} {
		t.Run(kind, func(t *testing.T) {
			capture := readFile(t, pcaps+"tour.pcapng")
			var cmd *exec.Cmd
			var feed *os.File
			if kind == "named pipe" {
				name := filepath.Join(t.TempDir(), "live.pcapng")
				if err := syscall.Mkfifo(name, 0o600); err != nil {
					t.Skip(err)
				}
				var err error
				if feed, err = os.OpenFile(name, os.O_RDWR, 0); err != nil {
					t.Fatal(err)
				}
				cmd = process(t, "-T", "jsonl", name)
			} else {
				in, out, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				feed = out
				cmd = process(t, "-T", "jsonl", "-")
				cmd.Stdin = in
			}
			defer feed.Close()
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := feed.Write(capture[:len(capture)-200]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			giveUp := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
			defer giveUp.Stop()
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Errorf("%v; %s", err, errs.String())
			}
			if !strings.Contains(errs.String(), "interrupted; ") || !strings.Contains(out.String(), `"interrupted":true`) || strings.Count(out.String(), "\n") < 8 {
				t.Errorf("%s\n%s", errs.String(), out.String())
			}
		})
	}
}
