// Package filter compiles packet filters written in tcpdump's language
// (pcap-filter(7)) to classic BPF and runs them.
//
// In goes an expression such as "tcp port 443 and not host 10.0.0.1" and the
// LINKTYPE of the packets; out comes a [Program]: instructions that the kernel
// takes, and [Program.Match] that runs them on a packet of a file. The verdict
// is that of libpcap 1.10 without its optimiser (tcpdump -O), which differs only
// in that it never skips a test that a cut packet is too short for, quirks
// included: fragments have no ports, IPv6
// extension headers are not followed, "vlan", "mpls" and "pppoes" move the
// offsets of everything to their right. Only these differ, on purpose:
//
//   - On LINKTYPE_NULL and LINKTYPE_LOOP every value that AF_INET6 has
//     anywhere (10, 24, 28, 30) is IPv6, in either byte order for NULL: libpcap
//     knows that of its own machine only and would lose the packets of a file
//     from another.
//   - Host and network names are refused: a capture tool asks no name server.
//   - Division by zero and shifts by more than 31 bits are refused whenever the
//     number is known before a packet is seen, and so are constant offsets that
//     are negative or greater than 16 MiB ("ip[-2]"), of which libpcap with and
//     without its optimiser makes different programs.
//   - "ip broadcast" knows no netmask, so only 0.0.0.0 and 255.255.255.255 are
//     broadcast addresses.
//   - On LINKTYPE_IPV4 and LINKTYPE_IPV6 the link type vouches for the version,
//     as in libpcap; LINKTYPE_RAW looks at it.
//
// What is outside the subset is refused with a [*SyntaxError] that names the
// word and its place; [CompileAny] then asks an installed tcpdump.
//
// A Program is immutable and holds no reference to the expression's packets; it
// may be used by any number of goroutines. Match neither keeps nor changes the
// packet's bytes and allocates nothing. No input, be it an expression, a
// program from tcpdump or a packet, makes this package panic or loop: programs
// only jump forward and have at most 4096 instructions, expressions at most
// 64 KiB.
package filter

import "golang.org/x/net/bpf"

// DefaultSnapLen is the number of bytes of a matching packet that the kernel
// hands over when [Options] does not say: tcpdump's own default.
const DefaultSnapLen = 262144

// Link types that are compiled without help, by their LINKTYPE numbers
// (https://www.tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkPPP      = 9
	linkRaw12    = 12 // DLT_RAW of most systems, seen in old files
	linkRaw14    = 14 // DLT_RAW of OpenBSD
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// Options say where a program will run.
type Options struct {
	// SnapLen is what the program returns for a packet that matches: how many
	// bytes the kernel is to deliver. 0 stands for DefaultSnapLen.
	SnapLen uint32

	// Live compiles for a Linux packet socket, where the kernel has taken the
	// outermost VLAN tag out of the packet: "vlan" then asks for it through the
	// ancillary data (SKF_AD_VLAN_TAG_PRESENT). Such a program matches no
	// packet of a file.
	Live bool
}

func (o Options) snapLen() uint32 {
	if o.SnapLen == 0 {
		return DefaultSnapLen
	}
	return o.SnapLen
}

// Compile translates expr for packets of the given LINKTYPE. The empty
// expression takes every packet. The error is always a *SyntaxError. An
// expression that no packet can satisfy ("arp" on raw IP) is an error as it is
// in libpcap: it is a mistake more often than a wish.
func Compile(expr string, link uint32, opt Options) (Program, error) {
	p, serr := compile(expr, link, opt)
	if serr != nil {
		return Program{}, serr
	}
	return p, nil
}

func compile(expr string, link uint32, opt Options) (Program, *SyntaxError) {
	toks, err := lex(expr)
	if err != nil {
		return Program{}, err
	}
	c, err := newCompiler(link, opt)
	if err != nil {
		return Program{}, err
	}
	root, err := parse(toks, c)
	if err != nil {
		return Program{}, err
	}
	g := newGraph(root)
	g.thread()
	if !g.canAccept() {
		return Program{}, &SyntaxError{What: "this filter matches no packet of this link type", hint: "its parts exclude each other, or ask for something that " + linkName(link) + " does not carry"}
	}
	raw, err := g.emit(opt.snapLen(), c.usesVar)
	if err != nil {
		return Program{}, err
	}
	return Program{raw: raw}, nil
}

// Instructions returns a copy of the program, for SO_ATTACH_FILTER.
func (p Program) Instructions() []bpf.RawInstruction {
	return append([]bpf.RawInstruction(nil), p.raw...)
}
