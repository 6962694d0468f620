package packet

// IPChecksumOK reports whether the innermost IPv4 header's checksum is right
// (RFC 791, section 3.1). known is false for IPv6, which has none, and for a
// datagram put together from fragments.
func (p *Packet) IPChecksumOK() (valid, known bool) {
	if p.Proto == 0 || len(p.ip) < 20 || p.ip[0]>>4 != 4 || p.Fragments != 0 {
		return false, false
	}
	return fold(sum(0, p.ip)) == 0xFFFF, true
}

// TransportChecksumOK reports whether the checksum of the segment or datagram is
// right (RFC 9293, section 3.1; RFC 768; RFC 8200, section 8.1). It is computed
// when asked, in time linear in the payload.
//
// known is false if it cannot be told: bytes are missing, the segment is one
// that the network card was yet to cut, the packet is source-routed, or its
// sender left the checksum out. A wrong checksum is normal on packets captured
// by the host that sends them, whose network card fills it in.
func (p *Packet) TransportChecksumOK() (valid, known bool) {
	if p.Proto == 0 || p.Missing > 0 || p.noSum || p.Odd&OddLengthBeyondFrame != 0 {
		return false, false
	}
	if p.Proto == ProtoUDP && be16(p.seg[6:]) == 0 {
		return false, false
	}
	s := uint64(p.Proto) + uint64(len(p.seg))
	if p.ip[0]>>4 == 4 {
		s = sum(s, p.ip[12:20])
	} else {
		s = sum(s, p.ip[8:40])
	}
	return fold(sum(s, p.seg)) == 0xFFFF, true
}

// sum adds the 16-bit words of b to s. Adding 32 bits at a time gives the same
// once folded (RFC 1071, section 2).
func sum(s uint64, b []byte) uint64 {
	for len(b) >= 16 {
		s += uint64(be32(b)) + uint64(be32(b[4:])) + uint64(be32(b[8:])) + uint64(be32(b[12:]))
		b = b[16:]
	}
	for len(b) >= 2 {
		s += uint64(be16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return uint16(s)
}
