package tcp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
)

// A judge checks what holds for any input at all.
type judge struct {
	t    testing.TB
	c    *Conn
	sent [2]map[uint32]uint8 // versions of the byte seen at each sequence number, as bits
	off  [2]int64
	rst  [2]bool
}

func (j *judge) Data(d Dir, b []byte, at flow.Mark) {
	h := &j.c.half[d]
	if len(b) == 0 || j.c.Offset(d) < j.off[d] {
		j.t.Fatalf("empty data, or offset %d after %d", j.c.Offset(d), j.off[d])
	}
	start := h.nxt - int64(len(b))
	if start < j.off[d]-1 { // a forged FIN taken back costs one
		j.t.Fatalf("offset %d delivered twice", start)
	}
	for i, x := range b {
		seq := h.seq(start + int64(i))
		if version := x - byte(seq)*31; version > 1 || j.sent[d][seq]>>version&1 == 0 {
			j.t.Fatalf("direction %d, offset %d: byte %#x was never sent (packet %d)", d, start+int64(i), x, at.Packet)
		}
	}
	j.off[d] = h.nxt
}

func (j *judge) Gap(d Dir, g Gap) {
	if g.Bytes == 0 || g.Bytes < -1 || g.Off < 0 || (g.Bytes == -1) != (g.Why == MidStream) {
		j.t.Fatalf("gap %+v", g)
	}
	if g.Bytes > 0 {
		j.off[d] = j.c.half[d].nxt
	}
}

func (j *judge) Fin(d Dir, at flow.Mark) {}

func (j *judge) Reset(d Dir, at flow.Mark) {
	if j.rst[d] || !at.Seen() {
		j.t.Fatal("reset twice, or nowhere")
	}
	j.rst[d] = true
}

func (j *judge) Conflict(d Dir, x Conflict) {
	if x.Bytes <= 0 || x.Kept == 0 || !x.Dropped.Seen() {
		j.t.Fatalf("conflict %+v", x)
	}
}

// judgeAll plays b as a series of segments, eight bytes each.
func judgeAll(t testing.TB, b []byte) {
	pool := NewPool(flow.Limits{PendingBytes: 8 << 10, TotalBytes: 12 << 10})
	j := &judge{t: t}
	for d := range j.sent {
		j.sent[d] = map[uint32]uint8{}
	}
	j.c = NewConn(pool, j)
	var fresh uint64
	for packet := uint64(1); len(b) >= 8; packet++ {
		x := b[:8]
		b = b[8:]
		d := Dir(x[0] & 1)
		s := &Segment{Flags: Flags(x[1] & 63), At: flow.Mark{Packet: packet}}
		if x[0]&2 == 0 {
			s.Flags = ACK // most segments are plain
		}
		s.Seq = uint32(int32(int16(binary.LittleEndian.Uint16(x[2:])))) >> (x[0] >> 6 & 1)
		s.Ack = uint32(int32(int16(binary.LittleEndian.Uint16(x[4:]))))
		if x[0]&4 != 0 {
			s.Seq <<= 12
		}
		seq, version := s.Seq, x[0]>>3&1
		if s.Flags&SYN != 0 {
			seq++
		}
		for i := range int(x[6]) * int(1+x[0]>>7*7) {
			s.Payload = append(s.Payload, byte(seq+uint32(i))*31+version)
		}
		if x[0]&16 != 0 {
			s.Missing = int(x[7])
		}
		if x[0]&32 != 0 {
			j.c.Skip(d, int64(x[7]))
		}
		for i := range s.Payload {
			j.sent[d][seq+uint32(i)] |= 1 << version
		}
		if j.c.Segment(d, s) == NewConnection {
			fresh++
			j.c.Flush()
			pd, syn, ok := j.c.Successor()
			j.c = NewConn(pool, j)
			j.off, j.rst = [2]int64{}, [2]bool{}
			if ok {
				j.c.Segment(pd, &syn)
			}
			if v := j.c.Segment(d, s); v == NewConnection {
				t.Fatal("new twice")
			}
		}
		for i := range j.c.half {
			checkHalf(t, &j.c.half[i])
		}
		if pool.Used() > pool.limit {
			t.Fatalf("%d bytes used", pool.Used())
		}
	}
	j.c.Flush()
	if pool.Used() != 0 || pool.oldest != nil || pool.watched != 0 {
		t.Fatalf("%d bytes not given back, %d watched", pool.Used(), pool.watched)
	}
}

// checkHalf checks that what is held is sorted, without overlap, not yet
// delivered, and accounted for.
func checkHalf(t testing.TB, h *half) {
	at, cost := h.nxt, 0
	if h.stage == floating {
		at = -1 << 40
	}
	for i := range h.pend.len() {
		e := h.pend.at(i)
		if e.off < at || e.n <= 0 || e.kind == data && int64(len(e.buf)) != e.n {
			t.Fatalf("held stretch %d: offset %d after %d, %d bytes", i, e.off, at, e.n)
		}
		at = e.end()
		if h.fin.known && !h.fin.done && e.off <= h.fin.off && at > h.fin.off {
			t.Fatalf("a FIN at %d amid data from %d to %d", h.fin.off, e.off, at)
		}
		cost += overhead + cap(e.buf)
	}
	if cost != h.pend.cost || cost > h.conn.pool.pending || (cost > 0) != h.listed {
		t.Fatalf("cost %d, accounted %d, listed %v", cost, h.pend.cost, h.listed)
	}
}

func FuzzSegment(f *testing.F) {
	seg := func(ctl, flags byte, seq, ack int16, n, extra byte) []byte {
		b := []byte{ctl, flags, 0, 0, 0, 0, n, extra}
		binary.LittleEndian.PutUint16(b[2:], uint16(seq))
		binary.LittleEndian.PutUint16(b[4:], uint16(ack))
		return b
	}
	shake := append(seg(2, byte(SYN), -20, 0, 0, 0), seg(3, byte(SYN|ACK), -50, -19, 0, 0)...)
	f.Add(append(shake, seg(0, 0, -19, -49, 30, 0)...))
	f.Add(append(shake, append(seg(0, 0, -10, -49, 30, 0), append(seg(8, 0, -12, -49, 40, 0), seg(0, 0, -19, -49, 9, 0)...)...)...))
	f.Add(append(shake, append(seg(2, byte(FIN|ACK), -19, -49, 9, 0), seg(0, 0, -19, -49, 30, 0)...)...))
	f.Add(append(shake, append(seg(2, byte(RST), -19, 0, 0, 0), seg(2, byte(SYN), 3000, 0, 0, 0)...)...))
	f.Add(append(seg(0x90, 0, 100, 0, 200, 200), seg(0x21, 0, 5, 300, 255, 99)...))
	f.Fuzz(func(t *testing.T, b []byte) { judgeAll(t, b) })
}

// TestSegmentNoise runs the fuzz target's checks over random segments that lie
// close together, so that all rules meet.
func TestSegmentNoise(t *testing.T) {
	for seed := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		b := make([]byte, 8*150)
		for i := 0; i < len(b); i += 8 {
			b[i] = byte(rnd.Uint32())
			if rnd.IntN(8) != 0 {
				b[i] &^= 4 + 64 // near
			}
			b[i+1] = byte(rnd.Uint32())
			binary.LittleEndian.PutUint16(b[i+2:], uint16(rnd.IntN(1200)-600))
			binary.LittleEndian.PutUint16(b[i+4:], uint16(rnd.IntN(1200)-600))
			b[i+6], b[i+7] = byte(rnd.Uint32N(80)), byte(rnd.Uint32N(80))
			if rnd.IntN(3) > 0 {
				b[i] &^= 2
			}
		}
		judgeAll(t, b)
	}
}
