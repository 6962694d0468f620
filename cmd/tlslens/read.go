package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report"
	"github.com/tlslens/tlslens/report/text"
)

// read shows the connections of captures; list is the same in another format.
func (p *program) read(ctx context.Context, s *settings, args []string) error {
	inputs, err := p.inputs(append(s.files, args...))
	if err != nil {
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
	if err := s.checkExport(inputs); err != nil {
		return err
	}
	copies, err := openCopies(s, opt.Keys)
	if err != nil {
		return err
	}
	defer abandonCopies(copies)
	extraction, err := newExtraction(s)
	if err != nil {
		return err
	}
	defer extraction.abandon()
	for _, note := range s.idle() {
		p.message("", "note: "+note)
	}
	defer p.limitMemory(s)()
	out, err := p.openOutput(s, inputs)
	if err != nil {
		return err
	}
	defer out.abandon()
	r := &reading{p: p, s: s, out: out, opt: opt, style: p.style(s), several: len(inputs) > 1, extraction: extraction}
	if r.export, err = newExporter(s, out); err != nil {
		return err
	}
	defer r.export.abandon()
	if r.export != nil {
		r.opt.Plaintext = r.export.listen
	}
	status := r.all(ctx, inputs)
	var known exitStatus
	if r.opened == 0 || status != nil && !errors.As(status, &known) {
		return status
	}
	if r.export != nil {
		what, err := r.export.finish()
		if err != nil {
			return s.unwritten(err)
		}
		if what != "" {
			p.message("", what)
		}
	}
	if err := p.copies(copies, inputs[0]); err != nil {
		return err
	}
	if err := r.extract(ctx, inputs[0]); err != nil {
		return err
	}
	return status
}

// A reading reads captures and writes what it finds.
type reading struct {
	p       *program
	s       *settings
	out     *output
	opt     dissect.Options
	style   report.Style
	several bool
	array   *joiner
	export  *exporter
	opened  int

	extraction *extraction
}

// all reads each capture in turn.
func (r *reading) all(ctx context.Context, inputs []*input) error {
	status := exitOK
	for _, in := range inputs {
		src, err := in.open()
		if err != nil {
			if err := r.out.Flush(); err != nil {
				return r.s.unwritten(err)
			}
			r.p.complain(in.name, err)
			status = worse(status, exitPartial)
			continue
		}
		r.opened++
		embedded(in, r.opt.Keys)
		got, err := r.one(ctx, in, r.delay(in, src))
		src.Close()
		if err == nil {
			err = r.out.Flush()
		}
		if err != nil {
			return r.s.unwritten(err)
		}
		status = worse(status, r.p.tell(in, got, r.s))
		if got.stats.Interrupted {
			break
		}
	}
	if r.opened == 0 {
		return exitUsage
	}
	if r.array != nil {
		if err := r.array.end(); err != nil {
			return r.s.unwritten(err)
		}
	}
	if err := r.export.missing(); err != nil {
		return err
	}
	if err := r.out.finish(); err != nil {
		return r.s.unwritten(err)
	}
	if status != exitOK {
		return status
	}
	return nil
}

// writer returns what writes the results of one capture. Of several, a table
// has the name of the file above it, and a JSON array is one for all.
func (r *reading) writer(in *input) (report.Writer, error) {
	name := r.s.format
	if name == "" {
		name = report.Formats()[0].Name
	}
	var w io.Writer = r.out
	style := r.style
	if r.several {
		style.Capture = in.name
	}
	switch {
	case !r.several:
	case name == "json":
		if r.array == nil {
			r.array = &joiner{w: r.out}
		}
		name, w = "jsonl", r.array
	case name != "jsonl":
		lead := "\n"
		if r.opened == 1 {
			lead = ""
		}
		if _, err := fmt.Fprintf(r.out, "%s==> %s <==\n\n", lead, r.style.Text(in.name)); err != nil {
			return nil, err
		}
	}
	f, _ := report.Find(name)
	return f.New(w, style), nil
}

// A result is what came of reading one capture.
type result struct {
	stats   dissect.Stats
	shown   uint64 // connections that --conn and --only let through
	matched bool   // --fail-on matched one of them
	stopped error  // why reading ended before the end of the capture, or nil
}

// one reads one capture to its end. The error is that of a write.
func (r *reading) one(ctx context.Context, in *input, src capture.Source) (*result, error) {
	w, err := r.writer(in)
	if err != nil {
		return nil, err
	}
	done := in.closeOnInterrupt(ctx, src)
	defer done()
	defer r.p.unwatch()
	res := &result{}
	r.opt.Stats = &res.stats
	if d, ok := src.(*delayed); ok {
		defer d.end()
	}
	src = r.p.watch(in, src)
	// Connections that are still being read, a progress bar and exports are of
	// this goroutine.
	out := newScribe(func(e dissect.Event) error { return r.write(w, e, in) }, !r.opt.Phases && r.p.progress == nil && r.export == nil)
	defer out.end()
	for e, err := range dissect.Events(ctx, src, r.opt) {
		if err != nil {
			res.stopped = err
			break
		}
		r.export.see(e)
		if n := numberOf(e); n > 0 && !r.s.numbered(n) {
			continue
		}
		if c, ok := e.(dissect.Closed); ok {
			if !r.s.wanted(c.Conn) {
				continue
			}
			res.shown++
			r.extraction.shown(c.Conn)
			res.matched = res.matched || r.s.failOn != conn.Info && worst(c.Conn) >= r.s.failOn
		}
		if r.export != nil {
			if c, ok := e.(dissect.Closed); ok {
				if err := r.export.closed(c.Conn); err != nil {
					return nil, err
				}
			}
		}
		if r.s.export.follow > 0 {
			continue
		}
		if err := out.write(e); err != nil {
			return nil, err
		}
	}
	if err := out.end(); err != nil {
		return nil, err
	}
	if r.export != nil {
		r.export.connections = res.stats.Connections
	}
	if r.s.export.follow > 0 {
		return res, nil
	}
	if ctx.Err() != nil { // which may show as an error of a source that was closed
		res.stats.Interrupted, res.stats.Truncated = true, false
	}
	return res, w.Close(&res.stats)
}

// numberOf returns the number of the connection that an event is about, 0 if it
// is about none.
func numberOf(e dissect.Event) uint64 {
	switch e := e.(type) {
	case dissect.Opened:
		return e.Conn.Number
	case dissect.PhaseEnded:
		return e.Conn.Number
	case dissect.MessageSeen:
		return e.Conn.Number
	case dissect.Closed:
		return e.Conn.Number
	}
	return 0
}

// write hands an event on. What comes from a pipe is shown at once: somebody
// may be watching.
func (r *reading) write(w report.Writer, e dissect.Event, in *input) error {
	if err := w.Write(e); err != nil {
		return err
	}
	if in.name == "-" {
		return r.out.Flush()
	}
	return nil
}

// tell reports on standard error what the results do not show, and returns the
// status for it.
func (p *program) tell(in *input, res *result, s *settings) exitStatus {
	status, stats := exitOK, &res.stats
	if choice := s.choice(); choice != "" && res.shown < stats.Connections {
		p.message(in.name, fmt.Sprintf("%d of %s shown (%s)", res.shown, text.Count(stats.Connections, "connection"), choice))
	}
	if res.matched {
		status = exitFound
	}
	switch {
	case stats.Interrupted:
		p.message(in.name, fmt.Sprintf("interrupted; %s read", wereRead(stats.Packets)))
		status = exitInterrupted
	case res.stopped != nil:
		p.message(in.name, fmt.Sprintf("%v; %s read", res.stopped, wereRead(stats.Packets)))
		if h, ok := res.stopped.(interface{ Hint() string }); ok {
			p.hint(h.Hint())
		}
		status = worse(status, exitPartial)
	case stats.Packets > 0 && unknownLinks(stats) == stats.Packets:
		p.message(in.name, fmt.Sprintf("none of its packets can be read: %s", strings.Join(linkNames(stats), ", ")))
		p.hint("tlslens reads Ethernet, Wi-Fi, cooked (any), PPP, raw IP and the like")
		status = worse(status, exitPartial)
	}
	for _, d := range stats.Dropped {
		p.message(in.name, fmt.Sprintf("results are partial: %d %s dropped (%s)", d.Count, d.Unit, d.Reason))
		p.hint(dropHint(d.Reason))
		status = worse(status, exitPartial)
	}
	return status
}

// unknownLinks counts the packets of link types that are not known.
func unknownLinks(stats *dissect.Stats) (n uint64) {
	for _, u := range stats.Undecoded {
		if strings.HasPrefix(u.Name, unknownLink) {
			n += u.Count
		}
	}
	return n
}

// linkNames names the link types that are not known.
func linkNames(stats *dissect.Stats) (out []string) {
	for _, u := range stats.Undecoded {
		if strings.HasPrefix(u.Name, unknownLink) {
			out = append(out, u.Name)
		}
	}
	return out
}

// unknownLink begins the reason why such a packet was not decoded.
const unknownLink = "unknown link type"

func wereRead(n uint64) string {
	if n == 1 {
		return "1 packet was"
	}
	return fmt.Sprintf("%d packets were", n)
}

// dropHint says how to lose less.
func dropHint(reason string) string {
	switch reason {
	case "kernel", "interface":
		return "the machine that captured was too slow: a larger buffer (tcpdump -B), a filter or a shorter snapshot length help"
	case "flow limit":
		return "--max-flows N follows more connections at a time"
	case "undecided":
		return "too much traffic at a time that is no TLS, or of which the beginning is missing: TLS that begins in the middle of it may be missed; a filter such as 'tcp port 443' leaves the rest out"
	case "memory limit":
		return "--max-memory SIZE allows more"
	}
	return ""
}
