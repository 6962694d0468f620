package tcp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
)

// A recorder writes down what it receives: bytes as text, the rest in angle
// brackets, in order of delivery, "0:" or "1:" where the direction changes.
type recorder struct {
	t    testing.TB
	conn *Conn
	log  strings.Builder
	now  int
	side [2][]byte // delivered bytes, gaps as '?'
	off  [2]int64
	fin  [2]int
	skip [2]int64 // bytes to skip after each delivery
	gaps [2]int64
	conf int
}

func (r *recorder) turn(d Dir) {
	if r.now != int(d)+1 {
		r.now = int(d) + 1
		fmt.Fprintf(&r.log, "%d:", d)
	}
}

func (r *recorder) Data(d Dir, b []byte, at flow.Mark) {
	if len(b) == 0 || !at.Seen() {
		r.t.Errorf("empty or unmarked data: %d bytes at %v", len(b), at)
	}
	r.turn(d)
	r.log.Write(b)
	r.side[d] = append(r.side[d], b...)
	r.off[d] += int64(len(b))
	if r.conn.Offset(d) < r.off[d] {
		r.t.Errorf("offset %d, want at least %d", r.conn.Offset(d), r.off[d])
	}
	r.conn.Skip(d, r.skip[d])
}

func (r *recorder) Gap(d Dir, g Gap) {
	r.turn(d)
	fmt.Fprintf(&r.log, "<gap %d %v>", g.Bytes, [...]string{"mid", "lost", "cut", "limit"}[g.Why])
	if g.Bytes > 0 {
		r.side[d] = append(r.side[d], strings.Repeat("?", int(min(g.Bytes, 1<<21)))...)
		r.off[d] += g.Bytes
		r.gaps[d] += g.Bytes
	}
}

func (r *recorder) Fin(d Dir, at flow.Mark) {
	r.turn(d)
	r.log.WriteString("<fin>")
	r.fin[d]++
}

func (r *recorder) Reset(d Dir, at flow.Mark) {
	r.turn(d)
	r.log.WriteString("<rst>")
}

func (r *recorder) Conflict(d Dir, c Conflict) {
	r.turn(d)
	fmt.Fprintf(&r.log, "<conflict %d@%d %d/%d %v>", c.Bytes, c.Off, c.Kept, c.Dropped.Packet, c.Delivered)
	r.conf++
}

var letters = map[byte]Flags{'S': SYN, 'A': ACK, 'F': FIN, 'R': RST, 'P': PSH, 'U': URG, '.': 0}

// p is a segment of a table: direction, flags, sequence and acknowledgement
// numbers, payload.
type p struct {
	dir      Dir
	flags    string
	seq, ack uint32
	data     string
	missing  int
}

func (x p) segment(packet int) *Segment {
	s := &Segment{Seq: x.seq, Ack: x.ack, Payload: []byte(x.data), Missing: x.missing,
		At: flow.Mark{Packet: uint64(packet), Time: time.Unix(1000, int64(packet))}}
	for i := range len(x.flags) {
		s.Flags |= letters[x.flags[i]]
	}
	return s
}

func newTest(t testing.TB, l flow.Limits) (*Conn, *recorder) {
	r := &recorder{t: t}
	c := NewConn(NewPool(l), r)
	r.conn = c
	return c, r
}

// play feeds segments, flushes and checks that the memory came back. A "|"
// marks the flush if anything follows it; a new connection is "<new>".
func play(t *testing.T, l flow.Limits, ps []p) (*Conn, *recorder) {
	t.Helper()
	c, r := newTest(t, l)
	pool := c.pool
	for i, x := range ps {
		s := x.segment(i + 1)
		if c.Segment(x.dir, s) == NewConnection {
			c.Flush()
			r.log.WriteString("<new>")
			r.now = 0
			d, syn, ok := c.Successor()
			c = NewConn(pool, r)
			r.conn = c
			r.off = [2]int64{}
			if ok {
				if v := c.Segment(d, &syn); v == NewConnection {
					t.Errorf("a SYN set aside is new again")
				}
			}
			if v := c.Segment(x.dir, s); v == NewConnection {
				t.Errorf("segment %d is new twice", i+1)
			}
		}
		clear(s.Payload)
	}
	before := r.log.Len()
	c.Flush()
	if all := r.log.String(); len(all) > before {
		r.log.Reset()
		r.log.WriteString(all[:before] + "|" + all[before:])
	}
	if pool.Used() != 0 {
		t.Errorf("%d bytes not given back", pool.Used())
	}
	return c, r
}

// hand is a three-way handshake with ISN 1000 and 2000000.
func hand(rest ...p) []p {
	return append([]p{
		{0, "S", 1000, 0, "", 0},
		{1, "SA", 2000000, 1001, "", 0},
		{0, "A", 1001, 2000001, "", 0},
	}, rest...)
}

// many returns n bare ACKs of direction d.
func many(n int, d Dir, seq, ack uint32) []p {
	out := make([]p, n)
	for i := range out {
		out[i] = p{d, "A", seq, ack, "", 0}
	}
	return out
}

func join(parts ...[]p) (out []p) {
	for _, x := range parts {
		out = append(out, x...)
	}
	return out
}

const c0, s0 = 1001, 2000001

func TestSegment(t *testing.T) {
	tests := []struct {
		name string
		in   []p
		want string
	}{
		{"question and answer", hand(p{0, "PA", c0, s0, "abc", 0}, p{1, "PA", s0, c0 + 3, "xyz", 0}), "0:abc1:xyz"},
		{"swapped segments", hand(p{0, "A", c0 + 3, s0, "def", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abcdef"},
		{"answer before question", hand(p{1, "A", s0, c0 + 3, "xyz", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc1:xyz"},
		{"retransmission", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"longer retransmission", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "A", c0 + 1, s0, "bcde", 0}), "0:abcde"},
		{"conflict with delivered bytes", hand(p{0, "A", c0, s0, "abcdef", 0}, p{0, "A", c0 + 2, s0, "cXXf", 0}),
			"0:abcdef<conflict 2@3 4/5 true>"},
		{"conflict with held bytes", hand(p{0, "A", c0 + 3, s0, "def", 0}, p{0, "A", c0 + 2, s0, "cdXfg", 0}, p{0, "A", c0, s0, "ab", 0}),
			"0:<conflict 1@4 4/5 false>abcdefg"},
		{"hole filled around held bytes", hand(p{0, "A", c0 + 2, s0, "c", 0}, p{0, "A", c0 + 4, s0, "e", 0}, p{0, "A", c0, s0, "abcdef", 0}),
			"0:abcdef"},
		{"SYN with data, accepted", []p{{0, "S", 1000, 0, "abc", 0}, {1, "SA", 2000000, 1004, "", 0}, {0, "A", 1004, s0, "", 0},
			{1, "A", s0, 1004, "xyz", 0}}, "0:abc1:xyz"},
		{"SYN with data, sent again", []p{{0, "S", 1000, 0, "abc", 0}, {1, "SA", 2000000, 1001, "", 0}, {0, "A", 1001, s0, "abcdef", 0}}, "0:abcdef"},
		{"SYN with data behind its SYN/ACK", []p{{1, "SA", 2000000, 1004, "", 0}, {0, "S", 1000, 0, "abc", 0}, {1, "A", s0, 1004, "xyz", 0}}, "0:abc1:xyz"},
		{"SYN with another ISN", []p{{0, "S", 5, 0, "", 0}, {0, "S", 1000, 0, "", 0}, {1, "SA", 2000000, 1001, "", 0}, {0, "A", c0, s0, "abc", 0}}, "0:abc"},
		{"SYN with another ISN, order reversed", []p{{0, "S", 1000, 0, "", 0}, {0, "S", 5, 0, "", 0}, {1, "SA", 2000000, 1001, "", 0}, {0, "A", c0, s0, "abc", 0}}, "0:abc"},
		{"SYN/ACK with another ISN", []p{{0, "S", 1000, 0, "", 0}, {1, "SA", 77, 1001, "", 0}, {1, "SA", 2000000, 1001, "", 0}, {0, "A", c0, s0, "abc", 0}, {1, "A", s0, c0 + 3, "x", 0}}, "0:abc1:x"},
		{"SYN with the same ISN in mid-flow", hand(p{0, "S", 1000, 0, "", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"forged SYN in mid-flow", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "S", 900000000, 0, "", 0}, p{1, "A", s0, c0 + 3, "", 0}, p{0, "A", c0 + 3, s0, "def", 0}), "0:abcdef"},
		{"forged SYN in the window", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "S", c0 + 2, 0, "", 0}, p{1, "A", s0, c0 + 3, "", 0}, p{0, "A", c0 + 3, s0, "def", 0}), "0:abcdef"},
		{"port reuse without FIN", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "S", 7000, 0, "", 0}, p{1, "SA", 80000000, 7001, "", 0},
			p{0, "A", 7001, 80000001, "def", 0}), "0:abc<new>0:def"},
		{"port reuse, SYN and SYN/ACK swapped", hand(p{0, "A", c0, s0, "abc", 0}, p{1, "SA", 80000000, 7001, "", 0}, p{0, "S", 7000, 0, "", 0},
			p{0, "A", 7001, 80000001, "def", 0}), "0:abc<new>0:def"},
		{"port reuse, one-sided", []p{{0, "S", 1000, 0, "", 0}, {0, "A", c0, s0, "abc", 0}, {0, "S", 900000000, 0, "", 0}, {0, "A", 900000001, 5, "def", 0}},
			"0:abc<new>|0:def"},
		{"port reuse with fast open", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "S", 7000, 0, "def", 0}, p{1, "SA", 80000000, 7004, "", 0}), "0:abc<new>0:def"},
		{"port reuse after FIN", hand(p{0, "FA", c0, s0, "abc", 0}, p{1, "FA", s0, c0 + 4, "", 0}, p{0, "A", c0 + 4, s0 + 1, "", 0},
			p{0, "S", 7000, 0, "", 0}, p{1, "SA", 80000000, 7001, "", 0}, p{0, "A", 7001, 80000001, "def", 0}), "0:abc<fin>1:<fin><new>0:def"},
		{"port reuse after RST", hand(p{1, "RA", s0, c0, "", 0}, p{0, "S", 7000, 0, "", 0}, p{1, "SA", 80000000, 7001, "", 0}, p{0, "A", 7001, 80000001, "def", 0}),
			"1:<rst><new>0:def"},
		{"simultaneous open", []p{{0, "S", 1000, 0, "", 0}, {1, "S", 2000000, 0, "", 0}, {0, "SA", 1000, s0, "", 0}, {1, "SA", 2000000, c0, "", 0},
			{0, "A", c0, s0, "abc", 0}, {1, "A", s0, c0 + 3, "xyz", 0}}, "0:abc1:xyz"},
		{"mid-stream", []p{{0, "A", 50, 90, "abc", 0}, {1, "A", 90, 53, "xyz", 0}}, "|0:<gap -1 mid>1:<gap -1 mid>0:abc1:xyz"},
		{"mid-stream, swapped", []p{{0, "A", 53, 90, "def", 0}, {0, "A", 50, 90, "abc", 0}, {1, "A", 90, 56, "xyz", 0}}, "|0:<gap -1 mid>1:<gap -1 mid>0:abcdef1:xyz"},
		{"mid-stream, answer first", []p{{1, "A", 90, 53, "xyz", 0}, {0, "A", 50, 90, "abc", 0}}, "|0:<gap -1 mid>1:<gap -1 mid>0:abc1:xyz"},
		{"mid-stream, SYN late", []p{{0, "A", 53, 90, "def", 0}, {0, "A", 50, 90, "abc", 0}, {0, "S", 49, 0, "", 0}, {1, "SA", 89, 50, "", 0}}, "0:abcdef"},
		{"mid-stream, long", join([]p{{0, "A", 50, 90, "abc", 0}}, many(9, 1, 90, 53), []p{{0, "A", 53, 90, "def", 0}, {1, "A", 90, 56, "x", 0}}),
			"0:<gap -1 mid>abcdef1:<gap -1 mid>x"},
		{"mid-stream, keep-alive first", join(many(9, 1, 89, 50), []p{{0, "A", 50, 90, "abc", 0}, {1, "A", 90, 53, "xyz", 0}}, many(8, 0, 53, 93)),
			"1:<gap -1 mid>0:<gap -1 mid>abc1:xyz"},
		{"one direction only", join([]p{{1, "SA", 2000000, c0, "", 0}, {1, "A", s0, c0 + 9, "abc", 0}}, many(16, 1, s0+3, c0+9), []p{{1, "A", s0 + 3, c0 + 20, "def", 0}}), "1:abcdef"},
		{"server first", []p{{1, "SA", 2000000, c0, "", 0}, {1, "A", s0, c0 + 3, "xyz", 0}, {0, "S", 1000, 0, "", 0}, {0, "A", c0, s0, "abc", 0}}, "0:abc1:xyz"},
		{"FIN and half-close", hand(p{0, "FA", c0, s0, "abc", 0}, p{1, "A", s0, c0 + 4, "xyz", 0}, p{1, "FA", s0 + 3, c0 + 4, "", 0}), "0:abc<fin>1:xyz<fin>"},
		{"FIN before the data", hand(p{0, "FA", c0 + 3, s0, "", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc<fin>"},
		{"FIN repeated", hand(p{0, "FA", c0, s0, "abc", 0}, p{0, "FA", c0, s0, "abc", 0}, p{0, "FA", c0 + 3, s0, "", 0}), "0:abc<fin>"},
		{"FIN far outside", hand(p{0, "FA", c0 + 1<<30, s0, "", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"FIN forged in the window", hand(p{0, "FA", c0 + 2, s0, "", 0}, p{0, "A", c0, s0, "abcd", 0}), "0:abcd"},
		{"FIN forged at the next byte", hand(p{0, "FA", c0, s0, "", 0}, p{0, "A", c0, s0, "abcd", 0}), "0:<fin>abcd"},
		{"keep-alive after FIN", hand(p{0, "FA", c0, s0, "abc", 0}, p{0, "A", c0 + 3, s0, "z", 0}), "0:abc<fin>"},
		{"RST exactly", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "R", c0 + 3, 0, "", 0}), "0:abc<rst>"},
		{"RST before its last data", hand(p{0, "R", c0 + 3, 0, "", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc<rst>"},
		{"RST in the window", join(hand(p{0, "R", c0 + 500, 0, "", 0}, p{0, "A", c0, s0, "abc", 0}), many(40, 1, s0, c0+3), []p{{0, "A", c0 + 3, s0, "def", 0}}), "0:abcdef"},
		{"RST out of the window", hand(p{0, "R", c0 + 1<<30, 0, "", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"RST at the last acknowledgement", hand(p{0, "A", c0, s0, "abc", 0}, p{1, "A", s0, c0 + 3, "", 0}, p{0, "A", c0 + 3, s0, "def", 0}, p{0, "R", c0 + 3, 0, "", 0}), "0:abcdef<rst>"},
		{"RST after FIN", hand(p{0, "FA", c0, s0, "abc", 0}, p{1, "RA", s0, c0 + 4, "", 0}), "0:abc<fin>1:<rst>"},
		{"RST refuses SYN", []p{{0, "S", 1000, 0, "", 0}, {1, "RA", 0, c0, "", 0}}, "1:<rst>"},
		{"RST of nothing sent", []p{{0, "S", 1000, 0, "", 0}, {1, "RA", 0, 99999999, "", 0}}, ""},
		{"RST with text", hand(p{0, "R", c0, 0, "go away", 0}), "0:<rst>"},
		{"RST amid holes", hand(p{0, "A", c0 + 3, s0, "def", 0}, p{0, "R", c0 + 6, 0, "", 0}), "|0:<gap 3 lost>def<rst>"},
		{"every flag", hand(p{0, "FSRPU", c0, 0, "evil", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"SYN and FIN", hand(p{0, "SF", c0, 0, "evil", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"no flags", hand(p{0, ".", c0, 0, "evil", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"no ACK", hand(p{0, "P", c0, 0, "evil", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"urgent", hand(p{0, "UA", c0, s0, "abc", 0}), "0:abc"},
		{"keep-alive before data", hand(p{0, "A", c0 - 1, s0, "z", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"keep-alive", hand(p{0, "A", c0, s0, "abc", 0}, p{0, "A", c0 + 2, s0, "z", 0}, p{0, "A", c0 + 2, s0, "", 0}), "0:abc"},
		{"zero-window probe", hand(p{0, "A", c0, s0, "a", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"data before the ISN", hand(p{0, "A", 1<<32 + c0 - 5000, s0, "evil", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"ACK of ten megabytes never sent", hand(p{1, "A", s0, c0 + 10<<20, "", 0}, p{0, "A", c0, s0, "abc", 0}, p{1, "A", s0, c0 + 3, "xyz", 0}), "0:abc1:xyz"},
		{"data with such an ACK", hand(p{1, "A", s0, c0 + 10<<20, "xyz", 0}, p{0, "A", c0, s0, "abc", 0}), "1:xyz0:abc"},
		{"cut by the snapshot length", hand(p{0, "A", c0, s0, "abc", 5}, p{0, "A", c0 + 8, s0, "xyz", 0}), "0:abc<gap 5 cut>xyz"},
		{"cut and out of order", hand(p{0, "A", c0 + 3, s0, "d", 2}, p{0, "A", c0 + 6, s0, "g", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abcd<gap 2 cut>g"},
		{"cut to nothing", hand(p{0, "A", c0, s0, "", 5}, p{0, "A", c0 + 5, s0, "xyz", 0}), "0:<gap 5 cut>xyz"},
		{"hole acknowledged", join(hand(p{1, "A", s0, c0, "abc", 0}, p{1, "A", s0 + 13, c0, "xyz", 0}), many(31, 0, c0, s0+16), []p{{0, "A", c0, s0 + 16, "q", 0}}),
			"1:abc<gap 10 lost>xyz0:q"},
		{"hole filled in time", join(hand(p{1, "A", s0, c0, "abc", 0}, p{1, "A", s0 + 6, c0, "ghi", 0}), many(30, 0, c0, s0+9), []p{{1, "A", s0 + 3, c0, "def", 0}}), "1:abcdefghi"},
		{"hole not acknowledged", join(hand(p{1, "A", s0, c0, "abc", 0}, p{1, "A", s0 + 6, c0, "ghi", 0}), many(300, 0, c0, s0+3), []p{{1, "A", s0 + 3, c0, "def", 0}}), "1:abcdefghi"},
		{"hole at the end", hand(p{1, "A", s0, c0, "abc", 0}, p{1, "A", s0 + 13, c0, "xyz", 0}), "1:abc|<gap 10 lost>xyz"},
		{"hole before FIN", hand(p{1, "A", s0, c0, "abc", 0}, p{1, "FA", s0 + 13, c0, "", 0}), "1:abc|<gap 10 lost><fin>"},
		{"end acknowledged, not captured", hand(p{0, "A", c0, s0, "abc", 0}, p{1, "A", s0, c0 + 103, "xyz", 0}), "0:abc|<gap 100 lost>1:xyz"},
		{"FIN acknowledged, not captured", hand(p{0, "A", c0, s0, "abc", 0}, p{1, "A", s0, c0 + 4, "xyz", 0}), "0:abc|1:xyz"},
		{"stray segment a gigabyte ahead", hand(p{0, "A", c0 + 1<<30, s0, "evil", 0}, p{0, "A", c0, s0, "abc", 0}), "0:abc"},
		{"each waits for the other", hand(p{0, "A", c0, s0 + 3, "abc", 0}, p{1, "A", s0, c0 + 3, "xyz", 0}), "0:abc1:xyz"},
		{"both directions to one side", []p{{0, "S", 1000, 0, "", 0}, {0, "SA", 2000000, c0, "", 0}, {0, "A", c0, s0, "", 0}, {0, "A", c0, s0, "abc", 0}, {0, "A", s0, c0 + 3, "", 0}}, "0:abc<new>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, r := play(t, flow.Limits{}, tt.in)
			if diff := cmp.Diff(tt.want, r.log.String()); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSegmentWrap plays a connection with both streams crossing the end of the sequence space at every place.
func TestSegmentWrap(t *testing.T) {
	in := hand(p{0, "A", c0 + 3, s0, "def", 0}, p{0, "A", c0, s0, "abcd", 0}, p{0, "A", c0 + 2, s0, "cdefgh", 0},
		p{1, "A", s0 + 2, c0 + 8, "wxyz", 0}, p{1, "FA", s0 + 6, c0 + 8, "", 0}, p{1, "A", s0, c0 + 8, "uvw", 0}, p{0, "FA", c0 + 8, s0 + 7, "", 0})
	for shift := range uint32(16) {
		moved := append([]p(nil), in...)
		for i := range moved {
			x := &moved[i]
			up, down := uint32(1<<32-c0-12)+shift, uint32(1<<32-s0-12)+shift
			if x.dir == 1 {
				up, down = down, up
			}
			x.seq += up
			if strings.Contains(x.flags, "A") {
				x.ack += down
			}
		}
		_, r := play(t, flow.Limits{}, moved)
		if got, want := r.log.String(), "0:abcdefgh1:uvwxyz<fin>0:<fin>"; got != want {
			t.Errorf("shift %d: got %s, want %s", shift, got, want)
		}
	}
}
