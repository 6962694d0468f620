package dissect_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
)

// A talk is a conversation out of a capture, and what opens it.
type talk struct {
	name  string
	udp   bool
	turns []turn
	bytes int
	keys  []byte
}

// seedBytes is how much of a conversation is a seed: the handshake and a little
// more.
const seedBytes = 9 << 10

// talks returns the first conversations of every capture.
func talks(tb testing.TB) (out []talk) {
	names, err := filepath.Glob(filepath.Join(pcaps, "*.pcap*"))
	if err != nil || len(names) < 50 {
		tb.Fatal(len(names), err)
	}
	for _, name := range names {
		log, err := os.ReadFile(name[:strings.Index(name, ".pcap")] + ".keys")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			tb.Fatal(err)
		}
		for _, t := range talksOf(tb, name) {
			t.keys = keysFor(log, &t)
			out = append(out, t)
		}
	}
	return out
}

// talksOf reads the first two conversations of a capture.
func talksOf(tb testing.TB, name string) (out []talk) {
	file, err := capture.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	type ends struct {
		key flow.Key
		udp bool
	}
	var order []*talk
	all := map[ends]*talk{}
	begun := map[ends]bool{} // who spoke first, as swapped of the key
	next := map[ends]*[2]uint32{}
	decoder := packet.NewDecoder(packet.Limits{})
	for {
		var p capture.Packet
		if err := file.Next(&p); err != nil {
			if cut := new(capture.TruncatedError); !errors.Is(err, io.EOF) && !errors.As(err, &cut) {
				tb.Fatal(err)
			}
			break
		}
		var d packet.Packet
		kind := decoder.Decode(uint32(p.Link), p.Data, p.WireLen, p.Time, &d)
		if kind != packet.TCP && kind != packet.UDP || len(d.Payload) == 0 {
			continue
		}
		key, swapped := flow.MakeKey(flow.TCP, d.Src, d.Dst, 0)
		e := ends{key, kind == packet.UDP}
		if all[e] == nil {
			all[e] = &talk{name: filepath.Base(name), udp: e.udp}
			order = append(order, all[e])
			begun[e], next[e] = swapped, new([2]uint32)
		}
		t, side := all[e], flow.Side(0)
		if begun[e] != swapped {
			side = 1
		}
		b := d.Payload
		if !e.udp {
			if n := &next[e][side]; *n == 0 || int32(d.Seq-*n) >= 0 {
				*n = d.Seq
			} else {
				b = b[min(len(b), int(*n-d.Seq)):]
			}
			next[e][side] += uint32(len(b))
		}
		if len(b) > 0 && t.bytes+len(b) <= seedBytes && len(t.turns) < 60 {
			t.turns, t.bytes = append(t.turns, turn{side: side, bytes: bytes.Clone(b)}), t.bytes+len(b)
		}
	}
	slices.SortStableFunc(order, func(a, b *talk) int { return b.bytes - a.bytes })
	for _, t := range order[:min(2, len(order))] {
		out = append(out, *t)
	}
	return out
}

var clientRandom = regexp.MustCompile(`^\w+ ([0-9a-f]{64}) `)

// keysFor returns the lines of a key log that may open a conversation: those of
// a random in it, or, if there is none to be seen, the first ones.
func keysFor(log []byte, t *talk) []byte {
	var all []byte
	for _, u := range t.turns {
		all = append(all, u.bytes...)
	}
	var out, rest []byte
	for l := range bytes.Lines(log) {
		if m := clientRandom.FindSubmatch(l); m != nil {
			if random, err := hex.DecodeString(string(m[1])); err == nil && bytes.Contains(all, random) {
				out = append(out, l...)
				continue
			}
		}
		if len(rest)+len(l) < 2<<10 {
			rest = append(rest, l...)
		}
	}
	if len(out) == 0 {
		return rest
	}
	return out
}

// pack is a conversation as a fuzzer has it.
func pack(turns []turn) (b []byte) {
	for _, t := range turns {
		b = appendTurn(b, t)
	}
	return b
}
