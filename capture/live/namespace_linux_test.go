//go:build linux && !libpcap

package live

import (
	"encoding/binary"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// namespace moves the test into a network namespace of its own, with a pair of
// interfaces va and vb and the loopback interface, all up. Its thread ends with
// the test.
func namespace(t testing.TB) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("a network namespace takes root: %v", err)
	}
	sh(t, "ip link add va type veth peer name vb")
	// No messages of IPv6 beside those of the test.
	sh(t, "ip link set va addrgenmode none; ip link set vb addrgenmode none; ip link set lo up; ip link set va up; ip link set vb up")
}

func sh(t testing.TB, script string) {
	t.Helper()
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		if strings.Contains(string(out), "not found") {
			t.Skipf("%s: %s", script, out)
		}
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// A sender sends frames on an interface.
type sender struct{ fd int }

func newSender(t testing.TB, name string) *sender {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: index(t, name)}); err != nil {
		t.Fatal(err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)
	return &sender{fd}
}

func (s *sender) send(t testing.TB, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		for {
			_, err := unix.Write(s.fd, f)
			if err == unix.ENOBUFS {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
}

func index(t testing.TB, name string) int {
	t.Helper()
	req, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		t.Fatal(err)
	}
	return int(req.Uint32())
}

// udp returns an Ethernet frame with an IPv4 UDP datagram whose payload begins
// with a number and has that many bytes in all. With vlan, the frame is tagged.
func udp(number uint32, port uint16, size int, vlan uint16) []byte {
	b := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
	if vlan != 0 {
		b = binary.BigEndian.AppendUint16(append(b, 0x81, 0), vlan)
	}
	b = append(b, 8, 0)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(28+size))
	b = append(b, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	b = binary.BigEndian.AppendUint16(b, 5000)
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, uint16(8+size))
	b = append(b, 0, 0)
	payload := make([]byte, size)
	binary.BigEndian.PutUint32(payload, number)
	return append(b, payload...)
}

func open(t testing.TB, o Options) *Source {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// guard closes a source that a test waits for in vain.
func guard(t testing.TB, s *Source) {
	timer := time.AfterFunc(20*time.Second, func() {
		t.Error("nothing came for 20 seconds")
		s.Close()
	})
	t.Cleanup(func() { timer.Stop() })
}
