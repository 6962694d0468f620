package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/tlslens/tlslens/capture"
)

// A progress shows how far reading got, on a terminal, once it has taken a
// second. The nil progress shows nothing.
type progress struct {
	p     *program
	name  string
	total int64 // bytes, -1 if not known
	begun time.Time
	bar   *progressbar.ProgressBar
}

// newProgress returns nil unless standard error is a terminal.
func (p *program) newProgress(in *input) *progress {
	if _, ok := p.terminal(p.stderr); !ok {
		return nil
	}
	return &progress{p: p, name: shownName(in.name), total: in.size, begun: p.now()}
}

// patience is how long reading may take without a sign.
const patience = time.Second

// at tells how many bytes of the capture were read.
func (g *progress) at(bytes int64) {
	if g.bar == nil {
		if g.p.now().Sub(g.begun) < patience {
			return
		}
		g.bar = progressbar.NewOptions64(g.total, progressbar.OptionSetWriter(g.p.stderr), progressbar.OptionSetDescription(g.name),
			progressbar.OptionSetWidth(20), progressbar.OptionThrottle(100*time.Millisecond),
			// They would count from when the bar came up.
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
	}
	if g.total < 0 {
		g.bar.Describe(fmt.Sprintf("%s, %d MiB read", g.name, bytes>>20))
	}
	g.bar.Set64(bytes)
}

// clear takes the bar off the line. It comes back when reading goes on.
func (g *progress) clear() {
	if g != nil && g.bar != nil {
		g.bar.Clear()
	}
}

// A watched source tells a progress what it delivers.
type watched struct {
	capture.Source
	progress *progress
	n        uint64
}

// watchEvery is how many packets pass between two looks at the clock.
const watchEvery = 1024

// Next fills p with the next packet: see [capture.Source].
func (w *watched) Next(p *capture.Packet) error {
	err := w.Source.Next(p)
	if w.n++; err == nil && w.n%watchEvery == 0 {
		w.progress.at(p.Offset)
	}
	return err
}

// watch returns src, or a source that shows the progress of reading it.
func (p *program) watch(in *input, src capture.Source) capture.Source {
	if p.progress = p.newProgress(in); p.progress == nil {
		return src
	}
	return &watched{Source: src, progress: p.progress}
}

// unwatch takes the progress away for good.
func (p *program) unwatch() {
	p.progress.clear()
	p.progress = nil
}
