package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/live"
)

// beat is how long no packet comes before the pipeline is told that time
// passes, so that a connection that has ended is shown and a silent one is
// given up although nothing else happens.
const beat = 250 * time.Millisecond

// A tap is a live source as its pipeline reads it. It saves packets on their way
// and ends after so many of them.
type tap struct {
	src    *live.Source
	keep   *sorter // those of handshakes; nil: none
	intake *intake
	tails  *keyTails

	gone error // the last interface went away
}

// An intake counts and saves the packets of all taps, so that the file has them in
// the order of their numbers.
type intake struct {
	save func(*capture.Packet) // every packet; nil: none
	most uint64                // packets until the end; 0: no end
	full func()                // called when there were so many

	mu     sync.Mutex
	number uint64
}

// take numbers and saves a packet. It returns false if there were enough.
func (in *intake) take(p *capture.Packet) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.most > 0 && in.number == in.most {
		return false
	}
	in.number++
	p.Number = in.number
	if in.save != nil {
		in.save(p)
	}
	if in.number == in.most {
		in.full()
	}
	return true
}

// Next fills p with the next packet: see [capture.Source].
func (t *tap) Next(p *capture.Packet) error {
	if t.keep != nil {
		t.keep.settle()
	}
	err := t.src.Next(p)
	var gone *live.GoneError
	switch {
	case err == capture.ErrIdle:
		t.tails.read(p.Time)
		if t.keep != nil {
			t.keep.flush(p.Time)
		}
		return err
	case errors.As(err, &gone): // not damage: nothing of it is missing
		t.gone = err
		return io.EOF
	case err != nil:
		return err
	}
	t.ripen(p.Time)
	t.tails.read(p.Time)
	if !t.intake.take(p) {
		return io.EOF
	}
	if t.keep != nil {
		t.keep.packet = p
	}
	return nil
}

// Stats returns the counts of the source: see [capture.Source].
func (t *tap) Stats() capture.Stats { return t.src.Stats() }

// Close closes the source.
func (t *tap) Close() error { return t.src.Close() }

// A pump writes results on a goroutine of its own, so that nobody who reads
// them slowly holds up the capture.
type pump struct {
	to     io.Writer
	onFail func()

	mu      sync.Mutex
	work    sync.Cond
	waiting []byte
	spare   []byte
	ended   bool
	err     error
	done    chan struct{}
}

// pumpRoom is how many bytes of results may wait. One result more may be added
// to them.
const pumpRoom = 16 << 20

func newPump(to io.Writer, onFail func()) *pump {
	u := &pump{to: to, onFail: onFail, done: make(chan struct{})}
	u.work.L = &u.mu
	go u.run()
	return u
}

func (u *pump) run() {
	defer close(u.done)
	u.mu.Lock()
	defer u.mu.Unlock()
	for {
		for len(u.waiting) == 0 && !u.ended {
			u.work.Wait()
		}
		if len(u.waiting) == 0 || u.err != nil {
			return
		}
		b := u.waiting
		u.waiting, u.spare = u.spare[:0], nil
		u.mu.Unlock()
		_, err := u.to.Write(b)
		u.mu.Lock()
		u.spare = b
		if err != nil {
			u.err = err
			u.onFail()
			return
		}
	}
}

// room reports whether there is room for another result.
func (u *pump) room() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.waiting) < pumpRoom
}

// put takes a copy of b.
func (u *pump) put(b []byte) {
	if len(b) == 0 {
		return
	}
	u.mu.Lock()
	if u.err == nil {
		u.waiting = append(u.waiting, b...)
	}
	u.mu.Unlock()
	u.work.Signal()
}

// failed returns the error of a write.
func (u *pump) failed() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

// close writes what waits, and returns the error of a write.
func (u *pump) close() error {
	u.mu.Lock()
	u.ended = true
	u.mu.Unlock()
	u.work.Signal()
	<-u.done
	return u.failed()
}

// A writerTo collects what is written until somebody takes it.
type writerTo struct{ b []byte }

func (w *writerTo) Write(b []byte) (int, error) {
	w.b = append(w.b, b...)
	return len(b), nil
}

// take returns what was written since the last call, valid until the next Write.
func (w *writerTo) take() []byte {
	b := w.b
	w.b = w.b[:0]
	return b
}

// An alert tells on standard error what happens to a capture: at once when it
// begins, then not too often.
type alert struct {
	p   *program
	now func() time.Time

	mu   sync.Mutex
	lost map[string]*losing
	said map[string]bool
}

type losing struct {
	total, told uint64
	at          time.Time
}

// alertEvery is how often a loss that goes on is told.
const alertEvery = 5 * time.Second

// notice tells what happens to an interface.
func (a *alert) notice(n live.Notice) {
	switch n.Event {
	case live.Down:
		a.p.message(n.Interface, "the interface is down; waiting for it")
	case live.Up:
		a.p.message(n.Interface, "the interface is up again")
	case live.Gone:
		a.p.message(n.Interface, "the interface was removed")
	case live.Lost:
		a.loses(n.Interface, n.Interface, n.Count, "packets dropped by the kernel")
	case live.Missed:
		a.loses(n.Interface+" card", n.Interface, n.Count, "packets lost by the network card")
	}
}

// loses tells of a loss when it begins, and then now and again what it came to.
func (a *alert) loses(key, where string, n uint64, what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost == nil {
		a.lost = map[string]*losing{}
	}
	l := a.lost[key]
	if l == nil {
		l = &losing{}
		a.lost[key] = l
	}
	l.total += n
	if now := a.now(); l.told == 0 || now.Sub(l.at) >= alertEvery {
		l.told, l.at = l.total, now
		a.p.message(where, fmt.Sprintf("%d %s so far: results are partial", l.total, what))
	}
}

// once tells something the first time.
func (a *alert) once(key, what string) {
	a.mu.Lock()
	first := !a.said[key]
	if a.said == nil {
		a.said = map[string]bool{}
	}
	a.said[key] = true
	a.mu.Unlock()
	if first {
		a.p.message("", what)
	}
}
