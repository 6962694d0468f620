package filter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
)

// FuzzCompile: no expression makes the compiler panic; what compiles is a
// program that the VM takes, that has only forward jumps and gives the same
// verdict as the VM; what does not compile says where and why.
func FuzzCompile(f *testing.F) {
	for i, e := range append(expressions, etherExpressions...) {
		f.Add(e, uint16(links[i%len(links)]), i%2 == 0, []byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\x00\x00\x28\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x01\xbb\x00\x50"))
	}
	for _, e := range []string{"host example.org", "((((", "not not", "tcp[", "tcp[0:", "net 1.2.3.4/", "vlan (", "1 2 3", "\\", "port 1-2-3", "portrange -", "ip[-1]", "::", "1:2:3:4:5:6:7", "len=len=len"} {
		f.Add(e, uint16(1), false, []byte{})
	}
	f.Fuzz(func(t *testing.T, expr string, link uint16, live bool, data []byte) {
		p, err := Compile(expr, uint32(link), Options{Live: live})
		if err != nil {
			var s *SyntaxError
			if !errors.As(err, &s) || s.What == "" || s.Pos < 0 || s.Pos > len(expr) || strings.ContainsAny(s.What+s.Hint(), "\x1b\x00\n") {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if err := validate(p.raw, live); err != nil || len(p.raw) > maxProgram {
			t.Fatalf("%d instructions: %v\n%s", len(p.raw), err, p)
		}
		insts, all := bpf.Disassemble(p.Instructions())
		if !all {
			t.Fatalf("not classic BPF:\n%s", p)
		}
		if live {
			p.Match(data, len(data)) // the VM does not know the ancillary data
			return
		}
		vm, err := bpf.NewVM(insts)
		if err != nil {
			t.Fatalf("%v\n%s", err, p)
		}
		n, err := vm.Run(data)
		if got := p.Match(data, len(data)); err == nil && got != (n != 0) {
			t.Fatalf("Match says %v, the VM %d\n%s", got, n, p)
		}
	})
}

// FuzzListing: no listing makes the reader panic, and what it takes runs.
func FuzzListing(f *testing.F) {
	f.Add("4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n", []byte{1, 2, 3})
	f.Add("1\n6 0 0 0\n", []byte{})
	f.Add("2\n5 0 0 4294967295\n6 0 0 0\n", []byte{})
	f.Add("3\n1 0 0 0\n60 0 0 0\n22 0 0 0\n", []byte{})
	f.Fuzz(func(t *testing.T, listing string, data []byte) {
		p, err := parseListing(listing, false)
		if err != nil {
			return
		}
		_ = p.String()
		got := p.Match(data, len(data))
		insts, _ := bpf.Disassemble(p.Instructions())
		vm, err := bpf.NewVM(insts)
		if err != nil {
			return // stricter than the kernel in places
		}
		if n, err := vm.Run(data); err == nil && got != (n != 0) {
			t.Fatalf("Match says %v, the VM %d\n%s", got, n, p)
		}
	})
}

// TestCostlyExpressions: the longest expressions compile or are refused in
// little time.
func TestCostlyExpressions(t *testing.T) {
	fill := func(s string) string { return strings.TrimSuffix(strings.Repeat(s, maxExpr/len(s)), " or ") }
	for _, e := range []string{
		fill("ip or "), fill("ip[1]=1 or "), fill("not ip or "), strings.Repeat("len=1 or tcp and ", 900) + "ip",
		"len = " + strings.TrimSuffix(fill("1+"), "+"), fill("host 10.0.0.1 or "), strings.Repeat("ip[", 190) + "0" + strings.Repeat("]", 190) + " = 0",
		strings.Repeat("vlan and ", 3000) + "ip", strings.Repeat("-", 1000) + "1 = 1", strings.Repeat("len ^ ", 180) + "1 = 1",
	} {
		start := time.Now()
		p, err := Compile(e, linkEthernet, Options{})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%.30q... takes %v", e, d)
		}
		t.Logf("%.30q...: %d instructions, %v", e, len(p.raw), err)
	}
}
