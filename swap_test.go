package tlslens_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/report"
)

// mostPairs bounds how many pairs of one capture are swapped; mostPackets how
// large a capture may be to take part.
const (
	mostPairs   = 120
	mostPackets = 400
)

// TestSwap swaps any two adjacent packets, as network cards with several queues
// and capture buffers of several processors do, and expects the same report: the
// same words at the same packets.
func TestSwap(t *testing.T) {
	names := captureNames(t)
	roots := testRoots(t)
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			if len(packets) > mostPackets || len(packets) < 2 {
				t.Skipf("%d packets", len(packets))
			}
			step := (len(packets)-2)/mostPairs + 1
			for i := 0; i+1 < len(packets); i += step {
				if packets[i+1].Time.Sub(packets[i].Time) > time.Second {
					continue // no capture changes the order of these
				}
				if datagrams(&packets[i], &packets[i+1]) {
					continue // datagrams acknowledge nothing that would tell their order
				}
				if d := swapDiff(t, packets, i, roots); d != "" {
					t.Errorf("packets %d and %d swapped (-original +swapped):\n%s", packets[i].Number, packets[i+1].Number, d)
				}
			}
		})
	}
}

// swapDiff returns what changes in the report when packets i and i+1 come in
// the other order.
func swapDiff(t *testing.T, packets []capture.Packet, i int, roots *pki.Store) string {
	s := swapped{a: packets[i].Number, b: packets[i+1].Number}
	other := slices.Clone(packets)
	other[i], other[i+1] = packets[i+1], packets[i]
	other[i].Number, other[i+1].Number = s.a, s.b
	want, got := understand(t, packets, roots), understand(t, other, roots)
	s.rename(reflect.ValueOf(&got.conns).Elem())
	s.renumber(want, got)
	for k := range got.conns {
		if k < len(want.conns) {
			s.normalise(want.conns[k], got.conns[k])
		}
	}
	a, b := want.text(t), got.text(t)
	if interchangeable(&packets[i], &packets[i+1]) {
		a, b = wordsOf(a), wordsOf(b)
	}
	return lineDiff(a, b)
}

// interchangeable reports whether two packets are such that by nature the other
// one is named when they change places, while the rest must stay: two copies of
// the same bytes, of which the first that was captured is read, or two
// fragments of a datagram, which is there once its last one is.
func interchangeable(a, b *capture.Packet) bool {
	var p, q packet.Packet
	d := packet.NewDecoder(packet.Limits{})
	ka, kb := d.Decode(uint32(a.Link), a.Data, a.WireLen, a.Time, &p), d.Decode(uint32(b.Link), b.Data, b.WireLen, b.Time, &q)
	if ka == packet.Fragment || kb == packet.Fragment {
		return true
	}
	return ka == packet.TCP && kb == packet.TCP && p.Src == q.Src && p.Dst == q.Dst &&
		int32(p.Seq-q.Seq) < taken(&q) && int32(q.Seq-p.Seq) < taken(&p)
}

// taken is how much of the sequence a segment takes.
func taken(p *packet.Packet) int32 {
	n := int32(len(p.Payload))
	if p.Flags&packet.FlagFIN != 0 {
		n++
	}
	return n
}

// datagrams reports whether two packets are of UDP.
func datagrams(a, b *capture.Packet) bool {
	var p packet.Packet
	d := packet.NewDecoder(packet.Limits{})
	return d.Decode(uint32(a.Link), a.Data, a.WireLen, a.Time, &p) == packet.UDP &&
		d.Decode(uint32(b.Link), b.Data, b.WireLen, b.Time, &p) == packet.UDP
}

// wordsOf returns text without its numbers and without the space and the lines
// that depend on their width.
func wordsOf(text string) string {
	return regexp.MustCompile(`[ ─]+`).ReplaceAllString(digits.ReplaceAllString(text, "0"), " ")
}

// lineDiff returns the lines that differ, each under the last line that names
// a connection.
func lineDiff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	if len(a) != len(b) {
		return gocmp.Diff(a, b)
	}
	var out strings.Builder
	for i := range a {
		if a[i] != b[i] {
			fmt.Fprintf(&out, "%d - %s\n%d + %s\n", i, a[i], i, b[i])
		}
	}
	return out.String()
}

// understood is all that is known of a capture.
type understood struct {
	conns []*conn.Conn
	stats dissect.Stats
}

func understand(t *testing.T, packets []capture.Packet, roots *pki.Store) *understood {
	t.Helper()
	return understandWith(t, packets, dissect.Options{Roots: roots})
}

func understandWith(t *testing.T, packets []capture.Packet, opt dissect.Options) *understood {
	t.Helper()
	u := new(understood)
	opt.Workers, opt.Detail, opt.Stats = 1, conn.Messages, &u.stats
	var err error
	if u.conns, err = dissect.Collect(context.Background(), &memory{packets: packets}, opt); err != nil {
		t.Fatal(err)
	}
	return u
}

// text renders everything: tables, JSON, and the messages of each side. The
// order between the messages of the two sides is known only as far as their
// acknowledgements tell, so it is not held here.
func (u *understood) text(t *testing.T) string {
	var b bytes.Buffer
	for _, w := range []report.Writer{newWriter(t, "jsonl", &b, report.Style{}), newWriter(t, "table", &b, report.Style{Width: 0})} {
		for _, c := range u.conns {
			if err := w.Write(dissect.Closed{Conn: c}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(&u.stats); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range u.conns {
		for side := flow.Client; side <= flow.Server; side++ {
			for _, m := range c.Log {
				if m.Side == side {
					fmt.Fprintf(&b, "#%d %s %d %s %s %d %s\n", c.Number, side, m.At.Packet, m.Name, m.Level, m.Size, m.Err)
				}
			}
		}
	}
	return strings.ReplaceAll(b.String(), `,"`, ",\n\"") // for shorter differences
}

// swapped maps the numbers of two packets that changed places.
type swapped struct{ a, b uint64 }

func (s swapped) packet(n uint64) uint64 {
	switch n {
	case s.a:
		return s.b
	case s.b:
		return s.a
	}
	return n
}

// rename maps every packet number in a value, in text as well.
func (s swapped) rename(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*pki.Certificate]() {
			s.rename(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			s.rename(v.Index(i))
		}
	case reflect.Struct:
		if m, ok := v.Addr().Interface().(*flow.Mark); ok {
			m.Packet = s.packet(m.Packet)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.rename(v.Field(i))
			}
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(s.words(v.String()))
		}
	}
}

var (
	packetWords = regexp.MustCompile(`\b[Pp]ackets? \d+(?:(?:–| and |, )\d+)*`)
	span        = regexp.MustCompile(`(\d+)–(\d+)`)
	digits      = regexp.MustCompile(`\d+`)
)

// words maps the packet numbers in a sentence. A span names its ends in order.
func (s swapped) words(text string) string {
	return packetWords.ReplaceAllStringFunc(text, func(w string) string {
		w = digits.ReplaceAllStringFunc(w, func(d string) string {
			n, _ := strconv.ParseUint(d, 10, 64)
			return strconv.FormatUint(s.packet(n), 10)
		})
		return span.ReplaceAllStringFunc(w, func(r string) string {
			m := span.FindStringSubmatch(r)
			x, _ := strconv.Atoi(m[1])
			y, _ := strconv.Atoi(m[2])
			return fmt.Sprintf("%d–%d", min(x, y), max(x, y))
		})
	})
}

// renumber gives the connections the numbers they had. Numbers follow the order
// in which connections begin, so they change by nature when the packets that
// begin two connections change places; all that names them changes too.
func (s swapped) renumber(want, got *understood) {
	if len(want.conns) != len(got.conns) {
		return
	}
	number := map[uint64]uint64{}
	for _, g := range got.conns {
		for _, w := range want.conns {
			if g.Ends == w.Ends && (g.First.Packet == w.First.Packet || s.packet(g.First.Packet) == w.First.Packet) {
				number[g.Number] = w.Number
			}
		}
	}
	hash := regexp.MustCompile(`#\d+`)
	for _, g := range got.conns {
		if n := number[g.Number]; n != 0 {
			g.Number = n
		}
		if g.Resumption != nil && g.Resumption.Of != 0 {
			g.Resumption.Of = number[g.Resumption.Of]
		}
		for _, p := range g.Phases() {
			p.Headline = hash.ReplaceAllStringFunc(p.Headline, func(h string) string {
				n, _ := strconv.ParseUint(h[1:], 10, 64)
				return fmt.Sprintf("#%d", number[n])
			})
			for i := range p.Steps {
				for j, text := range p.Steps[i].Says {
					p.Steps[i].Says[j] = hash.ReplaceAllStringFunc(text, func(h string) string {
						n, _ := strconv.ParseUint(h[1:], 10, 64)
						return fmt.Sprintf("#%d", number[n])
					})
				}
			}
		}
	}
	slices.SortFunc(got.conns, func(x, y *conn.Conn) int { return cmp.Compare(x.Number, y.Number) })
}

// normalise makes equal what by nature differs between a capture and the same
// with two packets swapped.
func (s swapped) normalise(want, got *conn.Conn) {
	// The first and the last packet of a flow are places in the capture, not
	// packets: whichever of the two stands there now is the first or last, and
	// the connection's times count from it.
	if s.either(want.First.Packet) && s.either(got.First.Packet) {
		got.First = want.First
	}
	if s.either(want.Last.Packet) && s.either(got.Last.Packet) {
		got.Last = want.Last
	}
	// A bare acknowledgement begins nothing, so it counts if it comes behind
	// the first packet of the connection, and not before. A copy of the last
	// packets counts if it comes before both ends are done, and not behind.
	if s.either(want.First.Packet) || s.either(want.Last.Packet) || s.either(got.Last.Packet) {
		if diff(want.Packets, got.Packets) <= 1 {
			got.Packets, got.Sent = want.Packets, want.Sent
		}
	}
	for _, c := range []*conn.Conn{want, got} {
		// Gaps and notes of the two sides come in the order in which they
		// were noticed, which is an order of packets.
		slices.SortFunc(c.Gaps, func(x, y conn.Gap) int {
			return cmp.Or(cmp.Compare(x.Side, y.Side), cmp.Compare(x.Offset, y.Offset))
		})
		slices.Sort(c.Notes)
	}
	for i := range got.Gaps {
		// After is a place too: what stands before the segment that follows
		// the hole.
		if i < len(want.Gaps) && diff(want.Gaps[i].After, got.Gaps[i].After) <= 2 {
			got.Gaps[i].After = want.Gaps[i].After
		}
	}
}

func (s swapped) either(n uint64) bool { return n == s.a || n == s.b }

func diff(a, b uint64) uint64 { return max(a, b) - min(a, b) }
