package eap

import "net/netip"

// Conversations tells the conversations apart that go between the same ports:
// the clients of one access point log in at the same time. A response has the
// identifier of its request, and a request the State that the challenge before it
// set (RFC 2865, Sections 3 and 5.24). The zero value is ready for use.
type Conversations struct {
	requests map[request]asked
	states   map[state]uint32
	last     uint32
}

// ends are the addresses of a client of RADIUS and its server, in a network.
type ends struct {
	client, server netip.AddrPort
	zone           uint32
}

type request struct {
	ends
	id uint8
}

type asked struct {
	number        uint32
	authenticator [16]byte
}

type state struct {
	ends
	value string
}

// mostKept bounds the requests and states that are remembered. Where there are
// more, conversations under way fall apart.
const mostKept = 1 << 14

// Is reports whether a datagram is RADIUS with EAP in it.
func Is(b []byte) bool {
	var p radius
	return isRADIUS(b) && p.parse(b, nil)
}

// Of returns the number of a datagram's conversation, which is not 0. Sure is
// false if what says so has not been seen: the request to a response, or the
// challenge to a request; with force it gets a number all the same. fromServer
// says who sent it.
func (c *Conversations) Of(src, dst netip.AddrPort, zone uint32, b []byte, force bool) (number uint32, sure bool) {
	var p radius
	if !p.parse(b, nil) {
		return 0, true
	}
	if c.requests == nil || len(c.requests) >= mostKept || len(c.states) >= mostKept {
		c.requests, c.states = map[request]asked{}, map[state]uint32{}
	}
	if p.fromServer() {
		e := ends{client: dst, server: src, zone: zone}
		a, ok := c.requests[request{e, p.id}]
		switch {
		case !ok && !force:
			return 0, false
		case !ok:
			c.last++
			a.number = c.last
		}
		if len(p.state) > 0 {
			c.states[state{e, string(p.state)}] = a.number
		}
		return a.number, true
	}
	e := ends{client: src, server: dst, zone: zone}
	k, a := request{e, p.id}, asked{authenticator: [16]byte(p.authenticator)}
	n, known := c.states[state{e, string(p.state)}]
	was, twice := c.requests[k]
	switch {
	case twice && was.authenticator == a.authenticator: // sent again
		return was.number, true
	case len(p.state) > 0 && known:
		a.number = n
	case len(p.state) > 0 && !force:
		return 0, false
	default:
		c.last++
		a.number = c.last
	}
	c.requests[k] = a
	return a.number, true
}
