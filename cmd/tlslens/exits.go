package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/tlslens/tlslens/report/text"
)

// An exitStatus is the status the program ends with. As an error it stands for
// a failure that has been reported already.
type exitStatus int

// The exit statuses, as documented by exitDocs.
const (
	exitOK          exitStatus = 0
	exitFound       exitStatus = 1
	exitUsage       exitStatus = 2
	exitPartial     exitStatus = 3
	exitInterrupted exitStatus = 130
)

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitDocs says what each exit status means, in the order of the numbers.
func exitDocs() []struct {
	Status exitStatus
	Doc    string
} {
	return []struct {
		Status exitStatus
		Doc    string
	}{
		{exitOK, "All captures were read to their ends. Also if whoever reads the output stops early, as head does."},
		{exitFound, "--fail-on matched a connection, or check found a difference. Before 3: what was found stays found, even in part of a capture."},
		{exitUsage, "Wrong usage, or nothing could be begun: no capture could be opened, or the output could not be written."},
		{exitPartial, "The results are partial: a capture is cut short or damaged, packets were dropped while it was made, a limit was hit, no packet of a capture has a link type that is known, or one of several captures could not be opened. What was readable has been printed. Holes in a TCP stream alone do not count."},
		{exitInterrupted, "Ctrl-C. What was read until then has been printed."},
	}
}

// worse returns the status to end with if parts of the work end with a and b.
func worse(a, b exitStatus) exitStatus {
	for _, s := range []exitStatus{exitInterrupted, exitUsage, exitFound, exitPartial} {
		if a == s || b == s {
			return s
		}
	}
	return exitOK
}

// A failure is an error with a hint about what to do. It ends the program with
// status 2.
type failure struct{ what, hint string }

func (f *failure) Error() string { return f.what }

// Hint says what to do about it, or nothing.
func (f *failure) Hint() string { return f.hint }

// failf returns a failure without a hint.
func failf(format string, args ...any) *failure { return &failure{what: fmt.Sprintf(format, args...)} }

// or adds a hint.
func (f *failure) or(format string, args ...any) *failure {
	f.hint = fmt.Sprintf(format, args...)
	return f
}

// status returns the exit status for the error a command returned, and reports
// the error unless it is of a kind that ends quietly.
func (p *program) status(err error) exitStatus {
	var s exitStatus
	switch {
	case err == nil, closedPipe(err):
		return exitOK
	case errors.As(err, &s):
		return s
	}
	p.complain("", err)
	return exitUsage
}

// complain reports an error, about the file of that name unless it is "", and
// its hint if it has one.
func (p *program) complain(name string, err error) {
	p.message(name, err.Error())
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		p.hint(h.Hint())
	}
}

// message prints a line on standard error. File names and the texts of errors
// may come from anywhere, so they are cleaned.
func (p *program) message(name, what string) {
	if name != "" {
		what = shownName(name) + ": " + what
	}
	p.progress.clear()
	fmt.Fprintf(p.stderr, "tlslens: %s\n", text.Clean(strings.TrimSuffix(what, "\n")))
}

// shownName returns how messages call a file.
func shownName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return text.Clean(name)
}

// hint prints a hint on standard error.
func (p *program) hint(what string) {
	if what != "" {
		p.message("", "hint: "+what)
	}
}

// closedPipe reports whether a write failed because nobody reads any more.
func closedPipe(err error) bool {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return true
	}
	var n syscall.Errno
	// ERROR_BROKEN_PIPE and ERROR_NO_DATA of Windows.
	return errors.As(err, &n) && os.PathSeparator == '\\' && (n == 109 || n == 232)
}

// reason returns what went wrong with a file without its name, which the
// message has already.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
