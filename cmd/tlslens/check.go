package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/report/jsonl"
	"github.com/tlslens/tlslens/report/text"
)

// check compares captures with what is expected of them, or saves it.
func (p *program) check(ctx context.Context, s *settings, args []string) error {
	if s.golden == "" {
		return failf("check wants the folder of the expectations").or("tlslens check --golden DIR FILE...; with --update it writes them")
	}
	inputs, err := p.inputs(append(s.files, args...))
	if err != nil {
		return err
	}
	if err := distinct(inputs); err != nil {
		return err
	}
	if err := p.filterInputs(s, inputs); err != nil {
		return err
	}
	opt, err := s.options()
	if err != nil {
		return err
	}
	if opt.Keys, err = p.provider(s); err != nil {
		return err
	}
	if s.update {
		if err := os.MkdirAll(s.golden, 0o777); err != nil {
			return failf("--golden %s: %v", s.golden, reason(err))
		}
	} else if info, err := os.Stat(s.golden); err != nil || !info.IsDir() {
		return failf("--golden %s is not a folder", s.golden).or("--update creates it")
	}
	defer p.limitMemory(s)()
	c := &checking{p: p, s: s, opt: opt}
	return c.all(ctx, inputs)
}

// goldenName returns the name of the expectation of a capture: its own with
// the endings of capture files replaced.
func goldenName(capture string) string {
	base := filepath.Base(capture)
	for _, ends := range [][]string{{".gz", ".zst", ".lz4"}, {".pcapng", ".pcap", ".cap", ".dmp"}} {
		for _, e := range ends {
			if cut, ok := strings.CutSuffix(base, e); ok && cut != "" {
				base = cut
				break
			}
		}
	}
	return base + ".json"
}

// distinct refuses two captures with the same expectation, and standard input,
// which has no name.
func distinct(inputs []*input) error {
	of := map[string]string{}
	for _, in := range inputs {
		if in.name == "-" {
			return failf("check does not read standard input").or("an expectation is found by the name of the capture")
		}
		name := goldenName(in.name)
		if other, ok := of[name]; ok {
			return failf("%s and %s have the same expectation, %s", other, in.name, name).or("check them with two folders, or rename one")
		}
		of[name] = in.name
	}
	return nil
}

// A checking goes through captures and counts what it finds.
type checking struct {
	p      *program
	s      *settings
	opt    dissect.Options
	status exitStatus
	opened int
}

func (c *checking) all(ctx context.Context, inputs []*input) error {
	for _, in := range inputs {
		found, err := c.find(ctx, in)
		if err == nil {
			c.opened++
			err = c.settle(in, found)
		}
		switch {
		case errors.Is(err, context.Canceled):
			c.p.message(in.name, "interrupted; it was not compared")
			return exitInterrupted
		case closedPipe(err):
			return err
		case err != nil:
			c.p.complain(in.name, err)
			c.status = worse(c.status, exitPartial)
		}
	}
	if err := c.orphans(inputs); err != nil {
		return err
	}
	switch {
	case c.opened == 0:
		return exitUsage
	case c.status != exitOK:
		return c.status
	}
	return nil
}

// find returns the JSON of a capture, one key on a line.
func (c *checking) find(ctx context.Context, in *input) ([]byte, error) {
	src, err := in.open()
	if err != nil {
		return nil, err
	}
	defer src.Close()
	done := in.closeOnInterrupt(ctx, src)
	defer done()
	defer c.p.unwatch()
	var stats dissect.Stats
	opt := c.opt
	opt.Stats = &stats
	var b bytes.Buffer
	w := jsonl.NewArray(&b)
	for e, err := range dissect.Events(ctx, c.p.watch(in, src), opt) {
		if ctx.Err() != nil {
			return nil, context.Canceled
		}
		if err != nil { // the summary says so, and is compared
			if c.s.update {
				c.p.complain(in.name, err)
			}
			break
		}
		if err := w.Write(e); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, context.Canceled
	}
	if err := w.Close(&stats); err != nil {
		return nil, err
	}
	var pretty bytes.Buffer
	err = json.Indent(&pretty, b.Bytes(), "", "\t")
	return pretty.Bytes(), err
}

// settle compares what was found with what is expected, or saves it.
func (c *checking) settle(in *input, found []byte) error {
	path := filepath.Join(c.s.golden, goldenName(in.name))
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failf("%s: %v", path, reason(err))
	}
	if c.s.update {
		return c.save(in, path, want, found)
	}
	switch {
	case err != nil:
		c.status = worse(c.status, exitFound)
		if err := c.say("%s: has no expectation, %s", in.name, path); err != nil {
			return err
		}
		c.p.hint("check the results with tlslens " + in.name + ", then save them with --update")
		return nil
	case bytes.Equal(want, found):
		if c.s.quiet {
			return nil
		}
		return c.say("%s: as expected", in.name)
	}
	lines, err := differences(want, found, c.s.ignored)
	if err == nil && len(lines) == 0 && c.s.ignored != nil {
		if c.s.quiet {
			return nil
		}
		return c.say("%s: as expected, but for what is ignored", in.name)
	}
	c.status = worse(c.status, exitFound)
	if err != nil {
		if err := c.say("%s: %s cannot be read as an expectation: %v", in.name, path, err); err != nil {
			return err
		}
		c.p.hint("--update writes it anew")
		return nil
	}
	if len(lines) == 0 {
		lines = []string{path + " is written differently, but says the same"}
	}
	if err := c.say("%s: %s", in.name, text.Count(len(lines), "difference")); err != nil {
		return err
	}
	for _, l := range lines {
		if err := c.say("  %s", l); err != nil {
			return err
		}
	}
	return nil
}

// save writes an expectation if it is new or has changed.
func (c *checking) save(in *input, path string, old, found []byte) error {
	verb := "written to"
	switch {
	case old != nil && bytes.Equal(old, found):
		if c.s.quiet {
			return nil
		}
		return c.say("%s: as expected in %s", in.name, path)
	case old != nil:
		verb = "changed in"
	}
	f, temp, target, err := replacement(path)
	if err != nil {
		return failf("%s: %v", path, reason(err))
	}
	_, err = f.Write(found)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp, target)
	}
	if err != nil {
		os.Remove(temp)
		return failf("%s: %v", path, reason(err))
	}
	return c.say("%s: %s %s", in.name, verb, path)
}

// orphans mentions expectations without a capture.
func (c *checking) orphans(inputs []*input) error {
	entries, err := os.ReadDir(c.s.golden)
	if err != nil {
		return failf("--golden %s: %v", c.s.golden, reason(err))
	}
	var alone []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".json" && !slices.ContainsFunc(inputs, func(in *input) bool { return goldenName(in.name) == e.Name() }) {
			alone = append(alone, e.Name())
		}
	}
	if n := len(alone); n > 0 {
		names := strings.Join(alone[:min(n, 5)], ", ")
		if n > 5 {
			names += fmt.Sprintf(" and %d more", n-5)
		}
		c.p.message("", fmt.Sprintf("note: %s in %s without a capture here: %s", text.Count(n, "expectation"), c.s.golden, names))
	}
	return nil
}

// say prints a line of results.
func (c *checking) say(format string, args ...any) error {
	c.p.progress.clear()
	_, err := fmt.Fprintln(c.p.stdout, text.Clean(fmt.Sprintf(format, args...)))
	return err
}
