package dissect

import (
	"fmt"
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/starttls"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// A tcpFlow is one TCP connection on its way through the pipeline: first its
// first bytes are probed, then it is read as TLS or passed over. It implements
// [tcp.Receiver].
type tcpFlow struct {
	p     *pipeline
	key   flow.Key
	tcp   tcp.Conn
	encap [2][]string // of each direction's first packet
	first flow.Mark
	last  flow.Mark
	sent  [2]uint64 // packets of each direction

	entries int       // of the flow table that lead here
	next    [2]uint32 // sequence number behind the last segment of each direction
	finEnd  [2]uint32 // sequence number behind a FIN
	acked   [2]uint32 // the other end's last acknowledgement

	synAck [2]bool // the direction answered a SYN

	number       uint64               // of the connection, once there is one
	ftp          *starttls.FTPControl // of a control connection of FTP
	data         announced            // what announced it, if it is a data connection of FTP
	kept         *control             // of a control connection, for its data connections
	openedBefore bool                 // opened bytes came before

	stage   stage
	waited  int            // bytes taken from the pipeline's budget for that
	witness *witness       // who is the client is still to be told; nil if not
	guessed conn.GuessedBy // how the client was told, if nothing in the flow tells
	tls     bool           // it came to be read as TLS, also if that is over
	probe   [2]prefix
	talk    *starttls.Talk                        // what is said in the clear; nil if TLS came first
	offered bool                                  // the server's offer of TLS was kept for others
	wrap    func(starttls.Stream) starttls.Stream // the framing around TLS; nil if there is none
	inside  *starttls.Inside                      // the framing, if it was found in the middle; nil if not
	spoken  string                                // the protocol, once stage is passing
	builder *conn.Builder
	records *record.Stream
	stream  starttls.Stream // the records, or the framing around them
	begun   [2]bool         // it was settled whether the direction's TLS begins in the capture
	client  tcp.Dir         // which direction is the client's, once stage is reading
	pos     [2]int64
	fin     [2]flow.Mark
	finner  tcp.Dir // who sent the first FIN
	reset   flow.Mark
	resetBy tcp.Dir

	sums     [2]checksums
	doubt    [2]*doubtful
	watching bool
}

// A stage is how far a flow is understood.
type stage uint8

const (
	probing stage = iota
	reading       // TLS
	passing       // something else
	ended
)

// newFlow makes the state of a flow.
func (p *pipeline) newFlow(key flow.Key) *tcpFlow {
	f := &tcpFlow{p: p, key: key, first: p.at, watching: true}
	f.tcp.Init(p.pool, f)
	return f
}

// wrapped notes what the first packet of a direction is wrapped in.
func (f *tcpFlow) wrapped(d tcp.Dir, pkt *packet.Packet) {
	if f.sent[d] == 0 && pkt.Encapsulated() {
		f.encap[d] = pkt.Encapsulation()
	}
}

// wrappings tells the connection what it is wrapped in.
func (f *tcpFlow) wrappings(c *conn.Conn) {
	server := f.client ^ 1
	c.Encapsulation, c.EncapsulationBack = wrappers(f.encap[f.client], f.encap[server], f.sent[f.client] > 0 && f.sent[server] > 0)
}

// wrappers returns what a connection is reported to be wrapped in: labels and
// tunnel identifiers may differ by direction, and the server's are told where they
// do. Both says that packets of either were seen.
func wrappers(client, server []string, both bool) (e, back []string) {
	switch {
	case !both && len(client) == 0:
		return server, nil
	case !both, slices.Equal(client, server):
		return client, nil
	case server == nil:
		return client, []string{}
	}
	return client, server
}

// count notes a packet of the flow.
func (f *tcpFlow) count(d tcp.Dir, s *tcp.Segment) {
	if s.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN|tcp.ACK {
		f.synAck[d] = true
	}
	f.sent[d]++
	f.next[d] = s.Seq + uint32(len(s.Payload)+s.Missing)
	if s.Flags&(tcp.SYN|tcp.FIN) != 0 {
		f.next[d]++
	}
	if s.Flags&tcp.FIN != 0 {
		f.finEnd[d] = f.next[d]
	}
	if s.Flags&tcp.ACK != 0 {
		f.acked[d^1] = s.Ack
	}
	f.last = f.p.at
}

// closed reports whether both ends sent a FIN and each has acknowledged the
// other's, so that only repetitions can follow.
func (f *tcpFlow) closed() bool {
	for d := range f.fin {
		if !f.fin[d].Seen() || int32(f.acked[d]-f.finEnd[d]) < 0 {
			return false
		}
	}
	return true
}

// state tells the table how firm the flow stands.
func (f *tcpFlow) state() flow.State {
	delivered := f.fin[0].Seen() && f.fin[1].Seen()
	switch {
	case f.tcp.Closed() && (delivered || f.reset.Seen()):
		return flow.Closing // behind a hole more may come: not yet
	case f.tcp.Answered():
		return flow.Open
	}
	return flow.HalfOpen
}

func (f *tcpFlow) side(d tcp.Dir) flow.Side {
	if d == f.client {
		return flow.Client
	}
	return flow.Server
}

// Data implements [tcp.Receiver].
func (f *tcpFlow) Data(d tcp.Dir, b []byte, at flow.Mark) {
	switch f.stage {
	case probing:
		f.look(d, b, at)
	case reading:
		f.feed(d, f.tcp.Offset(d)-int64(len(b)), b, at)
	}
}

// feed gives bytes at an offset to the record layer and lets it say what it
// need not see.
func (f *tcpFlow) feed(d tcp.Dir, off int64, b []byte, at flow.Mark) {
	side := f.side(d)
	f.catchUp(d, off, at)
	if !f.begun[d] {
		f.begun[d] = true
		if f.tcp.Stats(d).MidStream {
			f.builder.BeginUnseen(side)
			f.records.BeginUnseen(side)
		}
	}
	f.stream.Data(side, b, at)
	f.pos[d] = off + int64(len(b))
	// All but the last byte of a record that is passed over: the last one
	// tells in which packet the record ended. While what was kept is replayed,
	// some of them have been delivered.
	if n := f.pos[d] + f.stream.Skippable(side) - 1 - f.tcp.Offset(d); n > 0 {
		f.tcp.Skip(d, n)
	}
	if f.watching && f.builder.Conn().Tunnel.State != conn.Unseen {
		f.watching = false
		f.tcp.Watch(false)
	}
}

// catchUp tells the record layer of bytes that were skipped on its word.
func (f *tcpFlow) catchUp(d tcp.Dir, off int64, at flow.Mark) {
	if n := off - f.pos[d]; n > 0 {
		f.stream.Skipped(f.side(d), n, at)
		f.pos[d] = off
	}
}

// Gap implements [tcp.Receiver].
func (f *tcpFlow) Gap(d tcp.Dir, g tcp.Gap) {
	switch f.stage {
	case probing:
		f.probe[d].gap(g)
		if f.witness != nil {
			f.witness.gap(d, g)
		}
		if f.talk != nil && g.Bytes != 0 {
			f.talk.Gap()
		}
	case reading:
		if g.Bytes > 0 {
			f.p.stats.MissingBytes += uint64(g.Bytes)
			f.catchUp(d, g.Off, g.At)
			f.pos[d] = g.Off + g.Bytes
		}
		f.stream.Gap(f.side(d), gapOf(g), g.At)
	}
}

// gapOf is a hole as a connection reports it.
func gapOf(g tcp.Gap) conn.Gap {
	after := uint64(0)
	if g.At.Packet > 0 && g.Bytes >= 0 { // the unknown number is at the beginning
		after = g.At.Packet - 1
	}
	return conn.Gap{Bytes: g.Bytes, After: after, Why: g.Why.String()}
}

// Fin implements [tcp.Receiver].
func (f *tcpFlow) Fin(d tcp.Dir, at flow.Mark) {
	if o := f.fin[d^1]; !o.Seen() || o.After(at) {
		f.finner = d
	}
	f.fin[d] = at
}

// Reset implements [tcp.Receiver].
func (f *tcpFlow) Reset(d tcp.Dir, at flow.Mark) {
	if !f.reset.Seen() {
		f.reset, f.resetBy = at, d
	}
}

// Conflict implements [tcp.Receiver].
func (f *tcpFlow) Conflict(d tcp.Dir, c tcp.Conflict) {
	what := fmt.Sprintf("packets %d and %d carry different bytes for the same place (%d bytes at offset %d of the stream); those of packet %d were used, so what they say is not certain",
		c.Kept, c.Dropped.Packet, c.Bytes, c.Off, c.Kept)
	f.noteOn(d, what, c.Dropped)
}

// noteOn keeps an oddity of a direction.
func (f *tcpFlow) noteOn(d tcp.Dir, what string, at flow.Mark) {
	if f.builder != nil {
		f.builder.Note(f.side(d), what, at)
	} else if x := &f.probe[d]; len(x.notes) < 8 {
		x.notes = append(x.notes, note{what, at})
	}
}

// end flushes the flow and, if it was TLS, sends the connection on its way.
func (f *tcpFlow) end(how conn.End) {
	if f.stage == ended {
		return
	}
	f.releaseDoubt(0)
	f.releaseDoubt(1)
	f.tcp.Flush()
	if f.stage == probing {
		f.lastLook()
	}
	was := f.stage
	f.stage = ended
	defer f.forget()
	switch {
	case was == reading:
		f.finish(how)
	case !f.withoutTLS(how):
		f.countOther(was)
		if f.kept != nil {
			f.kept.ends()
		}
	}
}

// finish closes the streams of a flow that was TLS and sends the connection on
// its way.
func (f *tcpFlow) finish(how conn.End) {
	for d := tcp.Dir(0); d < 2; d++ {
		f.catchUp(d, f.tcp.Offset(d), f.last)
		st := f.tcp.Stats(d)
		if sum := f.sums[d]; sum.good > 0 {
			f.p.stats.BadChecksums += uint64(sum.bad)
		}
		if st.SkippedHoles > 0 {
			f.p.stats.MissingBytes += uint64(st.SkippedHoles)
			f.builder.Gap(conn.Gap{Side: f.side(d), Bytes: st.SkippedHoles, After: st.Last.Packet, Offset: f.tcp.Offset(d), Record: true, Why: "not captured"}, f.last)
		}
	}
	f.builder.CaptureEnds(f.p.at)
	f.missedClose()
	f.stream.Close(f.ending(how))
	f.deliver()
}

// missedClose tells the connection that one end's FIN, or the last byte before
// it, is not in the capture, so that nobody knows which end closed first.
func (f *tcpFlow) missedClose() {
	for d := range f.fin {
		if f.fin[d^1].Seen() && !f.fin[d].Seen() && f.tcp.Stats(tcp.Dir(d)).TailMissed {
			f.builder.CloseMissed()
		}
	}
}

// deliver hands the connection over to be verified and reported.
func (f *tcpFlow) deliver() {
	c := f.builder.Conn()
	f.wrappings(c) // the other direction may have begun since
	c.FTPData = f.ftpData(c)
	c.Last, c.Packets = f.last, f.sent[0]+f.sent[1]
	c.Sent = [2]uint64{f.sent[f.client], f.sent[f.client^1]}
	if f.kept != nil {
		f.kept.ends()
	}
	f.p.out.put(f.builder.Finish())
}

// ending says how the flow ended, by whom and where. The ends' own word counts
// more than the capture's.
func (f *tcpFlow) ending(how conn.End) (conn.End, flow.Side, flow.Mark) {
	a, b := f.fin[0], f.fin[1]
	switch {
	case f.reset.Seen() && !(a.Seen() && b.Seen()):
		return conn.Reset, f.side(f.resetBy), f.reset
	case a.Seen() && b.Seen():
		return conn.Finished, f.side(f.finner), f.fin[f.finner]
	case a.Seen() || b.Seen():
		return conn.HalfClosed, f.side(f.finner), f.fin[f.finner]
	case how == conn.Finished: // the ports were used again
		return conn.TimedOut, flow.Client, f.last
	}
	return how, flow.Client, f.last
}
