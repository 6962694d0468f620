package filter

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"
)

func mustCompile(t testing.TB, expr string, link uint32, opt Options) Program {
	t.Helper()
	p, err := Compile(expr, link, opt)
	if err != nil {
		t.Fatalf("%q: %v", expr, err)
	}
	return p
}

// TestListing holds the notation, and with it that superfluous tests go.
func TestListing(t *testing.T) {
	tests := []struct{ name, expr, want string }{
		{"everything", "", "(000) ret      #262144\n"},
		{"one test", "ip", "(000) ldh      [12]\n(001) jeq      #0x800           jt 2\tjf 3\n(002) ret      #262144\n(003) ret      #0\n"},
		{"said twice", "ip and ip or ip", "(000) ldh      [12]\n(001) jeq      #0x800           jt 2\tjf 3\n(002) ret      #262144\n(003) ret      #0\n"},
		{"arithmetic", "ip[8] * 2 > -len", `(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 11
(002) ldb      [22]
(003) mul      #0x2
(004) st       M[0]
(005) ld       #pktlen
(006) mul      #0xffffffff
(007) tax
(008) ld       M[0]
(009) jgt      x                jt 10	jf 11
(010) ret      #262144
(011) ret      #0
`},
		{"flags", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", `(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 10
(002) ldb      [23]
(003) jeq      #0x6             jt 4	jf 10
(004) ldh      [20]
(005) jset     #0x1fff          jt 10	jf 6
(006) ldxb     4*([14]&0xf)
(007) ldb      [x + 27]
(008) jset     #0x3             jt 9	jf 10
(009) ret      #262144
(010) ret      #0
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := mustCompile(t, tt.expr, linkEthernet, Options{}).String()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("listing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSnapLen(t *testing.T) {
	p := mustCompile(t, "ip", linkRaw, Options{SnapLen: 96})
	if got := p.raw[len(p.raw)-2].K; got != 96 {
		t.Errorf("a match returns %d bytes, want 96", got)
	}
}

// TestZeroProgram: a program that was never compiled takes no packet.
func TestZeroProgram(t *testing.T) {
	if (Program{}).Match([]byte{1, 2, 3}, 3) || len(Program{}.Instructions()) != 0 {
		t.Error("the zero Program matches")
	}
}

func TestInstructionsAreACopy(t *testing.T) {
	p := mustCompile(t, "ip", linkEthernet, Options{})
	p.Instructions()[0] = bpf.RawInstruction{Op: retK}
	if p.raw[0].Op == retK {
		t.Error("a caller can change the program")
	}
}

// TestSameAsVM compares Match with the VM of golang.org/x/net/bpf, which has no
// length on the wire.
func TestSameAsVM(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	list := packets(t, r, linkEthernet, 1500)
	for _, e := range append(expressions, etherExpressions...) {
		p, err := Compile(e, linkEthernet, Options{})
		if err != nil {
			continue
		}
		insts, all := bpf.Disassemble(p.Instructions())
		vm, err := bpf.NewVM(insts)
		if err != nil || !all {
			t.Fatalf("%q: %v\n%s", e, err, p)
		}
		for _, pkt := range list {
			n, err := vm.Run(pkt.data)
			if err != nil {
				t.Fatalf("%q: %v", e, err)
			}
			if got := p.Match(pkt.data, len(pkt.data)); got != (n != 0) {
				t.Fatalf("%q on %x: %v, the VM says %d\n%s", e, pkt.data, got, n, p)
			}
		}
	}
}

// TestEveryPrefix cuts a packet at every length: a filter never reads beyond.
func TestEveryPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, link := range links {
		for _, e := range []string{"port 443", "ip6 or tcp[13] & 2 != 0", "host 10.0.0.1 or host 2001:db8::1", "ip[len - 1] = 0", "len > 40"} {
			p, err := Compile(e, link, Options{})
			if err != nil && link != linkIPv6 { // where "ip" matches nothing
				t.Fatal(err)
			}
			data := frame(t, r, link)
			for n := range data {
				p.Match(data[:n:n], len(data))
			}
		}
	}
}

// TestLongJumps compiles lists that need more than the 255 instructions that a
// conditional jump reaches, and lists that do not fit.
func TestLongJumps(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	list := packets(t, r, linkEthernet, 500)
	for _, n := range []int{2, 40, 90, 200, 400} {
		var parts []string
		for i := range n {
			parts = append(parts, "src host 172.16."+strconv.Itoa(i/250)+"."+strconv.Itoa(i%250))
		}
		expr := strings.Join(parts, " or ") + " or (tcp and not dst port 443)"
		p := mustCompile(t, expr, linkEthernet, Options{})
		if err := validate(p.raw, false); err != nil {
			t.Fatalf("%d hosts: %v", n, err)
		}
		if len(p.raw) < n || len(p.raw) > maxProgram {
			t.Fatalf("%d hosts make %d instructions", n, len(p.raw))
		}
		short := mustCompile(t, "tcp and not dst port 443", linkEthernet, Options{})
		for _, pkt := range list {
			want := short.Match(pkt.data, pkt.wire)
			if len(pkt.data) > 60 && p.Match(pkt.data, pkt.wire) != want {
				t.Fatalf("%d hosts: %x gives %v, want %v", n, pkt.data, !want, want)
			}
		}
	}
	_, err := Compile(strings.Repeat("portrange 1-2 or ", 50)+"port 3", linkEthernet, Options{})
	if err != nil {
		t.Errorf("50 times the same range: %v", err)
	}
	var parts []string
	for i := range 800 {
		parts = append(parts, "port "+strconv.Itoa(i))
	}
	_, err = Compile(strings.Join(parts, " or "), linkEthernet, Options{})
	if err == nil || !strings.Contains(err.Error(), "too many conditions") && !strings.Contains(err.Error(), "4096") {
		t.Errorf("800 ports: %v", err)
	}
}

// TestJumpsOfEveryLength asks for each host of lists of many lengths, so that
// every distance around the 255 instructions of a short jump occurs.
func TestJumpsOfEveryLength(t *testing.T) {
	data := make([]byte, 60)
	data[12], data[13], data[14], data[23] = 0x08, 0x00, 0x45, 6
	data[26], data[27] = 172, 16
	for _, before := range []string{"", "len = 7 or ", "ether[0:2] = 7 or ", "len = 7 or ether[0:2] = 7 or len + ether[5] = 3 or "} {
		var hosts []string
		for n := range 280 {
			hosts = append(hosts, "ip src 172.16."+strconv.Itoa(n/200)+"."+strconv.Itoa(n%200))
			if n < 235 {
				continue
			}
			p := mustCompile(t, before+strings.Join(hosts, " or "), linkEthernet, Options{})
			for last := range n + 2 {
				data[13], data[28], data[29] = 0, byte(last/200), byte(last%200)
				if got := p.Match(data, 60); got != (last <= n) {
					t.Fatalf("%q and %d hosts: number %d gives %v", before, n+1, last, got)
				}
				if data[13] = 1; p.Match(data, 60) {
					t.Fatalf("%q and %d hosts: number %d matches without IP", before, n+1, last)
				}
			}
		}
	}
}

// TestLoopbackFamilies: IPv6 from any system's loopback, in either byte order.
func TestLoopbackFamilies(t *testing.T) {
	tests := []struct {
		name   string
		link   uint32
		header []byte
		expr   string
		want   bool
	}{
		{"Linux", linkNull, []byte{10, 0, 0, 0}, "ip6", true},
		{"macOS", linkNull, []byte{30, 0, 0, 0}, "ip6", true},
		{"FreeBSD", linkNull, []byte{28, 0, 0, 0}, "ip6", true},
		{"NetBSD", linkNull, []byte{24, 0, 0, 0}, "ip6", true},
		{"big endian", linkNull, []byte{0, 0, 0, 30}, "ip6", true},
		{"IPv4 big endian", linkNull, []byte{0, 0, 0, 2}, "ip", true},
		{"IPv4 is not IPv6", linkNull, []byte{2, 0, 0, 0}, "ip6", false},
		{"another family", linkNull, []byte{7, 0, 0, 0}, "ip or ip6", false},
		{"OpenBSD", linkLoop, []byte{0, 0, 0, 24}, "ip6", true},
		{"LOOP has one byte order", linkLoop, []byte{24, 0, 0, 0}, "ip6", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustCompile(t, tt.expr, tt.link, Options{})
			if got := p.Match(append(tt.header, make([]byte, 40)...), 44); got != tt.want {
				t.Errorf("%q matches %v: %v, want %v", tt.expr, tt.header, got, tt.want)
			}
		})
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	list := packets(t, rand.New(rand.NewPCG(7, 7)), linkEthernet, 100)
	p := mustCompile(t, "vlan and tcp port 443 or host 2001:db8::1 or tcp[(tcp[12] & 0xf0) >> 2] = 0x16", linkEthernet, Options{})
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		p.Match(list[i%100].data, list[i%100].wire)
		i++
	}); n != 0 {
		t.Errorf("%v allocations for a packet", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	list := packets(b, rand.New(rand.NewPCG(8, 8)), linkEthernet, 1024)
	for _, e := range []string{"ip", "tcp port 443", "host 10.0.0.1 and tcp port 443", "tcp[(tcp[12] & 0xf0) >> 2] = 0x16"} {
		p := mustCompile(b, e, linkEthernet, Options{})
		b.Run(e, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				pkt := &list[i&1023]
				p.Match(pkt.data, pkt.wire)
			}
		})
		insts, _ := bpf.Disassemble(p.Instructions())
		vm, _ := bpf.NewVM(insts)
		b.Run(e+"/xnet", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, _ = vm.Run(list[i&1023].data)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustCompile(b, "tcp port 443 and (host 10.0.0.1 or net 2001:db8::/32)", linkEthernet, Options{})
	}
}
