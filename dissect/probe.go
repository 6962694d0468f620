package dissect

import (
	"net/netip"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tcp"
	"github.com/tlslens/tlslens/dissect/tls"
)

// Bounds of probing, in bytes of one direction.
const (
	// beginBytes name a protocol.
	beginBytes = 64
	// prefixBytes is kept to be read again once the flow turns out to be TLS:
	// room for the largest record and the header of the next, which is what
	// it takes to believe in TLS that begins in mid-stream.
	prefixBytes = 5 + 1<<14 + 2048 + 5
	// plainBytes is how far TLS is looked for behind a protocol that begins
	// in the clear, as STARTTLS does.
	plainBytes = 128 << 10
)

// A prefix is what one direction said before it was known what it speaks.
type prefix struct {
	parts []part // in order; data and gaps
	size  int    // bytes of data in parts
	total int64  // bytes ever seen
	begin []byte // the first of them, by which the protocol is named if it is no TLS
	notes []note
}

// note is an oddity met before there was a connection to tell it to.
type note struct {
	what string
	at   flow.Mark
}

// part is a stretch of data, or a gap if data is nil.
type part struct {
	off  int64
	data []byte
	gap  tcp.Gap
	at   flow.Mark
}

func (x *prefix) gap(g tcp.Gap) { x.parts = append(x.parts, part{off: g.Off, gap: g, at: g.At}) }

// head returns the contiguous bytes at the end of what is kept of a direction,
// valid until it is called for that direction of any flow again.
func (f *tcpFlow) head(d tcp.Dir) []byte {
	x := &f.probe[d]
	i := len(x.parts)
	for i > 0 && x.parts[i-1].data != nil {
		i--
	}
	switch len(x.parts) - i {
	case 0:
		return nil
	case 1:
		return x.parts[i].data
	}
	b := f.p.heads[d][:0]
	for _, p := range x.parts[i:] {
		b = append(b, p.data...)
	}
	f.p.heads[d] = b
	return b
}

// look takes bytes of a flow of which it is not known yet what it speaks.
func (f *tcpFlow) look(d tcp.Dir, b []byte, at flow.Mark) {
	x := &f.probe[d]
	off := f.tcp.Offset(d) - int64(len(b))
	before := x.total
	x.total += int64(len(b))
	if f.witness != nil {
		x.parts = append(x.parts, part{off: off, data: append([]byte(nil), b...), at: at})
		x.size += len(b)
		f.witness.records.Data(flow.Side(d), b, at)
		f.hear(f.wait(len(b)))
		return
	}
	if f.listen(d, off, b, at) {
		return
	}
	if v := record.Probe(b); v == record.Client || before > 0 && v == record.Server && f.probe[d^1].total > 0 {
		// TLS begins with this segment; what came before was in the clear.
		x.parts, x.size = x.parts[:0], 0
	}
	x.parts = append(x.parts, part{off: off, data: append([]byte(nil), b...), at: at})
	x.size += len(b)
	if n := beginBytes - len(x.begin); n > 0 {
		x.begin = append(x.begin, b[:min(n, len(b))]...)
	}
	if f.decide(d, f.head(d)) || f.firstWords(d, off, b, at) {
		return
	}
	if len(f.p.data) > 0 && record.Probe(f.head(d)) == record.Not {
		f.dataInTheClear()
	}
	for x.size > prefixBytes && len(x.parts) > 1 {
		x.size -= len(x.parts[0].data)
		x.parts = x.parts[1:]
	}
	if f.probe[0].total+f.probe[1].total > plainBytes {
		f.pass()
	}
}

// decide opens the flow as TLS if the bytes of direction d say so.
func (f *tcpFlow) decide(d tcp.Dir, head []byte) bool {
	mid := f.tcp.Stats(d).MidStream || len(f.probe[d].parts) > 0 && f.probe[d].parts[0].data == nil
	switch record.Probe(head) {
	case record.Client:
		f.begun[d] = true
		f.dropPlain(d ^ 1)
		f.open(d, false)
	case record.Server:
		if head[0] == byte(tls.ContentAlert) && mid { // the end of what began before the capture
			f.await()
			return true
		}
		if head[0] == byte(tls.ContentAlert) { // an answer to plaintext
			f.openGuessed(false)
			return true
		}
		f.begun[d] = true
		f.dropPlain(d ^ 1)
		f.open(d^1, false)
	case record.Either:
		if !mid && f.probe[d^1].total == 0 {
			return false // an odd beginning: let the other side speak first
		}
		f.await()
	case record.Incomplete:
		return false
	default:
		if !mid || f.talk != nil && f.talk.Framed() || !record.Inside(head) {
			return false
		}
		f.await()
	}
	return true
}

// dropPlain forgets what direction d said in the clear before the other one
// began TLS.
func (f *tcpFlow) dropPlain(d tcp.Dir) {
	x := &f.probe[d]
	keep := len(x.parts)
	for i := range x.parts {
		if v := record.Probe(x.parts[i].data); x.parts[i].data != nil && v != record.Not && v != record.Incomplete {
			keep = i // TLS has begun here, too
			break
		}
	}
	switch n := len(x.parts); {
	case keep < n:
	case n > 0 && x.parts[n-1].data == nil:
		keep = n - 1 // it may have begun in a hole
	case record.Probe(f.head(d)) != record.Not:
		return
	}
	for _, p := range x.parts[:keep] {
		x.size -= len(p.data)
	}
	x.parts = x.parts[keep:]
}

// lastLook decides with all there will ever be.
func (f *tcpFlow) lastLook() {
	if f.witness != nil {
		f.openGuessed(true)
		return
	}
	if f.begunUnanswered() {
		return
	}
	for d := tcp.Dir(0); d < 2; d++ {
		head := f.head(d)
		if v := record.Probe(head); v == record.Either || v == record.Client || v == record.Server {
			if f.decide(d, head) || v == record.Either && record.Inside(head) {
				if f.stage == probing {
					f.openGuessed(true)
				}
				return
			}
		}
	}
}

// open begins to read the flow as TLS and gives it what was kept.
func (f *tcpFlow) open(client tcp.Dir, mid bool) {
	f.stage, f.tls, f.witness = reading, true, nil
	f.p.waits.Give(f.waited)
	f.waited = 0
	f.begin(client)
	session := f.p.session()
	f.builder.Keys(session)
	f.records = record.NewStream(f.builder, session)
	f.stream = f.records
	if f.wrap != nil {
		f.stream = f.wrap(f.records)
	}
	if mid {
		if f.tcp.Stats(0).MidStream || f.tcp.Stats(1).MidStream {
			f.builder.MidStream()
		} else {
			f.builder.NoHello()
		}
		f.records.MidStream()
	}
	f.replay(mid)
	f.keepControl()
}

// begin makes the connection that the flow is reported as.
func (f *tcpFlow) begin(client tcp.Dir) {
	f.client = client
	f.number = f.p.number()
	ends := [2]netip.AddrPort{f.key.A(), f.key.B()}
	c := &conn.Conn{
		Number: f.number, Flow: f.first.Packet, Carrier: "tls", Transport: "tcp",
		Ends: [2]conn.Endpoint{ends[client], ends[client^1]}, Guessed: f.guessed, First: f.first,
	}
	f.wrappings(c)
	f.takeData()
	build := f.p.build
	build.Plaintext = f.opened
	f.builder = conn.NewBuilder(c, build)
	if f.talk != nil {
		f.builder.Before(f.plaintext())
		f.builder.Refused(f.talk.Refusal())
	}
	if f.p.opt.Phases {
		f.builder.OnPhase(func(id conn.PhaseID) { f.p.emit(PhaseEnded{Conn: c, Phase: c.Phases()[id]}) })
		f.builder.OnMessage(func(m conn.Message) { f.p.emit(MessageSeen{Conn: c, Message: m}) })
		f.p.emit(Opened{Conn: c})
	}
}

// replay gives the record layer what both directions said, in the order of the
// capture.
func (f *tcpFlow) replay(mid bool) {
	for d := range f.probe {
		x := &f.probe[d]
		if len(x.parts) > 0 {
			f.pos[d] = x.parts[0].off
		} else {
			f.pos[d] = f.tcp.Offset(tcp.Dir(d))
		}
		for _, n := range x.notes {
			f.builder.Note(f.side(tcp.Dir(d)), n.what, n.at)
		}
	}
	kept := [2][]part{f.probe[0].parts, f.probe[1].parts}
	inOrder(kept, func(d tcp.Dir, p *part) {
		switch {
		case p.data != nil:
			f.feed(d, p.off, p.data, p.at)
		case mid || p.gap.Bytes >= 0: // what precedes a hello is not missed
			f.Gap(d, p.gap)
		}
	})
	f.probe = [2]prefix{}
}

// inOrder hands on what was kept of both directions, in the order of the
// capture.
func inOrder(kept [2][]part, take func(d tcp.Dir, p *part)) {
	for len(kept[0])+len(kept[1]) > 0 {
		d := tcp.Dir(0)
		if a, b := kept[0], kept[1]; len(a) == 0 || len(b) > 0 && b[0].at.Packet < a[0].at.Packet {
			d = 1
		}
		take(d, &kept[d][0])
		kept[d] = kept[d][1:]
	}
}

// pass gives the flow up as something else.
func (f *tcpFlow) pass() {
	f.stage = passing
	f.tcp.Watch(false)
	f.tcp.Skip(0, 1<<60)
	f.tcp.Skip(1, 1<<60)
	f.spoke()
}

// spoke names what the flow spoke, for the summary, and forgets its bytes.
func (f *tcpFlow) spoke() {
	if f.data.port != nil {
		f.spoken, f.probe = "FTP data", [2]prefix{}
		return
	}
	name := "unknown"
	l := f.layer()
	if l != nil {
		name = l.Title
	}
	for d := range f.probe {
		if l == nil {
			if s := conn.Protocol(f.probe[d].begin); s != "" {
				name = s
				break
			}
		}
	}
	f.spoken = name
	f.probe = [2]prefix{}
}

// countOther counts a flow that was not TLS.
func (f *tcpFlow) countOther(was stage) {
	if f.talk != nil && f.talk.ClearLogin() {
		f.p.stats.ClearLogins++
	}
	switch {
	case was == passing:
		f.p.stats.TCPFlows++
		f.p.others[f.spoken]++
	case f.probe[0].total+f.probe[1].total > 0:
		f.p.stats.TCPFlows++
		f.spoke()
		f.p.others[f.spoken]++
	default:
		f.p.stats.HalfOpen++
	}
}
