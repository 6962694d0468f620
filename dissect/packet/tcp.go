package packet

import "net/netip"

// Flags are the control bits of a TCP header (RFC 9293, section 3.1).
type Flags uint8

// The control bits.
const (
	FlagFIN Flags = 1 << iota
	FlagSYN
	FlagRST
	FlagPSH
	FlagACK
	FlagURG
	FlagECE
	FlagCWR
)

// String returns the names of the set bits, joined by "|".
func (f Flags) String() string {
	s := ""
	for i, name := range [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"} {
		if f&(1<<i) != 0 {
			if s != "" {
				s += "|"
			}
			s += name
		}
	}
	return s
}

// Options are the TCP options that matter for reading a stream.
type Options struct {
	Has          OptionSet
	WindowScale  uint8  // shift count, at most 14 (RFC 7323, section 2.3); on a SYN
	MSS          uint16 // bytes; on a SYN
	TSval, TSecr uint32 // RFC 7323, section 3.2
}

// An OptionSet says which TCP options a segment carries.
type OptionSet uint8

// The options looked for (IANA TCP Option Kind Numbers).
const (
	HasMSS OptionSet = 1 << iota
	HasWindowScale
	HasSACKPermitted
	HasSACK
	HasTimestamps
	// HasSignature is an MD5 signature (RFC 2385) or TCP-AO (RFC 5925): a host
	// without the key drops the segment.
	HasSignature
	HasFastOpen // RFC 7413: a SYN may carry data
)

// tcp reads a segment (RFC 9293, section 3.1). missing counts the bytes at its
// end that are not in the capture.
func (d *Decoder) tcp(ip, b []byte, missing int, p *Packet) Kind {
	if len(b) < 20 {
		return d.fail(shortTCP, b, 20, p)
	}
	n := int(b[12]>>4) * 4
	if n < 20 {
		return d.fail(badTCPOffset, b, 20, p)
	}
	p.Options.Has = 0
	if n > 20 {
		whole := n <= len(b)
		if !whole {
			if n > len(b)+missing {
				return d.fail(shortTCP, b, n, p)
			}
			// The snapshot length cut the options: they are missing, not payload.
			missing -= n - len(b)
			n = len(b)
		}
		if !p.Options.parse(b[20:n]) && whole {
			p.Odd |= OddTCPOptions
		}
	}
	p.addresses(ip, b)
	p.Proto = ProtoTCP
	p.Seq, p.Ack = be32(b[4:]), be32(b[8:])
	p.Flags = Flags(b[13])
	p.Window, p.Urgent = be16(b[14:]), be16(b[18:])
	p.ip, p.seg, p.Payload, p.Missing = ip, b, b[n:], missing
	return TCP
}

// addresses sets Src, Dst and TTL from an IP header and the ports at the start
// of b.
func (p *Packet) addresses(ip, b []byte) {
	src, dst := be16(b), be16(b[2:])
	if ip[0]>>4 == 4 {
		_ = ip[19]
		p.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:16])), src)
		p.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:20])), dst)
		p.TTL = ip[8]
		return
	}
	_ = ip[39]
	p.Src = netip.AddrPortFrom(netip.AddrFrom16([16]byte(ip[8:24])), src)
	p.Dst = netip.AddrPortFrom(netip.AddrFrom16([16]byte(ip[24:40])), dst)
	p.TTL = ip[7]
}

// parse reads the options (RFC 9293, section 3.2). It stops at the first that is
// malformed and reports whether there was none.
func (o *Options) parse(b []byte) bool {
	// Nearly all segments carry two no-operations and timestamps, nothing else.
	if len(b) == 12 && be32(b) == 0x0101080A {
		o.Has, o.TSval, o.TSecr = HasTimestamps, be32(b[4:]), be32(b[8:])
		return true
	}
	for len(b) > 0 {
		kind := b[0]
		if kind == 0 {
			return true
		}
		if kind == 1 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return false
		}
		o.take(kind, b[2:b[1]])
		b = b[b[1]:]
	}
	return true
}

// take notes one option. A known one of a wrong length is no option at all.
func (o *Options) take(kind uint8, v []byte) {
	switch {
	case kind == 2 && len(v) == 2:
		o.Has |= HasMSS
		o.MSS = be16(v)
	case kind == 3 && len(v) == 1:
		o.Has |= HasWindowScale
		o.WindowScale = min(v[0], 14)
	case kind == 4 && len(v) == 0:
		o.Has |= HasSACKPermitted
	case kind == 5:
		o.Has |= HasSACK
	case kind == 8 && len(v) == 8:
		o.Has |= HasTimestamps
		o.TSval, o.TSecr = be32(v), be32(v[4:])
	case kind == 19, kind == 29:
		o.Has |= HasSignature
	case kind == 34:
		o.Has |= HasFastOpen
	}
}
