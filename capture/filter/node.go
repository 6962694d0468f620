package filter

// Jump codes of classic BPF (bpf(4)); the source is a constant unless srcX.
const (
	jeq  uint16 = 0x10
	jgt  uint16 = 0x20
	jge  uint16 = 0x30
	jset uint16 = 0x40
)

type valueKind uint8

const (
	vExpr    valueKind = iota // the result of an arithmetic expression
	vAbs                      // bytes at off
	vVar                      // bytes at off + the run-time length of the VLAN tag
	vTran                     // bytes at off + the length of the IPv4 header at base
	vTranVar                  // vTran, everything behind the run-time VLAN tag
	vLen                      // the length of the packet on the wire
)

// value is something that a test compares: two equal values other than vExpr
// are the same number for a given packet.
type value struct {
	kind valueKind
	size uint8 // 1, 2 or 4
	off  uint32
	base uint32
	mask uint32 // all ones for none
}

const noMask = 0xffffffff

// test compares a value with the constant k or, for vExpr, lhs with k or rhs.
type test struct {
	v        value
	op       uint16
	k        uint32
	lhs, rhs *arith // rhs nil: k
	// setVar marks the place where the length of the VLAN tag is known: the
	// tag is in the packet, so offsets behind it grow by 4.
	setVar bool
}

type nodeKind uint8

const (
	nLeaf nodeKind = iota
	nAnd
	nOr
	nNot
	nTrue
	nFalse
)

// node is a condition on the packet. The left side is tested first, which
// matters: a test beyond the end of the packet ends the program with no match.
type node struct {
	kind nodeKind
	l, r *node
	t    test
}

func leaf(v value, op uint16, k uint32) *node {
	return &node{kind: nLeaf, t: test{v: v, op: op, k: k}}
}

// and, or and not copy their operands' pointers: a node has one parent.
func and(l, r *node) *node { return &node{kind: nAnd, l: l, r: r} }
func or(l, r *node) *node  { return &node{kind: nOr, l: l, r: r} }
func not(n *node) *node    { return &node{kind: nNot, l: n} }

func constNode(b bool) *node {
	if b {
		return &node{kind: nTrue}
	}
	return &node{kind: nFalse}
}

// evalJump says how a comparison of known numbers goes.
func evalJump(op uint16, a, k uint32) bool {
	switch op {
	case jeq:
		return a == k
	case jgt:
		return a > k
	case jge:
		return a >= k
	}
	return a&k != 0
}
