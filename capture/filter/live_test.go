package filter

import (
	"math/rand/v2"
	"os/exec"
	"testing"

	"golang.org/x/net/bpf"
)

// answer puts in place of the questions that only the kernel answers what it
// would say of a packet whose tag it has, or has not, taken out.
func answer(p Program, tagged bool, tci uint32) Program {
	raw := p.Instructions()
	for i, in := range raw {
		if in.Op&0xe7 != ldAbs {
			continue
		}
		switch in.K {
		case ancillaryTagged:
			raw[i] = bpf.RawInstruction{Op: ldImm}
			if tagged {
				raw[i].K = 1
			}
		case ancillaryTag:
			raw[i] = bpf.RawInstruction{Op: ldImm, K: tci}
		}
	}
	return Program{raw: raw}
}

func TestLiveVLAN(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	ip, _ := ipPacket(t, r)
	for ip[0]>>4 != 4 {
		ip, _ = ipPacket(t, r)
	}
	addresses := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
	plain := append(append(addresses[:12:12], 0x08, 0x00), ip...)
	inside := append(append(addresses[:12:12], 0x81, 0x00, 0x20, 0x05, 0x08, 0x00), ip...)
	arp := append(append(addresses[:12:12], 0x08, 0x06), make([]byte, 28)...)
	tests := []struct {
		name, expr string
		data       []byte
		tagged     bool
		tci        uint32
		want       bool
	}{
		{"taken out", "vlan", plain, true, 5, true},
		{"taken out, right number", "vlan 5", plain, true, 0x2005, true},
		{"taken out, wrong number", "vlan 6", plain, true, 0x2005, false},
		{"taken out, payload", "vlan 5 and ip", plain, true, 5, true},
		{"taken out, other payload", "vlan and ip", arp, true, 5, false},
		{"in the packet", "vlan 5 and ip", inside, false, 0, true},
		{"in the packet, wrong number", "vlan 6", inside, false, 0, false},
		{"in the packet, no number", "vlan and ip", inside, false, 0, true},
		{"no tag", "vlan", plain, false, 0, false},
		{"no tag, alternative", "vlan or ip", plain, false, 0, false}, // tested behind a tag, as libpcap does
		{"no tag, alternative before", "ip or vlan", plain, false, 0, true},
		{"not asked for", "ip", plain, true, 5, true},
		{"two tags", "vlan 7 and vlan 5 and ip", inside, true, 7, true},
		{"two tags, inner wrong", "vlan 7 and vlan 6", inside, true, 7, false},
		{"options behind a tag", "vlan and ip[8] < 255", inside, false, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustCompile(t, tt.expr, linkEthernet, Options{Live: true})
			if err := validate(p.raw, true); err != nil {
				t.Fatal(err)
			}
			if got := answer(p, tt.tagged, tt.tci).Match(tt.data, len(tt.data)); got != tt.want {
				t.Errorf("%q: %v, want %v\n%s", tt.expr, got, tt.want, p)
			}
		})
	}
}

// TestLiveProgramOnAFile: without a kernel to ask, "vlan" matches nothing.
func TestLiveProgramOnAFile(t *testing.T) {
	p := mustCompile(t, "vlan", linkEthernet, Options{Live: true})
	for _, pkt := range packets(t, rand.New(rand.NewPCG(10, 10)), linkEthernet, 500) {
		if p.Match(pkt.data, pkt.wire) {
			t.Fatalf("matches %x", pkt.data)
		}
	}
}

// TestLiveSameAsLibpcap compares with what libpcap compiles for an interface,
// which needs the right to open it.
func TestLiveSameAsLibpcap(t *testing.T) {
	needTcpdump(t)
	if out, err := exec.Command("tcpdump", "-i", "lo", "-ddd", "vlan").CombinedOutput(); err != nil {
		t.Skipf("tcpdump cannot open lo: %s", out)
	}
	r := rand.New(rand.NewPCG(11, 11))
	list := packets(t, r, linkEthernet, 3000)
	exprs := []string{"vlan", "vlan 3", "vlan 2 and tcp", "vlan and vlan", "vlan 1 and vlan 2 and ip", "vlan and port 80", "not vlan", "vlan or tcp",
		"tcp or vlan and tcp", "vlan 3 or vlan 4", "vlan and host 10.0.0.1", "(vlan 3) and tcp[13] & 2 != 0", "vlan and tcp[(tcp[12] & 0xf0) >> 2] = 0",
		"vlan and tcp[len - len] = 0", "vlan and ip[len - len] = 0x45", "vlan and ip[2:2] > 40 and ip[6:2] & 0x1fff = 0", "vlan and ether[0] & 1 = 0", "vlan and pppoes and tcp",
		"vlan and pppoes and ether[0] = 0", "vlan and mpls and ip", "vlan and mpls 100", "vlan and ether proto 0xfe", "vlan and icmp6[0] = 135", "vlan and net 10.0.0.0/8 or ip6 net 2001:db8::/32",
		"vlan and (udp[0:2] = 53 or tcp[0:2] - tcp[2:2] > 4)", "ip and vlan 3", "tcp port 80 and not vlan"}
	matched := 0
	for _, e := range exprs {
		out, err := exec.Command("tcpdump", "-i", "lo", "-O", "-ddd", "--", e).Output()
		if err != nil {
			t.Fatalf("%q: %v", e, err)
		}
		theirs, err := parseListing(string(out), true)
		if err != nil {
			t.Fatalf("%q: %v", e, err)
		}
		ours := mustCompile(t, e, linkEthernet, Options{Live: true})
		for _, tag := range []struct {
			taken bool
			tci   uint32
		}{{false, 0}, {true, 3}, {true, 0x1002}} {
			a, b := answer(ours, tag.taken, tag.tci), answer(theirs, tag.taken, tag.tci)
			for _, p := range list {
				got, want := a.Match(p.data, p.wire), b.Match(p.data, p.wire)
				if got != want {
					t.Fatalf("%q with tag %v on %x: %v, libpcap says %v\nours:\n%s\nlibpcap:\n%s", e, tag, p.data, got, want, ours, theirs)
				}
				if got {
					matched++
				}
			}
		}
	}
	if matched == 0 {
		t.Error("nothing matched")
	}
	t.Logf("%d expressions, %d matches", len(exprs), matched)
}
