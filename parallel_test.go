package tlslens_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/report"
)

// spread returns the packets of all captures as several sources hold them, whole
// captures each, numbered over all.
func spread(t *testing.T, shares int) [][]capture.Packet {
	all := make([][]capture.Packet, shares)
	names, number := captureNames(t), uint64(0)
	for i, name := range sortedKeys(names) {
		packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
		for j := range packets {
			number++
			packets[j].Number = number
		}
		all[i%shares] = append(all[i%shares], packets...)
	}
	return all
}

// allKeys returns what opens the captures.
func allKeys(t *testing.T) *keys.Provider {
	log := keys.NewLog()
	for _, name := range sortedKeys(captureNames(t)) {
		log.Add(logOf(t, name), name+".keys")
	}
	return keys.NewProvider(log)
}

// whichNumber are the places of a connection's JSON that depend on the order in
// which connections are found, in the last of them on what else the key log held.
var whichNumber = regexp.MustCompile(`"(number|of|connection)":\d+|#\d+|no line for this client random,[^"]*`)

// TestParallel holds that several pipelines beside each other say of each
// connection what one says of it, and count the same.
func TestParallel(t *testing.T) {
	for _, tt := range []struct {
		name   string
		opened bool
		phases bool
	}{{"sealed", false, false}, {"opened", true, false}, {"phases", false, true}} {
		t.Run(tt.name, func(t *testing.T) {
			shares := spread(t, 3)
			options := func() dissect.Options {
				o := dissect.Options{Roots: testRoots(t), Phases: tt.phases, Stats: new(dissect.Stats)}
				if tt.opened {
					o.Keys = allKeys(t)
				}
				return o
			}
			var want, got []string
			var sources []dissect.Share
			sum := dissect.Stats{}
			for _, packets := range shares {
				o := options()
				want = append(want, lines(t, dissect.Events(context.Background(), &memory{packets: packets}, o))...)
				sum.Packets += o.Stats.Packets
				sum.Connections += o.Stats.Connections
				sum.TCPFlows += o.Stats.TCPFlows
				sum.MissingBytes += o.Stats.MissingBytes
				sources = append(sources, dissect.Share{Source: &memory{packets: packets}})
			}
			o := options()
			got = lines(t, dissect.Parallel(context.Background(), sources, o))
			slices.Sort(want)
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" || len(got) < 250 {
				t.Errorf("%d connections (-one +several):\n%.3000s", len(got), d)
			}
			s := dissect.Stats{Packets: o.Stats.Packets, Connections: o.Stats.Connections, TCPFlows: o.Stats.TCPFlows, MissingBytes: o.Stats.MissingBytes}
			if d := cmp.Diff(sum, s); d != "" {
				t.Errorf("sums (-one +several):\n%s", d)
			}
			outcomes := uint64(0)
			for _, n := range o.Stats.Outcomes {
				outcomes += n.Count
			}
			if outcomes != s.Connections {
				t.Errorf("%d outcomes of %d connections", outcomes, s.Connections)
			}
		})
	}
}

// lines returns the connections as JSON without their numbers, and holds that
// each number is given once and each connection begins before it ends.
func lines(t *testing.T, events func(func(dissect.Event, error) bool)) (all []string) {
	var b bytes.Buffer
	w := newWriter(t, "jsonl", &b, report.Style{})
	seen, begun := map[uint64]bool{}, map[*conn.Conn]bool{}
	for e, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		switch e := e.(type) {
		case dissect.Opened:
			begun[e.Conn] = true
		case dissect.PhaseEnded:
			if !begun[e.Conn] {
				t.Errorf("#%d: a phase of no connection ended", e.Conn.Number)
			}
		case dissect.Closed:
			if seen[e.Conn.Number] || len(begun) > 0 && !begun[e.Conn] {
				t.Errorf("#%d ends twice, or before it began", e.Conn.Number)
			}
			seen[e.Conn.Number] = true
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for line := range strings.Lines(b.String()) {
		if !strings.Contains(line, `"offered"`) {
			continue // which lines of a key log are tried without a ClientHello depends on those that were found before
		}
		all = append(all, whichNumber.ReplaceAllString(line, ""))
	}
	return all
}

// TestParallelBreak holds that pipelines end when nobody wants more.
func TestParallelBreak(t *testing.T) {
	var sources []dissect.Share
	for _, packets := range spread(t, 3) {
		sources = append(sources, dissect.Share{Source: &memory{packets: packets}})
	}
	n := 0
	for range dissect.Parallel(context.Background(), sources, dissect.Options{Roots: testRoots(t)}) {
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Error(n)
	}
}

// A broken source gives packets and then an error.
type broken struct {
	memory
	err error
}

func (b *broken) Next(p *capture.Packet) error {
	if b.next == len(b.packets) {
		return b.err
	}
	return b.memory.Next(p)
}

// An endless source is idle for ever.
type endless struct{ memory }

func (e *endless) Next(p *capture.Packet) error {
	if e.next < len(e.packets) {
		return e.memory.Next(p)
	}
	time.Sleep(time.Millisecond)
	*p = capture.Packet{Time: e.packets[len(e.packets)-1].Time}
	return capture.ErrIdle
}

// TestParallelError holds that the error of one source ends the others, whose
// connections are still told, and comes last; and that the context's does.
func TestParallelError(t *testing.T) {
	shares := spread(t, 2)
	wrong := errors.New("the disk is gone")
	for _, tt := range []struct {
		name        string
		first       capture.Source
		cancel      bool
		want        error
		interrupted bool
	}{
		{"source", &broken{memory{packets: shares[0]}, wrong}, false, wrong, false},
		{"context", &endless{memory{packets: shares[0]}}, true, context.Canceled, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if tt.cancel {
				time.AfterFunc(500*time.Millisecond, cancel)
			}
			second := &endless{memory{packets: shares[1]}}
			var st dissect.Stats
			var last error
			closed := uint64(0)
			for e, err := range dissect.Parallel(ctx, []dissect.Share{{Source: tt.first}, {Source: second}}, dissect.Options{Stats: &st, Roots: testRoots(t)}) {
				if last != nil {
					t.Errorf("%v after the error", e)
				}
				if _, ok := e.(dissect.Closed); ok {
					closed++
				}
				last = err
			}
			if !errors.Is(last, tt.want) || errors.Is(last, context.Canceled) != tt.cancel || st.Interrupted != tt.interrupted || closed != st.Connections || closed < 100 {
				t.Errorf("%v, interrupted %v, %d of %d connections", last, st.Interrupted, closed, st.Connections)
			}
		})
	}
}
