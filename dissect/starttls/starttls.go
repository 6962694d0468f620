// Package starttls reads what two ends say in the clear before TLS begins on
// the same TCP connection, and finds the byte where it begins.
//
// In go the in-order bytes of both directions of a flow of which it is not
// known yet what it speaks; out comes, once the ends have agreed on TLS, a
// [Start]: where TLS begins in each direction, and the framing around it, if
// there is one (OpenVPN, TDS). What was said comes out as [Layer] values, one
// for each protocol: a PROXY header may stand before SMTP, a SOCKS handshake
// before HTTPS. If TLS was refused, or offered and not used, [Talk.Without]
// says so in a sentence.
//
// Protocols are told by what they say, never by ports. Words are quoted only
// where they cannot be secret: banners, lists of capabilities, and the answers
// to a request for TLS. Arguments of commands are never quoted but for host
// names. No byte passed in is kept beyond the call other than copies of at most
// [mostUnread] in each direction. Nothing that is said makes it panic; what it
// does not understand ends the reading, and the flow is then probed without it.
package starttls

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
)

// Bounds of one flow, in bytes or counts.
const (
	mostUnread = 16 << 10 // that wait to be understood, in each direction
	mostLine   = 8 << 10  // of one line of text
	mostLayers = 4        // protocols in a row
	mostSaid   = 12       // words told of one of them
)

// A Layer is one protocol that was spoken before TLS, with what it said.
type Layer struct {
	Name  string    // as in the JSON: "smtp"
	Title string    // for people: "SMTP"
	First flow.Mark // of its first bytes
	By    flow.Side // who spoke first
	Bytes int       // that it took, of both sides
	Said  []string  // in the order of the capture

	// Exposed is what went in the clear though TLS was to be had, the first of
	// each kind and side.
	Exposed []conn.Exposure

	offered, asked, agreed, refused fact
	listing                         bool   // the server began to tell what it can
	listed                          fact   // the server told all it can, an offer of TLS or none
	masked                          fact   // a word stands where the offer of TLS would
	mask                            string // that word
	answer                          string // the server's words to the client's request
	request                         string // how this protocol asks for TLS: "STARTTLS"
}

// A fact is where something was learnt; the zero value is "not at all".
type fact = flow.Mark

// say keeps words for the table.
func (l *Layer) say(s string) {
	if len(l.Said) < mostSaid {
		l.Said = append(l.Said, s)
	}
}

// offer notes that the server offers TLS.
func (l *Layer) offer(at flow.Mark) {
	if !l.offered.Seen() {
		l.offered = at
		l.say(l.request + " offered")
	}
}

// ask notes that the client wants TLS.
func (l *Layer) ask(at flow.Mark) next {
	l.asked, l.refused = at, fact{} // after a refusal it may ask again
	l.say(l.request)
	return pause
}

// grant notes that the server agrees; answer are its words.
func (l *Layer) grant(answer string, at flow.Mark) next {
	l.agreed, l.answer = at, answer
	if answer != "" {
		l.say(answer)
	}
	return begin
}

// refuse notes that the server does not agree.
func (l *Layer) refuse(answer string, at flow.Mark) next {
	l.refused, l.answer = at, answer
	l.say("refused: " + answer)
	return more
}

// waiting reports whether the client asked and the server has not answered.
func (l *Layer) waiting() bool { return l.asked.Seen() && !l.agreed.Seen() && !l.refused.Seen() }

// next is what a dialect wants to happen.
type next uint8

const (
	more    next = iota // read on
	pause               // do not read on now: the other side has the word
	begin               // TLS comes next on both sides
	through             // a tunnel begins: anything may come next on both sides
	over                // nothing that matters can come any more
	lost                // this is not what it looked like
)

// A dialect reads what the two sides of one protocol say.
type dialect interface {
	// read takes the unread bytes of a side and returns how many of them it
	// understood; 0 if it needs more or waits for the other side.
	read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next)
}

// A Start says where TLS begins.
type Start struct {
	Client  int      // direction of the client
	Offsets [2]int64 // in the stream of each direction
	// Wrap puts the framing around a stream of TLS records; nil if there is
	// none. Offsets are then where the framing begins.
	Wrap func(Stream) Stream
}

// A Stream takes what a flow carries. A [record.Stream] is one.
type Stream interface {
	Data(side flow.Side, b []byte, at flow.Mark)
	Skippable(side flow.Side) int64
	Skipped(side flow.Side, n int64, at flow.Mark)
	Gap(side flow.Side, g conn.Gap, at flow.Mark)
	Note(side flow.Side, what string, at flow.Mark)
	Close(how conn.End, by flow.Side, at flow.Mark)
}

// A Talk follows one flow until TLS begins. The zero value is ready to use.
type Talk struct {
	unread [2]unread
	client int  // direction of the client
	sided  bool // client is known
	caller int  // direction of who opened the connection, with 1 added; 0 if not known
	layers []Layer
	cur    dialect
	state  state
}

type state uint8

const (
	listening state = iota // cur, or what comes next if cur is nil
	agreed                 // TLS comes next
	silent                 // nothing is understood any more
)

// unread are the bytes of a direction that no dialect has taken yet.
type unread struct {
	b   []byte
	off int64 // of b[0] in the direction's stream
	at  flow.Mark
}

// Data takes the next bytes of a direction, which begin at offset off of its
// stream. ok is true once TLS begins; the Talk is over then.
func (t *Talk) Data(dir int, off int64, b []byte, at flow.Mark) (s Start, ok bool) {
	if t.state == silent {
		return Start{}, false
	}
	u := &t.unread[dir]
	if len(u.b) == 0 {
		u.off = off
	}
	if off != u.off+int64(len(u.b)) || len(u.b)+len(b) > mostUnread+1<<16 {
		t.stop()
		return Start{}, false
	}
	u.b, u.at = append(u.b, b...), at
	for t.step(dir) || t.step(dir^1) {
		if s, ok := t.start(); ok {
			return s, true
		}
	}
	if len(u.b) > mostUnread {
		t.stop()
	}
	return t.start()
}

// Gap tells that bytes are missing: what follows cannot be understood.
func (t *Talk) Gap() { t.stop() }

// stop gives up reading; what was learnt stays.
func (t *Talk) stop() {
	t.state, t.cur, t.unread = silent, nil, [2]unread{}
}

// Layers returns the protocols that were spoken, in their order. The slice is
// the Talk's own.
func (t *Talk) Layers() []Layer { return t.layers }

// Client returns the direction of the client, if the protocol told it.
func (t *Talk) Client() (dir int, ok bool) { return t.client, t.sided }

// Opened tells which direction's end opened the connection, before the first
// Data. It counts for protocols that both ends begin with the same words.
func (t *Talk) Opened(dir int) { t.caller = dir + 1 }

// Name joins the names of the layers, outermost first: "proxy_v2+smtp".
func (t *Talk) Name() string {
	names := make([]string, len(t.layers))
	for i := range t.layers {
		names[i] = t.layers[i].Name
	}
	return strings.Join(names, "+")
}

// Framed reports whether what is being read wraps everything in frames of its
// own, so that TLS cannot be found by where segments begin.
func (t *Talk) Framed() bool {
	_, ok := t.cur.(framing)
	return ok
}

// side names a direction.
func (t *Talk) side(dir int) flow.Side {
	if dir == t.client {
		return flow.Client
	}
	return flow.Server
}

// step lets the current dialect, or the choice of the next one, take bytes of a
// direction. It reports whether anything changed.
func (t *Talk) step(dir int) bool {
	u := &t.unread[dir]
	if t.state != listening || len(u.b) == 0 {
		return false
	}
	if t.cur == nil {
		return t.recognise(dir)
	}
	l := &t.layers[len(t.layers)-1]
	n, then := t.cur.read(l, t.side(dir), u.b, u.at)
	l.Bytes += n
	u.b, u.off = u.b[n:], u.off+int64(n)
	switch then {
	case begin:
		t.state = agreed
		t.injected(0)
		t.injected(1)
	case through:
		t.cur = nil
	case over, lost:
		if then == lost && l.Bytes == 0 {
			t.layers = t.layers[:len(t.layers)-1]
		}
		t.stop()
		return false
	default:
		return n > 0
	}
	return true
}

// start reports whether TLS begins with what is unread: behind an agreement or
// at the beginning of a tunnel.
func (t *Talk) start() (Start, bool) {
	if f, ok := t.cur.(framing); ok && t.state == listening {
		return f.start(t)
	}
	if t.state == silent || t.state == listening && t.cur != nil {
		return Start{}, false
	}
	s := Start{Client: t.client, Offsets: [2]int64{t.unread[0].off, t.unread[1].off}}
	for dir := range t.unread {
		switch record.Probe(t.unread[dir].b) {
		case record.Client:
			if len(t.unread[dir].b) < hello {
				return Start{}, false
			}
			if t.state == agreed && t.sided && dir == t.client {
				t.injected(dir ^ 1)
				s.Offsets[dir^1] = t.unread[dir^1].off
			}
			if t.state == listening {
				s.Offsets[dir^1] = t.behindWords(dir ^ 1)
			}
			s.Client = dir
			return s, true
		case record.Server:
			if t.state == agreed && t.sided && dir != t.client {
				return s, true
			}
		}
	}
	if t.state == agreed && t.sided && record.Probe(t.unread[t.client].b) == record.Not {
		l := &t.layers[len(t.layers)-1]
		l.expose(conn.ExposedData, "something that is not TLS", t.unread[t.client].at)
		t.stop()
	}
	return Start{}, false
}

// Held returns where TLS begins if the client began it without waiting for the
// server's answer. Data says so too, once the answer is there; it is Held that
// counts if the answer will not be seen.
func (t *Talk) Held() (Start, bool) {
	if t.state != listening || t.cur == nil || !t.sided {
		return Start{}, false
	}
	u := &t.unread[t.client]
	if len(u.b) < hello || record.Probe(u.b) != record.Client {
		return Start{}, false
	}
	s := Start{Client: t.client, Offsets: [2]int64{t.unread[0].off, t.unread[1].off}}
	s.Offsets[t.client^1] = t.behindWords(t.client ^ 1)
	return s, true
}

// behindWords returns where TLS can begin at the earliest in a direction: words
// that are not understood, since what came before them is missing, are none.
func (t *Talk) behindWords(dir int) int64 {
	u := &t.unread[dir]
	if record.Probe(u.b) == record.Not {
		return u.off + int64(len(u.b))
	}
	return u.off
}

// hello is how much of a ClientHello must be there to believe in it where no
// segment begins: its record header, handshake header and version.
const hello = 5 + 4 + 2
