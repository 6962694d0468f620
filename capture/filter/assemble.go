package filter

import "golang.org/x/net/bpf"

// assemble puts the blocks one behind the other, the verdicts last. An exit
// that leads further than the 8 bits of a conditional jump gets an
// unconditional one behind its block; since that moves what follows, positions
// are computed until no more are needed.
func assemble(codes []code, snapLen uint32, entry int) ([]bpf.RawInstruction, *SyntaxError) {
	if entry == acceptBlock {
		return []bpf.RawInstruction{{Op: retK, K: snapLen}}, nil
	}
	where := make(map[int]int, len(codes)+2)
	for {
		end := layOut(codes, where)
		if end > maxProgram {
			return nil, tooLong()
		}
		if !lengthen(codes, where) {
			break
		}
	}
	prog := make([]bpf.RawInstruction, 0, where[rejectBlock]+1)
	for i := range codes {
		c := &codes[i]
		prog = append(prog, c.ins...)
		next := len(prog) + 1 // where jumps count from
		jump := bpf.RawInstruction{Op: c.jump, K: c.k}
		if c.jump&srcX != 0 {
			jump.K = 0
		}
		var long []bpf.RawInstruction
		exit := func(to int, far bool) uint8 {
			if !far {
				return uint8(where[to] - next)
			}
			at := next + len(long)
			long = append(long, bpf.RawInstruction{Op: ja, K: uint32(where[to] - at - 1)})
			return uint8(len(long) - 1)
		}
		jump.Jt = exit(c.yes, c.farY)
		jump.Jf = exit(c.no, c.farN)
		prog = append(append(prog, jump), long...)
	}
	prog = append(prog, bpf.RawInstruction{Op: retK, K: snapLen}, bpf.RawInstruction{Op: retK})
	return prog, nil
}

// layOut computes where each block begins and returns the program's length.
func layOut(codes []code, where map[int]int) int {
	pos := 0
	for i := range codes {
		c := &codes[i]
		c.position = pos
		where[c.block] = pos
		pos += len(c.ins) + 1
		if c.farY {
			pos++
		}
		if c.farN {
			pos++
		}
	}
	where[acceptBlock], where[rejectBlock] = pos, pos+1
	return pos + 2
}

// lengthen marks exits that are too far and reports whether there were any.
func lengthen(codes []code, where map[int]int) bool {
	changed := false
	for i := range codes {
		c := &codes[i]
		next := c.position + len(c.ins) + 1
		if !c.farY && where[c.yes]-next > 255 {
			c.farY, changed = true, true
		}
		if !c.farN && where[c.no]-next > 255 {
			c.farN, changed = true, true
		}
	}
	return changed
}
