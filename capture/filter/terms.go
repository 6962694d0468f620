package filter

import (
	"net/netip"
	"strconv"
	"strings"
)

// term reads a condition that begins with a word.
func (p *parser) term() (unit, *SyntaxError) {
	t := p.peek()
	u := unit{kind: uTerm, q: qual{addr: aUndef}, tok: t}
	if t.kind != tWord {
		return u, unexpected(t)
	}
	pr, isProto := protoWord(t.text)
	if isProto {
		p.next()
		if p.peek().is("[") {
			a, err := p.accessor(pr, t)
			if err != nil {
				return u, err
			}
			return p.sum(unit{kind: uArith, a: a, tok: t})
		}
	}
	w := p.peek()
	var err *SyntaxError
	switch {
	case w.is("src"), w.is("dst"), w.is("host"), w.is("net"), w.is("port"), w.is("portrange"), w.is("proto"):
		if u.q, err = p.head(pr); err == nil {
			u.n, err = p.id(u.q)
		}
	case w.is("broadcast"):
		p.next()
		u.n, err = p.c.broadcast(pr, w)
	case w.is("multicast"):
		p.next()
		u.n, err = p.c.multicast(pr, w)
	case isProto && w.kind == tWord && (outside(w.text)):
		err = unexpected(w)
	case isProto:
		u.n, err = p.c.protocol(pr, t)
	default:
		u.n, err = p.other()
	}
	return u, err
}

// head reads the qualifiers before an address: "src", "src or dst port", "net".
func (p *parser) head(pr proto) (qual, *SyntaxError) {
	q := qual{proto: pr}
	if t := p.peek(); t.is("src") || t.is("dst") {
		p.next()
		q.dir = dSrc
		if t.is("dst") {
			q.dir = dDst
		}
		if op := p.peek(); op.is("or") || op.is("and") {
			p.next()
			if w := p.peek(); !w.is("src") && !w.is("dst") || w.text == t.text {
				return q, errAt(w, "write: src or dst, or an address before the "+op.text, "'%s %s' is not followed by the other direction", t.text, op.text)
			}
			p.next()
			q.dir = dOr
			if op.is("and") {
				q.dir = dAnd
			}
		}
	}
	switch t := p.peek(); {
	case t.is("host"):
		q.addr = aHost
	case t.is("net"):
		q.addr = aNet
	case t.is("port"):
		q.addr = aPort
	case t.is("portrange"):
		q.addr = aPortrange
	case t.is("proto") && q.dir == dNone:
		q.addr = aProto
	default:
		return q, nil // only a direction: an address follows at once
	}
	p.next()
	return q, nil
}

// other reads the conditions that take a number or nothing.
func (p *parser) other() (*node, *SyntaxError) {
	t := p.next()
	switch t.text {
	case "less", "greater":
		n := p.next()
		if n.kind != tNum {
			return nil, errAt(n, "as in: "+t.text+" 100", "a number of bytes is expected before %s", n)
		}
		v := value{kind: vLen, mask: noMask}
		if t.text == "less" { // less than or equal, for all its name
			return not(leaf(v, jgt, n.num)), nil
		}
		return leaf(v, jge, n.num), nil
	case "pppoed":
		return p.c.linktype(etherPPPoED, t)
	case "vlan", "mpls", "pppoes":
		num, has, err := p.optionalNum()
		if err != nil {
			return nil, err
		}
		switch t.text {
		case "vlan":
			return p.c.vlan(num, has, t)
		case "mpls":
			return p.c.mpls(num, has, t)
		}
		return p.c.pppoes(num, has, t)
	}
	return nil, unexpected(t)
}

// optionalNum reads a number, with or without parentheses, if there is one.
func (p *parser) optionalNum() (uint32, bool, *SyntaxError) {
	depth := 0
	for p.peek().is("(") {
		p.next()
		depth++
	}
	t := p.peek()
	if t.kind != tNum {
		if depth > 0 {
			return 0, false, errAt(t, "put 'and' before the parenthesis", "a number is expected and not %s", t)
		}
		return 0, false, nil
	}
	p.next()
	for ; depth > 0; depth-- {
		if err := p.expect(")"); err != nil {
			return 0, false, err
		}
	}
	return t.num, true, nil
}

// number makes a condition of a number under its qualifiers.
func (c *compiler) number(v uint32, q qual, t token) (*node, *SyntaxError) {
	switch q.addr {
	case aNone, aHost, aNet:
		if q.proto == pLink {
			return nil, errAt(t, "as in: ether host 00:11:22:33:44:55", "%s is not an Ethernet address", t)
		}
		mask := uint32(noMask)
		if q.addr == aNet {
			for v != 0 && v&0xff000000 == 0 {
				v, mask = v<<8, mask<<8
			}
		}
		return c.host4(v, mask, q, t)
	case aPort, aPortrange:
		if err := c.portProto(q, t); err != nil {
			return nil, err
		}
		if v > 0xffff {
			return nil, errAt(t, "", "the port %s is greater than 65535", t)
		}
		return c.ports(v, v, q.proto, q.dir, t)
	case aProto:
		return c.protoNumber(v, q.proto, t)
	}
	return nil, unexpected(t)
}

func (c *compiler) portProto(q qual, t token) *SyntaxError {
	switch q.proto {
	case pNone, pTCP, pUDP, pSCTP:
		return nil
	}
	return errAt(t, "only tcp, udp and sctp have ports; for others write: ip and port 80", "a port does not go with the protocol before it")
}

// address makes a condition of a name or an address under its qualifiers.
func (p *parser) address(t token, q qual) (*node, *SyntaxError) {
	if q.addr == aUndef {
		return nil, unexpected(t)
	}
	if t.kind == tName {
		return p.c.name(t, q)
	}
	if q.addr == aPort || q.addr == aPortrange || q.addr == aProto {
		return nil, errAt(t, "write host or net before an address", "the address %s is not a port or protocol", t)
	}
	switch t.kind {
	case tMAC:
		mac, ok := parseMAC(t.text)
		if q.proto != pLink || q.addr == aNet || !ok {
			return nil, errAt(t, "write: ether host "+t.text, "the Ethernet address %s stands where none is expected", t)
		}
		return p.c.etherHost(mac, q.dir, t)
	case tIPv6:
		return p.ipv6(t, q)
	}
	addr, bits, ok := parseDotted(t.text)
	if !ok {
		return nil, errAt(t, "", "%s is not an IPv4 address: a part is greater than 255", t)
	}
	if q.proto == pLink {
		return nil, errAt(t, "as in: ether host 00:11:22:33:44:55", "%s is not an Ethernet address", t)
	}
	mask := uint32(noMask) << (32 - bits)
	switch {
	case p.accept("/"):
		n := p.next()
		if n.kind != tNum || n.num > 32 {
			return nil, errAt(n, "", "a prefix length from 0 to 32 is expected and not %s", n)
		}
		mask = uint32(uint64(noMask) << (32 - n.num))
		return p.network4(addr, mask, q, t)
	case p.accept("mask"):
		m := p.next()
		mask, _, ok = parseDotted(m.text)
		if m.kind != tDotted || !ok {
			return nil, errAt(m, "as in: net 10.0.0.0 mask 255.0.0.0", "a mask is expected and not %s", m)
		}
		return p.network4(addr, mask, q, t)
	}
	return p.c.host4(addr, mask, q, t)
}

func (p *parser) network4(addr, mask uint32, q qual, t token) (*node, *SyntaxError) {
	if q.addr != aNet {
		return nil, errAt(t, "write net in place of host", "a mask or prefix length goes with networks only")
	}
	if addr&^mask != 0 {
		return nil, errAt(t, "clear the bits behind the prefix", "%s has bits outside its network mask", t)
	}
	return p.c.host4(addr, mask, q, t)
}

func (p *parser) ipv6(t token, q qual) (*node, *SyntaxError) {
	ip, err := netip.ParseAddr(t.text)
	if err != nil {
		return nil, errAt(t, "", "%s is not an IPv6 address", t)
	}
	bits := uint32(128)
	if p.accept("/") {
		n := p.next()
		if n.kind != tNum || n.num > 128 {
			return nil, errAt(n, "", "a prefix length from 0 to 128 is expected and not %s", n)
		}
		if bits = n.num; bits != 128 && q.addr != aNet {
			return nil, errAt(t, "write net in place of host", "a prefix length goes with networks only")
		}
	}
	if q.proto == pLink {
		return nil, errAt(t, "as in: ether host 00:11:22:33:44:55", "%s is not an Ethernet address", t)
	}
	raw := ip.As16()
	var addr, mask [4]uint32
	for i := range addr {
		addr[i] = be32(raw[4*i:])
		in := min(32, int(bits)-32*i)
		if in > 0 {
			mask[i] = uint32(uint64(noMask) << (32 - in))
		}
		if addr[i]&^mask[i] != 0 {
			return nil, errAt(t, "clear the bits behind the prefix", "%s has bits outside its prefix", t)
		}
	}
	return p.c.host6(addr, mask, q, t)
}

// name makes a condition of the name of a port, of a range of ports or of a
// protocol. Names of hosts and networks are refused.
func (c *compiler) name(t token, q qual) (*node, *SyntaxError) {
	switch q.addr {
	case aPort:
		if err := c.portProto(q, t); err != nil {
			return nil, err
		}
		s, only, err := portByName(t, t.text, q.proto)
		if err != nil {
			return nil, err
		}
		return c.ports(s, s, only, q.dir, t)
	case aPortrange:
		if err := c.portProto(q, t); err != nil {
			return nil, err
		}
		return c.portRange(t, q)
	case aProto:
		v, ok := ipProtoNumber(t.text)
		if q.proto == pLink {
			v, ok = etherProtoNumber(t.text)
		}
		if !ok {
			e := errAt(t, "write its number", "the protocol %s is not known here", t)
			e.beyond = true
			return nil, e
		}
		return c.protoNumber(v, q.proto, t)
	}
	return nil, errAt(t, "write the address: a capture tool asks no name server", "%s is a name, and names of hosts and networks are not looked up", t)
}

// portByName finds a service and the transports that libpcap would test: those
// it is registered for, all if several.
func portByName(t token, name string, want proto) (uint32, proto, *SyntaxError) {
	s, ok := serviceByName(name)
	if !ok {
		e := errAt(t, "write its number", "the port %s is not known here", quote(name))
		e.beyond = true
		return 0, pNone, e
	}
	only := pNone
	switch {
	case s.tcp && !s.udp:
		only = pTCP
	case s.udp && !s.tcp:
		only = pUDP
	}
	if want != pNone {
		if only != pNone && only != want {
			return 0, pNone, errAt(t, "write the number: port "+strconv.FormatUint(uint64(s.port), 10), "the port %s is not one of the protocol before it", quote(name))
		}
		only = want
	}
	return s.port, only, nil
}

// portRange reads LOW-HIGH, where both are numbers or names.
func (c *compiler) portRange(t token, q qual) (*node, *SyntaxError) {
	for i, b := range []byte(t.text) {
		if b != '-' {
			continue
		}
		lo, loOnly, errLo := portEnd(t, t.text[:i], q.proto)
		hi, hiOnly, errHi := portEnd(t, t.text[i+1:], q.proto)
		if errLo != nil || errHi != nil {
			if strings.IndexByte(t.text[i+1:], '-') >= 0 {
				continue // the dash may be part of a name
			}
			if errLo == nil {
				errLo = errHi
			}
			return nil, errLo
		}
		if loOnly != hiOnly { // as in libpcap: ends of different kinds mean any
			loOnly = q.proto
		}
		return c.ports(lo, hi, loOnly, q.dir, t)
	}
	s, only, err := portByName(t, t.text, q.proto)
	if err != nil {
		return nil, err
	}
	return c.ports(s, s, only, q.dir, t)
}

func portEnd(t token, s string, want proto) (uint32, proto, *SyntaxError) {
	if s == "" || run(s, isDigit) != len(s) {
		return portByName(t, s, want)
	}
	v, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, pNone, errAt(t, "", "the port %s is greater than 65535", quote(s))
	}
	return uint32(v), want, nil
}

// parseDotted reads one to four decimal parts; bits is 8 for each.
func parseDotted(s string) (addr uint32, bits int, ok bool) {
	for part := range strings.SplitSeq(s, ".") {
		v, err := strconv.ParseUint(part, 10, 32)
		if err != nil || v > 255 {
			return 0, 0, false
		}
		addr = addr<<8 | uint32(v)
		bits += 8
	}
	return addr << (32 - bits), bits, bits <= 32
}

func parseMAC(s string) (mac [6]byte, ok bool) {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '-' || r == '.' })
	if len(groups) != 6 {
		s = strings.Join(groups, "")
		if len(s) != 12 {
			return mac, false
		}
		groups = []string{s[0:2], s[2:4], s[4:6], s[6:8], s[8:10], s[10:12]}
	}
	for i, g := range groups {
		v, err := strconv.ParseUint(g, 16, 8)
		if err != nil {
			return mac, false
		}
		mac[i] = byte(v)
	}
	return mac, true
}
