//go:build linux && !libpcap

package live

import (
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslens/tlslens/capture"
)

// A Source captures on one or more interfaces. Next is for one goroutine; Stop
// and Close may be called from any.
type Source struct {
	opt     Options
	rings   []*ring
	follows bool // another source of the same fanout tells of the interfaces

	wakeMu sync.Mutex
	wake   int // an eventfd that Stop and Close write to; -1 when closed

	stopAt atomic.Int64 // when Stop was called, in nanoseconds since 1970; 0 if it was not
	closed atomic.Bool

	mu     sync.Mutex // held by Next, and by Close while it takes all apart
	err    error      // final
	last   *ring      // whose packet the caller has
	stats  capture.Stats
	number uint64
	looked time.Time // when the interfaces and their losses were last looked at
	polls  []unix.PollFd
}

// Open starts to capture. The error is a [*PermissionError], a [*MissingError],
// one of [Options.Filter], or says what the kernel refused.
func Open(o Options) (*Source, error) {
	all, err := OpenFanout(o, 1)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// open opens the rings. Those of a fanout are shut for now.
func (s *Source) open(shut bool) error {
	for i, name := range s.opt.Interfaces {
		r, err := openRing(name, &s.opt, shut)
		if err != nil {
			return err
		}
		r.number = i
		s.rings = append(s.rings, r)
		if !s.follows {
			r.card = openMissed(name)
		}
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("eventfd: %w", err)
	}
	s.wake = fd
	return nil
}

// lookEvery is how long losses, and an interface that goes down without an
// error, may stay unnoticed while no packet comes.
const lookEvery = time.Second

// Next fills p with the next packet: see [capture.Source]. After Stop it
// returns the packets that came before, then [io.EOF]. A [*GoneError] says that
// no interface is left. It also returns [capture.ErrIdle] if [Options] ask for it.
func (s *Source) Next(p *capture.Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.last != nil {
		s.last.pop()
		s.last = nil
	}
	var since time.Time // waiting since then
	for {
		if s.closed.Load() {
			return s.end(io.EOF)
		}
		r, wait := s.earliest()
		if r != nil && wait <= 0 {
			if stop := s.stopAt.Load(); stop != 0 && r.frame.at.UnixNano() > stop {
				return s.end(io.EOF)
			}
			s.deliver(p, r)
			return nil
		}
		now := time.Now()
		if since.IsZero() {
			since = now
		}
		if now.Sub(s.looked) >= lookEvery {
			s.looked = now
			if err := s.look(); err != nil {
				return s.end(err)
			}
		}
		switch stop := s.stopAt.Load(); {
		case stop != 0 && now.UnixNano() > stop+int64(s.lateness()):
			if r == nil {
				return s.end(io.EOF)
			}
		case s.opt.Idle > 0 && r == nil && now.Sub(since) >= s.opt.Idle:
			*p = capture.Packet{Time: now.UTC()}
			return capture.ErrIdle
		}
		if err := s.poll(now, since, wait, r != nil); err != nil {
			return s.end(err)
		}
	}
}

// lateness is how long after its time a packet may appear: the kernel closes a
// block that has a packet at the second beat of its clock, if not at the first.
func (s *Source) lateness() time.Duration { return 3 * s.opt.BlockTimeout }

// earliest returns the ring with the oldest packet, nil if there is none, and
// how long to wait before it is certain that no other ring will show an older.
func (s *Source) earliest() (*ring, time.Duration) {
	var first *ring
	missing := false
	for _, r := range s.rings {
		ok, losing := r.peek()
		if losing {
			s.lost(r)
		}
		switch {
		case !ok:
			missing = missing || !r.gone
		case first == nil || r.frame.at.Before(first.frame.at):
			first = r
		}
	}
	if first == nil {
		return nil, math.MaxInt64
	}
	if !missing || len(s.rings) == 1 {
		return first, 0
	}
	return first, s.lateness() - time.Since(first.frame.at)
}

// deliver hands the packet of r to the caller.
func (s *Source) deliver(p *capture.Packet, r *ring) {
	s.number++
	s.stats.Received++
	f := &r.frame
	if f.wireLen > len(f.data) {
		s.stats.Truncated++
	}
	*p = capture.Packet{Number: s.number, Time: f.at, Link: r.link, Data: f.data, WireLen: max(f.wireLen, len(f.data)), Interface: r.number}
	s.last = r
}

// poll waits for a block, for Stop and Close, or until something is due. some
// says that there is a packet, which waits for older ones.
func (s *Source) poll(now, since time.Time, wait time.Duration, some bool) error {
	s.polls = s.polls[:0]
	for _, r := range s.rings {
		if ok := r.ready; !ok && !r.gone {
			s.polls = append(s.polls, unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN})
		}
	}
	wait = min(wait, lookEvery)
	if s.stopAt.Load() != 0 {
		wait = min(wait, s.opt.BlockTimeout)
	} else {
		s.polls = append(s.polls, unix.PollFd{Fd: int32(s.wake), Events: unix.POLLIN})
	}
	if s.opt.Idle > 0 && !some {
		wait = min(wait, s.opt.Idle-now.Sub(since))
	}
	_, err := unix.Poll(s.polls, int(max(wait, 0).Milliseconds())+1) // a negative time would be no end
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("waiting for packets: %w", err)
	}
	for _, f := range s.polls {
		if f.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) == 0 {
			continue
		}
		// Reading the error takes it away; else poll would return at once for ever.
		if e, err := unix.GetsockoptInt(int(f.Fd), unix.SOL_SOCKET, unix.SO_ERROR); err == nil && e != 0 && unix.Errno(e) != unix.ENETDOWN {
			return fmt.Errorf("capturing on %s: %w", s.named(int(f.Fd)), unix.Errno(e))
		}
		s.looked = time.Time{}
	}
	return nil
}

func (s *Source) named(fd int) string {
	for _, r := range s.rings {
		if r.fd == fd {
			return r.name
		}
	}
	return ""
}

// look tells what happened to the interfaces. The error says that none is left.
func (s *Source) look() error {
	left := len(s.rings)
	for _, r := range s.rings {
		s.lost(r)
		if e, changed := r.look(); changed && !s.follows {
			s.opt.Notify(Notice{Interface: r.name, Event: e})
		}
		if r.gone {
			left--
		}
	}
	if left == 0 {
		return &GoneError{Interface: s.rings[len(s.rings)-1].name}
	}
	return nil
}

// lost tells what the kernel could not keep of r's packets, and what did not
// come so far.
func (s *Source) lost(r *ring) {
	if n := r.count(); n > 0 {
		s.opt.Notify(Notice{Interface: r.name, Event: Lost, Count: n})
	}
	if n := r.countMissed(); n > 0 {
		s.opt.Notify(Notice{Interface: r.name, Event: Missed, Count: n})
	}
}

// end makes err final.
func (s *Source) end(err error) error {
	for _, r := range s.rings {
		s.lost(r)
	}
	s.err = err
	return err
}

// Stop ends the capture: Next still returns the packets that came until now,
// then [io.EOF].
func (s *Source) Stop() {
	if s.stopAt.CompareAndSwap(0, time.Now().UnixNano()) {
		s.rouse()
	}
}

// rouse wakes a Next that waits.
func (s *Source) rouse() {
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	if s.wake < 0 {
		return
	}
	one := [8]byte{0: 1, 7: 1} // not 0 in either byte order
	_, _ = unix.Write(s.wake, one[:])
}

// Close ends the capture at once and gives the buffers back. A Next that is
// blocked returns [io.EOF].
func (s *Source) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.rouse()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.end(io.EOF)
	}
	s.last = nil
	s.release()
	return nil
}

func (s *Source) release() {
	for _, r := range s.rings {
		r.close()
	}
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	if s.wake >= 0 {
		unix.Close(s.wake)
		s.wake = -1
	}
}

// Stats returns the counts so far: see [capture.Source].
func (s *Source) Stats() capture.Stats {
	st := s.stats
	for _, l := range s.Losses() {
		st.DroppedByKernel += l.Dropped
		st.DroppedByInterface += l.Missed
	}
	return st
}

// Losses returns what each interface received and lost so far. It is called
// between calls of Next.
func (s *Source) Losses() []Loss {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Loss
	for _, r := range s.rings {
		s.lost(r)
		all = append(all, Loss{Interface: r.name, Received: r.received, Dropped: r.dropped, Missed: r.missed})
	}
	return all
}

// Backlog returns which part of its buffer the fullest interface has taken, from
// 0 to 1. It is called between calls of Next.
func (s *Source) Backlog() (most float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rings {
		if r.mem != nil {
			most = max(most, float64(r.waiting())/float64(r.blocks))
		}
	}
	return most
}

// Interfaces returns the interfaces in the order in which packets count them.
func (s *Source) Interfaces() []capture.Interface {
	var all []capture.Interface
	for _, r := range s.rings {
		all = append(all, capture.Interface{Name: r.name, Link: r.link, SnapLen: uint32(s.opt.SnapLen)})
	}
	return all
}
