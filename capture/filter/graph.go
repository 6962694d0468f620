package filter

// A graph is the expression as tests with two exits each. Blocks 0 and 1 are
// the verdicts; exits of a block lead to blocks of smaller number, so that the
// program has no backward jumps and the numbers are an order of evaluation.
type graph struct {
	blocks []block
	entry  int
}

const (
	acceptBlock = 0
	rejectBlock = 1
)

type block struct {
	t       test
	yes, no int
	reached bool
	facts   []fact
}

// fact is a comparison whose outcome is known on every way to a block.
type fact struct {
	v   value
	op  uint16
	k   uint32
	out bool
}

// maxFacts bounds what is remembered on the way to a block. Forgetting is safe:
// it only leaves a superfluous test in place.
const maxFacts = 64

func newGraph(root *node) *graph {
	g := &graph{blocks: make([]block, 2)}
	g.entry = g.add(root, acceptBlock, rejectBlock)
	return g
}

// add appends the tests of n, the last one first, and returns where they begin.
func (g *graph) add(n *node, yes, no int) int {
	switch n.kind {
	case nAnd:
		return g.add(n.l, g.add(n.r, yes, no), no)
	case nOr:
		return g.add(n.l, yes, g.add(n.r, yes, no))
	case nNot:
		return g.add(n.l, no, yes)
	case nTrue:
		return yes
	case nFalse:
		return no
	}
	g.blocks = append(g.blocks, block{t: n.t, yes: yes, no: no})
	return len(g.blocks) - 1
}

// thread lets exits skip tests whose outcome is already known there: the second
// "is it IPv4?" of "tcp port 80 and host 10.0.0.1". A skipped test can end the
// program in no other way, since what it would load has been loaded before. For
// the same reason a test whose exits lead to one place stays: it still ends the
// program for a packet that is too short. (libpcap's optimiser drops some of
// those, so that it takes a few cut packets which it refuses with -O.)
func (g *graph) thread() {
	g.blocks[g.entry].reached = true
	for i := g.entry; i > rejectBlock; i-- {
		b := &g.blocks[i]
		if !b.reached {
			continue
		}
		b.yes = g.follow(b, b.yes, true)
		b.no = g.follow(b, b.no, false)
		b.facts = nil
	}
}

// follow finds where an exit of b really leads and takes the facts there.
func (g *graph) follow(b *block, to int, out bool) int {
	facts := b.facts
	if b.t.v.kind != vExpr && len(facts) < maxFacts {
		facts = append(facts[:len(facts):len(facts)], fact{b.t.v, b.t.op, b.t.k, out})
	}
	for to > rejectBlock {
		known, outcome := decide(g.blocks[to].t, facts)
		if !known {
			break
		}
		if outcome {
			to = g.blocks[to].yes
		} else {
			to = g.blocks[to].no
		}
	}
	g.arrive(to, facts)
	return to
}

// arrive adds a way to a block: only what is known on all of them is known.
func (g *graph) arrive(to int, facts []fact) {
	b := &g.blocks[to]
	if !b.reached {
		b.reached = true
		b.facts = append([]fact(nil), facts...)
		return
	}
	kept := b.facts[:0]
	for _, f := range b.facts {
		if has(facts, f) {
			kept = append(kept, f)
		}
	}
	b.facts = kept
}

func has(facts []fact, f fact) bool {
	for _, g := range facts {
		if g == f {
			return true
		}
	}
	return false
}

// decide says whether the outcome of t follows from facts.
func decide(t test, facts []fact) (known, out bool) {
	if t.v.kind == vExpr || t.setVar {
		return false, false
	}
	for _, f := range facts {
		switch {
		case f.v != t.v:
		case f.op == jeq && f.out:
			return true, evalJump(t.op, f.k, t.k)
		case f.op == t.op && f.k == t.k:
			return true, f.out
		}
	}
	return false, false
}

func (g *graph) canAccept() bool {
	return g.blocks[acceptBlock].reached
}
