package main

import (
	"sync"
	"sync/atomic"

	"github.com/tlslens/tlslens/dissect"
)

// scribeAhead is how many events may wait to be written.
const scribeAhead = 256

// A scribe writes events in their order, if they are complete in themselves on a
// goroutine of its own, beside the reading of packets.
type scribe struct {
	to     func(dissect.Event) error
	events chan dissect.Event // nil: all on the caller's goroutine
	wg     sync.WaitGroup
	err    atomic.Pointer[error] // of the first write that failed
}

func newScribe(to func(dissect.Event) error, beside bool) *scribe {
	s := &scribe{to: to}
	if !beside {
		return s
	}
	s.events = make(chan dissect.Event, scribeAhead)
	s.wg.Go(func() {
		for e := range s.events {
			if s.err.Load() != nil {
				continue
			}
			if err := to(e); err != nil {
				s.err.Store(&err)
			}
		}
	})
	return s
}

// write takes an event. The error may be that of an earlier one.
func (s *scribe) write(e dissect.Event) error {
	if s.events == nil {
		return s.to(e)
	}
	if err := s.err.Load(); err != nil {
		return *err
	}
	s.events <- e
	return nil
}

// end waits until all is written. It may be called again.
func (s *scribe) end() error {
	if s.events != nil {
		close(s.events)
		s.wg.Wait()
		s.events = nil
	}
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}
