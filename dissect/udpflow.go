package dissect

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/dtls"
	"github.com/tlslens/tlslens/dissect/eap"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/openvpn"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/quic"
	"github.com/tlslens/tlslens/dissect/record"
)

// A datagramCarrier finds TLS in datagrams, by content and never by port.
type datagramCarrier struct {
	name string // as [conn.Conn] has it
	// probe looks at one datagram: [record.Not], or, with who must have sent
	// it, that the flow is the carrier's.
	probe func(b []byte) record.Verdict
	// open begins to read a flow with the datagram that the probe recognised,
	// sent by a side; it is given to the stream afterwards. What is read is
	// reported to the builder.
	open func(f *udpFlow, by flow.Side, first []byte) datagramStream
}

// datagramCarriers lists them in the order in which they are asked.
var datagramCarriers = [...]datagramCarrier{
	{"quic", quic.Probe, func(f *udpFlow, _ flow.Side, _ []byte) datagramStream {
		session := f.p.session()
		f.builder.Keys(session)
		if session == nil {
			return quic.NewStream(f.builder, nil, f.p.udp.pieces, f.issued)
		}
		return quic.NewStream(f.builder, session, f.p.udp.pieces, f.issued)
	}},
	{"dtls", dtls.Probe, func(f *udpFlow, _ flow.Side, _ []byte) datagramStream {
		session := f.p.session()
		f.builder.Keys(session)
		return dtls.NewStream(f.builder, session, f.p.udp.fragments, f.issued)
	}},
	{"tls", eap.Probe, func(f *udpFlow, by flow.Side, first []byte) datagramStream {
		session := f.p.session()
		f.builder.Keys(session)
		s, says := eap.NewStream(f.builder, session, first)
		f.builder.Before([]conn.Plaintext{{Name: "radius", Title: "RADIUS", At: f.p.at, By: by, Said: says}})
		return s
	}},
	{"tls", openvpn.Probe, func(f *udpFlow, by flow.Side, first []byte) datagramStream {
		session := f.p.session()
		f.builder.Keys(session)
		s, says := openvpn.NewStream(f.builder, session, f.p.udp.fragments, first)
		f.builder.Before([]conn.Plaintext{{Name: "openvpn", Title: "OpenVPN", At: f.p.at, By: by, Bytes: len(first), Said: []string{says}}})
		return s
	}},
}

// A datagramStream reads the datagrams of one connection.
type datagramStream interface {
	// Datagram takes the payload of a datagram, of which missing bytes more
	// were on the wire than were captured.
	Datagram(side flow.Side, b []byte, missing int, at flow.Mark)
	// Close tells that no more will come. It is the last call.
	Close(how conn.End, by flow.Side, at flow.Mark)
}

// A successor is a datagramStream that knows when a datagram begins another
// connection between the same ports.
type successor interface{ Succeeds(b []byte) bool }

// looks is how many datagrams of a flow are probed before it is passed over.
const looks = 32

// A udpEntry is what the table holds of a flow of datagrams: little, for most
// are of no interest.
type udpEntry struct {
	flow   *udpFlow // nil until a carrier said yes
	first  flow.Mark
	sent   [2]uint32 // packets of each direction, until there is a flow
	looked uint8
	client uint8    // which direction is the client's, once there is a flow
	waits  *unsided // for what tells the client; nil if not
}

// A udpFlow is a connection of a datagram carrier. More than one entry of the
// table leads to it when an end changed its address.
type udpFlow struct {
	p       *pipeline
	entries int
	last    flow.Mark
	sent    [2]uint64
	builder *conn.Builder
	stream  datagramStream
	zone    uint32
	ids     []idKey // what leads here in idIndex
	done    bool
	looked  [2]bool     // at what a side's packets are wrapped in
	encap   [2][]string // the same
	copies  copies
}

// datagrams is the part of a pipeline that takes UDP.
type datagrams struct {
	table  *flow.Table[udpEntry]
	ids    idIndex
	logins logins
	opened uint64 // connections so far

	room      int          // for datagrams that wait to be put in order
	fragments *flow.Budget // of handshake messages over DTLS that wait
	pieces    *flow.Budget // of what comes over QUIC and waits
	waits     *flow.Budget // of datagrams that wait for what tells the client
}

func (u *datagrams) init(p *pipeline) {
	u.table = flow.NewTable(p.opt.Limits, p.evictedDatagrams)
	u.ids.of = map[idKey]*udpFlow{}
	u.room = p.opt.Limits.TotalBytes / 4
	u.fragments = flow.NewBudget(p.opt.Limits.TotalBytes)
	u.pieces = flow.NewBudget(p.opt.Limits.TotalBytes)
	u.waits = flow.NewBudget(p.opt.Limits.TotalBytes)
}

// announce lets the caller hear of a connection while it is read, if it wants.
func (p *pipeline) announce(b *conn.Builder) {
	if !p.opt.Phases {
		return
	}
	c := b.Conn()
	b.OnPhase(func(id conn.PhaseID) { p.emit(PhaseEnded{Conn: c, Phase: c.Phases()[id]}) })
	b.OnMessage(func(m conn.Message) { p.emit(MessageSeen{Conn: c, Message: m}) })
	p.emit(Opened{Conn: c})
}

// datagram takes a UDP datagram to its flow.
func (p *pipeline) datagram(d *packet.Packet) {
	if eap.Is(d.Payload) {
		p.radius(d)
		return
	}
	p.flowOf(d)
}

// flowOf takes a datagram to the flow of its addresses and its zone.
func (p *pipeline) flowOf(d *packet.Packet) {
	key, swapped := flow.MakeKey(flow.UDP, d.Src, d.Dst, d.Zone)
	dir := uint8(0)
	if swapped {
		dir = 1
	}
	id := p.udp.table.Lookup(key)
	if id == 0 {
		id = p.udp.table.Insert(key)
		p.udp.table.Value(id).first = p.at
		p.join(p.udp.table.Value(id), d, dir)
	}
	e := p.udp.table.Value(id)
	if e.flow != nil && e.flow.done { // its other address took part in something new
		*e = udpEntry{first: p.at}
	}
	if e.waits != nil {
		e.sent[dir]++
		p.hear(e, key, d, dir)
		p.udp.table.Touch(id, e.state())
		return
	}
	if e.flow == nil {
		e.sent[dir]++
		p.sorting.before = e.id()
		if e.looked >= looks || len(d.Payload) == 0 || !p.recognise(e, key, d, dir) {
			p.udp.table.Touch(id, e.state())
			return
		}
	} else {
		e.flow.count(e.side(dir))
	}
	p.sortUDP(e.flow)
	p.feed(e, key, d, dir)
	if e.flow == nil {
		p.udp.table.Touch(id, flow.HalfOpen)
		return
	}
	p.udp.table.Touch(id, e.flow.state())
}

// feed gives a datagram to the connection, or to a new one that begins with it.
// The entry has none any more if there is no time for the new one.
func (p *pipeline) feed(e *udpEntry, key flow.Key, d *packet.Packet, dir uint8) {
	if e.flow.copies.again(e.side(dir), d.Payload) {
		return
	}
	if s, ok := e.flow.stream.(successor); ok && s.Succeeds(d.Payload) && begins(d.Payload) {
		old := e.flow
		old.sent[e.side(dir)]--
		*e = udpEntry{first: p.at}
		e.sent[dir] = 1
		old.entries--
		old.end(conn.TimedOut)
		if !p.recognise(e, key, d, dir) {
			return
		}
		e.flow.copies.again(e.side(dir), d.Payload)
		p.sortUDP(e.flow)
	}
	e.flow.wrapped(e.side(dir), d)
	e.flow.stream.Datagram(e.side(dir), d.Payload, d.Missing, p.at)
}

// begins reports whether a carrier takes a datagram for a client's.
func begins(b []byte) bool {
	return slices.ContainsFunc(datagramCarriers[:], func(c datagramCarrier) bool { return c.probe(b) == record.Client })
}

// wrapped notes what the first packet of a side is wrapped in.
func (f *udpFlow) wrapped(side flow.Side, d *packet.Packet) {
	if f.looked[side] {
		return
	}
	f.looked[side] = true
	if d.Encapsulated() {
		f.encap[side] = d.Encapsulation()
	}
	c := f.builder.Conn()
	c.Encapsulation, c.EncapsulationBack = wrappers(f.encap[flow.Client], f.encap[flow.Server], f.looked[flow.Client] && f.looked[flow.Server])
}

func (e *udpEntry) side(dir uint8) flow.Side { return flow.Side(dir ^ e.client) }

// recognise asks the carriers for a datagram of a flow that is not known yet.
func (p *pipeline) recognise(e *udpEntry, key flow.Key, d *packet.Packet, dir uint8) bool {
	e.looked++
	for i := range datagramCarriers {
		c := &datagramCarriers[i]
		v := c.probe(d.Payload)
		if v == record.Not || v == record.Incomplete {
			continue
		}
		if p.opt.Governor != nil && p.opt.Governor.Busy() {
			e.looked = looks // also when there is time again: its beginning would be missing
			p.dropped("overload", "connections", 1)
			return false
		}
		switch v {
		case record.Client:
			e.client = dir
		case record.Server:
			e.client = dir ^ 1
		default:
			p.await(e, key, d, dir, c)
			return false
		}
		p.openDatagrams(e, key, d, dir, c, conn.NotGuessed)
		return true
	}
	return false
}

// openDatagrams begins to read a flow.
func (p *pipeline) openDatagrams(e *udpEntry, key flow.Key, d *packet.Packet, dir uint8, carrier *datagramCarrier, guessed conn.GuessedBy) {
	p.udp.opened++
	ends := [2]netip.AddrPort{key.A(), key.B()}
	c := &conn.Conn{
		Number: p.number(), Flow: e.id(), Carrier: carrier.name, Transport: "udp",
		Ends: [2]conn.Endpoint{ends[e.client], ends[e.client^1]}, Guessed: guessed, First: e.first,
	}
	f := &udpFlow{p: p, entries: 1, zone: key.Zone(), last: p.at, builder: conn.NewBuilder(c, p.build)}
	f.sent = [2]uint64{uint64(e.sent[e.client]), uint64(e.sent[e.client^1])}
	f.stream = &ordered{to: carrier.open(f, e.side(dir), d.Payload), room: &p.udp.room}
	e.flow = f
	p.announce(f.builder)
}

// count notes a packet of the connection.
func (f *udpFlow) count(side flow.Side) {
	f.sent[side]++
	if f.p.at.After(f.last) {
		f.last = f.p.at
	}
	if c := f.builder.Conn(); c.First.After(f.p.at) && c.First.Time.Sub(f.p.at.Time) < mostAstray {
		c.First = f.p.at // it changed places with the one that came first
	}
}

// state tells the table how firm the connection stands.
func (f *udpFlow) state() flow.State {
	switch {
	case f.done:
		return flow.Closing
	case f.sent[0] > 0 && f.sent[1] > 0:
		return flow.Open
	}
	return flow.HalfOpen
}

// state tells the table how firm an entry stands.
func (e *udpEntry) state() flow.State {
	switch {
	case e.flow != nil:
		return e.flow.state()
	case e.waits != nil && e.sent[0] > 0 && e.sent[1] > 0:
		return flow.Open
	}
	return flow.HalfOpen
}

// end sends the connection on its way.
func (f *udpFlow) end(how conn.End) {
	if f.done {
		return
	}
	f.done = true
	c := f.builder.Conn()
	c.Last, c.Packets, c.Sent = f.last, f.sent[0]+f.sent[1], f.sent
	f.builder.CaptureEnds(f.p.at)
	f.stream.Close(how, flow.Client, f.last)
	for _, k := range f.ids { // none is told of any more
		delete(f.p.udp.ids.of, k)
		f.p.udp.ids.sizes[k.n]--
	}
	f.p.out.put(f.builder.Finish())
}

// endDatagrams ends every connection that is still there.
func (p *pipeline) endDatagrams() {
	p.settleLogins()
	p.hearNoMore()
	var rest []*udpFlow
	for _, e := range p.udp.table.All() {
		if f := e.flow; f != nil && !f.done {
			rest = append(rest, f)
		}
	}
	slices.SortFunc(rest, func(a, b *udpFlow) int { return cmp.Compare(a.builder.Conn().Number, b.builder.Conn().Number) })
	for _, f := range rest { // one that is there twice ends once
		f.end(conn.EndOfCapture)
		p.out.drain(false)
	}
}

// evictedDatagrams is told by the table that a flow left it.
func (p *pipeline) evictedDatagrams(k flow.Key, e *udpEntry, why flow.Reason) {
	if e.waits != nil {
		p.guess(e, k)
	}
	f := e.flow
	if f == nil || f.done {
		return
	}
	if f.entries--; f.entries > 0 {
		return // another address still leads to it
	}
	how := conn.TimedOut
	if why == flow.Full {
		how = conn.Evicted
		p.dropped(p.full(), "connections", 1)
	}
	f.end(how)
}
