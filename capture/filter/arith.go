package filter

import "math"

type arithKind uint8

const (
	arNum  arithKind = iota
	arLen            // the length of the packet on the wire
	arLoad           // proto[index:size]
	arNeg
	arBinary
)

// arith is an arithmetic expression in 32 unsigned bits.
type arith struct {
	kind arithKind
	num  uint32
	op   string // arBinary
	l, r *arith // arBinary; l alone for arNeg and as the index of arLoad

	// arLoad: where index 0 lies, which is a constant offset, or behind the
	// IPv4 header that begins there.
	start place
	tran  bool
	size  uint8

	// check is the condition under which the loads are meant: "tcp[13] = 2"
	// asks nothing of UDP. As in libpcap it is that of the left operand of a
	// sum, not of the right one.
	check *node
}

// maxIndex is the greatest constant index: beyond every packet, and far below
// the offsets that the kernel gives a meaning of their own.
const maxIndex = 1 << 24

// load is proto[index:size] (pcap-filter(7)).
func (c *compiler) load(p proto, index *arith, size uint32, tok token) (*arith, *SyntaxError) {
	if size != 1 && size != 2 && size != 4 {
		return nil, errAt(tok, "write tcp[0:1], tcp[0:2] or tcp[0:4]", "the size after ':' must be 1, 2 or 4")
	}
	a := &arith{kind: arLoad, l: index, size: uint8(size), start: c.payload}
	a.start.off += c.network
	var err *SyntaxError
	switch p {
	case pLink:
		a.start, a.check = c.linkhdr, index.check
	case pIP, pIP6, pARP, pRARP:
		if a.check, err = c.protocol(p, tok); err == nil {
			a.check = both(index.check, a.check)
		}
	case pTCP, pUDP, pSCTP, pICMP, pIGMP, pIGRP, pPIM, pVRRP, pCARP:
		a.tran = true
		a.check, err = c.loadCheck(p, index.check, tok)
	case pICMP6:
		a.start.off += 40
		if a.check, err = c.protocol(pIP6, tok); err == nil {
			a.check = and(both(index.check, a.check), eq(c.net(6, 1, noMask), 58))
		}
	default:
		return nil, errAt(tok, "", "%s has no fields that could be read", tok)
	}
	if err != nil {
		return nil, err
	}
	if index.kind == arNum && index.num > maxIndex && !a.tran {
		return nil, errAt(tok, "", "the offset %d after %s lies beyond every packet", index.num, tok)
	}
	return a, nil
}

// loadCheck: the protocol in IPv4, first fragments only.
func (c *compiler) loadCheck(p proto, index *node, tok token) (*node, *SyntaxError) {
	ip, err := c.protocol(pIP, tok)
	if err != nil {
		return nil, err
	}
	is, err := c.protocol(p, tok)
	if err != nil {
		return nil, err
	}
	return and(ip, both(index, and(is, c.firstFragment()))), nil
}

func both(l, r *node) *node {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	}
	return and(l, r)
}

func isArithOp(t token) bool { return arithPrec(t) >= 0 }

// arithPrec is the precedence of a binary operator, -1 for other tokens.
// libpcap's grammar gives '%' and '^' none, so that they take as much as they
// can on both sides: see climb.
func arithPrec(t token) int {
	if t.kind != tOp {
		return -1
	}
	switch t.text {
	case "%", "^":
		return precGreedy
	case "|":
		return 1
	case "&":
		return 2
	case "<<", ">>":
		return 3
	case "+", "-":
		return 4
	case "*", "/":
		return 5
	}
	return -1
}

const (
	precGreedy = 0
	precUnary  = 6
)

// combineArith combines two operands, in advance if both are numbers.
func combineArith(op token, l, r *arith) (*arith, *SyntaxError) {
	if r.kind == arNum {
		switch {
		case r.num == 0 && (op.text == "/" || op.text == "%"):
			return nil, errAt(op, "", "the divisor of %s is zero", op)
		case r.num > 31 && (op.text == "<<" || op.text == ">>"):
			return nil, errAt(op, "", "%s shifts by more than 31 bits", op)
		}
	}
	if l.kind == arNum && r.kind == arNum {
		return &arith{kind: arNum, num: fold(op.text, l.num, r.num)}, nil
	}
	return &arith{kind: arBinary, op: op.text, l: l, r: r, check: l.check}, nil
}

// fold computes with numbers; the caller has excluded division by zero and
// long shifts.
func fold(op string, a, b uint32) uint32 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "%":
		return a % b
	case "&":
		return a & b
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "<<":
		return a << b
	}
	return a >> b
}

func negate(a *arith) *arith {
	if a.kind == arNum {
		return &arith{kind: arNum, num: -a.num}
	}
	return &arith{kind: arNeg, l: a, check: a.check}
}

// relation compares two expressions, unsigned.
func relation(op string, l, r *arith) *node {
	code, invert := jeq, false
	switch op {
	case ">":
		code = jgt
	case ">=":
		code = jge
	case "<":
		code, invert = jge, true
	case "<=":
		code, invert = jgt, true
	case "!=":
		invert = true
	}
	n := compare(code, l, r)
	if invert {
		n = not(n)
	}
	if c := both(l.check, r.check); c != nil {
		n = and(c, n)
	}
	return n
}

func compare(code uint16, l, r *arith) *node {
	switch {
	case l.kind == arNum && r.kind == arNum:
		return constNode(evalJump(code, l.num, r.num))
	case r.kind == arNum:
		return compareNum(code, l, r.num)
	case l.kind != arNum:
		return &node{kind: nLeaf, t: test{op: code, lhs: l, rhs: r}}
	case code == jeq:
		return compareNum(jeq, r, l.num)
	case code == jgt: // k > r
		return not(compareNum(jge, r, l.num))
	}
	return not(compareNum(jgt, r, l.num)) // k >= r
}

// compareNum recognises plain fields and masked fields, which need no
// arithmetic at run time and may be known from an earlier test.
func compareNum(code uint16, a *arith, k uint32) *node {
	if v, ok := a.field(); ok {
		return leaf(v, code, k)
	}
	if a.kind == arBinary && a.op == "&" {
		f, m := a.l, a.r
		if f.kind == arNum {
			f, m = m, f
		}
		if v, ok := f.field(); ok && m.kind == arNum {
			if code == jeq && k == 0 {
				return not(leaf(v, jset, m.num))
			}
			v.mask = m.num
			return leaf(v, code, k)
		}
	}
	return &node{kind: nLeaf, t: test{op: code, k: k, lhs: a}}
}

// field reports whether a reads bytes at a place that needs no arithmetic.
func (a *arith) field() (value, bool) {
	if a.kind == arLen {
		return value{kind: vLen, mask: noMask}, true
	}
	if a.kind != arLoad || a.l.kind != arNum || a.l.num > maxIndex || a.start.off > math.MaxInt32 {
		return value{}, false
	}
	v := at(a.start, a.l.num, a.size, noMask)
	if a.tran {
		v.base = a.start.off
		v.kind = vTran
		if a.start.variable {
			v.kind = vTranVar
		}
	}
	return v, true
}
