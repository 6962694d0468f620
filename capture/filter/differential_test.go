package filter

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// expressions are compared with libpcap on every link type.
var expressions = []string{
	"", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "pim", "vrrp", "ah", "esp",
	"not ip", "! ip6", "ip or arp", "ip && tcp", "not (tcp or udp)", "not tcp and not udp", "tcp or not ip6",
	"host 10.0.0.1", "src host 10.0.0.1", "dst 10.0.0.2", "src or dst 10.0.0.1", "src and dst host 10.0.0.1",
	"host 10.0.0.1 or 10.0.0.2", "host (10.0.0.1 or 192.168.1.7)", "host 10.0.0.1 and not 10.0.0.2",
	"ip host 10.0.0.1", "arp host 10.0.0.1", "rarp host 10.0.0.2", "host 10", "host 10.1",
	"host 2001:db8::1", "ip6 host fe80::1", "src ::1", "net 2001:db8::/32", "dst net 2001:db8:0:1::/64", "net ::/0",
	"net 10", "net 10.0.0.0/8", "src net 192.168", "dst net 192.168.1.0 mask 255.255.255.0", "net 0.0.0.0/0", "net 10.0.0.0/31",
	"net 2001:db8::/33", "host 10.0.0.1 or 2001:db8::1",
	"port 80", "src port 443", "dst port 53", "port 80 or 443", "port (80 or 443 or 22)", "tcp port 80", "udp port 53", "sctp port 80",
	"tcp src port 443 or 80", "src and dst port 80", "tcp port not 80", "port not (80 or 443)", "not port 80", "port 0", "port 65535",
	"port http", "tcp port https", "udp port domain", "port https or ssh", "tcp port (http or 443)",
	"portrange 80-443", "tcp portrange 443-80", "udp dst portrange 50-60", "portrange 80", "portrange 22-http",
	"proto 6", "ip proto 17", "ip6 proto 58", "ip proto \\tcp", "proto \\udp", "ip proto gre", "proto (6 or 17)", "ip proto 300",
	"less 60", "greater 100", "len > 80", "len = 54", "length <= 60", "len - 14 > 40",
	"tcp[13] & 2 != 0", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[tcpflags] == tcp-syn", "ip[8] < 5", "ip[0] & 0xf != 5",
	"icmp[icmptype] == icmp-echo", "icmp[0] = 8 or icmp[0] = 0", "icmp6[icmp6type] = icmp6-echo", "udp[4:2] > 20", "tcp[0:2] = 80",
	"ip[2:2] > 60", "ip[12:4] = 0x0a000001", "ip6[6] = 6", "ip6[40] & 1 = 0", "tcp[2:2] - tcp[0:2] > 100", "ip[2:2] + 14 = len",
	"ip[6:2] & 0x1fff != 0", "tcp[(tcp[12] & 0xf0) >> 2] = 0", "ip[(ip[0] & 0xf) << 2] > 0", "tcp[0-2] = 1", "udp[-1] = 10", "sctp[0:2] = sctp[2:2]",
	"len % 2 = 0", "len ^ 1 > 50", "len / 10 * 10 = len", "ip[1] ^ 1 & 3 = 1", "1 = 1 and tcp", "5 > ip[8]", "3 < ip[8] and ip[8] <= 64",
	"ip[8] = ip[9]", "ip[8] >= ip[9]", "10 + tcp[0] > 5", "tcp[0] + ip6[3] = 3", "-len < 5", "(5) < len", "(len) > (((60)))", "ip[len - len] = 0x45",
	"len << 1 > 100 and len >> 1 < 60", "icmp[0] / icmp[1] = 1", "tcp[13] | 2 = 0x12", "link[0] = 0", "ether[0] & 1 = 0",
	"ip broadcast", "ip multicast", "ip6 multicast", "tcp and port 80 or host 10.0.0.1 and not udp",
	"port 80 or host 10.0.0.1 or 10.0.0.2", "(tcp port 80) or (udp port 53)", "(host 10.0.0.1 and port 80) or (host 2001:db8::1 and port 443)",
	"((((tcp))))", "port 80 or (host 10.0.0.1) or 443", "port 80 or (tcp) or 443", "tcp or (port 80) or udp", "host 10.0.0.1 or not (port 80) or 10.0.0.2", "not not tcp", "not (not tcp)", "port 80 or (tcp[13] = 2)", "port 80 and (443)", "port ((80) or 443)", "host not 10.0.0.1",
	"ip and tcp and ip and tcp", "tcp and (tcp or ip6)", "ip or ip or ip", "not ip and not ip6 and not arp", "tcp port 443 and (tcp[((tcp[12:1] & 0xf0) >> 2)] = 0x16)",
	"ether proto 0x800", "ether proto \\ip6", "ether proto 0x88cc", "ether proto 0xfe", "ether proto 6", "ether proto netbeui", "ether proto stp",
	"ether proto 0xe0", "ether proto atalk", "ether proto aarp", "ether proto 100", "ether proto 5", "pppoed", "pppoes and ip", "pppoes 2 and tcp port 80", "pppoes",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 10.0.0.0/8", "tcp[tcpflags] & tcp-rst != 0 or tcp[tcpflags] == tcp-syn|tcp-ack",
	"tcp[((tcp[12:1] & 0xf0) >> 2):1] == 0x16 && (tcp[((tcp[12:1] & 0xf0) >> 2)+5:1] == 0x01)", "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x16030100",
	"not port 22 and not arp", "tcp port 443 or tcp port 8443 and host 10.0.0.1", "host 10.0.0.1 && (port 80 || port 443)", "tcp and (port 80 or 443 or portrange 8000-8100)",
	"icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply", "port 443 and greater 100", "tcp dst portrange 443-8443", "portrange 0-1023 and not portrange 80-443",
	"port https or port domain or port ssh or port smtp or port imaps or port ldaps", "ip and ip[6:2] & 0x3fff != 0", "(ip or ip6) and (tcp port 443 or udp port 443)",
	"udp port 443 and udp[8] & 0xc0 = 0xc0", "src net 10.0.0.0/8 and not dst net 10.0.0.0/8", "not (src net 10.0.0.0/8 or dst net 192.168.0.0/16) or ip6", "ip6 and tcp port 443",
	"ip6[40] = 1 or ip6 net fe80::/10", "tcp portrange 1-65535", "not not not tcp", "!tcp && !udp || icmp", "not host 10.0.0.1 and port 80 or port 443",
	"pppoes and ip6 and not udp", "pppoes and ether[0] = 0",
}

// etherExpressions need Ethernet.
var etherExpressions = []string{
	"ether host 00:11:22:33:44:55", "ether src 02:00:00:00:00:01", "ether dst host 0200.0000.0001", "ether host 001122334455", "ether src 2-0-0-0-0-1 or 0:11:22:33:44:55",
	"ether src and dst 02:00:00:00:00:01", "broadcast", "ether broadcast", "multicast", "ether multicast", "not ether multicast and ip",
	"vlan", "vlan 3", "vlan 2 and tcp", "vlan and vlan", "vlan 1 and vlan 2 and ip", "vlan and port 80", "not vlan", "vlan or tcp", "vlan 3 or vlan 4",
	"vlan and host 10.0.0.1", "vlan 3 && ip6", "(vlan 3) and tcp[13] & 2 != 0", "vlan and ether[0] & 1 = 0", "tcp or vlan and tcp", "vlan (2)",
	"mpls", "mpls 100", "mpls 101 and mpls 102", "mpls and ip", "mpls 100 and tcp port 80", "mpls and mpls and mpls and ip6", "mpls and ip host 10.0.0.1", "mpls and host 10.0.0.1",
	"mpls and port 443", "vlan and mpls", "vlan and mpls 100 and ip[8] < 5", "vlan and pppoes and tcp", "pppoes and mpls", "mpls and ip multicast",
	"ether proto 0x8100", "ether[12:2] = 0x800", "ether[14] & 0xf0 = 0x40 and ether[12:2] == 0x0800", "vlan and arp", "vlan and ip broadcast",
	"vlan 100 and tcp port 443", "vlan 3 and (tcp port 443 or udp port 443)", "tcp port 443 or vlan and tcp port 443", "not vlan and tcp", "ether host aa-bb-cc-dd-ee-ff",
	"ether src host 00:11:22:33:44:55 and tcp port 80", "not ether broadcast and not ether multicast", "ether dst ff:ff:ff:ff:ff:ff or arp", "mpls 100 and host 10.0.0.1 and port 443", "pppoes and tcp port 443",
	"vlan and ether host 02:00:00:00:00:01", "vlan and ether proto 0xfe", "mpls or ip", "pppoes or ip",
}

var links = []uint32{linkEthernet, linkRaw, linkIPv4, linkIPv6, linkNull, linkLoop, linkSLL, linkSLL2, linkPPP}

// tally counts what a comparison found.
type tally struct {
	compiled  int // expressions that both compile
	useful    int // of those, the ones that match some packets and not others
	verdicts  int
	undecided int // of those, the ones that change with libpcap's optimiser
}

// refusal is what libpcap's optimiser may say of an expression that is right.
var refusal = regexp.MustCompile("expression rejects all packets|(division|modulus) by zero|shift by more than 31 bits")

// agree compiles expr here and with libpcap and compares the verdicts, which
// must be those of libpcap without its optimiser. The optimiser drops some loads
// that a short packet would fail; how often that shows is counted.
func (y *tally) agree(t *testing.T, expr string, link uint32, list []packet) {
	t.Helper()
	ours, err := Compile(expr, link, Options{})
	plain, perr := oracle(t, expr, link, false)
	none := err != nil && strings.Contains(err.Error(), "matches no packet")
	optimised, operr := oracle(t, expr, link, true)
	if err != nil && foldError(err) {
		return // refused here whenever it shows without a packet, by libpcap only if it notices
	}
	if (err == nil || none) != (perr == nil) {
		t.Fatalf("%s: %q: error %v, libpcap says %v", linkName(link), expr, err, perr)
	}
	if perr != nil {
		return
	}
	if operr != nil && !refusal.MatchString(operr.Error()) {
		t.Fatalf("%q: libpcap's optimiser: %v", expr, operr)
	}
	insts, _ := bpf.Disassemble(ours.Instructions())
	if _, err := bpf.NewVM(insts); err != nil && !none {
		t.Fatalf("%q: %v", expr, err)
	}
	matched := 0
	for _, p := range list {
		got, want := ours.Match(p.data, p.wire), plain.Match(p.data, p.wire)
		if got != want {
			t.Fatalf("%s: %q on %x (%d bytes on the wire): %v, libpcap says %v\nours:\n%s\nlibpcap:\n%s", linkName(link), expr, p.data, p.wire, got, want, ours, plain)
		}
		if operr == nil && optimised.Match(p.data, p.wire) != want {
			y.undecided++
		}
		if got {
			matched++
		}
	}
	y.verdicts += len(list)
	if none {
		return
	}
	y.compiled++
	if matched > 0 && matched < len(list) {
		y.useful++
	}
}

// foldError reports a number that is refused here and that libpcap takes, or
// takes only without its optimiser.
func foldError(err error) bool {
	for _, s := range []string{"shifts by more than 31 bits", "the divisor of", "lies beyond every packet"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

func (y *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("%d expressions compile, %d match some packets and not others; %d verdicts, %d of them change with libpcap's optimiser", y.compiled, y.useful, y.verdicts, y.undecided)
}

func TestSameAsLibpcap(t *testing.T) {
	needTcpdump(t)
	for _, link := range links {
		t.Run(linkName(link), func(t *testing.T) {
			t.Parallel()
			list := packets(t, rand.New(rand.NewPCG(1, uint64(link))), link, 4000)
			exprs := expressions
			if link == linkEthernet {
				exprs = append(exprs[:len(exprs):len(exprs)], etherExpressions...)
			}
			var y tally
			for _, e := range exprs {
				y.agree(t, e, link, list)
			}
			y.report(t)
			if y.compiled < 80 || y.useful < 70 || y.undecided*100 > y.verdicts {
				t.Error("the comparison is worth nothing: too few expressions, or too many verdicts that are open")
			}
		})
	}
}
