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
	var (
		a, x  uint32
		cells [16]uint32
		n     = uint64(len(data))
	)
	for pc := 0; pc < len(p.raw); pc++ {
		in := &p.raw[pc]
		switch in.Op {
		case ldAbs | 0x10, ldAbs | 0x08, ldAbs, ldInd | 0x10, ldInd | 0x08, ldInd:
			off := uint64(in.K)
			if in.Op&0xe0 == ldInd {
				off += uint64(x)
			}
			switch in.Op & 0x18 {
			case 0x10:
				if off >= n {
					return false
				}
				a = uint32(data[off])
			case 0x08:
				if off+2 > n {
					return false
				}
				a = uint32(data[off])<<8 | uint32(data[off+1])
			default:
				if off+4 > n {
					return false
				}
				a = be32(data[off : off+4])
			}
		case ldxMsh:
			if uint64(in.K) >= n {
				return false
			}
			x = uint32(data[in.K]&0x0f) << 2
		case jmp | jeq:
			pc += branch(in, a == in.K)
		case jmp | jgt:
			pc += branch(in, a > in.K)
		case jmp | jge:
			pc += branch(in, a >= in.K)
		case jmp | jset:
			pc += branch(in, a&in.K != 0)
		case jmp | jeq | srcX, jmp | jgt | srcX, jmp | jge | srcX, jmp | jset | srcX:
			pc += branch(in, evalJump(in.Op&0xf0, a, x))
		case ja:
			pc += int(in.K)
		case retK:
			return in.K != 0
		case 0x16: // ret a
			return a != 0
		case ldImm:
			a = in.K
		case 0x01: // ldx #k
			x = in.K
		case ldLen:
			a = uint32(wireLen)
		case 0x81: // ldx #len
			x = uint32(wireLen)
		case ldMem:
			a = cells[in.K&15]
		case ldxMem:
			x = cells[in.K&15]
		case st:
			cells[in.K&15] = a
		case 0x03: // stx
			cells[in.K&15] = x
		case tax:
			x = a
		case txa:
			a = x
		case neg:
			a = -a
		default:
			if in.Op&0x07 != alu {
				return false
			}
			v, ok := in.K, false
			if in.Op&srcX != 0 {
				v = x
			}
			if a, ok = calculate(in.Op&0xf0, a, v); !ok {
				return false
			}
		}
	}
	return false
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
	case 0x01:
		return line("ldx", fmt.Sprintf("#0x%x", in.K))
	case 0x81:
		return line("ldx", "#pktlen")
	case ldMem:
		return line("ld", fmt.Sprintf("M[%d]", in.K))
	case ldxMem:
		return line("ldx", fmt.Sprintf("M[%d]", in.K))
	case ldxMsh:
		return line("ldxb", fmt.Sprintf("4*([%d]&0xf)", in.K))
	case st:
		return line("st", fmt.Sprintf("M[%d]", in.K))
	case 0x03:
		return line("stx", fmt.Sprintf("M[%d]", in.K))
	case tax:
		return "tax"
	case txa:
		return "txa"
	case neg:
		return "neg"
	case retK:
		return line("ret", fmt.Sprintf("#%d", in.K))
	case 0x16:
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
