//go:build linux && !libpcap

package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tlslens/tlslens/capture"
)

// members opens sources that share the packets of interfaces.
func members(t *testing.T, n int, o Options) []*Source {
	t.Helper()
	all, err := OpenFanout(o, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, s := range all {
			s.Close()
		}
	})
	return all
}

// between returns an IP packet of one host to another, without a link header.
func between(src, dst uint32, v6, fragment bool, size int) []byte {
	if v6 {
		b := []byte{0x60, 0, 0, 0, byte(size >> 8), byte(size), 17, 64}
		for _, host := range []uint32{src, dst} {
			b = append(b, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0)
			b = binary.BigEndian.AppendUint32(b, host)
		}
		return append(b, make([]byte, size)...)
	}
	b := []byte{0x45, 0, byte((20 + size) >> 8), byte(20 + size), 0, 0, 0, 0, 64, 17, 0, 0}
	if fragment {
		b[7] = 100
	}
	b = binary.BigEndian.AppendUint32(b, 10<<24|src)
	b = binary.BigEndian.AppendUint32(b, 10<<24|dst)
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum%0xffff))
	return append(b, make([]byte, size)...)
}

// linked puts a link header with VLAN tags before a packet.
func linked(p []byte, tags int) []byte {
	b := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
	for range tags {
		b = append(b, 0x81, 0, 0x60, 5) // the priority looks like a version of IP
	}
	if p[0]>>4 == 6 {
		return append(append(b, 0x86, 0xdd), p...)
	}
	return append(append(b, 8, 0), p...)
}

// TestFanout holds that both directions of what two hosts say come to one source,
// whether they come in or go out, fragments and what has VLAN tags too, and that
// every source has some.
func TestFanout(t *testing.T) {
	for _, name := range []string{"va", Any} {
		t.Run(name, func(t *testing.T) {
			namespace(t)
			sh(t, "ip link set va mtu 9000; ip link set vb mtu 9000")
			const n, hosts = 3, 60
			sources := members(t, n, Options{Interfaces: []string{name}})
			in, out := newSender(t, "vb"), newSender(t, "va")
			_ = unix.SetsockoptInt(out.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 0) // it bypasses captures, too
			sent := 0
			for host := range uint32(hosts) {
				for _, v6 := range []bool{false, true} {
					for tags := range 3 {
						there := linked(between(host, 1<<16, v6, host%3 == 0, 100), tags)
						back := linked(between(1<<16, host, v6, false, 8000), tags)
						in.send(t, there, back)
						out.send(t, there, back)
						sent += 4
					}
				}
			}
			if name == Any {
				sent += sent / 2 // what goes out is seen at both ends
			}
			at := map[string]map[int]bool{}
			got, counted := 0, make([]int, n)
			for i, s := range sources {
				for _, p := range all(t, s) {
					got++
					counted[i]++
					key := hostOf(t, &p)
					if at[key] == nil {
						at[key] = map[int]bool{}
					}
					at[key][i] = true
				}
			}
			if got != sent {
				t.Errorf("%d packets came, %d were sent", got, sent)
			}
			for key, where := range at {
				if len(where) != 1 {
					t.Errorf("%s is at %v", key, where)
				}
			}
			if slices.Min(counted) < sent/10 {
				t.Errorf("%v packets came", counted)
			}
			for i, s := range sources {
				if l := s.Losses(); len(l) != 1 || l[0].Received != uint64(counted[i]) || l[0].Dropped != 0 {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

// hostOf names the host that a packet of TestFanout is about.
func hostOf(t *testing.T, p *capture.Packet) string {
	t.Helper()
	b := p.Data[14:]
	protocol := binary.BigEndian.Uint16(p.Data[12:])
	if p.Link == capture.LinkLinuxSLL2 {
		b, protocol = p.Data[20:], binary.BigEndian.Uint16(p.Data)
	}
	for protocol == 0x8100 {
		protocol = binary.BigEndian.Uint16(b[2:])
		b = b[4:]
	}
	src, dst, v := b[12:16], b[16:20], "IPv4"
	if protocol == 0x86dd {
		src, dst, v = b[20:24], b[36:40], "IPv6"
	}
	host := max(binary.BigEndian.Uint32(src)&0xffff, binary.BigEndian.Uint32(dst)&0xffff)
	return fmt.Sprintf("%s %d", v, host)
}

// TestFanoutLoopback holds that each packet of the loopback interface comes once.
func TestFanoutLoopback(t *testing.T) {
	namespace(t)
	sources := members(t, 2, Options{Interfaces: []string{"lo"}})
	lo := newSender(t, "lo")
	for host := range uint32(20) {
		lo.send(t, linked(between(host, 9, false, false, 50), 0))
	}
	got, received := 0, uint64(0)
	for _, s := range sources {
		got += len(all(t, s))
		received += s.Losses()[0].Received
	}
	if got != 20 || received != 20 {
		t.Errorf("%d packets came, %d were counted, 20 were sent", got, received)
	}
}

// TestFanoutGone holds that what happens to the interface is told once, and that
// all sources end.
func TestFanoutGone(t *testing.T) {
	namespace(t)
	var events []Event
	sources := members(t, 2, Options{Interfaces: []string{"va"}, Notify: func(n Notice) { events = append(events, n.Event) }})
	sh(t, "ip link del va")
	for _, s := range sources {
		guard(t, s)
		var p capture.Packet
		var gone *GoneError
		if err := s.Next(&p); !errors.As(err, &gone) {
			t.Error(err)
		}
	}
	if !slices.Contains(events, Gone) || len(slices.DeleteFunc(events, func(e Event) bool { return e != Gone })) != 1 {
		t.Errorf("%v", events)
	}
}
