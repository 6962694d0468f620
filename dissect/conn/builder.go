package conn

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/app"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// Detail is how much of each message a Conn keeps.
type Detail uint8

// Details.
const (
	Summaries Detail = iota // phases and findings only
	Messages                // each message as a line as well
	Fields                  // each message with its bytes
)

// Options say what a [Builder] keeps and what it shares with others.
type Options struct {
	Detail        Detail
	HandshakeSize int        // largest handshake message taken, in bytes
	Parse         *pki.Cache // parsed certificates; shared by all connections
	Sessions      *Sessions  // what was issued for resumption; shared, may be nil
	Plaintext     Listener   // told what was opened; may be nil
	Buffers       *Buffers   // shared by the connections of one goroutine; may be nil
}

// A Builder turns what a carrier delivers into a [Conn]. It implements [Input].
// It is used by one goroutine.
type Builder struct {
	c   *Conn
	opt Options

	asm       [2]assembly
	kx        iana.Suite
	chosen    bool // a ServerHello (not a HelloRetryRequest) was read
	midway    bool // the capture begins inside the connection
	helloless bool // it does not, but there is no hello either
	offered   resumable
	lastCH    flow.Mark
	oddCH     bool // it could not be read to its end

	randoms    [2][]byte
	holeSince  bool   // bytes are missing since the last handshake was done
	transcript []byte // clear handshake messages, until nobody can need them
	recording  bool

	seen             [2]map[tls.HandshakeType]int
	version0         [2]tls.Version // record version of a side's first record
	records          [2]int
	holeLast         [2]bool // a hole follows the last record of the side
	beginUnseen      [2]bool // what the side said first may not be in the capture
	closeMissed      bool    // the packet with which a side closed is not in the capture
	ccs              [2]flow.Mark
	finished         [2]flow.Mark // where Finished stands, read or sealed
	sealed           [2]sealedRun
	resealed         [2]int    // sealed handshake records behind Finished
	refusal          flow.Mark // a sealed record of the client that fits an alert
	early            earlyData
	emptyCertificate bool // TLS 1.3: a sealed record fits a client\'s Certificate without one in it
	partFlight       bool // TLS 1.3: the end of what the server sealed was not seen
	foreign          foreign
	quic             *quicState // with carrier "quic"
	over             string     // how what carries it ended it
	without          string     // why there is no TLS at all
	withoutOutcome   Outcome    // what that comes to, "" if its end tells
	refusedBefore    string     // that the server had refused TLS before the client began it
	ssl2             *ssl2      // the handshake of SSL 2.0; nil for any other version
	ssl2Refusal      string     // what an error of SSL 2.0 said
	ssl2RefusedBy    flow.Side
	shareSizes       map[tls.NamedGroup]int
	pending          *Pending
	end              End
	endBy            flow.Side
	endAt            flow.Mark
	captureEnd       flow.Mark // of the last packet that was read when the connection ended
	notes            map[string]bool
	dgram            datagrams
	order            int // counts what was delivered

	keys     *keys.Session // nil without keys
	level    Level         // of what is being delivered
	rawKey   [2]bool       // which side shows a raw public key and no certificate
	otherKey bool          // a renegotiation showed another certificate
	talk     app.Conversation

	onMessage func(Message) // told of each message; may be nil
	onPhase   func(PhaseID) // told when a phase will not change any more; may be nil
	told      [3]bool
}

// NewBuilder returns a Builder for a connection whose identity c holds: number,
// carrier, endpoints and first packet. The Builder owns c until Finish.
func NewBuilder(c *Conn, opt Options) *Builder {
	b := &Builder{c: c, opt: opt, recording: true, pending: &Pending{Conn: c}}
	c.CertificateCheck.ID = CertificateCheckPhase
	c.KeyExchange.ID = KeyExchangePhase
	c.Tunnel.ID = TunnelPhase
	for s := range b.seen {
		b.seen[s] = map[tls.HandshakeType]int{}
		c.Messages[s] = map[string]int{}
		c.Tunnel.Sides[s].PlaintextBytes = -1
	}
	b.notes = map[string]bool{}
	return b
}

// OnMessage sets what is called with each message; the Message may be kept.
func (b *Builder) OnMessage(f func(Message)) { b.onMessage = f }

// OnPhase sets what is called when a phase has ended.
func (b *Builder) OnPhase(f func(PhaseID)) { b.onPhase = f }

// MidStream tells that the capture begins inside the connection.
func (b *Builder) MidStream() { b.midway = true }

// NoHello tells that the flow is complete from its beginning and has records
// but no hello.
func (b *Builder) NoHello() { b.midway, b.helloless = true, true }

// Conn returns the connection as it stands.
func (b *Builder) Conn() *Conn { return b.c }

// Negotiated implements [Input].
func (b *Builder) Negotiated() Negotiated {
	return Negotiated{Version: b.c.Version, Suite: b.c.Suite}
}

// Record implements [Input].
func (b *Builder) Record(side flow.Side, h tls.RecordHeader, at flow.Mark) {
	if b.records[side] == 0 {
		b.version0[side] = h.Version
	}
	b.records[side]++
	b.holeLast[side] = false
	if h.Type < tls.ContentChangeCipherSpec || h.Type > tls.ContentHeartbeat && !b.isDTLS() {
		b.Note(side, fmt.Sprintf("a record of unknown type %d", uint8(h.Type)), at)
	}
}

// Note implements [Input]. A sentence is kept once, however often it is true.
func (b *Builder) Note(side flow.Side, what string, at flow.Mark) {
	const most = 32
	if b.notes[what] || len(b.notes) >= most {
		return
	}
	b.notes[what] = true
	b.c.Notes = append(b.c.Notes, fmt.Sprintf("packet %d, from the %s: %s", at.Packet, side, what))
}

// ChangeCipherSpec implements [Input].
func (b *Builder) ChangeCipherSpec(side flow.Side, at flow.Mark) {
	b.order++
	b.level = Plain
	b.c.ChangeCipherSpecs[side]++
	b.log(Message{At: at, Side: side, Name: "ChangeCipherSpec", Size: 1})
	if n := len(b.asm[side].buf); n > 0 {
		b.Note(side, fmt.Sprintf("ChangeCipherSpec stands inside a handshake message, after %d bytes of it", n), at)
	}
	if b.c.Version.IsTLS13() || b.c.ChangeCipherSpecs[side] > 1 {
		return
	}
	b.ccs[side] = at
	if b.c.Version != 0 {
		b.beginSealing(side, at)
	}
}

// Alert implements [Input].
func (b *Builder) Alert(side flow.Side, lv Level, level tls.AlertLevel, desc tls.AlertDescription, at flow.Mark) {
	const most = 64
	b.order++
	b.level = lv
	b.log(Message{At: at, Side: side, Name: "Alert", Level: lv, Size: 2, Body: []byte{byte(level), byte(desc)}})
	if len(b.c.Alerts) >= most {
		return
	}
	b.c.Alerts = append(b.c.Alerts, Alert{At: at, Side: side, Level: level, Description: desc})
	b.alertStep(side, level, desc, at)
}

// Heartbeat implements [Input].
func (b *Builder) Heartbeat(side flow.Side, n int, head []byte, at flow.Mark) {
	b.log(Message{At: at, Side: side, Name: "Heartbeat", Size: n})
	if len(head) >= 3 {
		if claimed := int(head[1])<<8 | int(head[2]); claimed+3 > n {
			b.Note(side, fmt.Sprintf("heartbeat claims a payload of %d bytes in a message of %d: this is how CVE-2014-0160 (Heartbleed) is probed", claimed, n), at)
		}
	}
}

// End implements [Input].
func (b *Builder) End(how End, by flow.Side, at flow.Mark) {
	b.end, b.endBy, b.endAt = how, by, at
}

// CaptureEnds tells, before End, how far the capture had been read by then.
func (b *Builder) CaptureEnds(at flow.Mark) { b.captureEnd = at }

// log keeps a message for the verbose report.
func (b *Builder) log(m Message) {
	if b.onMessage != nil {
		b.onMessage(m)
	}
	if b.opt.Detail >= Messages {
		b.c.Log = append(b.c.Log, m)
	}
}

// keep copies the bytes of a message if the verbose report wants them.
func (b *Builder) keep(body []byte) []byte {
	if b.opt.Detail < Fields {
		return nil
	}
	return append([]byte(nil), body...)
}

// count counts a message that was read.
func (b *Builder) count(side flow.Side, t tls.HandshakeType) {
	b.seen[side][t]++
	b.c.Messages[side][t.String()]++
}

// record adds a clear handshake message to the transcript.
func (b *Builder) record(m []byte) {
	if !b.recording {
		return
	}
	if len(b.transcript)+len(m) > b.opt.HandshakeSize {
		b.stopRecording()
		return
	}
	if b.transcript == nil {
		b.transcript = b.opt.Buffers.get()
	}
	b.transcript = append(b.transcript, m...)
}

// phaseEnded tells whoever listens that a phase will not change any more.
func (b *Builder) phaseEnded(p PhaseID) {
	if !b.told[p] {
		b.told[p] = true
		if b.onPhase != nil {
			b.onPhase(p)
		}
	}
}

// text returns the words of an error, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
