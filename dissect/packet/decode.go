// Package packet turns one captured frame into a TCP segment or a UDP
// datagram.
//
// In go the bytes of a frame, its link type, its length on the wire and its
// time; out come the innermost addresses, ports, transport fields and payload,
// whatever link layer, tags, tunnels and IP fragments lie around them. Nothing
// is copied: [Packet.Payload] aliases the frame, or, for a datagram put together
// from fragments, a buffer of the [Decoder] that is good until its next Decode.
//
// No input makes it panic, loop or hold more memory than its [Limits] say. A
// frame without fragments is decoded without an allocation. Headers that
// contradict themselves are counted by reason in [Stats]; what can be read in
// spite of an oddity is read, and [Packet.Odd] says what was odd.
package packet

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// A Kind says what [Decoder.Decode] found.
type Kind uint8

const (
	// Other is a readable frame that carries neither TCP nor UDP: ARP, ICMP,
	// ESP, a management frame.
	Other Kind = iota
	// TCP is a segment.
	TCP
	// UDP is a datagram.
	UDP
	// Fragment is a piece of an IP datagram whose other pieces are still to
	// come. It is held in the Decoder.
	Fragment
	// Undecodable is a frame that cannot be read; [Packet.Fault] says why.
	Undecodable
)

// String returns the name of k in small letters.
func (k Kind) String() string {
	switch k {
	case Other:
		return "other"
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case Fragment:
		return "fragment"
	default:
		return "undecodable"
	}
}

// The protocol numbers that [Packet.Proto] takes.
const (
	ProtoTCP = 6
	ProtoUDP = 17
)

// A Packet is one TCP segment or UDP datagram. Decode fills it anew each time.
type Packet struct {
	// Src and Dst are the innermost addresses and ports.
	Src, Dst netip.AddrPort

	// Payload is what the segment or datagram carries, as far as captured,
	// without link-layer padding. It aliases the frame or the Decoder's buffer.
	Payload []byte

	// Missing is the number of payload bytes that were on the wire, by the IP or
	// UDP length and the frame's, but were cut off by the snapshot length.
	Missing int

	// Zone keeps equal 4-tuples in different networks apart: flows are the same
	// only if their zones are. It is a hash of the tags on the way that are the
	// same in both directions of a connection (VLAN and I-SID numbers, VXLAN and
	// Geneve network identifiers, GRE keys, PPPoE sessions), 0 if there are none.
	// Of a tunnel over IP only its own number counts and the tags inside of it.
	// MPLS labels, GTP tunnel endpoints, L2TP and PPTP sessions, ERSPAN session
	// numbers and outer addresses, ports and tags are no part of it: they differ
	// between directions, and a load balancer may tunnel one direction only.
	Zone uint32

	Proto     uint8  // ProtoTCP or ProtoUDP; 0 if Decode found neither
	TTL       uint8  // innermost time to live or hop limit; of the last arrived fragment
	Odd       Odd    // what was odd and read nevertheless
	Fragments uint16 // IP fragments that the datagram was put together from; 0 if it came whole

	// The rest is TCP's (RFC 9293, section 3.1).

	Flags    Flags
	Window   uint16 // as sent, not scaled
	Urgent   uint16 // urgent pointer; means something only with FlagURG
	Seq, Ack uint32
	Options  Options

	// Fault says why a frame is Undecodable. It is not reset otherwise.
	Fault Fault

	ip    []byte // innermost IP header with its options, without extension headers
	seg   []byte // transport header and payload, as captured
	noSum bool   // the transport checksum cannot be known
	nhops uint8  // hops seen, also those that found no room
	hops  [maxHops]hop
}

// Limits bound what a Decoder holds and how deep it looks. A field of zero or
// less takes the default.
type Limits struct {
	// Layers is the number of headers (tags, labels, IP and tunnel headers,
	// extension headers) read in a frame before it is given up. Default 64.
	Layers int
	// Datagrams is the number of unfinished IP datagrams held. Default 1024.
	Datagrams int
	// FragmentBytes is the number of bytes in all buffers for unfinished
	// datagrams together. Default 16 MiB, at least 128 KiB.
	FragmentBytes int
	// FragmentAge4 and FragmentAge6 are how long fragments wait for the rest of
	// their datagram, by the capture's clock. Defaults 30 s and 60 s (RFC 8200,
	// section 4.5).
	FragmentAge4, FragmentAge6 time.Duration
}

func (l *Limits) setDefaults() {
	if l.Layers <= 0 {
		l.Layers = 64
	}
	if l.Datagrams <= 0 {
		l.Datagrams = 1024
	}
	if l.FragmentBytes <= 0 {
		l.FragmentBytes = 16 << 20
	}
	l.FragmentBytes = max(l.FragmentBytes, 2*maxDatagram)
	if l.FragmentAge4 <= 0 {
		l.FragmentAge4 = 30 * time.Second
	}
	if l.FragmentAge6 <= 0 {
		l.FragmentAge6 = 60 * time.Second
	}
}

// A Decoder decodes frames one after the other. It holds the fragments of
// unfinished datagrams and the counters. It is not safe for concurrent use:
// have one for each goroutine, and send all frames of a flow to the same.
type Decoder struct {
	limits Limits

	// State of the frame at hand.
	base   []byte // the frame, or the reassembled datagram that took its place
	cut    int    // bytes of the frame that the snapshot length cut off
	layers int    // headers that may still be read
	at     int64  // nanoseconds since 1970, by the capture's clock

	frags fragments
	count counters
}

// NewDecoder returns a Decoder with the given limits.
func NewDecoder(l Limits) *Decoder {
	l.setDefaults()
	return &Decoder{limits: l}
}

// Decode reads one frame of the link type (a LINKTYPE_ number of
// https://www.tcpdump.org/linktypes.html) into p. wireLen is the frame's length
// on the wire, which is more than len(data) if the snapshot length cut it; at is
// its time in the capture.
//
// Only for TCP and UDP are the fields of p set. For Undecodable, p.Fault is. For
// TCP and UDP, and for Other as far as it goes, [Packet.Encapsulation] is.
// p aliases data and the Decoder until the next Decode.
func (d *Decoder) Decode(link uint32, data []byte, wireLen int, at time.Time, p *Packet) Kind {
	if len(d.frags.done) != 0 {
		d.frags.recycle()
	}
	d.base = data
	d.cut = max(wireLen-len(data), 0)
	d.layers = d.limits.Layers
	d.at = at.UnixNano()
	p.Proto, p.Zone, p.nhops, p.Odd, p.Fragments = 0, 0, 0, 0, 0
	p.noSum = false

	var k Kind
	if link == linkEthernet {
		k = d.ethernet(data, p)
	} else {
		k = d.link(link, data, p)
	}
	d.count.kinds[k]++
	if p.Odd != 0 {
		d.countOdd(p.Odd)
	}
	return k
}

// enter spends one layer. Every decoder that can be reached from itself calls
// it, which bounds recursion and loops.
func (d *Decoder) enter() bool {
	d.layers--
	return d.layers >= 0
}

// off returns where b starts in the frame. All slices that decoders hand on
// keep their capacity, so what is left of it tells the place.
func (d *Decoder) off(b []byte) int { return max(cap(d.base)-cap(b), 0) }

// fail records why the frame is undecodable: the header at the start of b needs
// need bytes, or, if b has as many, contradicts itself.
func (d *Decoder) fail(r Reason, b []byte, need int, p *Packet) Kind {
	cut := d.cut > 0 && need > len(b)
	p.Fault = Fault{Reason: r, Off: d.off(b), Need: need, Have: len(b), Cut: cut}
	if cut {
		d.count.cut[r]++
	} else {
		d.count.reasons[r]++
	}
	return Undecodable
}

// tooDeep gives up a frame with more headers than the limit.
func (d *Decoder) tooDeep(b []byte, p *Packet) Kind { return d.fail(tooManyLayers, b, 0, p) }

// opaque counts a frame whose content is there but cannot be seen.
func (d *Decoder) opaque(r Reason) Kind {
	d.count.notes[r]++
	return Other
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
