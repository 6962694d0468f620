package filter

// maxDepth bounds nesting: far deeper than anyone writes, far shallower than
// the stack.
const maxDepth = 200

// maxLeaves bounds the tests of an expression before those that are known to
// be superfluous are removed.
const maxLeaves = 8192

// parser is a recursive descent over libpcap's grammar. That grammar hands the
// qualifiers of a condition on to addresses and numbers that follow an "and" or
// "or", and decides late whether a number is an address or a term of a sum;
// hence unit, which reads one of several kinds of things.
type parser struct {
	c     *compiler
	toks  []token
	i     int
	depth int
}

type unitKind uint8

const (
	uTerm  unitKind = iota // a condition
	uID                    // an address with qualifiers from before
	uNum                   // a number: an address or a term of a sum
	uArith                 // a sum, not compared with anything yet
)

type unit struct {
	kind unitKind
	n    *node  // uTerm, uID
	q    qual   // uTerm, uID: what it hands on
	bare bool   // uID: not in parentheses
	a    *arith // uNum, uArith
	tok  token
}

func parse(toks []token, c *compiler) (*node, *SyntaxError) {
	p := &parser{c: c, toks: toks}
	if p.peek().kind == tEOF {
		return constNode(true), nil
	}
	first, err := p.unit(qual{addr: aUndef})
	if err != nil {
		return nil, err
	}
	n, _, err := p.rest(first)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tEOF {
		return nil, unexpected(t)
	}
	if countLeaves(n, maxLeaves+1) > maxLeaves {
		return nil, &SyntaxError{What: "the filter has too many conditions", hint: "use networks and port ranges in place of long lists"}
	}
	return n, nil
}

func countLeaves(n *node, limit int) int {
	switch {
	case n == nil || limit <= 0:
		return 0
	case n.kind == nLeaf:
		return 1
	}
	l := countLeaves(n.l, limit)
	return l + countLeaves(n.r, limit-l)
}

func (p *parser) peek() token { return p.toks[p.i] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != tEOF {
		p.i++
	}
	return t
}

func (p *parser) accept(text string) bool {
	if p.peek().is(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(text string) *SyntaxError {
	if t := p.peek(); !t.is(text) {
		return errAt(t, "", "'%s' expected before %s", text, t)
	}
	p.i++
	return nil
}

func (p *parser) deeper() *SyntaxError {
	if p.depth++; p.depth > maxDepth {
		return errAt(p.peek(), "", "the filter is nested more than %d deep", maxDepth)
	}
	return nil
}

func unexpected(t token) *SyntaxError {
	switch {
	case t.kind == tEOF:
		return errAt(t, "", "something is missing at the end")
	case t.kind == tWord && outside(t.text):
		e := errAt(t, "leave it out, or install tcpdump, whose compiler knows it", "%s is not among the words that are compiled here", t)
		e.beyond = true
		return e
	case t.kind == tName:
		return errAt(t, "host, net, port, portrange or proto goes before a name; host names are not looked up, write addresses", "%s is not a word of the filter language", t)
	case t.kind == tNum, t.kind == tDotted, t.kind == tIPv6, t.kind == tMAC:
		return errAt(t, "write host, net, port or proto before it", "it is not said what %s is", t)
	case t.is("/"):
		return errAt(t, "a network needs its dots, as in net 10.0.0.0/8", "'/' does not follow an address")
	}
	return errAt(t, "", "%s is not expected here", t)
}

// finish makes a condition of what unit read. Only behind "and" or "or" may it
// be an address that takes its qualifiers from before.
func (p *parser) finish(u unit, carried bool) (*node, qual, *SyntaxError) {
	switch {
	case u.kind == uTerm, u.kind == uID && carried:
		return u.n, u.q, nil
	case u.kind == uNum && carried:
		n, err := p.c.number(u.a.num, u.q, u.tok)
		return n, u.q, err
	case u.kind == uArith:
		return nil, u.q, errAt(p.peek(), "as in tcp[13] & 2 != 0", "a comparison (=, !=, <, <=, >, >=) is missing before %s", p.peek())
	}
	return nil, u.q, unexpected(u.tok)
}

// rest reads "and X or Y ..." behind a first condition. Both operators bind
// alike and to the left.
func (p *parser) rest(first unit) (*node, qual, *SyntaxError) {
	n, q, err := p.finish(first, false)
	for err == nil {
		op := p.peek()
		if !op.is("and") && !op.is("or") {
			return n, q, nil
		}
		p.next()
		var u unit
		if u, err = p.unit(q); err != nil {
			break
		}
		var r *node
		if r, q, err = p.finish(u, true); err != nil {
			break
		}
		n = combine(op, n, r)
	}
	return nil, q, err
}

func combine(op token, l, r *node) *node {
	if op.text == "and" {
		return and(l, r)
	}
	return or(l, r)
}

// unit reads the next thing; q is handed on to it from before.
func (p *parser) unit(q qual) (unit, *SyntaxError) {
	if err := p.deeper(); err != nil {
		return unit{}, err
	}
	defer func() { p.depth-- }()
	t := p.peek()
	switch {
	case t.is("not"):
		p.next()
		u, err := p.unit(q)
		if err != nil {
			return u, err
		}
		bare := u.kind != uTerm
		u.n, u.q, err = p.finish(u, true)
		if err != nil {
			return u, err
		}
		u.n, u.bare, u.tok = not(u.n), bare, t
		if bare {
			u.kind = uID
		}
		return u, nil
	case t.is("("):
		p.next()
		u, err := p.paren(q)
		if err != nil || u.kind == uTerm || u.kind == uID {
			return u, err
		}
		return p.sum(u)
	case t.kind == tNum:
		p.next()
		return p.sum(unit{kind: uNum, a: &arith{kind: arNum, num: t.num}, q: q, tok: t})
	case t.is("-"), t.is("len"):
		a, err := p.arithPrimary()
		if err != nil {
			return unit{}, err
		}
		return p.sum(unit{kind: uArith, a: a, tok: t})
	case t.kind == tName, t.kind == tDotted, t.kind == tIPv6, t.kind == tMAC:
		p.next()
		n, err := p.address(t, q)
		return unit{kind: uID, n: n, q: q, bare: true, tok: t}, err
	}
	return p.term()
}

// paren reads what is in parentheses: a condition, addresses joined by "and"
// and "or", a number or a sum.
func (p *parser) paren(q qual) (unit, *SyntaxError) {
	u, err := p.unit(q)
	if err != nil {
		return u, err
	}
	tok := p.peek()
	joined := tok.is("and") || tok.is("or")
	switch {
	case u.kind == uTerm:
		if u.n, _, err = p.rest(u); err != nil {
			return u, err
		}
		u.q = q
	case u.kind == uID && !u.bare:
		return u, errAt(tok, "leave the inner parentheses out", "double parentheses around addresses")
	case (u.kind == uID || u.kind == uNum) && joined:
		if u.n, _, err = p.finish(u, true); err != nil {
			return u, err
		}
		u.kind, u.q = uID, q
		for p.peek().is("and") || p.peek().is("or") {
			op := p.next()
			r, err := p.id(q)
			if err != nil {
				return u, err
			}
			u.n = combine(op, u.n, r)
		}
	}
	u.bare = false
	return u, p.expect(")")
}

// id reads an address or number, or several in parentheses, under q.
func (p *parser) id(q qual) (*node, *SyntaxError) {
	t, second := p.peek(), p.toks[min(p.i+1, len(p.toks)-1)]
	u, err := p.unit(q)
	if err != nil {
		return nil, err
	}
	if u.kind == uArith && second.is("/") {
		return nil, unexpected(second)
	}
	if u.kind != uID && u.kind != uNum {
		hint := ""
		if t.kind == tWord {
			hint = `a name that also is a word of the language takes a backslash, as in 'ip proto \tcp'`
		}
		return nil, errAt(t, hint, "an address, a number or a name is expected and not %s", t)
	}
	n, _, err := p.finish(u, true)
	return n, err
}

// sum continues with a sum that begins with u, and with its comparison.
func (p *parser) sum(u unit) (unit, *SyntaxError) {
	if isArithOp(p.peek()) {
		a, err := p.climb(u.a, precGreedy)
		if err != nil {
			return u, err
		}
		u.kind, u.a = uArith, a
	}
	op := p.peek()
	switch {
	case op.kind != tOp:
		return u, nil
	case op.text == "=", op.text == "!=", op.text == "<", op.text == "<=", op.text == ">", op.text == ">=":
		p.next()
		r, err := p.arith(precGreedy)
		if err != nil {
			return u, err
		}
		return unit{kind: uTerm, n: relation(op.text, u.a, r), q: qual{addr: aUndef}, tok: u.tok}, nil
	}
	return u, nil
}

// arith reads a sum whose operators bind at least as strongly as least.
func (p *parser) arith(least int) (*arith, *SyntaxError) {
	l, err := p.arithPrimary()
	if err != nil {
		return nil, err
	}
	return p.climb(l, least)
}

func (p *parser) climb(l *arith, least int) (*arith, *SyntaxError) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	for {
		op := p.peek()
		prec := arithPrec(op)
		if prec < 0 || prec != precGreedy && prec < least {
			return l, nil
		}
		p.next()
		right := prec + 1
		if prec == precGreedy {
			right = precGreedy
		}
		r, err := p.arith(right)
		if err != nil {
			return nil, err
		}
		if l, err = combineArith(op, l, r); err != nil {
			return nil, err
		}
	}
}

func (p *parser) arithPrimary() (*arith, *SyntaxError) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	t := p.next()
	switch {
	case t.kind == tNum:
		return &arith{kind: arNum, num: t.num}, nil
	case t.is("len"):
		return &arith{kind: arLen}, nil
	case t.is("-"):
		a, err := p.arith(precUnary)
		if err != nil {
			return nil, err
		}
		return negate(a), nil
	case t.is("("):
		a, err := p.arith(precGreedy)
		if err != nil {
			return nil, err
		}
		return a, p.expect(")")
	case t.kind == tWord:
		if pr, ok := protoWord(t.text); ok && p.peek().is("[") {
			return p.accessor(pr, t)
		}
	}
	return nil, unexpected(t)
}

// accessor reads [index] or [index:size] behind a protocol.
func (p *parser) accessor(pr proto, t token) (*arith, *SyntaxError) {
	if err := p.expect("["); err != nil {
		return nil, err
	}
	index, err := p.arith(precGreedy)
	if err != nil {
		return nil, err
	}
	size := uint32(1)
	if p.accept(":") {
		s := p.next()
		if s.kind != tNum {
			return nil, errAt(s, "write tcp[0:1], tcp[0:2] or tcp[0:4]", "a size is expected before %s", s)
		}
		size = s.num
	}
	if err := p.expect("]"); err != nil {
		return nil, err
	}
	return p.c.load(pr, index, size, t)
}
