package pki

import (
	"net/netip"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Names are the general names of a subjectAltName (RFC 5280 section 4.2.1.6) by
// kind, each in the order sent. Bytes outside of printable ASCII are \xx.
type Names struct {
	DNS   []string
	IP    []netip.Addr
	Email []string
	URI   []string
	// Other holds the remaining kinds with the kind in front:
	// "directoryName:CN=x", "otherName:1.3.6.1.4.1.311.20.2.3",
	// "registeredID:1.2.3", "iPAddress:0102".
	Other []string
}

// Count returns how many names there are of all kinds.
func (n *Names) Count() int {
	return len(n.DNS) + len(n.IP) + len(n.Email) + len(n.URI) + len(n.Other)
}

// Strings lists all names: DNS names, addresses, e-mail addresses, URIs and the
// rest, in this order.
func (n *Names) Strings() []string {
	out := make([]string, 0, n.Count())
	out = append(out, n.DNS...)
	for _, ip := range n.IP {
		out = append(out, ip.String())
	}
	out = append(out, n.Email...)
	out = append(out, n.URI...)
	return append(out, n.Other...)
}

func (n *Names) parse(r derReader, problem func(string)) bool {
	list, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	in := r.sub(list)
	for !in.empty() {
		e, ok := in.next()
		if !ok {
			return false
		}
		n.add(e, problem)
	}
	return true
}

func (n *Names) add(e element, problem func(string)) {
	switch e.tag {
	case contextPrimitive(1):
		n.Email = append(n.Email, ascii(e.body))
	case contextPrimitive(2):
		if len(e.body) == 0 {
			problem("a dNSName is empty")
		}
		s := ascii(e.body)
		if len(s) != len(e.body) {
			problem("a dNSName holds characters outside of printable ASCII")
		}
		n.DNS = append(n.DNS, s)
	case contextPrimitive(6):
		n.URI = append(n.URI, ascii(e.body))
	case contextPrimitive(7):
		ip, ok := netip.AddrFromSlice(e.body)
		if !ok {
			problem("an iPAddress has neither 4 nor 16 bytes")
			n.Other = append(n.Other, "iPAddress:"+string(appendHex(nil, e.body)[1:]))
			return
		}
		n.IP = append(n.IP, ip)
	default:
		n.Other = append(n.Other, otherName(e, problem))
	}
}

// otherName shows the kinds of GeneralName that name no host.
func otherName(e element, problem func(string)) string {
	r := newDERReader(e.body, problem)
	switch e.tag {
	case context(0):
		id, _ := r.read(casn1.OBJECT_IDENTIFIER)
		oid, _ := oidString(id.body)
		return "otherName:" + oid
	case context(3):
		return "x400Address"
	case context(4):
		seq, _ := r.read(casn1.SEQUENCE)
		return "directoryName:" + parseName(seq.body, problem).text
	case context(5):
		return "ediPartyName"
	case contextPrimitive(8):
		oid, _ := oidString(e.body)
		return "registeredID:" + oid
	}
	problem("a general name of an unknown kind")
	return "unknown:" + string(appendHex(nil, e.full)[1:])
}

// NameConstraints are the names a CA may and may not certify (RFC 5280 section
// 4.2.1.10). They are shown here and applied by crypto/x509.
type NameConstraints struct {
	Permitted, Excluded Names
}

func (c *Certificate) parseNameConstraints(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	c.NameConstraints = &NameConstraints{}
	in := r.sub(seq)
	for !in.empty() {
		e, ok := in.next()
		if !ok {
			return false
		}
		to := &c.NameConstraints.Permitted
		if e.tag == context(1) {
			to = &c.NameConstraints.Excluded
		}
		for trees := in.sub(e); !trees.empty(); {
			t, ok := trees.next()
			if !ok {
				return false
			}
			base := trees.sub(t)
			name, ok := base.next()
			if !ok {
				return false
			}
			to.addConstraint(name, c.problem)
		}
	}
	return true
}

// addConstraint adds a subtree. An iPAddress has a mask behind the address, and
// an empty dNSName stands for all names.
func (n *Names) addConstraint(e element, problem func(string)) {
	switch {
	case e.tag == contextPrimitive(7) && (len(e.body) == 8 || len(e.body) == 32):
		half := len(e.body) / 2
		ip, _ := netip.AddrFromSlice(e.body[:half])
		mask, _ := netip.AddrFromSlice(e.body[half:])
		n.Other = append(n.Other, "iPAddress:"+ip.String()+"/"+mask.String())
	case e.tag == contextPrimitive(2):
		n.DNS = append(n.DNS, ascii(e.body))
	default:
		n.add(e, problem)
	}
}
