package tcp

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
)

// opened returns a connection after its handshake, with a counting receiver.
func opened(t testing.TB, pool *Pool) (*Conn, *counter) {
	r := &counter{}
	c := NewConn(pool, r)
	for i, x := range hand() {
		if v := c.Segment(x.dir, x.segment(i+1)); v != Taken {
			t.Fatalf("handshake segment %d: verdict %d", i, v)
		}
	}
	return c, r
}

// A counter counts.
type counter struct {
	bytes, gaps, gapBytes int64
	why                   Reason
	each                  func(n int)
}

func (r *counter) Data(d Dir, b []byte, at flow.Mark) {
	r.bytes += int64(len(b))
	if r.each != nil {
		r.each(len(b))
	}
}
func (r *counter) Gap(d Dir, g Gap)           { r.gaps++; r.gapBytes += g.Bytes; r.why = g.Why }
func (r *counter) Fin(d Dir, at flow.Mark)    {}
func (r *counter) Reset(d Dir, at flow.Mark)  {}
func (r *counter) Conflict(d Dir, c Conflict) {}
func segmentAt(seq uint32, b []byte) *Segment {
	return &Segment{Seq: seq, Ack: s0, Flags: ACK, Payload: b, At: flow.Mark{Packet: 9}}
}

func TestPendingLimit(t *testing.T) {
	pool := NewPool(flow.Limits{PendingBytes: 1 << 20})
	c, r := opened(t, pool)
	b := make([]byte, 1400)
	const n = 3000 // 4 MB behind a hole of ten bytes
	for i := range uint32(n) {
		c.Segment(0, segmentAt(c0+10+i*1400, b))
		if c.half[0].pend.cost > 1<<20 {
			t.Fatalf("%d bytes held", c.half[0].pend.cost)
		}
	}
	if r.gaps != 1 || r.gapBytes != 10 || r.why != Limit || r.bytes != n*1400 || c.Stats(0).Limited != 1 {
		t.Errorf("got %d gaps of %d bytes (%v), %d bytes, limited %d", r.gaps, r.gapBytes, r.why, r.bytes, c.Stats(0).Limited)
	}
}

func TestTotalLimit(t *testing.T) {
	pool := NewPool(flow.Limits{TotalBytes: 1 << 20, PendingBytes: 1 << 19})
	var conns []*Conn
	b := make([]byte, 1400)
	for range 2000 {
		c, _ := opened(t, pool)
		c.Segment(0, segmentAt(c0+10, b))
		c.Segment(1, &Segment{Seq: s0, Ack: c0, Flags: ACK, Payload: b, At: flow.Mark{Packet: 9}})
		conns = append(conns, c)
		if pool.Used()+pool.idle > 1<<20 {
			t.Fatalf("%d bytes used, %d idle", pool.Used(), pool.idle)
		}
	}
	if conns[0].Stats(0).Limited != 1 || conns[1999].Stats(0).Limited != 0 {
		t.Errorf("the oldest holder must give way: %d, %d", conns[0].Stats(0).Limited, conns[1999].Stats(0).Limited)
	}
	for _, c := range conns {
		c.Flush()
	}
	if pool.Used() != 0 || pool.oldest != nil || pool.watched != 0 {
		t.Errorf("%d bytes not given back, %d watched", pool.Used(), pool.watched)
	}
}

func TestOperations(t *testing.T) {
	tests := []struct {
		name    string
		offsets func(n int) []int
	}{
		{"falling", func(n int) (out []int) {
			for i := range n {
				out = append(out, n-i)
			}
			return out
		}},
		{"falling islands", func(n int) (out []int) {
			for i := range n {
				out = append(out, 2*(n-i))
			}
			return out
		}},
		{"rising islands", func(n int) (out []int) {
			for i := range n {
				out = append(out, 2*i+1)
			}
			return out
		}},
		{"from the middle", func(n int) (out []int) {
			for i := range n / 2 {
				out = append(out, n-2*i, n+2*i+2)
			}
			return out
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var cost [2]int64
			for i, n := range []int{8000, 1 << 20} {
				pool := NewPool(flow.Limits{})
				c, _ := opened(t, pool)
				for _, off := range tt.offsets(n) {
					c.Segment(0, segmentAt(c0+uint32(off), []byte{'x'}))
				}
				c.Flush()
				cost[i] = pool.ops / int64(n)
			}
			if cost[0] > 40 || cost[1] > 40 {
				t.Errorf("%v steps a segment", cost)
			}
		})
	}
}

// TestOperationsRandom: the list is bounded, so the steps of an insertion are.
func TestOperationsRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pool := NewPool(flow.Limits{})
	c, _ := opened(t, pool)
	const n = 200000
	for range n {
		c.Segment(0, segmentAt(c0+1+2*rnd.Uint32N(1<<20), []byte{'x'}))
	}
	if per := pool.ops / n; per > 3000 {
		t.Errorf("%d steps a segment", per)
	}
	if pool.Used() > 1<<20+1<<16 {
		t.Errorf("%d bytes used", pool.Used())
	}
}

func TestReversedBytes(t *testing.T) {
	c, r := newTest(t, flow.Limits{})
	want := bytes.Repeat([]byte("0123456789"), 300)
	for i, x := range hand() {
		c.Segment(x.dir, x.segment(i+1))
	}
	for i := len(want) - 1; i >= 0; i-- {
		c.Segment(0, segmentAt(c0+uint32(i), want[i:i+1]))
	}
	if diff := cmp.Diff(string(want), string(r.side[0])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSkip(t *testing.T) {
	tests := []struct {
		name  string
		order []int // segments of ten bytes
		want  string
		stats Stats
	}{
		{"in order", []int{0, 1, 2, 3, 4}, "0:aaaaaaaaaa<>defghijklm", Stats{Bytes: 20, Skipped: 30}},
		{"reordered", []int{0, 3, 2, 4, 1}, "0:aaaaaaaaaa<>defghijklm", Stats{Bytes: 20, Skipped: 30, OutOfOrder: 3}},
		{"hole inside", []int{0, 1, 3, 4}, "0:aaaaaaaaaa<>defghijklm", Stats{Bytes: 20, Skipped: 20, SkippedHoles: 10, OutOfOrder: 2}},
		{"hole across the end", []int{0, 1, 2}, "0:aaaaaaaaaa<>", Stats{Bytes: 10, Skipped: 20}},
		{"hole at the end", []int{0, 1, 2, 4}, "0:aaaaaaaaaa<><gap 3 lost>ghijklm", Stats{Bytes: 17, Skipped: 20, SkippedHoles: 7, Missing: 3, OutOfOrder: 1}},
	}
	stream := []byte("aaaaaaaaaaSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSdefghijklm")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, r := newTest(t, flow.Limits{})
			for i, x := range hand() {
				c.Segment(x.dir, x.segment(i+1))
			}
			stream, size := stream, 10
			if tt.name == "hole at the end" {
				// the skipped range ends inside the lost segment
				stream = []byte("aaaaaaaaaaSSSSSSSSSSSSSSSSSSSSSSSSSSSdefghijklmXXX")[:47]
			}
			for k, i := range tt.order {
				b := stream[i*size : min((i+1)*size, len(stream))]
				c.Segment(0, segmentAt(c0+uint32(i*size), b))
				if k == 0 {
					c.Skip(0, int64(bytes.LastIndexByte(stream, 'S')+1-10))
					r.log.WriteString("<>")
				}
			}
			if n := c.pool.Used(); n > 2000 {
				t.Errorf("%d bytes held", n)
			}
			c.Flush()
			if diff := cmp.Diff(tt.want, r.log.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			s := c.Stats(0)
			got := Stats{Bytes: s.Bytes, Skipped: s.Skipped, SkippedHoles: s.SkippedHoles, Missing: s.Missing, OutOfOrder: s.OutOfOrder}
			if diff := cmp.Diff(tt.stats, got); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSkipHoldsNothing: out of order in a skipped range costs one entry.
func TestSkipHoldsNothing(t *testing.T) {
	pool := NewPool(flow.Limits{})
	c, _ := opened(t, pool)
	c.Watch(false)
	c.Skip(0, 1<<40)
	b := make([]byte, 1400)
	for i := range uint32(10000) {
		c.Segment(0, segmentAt(c0+10+i*1400, b))
	}
	if n := c.half[0].pend.len(); n != 1 || pool.Used() > 1000 {
		t.Errorf("%d entries, %d bytes", n, pool.Used())
	}
	c.Flush()
	if s := c.Stats(0); s.SkippedHoles != 10 || s.Skipped != 14000000 {
		t.Errorf("got %d missing, %d skipped", s.SkippedHoles, s.Skipped)
	}
}

func TestAllocations(t *testing.T) {
	for _, watch := range []bool{false, true} {
		pool := NewPool(flow.Limits{})
		c, _ := opened(t, pool)
		c.Watch(watch)
		s := segmentAt(c0, make([]byte, 1400))
		a := &Segment{Seq: s0, Ack: c0, Flags: ACK, At: flow.Mark{Packet: 9}}
		step := func() {
			c.Segment(0, s)
			s.Seq += 1400
			a.Ack = s.Seq
			c.Segment(1, a)
		}
		for range 100 {
			step()
		}
		if n := testing.AllocsPerRun(1000, step); n != 0 {
			t.Errorf("in order, watch %v: %v allocations", watch, n)
		}
		swap := func() {
			first := s.Seq
			s.Seq += 1400
			c.Segment(0, s)
			s.Seq = first
			c.Segment(0, s)
			s.Seq += 2800
		}
		swap()
		if n := testing.AllocsPerRun(1000, swap); n != 0 {
			t.Errorf("swapped, watch %v: %v allocations", watch, n)
		}
	}
}
