package dissect_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
)

// A tour is the source of tour.pcapng, with other packets behind one of its
// own, and the governor of those who read it.
type tour struct {
	capture.Source
	at          uint64 // the last packet of the file
	behind      uint64 // with others behind it
	others      int
	idle        bool // the others are no packets, only time
	from, until uint64
	short       bool
}

func (s *tour) Next(p *capture.Packet) error {
	if s.at == s.behind && s.others > 0 {
		s.others--
		if s.idle {
			*p = capture.Packet{Time: p.Time}
			return capture.ErrIdle
		}
		p.Data = p.Data[:0]
		return nil
	}
	err := s.Source.Next(p)
	s.at = p.Number
	return err
}

func (s *tour) Busy() bool  { return s.at >= s.from && s.at < s.until }
func (s *tour) Short() bool { return s.short }

// follow reads the tour.
func follow(t *testing.T, s *tour) (conns []*conn.Conn, told []dissect.Dropped, stats dissect.Stats) {
	t.Helper()
	src, err := capture.Open("../testdata/pcaps/tour.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s.Source = src
	for e, err := range dissect.Events(context.Background(), s, dissect.Options{Governor: s, Stats: &stats}) {
		switch e := e.(type) {
		case dissect.Closed:
			conns = append(conns, e.Conn)
		case dissect.Dropped:
			told = append(told, e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return conns, told, stats
}

// beginnings returns where connections begin and what became of them.
func beginnings(conns []*conn.Conn) map[uint64]conn.Outcome {
	all := map[uint64]conn.Outcome{}
	for _, c := range conns {
		all[c.First.Packet] = c.Outcome
	}
	return all
}

// TestBusy holds that connections which begin while there is no time for them
// are counted and not followed, that nothing of them comes up later, and that
// the others are as ever.
func TestBusy(t *testing.T) {
	all, _, _ := follow(t, &tour{})
	third, fourth, fifth := all[2].First.Packet, all[3].First.Packet, all[4].First.Packet
	conns, told, stats := follow(t, &tour{from: third, until: fourth + 5}) // over before the fourth is
	want := beginnings(all)
	delete(want, third)
	delete(want, fourth)
	if d := cmp.Diff(want, beginnings(conns)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if fourth+5 >= fifth {
		t.Errorf("the fourth connection has packets %d to %d", fourth, fifth)
	}
	sum := uint64(0)
	for _, d := range told {
		sum += d.Count
	}
	if len(stats.Dropped) != 1 || stats.Dropped[0].Reason != "overload" || stats.Dropped[0].Count != 2 || stats.Dropped[0].Unit != "connections" || sum != 2 {
		t.Errorf("dropped %+v, told %+v", stats.Dropped, told)
	}
	if told[0].At.Packet != third {
		t.Errorf("told at packet %d, not at %d", told[0].At.Packet, third)
	}
}

// TestShort holds that silent connections are given up when memory is short, and
// that it is told.
func TestShort(t *testing.T) {
	all, _, _ := follow(t, &tour{})
	second := all[1].First.Packet
	conns, told, stats := follow(t, &tour{behind: second + 6, others: 600, short: true})
	if c := conns[1]; c.First.Packet != second || c.Outcome != conn.Incomplete || !strings.Contains(c.Why, "limit") {
		t.Errorf("the second connection begins with packet %d: %s, %s", c.First.Packet, c.Outcome, c.Why)
	}
	if len(stats.Dropped) != 1 || stats.Dropped[0].Reason != "memory limit" || stats.Dropped[0].Count != 1 || len(told) != 1 {
		t.Errorf("dropped %+v, told %+v", stats.Dropped, told)
	}
}

// TestIdleSource holds that the passing of time counts as no packet and changes
// nothing of what is seen.
func TestIdleSource(t *testing.T) {
	all, _, plain := follow(t, &tour{})
	conns, _, stats := follow(t, &tour{behind: all[1].First.Packet + 6, others: 50, idle: true})
	if d := cmp.Diff(beginnings(all), beginnings(conns)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(plain, stats); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
