//go:build linux && !libpcap

package live

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// attach gives the kernel the filter, or one that only cuts packets, and locks
// it: whoever takes the process over later cannot see more than it let through.
func (r *ring) attach(o *Options) error {
	all := []bpf.RawInstruction{{Op: unix.BPF_RET | unix.BPF_K, K: uint32(o.SnapLen)}}
	prog := all
	if o.Filter != nil {
		raw, err := o.Filter(r.link, !r.cooked)
		if err != nil {
			return err
		}
		prog = raw
		if r.cooked {
			if r.filter, err = vm(raw); err != nil {
				return fmt.Errorf("the filter for %s: %w", r.name, err)
			}
			var ok bool
			if prog, ok = uncook(raw, uint32(o.SnapLen)); !ok {
				prog = all
			}
		}
		prog = cut(prog, uint32(o.SnapLen))
	}
	if err := attachFilter(r.fd, prog); err != nil {
		return fmt.Errorf("the filter for %s: %w", r.name, err)
	}
	return nil
}

func attachFilter(fd int, prog []bpf.RawInstruction) error {
	if err := setProgram(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, prog); err != nil {
		return err
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1)
}

// shut lets nothing through until attach is called.
func (r *ring) shut(*Options) error {
	if err := setProgram(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, []bpf.RawInstruction{{Op: unix.BPF_RET | unix.BPF_K}}); err != nil {
		return fmt.Errorf("the filter for %s: %w", r.name, err)
	}
	return nil
}

// setProgram gives a socket a classic BPF program as an option.
func setProgram(fd, level, option int, prog []bpf.RawInstruction) error {
	raw := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		raw[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	f := unix.SockFprog{Len: uint16(len(raw)), Filter: unsafe.SliceData(raw)}
	err := unix.SetsockoptSockFprog(fd, level, option, &f)
	runtime.KeepAlive(raw)
	return err
}

// vm returns a machine for the program.
func vm(raw []bpf.RawInstruction) (*bpf.VM, error) {
	ins, ok := bpf.Disassemble(raw)
	if !ok {
		return nil, fmt.Errorf("an instruction that only the kernel has")
	}
	return bpf.NewVM(ins)
}

// cut makes a program return no more than n.
func cut(prog []bpf.RawInstruction, n uint32) []bpf.RawInstruction {
	out := append([]bpf.RawInstruction(nil), prog...)
	for i := range out {
		if out[i].Op == unix.BPF_RET|unix.BPF_K {
			out[i].K = min(out[i].K, n)
		}
	}
	return out
}

// Ancillary data that classic programs load (linux/filter.h). x/sys/unix has
// SKF_AD_OFF as a negative number.
const (
	ancillary    = 0xfffff000
	adProtocol   = ancillary + 0
	adPacketType = ancillary + 4
	adIndex      = ancillary + 8
	adHardware   = ancillary + 28
	adTagPresent = ancillary + 48
)

// uncook turns a program for packets with a cooked header into one for the same
// packets without it, as the kernel has them. Packets with a VLAN tag, whose
// offsets differ, are all let through: whoever reads must run prog on them. ok
// is false for a program that looks at what the kernel cannot tell.
func uncook(prog []bpf.RawInstruction, snapLen uint32) (out []bpf.RawInstruction, ok bool) {
	out = append(out,
		bpf.RawInstruction{Op: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: adTagPresent},
		bpf.RawInstruction{Op: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: 1},
		bpf.RawInstruction{Op: unix.BPF_RET | unix.BPF_K, K: snapLen})
	for _, in := range prog {
		const class, mode = 0x07, 0xe0
		if c := in.Op & class; c != unix.BPF_LD && c != unix.BPF_LDX {
			out = append(out, in)
			continue
		}
		switch in.Op & mode {
		case unix.BPF_IND, unix.BPF_MSH:
			if in.K < cookedHeader {
				return nil, false
			}
			in.K -= cookedHeader
		case unix.BPF_LEN: // would be without the header
			return nil, false
		case unix.BPF_ABS:
			switch {
			case in.K >= cookedHeader && in.K < ancillary:
				in.K -= cookedHeader
			case in.K == 0 && in.Op&0x18 == unix.BPF_H:
				in.K = adProtocol
			case in.K == 4 && in.Op&0x18 == unix.BPF_W:
				in.K = adIndex
			case in.K == 8 && in.Op&0x18 == unix.BPF_H:
				in.K = adHardware
			case in.K == 10 && in.Op&0x18 == unix.BPF_B:
				in.K = adPacketType
			default:
				return nil, false
			}
		}
		out = append(out, in)
	}
	return out, len(out) <= 4096
}
