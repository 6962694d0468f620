package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/bpf"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/filter"
	"github.com/tlslens/tlslens/capture/live"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
)

// live shows the connections that pass by on interfaces.
func (p *program) live(ctx context.Context, s *settings, args []string) error {
	w := &watching{p: p, s: s, expr: s.live.filter}
	if len(args) > 0 {
		if w.expr != "" {
			return failf("a filter is given twice: --filter %s, and %s", w.expr, strings.Join(args, " ")).or("join them with and")
		}
		w.expr = strings.Join(args, " ")
	}
	if s.live.handshakes && s.live.write == "" {
		return failf("--write-handshakes needs --write FILE")
	}
	if s.live.ring != (live.RingFiles{}) && (s.live.write == "" || s.live.write == "-") {
		return failf("--ring needs --write FILE")
	}
	switch {
	case s.format != "":
	case s.only != "": // goes by how a connection ends, so only that is shown
		s.format = "table"
	default:
		s.format = "lines"
	}
	// A terminal that goes away ends the capture as Ctrl-C does.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	defer p.limitMemory(s)()
	defer p.collectLess()()
	defer w.close()
	if err := w.open(ctx); err != nil {
		return err
	}
	return w.run(ctx)
}

// A watching is one run of live.
type watching struct {
	p    *program
	s    *settings
	expr string

	opt    dissect.Options
	srcs   []*live.Source // that share the packets
	out    *output
	pump   *pump
	teller *teller
	saver  *live.Writer
	taps   []*tap // one for each source
	tails  *keyTails
	alert  alert
}

// open opens all that needs privileges and then gives those up.
func (w *watching) open(ctx context.Context) (err error) {
	p, s := w.p, w.s
	if w.opt, err = s.options(); err != nil {
		return err
	}
	if !s.keys.sealed {
		if err := p.makeLogs(s); err != nil {
			return err
		}
	}
	if w.opt.Keys, err = p.provider(s); err != nil {
		return err
	}
	w.tails = p.followKeys(s, w.opt.Keys)
	// The source counts packets, as it also tells what is none.
	w.opt.Unordered, w.opt.MaxPackets = true, 0
	if len(s.live.interfaces) == 0 {
		name, err := defaultInterface()
		if err != nil {
			return liveFailure(err)
		}
		s.live.interfaces = []string{name}
	}
	w.alert = alert{p: p, now: p.now}
	o := live.Options{
		Interfaces: s.live.interfaces, SnapLen: s.live.snapLen, NoPromisc: s.live.noPromisc, Buffer: s.live.buffer,
		Idle: beat, Notify: w.notice,
	}
	if w.expr != "" {
		o.Filter = func(link capture.LinkType, kernel bool) ([]bpf.RawInstruction, error) {
			return w.compile(ctx, link, kernel)
		}
	}
	if w.srcs, err = live.OpenFanout(o, max(s.live.fanout, 1)); err != nil {
		return liveFailure(err)
	}
	if err := w.openOutput(); err != nil {
		return err
	}
	// The files of a ring are made by the user that the process becomes, the
	// first one too: it could not be taken away again if the next one failed.
	ring := s.live.ring != live.RingFiles{}
	if !ring {
		if err := w.openSaver(); err != nil {
			return err
		}
	}
	if err := w.confine(); err != nil {
		return err
	}
	if ring {
		if err := w.openSaver(); err != nil {
			return err
		}
	}
	what := ""
	if w.expr != "" {
		what = ", " + w.expr
	}
	p.message("", fmt.Sprintf("watching %s%s; Ctrl-C ends it", strings.Join(s.live.interfaces, ", "), what))
	return nil
}

// liveFailure makes an error that ends the program with status 2 and a hint.
func liveFailure(err error) error {
	f := failf("%v", err)
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return f.or("%s", h.Hint())
	}
	return f
}

// compile compiles the filter for packets of a link type.
func (w *watching) compile(ctx context.Context, link capture.LinkType, kernel bool) ([]bpf.RawInstruction, error) {
	prog, note, err := filter.CompileAny(ctx, w.expr, uint32(link), filter.Options{Live: kernel})
	if err != nil {
		return nil, err
	}
	w.p.note(note)
	return prog.Instructions(), nil
}

// openOutput opens what results are written to.
func (w *watching) openOutput() error {
	p, s := w.p, w.s
	switch {
	case s.output != "" && s.output != "-":
		// Not in place of the old file at the end: somebody may be watching.
		f, err := os.OpenFile(s.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return failf("--output %s cannot be written: %v", s.output, reason(err))
		}
		w.out = &output{file: f}
		w.pump = newPump(f, w.stop)
	case s.live.write == "-":
		w.pump = newPump(io.Discard, w.stop)
	default:
		w.pump = newPump(p.stdout, w.stop)
	}
	return nil
}

// openSaver opens what packets are written to.
func (w *watching) openSaver() (err error) {
	p, s := w.p, w.s
	if s.live.write == "" {
		return nil
	}
	o := live.WriterOptions{
		Name: s.live.write, Ring: s.live.ring, Interfaces: w.srcs[0].Interfaces(), Filter: w.expr,
		Application: "tlslens " + build().version, Now: p.now, Notify: w.saving,
	}
	if s.live.handshakes {
		o.Comment = "only handshakes (--write-handshakes): packets of the tunnels are missing by intent"
	}
	if s.live.write == "-" {
		o.Stream = p.stdout
		if _, ok := p.terminal(p.stdout); ok {
			return failf("--write - would print a capture on the terminal").or("give a file, or a pipe to a program that reads captures")
		}
	}
	if w.saver, err = live.NewWriter(o); errors.Is(err, fs.ErrPermission) && s.live.ring != (live.RingFiles{}) {
		return failf("--write %s: user %d cannot create files in %s: %v", s.live.write, os.Geteuid(), filepath.Dir(s.live.write), reason(err)).or("choose a folder that is this user's; or --no-sandbox")
	}
	if err != nil {
		return failf("--write %s cannot be written: %v", s.live.write, reason(err))
	}
	return nil
}

// saving tells how saving packets goes.
func (w *watching) saving(err error) {
	switch {
	case err == nil:
		w.p.message("", fmt.Sprintf("--write %s can be written again", w.s.live.write))
	case closedPipe(err):
		w.stop()
	case errors.Is(err, live.ErrSlow):
		w.alert.once("slow", fmt.Sprintf("--write %s: %v; capture goes on", w.s.live.write, err))
	default:
		w.p.message("", fmt.Sprintf("--write %s cannot be written: %v; capture goes on", w.s.live.write, reason(err)))
	}
}

// run captures until something ends it.
func (w *watching) run(ctx context.Context) error {
	s := w.s
	var stats dissect.Stats
	w.opt.Stats = &stats
	defer context.AfterFunc(ctx, w.stop)()
	if s.live.duration > 0 {
		defer time.AfterFunc(s.live.duration, w.stop).Stop()
	}
	w.teller = newTeller(w, s.format)
	found := false
	var failed error
	for e, err := range dissect.Parallel(context.WithoutCancel(ctx), w.shares(), w.opt) {
		if err != nil {
			failed = err
			break
		}
		if n := numberOf(e); n > 0 && !s.numbered(n) {
			continue
		}
		if c, ok := e.(dissect.Closed); ok {
			if !s.wanted(c.Conn) {
				continue
			}
			found = found || s.failOn != conn.Info && worst(c.Conn) >= s.failOn
		}
		w.teller.tell(e)
		if w.pump.failed() != nil {
			break // Stop was called; what is still in the ring is of no use
		}
	}
	return w.end(&stats, failed, found)
}

// end writes the summary and says what was lost.
func (w *watching) end(stats *dissect.Stats, failed error, found bool) error {
	s := w.s
	w.teller.stop()
	status := exitOK
	saveErr := w.finishSaver()
	if w.saver != nil && w.saver.Unsaved() > 0 {
		stats.Dropped = append(stats.Dropped, dissect.Dropped{Reason: "not written", Unit: "packets", Count: w.saver.Unsaved()})
	}
	if n := w.teller.unshown; n > 0 {
		stats.Dropped = append(stats.Dropped, dissect.Dropped{Reason: "output", Unit: "events", Count: n})
	}
	if err := w.teller.close(stats); err != nil {
		return s.unwritten(err)
	}
	if err := w.pump.close(); err != nil {
		return s.unwritten(err)
	}
	if found {
		status = exitFound
	}
	if err := errors.Join(failed, w.gone()); err != nil {
		w.p.complain("", err)
		status = worse(status, exitPartial)
	}
	if saveErr != nil && !closedPipe(saveErr) {
		w.p.message("", fmt.Sprintf("--write %s could not be written all the time: %v", s.live.write, reason(saveErr)))
		status = worse(status, exitPartial)
	}
	return w.losses(stats, status)
}

// notice tells what happens to an interface, and counts what is lost for the
// file at hand.
func (w *watching) notice(n live.Notice) {
	w.alert.notice(n)
	if w.saver == nil {
		return
	}
	i := slices.Index(w.s.live.interfaces, n.Interface)
	switch n.Event {
	case live.Lost:
		w.saver.Count(i, live.Saved{Dropped: n.Count})
	case live.Missed:
		w.saver.Count(i, live.Saved{Missed: n.Count})
	}
}

// finishSaver writes the end of the saved packets.
func (w *watching) finishSaver() error {
	if w.saver == nil {
		return nil
	}
	for i, t := range w.taps {
		w.srcs[i].Losses() // those of the last moment are told, too
		if t.keep != nil {
			t.keep.end()
		}
	}
	return w.saver.Close()
}

// losses says at the end what was captured and what was not.
func (w *watching) losses(stats *dissect.Stats, status exitStatus) error {
	for _, l := range w.sums() {
		what := fmt.Sprintf("%d packets received by the filter, %d dropped by the kernel", l.Received, l.Dropped)
		if l.Missed > 0 {
			what += fmt.Sprintf(", %d lost before by the network card", l.Missed)
		}
		w.p.message(l.Interface, what)
	}
	for _, d := range stats.Dropped {
		w.p.message("", fmt.Sprintf("results are partial: %d %s dropped (%s)", d.Count, d.Unit, d.Reason))
		w.p.hint(liveHint(d.Reason))
		status = worse(status, exitPartial)
	}
	if status != exitOK {
		return status
	}
	return nil
}

func liveHint(reason string) string {
	switch reason {
	case "kernel", "interface":
		return "a larger --buffer, a filter or a shorter --snaplen help"
	case "overload":
		return "connections began faster than they can be read; --fanout reads on more cores, a filter such as 'net 192.0.2.0/24' chooses which to follow"
	case "output":
		return "write to a file with --output, or let a faster program read"
	case "not written":
		return "write to a faster or larger disk, or less: --write-handshakes, a filter, -b with files:N"
	}
	return dropHint(reason)
}

// close gives back what is open.
func (w *watching) close() {
	for _, src := range w.srcs {
		src.Close()
	}
	if w.out != nil {
		w.out.file.Close()
	}
	w.tails.close()
}
