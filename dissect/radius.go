package dissect

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/eap"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
)

// logins is the part of a pipeline that tells apart who logs in over RADIUS:
// many clients share the ports.
type logins struct {
	of      eap.Conversations
	waiting []waiting
	copies  copies
}

// A waiting datagram came before the one that says whose it is.
type waiting struct {
	packet.Packet
	at flow.Mark
}

// mostWaitingLogins bounds the datagrams that wait, for one other datagram each.
const mostWaitingLogins = 16

// radius takes a datagram of RADIUS with EAP in it to the flow of its
// conversation.
func (p *pipeline) radius(d *packet.Packet) {
	u := &p.udp.logins
	if u.copies.again(flow.Client, d.Payload) { // of either side: each has an authenticator
		p.sorting.early = true
		return
	}
	n, sure := u.of.Of(d.Src, d.Dst, d.Zone, d.Payload, len(u.waiting) >= mostWaitingLogins)
	if !sure {
		w := waiting{*d, p.at}
		w.Payload = bytes.Clone(d.Payload)
		u.waiting = append(u.waiting, w)
		p.sorting.early = true
		return
	}
	p.login(d, n)
	p.settleLogins()
}

// settleLogins takes the datagrams that waited to their flows, whether it is
// known by now whose they are or not.
func (p *pipeline) settleLogins() {
	now, all, sorting := p.at, p.udp.logins.waiting, p.sorting
	p.udp.logins.waiting = nil
	for i := range all {
		w := &all[i]
		p.at = w.at
		n, _ := p.udp.logins.of.Of(w.Src, w.Dst, w.Zone, w.Payload, true)
		p.login(&w.Packet, n)
	}
	p.at, p.sorting = now, sorting
}

// login gives a datagram to the flow of a conversation.
func (p *pipeline) login(d *packet.Packet, number uint32) {
	d.Zone ^= number * 0x9E3779B1 // the flow's, of this conversation alone
	p.flowOf(d)
}
