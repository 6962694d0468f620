package dissect

import (
	"net/netip"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/starttls"
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

// look takes bytes of a flow of which it is not known yet what it speaks.
func (f *tcpFlow) look(d tcp.Dir, b []byte, at flow.Mark) {
	defer f.account()
	x := &f.probe[d]
	off := f.tcp.Offset(d) - int64(len(b))
	before := x.total
	x.total += int64(len(b))
	if f.witness != nil {
		x.add(off, b, at)
		f.witness.stream.Data(flow.Side(d), b, at)
		f.hear(f.wait(len(b)))
		return
	}
	if f.listen(d, off, b, at) {
		return
	}
	// What is in frames of its own is TLS where the frames say so, not where a
	// segment happens to begin with it.
	framed := f.talk != nil && f.talk.Framed()
	if v := record.Probe(b); !framed && (v == record.Client || before > 0 && v == record.Server && f.probe[d^1].total > 0) {
		// TLS begins with this segment; what came before was in the clear.
		x.clear()
	}
	x.add(off, b, at)
	if n := beginBytes - len(x.begin); n > 0 {
		x.begin = append(x.begin, b[:min(n, len(b))]...)
	}
	if !framed && f.decide(d) || f.firstWords(d, off, b, at) {
		return
	}
	if len(f.p.data) > 0 && record.Probe(x.head()) == record.Not {
		f.dataInTheClear()
	}
	x.merge()
	for len(x.buf) > prefixBytes && len(x.parts) > 1 {
		x.drop()
	}
	if f.account(); f.p.kept > f.p.opt.Limits.TotalBytes {
		if n := x.keepLast(); n > 0 {
			f.p.dropped("undecided", "bytes", uint64(n))
		}
	}
	if f.probe[0].total+f.probe[1].total > plainBytes {
		f.pass()
	}
}

// decide opens the flow as TLS if the bytes of direction d say so.
func (f *tcpFlow) decide(d tcp.Dir) bool {
	x := &f.probe[d]
	head := x.head()
	mid := f.tcp.Stats(d).MidStream || len(x.parts) > 0 && x.parts[0].gap != nil
	if mid {
		in, perhaps := starttls.FindInside(head)
		switch {
		case in != nil:
			f.inside, f.wrap = in, in.Wrap
			f.await()
			return true
		case perhaps:
			return false
		}
	}
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
		if !mid || f.talk != nil && f.talk.Framed() || !x.inside() {
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
	keep, at := len(x.parts), 0
	for i, p := range x.parts {
		v := record.Probe(x.buf[at : at+p.n])
		if at += p.n; p.gap == nil && v != record.Not && v != record.Incomplete {
			keep = i // TLS has begun here, too
			break
		}
	}
	switch n := len(x.parts); {
	case keep < n:
	case n > 0 && x.parts[n-1].gap != nil:
		keep = n - 1 // it may have begun in a hole
	case record.Probe(x.head()) != record.Not:
		return
	}
	for range keep {
		x.drop()
	}
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
		x := &f.probe[d]
		if v := record.Probe(x.head()); v == record.Either || v == record.Client || v == record.Server {
			if f.decide(d) || v == record.Either && x.inside() {
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
	switch {
	case f.talk != nil:
		f.builder.Before(f.plaintext())
		f.builder.Refused(f.talk.Refusal())
	case f.inside != nil:
		f.builder.Before(f.framing())
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
	f.inOrder(func(d tcp.Dir, p *part, data []byte) {
		switch {
		case p.gap == nil:
			f.feed(d, p.off, data, p.at)
		case mid || p.gap.Bytes >= 0: // what precedes a hello is not missed
			f.Gap(d, *p.gap)
		}
	})
	f.forget()
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
		f.spoken = "FTP data"
		f.forget()
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
	f.forget()
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
