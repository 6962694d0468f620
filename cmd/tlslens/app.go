package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// A program is one run of tlslens: what it may read and write.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time

	progress *progress // while captures are read, else nil
	noted    string    // the last note on a filter, which need not be repeated
}

// run does what the arguments ask for and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	return int(p.status(p.dispatch(ctx, args)))
}

// dispatch finds the command, sorts the arguments and hands both to the library.
func (p *program) dispatch(ctx context.Context, args []string) error {
	cmd, rest, named, err := p.choose(args)
	if err != nil {
		return err
	}
	sorted, err := arrange(cmd, rest)
	if err != nil {
		return err
	}
	app := &cli.App{
		Name: "tlslens", HideHelp: true, HideVersion: true,
		Reader: p.stdin, Writer: p.stdout, ErrWriter: p.stderr,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return err },
	}
	s := newSettings(p.now)
	s.named = named
	app.Commands = []*cli.Command{cmd.cli(p, s)}
	return app.RunContext(ctx, append([]string{"tlslens", cmd.name}, sorted...))
}

// cli makes the library's command of c.
func (c *command) cli(p *program, s *settings) *cli.Command {
	cc := &cli.Command{
		Name: c.name, HideHelp: true,
		OnUsageError: func(_ *cli.Context, err error, _ bool) error { return failf("%s", err).or("%s", c.helpHint()) },
		Action: func(ctx *cli.Context) error {
			if s.err != nil {
				return s.err
			}
			if s.help && s.named {
				return p.helpFor(c)
			}
			if s.help {
				return p.help(ctx.Context, s, nil)
			}
			if s.version {
				return p.version(ctx.Context, s, nil)
			}
			if err := s.check(); err != nil {
				return err
			}
			return c.run(p, ctx.Context, s, ctx.Args().Slice())
		},
	}
	for _, f := range c.flags() {
		cc.Flags = append(cc.Flags, &cli.GenericFlag{Name: f.name, Usage: f.doc, Value: &value{def: f, to: s}})
	}
	return cc
}

// A value is a flag in the eyes of the library: it hands on what was typed. The
// first error is kept in the settings, to be reported in our own words.
type value struct {
	def *flagDef
	to  *settings
}

// Set sets the flag.
func (v *value) Set(s string) error {
	if err := v.def.set(v.to, s); err != nil && v.to.err == nil {
		v.to.err = failf("%s: %s", v.def.spelling(), err).or("%s", v.def.hint())
	}
	return nil
}

// String returns nothing: values are kept by the settings.
func (v *value) String() string { return "" }

// IsBoolFlag reports whether the flag takes no value.
func (v *value) IsBoolFlag() bool { return v.def.arg == "" }

// choose finds the command that the arguments name and returns the arguments
// without its name. A first argument that is a file, or nothing but flags,
// means read; named is false then.
func (p *program) choose(args []string) (c *command, rest []string, named bool, err error) {
	if len(args) == 0 {
		return nil, nil, false, noCapture()
	}
	read := findCommand("read")
	at := firstArgument(args)
	if at < 0 {
		return read, args, false, nil
	}
	word := args[at]
	if c := findCommand(word); c != nil {
		return c, append(append([]string{}, args[:at]...), args[at+1:]...), true, nil
	}
	if word == "-" || looksLikeFile(word) {
		return read, args, false, nil
	}
	if _, err := arrange(read, args); err != nil { // a wrong flag comes first
		return nil, nil, false, err
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	f := failf("%q is neither a command nor a file", word)
	if near := nearest(word, names, 1); len(near) > 0 {
		return nil, nil, false, f.or("did you mean tlslens %s?", near[0])
	}
	return nil, nil, false, f.or("tlslens help lists the commands")
}

// looksLikeFile reports whether somebody who types this means a file: it is
// there, or its name is one that no command could have.
func looksLikeFile(word string) bool {
	if _, err := os.Lstat(word); err == nil {
		return true
	}
	return strings.ContainsAny(word, `./\`)
}

func noCapture() error {
	return failf("no capture was given").or("tlslens FILE reads one, tlslens demo shows an example, tlslens help explains")
}
