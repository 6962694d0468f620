package flow

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMakeKey(t *testing.T) {
	tests := []struct {
		name     string
		src, dst string
		zone     uint32
		swapped  bool
		a, b     string
		text     string
	}{
		{"IPv4", "192.0.2.1:443", "192.0.2.2:40000", 0, false, "192.0.2.1:443", "192.0.2.2:40000", "tcp 192.0.2.1:443 192.0.2.2:40000"},
		{"IPv4 back", "192.0.2.2:40000", "192.0.2.1:443", 0, true, "192.0.2.1:443", "192.0.2.2:40000", "tcp 192.0.2.1:443 192.0.2.2:40000"},
		{"same address", "192.0.2.1:9", "192.0.2.1:8", 0, true, "192.0.2.1:8", "192.0.2.1:9", "tcp 192.0.2.1:8 192.0.2.1:9"},
		{"LAND", "192.0.2.1:8", "192.0.2.1:8", 0, false, "192.0.2.1:8", "192.0.2.1:8", "tcp 192.0.2.1:8 192.0.2.1:8"},
		{"IPv6", "[2001:db8::2]:1", "[2001:db8::1]:2", 10, true, "[2001:db8::1]:2", "[2001:db8::2]:1", "tcp [2001:db8::1]:2 [2001:db8::2]:1 zone 10"},
		{"mapped and plain", "[::ffff:192.0.2.1]:8", "192.0.2.1:8", 0, true, "192.0.2.1:8", "[::ffff:192.0.2.1]:8", "tcp 192.0.2.1:8 [::ffff:192.0.2.1]:8"},
	}
	seen := map[Key]string{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, dst := netip.MustParseAddrPort(tt.src), netip.MustParseAddrPort(tt.dst)
			k, swapped := MakeKey(TCP, src, dst, tt.zone)
			got := []any{swapped, k.A().String(), k.B().String(), k.String(), k.Zone(), k.Proto()}
			if diff := cmp.Diff([]any{tt.swapped, tt.a, tt.b, tt.text, tt.zone, TCP}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			back, _ := MakeKey(TCP, dst, src, tt.zone)
			if back != k || back.Hash() != k.Hash() {
				t.Errorf("the way back has another key")
			}
			other, _ := MakeKey(UDP, src, dst, tt.zone)
			zone, _ := MakeKey(TCP, src, dst, tt.zone+1)
			if other == k || zone == k || other.Hash() == k.Hash() || zone.Hash() == k.Hash() {
				t.Errorf("protocol or zone not in the key")
			}
			if was, ok := seen[k]; ok && was != k.String() {
				t.Errorf("%v equals %v", k, was)
			}
			seen[k] = k.String()
		})
	}
}

func key(n uint32) Key {
	a := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	k, _ := MakeKey(TCP, netip.AddrPortFrom(a, 40000), netip.MustParseAddrPort("192.0.2.1:443"), 0)
	return k
}

// TestHashSpreads counts keys per shard: addresses that differ in few bits must
// not pile up.
func TestHashSpreads(t *testing.T) {
	var n [8]int
	for i := range uint32(80000) {
		n[key(i).Hash()%8]++
	}
	for i, got := range n {
		if got < 9500 || got > 10500 {
			t.Errorf("shard %d: %d of 80000", i, got)
		}
	}
}

func TestClock(t *testing.T) {
	const h = 3600
	tests := []struct {
		name string
		at   []int64 // seconds
		want []int64 // seconds since the first
	}{
		{"steady", []int64{5000, 5001, 5010}, []int64{0, 1, 10}},
		{"two interfaces apart", []int64{5000, 4990, 5001, 4991}, []int64{0, 0, 1, 1}},
		{"one packet far ahead", []int64{5000, 5000 + 1000*h, 5001, 5002}, []int64{0, 0, 1, 2}},
		{"two packets far ahead", []int64{5000, 5000 + 1000*h, 5001 + 1000*h, 5002}, []int64{0, 0, 0, 2}},
		{"one packet far back", []int64{5000, 0, 5001}, []int64{0, 0, 1}},
		{"silence", []int64{5000, 5000 + h, 5001 + h, 5002 + h, 5003 + h}, []int64{0, 0, 0, h + 2, h + 3}},
		{"sparse", []int64{5000, 5000 + h, 5000 + 2*h, 5000 + 3*h, 5000 + 4*h}, []int64{0, 0, 0, 3 * h, 3 * h}},
		{"set back", []int64{90000, 50000, 50001, 50002, 50003, 50010}, []int64{0, 0, 0, 0, 1, 8}},
		{"back by an hour each time", []int64{90000, 90000 - h, 90000 - 2*h, 90000 - 3*h, 90000 - 4*h}, []int64{0, 0, 0, 0, 0}},
		{"ahead, back, ahead", []int64{90000, 90000 + h, 90000 - h, 90000 + 2*h, 90001}, []int64{0, 0, 0, 0, 1}},
		{"year 3000", []int64{5000, 32503680000, 5001}, []int64{0, 0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c clock
			var got []int64
			for _, s := range tt.at {
				got = append(got, (c.tick(time.Unix(s, 0))-tt.at[0]*1e9)/1e9)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestTableModel compares a table with a map and a list under random use.
func TestTableModel(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		type flow struct {
			key   Key
			state State
			at    int64
		}
		var model []flow // oldest first
		find := func(k Key) int {
			for i := range model {
				if model[i].key == k {
					return i
				}
			}
			return -1
		}
		remove := func(i int) { model = append(model[:i:i], model[i+1:]...) }
		idle := map[State]int64{HalfOpen: 60, Open: 300, Closing: 10}
		var evicted []Key
		tab := NewTable(Limits{Flows: 50, Idle: 300 * time.Second}, func(k Key, v *uint32, why Reason) {
			evicted = append(evicted, k)
			if key(*v) != k {
				t.Fatalf("evicted %v with the value of another", k)
			}
			i := find(k)
			if i < 0 {
				t.Fatalf("evicted %v, which is not there", k)
			}
			if why == Full && len(model) != 50 {
				t.Fatalf("full with %d flows", len(model))
			}
			remove(i)
		})
		now := int64(1000)
		for range 5000 {
			now += rnd.Int64N(3)
			var due []Key
			for _, f := range model {
				if len(due) < expirePerPacket && now-f.at > idle[f.state] {
					due = append(due, f.key)
				}
			}
			evicted = nil
			tab.Tick(time.Unix(now, 0))
			if diff := cmp.Diff(due, evicted, cmp.Comparer(func(a, b Key) bool { return a == b })); diff != "" {
				t.Fatalf("expired (-want +got):\n%s", diff)
			}
			n := rnd.Uint32N(80)
			k := key(n)
			id := tab.Lookup(k)
			i := find(k)
			if (id != 0) != (i >= 0) {
				t.Fatalf("lookup of %v: %d, model %d", k, id, i)
			}
			switch {
			case id == 0:
				id = tab.Insert(k)
				if *tab.Value(id) != 0 {
					t.Fatal("a new flow has an old value")
				}
				*tab.Value(id) = n
				model = append(model, flow{k, HalfOpen, now})
			case rnd.IntN(10) == 0:
				tab.Delete(id)
				remove(i)
			default:
				s := State(rnd.IntN(int(states)))
				tab.Touch(id, s)
				remove(i)
				model = append(model, flow{k, s, now})
			}
			var order []Key
			for id := range tab.All() {
				order = append(order, tab.Key(id))
			}
			if len(order) != len(model) || tab.Len() != len(model) {
				t.Fatalf("%d flows, %d listed, want %d", tab.Len(), len(order), len(model))
			}
			for i := range order {
				if order[i] != model[i].key {
					t.Fatalf("order differs at %d", i)
				}
			}
		}
	}
}

func TestTableFull(t *testing.T) {
	var out []Key
	tab := NewTable(Limits{Flows: 4}, func(k Key, _ *int, why Reason) {
		if why != Full {
			t.Errorf("reason %d", why)
		}
		out = append(out, k)
	})
	for i := range uint32(4) {
		tab.Tick(time.Unix(1, 0))
		if id := tab.Insert(key(i)); i < 1 {
			tab.Touch(id, Open)
		}
	}
	tab.Insert(key(9)) // the oldest is open, but most are half-open
	tab.Touch(tab.Lookup(key(2)), Open)
	tab.Touch(tab.Lookup(key(3)), Open)
	tab.Insert(key(10)) // now the longest idle of all goes
	want := []string{key(1).String(), key(0).String()}
	var got []string
	for _, k := range out {
		got = append(got, k.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("evicted (-want +got):\n%s", diff)
	}
	if tab.Count(Open) != 2 || tab.Count(HalfOpen) != 2 {
		t.Errorf("%d open, %d half-open", tab.Count(Open), tab.Count(HalfOpen))
	}
}

// TestTableShed holds which flows go first: closed ones before those that go
// on, half-open ones while they are most.
func TestTableShed(t *testing.T) {
	var out []string
	tab := NewTable(Limits{}, func(k Key, _ *int, why Reason) { out = append(out, k.String()) })
	for i, s := range []State{Open, Closing, Open, Closing, HalfOpen} {
		tab.Tick(time.Unix(1, 0))
		tab.Touch(tab.Insert(key(uint32(i))), s)
	}
	tab.Shed(4)
	tab.Shed(9)
	var want []string
	for _, i := range []uint32{1, 3, 0, 2, 4} {
		want = append(want, key(i).String())
	}
	if d := cmp.Diff(want, out); d != "" || tab.Len() != 0 {
		t.Errorf("%d left, evicted (-want +got):\n%s", tab.Len(), d)
	}
}

func TestTableDeleteInAll(t *testing.T) {
	tab := NewTable[int](Limits{}, nil)
	for i := range uint32(1000) {
		tab.Touch(tab.Insert(key(i)), State(i%3))
	}
	n := 0
	for id := range tab.All() {
		tab.Delete(id)
		tab.Delete(id) // twice does nothing
		n++
	}
	if n != 1000 || tab.Len() != 0 {
		t.Errorf("%d yielded, %d left", n, tab.Len())
	}
}

func TestTableAllocations(t *testing.T) {
	tab := NewTable[int](Limits{Flows: 1000}, nil)
	n := uint32(0)
	step := func() {
		n++
		tab.Tick(time.Unix(int64(n), 0))
		k := key(n % 5000)
		id := tab.Lookup(k)
		if id == 0 {
			id = tab.Insert(k)
		}
		tab.Touch(id, Open)
	}
	for range 5000 {
		step()
	}
	if a := testing.AllocsPerRun(5000, step); a != 0 {
		t.Errorf("%v allocations a packet", a)
	}
}

func TestLimits(t *testing.T) {
	if diff := cmp.Diff(DefaultLimits(), Limits{Flows: -1}.WithDefaults()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	own := Limits{1, 2, 3, 4, 5}
	if diff := cmp.Diff(own, own.WithDefaults()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSide(t *testing.T) {
	if Client.Other() != Server || Server.Other() != Client || Client.String() != "client" || Server.String() != "server" {
		t.Error("sides are mixed up")
	}
	if (Mark{}).Seen() || !(Mark{Packet: 1}).Seen() {
		t.Error("marks are mixed up")
	}
}

func FuzzClock(f *testing.F) {
	f.Add(int64(5000), int64(3600), int64(-7200), int64(1))
	f.Add(int64(0), int64(1)<<62, int64(-1)<<62, int64(1)<<40)
	f.Fuzz(func(t *testing.T, start, a, b, c int64) {
		var k clock
		last := k.tick(time.Unix(start, 0))
		for _, d := range []int64{a, b, c, a, a + 1, a + 2, b, b, b} {
			got := k.tick(time.Unix(d, 0))
			if got < last {
				t.Fatalf("the clock ran backwards by %d", last-got)
			}
			last = got
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	tab := NewTable[int](Limits{}, nil)
	keys := make([]Key, 1<<14)
	for i := range keys {
		keys[i] = key(uint32(i))
		tab.Insert(keys[i])
	}
	at := time.Unix(1, 0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tab.Tick(at)
		tab.Touch(tab.Lookup(keys[i%len(keys)]), Open)
	}
}

// TestTableWakesUp holds that a flow that begins after a long silence does not
// fall to the clock that follows it two packets later, while the older ones do.
func TestTableWakesUp(t *testing.T) {
	var out []string
	tab := NewTable(Limits{}, func(k Key, _ *int, _ Reason) { out = append(out, k.String()) })
	tab.Tick(time.Unix(1000, 0))
	old := tab.Insert(key(1))
	tab.Tick(time.Unix(1001, 0))
	tab.Touch(old, HalfOpen)
	for i := range uint32(3) { // three attempts at once, half a day later
		tab.Tick(time.Unix(44200, int64(i)))
		tab.Insert(key(2 + i))
	}
	for range 8 {
		tab.Tick(time.Unix(44201, 0))
	}
	if diff := cmp.Diff([]string{key(1).String()}, out); diff != "" {
		t.Errorf("evicted (-want +got):\n%s", diff)
	}
}
