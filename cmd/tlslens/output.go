package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report"
)

// An output is where results go: standard output, or a file that appears when
// they are complete.
type output struct {
	*bufio.Writer
	file *os.File // nil for standard output
	temp string   // what to rename, "" if file is written in place
	name string   // what to rename it to
}

// outputBuffer is how many bytes of results wait to be written at most.
const outputBuffer = 64 << 10

// openOutput opens what -o says. No input may be overwritten.
func (p *program) openOutput(s *settings, inputs []*input) (*output, error) {
	if s.output == "" || s.output == "-" {
		return &output{Writer: bufio.NewWriterSize(&beside{p.stdout, p}, outputBuffer)}, nil
	}
	info, err := os.Stat(s.output)
	if err == nil {
		if what := p.needed(s, inputs, info); what != "" {
			return nil, failf("--output %s is %s", s.output, what).or("results would overwrite it; choose another name")
		}
		if info.IsDir() {
			return nil, failf("--output %s is a folder", s.output)
		}
	}
	o := &output{}
	if err == nil && !info.Mode().IsRegular() { // /dev/null, a pipe
		o.file, err = os.OpenFile(s.output, os.O_WRONLY, 0)
	} else {
		o.file, o.temp, o.name, err = replacement(s.output)
	}
	if err != nil {
		return nil, failf("--output %s cannot be written: %v", s.output, reason(err))
	}
	o.Writer = bufio.NewWriterSize(o.file, outputBuffer)
	return o, nil
}

// needed says which of the files that are to be read a file is, "" if it is
// none of them.
func (p *program) needed(s *settings, inputs []*input, file os.FileInfo) string {
	captures := make([]string, 0, len(inputs))
	for _, in := range inputs {
		captures = append(captures, in.name)
	}
	for _, kind := range []struct {
		what  string
		names []string
	}{
		{"the capture that is to be read", captures},
		{"a key log that is to be read", append([]string{p.getenv("SSLKEYLOGFILE")}, s.keys.logs...)},
		{"a file of private keys that is to be read", s.keys.private},
		{"a file of trust anchors that is to be read", s.anchors},
	} {
		for _, name := range kind.names {
			if other, err := os.Stat(name); err == nil && os.SameFile(file, other) {
				return kind.what
			}
		}
	}
	return ""
}

// replacement creates a file beside the one of that name, which need not be
// there, with the same permissions. A symbolic link is followed.
func replacement(name string) (f *os.File, temp, target string, err error) {
	target = name
	mode := os.FileMode(0o666)
	if real, err := filepath.EvalSymlinks(name); err == nil {
		target = real
	}
	info, statErr := os.Stat(target)
	if statErr == nil {
		mode = info.Mode().Perm()
	}
	for i := range 100 {
		temp = fmt.Sprintf("%s.%d-%d.tmp", target, os.Getpid(), i)
		f, err = os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, os.ErrExist) {
			break
		}
	}
	if err == nil && statErr == nil {
		err = f.Chmod(mode)
	}
	return f, temp, target, err
}

// finish writes what is left and puts the file in its place.
func (o *output) finish() error {
	if err := o.Flush(); err != nil || o.file == nil {
		return err
	}
	err := o.file.Close()
	if err == nil && o.temp != "" {
		err = os.Rename(o.temp, o.name)
	}
	if err == nil {
		o.file = nil
	}
	return err
}

// abandon removes a file that was not finished.
func (o *output) abandon() {
	if o.file == nil {
		return
	}
	o.file.Close()
	if o.temp != "" {
		os.Remove(o.temp)
	}
}

// unwritten words a failed write. Whoever closed a pipe does not want to hear.
func (s *settings) unwritten(err error) error {
	if closedPipe(err) {
		return err
	}
	where := "standard output"
	if s.output != "" {
		where = "--output " + s.output
	}
	return failf("%s cannot be written: %v", where, reason(err))
}

// A beside writer takes the progress bar away before something is written
// that may go to the same terminal.
type beside struct {
	io.Writer
	p *program
}

func (b *beside) Write(x []byte) (int, error) {
	b.p.progress.clear()
	return b.Writer.Write(x)
}

// A joiner makes one JSON array of lines that come with one Write each.
type joiner struct {
	w     io.Writer
	begun bool
}

// Write takes an object with its line feed.
func (j *joiner) Write(line []byte) (int, error) {
	lead := ",\n"
	if !j.begun {
		lead, j.begun = "[\n", true
	}
	if _, err := io.WriteString(j.w, lead); err != nil {
		return 0, err
	}
	if _, err := j.w.Write(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
		return 0, err
	}
	return len(line), nil
}

// end closes the array.
func (j *joiner) end() error {
	if !j.begun {
		if _, err := io.WriteString(j.w, "["); err != nil {
			return err
		}
	}
	_, err := io.WriteString(j.w, "\n]\n")
	return err
}

// terminal returns the width of the terminal that f is, and whether it is one.
func (p *program) terminal(f any) (columns int, ok bool) {
	file, isFile := f.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		columns = 0
	}
	return columns, true
}

// style decides how results look.
func (p *program) style(s *settings) report.Style {
	columns, isTerminal := 0, false
	if s.output == "" || s.output == "-" {
		columns, isTerminal = p.terminal(p.stdout)
	}
	st := report.Style{Width: s.width, ASCII: s.ascii, Verbose: s.verbose, Hex: s.hex, Quiet: s.quiet}
	if s.width < 0 {
		st.Width = columns
		if n, err := strconv.Atoi(p.getenv("COLUMNS")); columns == 0 && err == nil && n > 0 {
			st.Width = min(n, 10000)
		}
		if st.Width <= 0 {
			st.Width = 80
		}
	}
	switch s.color {
	case "always":
		st.Color = true
	case "auto":
		st.Color = isTerminal && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb" && takesEscapes(p.stdout)
	}
	switch s.zone {
	case "utc":
		st.Zone = time.UTC
	case "local":
		st.Zone = time.Local
	}
	return st
}

// detail returns how much of messages connections keep for so many -v.
func detail(verbose int) conn.Detail {
	return [...]conn.Detail{conn.Summaries, conn.Messages, conn.Fields}[min(verbose, 2)]
}
