package table

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report/text"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// writer is what New and NewList have in common.
type writer interface {
	Write(dissect.Event) error
	Close(*dissect.Stats) error
}

// A kind is one of the ways in which this package shows connections.
type kind int

const (
	tables kind = iota
	list
	live
)

// render returns the output for some connections.
func render(t *testing.T, k kind, s text.Style, st *dissect.Stats, cs ...*conn.Conn) string {
	t.Helper()
	var b bytes.Buffer
	w := [...]writer{New(&b, s), NewList(&b, s), NewLive(&b, s)}[k]
	for _, c := range cs {
		events := []dissect.Event{dissect.Opened{Conn: c}}
		for _, p := range c.Phases() {
			events = append(events, dissect.PhaseEnded{Conn: c, Phase: p})
		}
		for _, e := range append(events, dissect.Closed{Conn: c}) {
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(st); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func dayStats() *dissect.Stats {
	return &dissect.Stats{Packets: 154, Connections: 10, HalfOpen: 2, MissingBytes: 1460, Truncated: true,
		Undecoded: []dissect.Count{{Name: "IPv4 header cut short", Count: 3}}, OtherTraffic: []dissect.Count{{Name: "ssh", Count: 2}, {Name: "http", Count: 1}},
		Dropped: []dissect.Dropped{{Reason: "kernel", Count: 4, Unit: "packets"}}}
}

// detailed is a connection for the verbose report.
func detailed() *conn.Conn {
	c := hostile()
	c.Outcome, c.Findings, c.Notes, c.Gaps = conn.Established, nil, nil, nil
	return c
}

func TestGolden(t *testing.T) {
	single := func(c func() *conn.Conn) func() []*conn.Conn { return func() []*conn.Conn { return []*conn.Conn{c()} } }
	tests := []struct {
		name  string
		conns func() []*conn.Conn
		kind  kind
		stats *dissect.Stats
		style text.Style
	}{
		{name: "rsa12", conns: single(rsa12)},
		{name: "ecdhe12", conns: single(ecdhe12)},
		{name: "tls13", conns: single(tls13)},
		{name: "tls13keys", conns: single(tls13keys)},
		{name: "resume13", conns: single(resume13)},
		{name: "failed", conns: single(refused)},
		{name: "summary", conns: day, kind: list, stats: &dissect.Stats{Packets: 154}},
		{name: "day", conns: func() []*conn.Conn { return day()[:2] }, stats: dayStats()},
		{name: "live", conns: day, kind: live, stats: dayStats()},
		{name: "live-utc", conns: day, kind: live, style: text.Style{Zone: time.UTC}},
		{name: "nothing", conns: func() []*conn.Conn { return nil }, stats: &dissect.Stats{Packets: 3}},
		{name: "hostile", conns: single(hostile)},
		{name: "ascii", conns: func() []*conn.Conn { return []*conn.Conn{tls13(), refused()} }, style: text.Style{ASCII: true}},
		{name: "ascii-summary", conns: day, kind: list, style: text.Style{ASCII: true}},
		{name: "color", conns: func() []*conn.Conn { return []*conn.Conn{rsa12(), refused()} }, style: text.Style{Color: true}},
		{name: "utc", conns: single(tls13), style: text.Style{Zone: time.UTC}},
		{name: "quiet", conns: day, style: text.Style{Quiet: true}},
		{name: "verbose", conns: single(detailed), style: text.Style{Verbose: 1}},
		{name: "fields", conns: single(detailed), style: text.Style{Verbose: 2}},
		{name: "hex", conns: single(detailed), style: text.Style{Verbose: 2, Hex: true}},
	}
	want := map[string]bool{}
	for _, tt := range tests {
		for _, width := range []int{80, 120} {
			file := filepath.Join("testdata", fmt.Sprintf("%s-%d.txt", tt.name, width))
			want[file] = true
			t.Run(filepath.Base(file), func(t *testing.T) {
				tt.style.Width = width
				got := render(t, tt.kind, tt.style, tt.stats, tt.conns()...)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				golden, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(string(golden), got); d != "" {
					t.Errorf("-golden +got:\n%s", d)
				}
			})
		}
	}
	orphans(t, want)
}

// orphans reports golden files that no test compares with.
func orphans(t *testing.T, want map[string]bool) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !want[f] {
			t.Errorf("%s belongs to no test", f)
		}
	}
}

// TestWidth holds that no line is wider than the style allows and that nothing
// but printable characters, line feeds and our own colours comes out.
func TestWidth(t *testing.T) {
	cs := []*conn.Conn{rsa12(), refused(), hostile(), detailed()}
	long := tls13()
	long.Number, long.First.Packet = 123456789, 1<<60
	for i := range long.KeyExchange.Steps {
		long.KeyExchange.Steps[i].At.Packet += 1 << 60
		long.KeyExchange.Steps[i].At.Time = began.Add(1000 * time.Hour)
		long.KeyExchange.Steps[i].Bytes = 1 << 24
	}
	cs = append(cs, long)
	for width := 44; width <= 200; width++ {
		for _, s := range []text.Style{{}, {ASCII: true, Verbose: 2, Hex: true}, {Color: true, Verbose: 2, Zone: time.UTC}, {Quiet: true}} {
			if s.Verbose == 2 && width%20 != 0 {
				continue // they are long
			}
			for k := tables; k <= live; k++ {
				s.Width = width
				checkLines(t, s, render(t, k, s, dayStats(), cs...))
			}
		}
	}
}

func checkLines(t *testing.T, s text.Style, out string) {
	t.Helper()
	for _, l := range strings.Split(out, "\n") {
		if w := shown(l); w > s.Width {
			t.Errorf("width %d, %+v: %d columns in %q", s.Width, s, w, l)
			return
		}
		if !s.Color && strings.Contains(l, "\x1b") {
			t.Errorf("colour in %q", l)
			return
		}
		for _, r := range strings.ReplaceAll(l, "\x1b[", "") {
			if r < ' ' || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Cf) || r == utf8.RuneError || s.ASCII && r > '~' {
				t.Errorf("%U in %q", r, l)
				return
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("\x1b]0;x\a \u202e\u2066 e\u0301\u0301\u0301\u0301\u0301\u0301 \xff\n", 60)
	f.Add("例え 例え", 41)
	f.Add("", 100)
	f.Add(strings.Repeat("x", 2000), 80)
	f.Fuzz(func(t *testing.T, evil string, width int) {
		s := text.Style{Width: 44 + int(uint(width)%160), Verbose: width & 1, ASCII: width&2 != 0}
		for k := tables; k <= live; k++ {
			checkLines(t, s, render(t, k, s, nil, hostileWith(evil)))
		}
	})
}

// TestColorIsOnlyColor holds that colours change nothing else.
func TestColorIsOnlyColor(t *testing.T) {
	cs := append(day(), hostile())
	for k := tables; k <= live; k++ {
		plain := render(t, k, text.Style{Width: 100}, nil, cs...)
		colored := render(t, k, text.Style{Width: 100, Color: true}, nil, cs...)
		if !strings.Contains(colored, "\x1b[") {
			t.Error("no colour")
		}
		for _, c := range []string{"0", bold, dim, red, green, yellow, cyan} {
			colored = strings.ReplaceAll(colored, "\x1b["+c+"m", "")
		}
		if d := cmp.Diff(plain, colored); d != "" {
			t.Errorf("-plain +coloured:\n%s", d)
		}
	}
}

// TestLongList holds that a list of very many connections looks as a short one
// does.
func TestLongList(t *testing.T) {
	for _, s := range []text.Style{{Width: 80}, {Width: 120, ASCII: true}, {Width: 100, Color: true}} {
		var cs []*conn.Conn
		for len(cs) < mostRows+50 {
			cs = append(cs, day()...)
		}
		short := strings.Split(render(t, list, s, nil, cs[:mostRows]...), "\n")
		long := strings.Split(render(t, list, s, nil, cs...), "\n")
		rows := 3 + mostRows/2
		if d := cmp.Diff(short[:rows], long[:rows]); d != "" {
			t.Errorf("-short +long:\n%s", d)
		}
		checkLines(t, s, strings.Join(long, "\n"))
	}
}

func TestUnlimitedWidth(t *testing.T) {
	out := render(t, tables, text.Style{}, nil, rsa12())
	for _, want := range []string{
		"#1  127.0.0.1:49160 → 127.0.0.1:14433   www.example.test   established, 1 warning\n",
		"offers TLS 1.2, 1 cipher suite, ALPN h2 http/1.1 │\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestLiveShowsDrops holds that what is given up is told at once.
func TestLiveShowsDrops(t *testing.T) {
	var b bytes.Buffer
	if err := NewLive(&b, text.Style{Width: 80}).Write(dissect.Dropped{Reason: "queue", Count: 5, Unit: "packets"}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "dropped: 5 packets (queue)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFoundIsBounded(t *testing.T) {
	var ta tally
	for i := range 1000 {
		ta.add(&conn.Conn{Number: uint64(i + 1), Findings: []conn.Finding{{ID: "a-b"}, {ID: "a-b"}}})
	}
	if got, want := ta.findings[0].numbers(3), "#1 #2 #3 and 997 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(ta.findings[0].first); n != mostNumbers {
		t.Errorf("%d numbers are kept", n)
	}
}

func BenchmarkTable(b *testing.B) {
	c := ecdhe12()
	w := New(discard{}, text.Style{Width: 100})
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Write(dissect.Closed{Conn: c})
	}
}

func BenchmarkList(b *testing.B) {
	c := ecdhe12()
	w := NewList(discard{}, text.Style{Width: 100})
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Write(dissect.Closed{Conn: c})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// TestLineOfACheckNotJudged holds that a phase that ends before its
// certificates are judged does not say how they were found.
func TestLineOfACheckNotJudged(t *testing.T) {
	c := ecdhe12()
	c.CertificateCheck.Server.Checks, c.CertificateCheck.Headline = nil, ""
	var b bytes.Buffer
	if err := NewLive(&b, text.Style{Width: 120}).Write(dissect.PhaseEnded{Conn: c, Phase: &c.CertificateCheck.Phase}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.HasSuffix(got, "✓ 1 certificate check: certificates seen\n") {
		t.Errorf("got %q", got)
	}
}

// TestFoundIsSorted holds that connections stand in the order of their numbers,
// whichever ended first.
func TestFoundIsSorted(t *testing.T) {
	var ta tally
	for _, n := range []uint64{9, 3, 40, 1} {
		ta.add(&conn.Conn{Number: n, Findings: []conn.Finding{{ID: "a-b"}}})
	}
	for n := uint64(100); n > 50; n-- {
		ta.add(&conn.Conn{Number: n, Findings: []conn.Finding{{ID: "a-b"}}})
	}
	if got, want := ta.findings[0].numbers(5), "#1 #3 #9 #40 #51 and 49 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
