package dissect

import (
	"cmp"
	"slices"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// A pipeline is the state of one run of [Events].
type pipeline struct {
	opt     Options
	all     *common
	stats   *Stats
	yield   func(Event, error) bool
	stopped bool // the caller does not want any more

	decoder  *packet.Decoder
	decoded  packet.Packet
	table    *flow.Table[*tcpFlow]
	udp      datagrams
	pool     *tcp.Pool
	plain    keys.Buffer // what the sessions open into, one after the other
	build    conn.Options
	out      *outbox
	at       flow.Mark             // of the packet at hand
	opened   uint64                // connections so far, of this pipeline
	controls map[hosts][]*control  // control connections of FTP
	data     map[dataEnd]announced // data connections of FTP that are waited for
	offers   map[offerer]flow.Mark // who offered TLS after words in the clear, and where
	outcomes map[conn.Outcome]uint64
	others   map[string]uint64
	zones    map[flow.Key]uint32 // by key without zone: the zone it was last seen in, if not 0
	refused  refusals
	reason   string   // for which flows are given up, if it is not their number
	untold   []untold // as stats.Dropped
	sorting  sorting
	waits    *flow.Budget // of flows that wait for what tells the client
	kept     int          // bytes that flows keep while they are probed: see prefix
}

func newPipeline(opt Options, all *common, yield func(Event, error) bool) *pipeline {
	opt.Limits = opt.Limits.WithDefaults()
	if opt.Roots == nil {
		opt.Roots = pki.Mozilla()
	}
	p := &pipeline{
		opt: opt, all: all, stats: opt.Stats, yield: yield,
		decoder:  packet.NewDecoder(packet.Limits{}),
		pool:     tcp.NewPool(opt.Limits),
		offers:   map[offerer]flow.Mark{},
		outcomes: map[conn.Outcome]uint64{},
		others:   map[string]uint64{},
		zones:    map[flow.Key]uint32{},
		build: conn.Options{
			Detail: opt.Detail, HandshakeSize: opt.Limits.HandshakeSize,
			Parse: all.parsed, Sessions: conn.NewSessions(), Plaintext: opt.Plaintext, Buffers: new(conn.Buffers),
		},
	}
	*p.stats = Stats{}
	p.waits = flow.NewBudget(opt.Limits.TotalBytes)
	p.table = flow.NewTable(opt.Limits, p.evicted)
	p.udp.init(p)
	p.out = newOutbox(opt.workers(), conn.Trust{
		Roots: opt.Roots, At: opt.At, Cache: all.verified,
		Certificates: opt.Verify != VerifyNone, Signatures: opt.Verify == VerifyAll,
	}, opt.Unordered, p.closed)
	return p
}

// number returns that of a new connection.
func (p *pipeline) number() uint64 {
	p.opened++
	return p.all.opened.Add(1)
}

// session returns what opens one connection, nil without keys.
func (p *pipeline) session() *keys.Session {
	if p.opt.Keys.Empty() {
		return nil
	}
	s := p.opt.Keys.NewSession()
	s.Share(&p.plain)
	return s
}

// close stops the workers. Nothing is yielded any more.
func (p *pipeline) close() { p.out.stop() }

// emit yields an event unless the caller has had enough.
func (p *pipeline) emit(e Event) {
	if !p.stopped && !p.yield(e, nil) {
		p.stopped = true
	}
}

// packet takes one packet of the capture.
func (p *pipeline) packet(pkt *capture.Packet) {
	p.stats.Packets++
	p.stats.Bytes += uint64(len(pkt.Data))
	if pkt.WireLen > len(pkt.Data) {
		p.stats.Snapped++
	}
	p.at = flow.Mark{Packet: pkt.Number, Time: pkt.Time}
	p.table.Tick(pkt.Time)
	p.udp.table.Tick(pkt.Time)
	p.govern()
	d := &p.decoded
	kind := p.decoder.Decode(uint32(pkt.Link), pkt.Data, pkt.WireLen, pkt.Time, d)
	switch kind {
	case packet.TCP:
		p.stats.TCP++
		p.segment(d)
	case packet.UDP:
		p.stats.UDP++
		p.datagram(d)
	}
	p.sorted(kind, d)
	p.out.drain(false)
}

// segment takes a TCP segment to its flow. A segment that begins nothing, such
// as a bare ACK, creates no flow; otherwise dead ones would revive.
func (p *pipeline) segment(d *packet.Packet) {
	s := tcp.Segment{Seq: d.Seq, Ack: d.Ack, Flags: tcp.Flags(d.Flags) & 0x3f, Payload: d.Payload, Missing: d.Missing, At: p.at}
	key, swapped := flow.MakeKey(flow.TCP, d.Src, d.Dst, d.Zone)
	dir := tcp.Dir(0)
	if swapped {
		dir = 1
	}
	id := p.table.Lookup(key)
	if id == 0 {
		if !s.Opens() || p.refuses(key, &s) {
			return
		}
		f := p.otherHalf(d, dir, &s)
		if f == nil {
			f = p.newFlow(key)
		}
		f.entries++
		id = p.table.Insert(key)
		*p.table.Value(id) = f
	}
	slot := p.table.Value(id)
	f := *slot
	p.sortTCP(f)
	f.wrapped(dir, d)
	if !f.genuine(dir, d, &s) {
		f.count(dir, &s)
		p.table.Touch(id, f.state())
		return
	}
	if f.tcp.Segment(dir, &s) == tcp.NewConnection {
		next := p.newFlow(key)
		p.sortTCP(next)
		next.wrapped(dir, d)
		if sd, syn, ok := f.tcp.Successor(); ok {
			next.count(sd, &syn)
			next.tcp.Segment(sd, &syn)
		}
		f.end(conn.Finished)
		next.entries++
		*slot, f = next, next
		f.tcp.Segment(dir, &s)
	}
	f.count(dir, &s)
	if f.stage == reading && f.closed() {
		// Nothing more is due from either end. What lingers in the table is a
		// shell that takes repetitions; the connection need not wait for it.
		f.end(conn.Finished)
		f.builder, f.stream = nil, nil
	}
	p.table.Touch(id, f.state())
}

// evicted is told by the table that a flow left it.
func (p *pipeline) evicted(k flow.Key, f **tcpFlow, why flow.Reason) {
	if (*f).entries--; (*f).entries > 0 {
		return // the other direction's tunnel still has it
	}
	how := conn.TimedOut
	if why == flow.Full && (*f).state() != flow.Closing { // of a closed one nothing more was due
		how = conn.Evicted
		if (*f).builder != nil {
			p.dropped(p.full(), "connections", 1)
		}
	}
	(*f).end(how)
}

// dropped counts what had to be given up and tells it, now or before long.
func (p *pipeline) dropped(reason, unit string, n uint64) {
	i := slices.IndexFunc(p.stats.Dropped, func(d Dropped) bool { return d.Reason == reason })
	if i < 0 {
		p.stats.Dropped = append(p.stats.Dropped, Dropped{Reason: reason, Unit: unit, At: p.at})
		i = len(p.stats.Dropped) - 1
		p.untold = append(p.untold, untold{})
	}
	p.stats.Dropped[i].Count += n
	p.untold[i].n += n
	p.tell(p.stats.Dropped[i].Count == n) // at once when it begins
}

// endOfCapture ends every flow that is still there and yields what waits.
func (p *pipeline) endOfCapture() {
	var rest []*tcpFlow
	for _, f := range p.table.All() {
		rest = append(rest, *f)
	}
	slices.SortFunc(rest, func(a, b *tcpFlow) int { return cmp.Compare(a.first.Packet, b.first.Packet) })
	for _, f := range rest {
		f.end(conn.EndOfCapture)
		p.out.drain(false)
	}
	p.endDatagrams()
	p.out.drain(true)
	p.tell(true)
}

// closed takes a connection that is complete, in order.
func (p *pipeline) closed(c *conn.Conn) {
	p.outcomes[c.Outcome]++
	p.emit(Closed{Conn: c})
}

// finishStats completes the summary.
func (p *pipeline) finishStats(src capture.Source) {
	s := p.stats
	s.Connections = p.opened
	s.TCPFlows += p.opened - p.udp.opened
	for _, r := range p.decoder.Stats().Reasons {
		s.Undecoded = append(s.Undecoded, Count{Name: r.What, Count: r.N})
	}
	for o, n := range p.outcomes {
		s.Outcomes = append(s.Outcomes, Count{Name: string(o), Count: n})
	}
	for o, n := range p.others {
		s.OtherTraffic = append(s.OtherTraffic, Count{Name: o, Count: n})
	}
	slices.SortFunc(s.Outcomes, byCount)
	slices.SortFunc(s.OtherTraffic, byCount)
	st := src.Stats()
	for _, d := range []Dropped{{Reason: "kernel", Count: st.DroppedByKernel}, {Reason: "interface", Count: st.DroppedByInterface}} {
		if d.Count > 0 {
			d.Unit = "packets"
			s.Dropped = append(s.Dropped, d)
		}
	}
}

// byCount orders counts, the largest first.
func byCount(a, b Count) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
}
