package filter

import (
	"errors"
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// attach gives a program to the kernel for a socket.
func attach(fd int, raw []bpf.RawInstruction) error {
	filters := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		filters[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filters)), Filter: unsafe.SliceData(filters)})
}

// TestSameAsKernel sends packets as datagrams between two sockets of this
// process, one of which has the filter: the kernel needs no privilege for that.
func TestSameAsKernel(t *testing.T) {
	list := packets(t, rand.New(rand.NewPCG(12, 12)), linkEthernet, 300)
	exprs := append(expressions[:len(expressions):len(expressions)], etherExpressions...)
	compiled := 0
	for _, e := range exprs {
		p, err := Compile(e, linkEthernet, Options{})
		if err != nil {
			continue
		}
		compiled++
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Skipf("no sockets: %v", err)
		}
		if err := attach(fds[1], p.Instructions()); err != nil {
			t.Fatalf("%q: the kernel refuses the program: %v\n%s", e, err, p)
		}
		buf := make([]byte, 4096)
		for _, pkt := range list {
			if len(pkt.data) == 0 {
				continue
			}
			if _, err := unix.Write(fds[0], pkt.data); err != nil && !errors.Is(err, unix.EPERM) {
				t.Fatal(err)
			}
			n, err := unix.Read(fds[1], buf)
			if err != nil && !errors.Is(err, unix.EAGAIN) {
				t.Fatal(err)
			}
			if want := p.Match(pkt.data, len(pkt.data)); want != (n > 0) {
				t.Fatalf("%q on %x: Match says %v, the kernel delivers %d bytes\n%s", e, pkt.data, want, n, p)
			}
		}
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
	}
	t.Logf("%d programs on %d packets", compiled, len(list))
}

// TestKernelTakesLivePrograms: the kernel checks that cells are set before they
// are read and knows the ancillary data.
func TestKernelTakesLivePrograms(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Skipf("no sockets: %v", err)
	}
	defer func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) }()
	for _, e := range append(expressions[:len(expressions):len(expressions)], etherExpressions...) {
		p, err := Compile("vlan 3 and ("+e+")", linkEthernet, Options{Live: true})
		if err != nil {
			continue
		}
		if err := attach(fds[1], p.Instructions()); err != nil {
			t.Errorf("%q: %v\n%s", e, err, p)
		}
	}
}
