package quic

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/wire"
)

// streamFrame writes a STREAM frame with an offset and a length.
func streamFrame(id, offset uint64, data []byte) []byte {
	b := appendVarint(appendVarint([]byte{frameStream | 6}, id), offset)
	return append(appendVarint(b, uint64(len(data))), data...)
}

// TestHeads puts STREAM frames in order.
func TestHeads(t *testing.T) {
	long := make([]byte, 2*requestBytes)
	for i := range long {
		long[i] = byte(i * 7)
	}
	var shuffled [][]byte
	for off := 0; off < len(long); off += 100 {
		shuffled = append(shuffled, streamFrame(4, uint64(off), long[off:min(off+100, len(long))]))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, tt := range []struct {
		name   string
		lv     conn.Level
		frames []byte
		want   map[string][]byte
	}{
		{name: "in order", frames: cat(streamFrame(0, 0, []byte("ab")), streamFrame(0, 2, []byte("c"))), want: map[string][]byte{"client 0": []byte("abc")}},
		{name: "early data", lv: conn.Early, frames: streamFrame(0, 0, []byte("ab")), want: map[string][]byte{"client 0": []byte("ab")}},
		{name: "out of order, twice", frames: cat(streamFrame(8, 2, []byte("c")), streamFrame(8, 2, []byte("c")), streamFrame(8, 0, []byte("abX"))), want: map[string][]byte{"client 8": []byte("abX")}},
		{name: "gap", frames: cat(streamFrame(0, 2, []byte("c")), streamFrame(0, 5, []byte("d"))), want: map[string][]byte{"client 0": nil}},
		{name: "shuffled, more than is looked at", frames: cat(shuffled...), want: map[string][]byte{"client 4": long[:requestBytes]}},
		{name: "far away", frames: streamFrame(0, 1<<62-1, []byte("ab")), want: map[string][]byte{"client 0": nil}},
		{name: "opened by the server", frames: cat(streamFrame(1, 0, []byte("a")), streamFrame(3, 0, []byte("a")))},
		{name: "one way", frames: cat(streamFrame(6, 1, []byte("b")), streamFrame(6, 0, []byte("a")), streamFrame(2+4*mostHeads, 0, []byte("a"))), want: map[string][]byte{"client 6": []byte("ab")}},
		{name: "beyond the first few", frames: cat(streamFrame(4*mostHeads, 0, []byte("a")), streamFrame(4*mostHeads, 1, []byte("a"))), want: map[string][]byte{"client 16": nil}},
		{name: "a packet that everybody can open", lv: conn.Plain, frames: streamFrame(0, 0, []byte("ab"))},
		{name: "a handshake packet", lv: conn.Handshake, frames: streamFrame(0, 0, []byte("ab"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lv := tt.lv
			if lv == conn.Plain && tt.want != nil {
				lv = conn.Application
			}
			r := &recorder{}
			budget := flow.NewBudget(1 << 20)
			s := NewStream(r, nil, budget, nil)
			s.frames(flow.Client, lv, tt.frames, &conn.QUICPacket{}, mark(1))
			if d := cmp.Diff(tt.want, r.streams); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			s.Close(conn.EndOfCapture, flow.Client, mark(2))
			if budget.Left() != 1<<20 {
				t.Errorf("%d bytes are not given back", 1<<20-budget.Left())
			}
		})
	}
}

// FuzzHeads reads STREAM frames of both sides, which must come out as
// if they had come in order, and hold no more than is allowed.
func FuzzHeads(f *testing.F) {
	f.Add(cat(streamFrame(0, 3, []byte("def")), streamFrame(0, 0, []byte("abc"))), []byte{0x0a, 0, 2, 1, 2})
	f.Add(cat(streamFrame(12, requestBytes-1, []byte("xyz")), streamFrame(4, 1<<40, []byte("abc"))), []byte{0x08, 0, 2, 1, 2})
	f.Fuzz(func(t *testing.T, client, server []byte) {
		r := &recorder{}
		budget := flow.NewBudget(1 << 14)
		s := NewStream(r, nil, budget, nil)
		for side, b := range [2][]byte{client, server} {
			s.frames(flow.Side(side), conn.Application, b, &conn.QUICPacket{}, mark(1))
		}
		if s.heads != nil {
			s.heads.each(func(c *cryptoStream) {
				if c.held > ownBytes || c.next > ownBytes {
					t.Fatalf("%d bytes held, %d delivered", c.held, c.next)
				}
			})
		}
		for name, b := range r.streams {
			if len(b) > ownBytes || !isOf(b, client, server, name) {
				t.Fatalf("%s: % x came of nothing", name, b)
			}
		}
		s.Close(conn.EndOfCapture, flow.Client, mark(2))
		if budget.Left() != 1<<14 {
			t.Fatalf("%d bytes are not given back", 1<<14-budget.Left())
		}
	})
}

// isOf reports whether every byte of a stream stands at its offset in a frame.
func isOf(got, client, server []byte, name string) bool {
	b := client
	if strings.HasPrefix(name, "server") {
		b = server
	}
	seen := make([]bool, len(got))
	r := wire.NewReader(b)
	var fr frame
	for fr.next(&r) {
		if fr.typ < frameStream || fr.typ > 0x0f || !strings.HasSuffix(name, fmt.Sprintf(" %d", fr.stream)) {
			continue
		}
		for i, x := range fr.data {
			if at := fr.offset + uint64(i); at < uint64(len(got)) && got[at] == x {
				seen[at] = true
			}
		}
	}
	return !bytes.Contains(boolBytes(seen), []byte{0})
}

func boolBytes(bs []bool) []byte {
	out := make([]byte, len(bs))
	for i, b := range bs {
		if b {
			out[i] = 1
		}
	}
	return out
}

// TestOwnCapture reads the request streams of the first connection of a capture
// of ngtcp2 with its keys.
func TestOwnCapture(t *testing.T) {
	log := keyLog{}
	b, err := os.ReadFile(filepath.FromSlash("../../testdata/pcaps/quic-h3-ngtcp2.keys"))
	if err != nil {
		t.Fatal(err)
	}
	log.read(string(b))
	r := openAll(t, filepath.FromSlash("../../testdata/pcaps/quic-h3-ngtcp2.pcapng"), log)
	const headers = 1 // type of an HTTP/3 frame (RFC 9114, Section 7.2.2)
	for _, name := range []string{"client 0", "client 4", "server 0", "server 4"} {
		if b := r.streams[name]; len(b) == 0 || b[0] != headers {
			t.Errorf("%s: % x", name, b)
		}
	}
	if !bytes.Contains(r.streams["server 0"], []byte("hello from tlslens")) {
		t.Errorf("the answer is %q", r.streams["server 0"])
	}
}
