//go:build linux && !libpcap

package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/filter"
)

// all stops the source and returns its packets, with bytes of their own.
func all(t testing.TB, s *Source) []capture.Packet {
	t.Helper()
	guard(t, s)
	s.Stop()
	var out []capture.Packet
	for {
		var p capture.Packet
		err := s.Next(&p)
		if err == io.EOF {
			return out
		}
		if err == capture.ErrIdle {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Data = slices.Clone(p.Data)
		out = append(out, p)
	}
}

func compiled(expr string) func(capture.LinkType, bool) ([]bpf.RawInstruction, error) {
	return func(link capture.LinkType, kernel bool) ([]bpf.RawInstruction, error) {
		p, _, err := filter.CompileAny(context.Background(), expr, uint32(link), filter.Options{Live: kernel})
		return p.Instructions(), err
	}
}

// cookedHead is the header that the frame of a test has on "any".
func cookedHead(protocol byte, index int, kind byte) []byte {
	return []byte{8 + 0x79*(protocol&1), 0, 0, 0, 0, 0, 0, byte(index), 0, 1, kind, 6, 2, 0, 0, 0, 0, 1, 0, 0}
}

// TestFrames holds what packets look like, byte by byte.
func TestFrames(t *testing.T) {
	plain, tagged, other := udp(1, 443, 100, 0), udp(2, 443, 100, 0x2064), udp(3, 53, 100, 0)
	for _, tt := range []struct {
		name    string
		options Options
		want    [][]byte
		wire    []int
	}{
		{"all", Options{}, [][]byte{plain, tagged, other}, nil},
		{"not promiscuous", Options{NoPromisc: true}, [][]byte{plain, tagged, other}, nil},
		{"port", Options{Filter: compiled("udp port 53")}, [][]byte{other}, nil},
		{"tag", Options{Filter: compiled("vlan 100")}, [][]byte{tagged}, nil},
		{"tag and port", Options{Filter: compiled("vlan and udp port 443")}, [][]byte{tagged}, nil},
		{"cut", Options{SnapLen: 20}, [][]byte{plain[:20], tagged[:24], other[:20]}, []int{142, 146, 142}},
		{"cut and filtered", Options{SnapLen: 20, Filter: compiled("port 53")}, [][]byte{other[:20]}, []int{142}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			namespace(t)
			tt.options.Interfaces = []string{"va"}
			s := open(t, tt.options)
			newSender(t, "vb").send(t, plain, tagged, other)
			got := all(t, s)
			if len(got) != len(tt.want) {
				t.Fatalf("%d packets, want %d", len(got), len(tt.want))
			}
			for i, p := range got {
				wire := len(tt.want[i])
				if tt.wire != nil {
					wire = tt.wire[i]
				}
				if d := cmp.Diff(tt.want[i], p.Data); d != "" || p.WireLen != wire || p.Link != capture.LinkEthernet || p.Number != uint64(i+1) {
					t.Errorf("packet %d: %d bytes of %d, %v, number %d (-want +got):\n%s", i, len(p.Data), p.WireLen, p.Link, p.Number, d)
				}
				if since := time.Since(p.Time); since < 0 || since > time.Minute || p.Time.Location() != time.UTC {
					t.Errorf("packet %d at %v", i, p.Time)
				}
			}
			st := s.Stats()
			cut := 0
			if tt.wire != nil {
				cut = len(tt.wire)
			}
			if d := cmp.Diff(capture.Stats{Received: uint64(len(tt.want)), Truncated: uint64(cut)}, st); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestAny holds that "any" shows a packet once for each interface that it
// passes, with a cooked header, and that filters work on those.
func TestAny(t *testing.T) {
	plain, tagged, other := udp(1, 443, 100, 0), udp(2, 443, 100, 0x2064), udp(3, 53, 100, 0)
	for _, tt := range []struct {
		name, filter string
		want         []int // which of the frames
	}{
		{"all", "", []int{1, 2, 3}},
		{"port", "udp port 53", []int{3}},
		{"not port", "not udp port 53", []int{1, 2}}, // a tag hides the ports
		{"length", "greater 150 and ip", []int{}},
		{"byte", "udp[8:4] = 3", []int{3}},
		{"inbound", "inbound and udp port 443", []int{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			namespace(t)
			o := Options{Interfaces: []string{Any}}
			if tt.filter != "" {
				o.Filter = compiled(tt.filter)
			}
			s := open(t, o)
			newSender(t, "vb").send(t, plain, tagged, other)
			va := index(t, "va")
			var got [][]byte
			for _, p := range all(t, s) {
				if p.Link != capture.LinkLinuxSLL2 || len(p.Data) < 20 {
					t.Fatalf("%v, %x", p.Link, p.Data)
				}
				if p.Data[7] == byte(va) {
					got = append(got, p.Data)
				}
			}
			// The destination is nobody's address: kind 3, "to another host".
			frames := [][]byte{nil,
				append(cookedHead(0, va, 3), plain[14:]...),
				append(cookedHead(1, va, 3), tagged[14:]...),
				append(cookedHead(0, va, 3), other[14:]...)}
			var want [][]byte
			for _, n := range tt.want {
				want = append(want, frames[n])
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestAnyTwoTags holds that of two tags none is lost, whatever the kernel says of
// the protocol.
func TestAnyTwoTags(t *testing.T) {
	for _, tci := range []uint16{0x2064, 0x4064, 0x4564} { // the last looks like a header of IPv4
		namespace(t)
		s := open(t, Options{Interfaces: []string{Any}})
		packet := between(1, 2, false, false, 50)
		frame := linked(packet, 2)
		binary.BigEndian.PutUint16(frame[18:], tci)
		newSender(t, "vb").send(t, frame)
		va, found := index(t, "va"), false
		for _, p := range all(t, s) {
			if p.Data[7] == byte(va) {
				found = true
				if want := append(cookedHead(1, va, 3), frame[14:]...); !bytes.Equal(want, p.Data) {
					t.Errorf("%x\n%x, want", p.Data, want)
				}
			}
		}
		if !found {
			t.Error("no packet")
		}
	}
}

// TestLoopback holds that a packet on the loopback interface is seen once.
func TestLoopback(t *testing.T) {
	for _, name := range []string{"lo", Any} {
		t.Run(name, func(t *testing.T) {
			namespace(t)
			s := open(t, Options{Interfaces: []string{name}, Filter: compiled("udp port 9")})
			c, err := net.ListenUDP("udp4", nil) // not connected: nobody hears of refusals
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 3 {
				if _, err := c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("127.0.0.1:9")); err != nil {
					t.Fatal(err)
				}
			}
			if got := all(t, s); len(got) != 3 {
				t.Errorf("%d packets, want 3", len(got))
			}
		})
	}
}

// TestMerge holds that packets of two interfaces come in the order of time.
func TestMerge(t *testing.T) {
	namespace(t)
	sh(t, "ip link add vc type veth peer name vd; ip link set vc addrgenmode none; ip link set vd addrgenmode none; ip link set vc up; ip link set vd up")
	s := open(t, Options{Interfaces: []string{"va", "vc"}, Filter: compiled("udp")})
	b, d := newSender(t, "vb"), newSender(t, "vd")
	const n = 400
	for i := range uint32(n) {
		if i%7 < 3 {
			b.send(t, udp(i, 443, 50, 0))
		} else {
			d.send(t, udp(i, 443, 50, 0))
		}
		if i%50 == 0 {
			time.Sleep(30 * time.Millisecond)
		}
	}
	got := all(t, s)
	if len(got) != n {
		t.Errorf("%d packets, want %d", len(got), n)
	}
	names := s.Interfaces()
	for i, p := range got {
		which := 1
		if i%7 < 3 {
			which = 0
		}
		if i > 0 && p.Time.Before(got[i-1].Time) || p.Interface != which || names[p.Interface].Name != []string{"va", "vc"}[which] {
			t.Fatalf("packet %d: of interface %d at %v", i, p.Interface, p.Time)
		}
	}
}

// TestMergeAlone holds that the packet of one interface does not wait for another
// one that is silent, whatever the times to wait are.
func TestMergeAlone(t *testing.T) {
	for _, idle := range []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond} {
		t.Run(idle.String(), func(t *testing.T) {
			namespace(t)
			sh(t, "ip link add vc type veth peer name vd; ip link set vc addrgenmode none; ip link set vd addrgenmode none; ip link set vc up; ip link set vd up")
			s := open(t, Options{Interfaces: []string{"va", "vc"}, Filter: compiled("udp"), Idle: idle})
			guard(t, s)
			b := newSender(t, "vb")
			for i := range uint32(5) {
				begun := time.Now()
				b.send(t, udp(i, 443, 50, 0))
				var p capture.Packet
				for {
					err := s.Next(&p)
					if err == nil {
						break
					}
					if err != capture.ErrIdle {
						t.Fatal(err)
					}
				}
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("packet %d came after %v", i, took)
				}
			}
			if got := all(t, s); len(got) != 0 {
				t.Errorf("%d more packets", len(got))
			}
		})
	}
}

// TestLoss overflows a small ring: what is missing is counted and told.
func TestLoss(t *testing.T) {
	namespace(t)
	var told uint64
	s := open(t, Options{Interfaces: []string{"va"}, Buffer: 1, Notify: func(n Notice) {
		if n.Event == Lost && n.Interface == "va" {
			told += n.Count
		}
	}})
	b := newSender(t, "vb")
	const n = 4000
	for i := range uint32(n) {
		b.send(t, udp(i, 443, 1400, 0))
	}
	got := all(t, s)
	st := s.Stats()
	if len(got) == 0 || st.DroppedByKernel == 0 || uint64(len(got))+st.DroppedByKernel != n || told != st.DroppedByKernel {
		t.Errorf("%d of %d packets came, %d were dropped, %d told", len(got), n, st.DroppedByKernel, told)
	}
	if d := cmp.Diff([]Loss{{"va", n, n - uint64(len(got)), 0}}, s.Losses()); d != "" {
		t.Error(d)
	}
}

// TestRefusals holds what Open says no to.
func TestRefusals(t *testing.T) {
	broken := errors.New("broken filter")
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"none", Options{}, "no interface was named"},
		{"twice", Options{Interfaces: []string{"va", "va"}}, "the interface va is named twice"},
		{"any and another", Options{Interfaces: []string{"va", Any}}, "the interface any has the packets of all others already"},
		{"empty", Options{Interfaces: []string{""}}, "the name of an interface is empty"},
		{"missing", Options{Interfaces: []string{"vz"}}, `there is no interface "vz"`},
		{"second missing", Options{Interfaces: []string{"va", "vz"}}, `there is no interface "vz"`},
		{"filter", Options{Interfaces: []string{"va"}, Filter: func(capture.LinkType, bool) ([]bpf.RawInstruction, error) { return nil, broken }}, "broken filter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			namespace(t)
			if _, err := Open(tt.o); err == nil || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// TestInterfaces holds what is listed.
func TestInterfaces(t *testing.T) {
	namespace(t)
	sh(t, "ip addr add 10.9.8.7/24 dev va; ip link set vb down")
	list, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Interface{}
	for _, i := range list {
		found[i.Name] = i
	}
	va, vb, lo, any := found["va"], found["vb"], found["lo"], found[Any]
	if !va.Up || va.Err != nil || va.Link != capture.LinkEthernet || len(va.Addrs) != 1 || va.Addrs[0].String() != "10.9.8.7/24" || vb.Up || !lo.Loopback || any.Link != capture.LinkLinuxSLL2 {
		t.Errorf("%+v", list)
	}
}

// TestRate sends as fast as it can and holds that every packet came or was
// counted. How many came in what time is for the reader of the log.
func TestRate(t *testing.T) {
	namespace(t)
	s := open(t, Options{Interfaces: []string{"va"}})
	const n = 200_000
	frame := udp(1, 443, 600, 0)
	b := newSender(t, "vb")
	done := make(chan struct{})
	var got uint64
	go func() {
		defer close(done)
		var p capture.Packet
		for s.Next(&p) == nil {
			got++
		}
	}()
	begun := time.Now()
	for range n {
		b.send(t, frame)
	}
	took := time.Since(begun)
	s.Stop()
	<-done
	st := s.Stats()
	t.Logf("%d packets in %v: %.0f/s, %d dropped", n, took, n/took.Seconds(), st.DroppedByKernel)
	if got+st.DroppedByKernel != n || got != st.Received {
		t.Errorf("%d came, %d dropped, %d received", got, st.DroppedByKernel, st.Received)
	}
}

// TestAllocations holds that a packet costs none.
func TestAllocations(t *testing.T) {
	namespace(t)
	s := open(t, Options{Interfaces: []string{"va"}})
	guard(t, s)
	b := newSender(t, "vb")
	for range 2000 {
		b.send(t, udp(1, 443, 200, 0x2064))
	}
	var p capture.Packet
	if n := testing.AllocsPerRun(1500, func() {
		if err := s.Next(&p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
