package main

import (
	"github.com/tlslens/tlslens/capture/live"
	"github.com/tlslens/tlslens/dissect"
)

// shares returns the sources as the pipelines read them.
func (w *watching) shares() (all []dissect.Share) {
	in := &intake{most: w.s.packets, full: w.stop}
	if w.saver != nil && !w.s.live.handshakes {
		in.save = w.saver.Put
	}
	for _, src := range w.srcs {
		t := &tap{src: src, intake: in, tails: w.tails}
		s := dissect.Share{Source: t, Governor: newGovernor(src)}
		if w.saver != nil && w.s.live.handshakes {
			t.keep = newSorter(w.saver)
			s.Sorted = t.keep.sorted
		}
		w.taps = append(w.taps, t)
		all = append(all, s)
	}
	return all
}

// stop ends the capture: what came so far is still read.
func (w *watching) stop() {
	for _, src := range w.srcs {
		src.Stop()
	}
}

// gone returns the error of the last interface that went away, if it is that why
// the capture ended.
func (w *watching) gone() error {
	for _, t := range w.taps {
		if t.gone != nil {
			return t.gone
		}
	}
	return nil
}

// sums returns the losses of each interface over all sources.
func (w *watching) sums() (all []live.Loss) {
	for _, src := range w.srcs {
		for i, l := range src.Losses() {
			if i == len(all) {
				all = append(all, live.Loss{Interface: l.Interface})
			}
			all[i].Received += l.Received
			all[i].Dropped += l.Dropped
			all[i].Missed += l.Missed
		}
	}
	return all
}
