package dissect

import (
	"net/netip"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/starttls"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// listen gives bytes to what reads the words before TLS. It reports whether that
// settles what they are: TLS begins with them, and the flow is being read then,
// or the client did not wait for an answer that may still come.
func (f *tcpFlow) listen(d tcp.Dir, off int64, b []byte, at flow.Mark) bool {
	if f.talk == nil {
		return false
	}
	s, ok := f.talk.Data(int(d), off, b, at)
	f.keepOffer()
	if client, sided := f.talk.Client(); sided {
		f.followControl(client, int(d), b)
	}
	held, waits := f.talk.Held()
	if !ok && waits && f.sent[held.Client^1] == 0 { // the answers are not in the capture
		s, ok = held, true
	}
	if !ok && waits && int(d) == held.Client^1 && record.Probe(b) == record.Server { // an answer that was not understood, and TLS
		held.Offsets[d] = off
		s, ok = held, true
	}
	if !ok && !waits {
		return false
	}
	f.probe[d].add(off, b, at)
	if ok {
		f.startTLS(s)
	}
	return true
}

// firstWords begins to listen to a flow that did not begin with TLS.
func (f *tcpFlow) firstWords(d tcp.Dir, off int64, b []byte, at flow.Mark) bool {
	if f.talk != nil || off > 0 || f.tcp.Stats(d).MidStream {
		return false // what a protocol says in its middle may be any protocol's
	}
	f.talk = new(starttls.Talk)
	if caller, how := f.tellClient(); how == conn.NotGuessed {
		f.talk.Opened(int(caller))
	}
	s, ok := f.talk.Data(int(d), off, b, at)
	if ok {
		f.startTLS(s)
	}
	return ok
}

// begunUnanswered begins to read TLS that the client began without an answer,
// at the end of the flow.
func (f *tcpFlow) begunUnanswered() bool {
	if f.talk == nil {
		return false
	}
	s, ok := f.talk.Held()
	if ok {
		f.startTLS(s)
	}
	return ok
}

// startTLS begins to read TLS where the words before it end.
func (f *tcpFlow) startTLS(s starttls.Start) {
	for d := range f.probe {
		f.probe[d].from(s.Offsets[d])
	}
	f.wrap = s.Wrap
	if f.ftp != nil {
		f.ftp.Reset()
	}
	f.open(tcp.Dir(s.Client), false)
}

// layer returns the innermost protocol that was spoken in the clear, nil if
// none was recognised.
func (f *tcpFlow) layer() *starttls.Layer {
	if f.talk == nil || len(f.talk.Layers()) == 0 {
		return nil
	}
	l := f.talk.Layers()
	return &l[len(l)-1]
}

// plaintext returns what was said in the clear, as the connection keeps it.
func (f *tcpFlow) plaintext() []conn.Plaintext {
	var out []conn.Plaintext
	for _, l := range f.talk.Layers() {
		out = append(out, conn.Plaintext{Name: l.Name, Title: l.Title, At: l.First, By: l.By, Bytes: l.Bytes, Said: l.Said, Exposed: l.Exposed})
	}
	return out
}

// framing returns the framing that was found in the middle, as the connection
// keeps it.
func (f *tcpFlow) framing() []conn.Plaintext {
	p := conn.Plaintext{Name: f.inside.Name, Title: f.inside.Title, At: f.first, Said: []string{f.inside.Says}}
	if first := f.probe[f.client^1].parts; len(first) > 0 && first[0].at == f.first {
		p.By = flow.Server
	}
	return []conn.Plaintext{p}
}

// withoutTLS reports the flow as a connection if TLS was talked about and never
// began.
func (f *tcpFlow) withoutTLS(how conn.End) bool {
	if f.talk == nil {
		return false
	}
	client, _ := f.talk.Client()
	e, ok := f.talk.Without(f.p.offers[f.offerer()])
	if !ok {
		return false
	}
	f.begin(tcp.Dir(client))
	f.builder.WithoutTLS(e.Outcome, e.Why)
	for d := range f.probe {
		for _, p := range f.probe[d].parts {
			if p.gap != nil {
				g := gapOf(*p.gap)
				g.Side = f.side(tcp.Dir(d))
				f.builder.Gap(g, p.at)
			}
		}
	}
	f.builder.CaptureEnds(f.p.at)
	f.missedClose()
	f.builder.End(f.ending(how))
	f.deliver()
	return true
}

// An offerer is a server that offers TLS in a protocol that begins in the clear.
type offerer struct {
	server netip.AddrPort
	name   string // of the protocol
	zone   uint32 // of the flow's key
}

// mostOfferers bounds what is remembered of them; beyond it all of it is
// forgotten.
const mostOfferers = 4096

// offerer names the server of the flow.
func (f *tcpFlow) offerer() offerer {
	client, _ := f.talk.Client()
	ends := [2]netip.AddrPort{f.key.A(), f.key.B()}
	return offerer{ends[client^1], f.talk.Name(), f.key.Zone()}
}

// keepOffer remembers that the server offers TLS, for connections of it in which
// the offer is missing.
func (f *tcpFlow) keepOffer() {
	if f.offered {
		return
	}
	at, ok := f.talk.Offered()
	if !ok {
		return
	}
	f.offered = true
	if len(f.p.offers) >= mostOfferers {
		clear(f.p.offers)
	}
	if o := f.offerer(); !f.p.offers[o].Seen() {
		f.p.offers[o] = at
	}
}
