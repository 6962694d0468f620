package packet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// long is a payload that does not repeat itself.
func long(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// cut4 cuts an IPv4 payload into fragments of size bytes.
func cut4(proto, id, size int, body []byte) (out [][]byte) {
	for off := 0; off < len(body); off += size {
		end, more := off+size, 0x2000
		if end >= len(body) {
			end, more = len(body), 0
		}
		out = append(out, ip4Frag(proto, id, more|off/8, body[off:end]))
	}
	return out
}

// frag6 is an IPv6 fragment.
func frag6(id uint32, off int, more bool, body []byte) []byte {
	f := off
	if more {
		f |= 1
	}
	return ip6(44, []byte{6, 0}, u16(f), u32(id), body)
}

func cut6(id uint32, size int, body []byte) (out [][]byte) {
	for off := 0; off < len(body); off += size {
		end := min(off+size, len(body))
		out = append(out, frag6(id, off, end < len(body), body[off:end]))
	}
	return out
}

// A fragmentCase is a datagram in fragments, with others strewn in.
type fragmentCase struct {
	name   string
	frames [][]byte
	whole  bool   // ends with the datagram
	odd    Odd    // of the datagram
	note   string // that must be counted, also as a reason
}

// fragmentCases returns the cases and the payload that each whole one carries.
func fragmentCases() (data []byte, _ []fragmentCase) {
	data = long(1000)
	body := append(seg(""), data...)
	f4, f6 := cut4(6, 9, 128, body), cut6(9, 128, body)
	spoilt := bytes.Clone(f4[2])
	spoilt[30] ^= 0xFF
	spoilt6 := bytes.Clone(f6[2])
	spoilt6[60] ^= 0xFF
	swap := func(f [][]byte, i int, b []byte) [][]byte {
		f = append([][]byte(nil), f...)
		f[i] = b
		return f
	}
	reversed := func(f [][]byte) [][]byte {
		out := make([][]byte, len(f))
		for i := range f {
			out[len(f)-1-i] = f[i]
		}
		return out
	}
	with := func(f [][]byte, i int, b ...[]byte) [][]byte {
		return append(append(append([][]byte(nil), f[:i]...), b...), f[i:]...)
	}
	return data, []fragmentCase{
		{"in order", f4, true, 0, ""},
		{"reversed", reversed(f4), true, 0, ""},
		{"8 bytes each", cut4(6, 9, 8, body), true, 0, ""},
		{"8 bytes each, reversed", reversed(cut4(6, 9, 8, body)), true, 0, ""},
		{"twice the same", with(f4, 3, f4[1], f4[2]), true, 0, ""},
		{"IPv6, in order", f6, true, 0, ""},
		{"IPv6, reversed", reversed(f6), true, 0, ""},
		{"IPv6, twice the same", with(f6, 3, f6[1], f6[2]), true, 0, ""},
		{"first missing", f4[1:], false, 0, ""},
		{"last missing", f4[:len(f4)-1], false, 0, ""},
		{"good, then conflicting", with(f4, 3, spoilt), true, OddFragmentConflict, "overlapping IPv4 fragments with different bytes"},
		{"other size, same bytes", with(f4, 4, ip4Frag(6, 9, 0x2000|24, body[192:256])), true, 0, ""},
		{"straddling, same bytes", with(f4, 2, ip4Frag(6, 9, 0x2000|8, body[64:384])), true, 0, ""},
		{"IPv6, conflicting", with(f6, 3, spoilt6), false, 0, "overlapping IPv6 fragments"},
		{"IPv6, part of what was there", with(f6, 3, frag6(9, 64, true, body[64:128])), true, 0, ""},
		{"IPv6, straddling, same bytes", with(f6, 2, frag6(9, 64, true, body[64:384])), false, 0, "overlapping IPv6 fragments"},
		{"last fragment inside of the first", with(f4, 1, ip4Frag(6, 9, 2, body[16:32])), true, 0, "IP fragment contradicts the datagram's end"},
		{"beyond the end", with(reversed(f4), 1, ip4Frag(6, 9, 0x2000|400, body[:8])), true, 0, "IP fragment contradicts the datagram's end"},
		{"two ends", with(reversed(f4), 1, ip4Frag(6, 9, 2, body[16:32])), true, 0, "IP fragment contradicts the datagram's end"},
		{"ping of death", with(f4, 1, ip4Frag(6, 9, 8191, body)), true, 0, "IP fragment ends beyond 65535 bytes"},
		{"not a multiple of 8", with(f4, 1, ip4Frag(6, 9, 0x2000|16, body[128:133])), true, 0, "IP fragment length not a multiple of 8"},
		{"empty", with(f4, 1, ip4Frag(6, 9, 0x2000|16)), true, 0, "empty IP fragment"},
		{"not wholly captured", swap(f4, 1, f4[1][:60]), false, 0, "IP fragment not wholly captured"},
		{"another protocol", swap(f4, 1, ip4Frag(17, 9, 0x2000|16, body[128:256])), false, 0, ""},
		{"fragments in a fragment", nest6(body), true, 0, ""},
	}
}

func TestFragments(t *testing.T) {
	data, cases := fragmentCases()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(Limits{})
			var p Packet
			found := 0
			for i, f := range c.frames {
				cut := 0
				if len(f) == 60 {
					cut = 100
				}
				k := d.Decode(101, f, len(f)+cut, epoch, &p)
				if k != TCP {
					continue
				}
				found++
				if !bytes.Equal(p.Payload, data) || p.Seq != 1000 || p.Odd != c.odd || int(p.Fragments) < 2 || p.Missing != 0 {
					t.Errorf("frame %d: %d bytes, seq %d, odd %b, %d fragments", i, len(p.Payload), p.Seq, p.Odd, p.Fragments)
				}
			}
			if c.whole != (found == 1) {
				t.Errorf("%d datagrams; %+v", found, d.Stats())
			}
			if s := fmt.Sprint(d.Stats()); !strings.Contains(s, c.note) {
				t.Errorf("%q is not in %s", c.note, s)
			}
			checkFragments(t, d)
		})
	}
}

// nest6 is a datagram in fragments whose reassembly is a fragment of another.
func nest6(body []byte) (out [][]byte) {
	for i, inner := range cut6(50, 512, body) {
		inner = inner[40:] // fragment header and piece
		for off := 0; off < len(inner); off += 256 {
			end := min(off+256, len(inner))
			f := frag6(uint32(100+i), off, end < len(inner), inner[off:end])
			f[40] = 44
			out = append(out, f)
		}
	}
	return out
}

// checkFragments recounts what the table holds.
func checkFragments(t *testing.T, d *Decoder) {
	t.Helper()
	n, bytes, last := 0, 0, (*datagram)(nil)
	for g := d.frags.oldest; g != nil; g = g.newer {
		if g.older != last || d.frags.table[g.key] != g {
			t.Error("broken list")
		}
		if cap(g.buf) > maxDatagram || len(g.spans) > maxPieces {
			t.Errorf("%d bytes, %d spans", cap(g.buf), len(g.spans))
		}
		for i := 1; i < len(g.spans); i++ {
			if g.spans[i-1].to >= g.spans[i].from {
				t.Errorf("spans %v", g.spans)
			}
		}
		n, bytes, last = n+1, bytes+cap(g.buf), g
	}
	if n != len(d.frags.table) || d.frags.newest != last || bytes != d.frags.bytes {
		t.Errorf("%d in the list, %d in the table; %d bytes, %d counted", n, len(d.frags.table), bytes, d.frags.bytes)
	}
	if n > d.limits.Datagrams || bytes > d.limits.FragmentBytes {
		t.Errorf("%d datagrams and %d bytes are more than the limits", n, bytes)
	}
}

// TestFragmentsRandom cuts datagrams anyhow and shuffles the pieces.
func TestFragmentsRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := NewDecoder(Limits{})
	var p Packet
	for round := range 2000 {
		data := long(r.IntN(5000) + 1)
		body := append(seg(""), data...)
		var pieces [][]byte
		for off := 0; off < len(body); {
			end := min(off+8*(1+r.IntN(60)), len(body))
			more := end < len(body)
			if round%2 == 0 {
				f := off / 8
				if more {
					f |= 0x2000
				}
				pieces = append(pieces, ip4Frag(6, round, f, body[off:end]))
			} else {
				pieces = append(pieces, frag6(uint32(round), off, more, body[off:end]))
			}
			off = end
		}
		if len(pieces) == 1 {
			continue
		}
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		for i, f := range pieces {
			k := d.Decode(101, f, len(f), epoch, &p)
			if last := i == len(pieces)-1; last != (k == TCP) || last && !bytes.Equal(p.Payload, data) {
				t.Fatalf("round %d, piece %d of %d: %v", round, i, len(pieces), k)
			}
		}
	}
	checkFragments(t, d)
}

// TestFragmentsExpire uses an identification again, at once and later.
func TestFragmentsExpire(t *testing.T) {
	body, other := append(seg(""), long(500)...), append(seg(""), bytes.Repeat([]byte{'x'}, 500)...)
	for _, c := range []struct {
		name  string
		old   [][]byte
		fresh [][]byte
		after time.Duration
		want  string
	}{
		{"29 s", cut4(6, 1, 256, body), cut4(6, 1, 256, other), 29 * time.Second, "old"},
		{"31 s", cut4(6, 1, 256, body), cut4(6, 1, 256, other), 31 * time.Second, "new"},
		{"IPv6, 59 s", cut6(1, 256, body), cut6(1, 256, other), 59 * time.Second, ""},
		{"IPv6, 61 s", cut6(1, 256, body), cut6(1, 256, other), 61 * time.Second, "new"},
		{"clock goes back", cut4(6, 1, 256, body), cut4(6, 1, 256, other), -time.Hour, "new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(Limits{})
			var p Packet
			d.Decode(101, c.old[0], len(c.old[0]), epoch, &p)
			got := ""
			for _, f := range c.fresh {
				if d.Decode(101, f, len(f), epoch.Add(c.after), &p) == TCP {
					got = "new"
					if p.Odd == OddFragmentConflict {
						got = "old"
					}
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q; %+v", got, c.want, d.Stats())
			}
			checkFragments(t, d)
		})
	}
}

// TestFragmentsFlood sends first fragments only, and such as cost a whole buffer.
func TestFragmentsFlood(t *testing.T) {
	d := NewDecoder(Limits{Datagrams: 100, FragmentBytes: 1 << 20})
	var p Packet
	for id := range 5000 {
		off := 0
		if id%3 == 0 {
			off = 8000
		}
		f := ip4Frag(6, id, 0x2000|off, make([]byte, 8))
		if k := d.Decode(101, f, len(f), epoch.Add(time.Duration(id)*time.Millisecond), &p); k != Fragment {
			t.Fatal(k)
		}
		if len(d.frags.table) > 100 || d.frags.bytes > 1<<20 {
			t.Fatalf("%d datagrams, %d bytes", len(d.frags.table), d.frags.bytes)
		}
	}
	checkFragments(t, d)
	// Every other 8 bytes: pieces that never touch.
	for i := range 4000 {
		f := ip4Frag(6, 6000, 0x2000|i*2, make([]byte, 8))
		d.Decode(101, f, len(f), epoch.Add(5*time.Second), &p)
	}
	checkFragments(t, d)
	if s := fmt.Sprint(d.Stats()); !strings.Contains(s, "fragment limit") {
		t.Error(s)
	}
	// And the table still works.
	for i, f := range cut4(6, 7000, 64, append(seg(""), long(500)...)) {
		if k := d.Decode(101, f, len(f), epoch.Add(5*time.Second), &p); (k == TCP) != (i == 8) {
			t.Errorf("fragment %d: %v", i, k)
		}
	}
}
