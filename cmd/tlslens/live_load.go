package main

import (
	"runtime/debug"
	"runtime/metrics"

	"github.com/tlslens/tlslens/capture/live"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/report"
)

// A governor keeps a capture within its time and memory: see
// [dissect.Governor].
type governor struct {
	src    *live.Source
	busy   bool
	limit  uint64 // bytes of live heap
	cycles uint64 // of the collector when its result was last looked at
	read   [2]metrics.Sample
}

// The buffer is half full when new connections are not followed any more, and
// nearly empty when they are again. Between, those that are known go on.
const (
	busyFrom = 0.5
	busyTo   = 0.125
)

// newGovernor returns one for the memory limit that is set. Its share for live
// objects leaves the collector room: without, it would run all the time, take
// half of the processor and so cause losses.
func newGovernor(src *live.Source) *governor {
	g := &governor{src: src, limit: uint64(debug.SetMemoryLimit(-1)) / 8 * 5}
	g.read[0].Name, g.read[1].Name = "/gc/cycles/total:gc-cycles", "/gc/heap/live:bytes"
	return g
}

// Busy implements [dissect.Governor].
func (g *governor) Busy() bool {
	b := g.src.Backlog()
	g.busy = b >= busyFrom || g.busy && b > busyTo
	return g.busy
}

// Short implements [dissect.Governor]. What is given up shows only when the
// collector has been through once more.
func (g *governor) Short() bool {
	metrics.Read(g.read[:])
	cycles, bytes := g.read[0].Value.Uint64(), g.read[1].Value.Uint64()
	if cycles <= g.cycles {
		return false
	}
	g.cycles = cycles
	if bytes <= g.limit {
		return false
	}
	g.cycles++
	return true
}

// collectLess lets the heap grow to three times what lives, as long as the limit
// allows: it saves an eighth of the processor's time. It returns what undoes it.
func (p *program) collectLess() (undo func()) {
	if p.getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(200)
	return func() { debug.SetGCPercent(before) }
}

// A teller makes the report of events. If these are complete in themselves, it
// does so on a goroutine of its own, beside the reading of packets.
type teller struct {
	w       *watching
	rw      report.Writer
	shown   writerTo
	events  chan dissect.Event // nil: all on the caller's goroutine
	done    chan struct{}
	unshown uint64 // events that were left out; read after stop
	err     error
}

// eventsAhead is how many events may wait to be formatted.
const eventsAhead = 1024

func newTeller(w *watching, format string) *teller {
	t := &teller{w: w, done: make(chan struct{})}
	f, _ := report.Find(format)
	t.rw = f.New(&t.shown, w.p.style(w.s))
	if w.opt.Phases { // the connections go on changing
		close(t.done)
		return t
	}
	t.events = make(chan dissect.Event, eventsAhead)
	go func() {
		defer close(t.done)
		for e := range t.events {
			t.write(e)
		}
	}()
	return t
}

// tell takes an event.
func (t *teller) tell(e dissect.Event) {
	if t.events == nil {
		t.write(e)
		return
	}
	t.events <- e
}

// write hands what an event says to the pump, unless too much waits there.
func (t *teller) write(e dissect.Event) {
	if !t.w.pump.room() {
		if t.unshown++; t.unshown == 1 {
			t.w.p.message("", "whoever reads the output is too slow: some of it is left out; capture goes on")
		}
		return
	}
	if err := t.rw.Write(e); err != nil && t.err == nil {
		t.err = err
	}
	t.w.pump.put(t.shown.take())
}

// stop waits until all events were written.
func (t *teller) stop() {
	if t.events != nil {
		close(t.events)
	}
	<-t.done
}

// close writes the summary.
func (t *teller) close(stats *dissect.Stats) error {
	if t.err != nil {
		return t.err
	}
	if err := t.rw.Close(stats); err != nil {
		return err
	}
	t.w.pump.put(t.shown.take())
	return nil
}
