package filter

import "golang.org/x/net/bpf"

// Instruction codes of classic BPF (bpf(4), linux/filter.h).
const (
	ldAbs  uint16 = 0x20 // + size
	ldInd  uint16 = 0x40 // + size
	ldImm  uint16 = 0x00
	ldMem  uint16 = 0x60
	ldLen  uint16 = 0x80
	ldxMem uint16 = 0x61
	ldxMsh uint16 = 0xb1
	ldxImm uint16 = 0x01
	ldxLen uint16 = 0x81
	st     uint16 = 0x02
	stx    uint16 = 0x03
	alu    uint16 = 0x04 // + operation, + srcX
	jmp    uint16 = 0x05 // + comparison, + srcX
	ja     uint16 = 0x05
	srcX   uint16 = 0x08
	neg    uint16 = 0x84
	retK   uint16 = 0x06
	retA   uint16 = 0x16
	tax    uint16 = 0x07
	txa    uint16 = 0x87

	aluAdd uint16 = 0x00
	aluMul uint16 = 0x20
	aluAnd uint16 = 0x50
	aluLsh uint16 = 0x60
)

// maxProgram is BPF_MAXINSNS of the kernel.
const maxProgram = 4096

// varCell is the scratch cell that holds the run-time length of the VLAN tag;
// arithmetic has those before it.
const varCell = 15

func sizeCode(size uint8) uint16 {
	switch size {
	case 1:
		return 0x10
	case 2:
		return 0x08
	}
	return 0
}

func aluCode(op string) uint16 {
	switch op {
	case "-":
		return 0x10
	case "*":
		return aluMul
	case "/":
		return 0x30
	case "|":
		return 0x40
	case "&":
		return aluAnd
	case "<<":
		return aluLsh
	case ">>":
		return 0x70
	case "%":
		return 0x90
	case "^":
		return 0xa0
	}
	return aluAdd
}

type xKind uint8

const (
	xNone    xKind = iota
	xVar           // the length of the VLAN tag
	xIPv4          // the length of the IPv4 header at base
	xIPv4Var       // that, with the VLAN tag's
)

// registers is what is known to be in A and X.
type registers struct {
	hasA  bool
	a     value
	x     xKind
	xBase uint32
}

// code is a block's straight-line instructions and its jump.
type code struct {
	block    int
	ins      []bpf.RawInstruction
	jump     uint16
	k        uint32
	yes, no  int
	farY     bool // the yes exit needs a long jump
	farN     bool
	position int
}

type emitter struct {
	ins []bpf.RawInstruction
	reg registers
	bad bool // an expression needs too many scratch cells
}

func (e *emitter) put(op uint16, k uint32) {
	e.ins = append(e.ins, bpf.RawInstruction{Op: op, K: k})
}

// emit lays the blocks out and resolves the jumps.
func (g *graph) emit(snapLen uint32, usesVar bool) ([]bpf.RawInstruction, *SyntaxError) {
	states := make(map[int]registers)
	var codes []code
	total := 0
	for i := g.entry; i > rejectBlock; i-- {
		b := &g.blocks[i]
		if !b.reached {
			continue
		}
		e := emitter{reg: states[i]}
		if i == g.entry && usesVar {
			e.put(ldImm, 0)
			e.put(st, varCell)
		}
		jump := e.test(b.t)
		if e.bad {
			return nil, &SyntaxError{What: "a sum needs more than 15 intermediate results", hint: "write it with fewer parentheses"}
		}
		if total += len(e.ins) + 1; total > maxProgram {
			return nil, tooLong()
		}
		for _, to := range [...]int{b.yes, b.no} {
			meet(states, to, e.reg)
		}
		codes = append(codes, code{block: i, ins: e.ins, jump: jump, k: b.t.k, yes: b.yes, no: b.no})
	}
	return assemble(codes, snapLen, g.entry)
}

func tooLong() *SyntaxError {
	return &SyntaxError{What: "the filter needs more than 4096 instructions", hint: "use networks (net 10.0.0.0/8) or port ranges (portrange 8000-8100) in place of long lists"}
}

// meet keeps of a block's known registers what holds on one more way to it.
func meet(states map[int]registers, to int, r registers) {
	old, seen := states[to]
	if seen {
		if !old.hasA || old.a != r.a {
			r.hasA, r.a = false, value{}
		}
		if old.x != r.x || old.xBase != r.xBase {
			r.x, r.xBase = xNone, 0
		}
	}
	states[to] = r
}

// test emits what brings the value to be compared into A and returns the jump.
func (e *emitter) test(t test) uint16 {
	if t.setVar {
		e.put(ldImm, 4)
		e.put(st, varCell)
		e.reg = registers{}
	}
	if t.v.kind != vExpr {
		e.value(t.v)
		return jmp | t.op
	}
	if t.rhs == nil {
		e.arith(t.lhs, 0)
		e.reg = registers{}
		return jmp | t.op
	}
	e.operands(t.lhs, t.rhs, 0)
	e.reg = registers{}
	return jmp | t.op | srcX
}

// value loads a field into A unless it is there.
func (e *emitter) value(v value) {
	plain := v
	plain.mask = noMask
	switch {
	case e.reg.hasA && e.reg.a == v:
		return
	case e.reg.hasA && e.reg.a == plain:
	default:
		e.load(plain)
	}
	if v.mask != noMask {
		e.put(alu|aluAnd, v.mask)
	}
	e.reg.hasA, e.reg.a = true, v
}

func (e *emitter) load(v value) {
	size := sizeCode(v.size)
	switch v.kind {
	case vLen:
		e.put(ldLen, 0)
	case vAbs:
		e.put(ldAbs|size, v.off)
	case vVar:
		e.loadX(xVar, 0)
		e.put(ldInd|size, v.off)
	case vTran:
		e.loadX(xIPv4, v.base)
		e.put(ldInd|size, v.off)
	case vTranVar:
		e.loadX(xIPv4Var, v.base)
		e.put(ldInd|size, v.off)
	}
}

// loadX brings an offset into X unless it is there. It may spoil A.
func (e *emitter) loadX(kind xKind, base uint32) {
	if e.reg.x == kind && e.reg.xBase == base {
		return
	}
	e.reg.x, e.reg.xBase = kind, base
	switch kind {
	case xVar:
		e.put(ldxMem, varCell)
	case xIPv4:
		e.put(ldxMsh, base)
	case xIPv4Var:
		e.reg.hasA = false
		e.put(ldxMem, varCell)
		e.put(ldInd|sizeCode(1), base)
		e.put(alu|aluAnd, 0x0f)
		e.put(alu|aluLsh, 2)
		e.put(alu|aluAdd|srcX, 0)
		e.put(tax, 0)
	}
}

// operands brings l into A and r into X. Cells from the given one on are free.
func (e *emitter) operands(l, r *arith, cell uint32) {
	e.arith(l, cell)
	if cell >= varCell {
		e.bad = true
		return
	}
	e.put(st, cell)
	e.arith(r, cell+1)
	e.put(tax, 0)
	e.put(ldMem, cell)
}

// arith computes a into A; what A and X held is lost.
func (e *emitter) arith(a *arith, cell uint32) {
	if e.bad {
		return
	}
	e.reg = registers{}
	switch a.kind {
	case arNum:
		e.put(ldImm, a.num)
	case arLen:
		e.put(ldLen, 0)
	case arNeg:
		e.arith(a.l, cell)
		e.put(alu|aluMul, noMask) // the VM of golang.org/x/net/bpf cannot negate
	case arBinary:
		if a.r.kind == arNum {
			e.arith(a.l, cell)
			e.put(alu|aluCode(a.op), a.r.num)
			return
		}
		e.operands(a.l, a.r, cell)
		e.put(alu|aluCode(a.op)|srcX, 0)
	case arLoad:
		if v, ok := a.field(); ok {
			e.load(v)
		} else {
			e.index(a, cell)
		}
	}
	e.reg = registers{}
}

// index loads from a place that is computed. Sums wrap around as libpcap's do,
// but a place beyond the packet ends the program.
func (e *emitter) index(a *arith, cell uint32) {
	e.arith(a.l, cell)
	switch {
	case a.tran && a.start.variable:
		if cell >= varCell {
			e.bad = true
			return
		}
		e.put(st, cell)
		e.loadX(xIPv4Var, a.start.off)
		e.put(ldMem, cell)
		e.put(alu|aluAdd|srcX, 0)
	case a.tran:
		e.put(ldxMsh, a.start.off)
		e.put(alu|aluAdd|srcX, 0)
	case a.start.variable:
		e.put(ldxMem, varCell)
		e.put(alu|aluAdd|srcX, 0)
	}
	e.put(tax, 0)
	e.put(ldInd|sizeCode(a.size), a.start.off)
}
