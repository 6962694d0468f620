package dissect

import (
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// A Governor says when a pipeline that reads live packets has too much to do.
// What it makes the pipeline give up is counted and told as [Dropped]. It is
// asked on the goroutine that ranges over [Events].
type Governor interface {
	// Busy reports that packets come faster than they are read. New
	// connections are then not followed, so that those which are stay whole:
	// packets lost at random would spoil nearly all of them. It is asked once
	// for each new connection.
	Busy() bool
	// Short reports that memory is short. Those connections that were silent
	// for longest are then given up. It is asked every few hundred packets.
	Short() bool
}

// shortEvery is how many packets pass between two questions about memory, and
// shedShare which part of the connections is given up when it is short.
const (
	shortEvery = 256
	shedShare  = 8
)

// refusals remembers connections that were not followed, so that their later
// packets are not taken for connections whose beginning is missing. It is of a
// fixed size: a newer one may take the place of an older one.
type refusals []uint64

const refusalSlots = 1 << 20 // 8 MiB, once there are refusals

func (r *refusals) slot(h uint64) *uint64 {
	if *r == nil {
		*r = make(refusals, refusalSlots)
	}
	return &(*r)[h%refusalSlots]
}

// refuses reports whether a segment that no flow expects is not to begin one.
func (p *pipeline) refuses(key flow.Key, s *tcp.Segment) bool {
	if p.opt.Governor == nil {
		return false
	}
	h := key.Hash() | 1 // an empty slot is 0
	busy := p.opt.Governor.Busy()
	if p.refused == nil && !busy {
		return false
	}
	slot := p.refused.slot(h)
	switch {
	case busy && *slot != h:
		*slot = h
		p.dropped("overload", "connections", 1)
		return true
	case !busy && *slot == h && s.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN:
		*slot = 0 // another connection, or another try
	}
	return *slot == h
}

// govern gives up connections while memory is short.
func (p *pipeline) govern() {
	if p.opt.Governor == nil || p.stats.Packets%shortEvery != 0 || !p.opt.Governor.Short() {
		return
	}
	p.reason = "memory limit"
	p.table.Shed((p.table.Len() + shedShare - 1) / shedShare)
	p.udp.table.Shed((p.udp.table.Len() + shedShare - 1) / shedShare)
	p.reason = ""
}

// full names the limit for which flows are given up.
func (p *pipeline) full() string {
	if p.reason != "" {
		return p.reason
	}
	return "flow limit"
}

// idleTicks is how many times four silent flows may end when no packet comes.
const idleTicks = 1024

// idle lets time pass without a packet.
func (p *pipeline) idle(now time.Time) {
	for range idleTicks {
		p.table.Tick(now)
		p.udp.table.Tick(now)
	}
	p.tell(false)
	p.out.drain(false)
}

// tellEvery is how often, by the clock of the packets, a loss that goes on is
// told.
const tellEvery = time.Second

// An untold is what was given up for one reason since that was told last.
type untold struct {
	n    uint64
	told time.Time
}

// tell yields what was given up since it was told last, of each reason at most
// every second, or all of it.
func (p *pipeline) tell(all bool) {
	for i := range p.untold {
		u := &p.untold[i]
		if u.n == 0 || !all && p.at.Time.Sub(u.told).Abs() < tellEvery {
			continue
		}
		d := p.stats.Dropped[i]
		d.Count, d.At = u.n, p.at
		*u = untold{told: p.at.Time}
		p.emit(d)
	}
}
