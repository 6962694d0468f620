//go:build linux && !libpcap

package live

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// OpenFanout is [Open] for n sources, each for a goroutine of its own, over which
// the kernel spreads the packets by their IP addresses: all packets between two
// hosts come to one source, in both directions, and what is in a tunnel between
// them. Each source counts its packets from 1, has its share of [Options.Buffer],
// and tells of its own losses, so that [Options.Notify] is called on the goroutine
// of any; what happens to the interfaces themselves the first one tells. An n
// below 1 is taken for 1.
func OpenFanout(o Options, n int) ([]*Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	n = max(n, 1)
	o = o.withDefaults()
	o.Buffer /= n
	var all []*Source
	err := error(nil)
	for i := 0; i < n && err == nil; i++ {
		s := &Source{opt: o, follows: i > 0, wake: -1}
		all = append(all, s)
		err = s.open(n > 1)
	}
	if n > 1 && err == nil {
		err = share(all)
	}
	if err != nil {
		for _, s := range all {
			s.release()
		}
		return nil, err
	}
	return all, nil
}

// share makes the sockets of each interface one group, which does not let any
// packet pass before all have joined.
func share(all []*Source) error {
	for i := range all[0].rings {
		g := &fanout{}
		for _, s := range all {
			if err := g.join(s.rings[i]); err != nil {
				return fmt.Errorf("spreading the packets of %s: %w", s.rings[i].name, err)
			}
		}
	}
	for _, s := range all {
		for _, r := range s.rings {
			if err := r.attach(&s.opt); err != nil {
				return err
			}
		}
	}
	return nil
}

// A fanout is a group of packet sockets on one interface over which the kernel
// spreads its packets (packet(7), PACKET_FANOUT).
type fanout struct {
	id    int
	how   int // type and flags, as the option has them
	begun bool
}

// join makes a socket that is bound a member.
func (g *fanout) join(r *ring) error {
	if g.begun {
		return unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, g.how|g.id)
	}
	g.how = unix.PACKET_FANOUT_CBPF << 16
	if r.lo { // the option of a socket does not hold for the group
		g.how |= unix.PACKET_FANOUT_FLAG_IGNORE_OUTGOING << 16
	}
	err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, g.how|unix.PACKET_FANOUT_FLAG_UNIQUEID<<16)
	if err == unix.EINVAL && r.lo { // the kernel is too old for it
		g.how = unix.PACKET_FANOUT_CBPF << 16
		err = unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, g.how|unix.PACKET_FANOUT_FLAG_UNIQUEID<<16)
	}
	if err != nil {
		return err
	}
	id, err := unix.GetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	if err != nil {
		return err
	}
	g.id, g.begun = id&0xffff, true
	prog, err := bpf.Assemble(spread())
	if err != nil {
		return err
	}
	return setProgram(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, prog)
}

// network is where offsets into the network header begin (SKF_NET_OFF of
// linux/filter.h). There the kernel reaches only as much of a packet as lies in
// one piece of memory.
const network = 0xfff00000

// spread returns the program by which the kernel chooses a member for a packet:
// by both IP addresses without regard to direction. So both directions of a
// connection come to one member, and with them all fragments, all connections
// between these hosts, and all that is in a tunnel between them. What is not IP,
// or has another VLAN tag behind the second one, comes to the first member.
//
// Where the kernel runs it, a packet that comes in begins with its network
// header, without the outermost tag; one that goes out begins with its link
// header, but the stack that made it has it in one piece.
func spread() []bpf.Instruction {
	const (
		ip4, ip6, tag, serviceTag = unix.ETH_P_IP, unix.ETH_P_IPV6, unix.ETH_P_8021Q, unix.ETH_P_8021AD
		addresses4, addresses6    = 12, 8 // offsets in the headers
	)
	in := slices.Concat(
		[]bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtProto}},
		when(ip4, member(addresses4, 2)),
		when(ip6, member(addresses6, 8)),
		[]bpf.Instruction{
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: tag, SkipTrue: 1},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: serviceTag, SkipTrue: 1},
			bpf.LoadAbsolute{Off: 2, Size: 2},
		},
		// Of another protocol A is still that, and neither of these.
		when(ip4, member(4+addresses4, 2)),
		when(ip6, member(4+addresses6, 8)),
		[]bpf.Instruction{bpf.RetConstant{Val: 0}},
	)
	out := slices.Concat(
		[]bpf.Instruction{
			bpf.LoadExtension{Num: bpf.ExtProto},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: ip4, SkipTrue: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: ip6, SkipTrue: 3},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: tag, SkipTrue: 2},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: serviceTag, SkipTrue: 1},
			bpf.RetConstant{Val: 0},
			bpf.LoadAbsolute{Off: network, Size: 1},
			bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4},
		},
		when(4, member(network+addresses4, 2)),
		when(6, member(network+addresses6, 8)),
		[]bpf.Instruction{bpf.RetConstant{Val: 0}},
	)
	return slices.Concat(
		[]bpf.Instruction{
			bpf.LoadExtension{Num: bpf.ExtType},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OUTGOING, SkipTrue: uint8(len(in))},
		}, in, out)
}

// when runs instructions, which do not come to their end, if A is a value.
func when(a uint32, then []bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: a, SkipTrue: uint8(len(then))}}, then...)
}

// member returns the member by so many words of addresses: by their sum, which is
// the same in both directions, with its bits mixed, for hosts of one network differ
// in few. The kernel takes it modulo the number of members.
func member(offset uint32, words int) []bpf.Instruction {
	p := []bpf.Instruction{bpf.LoadAbsolute{Off: offset, Size: 4}}
	for i := 1; i < words; i++ {
		p = append(p, bpf.TAX{}, bpf.LoadAbsolute{Off: offset + 4*uint32(i), Size: 4}, bpf.ALUOpX{Op: bpf.ALUOpAdd})
	}
	const golden = 0x9e3779b1 // a prime near 2^32 divided by the golden ratio
	return append(p,
		bpf.TAX{}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16}, bpf.ALUOpX{Op: bpf.ALUOpXor},
		bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: golden}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16},
		bpf.RetA{})
}
