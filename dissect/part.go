package dissect

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tcp"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A Part says what a packet is part of.
type Part struct {
	Use Use
	// Flow is the same for all packets of a flow, as [conn.Conn] has it, and 0 if
	// the packet belongs to none or it is not known yet to which.
	Flow uint64
}

// A Use is what a packet brings to a connection.
type Use uint8

// The uses.
const (
	// Unrelated packets belong to nothing that speaks TLS, or are datagrams
	// before the first one of a connection.
	Unrelated Use = iota
	// Undecided packets belong to a flow that may come to speak TLS, are a
	// fragment of one that is not whole yet, or came too early to be understood.
	Undecided
	// Handshake packets belong to a connection and come before its tunnel, or
	// bring an alert that begins the packet, a FIN or a RST.
	Handshake
	// Tunnel packets belong to a connection whose handshake is over.
	Tunnel
)

// A sorting notes of the packet at hand what it belongs to.
type sorting struct {
	tcp    *tcpFlow
	udp    *udpFlow
	waits  *unsided
	before uint64 // the flow of datagrams that is no connection yet
	early  bool   // it has to wait for others
	tunnel bool   // the tunnel had begun before this packet
}

// tunnelling reports whether a handshake is over.
func tunnelling(b *conn.Builder) bool { return b != nil && b.Conn().Tunnel.State != conn.Unseen }

// sortTCP notes that the packet at hand belongs to a flow, before the flow
// takes it.
func (p *pipeline) sortTCP(f *tcpFlow) {
	if p.opt.Sorted != nil {
		p.sorting = sorting{tcp: f, tunnel: tunnelling(f.builder)}
	}
}

// sortUDP notes that the packet at hand belongs to a connection of datagrams.
func (p *pipeline) sortUDP(f *udpFlow) {
	if p.opt.Sorted != nil {
		p.sorting = sorting{udp: f, tunnel: tunnelling(f.builder)}
	}
}

// id returns what the packets of the flow are part of.
func (e *udpEntry) id() uint64 { return e.first.Packet | 1<<63 }

// sorted tells what the packet at hand belongs to.
func (p *pipeline) sorted(kind packet.Kind, d *packet.Packet) {
	if p.opt.Sorted == nil {
		return
	}
	part := Part{}
	switch s := &p.sorting; {
	case kind == packet.Fragment:
		part.Use = Undecided
	case s.tcp != nil:
		part = Part{Use: s.tcp.use(s.tunnel, d), Flow: s.tcp.first.Packet}
	case s.waits != nil:
		part = Part{Use: Undecided, Flow: s.waits.id}
	case s.udp != nil:
		part = Part{Use: Handshake, Flow: s.udp.builder.Conn().Flow}
		if s.tunnel {
			part.Use = Tunnel
		}
	case s.before != 0:
		part.Flow = s.before
	case s.early:
		part.Use = Undecided
	}
	p.sorting = sorting{}
	p.opt.Sorted(part)
}

// use says what a packet brought.
func (f *tcpFlow) use(tunnel bool, d *packet.Packet) Use {
	switch {
	case f.stage == probing:
		return Undecided
	case !f.tls:
		return Unrelated
	case !tunnel && f.stage == reading,
		tcp.Flags(d.Flags)&(tcp.SYN|tcp.FIN|tcp.RST) != 0,
		len(d.Payload) > 1 && d.Payload[0] == byte(tls.ContentAlert) && d.Payload[1] == 3:
		return Handshake
	}
	return Tunnel
}
