package dissect_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/report"
	"github.com/tlslens/tlslens/report/text"
)

// FuzzSegments plays a conversation over TCP in segments of any size, of which a
// script loses, repeats, swaps and damages some. The first byte of the script is
// the size, the second what else is held: see examine.
func FuzzSegments(f *testing.F) {
	for _, t := range talks(f) {
		if t.udp {
			continue
		}
		b := pack(t.turns)
		for _, script := range []string{"\x00\x00", "\x11\x05", "\x11\x03", "\xff\x03", "\x00\x81\x00\x04\x00\x00", "\x00\xc2\x01\x05\x00\x09\x02\x07\x00\x08"} {
			f.Add(b, []byte(script), t.keys)
		}
	}
	for _, b := range [][]byte{bytes.Repeat([]byte("{}"), 20<<10), bytes.Repeat([]byte{23, 3, 3, 0x30, 0}, 8<<10), bytes.Repeat([]byte("EHLO"), 10<<10)} {
		for _, script := range []string{"\x01\x80", "\x01\x80\x00\x00\x00\x00\x00\x00\x00\x00"} { // byte by byte, with a beginning and without
			f.Add(pack([]turn{{bytes: b}}), []byte(script), []byte(nil))
		}
	}
	e := newExaminer(f)
	f.Fuzz(func(t *testing.T, talk, script, log []byte) {
		var head [2]byte
		copy(head[:], script)
		steps := script[min(2, len(script)):]
		turns := turnsOf(talk)
		from := [2]uint32{1000, 0xffffff00} // one wraps
		packets := packetsOf(change(segmented(turns, head[0], from), steps), false)
		e.examine(t, packets, log, head[1])
		if head[1]%16 == 3 && len(steps) < 4 {
			other := packetsOf(segmented(turns, head[0]^0x35, from), false)
			e.compare(t, packets, other, log)
		}
	})
}

// FuzzDatagrams plays a conversation over UDP, of which a script loses, repeats,
// swaps and damages some.
func FuzzDatagrams(f *testing.F) {
	for _, t := range talks(f) {
		if !t.udp {
			continue
		}
		b := pack(t.turns)
		for _, script := range []string{"\x00\x00", "\x00\x03", "\x00\x81\x00\x04\x00\x00", "\x00\xc2\x01\x05\x00\x09\x02\x07\x00\x08", "\x00\x05\x0e\x08\x30\x39"} {
			f.Add(b, []byte(script), t.keys)
		}
	}
	for _, t := range talks(f) { // the same hellos in QUIC
		if t.udp || len(t.turns) < 2 || t.turns[0].side == t.turns[1].side || !strings.HasPrefix(t.name, "tls13") {
			continue
		}
		b := pack([]turn{sealedHello(t.turns[0]), sealedHello(t.turns[1])})
		f.Add(b, []byte{0, 0}, []byte(nil))
	}
	e := newExaminer(f)
	f.Fuzz(func(t *testing.T, talk, script, log []byte) {
		var head [2]byte
		copy(head[:], script)
		packets := packetsOf(change(sealed(turnsOf(talk)), script[min(2, len(script)):]), true)
		e.examine(t, packets, log, head[1])
	})
}

// sealedHello is a record with a handshake message as a CRYPTO frame.
func sealedHello(t turn) turn {
	b := t.bytes[min(5, len(t.bytes)):]
	b = b[:min(len(b), 1200)]
	return turn{side: t.side, seal: true, bytes: append([]byte{6, 0, 0x40 | byte(len(b)>>8), byte(len(b))}, b...)}
}

// What an input of at most mostTalk bytes may cost.
const (
	mostAllocated = 64 << 20
	mostTime      = time.Second
)

// An examiner runs packets through everything up to the reports.
type examiner struct {
	roots *pki.Store
	out   bytes.Buffer
}

func newExaminer(tb testing.TB) *examiner {
	roots, err := pki.LoadPEM(pcaps + "/pki/root.pem")
	if err != nil {
		tb.Fatal(err)
	}
	return &examiner{roots: roots}
}

// examine holds that packets are understood in bounded time and memory, that
// what is reported is counted right and is JSON. The lower bits of how say what
// else: that it is the same twice, with checks, in tables, and without keys; the
// upper ones how much is looked at.
func (e *examiner) examine(t *testing.T, packets []capture.Packet, log []byte, how byte) {
	t.Helper()
	before, began := allocated(), time.Now()
	opt := dissect.Options{Verify: dissect.VerifyNone, Limits: flow.Limits{Flows: 16, PendingBytes: 16 << 10, TotalBytes: 64 << 10, Idle: time.Minute, HandshakeSize: 32 << 10}}
	if how&0x80 != 0 {
		opt.Limits = flow.Limits{}
	}
	if how&0x40 != 0 {
		opt.Detail = conn.Fields
	}
	format, width := "jsonl", 0
	switch how % 16 {
	case 1:
		opt.Verify = dissect.VerifyAll
	case 2:
		format, width, opt.Phases = "table", 100, true
	}
	closed := e.run(t, packets, log, opt, format, width)
	if took := time.Since(began); took > mostTime {
		again := time.Now() // the machine may have been busy
		e.run(t, packets, log, opt, format, width)
		if took = min(took, time.Since(again)); took > mostTime {
			t.Errorf("%d packets took %v", len(packets), took)
		}
	}
	if n := allocated() - before; n > mostAllocated {
		t.Errorf("%d packets allocated %d bytes", len(packets), n)
	}
	switch how % 16 {
	case 2:
		for l := range strings.Lines(e.out.String()) {
			if n := text.Width(strings.TrimRight(l, "\n")); n > width {
				t.Errorf("%d columns: %q", n, l)
			}
		}
		return
	case 4:
		if n := e.run(t, packets, nil, opt, format, width); n != closed && len(log) > 0 {
			t.Errorf("%d connections without keys, %d with them", n, closed)
		}
	case 5:
		first := e.out.String()
		e.run(t, packets, log, opt, format, width)
		if d := cmp.Diff(first, e.out.String()); d != "" {
			t.Errorf("the same packets say something else (-first +second):\n%s", d)
		}
	}
	for l := range bytes.Lines(e.out.Bytes()) {
		if !json.Valid(l) {
			t.Errorf("no JSON: %q", l)
		}
	}
}

// run reports packets and returns how many connections there were.
func (e *examiner) run(t *testing.T, packets []capture.Packet, log []byte, opt dissect.Options, format string, width int) (closed int) {
	t.Helper()
	if len(log) > 0 {
		known := keys.NewLog()
		known.Add(log[:min(len(log), 8<<10)], "the test")
		opt.Keys = keys.NewProvider(known)
	}
	var st dissect.Stats
	opt.Stats, opt.Workers, opt.Roots = &st, 1, e.roots
	e.out.Reset()
	w := writerOf(t, format, &e.out, report.Style{Width: width, Verbose: 2})
	for ev, err := range dissect.Events(t.Context(), &script{packets: packets}, opt) {
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := ev.(dissect.Closed); ok {
			if closed++; c.Conn.Number != uint64(closed) {
				t.Errorf("connection %d comes as number %d", c.Conn.Number, closed)
			}
		}
		if err := w.Write(ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(&st); err != nil {
		t.Fatal(err)
	}
	checkStats(t, &st, closed)
	return closed
}

var digits = regexp.MustCompile(`[0-9]+`)

// compare holds that two captures of the same bytes say the same, as far as it is
// not the end of a segment that tells where TLS is: TLS that nobody agreed on is
// found where a segment begins with it, and records behind what is none where a
// segment ends with one; and beginnings of a hello are believed in as far as they
// go.
func (e *examiner) compare(t *testing.T, a, b []capture.Packet, log []byte) {
	t.Helper()
	opt := dissect.Options{Verify: dissect.VerifyNone}
	n := e.run(t, a, log, opt, "jsonl", 0)
	want := digits.ReplaceAllString(e.out.String(), "0")
	m := e.run(t, b, log, opt, "jsonl", 0)
	got := digits.ReplaceAllString(e.out.String(), "0")
	if lost := "is no record header"; strings.Contains(want, lost) || strings.Contains(got, lost) {
		return
	}
	hellos := strings.Count(want, `"offered":`) == n && strings.Count(got, `"offered":`) == m
	if first := a[min(3, len(a)-1)].Data; !hellos || n != m && (len(first) <= 40 || first[40] != byte(tls.ContentHandshake)) {
		return
	}
	if d := cmp.Diff(strings.Split(want, ","), strings.Split(got, ",")); d != "" {
		t.Errorf("in other segments (-one +other):\n%s", d)
	}
}

// allocated returns how many bytes the process has allocated so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
