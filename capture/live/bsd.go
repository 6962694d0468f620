//go:build (darwin || dragonfly || freebsd || netbsd || openbsd) && !libpcap

package live

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"

	"github.com/tlslens/tlslens/capture"
)

// A bpfDevice is a /dev/bpf of bpf(4). gopacket's bsdbpf is not used: it can
// tell neither what was lost, nor the link type, nor the length on the wire,
// and takes no filter.
type bpfDevice struct {
	name   string
	fd     int
	dlt    capture.LinkType
	filter *bpf.VM
	snap   int
	buf    []byte
	at     int
	end    int
}

// bufferMost is the largest buffer that is asked for; the kernels' own limits
// are lower.
const bufferMost = 16 << 20

func openHandle(name string, o *Options) (_ handle, err error) {
	if name == Any {
		return nil, errors.New("this operating system has no interface for all; name them with several -i")
	}
	if _, err := net.InterfaceByName(name); err != nil {
		return nil, &MissingError{Interface: name}
	}
	fd, err := openDevice(name)
	if err != nil {
		return nil, err
	}
	d := &bpfDevice{name: name, fd: fd, snap: o.SnapLen}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	size := min(o.Buffer, bufferMost)
	for ; size > 4096; size /= 2 {
		if _, err := syscall.SetBpfBuflen(fd, size); err != nil {
			continue
		}
		if err = syscall.SetBpfInterface(fd, name); err != syscall.ENOBUFS && err != syscall.EINVAL {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("capturing on %s: %w", name, err)
	}
	return d, d.set(o)
}

// openDevice opens the first device that nobody uses.
func openDevice(name string) (int, error) {
	var last error
	for i := range 256 {
		fd, err := syscall.Open(fmt.Sprintf("/dev/bpf%d", i), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		switch err {
		case nil:
			return fd, nil
		case syscall.EACCES, syscall.EPERM:
			return -1, permission(name, err)
		case syscall.ENOENT:
			if i == 0 {
				if fd, err := syscall.Open("/dev/bpf", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
					return fd, nil
				}
			}
			return -1, fmt.Errorf("capturing on %s: %w", name, errors.Join(last, err))
		}
		last = err
	}
	return -1, fmt.Errorf("capturing on %s: %w", name, last)
}

// set configures a device that is tied to its interface.
func (d *bpfDevice) set(o *Options) error {
	tv := syscall.NsecToTimeval(int64(quiet))
	size, err := syscall.BpfBuflen(d.fd)
	if err != nil {
		return err
	}
	d.buf = make([]byte, size)
	dlt, err := syscall.BpfDatalink(d.fd)
	if err != nil {
		return err
	}
	d.dlt = linkOfDLT(dlt)
	if err := syscall.SetBpfTimeout(d.fd, &tv); err != nil {
		return err
	}
	if !o.NoPromisc {
		// Some interfaces, as those of tunnels, know no promiscuous mode.
		_ = syscall.SetBpfPromisc(d.fd, 1)
	}
	if o.Filter == nil {
		return nil
	}
	raw, err := o.Filter(d.dlt, false)
	if err != nil {
		return err
	}
	prog := make([]syscall.BpfInsn, len(raw))
	for i, in := range raw {
		prog[i] = syscall.BpfInsn{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	err = syscall.SetBpf(d.fd, prog)
	runtime.KeepAlive(prog)
	if err == nil {
		return nil
	}
	// A kernel that refuses it leaves it to us.
	ins, ok := bpf.Disassemble(raw)
	if !ok {
		return fmt.Errorf("the filter for %s: %w", d.name, err)
	}
	d.filter, err = bpf.NewVM(ins)
	return err
}

// linkOfDLT returns the LINKTYPE of a DLT_ number of this system.
func linkOfDLT(dlt int) capture.LinkType {
	switch dlt {
	case 12, 14: // DLT_RAW, which has two numbers
		return capture.LinkRaw
	}
	return capture.LinkType(dlt)
}

// next returns the next packet of the buffer, which one read fills.
func (d *bpfDevice) next() ([]byte, time.Time, int, error) {
	const least = int(unsafe.Offsetof(syscall.BpfHdr{}.Hdrlen)) + 2
	for {
		if d.at+least > d.end {
			n, err := syscall.Read(d.fd, d.buf)
			if d.at, d.end = 0, max(n, 0); err == syscall.EINTR || err == nil && n == 0 {
				return nil, time.Time{}, 0, errQuiet
			}
			if err != nil {
				return nil, time.Time{}, 0, err
			}
			continue
		}
		h := (*syscall.BpfHdr)(unsafe.Pointer(&d.buf[d.at]))
		start, n := d.at+int(h.Hdrlen), int(h.Caplen)
		if int(h.Hdrlen) < least || n < 0 || start+n > d.end {
			d.at = d.end // no kernel does that
			continue
		}
		data := d.buf[start : start+n]
		const word = int(unsafe.Sizeof(uintptr(0)))
		align := word
		if runtime.GOOS == "darwin" {
			align = 4 // BPF_ALIGNMENT is that of int32 there
		}
		d.at += (int(h.Hdrlen) + n + align - 1) &^ (align - 1)
		if d.filter != nil {
			if keep, err := d.filter.Run(data); err != nil || keep == 0 {
				continue
			}
		}
		at := time.Unix(int64(h.Tstamp.Sec), int64(h.Tstamp.Usec)*1000)
		return data[:min(n, d.snap)], at, int(h.Datalen), nil
	}
}

func (d *bpfDevice) loss() Loss {
	l := Loss{Interface: d.name}
	if st, err := syscall.BpfStats(d.fd); err == nil {
		l.Received, l.Dropped = uint64(st.Recv), uint64(st.Drop)
	}
	return l
}

func (d *bpfDevice) link() capture.LinkType { return d.dlt }
func (d *bpfDevice) close()                 { syscall.Close(d.fd) }

// permission explains what lets a user capture.
func permission(name string, err error) error {
	hint := "use sudo; or let your group read /dev/bpf*"
	if runtime.GOOS == "darwin" {
		hint = "use sudo; or install Wireshark's ChmodBPF, which lets its group read /dev/bpf*"
	}
	if os.Geteuid() == 0 {
		hint = ""
	}
	return &PermissionError{Interface: name, Err: err, hint: hint}
}

// tryOpen finds out whether an interface can be captured on.
func tryOpen(name string) (capture.LinkType, error) {
	o := Options{SnapLen: 1, NoPromisc: true, Buffer: 32 << 10}
	h, err := openHandle(name, &o)
	if err != nil {
		return 0, err
	}
	defer h.close()
	return h.link(), nil
}
