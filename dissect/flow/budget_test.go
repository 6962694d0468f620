package flow

import "testing"

func TestBudget(t *testing.T) {
	b := NewBudget(10)
	steps := []struct {
		name string
		take int
		give int
		ok   bool
		left int
	}{
		{name: "some", take: 4, ok: true, left: 6},
		{name: "too much takes nothing", take: 7, left: 6},
		{name: "all", take: 6, ok: true, left: 0},
		{name: "nothing is always there", take: 0, ok: true, left: 0},
		{name: "given back", give: 10, ok: true, left: 10},
	}
	for _, s := range steps {
		b.Give(s.give)
		if ok := b.Take(s.take); ok != s.ok || b.Left() != s.left {
			t.Errorf("%s: %v with %d left, want %v with %d", s.name, ok, b.Left(), s.ok, s.left)
		}
	}
	var none *Budget
	none.Give(1)
	if !none.Take(1<<30) || none.Left() != 0 {
		t.Error("a nil Budget bounds something")
	}
}
