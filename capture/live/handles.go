//go:build !linux || libpcap

package live

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tlslens/tlslens/capture"
)

// A handle captures on one interface in the way of the operating system. Its
// methods are called from one goroutine.
type handle interface {
	// next returns the next packet, valid until the next call, or errQuiet
	// when none came for a while.
	next() (data []byte, at time.Time, wireLen int, err error)
	// loss returns what was counted so far.
	loss() Loss
	link() capture.LinkType
	close()
}

// errQuiet says that a handle has no packet now.
var errQuiet = errors.New("no packet")

// quiet is how long a handle waits before it says so.
const quiet = 100 * time.Millisecond

// A batch is packets on their way from the goroutine of a handle to Next. Their
// bytes stand one behind the other.
type batch struct {
	from  int
	bytes []byte
	all   []held
	loss  Loss
	err   error // why the handle ended, after the packets
}

type held struct {
	end, wireLen int
	at           time.Time
}

// Batches are handed over when they have so many packets or bytes; so many of
// them wait. What does not fit waits in the operating system, which counts what
// it loses.
const (
	batchPackets = 256
	batchBytes   = 1 << 20
	batchesAhead = 16
)

// A Source captures on one or more interfaces. Next is for one goroutine; Stop
// and Close may be called from any. Packets of several interfaces come in the
// order in which the operating system hands them over.
type Source struct {
	opt     Options
	handles []handle
	batches chan *batch
	free    chan *batch
	stopped chan struct{}
	stop    sync.Once
	running sync.WaitGroup
	closed  atomic.Bool

	mu     sync.Mutex
	losses []Loss

	// Of the goroutine that calls Next.
	at     *batch
	taken  int
	left   int // handles that still run
	stats  capture.Stats
	number uint64
	err    error
}

// OpenFanout is [Open] for n sources that share the packets, which only Linux
// can do.
func OpenFanout(o Options, n int) ([]*Source, error) {
	if n > 1 {
		return nil, errors.New("only Linux, without libpcap, spreads packets over several sources")
	}
	s, err := Open(o)
	if err != nil {
		return nil, err
	}
	return []*Source{s}, nil
}

// Open starts to capture.
func Open(o Options) (*Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Source{opt: o.withDefaults(), batches: make(chan *batch, batchesAhead), free: make(chan *batch, batchesAhead), stopped: make(chan struct{})}
	for _, name := range o.Interfaces {
		h, err := openHandle(name, &s.opt)
		if err != nil {
			for _, h := range s.handles {
				h.close()
			}
			return nil, err
		}
		s.handles = append(s.handles, h)
		s.losses = append(s.losses, Loss{Interface: name})
	}
	s.left = len(s.handles)
	for i, h := range s.handles {
		s.running.Go(func() { s.run(i, h) })
	}
	go func() {
		s.running.Wait()
		close(s.batches)
	}()
	return s, nil
}

// run fills batches from a handle until Stop.
func (s *Source) run(from int, h handle) {
	defer h.close()
	b := s.empty(from)
	for {
		data, at, wireLen, err := h.next()
		if err == nil {
			b.bytes = append(b.bytes, data...)
			b.all = append(b.all, held{len(b.bytes), max(wireLen, len(data)), at})
		}
		stop := false
		select {
		case <-s.stopped:
			stop = true
		default:
		}
		if stop || err != nil || len(b.all) >= batchPackets || len(b.bytes) >= batchBytes {
			b.loss = h.loss()
			if err != nil && err != errQuiet {
				b.err = err
				stop = true
			}
			s.batches <- b
			if stop {
				return
			}
			b = s.empty(from)
		}
	}
}

func (s *Source) empty(from int) *batch {
	select {
	case b := <-s.free:
		*b = batch{from: from, bytes: b.bytes[:0], all: b.all[:0]}
		return b
	default:
		return &batch{from: from}
	}
}

// Next fills p with the next packet: see [capture.Source]. After Stop it
// returns the packets that came before, then [io.EOF]. It also returns
// [capture.ErrIdle] if [Options] ask for it.
func (s *Source) Next(p *capture.Packet) error {
	var timer <-chan time.Time
	for s.err == nil {
		if s.closed.Load() {
			s.err = io.EOF
			break
		}
		if s.at != nil && s.taken < len(s.at.all) {
			s.deliver(p)
			return nil
		}
		if s.at != nil {
			if s.finish(s.at); s.err != nil {
				break
			}
		}
		if timer == nil && s.opt.Idle > 0 {
			timer = time.After(s.opt.Idle)
		}
		select {
		case b, ok := <-s.batches:
			if !ok {
				s.err = io.EOF
				break
			}
			s.at, s.taken = b, 0
			s.count(b)
		case <-timer:
			*p = capture.Packet{Time: time.Now().UTC()}
			return capture.ErrIdle
		}
	}
	return s.err
}

func (s *Source) deliver(p *capture.Packet) {
	b, start := s.at, 0
	if s.taken > 0 {
		start = b.all[s.taken-1].end
	}
	h := b.all[s.taken]
	s.taken++
	s.number++
	s.stats.Received++
	if h.wireLen > h.end-start {
		s.stats.Truncated++
	}
	*p = capture.Packet{Number: s.number, Time: h.at.UTC(), Link: s.handles[b.from].link(), Data: b.bytes[start:h.end:h.end], WireLen: h.wireLen, Interface: b.from}
}

// finish takes leave of a batch.
func (s *Source) finish(b *batch) {
	s.at = nil
	if b.err != nil {
		name := s.opt.Interfaces[b.from]
		s.opt.Notify(Notice{Interface: name, Event: Gone})
		if s.left--; s.left == 0 {
			s.err = fmt.Errorf("capturing on %s: %w", name, b.err)
		}
	}
	select {
	case s.free <- b:
	default:
	}
}

// count takes the losses that a batch came with.
func (s *Source) count(b *batch) {
	s.mu.Lock()
	l := &s.losses[b.from]
	more := b.loss.Dropped - min(l.Dropped, b.loss.Dropped)
	l.Received, l.Dropped = b.loss.Received, max(l.Dropped, b.loss.Dropped)
	s.mu.Unlock()
	if more > 0 {
		s.opt.Notify(Notice{Interface: s.opt.Interfaces[b.from], Event: Lost, Count: more})
	}
}

// Stop ends the capture: Next still returns the packets that came until now,
// then [io.EOF].
func (s *Source) Stop() { s.stop.Do(func() { close(s.stopped) }) }

// Close ends the capture at once. A Next that is blocked returns [io.EOF].
func (s *Source) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.Stop()
	go func() { // what is on its way is for nobody
		for range s.batches {
		}
	}()
	s.running.Wait()
	return nil
}

// Stats returns the counts so far: see [capture.Source].
func (s *Source) Stats() capture.Stats {
	st := s.stats
	for _, l := range s.Losses() {
		st.DroppedByKernel += l.Dropped
	}
	return st
}

// Losses returns what each interface received and lost so far.
func (s *Source) Losses() []Loss {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Loss(nil), s.losses...)
}

// Backlog returns which part of the room for packets that wait is taken, from
// 0 to 1. It is called between calls of Next.
func (s *Source) Backlog() float64 { return float64(len(s.batches)) / batchesAhead }

// Interfaces returns the interfaces in the order in which packets count them.
func (s *Source) Interfaces() []capture.Interface {
	var all []capture.Interface
	for i, h := range s.handles {
		all = append(all, capture.Interface{Name: s.opt.Interfaces[i], Link: h.link(), SnapLen: uint32(s.opt.SnapLen)})
	}
	return all
}
