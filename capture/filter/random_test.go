package filter

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// grammar writes random expressions that libpcap takes.
type grammar struct {
	r      *rand.Rand
	ether  bool
	layers int // vlan, mpls and pppoes still allowed
}

func (g *grammar) expr(depth int) string {
	if depth <= 0 || g.r.IntN(3) == 0 {
		return g.primitive()
	}
	switch g.r.IntN(6) {
	case 0:
		return "not " + g.expr(0)
	case 1:
		return "(" + g.expr(depth-1) + ")"
	case 2:
		return "not (" + g.expr(depth-1) + ")"
	}
	return g.expr(depth-1) + pick(g.r, []string{" and ", " or ", " && ", " || "}) + g.expr(depth-1)
}

func (g *grammar) primitive() string {
	r := g.r
	dir := pick(r, []string{"", "", "src ", "dst ", "src or dst ", "src and dst "})
	switch r.IntN(14) {
	case 0, 1:
		return pick(r, []string{"ip", "ip6", "tcp", "udp", "icmp", "icmp6", "sctp", "esp", "pim"})
	case 2:
		return g.tail(dir+"host ", func() string { return pick(r, append(poolV4, poolV6...)) })
	case 3:
		return dir + "net " + pick(r, []string{"10.0.0.0/8", "192.168.0.0/16", "10", "10.1", "2001:db8::/32", "fe80::/10", "224.0.0.0/4", "0.0.0.0/0", "10.0.0.0 mask 255.255.255.0"})
	case 4, 5:
		return g.tail(pick(r, []string{"", "tcp ", "udp ", "sctp "})+dir+"port ", func() string { return fmt.Sprint(pick(r, poolPorts)) })
	case 6:
		return pick(r, []string{"", "tcp ", "udp "}) + dir + fmt.Sprintf("portrange %d-%d", pick(r, poolPorts), pick(r, poolPorts))
	case 7:
		return g.tail(pick(r, []string{"", "ip ", "ip6 "})+"proto ", func() string { return fmt.Sprint(pick(r, []int{1, 6, 17, 44, 58, 132})) })
	case 8:
		return pick(r, []string{"less", "greater"}) + fmt.Sprintf(" %d", r.IntN(120))
	case 9:
		return "ether proto " + pick(r, []string{"0x800", "0x86dd", "0x806", "5", "0xfe", "0xe0", "0x809b"})
	case 10:
		return g.layer()
	}
	return g.sum(2) + pick(r, []string{" = ", " == ", " != ", " < ", " <= ", " > ", " >= "}) + g.sum(1)
}

// tail hands the qualifiers on to more values, in one of the grammar's ways.
func (g *grammar) tail(head string, value func() string) string {
	switch g.r.IntN(6) {
	case 0:
		return "(" + head + value() + " or " + value() + ")"
	case 1:
		return head + "(" + value() + " or " + value() + " and not " + value() + ")"
	case 2:
		return head + "not " + value()
	case 3:
		return "(" + head + value() + " or (" + value() + " or " + value() + "))"
	}
	return head + value()
}

func (g *grammar) layer() string {
	if !g.ether || g.layers == 0 {
		return pick(g.r, []string{"ip multicast", "ip6 multicast", "ip broadcast", "len > 60"})
	}
	g.layers--
	return pick(g.r, []string{"vlan", "vlan 3", "vlan 1", "mpls", "mpls 100", "pppoes", "broadcast", "multicast", "ether src 02:00:00:00:00:01", "ether host 00:11:22:33:44:55"})
}

func (g *grammar) sum(depth int) string {
	r := g.r
	if depth <= 0 || r.IntN(3) == 0 {
		return g.operand(depth)
	}
	switch r.IntN(8) {
	case 0:
		return "(" + g.sum(depth-1) + pick(r, []string{" + ", " & "}) + g.sum(depth-1) + ")"
	case 1:
		return "- " + g.operand(depth-1)
	case 2:
		return g.sum(depth-1) + pick(r, []string{" << ", " >> "}) + fmt.Sprint(r.IntN(32))
	case 3:
		return g.sum(depth-1) + pick(r, []string{" / ", " % "}) + fmt.Sprint(1+r.IntN(9))
	}
	return g.sum(depth-1) + pick(r, []string{" + ", " - ", " * ", " & ", " | ", " ^ "}) + g.sum(depth-1)
}

func (g *grammar) operand(depth int) string {
	r := g.r
	switch r.IntN(5) {
	case 0:
		return fmt.Sprint(r.IntN(80))
	case 1:
		return pick(r, []string{"len", "0xf", "0", "tcp-syn"})
	}
	index := fmt.Sprint(r.IntN(24))
	if depth > 0 && r.IntN(4) == 0 {
		index = g.sum(depth - 1)
	}
	return pick(r, []string{"ip", "ip6", "tcp", "udp", "icmp", "icmp6", "sctp", "ether"}) + "[" + index + pick(r, []string{"", "", ":1", ":2", ":4"}) + "]"
}

// TestRandomExpressions compares random expressions with libpcap.
func TestRandomExpressions(t *testing.T) {
	needTcpdump(t)
	n := 150
	if testing.Short() {
		n = 30
	}
	for _, link := range links {
		t.Run(linkName(link), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(2, uint64(link)))
			list := packets(t, r, link, 1500)
			var y tally
			for range n {
				g := &grammar{r: r, ether: link == linkEthernet, layers: 2}
				e := g.expr(3)
				if tooManyCells(e) {
					continue
				}
				y.agree(t, e, link, list)
			}
			y.report(t)
			if y.compiled < n/2 || y.useful < n/4 {
				t.Error("the comparison is worth nothing: too few expressions")
			}
		})
	}
}

// tooManyCells: libpcap has 16 cells for sums and never gives some back.
func tooManyCells(e string) bool { return strings.Count(e, "[") > 6 }

// TestRandomWords throws words together. Whatever is taken here must be taken by
// libpcap with the same verdicts; what is refused here and taken there must be
// refused for a stated reason.
func TestRandomWords(t *testing.T) {
	needTcpdump(t)
	words := strings.Fields("ip ip6 tcp udp arp ether host net port portrange proto src dst and or not and or ( ) ( ) [ ] 80 443 10 1.2.3.4 10.0.0.0 / 8 2001:db8:: fe80::1 " +
		"00:11:22:33:44:55 len = > != & + - * ^ vlan mpls less greater broadcast multicast tcp[13] ip[0] 0x10 80-90 \\tcp mask 255.0.0.0 icmp-echo")
	r := rand.New(rand.NewPCG(3, 3))
	list := packets(t, r, linkEthernet, 300)
	n := 3000
	if testing.Short() {
		n = 300
	}
	var y tally
	valid := 0
	for range n {
		var e []string
		for range 1 + r.IntN(7) {
			e = append(e, pick(r, words))
		}
		expr := strings.Join(e, " ")
		if _, err := Compile(expr, linkEthernet, Options{}); err == nil || r.IntN(4) == 0 {
			y.agree(t, expr, linkEthernet, list)
			valid++
		}
	}
	t.Logf("%d word salads compared", valid)
	y.report(t)
	if y.compiled < n/60 {
		t.Error("too few word salads compile")
	}
}
