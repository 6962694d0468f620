package tcp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
)

// A sent is a segment as a model TCP sent it.
type sent struct {
	dir      Dir
	off, ack int64 // in the streams; -1: SYN
	n        int
	flags    Flags
}

// A dialogue is what two model ends did, in the order of sending.
type dialogue struct {
	stream [2][]byte
	isn    [2]uint32
	sent   []sent
}

// converse makes up a dialogue of two honest ends: every segment acknowledges
// what its sender had received, which is everything sent before or a little
// less. Segments overlap and repeat at will.
func converse(rnd *rand.Rand, turns int, handshake, fin bool) *dialogue {
	x := &dialogue{}
	var have, got [2]int64 // sent and acknowledged bytes
	for d := range x.isn {
		x.isn[d] = rnd.Uint32()
		if rnd.IntN(2) == 0 {
			x.isn[d] = -uint32(rnd.IntN(300)) // wraps within the dialogue
		}
		x.stream[d] = make([]byte, 0, turns*40)
	}
	if handshake {
		x.sent = append(x.sent, sent{0, -1, 0, 0, SYN}, sent{1, -1, 0, 0, SYN | ACK}, sent{0, 0, 0, 0, ACK})
	}
	for range turns {
		d := Dir(rnd.IntN(2))
		if rnd.IntN(3) > 0 {
			got[d^1] = have[d^1] // this end has received all so far
		}
		n, off := 1+rnd.IntN(30), have[d]
		for range n {
			x.stream[d] = append(x.stream[d], 'a'+byte(rnd.IntN(26)))
		}
		have[d] += int64(n)
		if k := rnd.IntN(10); k < 3 && off > got[d] { // sends again from what is not acknowledged
			back := 1 + rnd.Int64N(off-got[d])
			off, n = off-back, n+int(back)
		}
		x.sent = append(x.sent, sent{d, off, got[d^1], n, ACK | PSH})
		if rnd.IntN(6) == 0 {
			x.sent = append(x.sent, sent{d, off, got[d^1], n, ACK})
		}
		if rnd.IntN(3) == 0 {
			got[d] = have[d]
			x.sent = append(x.sent, sent{d ^ 1, have[d^1], have[d], 0, ACK})
		}
	}
	if fin {
		x.sent = append(x.sent, sent{0, have[0], have[1], 0, FIN | ACK},
			sent{1, have[1], have[0] + 1, 0, FIN | ACK}, sent{0, have[0] + 1, have[1] + 1, 0, ACK})
	}
	return x
}

func (x *dialogue) segment(y sent, packet int) *Segment {
	s := &Segment{Seq: x.isn[y.dir] + 1 + uint32(y.off), Flags: y.flags,
		At: flow.Mark{Packet: uint64(packet), Time: time.Unix(0, int64(packet))}}
	if y.flags&ACK != 0 {
		s.Ack = x.isn[y.dir^1] + 1 + uint32(y.ack)
	}
	if y.n > 0 {
		s.Payload = x.stream[y.dir][y.off : y.off+int64(y.n)]
	}
	return s
}

// A witness checks what it is given against a dialogue.
type witness struct {
	*recorder
	x      *dialogue
	need   [2][]int64 // for every byte, what its sender had received when it first sent it
	strict bool       // nothing is lost: order must be causal
}

func (w *witness) Data(d Dir, b []byte, at flow.Mark) {
	off := w.off[d]
	if end := off + int64(len(b)); end > int64(len(w.x.stream[d])) || !bytes.Equal(b, w.x.stream[d][off:end]) {
		w.t.Fatalf("direction %d, offset %d: got %q", d, off, b)
	}
	for i := range b {
		if need := w.need[d][off+int64(i)]; w.strict && w.off[d^1] < need {
			w.t.Fatalf("direction %d, offset %d: delivered when the other stood at %d, sent when it stood at %d", d, off+int64(i), w.off[d^1], need)
		}
	}
	w.recorder.Data(d, b, at)
}

// run plays the captured segments in the given order.
func (x *dialogue) run(t testing.TB, l flow.Limits, order []sent, strict bool) (*Conn, *witness) {
	c, r := newTest(t, l)
	w := &witness{recorder: r, x: x, strict: strict}
	c.r = w
	for d := range w.need {
		w.need[d] = make([]int64, len(x.stream[d]))
		for i := range w.need[d] {
			w.need[d][i] = 1 << 40
		}
	}
	for _, y := range order {
		for i := y.off; i < y.off+int64(y.n); i++ {
			w.need[y.dir][i] = min(w.need[y.dir][i], y.ack)
		}
	}
	for i, y := range order {
		if v := c.Segment(y.dir, x.segment(y, i+1)); v == NewConnection {
			t.Fatalf("segment %d: new connection", i)
		}
		if c.pool.Used() > c.pool.limit {
			t.Fatalf("%d bytes used", c.pool.Used())
		}
	}
	c.Flush()
	if c.pool.Used() != 0 {
		t.Fatalf("%d bytes not given back", c.pool.Used())
	}
	if r.conf != 0 {
		t.Fatalf("conflicts among equal bytes")
	}
	return c, w
}

// expect is the naive model: all captured bytes, '?' where there are none.
func (x *dialogue) expect(order []sent) (out [2][]byte) {
	for d := range out {
		out[d] = bytes.Repeat([]byte{'?'}, len(x.stream[d]))
	}
	for _, y := range order {
		if y.n > 0 {
			copy(out[y.dir][y.off:], x.stream[y.dir][y.off:y.off+int64(y.n)])
		}
	}
	return out
}

// disorder moves segments by up to reach places.
func disorder(rnd *rand.Rand, in []sent, reach int) []sent {
	type placed struct {
		sent
		at int
	}
	out := make([]placed, len(in))
	for i, y := range in {
		out[i] = placed{y, i + rnd.IntN(reach+1)}
	}
	slices.SortStableFunc(out, func(a, b placed) int { return a.at - b.at })
	for i := range out {
		in[i] = out[i].sent
	}
	return in
}

func (x *dialogue) check(t *testing.T, w *witness, order []sent) {
	t.Helper()
	want := x.expect(order)
	for d := range want {
		got, exp := bytes.TrimRight(w.side[d], "?"), bytes.TrimRight(want[d], "?")
		if !bytes.Equal(got, exp) {
			t.Fatalf("direction %d:\n got %s\nwant %s\n log %s", d, got, exp, w.log.String())
		}
		// A lost FIN that was acknowledged looks like one more byte.
		if len(w.side[d]) > len(want[d])+1-w.fin[d] {
			t.Fatalf("direction %d: %d bytes of gap past the end", d, len(w.side[d])-len(want[d]))
		}
	}
}

func TestModel(t *testing.T) {
	tests := []struct {
		name      string
		turns     int
		reach     int
		lose      int // one in lose segments is not captured
		handshake bool
	}{
		{"in order", 200, 0, 0, true},
		{"reordered", 200, 6, 0, true},
		{"lost", 100, 0, 10, true},
		{"reordered and lost", 100, 6, 10, true},
		{"mid-stream", 100, 0, 0, false},
		{"mid-stream, lost", 100, 0, 10, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(400) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				x := converse(rnd, tt.turns, tt.handshake, true)
				var order []sent
				for i, y := range x.sent {
					// The handshake and, in mid-stream, the first bytes are there: they
					// fix where the model's offsets begin.
					if tt.lose > 0 && y.off > 0 && i > 6 && rnd.IntN(tt.lose) == 0 {
						continue
					}
					order = append(order, y)
				}
				if tt.reach > 0 {
					disorder(rnd, order[3:], tt.reach)
				}
				if !tt.handshake && !startsAtZero(order) {
					continue
				}
				_, w := x.run(t, flow.Limits{}, order, tt.lose == 0)
				x.check(t, w, order)
				if tt.lose == 0 && (w.fin != [2]int{1, 1} || w.gaps != [2]int64{}) {
					t.Fatalf("seed %d: FINs %v, gaps %v", seed, w.fin, w.gaps)
				}
			}
		})
	}
}

// startsAtZero reports whether the first segment of each direction begins its
// stream.
func startsAtZero(order []sent) bool {
	var seen [2]bool
	for _, y := range order {
		if !seen[y.dir] && y.off != 0 {
			return false
		}
		seen[y.dir] = true
	}
	return seen[0] && seen[1]
}

// TestAdjacentSwap swaps every two neighbours of many dialogues: the bytes and
// gaps of each side stay, and no byte comes before what it answers.
func TestAdjacentSwap(t *testing.T) {
	for _, handshake := range []bool{true, false} {
		t.Run(fmt.Sprintf("handshake %v", handshake), func(t *testing.T) {
			for seed := range uint64(150) {
				rnd := rand.New(rand.NewPCG(seed, 9))
				x := converse(rnd, 12, handshake, seed%3 != 0)
				order := x.sent
				lossy := seed%2 == 1 && handshake
				if lossy {
					k := 4 + rnd.IntN(len(order)-5)
					order = append(append([]sent(nil), order[:k]...), order[k+1:]...)
				}
				if !handshake && !startsAtZero(order) {
					continue
				}
				_, w := x.run(t, flow.Limits{}, order, !lossy)
				x.check(t, w, order)
				for i := range len(order) - 1 {
					swapped := append([]sent(nil), order...)
					swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
					_, v := x.run(t, flow.Limits{}, swapped, !lossy)
					for d := range w.side {
						if !bytes.Equal(w.side[d], v.side[d]) {
							t.Fatalf("seed %d, swap %d, direction %d:\n was %s\n now %s\n%s", seed, i, d, w.side[d], v.side[d], v.log.String())
						}
					}
					if w.fin != v.fin {
						t.Fatalf("seed %d, swap %d: FINs %v, were %v", seed, i, v.fin, w.fin)
					}
				}
			}
		})
	}
}
