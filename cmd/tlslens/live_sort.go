package main

import (
	"slices"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/live"
	"github.com/tlslens/tlslens/dissect"
)

// A sorter saves the packets of handshakes. What a packet belongs to is known
// once it was read, and of the first packets of a flow only when TLS begins:
// those wait, and with them all that come after, so that the file is in the
// order of time.
type sorter struct {
	saver  *live.Writer
	packet *capture.Packet // at hand, nil if there is none; its bytes are the source's
	part   dissect.Part

	waiting []waitingPacket // oldest first
	bytes   int
	certain *fate            // of packets that are saved in any case
	flows   map[uint64]*fate // of flows with packets in waiting
}

// A waitingPacket is one that is to be saved, perhaps.
type waitingPacket struct {
	capture.Packet
	fate *fate
}

// A fate says whether the first packets of a flow are saved.
type fate struct {
	flow    uint64
	known   bool
	save    bool
	packets int // in waiting
}

// Packets wait for so long, by their own clock, and so many bytes of them; then
// they are saved: rather too much than too little.
const (
	sortTime  = 3 * time.Second
	sortBytes = 16 << 20
)

func newSorter(w *live.Writer) *sorter {
	return &sorter{saver: w, certain: &fate{known: true, save: true}, flows: map[uint64]*fate{}}
}

// sorted is told what the packet at hand is part of.
func (s *sorter) sorted(p dissect.Part) { s.part = p }

// settle decides about the packet at hand.
func (s *sorter) settle() {
	p := s.packet
	if p == nil {
		return
	}
	part := s.part
	s.packet, s.part = nil, dissect.Part{}
	v := s.flows[part.Flow]
	if part.Flow != 0 && part.Use != dissect.Undecided && v != nil && !v.known {
		v.known, v.save = true, part.Use != dissect.Unrelated
	}
	switch {
	case part.Use == dissect.Unrelated || part.Use == dissect.Tunnel:
		s.saver.Count(p.Interface, live.Saved{LeftOut: 1})
	case part.Use == dissect.Handshake || part.Flow == 0:
		s.add(p, s.certain)
	default:
		if v == nil || v.known { // known only by age: go on as it began
			v = &fate{flow: part.Flow}
			s.flows[part.Flow] = v
		}
		s.add(p, v)
	}
	s.flush(p.Time)
}

func (s *sorter) add(p *capture.Packet, v *fate) {
	if len(s.waiting) == 0 && v.known {
		s.saver.Put(p)
		return
	}
	w := waitingPacket{Packet: *p, fate: v}
	w.Data = slices.Clone(p.Data)
	v.packets++
	s.bytes += len(w.Data)
	s.waiting = append(s.waiting, w)
}

// flush saves or leaves out what is decided, and what waits for too long.
func (s *sorter) flush(now time.Time) {
	done := 0
	for i := range s.waiting {
		w := &s.waiting[i]
		v := w.fate
		if !v.known && now.Sub(w.Time) < sortTime && s.bytes <= sortBytes {
			break
		}
		if !v.known {
			v.known, v.save = true, true
		}
		if v.save {
			s.saver.Put(&w.Packet)
		} else {
			s.saver.Count(w.Interface, live.Saved{LeftOut: 1})
		}
		s.bytes -= len(w.Data)
		if v.packets--; v.packets == 0 && s.flows[v.flow] == v {
			delete(s.flows, v.flow)
		}
		*w = waitingPacket{}
		done++
	}
	if s.waiting = s.waiting[done:]; len(s.waiting) == 0 {
		s.waiting = nil
	}
}

// end decides about all that waits.
func (s *sorter) end() {
	s.settle()
	for len(s.waiting) > 0 {
		s.flush(s.waiting[0].Time.Add(sortTime))
	}
}
