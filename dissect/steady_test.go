package dissect_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/flow"
)

// A carousel repeats the packets of tour.pcapng for a number of rounds, each
// with other addresses and half a minute later. Every connection is another one.
type carousel struct {
	packets []capture.Packet
	rounds  int
	at      int
	begin   func(round int) // called before each round
}

func (c *carousel) Next(p *capture.Packet) error {
	round := c.at / len(c.packets)
	if c.at%len(c.packets) == 0 {
		c.begin(round)
	}
	if round == c.rounds {
		return io.EOF
	}
	*p = c.packets[c.at%len(c.packets)]
	c.at++
	p.Number = uint64(c.at)
	p.Time = p.Time.Add(time.Duration(round) * 30 * time.Second)
	if len(p.Data) > 34 { // 127.x.y.1 to 127.x.y.1
		binary.BigEndian.PutUint16(p.Data[27:], uint16(round))
		binary.BigEndian.PutUint16(p.Data[31:], uint16(round))
	}
	return nil
}
func (c *carousel) Stats() capture.Stats { return capture.Stats{} }
func (c *carousel) Close() error         { return nil }

// TestSteady lets hours of connections pass by: those that are over leave
// nothing behind, so the heap is of the same size all the time.
func TestSteady(t *testing.T) {
	src, err := capture.Open("../testdata/pcaps/tour.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	c := &carousel{rounds: 800}
	for {
		var p capture.Packet
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.Data = slices.Clone(p.Data)
		c.packets = append(c.packets, p)
	}
	var early, late uint64
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	c.begin = func(round int) {
		switch round {
		case 150:
			early = heap()
		case 800:
			late = heap()
		}
	}
	closed := 0
	for e, err := range dissect.Events(context.Background(), c, dissect.Options{Unordered: true, Limits: flow.Limits{Idle: 10 * time.Minute}}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := e.(dissect.Closed); ok {
			closed++
		}
	}
	t.Logf("%d connections; heap %d KiB after 150 rounds, %d KiB after 800", closed, early>>10, late>>10)
	if closed != 8000 {
		t.Errorf("%d connections, want 8000", closed)
	}
	if late > early+(2<<20) { // 300 bytes a connection
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
}
