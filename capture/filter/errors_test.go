package filter

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	tests := []struct {
		name, expr string
		link       uint32
		pos        int
		what, hint string // parts of the messages
	}{
		{"host name", "host example.org", 1, 5, "'example.org' is a name", "no name server"},
		{"net name", "src net loopback", 1, 8, "'loopback' is a name", "no name server"},
		{"name handed on", "host 10.0.0.1 or www.example.org", 1, 17, "'www.example.org' is a name", "no name server"},
		{"unknown word", "tcp and foo", 1, 8, "'foo' is not a word", "host names are not looked up"},
		{"unknown word at first", "foo", 1, 0, "'foo' is not a word", "host names are not looked up"},
		{"outside the subset", "tcp and inbound", 1, 8, "'inbound' is not among", "install tcpdump"},
		{"outside behind a protocol", "ip protochain 6", 1, 3, "'protochain' is not among", "install tcpdump"},
		{"gateway", "gateway 10.0.0.1", 1, 0, "'gateway' is not among", "install tcpdump"},
		{"unknown port", "port kerberos4", 1, 5, "port 'kerberos4' is not known", "number"},
		{"unknown protocol", "ip proto foo", 1, 9, "protocol 'foo' is not known", "number"},
		{"port of another transport", "udp port http", 1, 9, "'http' is not one of the protocol", "port 80"},
		{"port too great", "port 65536", 1, 5, "greater than 65535", ""},
		{"range too great", "portrange 1-65536", 1, 10, "greater than 65535", ""},
		{"port of a protocol without", "ip port 80", 1, 8, "a port does not go", "ip and port 80"},
		{"number alone", "80", 1, 0, "it is not said what '80' is", "port"},
		{"number after a protocol", "tcp or 443", 1, 7, "it is not said what '443' is", "port"},
		{"number after parentheses", "(port 80) or 443", 1, 13, "it is not said what '443' is", "port"},
		{"network without dots", "net 10/8", 1, 6, "'/' does not follow", "10.0.0.0/8"},
		{"bits behind the prefix", "net 10.0.0.1/8", 1, 4, "bits outside", "clear"},
		{"bits behind the IPv6 prefix", "net 2001:db8::1/32", 1, 4, "bits outside", "clear"},
		{"mask on a host", "host 10.0.0.0/8", 1, 5, "networks only", "net"},
		{"prefix too long", "net 10.0.0.0/33", 1, 13, "from 0 to 32", ""},
		{"part too great", "host 10.0.0.256", 1, 5, "greater than 255", ""},
		{"tcp host", "tcp host 10.0.0.1", 1, 9, "does not go with the protocol", "tcp and host"},
		{"ip6 host v4", "ip6 host 10.0.0.1", 1, 9, "does not go with the protocol", ""},
		{"nothing after", "host", 1, 4, "missing at the end", ""},
		{"open parenthesis", "(tcp", 1, 4, "')' expected", ""},
		{"closed parenthesis", "tcp)", 1, 3, "')' is not expected", ""},
		{"no operator", "tcp port 80 host 10.0.0.1", 1, 12, "'host' is not expected", ""},
		{"no comparison", "ether[0] & 1", 1, 12, "a comparison", "!= 0"},
		{"size", "tcp[0:3] = 1", 1, 0, "must be 1, 2 or 4", "tcp[0:2]"},
		{"no fields", "ah[0] = 1", 1, 0, "no fields", ""},
		{"offset", "ip[4294967295] = 1", 1, 0, "beyond every packet", ""},
		{"number too great", "ip[5000000000] = 1", 1, 3, "32 bits", ""},
		{"octal", "port 08", 1, 5, "octal", ""},
		{"division", "len / 0 = 1", 1, 4, "is zero", ""},
		{"shift", "len << 32 = 1", 1, 4, "31 bits", ""},
		{"vlan number", "vlan 4096", 1, 0, "greater than 4095", ""},
		{"vlan on raw IP", "vlan", linkRaw, 0, "RAW has no VLAN", ""},
		{"mpls on cooked", "mpls", linkSLL, 0, "LINUX_SLL has no MPLS", ""},
		{"mpls number", "mpls 1048576", 1, 0, "greater than 1048575", ""},
		{"pppoe number", "pppoes 65536", 1, 0, "greater than 65535", ""},
		{"vlan behind mpls", "mpls and vlan", 1, 9, "cannot follow MPLS", "before 'mpls'"},
		{"arp behind mpls", "mpls and arp", 1, 9, "not recognised behind MPLS", ""},
		{"ether on raw IP", "ether host 0:1:2:3:4:5", linkRaw, 11, "no Ethernet addresses", ""},
		{"broadcast on raw IP", "broadcast", linkRaw, 0, "no broadcast address", "ip broadcast"},
		{"multicast on raw IP", "multicast", linkRaw, 0, "no multicast", "ip multicast"},
		{"MAC without ether", "host 0:1:2:3:4:5", 1, 5, "'0:1:2:3:4:5' stands where none", "ether host"},
		{"never true", "arp", linkRaw, 0, "matches no packet", ""},
		{"never true 2", "ip and ip6", 1, 0, "matches no packet", "exclude"},
		{"other link type", "tcp", 105, 0, "IEEE802_11 are not compiled", "install tcpdump"},
		{"unknown link type", "tcp", 60000, 0, "link type 60000 are not compiled", ""},
		{"wrong character", "tcp ; ls", 1, 4, "the character ';'", ""},
		{"control character", "tcp \x1b[31m", 1, 4, `'\x1b'`, ""},
		{"backslash", `ip proto \`, 1, 9, "nothing follows", ""},
		{"nested", strings.Repeat("(", 300) + "tcp" + strings.Repeat(")", 300), 1, 200, "nested", ""},
		{"many nots", strings.Repeat("not ", 300) + "tcp", 1, 800, "nested", ""},
		{"long", strings.Repeat("tcp or ", 10000) + "tcp", 1, 0, "64 KiB", ""},
		{"deep sum", strings.Repeat("len ^ ", 30) + "1 = 1", 1, 0, "15 intermediate results", ""},
		{"src or what", "src or port 80", 1, 7, "'src or' is not followed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Compile(tt.expr, tt.link, Options{})
			var s *SyntaxError
			if !errors.As(err, &s) {
				t.Fatalf("no SyntaxError but %v and\n%s", err, p)
			}
			if s.Pos != tt.pos || !strings.Contains(s.What, tt.what) || !strings.Contains(s.Hint(), tt.hint) {
				t.Errorf("at %d: %q, hint %q; want at %d: %q, hint %q", s.Pos, s.What, s.Hint(), tt.pos, tt.what, tt.hint)
			}
			if !strings.HasPrefix(err.Error(), "filter: column "+strconv.Itoa(s.Pos+1)+": ") {
				t.Errorf("message %q", err)
			}
		})
	}
}
