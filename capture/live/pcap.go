//go:build windows || libpcap

package live

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"
	"golang.org/x/net/bpf"

	"github.com/tlslens/tlslens/capture"
)

// A pcapHandle is a handle of libpcap or, on Windows, Npcap.
type pcapHandle struct {
	name   string
	h      *pcap.Handle
	dlt    capture.LinkType
	last   Loss
	looked time.Time
}

func openHandle(name string, o *Options) (_ handle, err error) {
	in, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, noLibrary(name, err)
	}
	defer in.CleanUp()
	if err := errors.Join(in.SetSnapLen(o.SnapLen), in.SetPromisc(!o.NoPromisc && name != Any), in.SetTimeout(quiet), in.SetBufferSize(o.Buffer)); err != nil {
		return nil, fmt.Errorf("capturing on %s: %w", name, err)
	}
	h, err := in.Activate()
	if err != nil {
		if strings.Contains(strings.ToLower(err.Error()), "permi") {
			return nil, &PermissionError{Interface: name, Err: err, hint: "use sudo, or on Windows a console of an administrator"}
		}
		return nil, fmt.Errorf("capturing on %s: %w", name, err)
	}
	d := &pcapHandle{name: name, h: h, dlt: linkOfDLT(h.LinkType()), last: Loss{Interface: name}}
	if err := d.filter(o); err != nil {
		h.Close()
		return nil, err
	}
	return d, nil
}

// noLibrary says where to get what is missing.
func noLibrary(name string, err error) error {
	if runtime.GOOS == "windows" {
		return fmt.Errorf("capturing on %s needs Npcap (https://npcap.com): %w", name, err)
	}
	return fmt.Errorf("capturing on %s: %w", name, err)
}

func (d *pcapHandle) filter(o *Options) error {
	if o.Filter == nil {
		return nil
	}
	raw, err := o.Filter(d.dlt, false)
	if err != nil {
		return err
	}
	return d.h.SetBPFInstructionFilter(instructions(raw))
}

func instructions(raw []bpf.RawInstruction) []pcap.BPFInstruction {
	out := make([]pcap.BPFInstruction, len(raw))
	for i, in := range raw {
		out[i] = pcap.BPFInstruction{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return out
}

// linkOfDLT returns the LINKTYPE of libpcap's number. gopacket keeps eight bits
// of it, which turns LINKTYPE_LINUX_SLL2 (276) into 20.
func linkOfDLT(l layers.LinkType) capture.LinkType {
	switch l {
	case 12, 14: // DLT_RAW, which has two numbers
		return capture.LinkRaw
	case 20:
		return capture.LinkLinuxSLL2
	}
	return capture.LinkType(l)
}

func (d *pcapHandle) next() ([]byte, time.Time, int, error) {
	data, ci, err := d.h.ZeroCopyReadPacketData()
	if err == pcap.NextErrorTimeoutExpired {
		err = errQuiet
	}
	return data, ci.Timestamp, ci.Length, err
}

// loss asks the library now and then: it is a system call, or worse.
func (d *pcapHandle) loss() Loss {
	if now := time.Now(); now.Sub(d.looked) >= quiet {
		d.looked = now
		if st, err := d.h.Stats(); err == nil {
			d.last.Received, d.last.Dropped = uint64(st.PacketsReceived), uint64(st.PacketsDropped)
		}
	}
	return d.last
}

func (d *pcapHandle) link() capture.LinkType { return d.dlt }
func (d *pcapHandle) close()                 { d.h.Close() }

// Interfaces lists the interfaces of this machine, by the names and in the order
// of the library.
func Interfaces() ([]Interface, error) {
	devs, err := pcap.FindAllDevs()
	if err != nil {
		return nil, noLibrary("an interface", err)
	}
	const loopback, up = 1, 2 // PCAP_IF_LOOPBACK, PCAP_IF_UP
	var all []Interface
	for _, dev := range devs {
		i := Interface{Name: dev.Name, Description: dev.Description, Up: dev.Flags&up != 0, Loopback: dev.Flags&loopback != 0}
		for _, a := range dev.Addresses {
			if ip, ok := netip.AddrFromSlice(a.IP); ok {
				ones, _ := a.Netmask.Size()
				i.Addrs = append(i.Addrs, netip.PrefixFrom(ip.Unmap(), ones))
			}
		}
		h, err := openHandle(dev.Name, &Options{SnapLen: 64, NoPromisc: true, Buffer: 1 << 20})
		if i.Err = err; err == nil {
			i.Link, i.LinkKnown = h.link(), true
			h.close()
		}
		all = append(all, i)
	}
	return all, nil
}
