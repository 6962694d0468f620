package filter

import (
	"fmt"
	"strings"

	"golang.org/x/net/bpf"
)

// A Program is a compiled filter. The zero Program matches nothing.
type Program struct {
	raw []bpf.RawInstruction
}

// Match reports whether a packet passes the filter. data are the captured
// bytes, from the link-layer header on; wireLen is the packet's length on the
// wire, which "len", "less" and "greater" ask for and which the VM of
// golang.org/x/net/bpf does not know. A load from beyond data ends the program
// with no match, as does division by zero.
func (p Program) Match(data []byte, wireLen int) bool {
	var m machine
	for pc := 0; pc < len(p.raw); pc++ {
		in := &p.raw[pc]
		ok := true
		switch in.Op {
		case ldAbs | 0x10, ldAbs | 0x08, ldAbs:
			m.a, ok = fetch(data, uint64(in.K), in.Op)
		case ldInd | 0x10, ldInd | 0x08, ldInd:
			m.a, ok = fetch(data, uint64(in.K)+uint64(m.x), in.Op)
		case ldxMsh:
			m.x, ok = fetch(data, uint64(in.K), 0x10)
			m.x = m.x & 0x0f << 2
		case jmp | jeq:
			pc += branch(in, m.a == in.K)
		case jmp | jgt:
			pc += branch(in, m.a > in.K)
		case jmp | jge:
			pc += branch(in, m.a >= in.K)
		case jmp | jset:
			pc += branch(in, m.a&in.K != 0)
		case jmp | jeq | srcX, jmp | jgt | srcX, jmp | jge | srcX, jmp | jset | srcX:
			pc += branch(in, evalJump(in.Op&0xf0, m.a, m.x))
		case ja:
			pc += int(in.K)
		case retK:
			return in.K != 0
		case retA:
			return m.a != 0
		default:
			ok = m.step(in, wireLen)
		}
		if !ok {
			return false
		}
	}
	return false
}

// fetch reads the bytes of a load from off, if the packet has them.
func fetch(data []byte, off uint64, op uint16) (v uint32, ok bool) {
	n := uint64(len(data))
	switch op & 0x18 {
	case 0x10:
		if off < n {
			return uint32(data[off]), true
		}
	case 0x08:
		if off+2 <= n {
			return uint32(data[off])<<8 | uint32(data[off+1]), true
		}
	default:
		if off+4 <= n {
			return be32(data[off : off+4]), true
		}
	}
	return 0, false
}

// machine is the state of a running program.
type machine struct {
	a, x  uint32
	cells [16]uint32
}

// step runs an instruction that neither reads the packet nor jumps. It returns
// false if the program ends with no match.
func (m *machine) step(in *bpf.RawInstruction, wireLen int) bool {
	switch in.Op {
	case ldImm:
		m.a = in.K
	case ldxImm:
		m.x = in.K
	case ldLen:
		m.a = uint32(wireLen)
	case ldxLen:
		m.x = uint32(wireLen)
	case ldMem:
		m.a = m.cells[in.K&15]
	case ldxMem:
		m.x = m.cells[in.K&15]
	case st:
		m.cells[in.K&15] = m.a
	case stx:
		m.cells[in.K&15] = m.x
	case tax:
		m.x = m.a
	case txa:
		m.a = m.x
	case neg:
		m.a = -m.a
	default:
		if in.Op&0x07 != alu {
			return false
		}
		v, ok := in.K, false
		if in.Op&srcX != 0 {
			v = m.x
		}
		m.a, ok = calculate(in.Op&0xf0, m.a, v)
		return ok
	}
	return true
}

func branch(in *bpf.RawInstruction, yes bool) int {
	if yes {
		return int(in.Jt)
	}
	return int(in.Jf)
}

// calculate does an operation of the arithmetic unit; ok is false for division
// by zero. Shifts by more than 31 bits leave 0.
func calculate(op uint16, a, v uint32) (res uint32, ok bool) {
	switch op {
	case aluAdd:
		return a + v, true
	case 0x10:
		return a - v, true
	case aluMul:
		return a * v, true
	case 0x30:
		if v == 0 {
			return 0, false
		}
		return a / v, true
	case 0x40:
		return a | v, true
	case aluAnd:
		return a & v, true
	case aluLsh:
		return a << v, true
	case 0x70:
		return a >> v, true
	case 0x90:
		if v == 0 {
			return 0, false
		}
		return a % v, true
	case 0xa0:
		return a ^ v, true
	}
	return 0, false
}

// String lists the program as "tcpdump -d" does.
func (p Program) String() string {
	var b strings.Builder
	for i, in := range p.raw {
		fmt.Fprintf(&b, "(%03d) %s\n", i, listing(i, in))
	}
	return b.String()
}

func listing(i int, in bpf.RawInstruction) string {
	size := [4]string{"ld", "ldh", "ldb", "ld"}[in.Op>>3&3]
	line := func(name, arg string) string { return strings.TrimRight(fmt.Sprintf("%-8s %s", name, arg), " ") }
	switch in.Op {
	case ldAbs, ldAbs | 8, ldAbs | 16:
		return line(size, fmt.Sprintf("[%d]", in.K))
	case ldInd, ldInd | 8, ldInd | 16:
		return line(size, fmt.Sprintf("[x + %d]", in.K))
	case ldLen:
		return line("ld", "#pktlen")
	case ldImm:
		return line("ld", fmt.Sprintf("#0x%x", in.K))
	case ldxImm:
		return line("ldx", fmt.Sprintf("#0x%x", in.K))
	case ldxLen:
		return line("ldx", "#pktlen")
	case ldMem:
		return line("ld", fmt.Sprintf("M[%d]", in.K))
	case ldxMem:
		return line("ldx", fmt.Sprintf("M[%d]", in.K))
	case ldxMsh:
		return line("ldxb", fmt.Sprintf("4*([%d]&0xf)", in.K))
	case st:
		return line("st", fmt.Sprintf("M[%d]", in.K))
	case stx:
		return line("stx", fmt.Sprintf("M[%d]", in.K))
	case tax:
		return "tax"
	case txa:
		return "txa"
	case neg:
		return "neg"
	case retK:
		return line("ret", fmt.Sprintf("#%d", in.K))
	case retA:
		return "ret"
	case ja:
		return line("ja", fmt.Sprint(i+1+int(in.K)))
	}
	return listingOp(i, in)
}

func listingOp(i int, in bpf.RawInstruction) string {
	arg := fmt.Sprintf("#0x%x", in.K)
	if in.Op&srcX != 0 {
		arg = "x"
	}
	if in.Op&0x07 == jmp {
		name := map[uint16]string{jeq: "jeq", jgt: "jgt", jge: "jge", jset: "jset"}[in.Op&0xf0]
		return fmt.Sprintf("%-8s %-16s jt %d\tjf %d", name, arg, i+1+int(in.Jt), i+1+int(in.Jf))
	}
	name := map[uint16]string{aluAdd: "add", 0x10: "sub", aluMul: "mul", 0x30: "div", 0x40: "or", aluAnd: "and",
		aluLsh: "lsh", 0x70: "rsh", 0x90: "mod", 0xa0: "xor"}[in.Op&0xf0]
	return fmt.Sprintf("%-8s %s", name, arg)
}
