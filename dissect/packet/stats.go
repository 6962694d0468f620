package packet

import (
	"cmp"
	"fmt"
	"slices"
)

// A Reason names why a frame is undecodable, or what about it is worth a count.
type Reason uint8

const (
	noReason Reason = iota
	unknownLink
	shortLink
	shortEthernet
	shortTag
	shortLLC
	shortPPP
	shortPPPoE
	badPPPoE
	shortWLAN
	badRadiotap
	shortMPLS
	shortIPv4
	badIPv4Version
	badIPv4HeaderLength
	badIPv4Length
	shortIPv6
	badIPv6Version
	shortIPv6Extension
	badJumbo
	shortAH
	shortTCP
	badTCPOffset
	shortUDP
	badUDPLength
	shortGRE
	badGREVersion
	shortERSPAN
	shortTunnel
	tooManyLayers
	fragmentNot8
	fragmentTooLong
	fragmentEmpty
	fragmentEnds
	fragmentOverlap6
	fragmentPieces
	fragmentCut
	// The rest are counted without making a frame undecodable.
	fragmentConflict4
	fragmentExpired
	fragmentEvicted
	notATunnel
	encryptedWLAN
	encryptedESP
	encryptedMACsec
	aggregatedWLAN
	ipLengthZero
	ipLengthBeyond
	ipOptions
	tcpOptions
	ipVersion
	numReasons
)

var reasonNames = [numReasons]string{
	unknownLink:         "unknown link type",
	shortLink:           "short link-layer header",
	shortEthernet:       "short Ethernet header",
	shortTag:            "short Ethernet tag",
	shortLLC:            "short LLC header",
	shortPPP:            "short PPP header",
	shortPPPoE:          "short PPPoE header",
	badPPPoE:            "PPPoE version or type not 1",
	shortWLAN:           "short 802.11 header",
	badRadiotap:         "radiotap header contradicts itself",
	shortMPLS:           "short MPLS label stack",
	shortIPv4:           "short IPv4 header",
	badIPv4Version:      "IPv4 header with another version",
	badIPv4HeaderLength: "IPv4 header length too small",
	badIPv4Length:       "IPv4 total length less than its header",
	shortIPv6:           "short IPv6 header",
	badIPv6Version:      "IPv6 header with another version",
	shortIPv6Extension:  "IPv6 extension header longer than its packet",
	badJumbo:            "IPv6 jumbo length contradicts itself",
	shortAH:             "short IPsec authentication header",
	shortTCP:            "short TCP header",
	badTCPOffset:        "TCP data offset too small",
	shortUDP:            "short UDP header",
	badUDPLength:        "UDP length less than its header",
	shortGRE:            "short GRE header",
	badGREVersion:       "unknown GRE version",
	shortERSPAN:         "short ERSPAN header",
	shortTunnel:         "short tunnel header",
	tooManyLayers:       "more nested headers than the limit",
	fragmentNot8:        "IP fragment length not a multiple of 8",
	fragmentTooLong:     "IP fragment ends beyond 65535 bytes",
	fragmentEmpty:       "empty IP fragment",
	fragmentEnds:        "IP fragment contradicts the datagram's end",
	fragmentOverlap6:    "overlapping IPv6 fragments",
	fragmentPieces:      "fragment limit",
	fragmentCut:         "IP fragment not wholly captured",
	fragmentConflict4:   "overlapping IPv4 fragments with different bytes",
	fragmentExpired:     "IP datagram whose fragments did not all arrive in time",
	fragmentEvicted:     "unfinished IP datagram given up at the fragment limit",
	notATunnel:          "datagram on a tunnel's port that is no tunnel",
	encryptedWLAN:       "encrypted 802.11 frame",
	encryptedESP:        "IPsec ESP",
	encryptedMACsec:     "encrypted MACsec frame",
	aggregatedWLAN:      "802.11 A-MSDU, read in its first part only",
	ipLengthZero:        "IP length 0 (segmentation offload)",
	ipLengthBeyond:      "IP or UDP length beyond the frame",
	ipOptions:           "malformed IPv4 options",
	tcpOptions:          "malformed TCP options",
	ipVersion:           "IPv6 header announced as IPv4",
}

// String returns the reason in words.
func (r Reason) String() string {
	if r < numReasons && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// A Fault says where and why a frame could not be read.
type Fault struct {
	Reason Reason
	Off    int    // of the header, from the start of the frame or reassembled datagram
	Need   int    // bytes that the header needs; no more than Have if it contradicts itself
	Have   int    // bytes that were left
	Cut    bool   // the snapshot length ended the bytes
	Link   uint32 // the link type, if that is unknown
}

// Error puts the fault into words.
func (f *Fault) Error() string {
	switch {
	case f.Reason == unknownLink:
		return fmt.Sprintf("unknown link type %d", f.Link)
	case f.Need <= f.Have:
		return fmt.Sprintf("%v at offset %d", f.Reason, f.Off)
	case f.Cut:
		return fmt.Sprintf("%v at offset %d: needs %d bytes, the snapshot length ends it after %d", f.Reason, f.Off, f.Need, f.Have)
	default:
		return fmt.Sprintf("%v at offset %d: needs %d bytes, has %d", f.Reason, f.Off, f.Need, f.Have)
	}
}

// Odd is a set of things that were odd about a packet and did not keep it from
// being read.
type Odd uint8

const (
	// OddLengthZero: the IP length is 0, as segmentation offload leaves it; the
	// rest of the frame was taken.
	OddLengthZero Odd = 1 << iota
	// OddLengthBeyondFrame: the IP or UDP length counts bytes that the frame
	// did not have on the wire either. Missing does not count them. A receiver
	// drops such a packet, but senders, taps and rewriting tools with a wrong
	// length are more frequent than attacks.
	OddLengthBeyondFrame
	// OddIPOptions: the IPv4 options are malformed.
	OddIPOptions
	// OddTCPOptions: the TCP options are malformed; those before the fault count.
	OddTCPOptions
	// OddFragmentConflict: IPv4 fragments of the datagram overlapped with
	// different bytes. Those that came first were kept.
	OddFragmentConflict
	// OddVersion: an IPv6 header where IPv4 was announced.
	OddVersion
)

// A Count is a number of frames and what they have in common.
type Count struct {
	What string
	N    uint64
}

// Stats counts frames since the Decoder was made.
type Stats struct {
	Frames      uint64
	TCP         uint64
	UDP         uint64
	Other       uint64
	Fragments   uint64 // held: each but the last of a datagram's
	Undecodable uint64

	// Reasons splits Undecodable, the most frequent first.
	Reasons []Count
	// Notes counts what is worth knowing about frames and datagrams that were
	// read, or were opaque: encrypted ones, odd lengths, fragments that never
	// became a datagram.
	Notes []Count
}

// maxLinks bounds how many unknown link types are counted one by one.
const maxLinks = 64

type counters struct {
	kinds   [Undecodable + 1]uint64
	reasons [numReasons]uint64
	cut     [numReasons]uint64
	notes   [numReasons]uint64
	links   map[uint32]uint64 // unknown link types
}

func (d *Decoder) countOdd(o Odd) {
	for _, x := range [...]struct {
		o Odd
		r Reason
	}{
		{OddLengthZero, ipLengthZero},
		{OddLengthBeyondFrame, ipLengthBeyond},
		{OddIPOptions, ipOptions},
		{OddTCPOptions, tcpOptions},
		{OddVersion, ipVersion},
	} {
		if o&x.o != 0 {
			d.count.notes[x.r]++
		}
	}
}

// unknownLink counts a frame of a link type that nothing here reads.
func (d *Decoder) unknownLink(link uint32, p *Packet) Kind {
	p.Fault = Fault{Reason: unknownLink, Link: link, Have: len(d.base)}
	c := &d.count
	if c.links == nil {
		c.links = make(map[uint32]uint64)
	}
	if _, ok := c.links[link]; ok || len(c.links) < maxLinks {
		c.links[link]++
	} else {
		c.reasons[unknownLink]++
	}
	return Undecodable
}

// Stats returns the counts so far.
func (d *Decoder) Stats() Stats {
	c := &d.count
	s := Stats{
		TCP: c.kinds[TCP], UDP: c.kinds[UDP], Other: c.kinds[Other],
		Fragments: c.kinds[Fragment], Undecodable: c.kinds[Undecodable],
	}
	for _, n := range c.kinds {
		s.Frames += n
	}
	for link, n := range c.links {
		s.Reasons = append(s.Reasons, Count{fmt.Sprintf("unknown link type %d", link), n})
	}
	for r, n := range c.reasons {
		if n != 0 {
			s.Reasons = append(s.Reasons, Count{Reason(r).String(), n})
		}
	}
	for r, n := range c.cut {
		if n != 0 {
			s.Reasons = append(s.Reasons, Count{Reason(r).String() + " (cut by the snapshot length)", n})
		}
	}
	for r, n := range c.notes {
		if n != 0 {
			s.Notes = append(s.Notes, Count{Reason(r).String(), n})
		}
	}
	byCount := func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What))
	}
	slices.SortFunc(s.Reasons, byCount)
	slices.SortFunc(s.Notes, byCount)
	return s
}
