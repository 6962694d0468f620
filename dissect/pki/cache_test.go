package pki

import (
	"fmt"
	"testing"
)

func TestCacheIsBounded(t *testing.T) {
	const budget = 256 << 10
	c := NewCache(budget)
	for i := range 1000 {
		c.Parse([]byte(fmt.Sprintf("junk %d", i)))
	}
	var weight int64
	for _, m := range []map[[32]byte]*Certificate{c.g.young, c.g.old} {
		for _, cert := range m {
			weight += weighCertificate(cert)
		}
	}
	if weight > budget || weight < budget/4 {
		t.Errorf("holds %d of %d bytes", weight, budget)
	}
}

func TestCacheReturnsTheSame(t *testing.T) {
	w := newWorld(t)
	c := NewCache(1 << 20)
	first := c.Parse(w.leaf.cert.Raw)
	if c.Parse(w.leaf.cert.Raw) != first {
		t.Error("parsed twice")
	}
	if c.Parse(w.mid.cert.Raw) == first {
		t.Error("one for another")
	}
	none := NewCache(0)
	if again := none.Parse(w.leaf.cert.Raw); again == none.Parse(w.leaf.cert.Raw) {
		t.Error("a cache of no bytes caches")
	}
	if n := testing.AllocsPerRun(100, func() { c.Parse(w.leaf.cert.Raw) }); n != 0 {
		t.Errorf("%v allocations for a hit", n)
	}
}

// TestCacheKeepsWhatIsUsed holds that an entry in use survives the change of
// generations.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	var g generations[int, int]
	g.limit = 10
	g.put(0, 42, 1)
	for i := 1; i < 1000; i++ {
		g.put(i, i, 1)
		if v, ok := g.get(0, one[int]); !ok || v != 42 {
			t.Fatalf("forgotten after %d", i)
		}
	}
	if len(g.young)+len(g.old) > 20 {
		t.Errorf("%d entries", len(g.young)+len(g.old))
	}
	if _, ok := g.get(1, one[int]); ok {
		t.Error("nothing is ever forgotten")
	}
}

func BenchmarkCacheHit(b *testing.B) {
	w := newWorld(b)
	c := NewCache(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		c.Parse(w.leaf.cert.Raw)
	}
}
