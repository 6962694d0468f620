// Command tlslens says what happened in each TLS connection of a capture,
// phase by phase: the certificate check, the key exchange, the tunnel.
//
// There is one file for each command. commands.go and flags.go declare what can
// be typed; the parsing, the help, the man page, docs/commands.md and the
// completions all come from there. Nothing here knows TLS: package dissect
// finds out, package report shows. Results go to standard output and nothing
// else does; exits.go says what the exit status means.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// Without this a closed pipe ends the process with a signal; with it the
	// write fails, which run takes for a wish to stop.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: time.Now}
	os.Exit(p.run(ctx, os.Args[1:]))
}
