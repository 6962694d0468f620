package conn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// A QUICKind is a kind of QUIC packet.
type QUICKind uint8

// Kinds of packets (RFC 9000, Section 17).
const (
	QUICInitial QUICKind = iota
	QUICZeroRTT
	QUICHandshake
	QUICOneRTT
	QUICRetry
	quicKinds
)

// String returns the kind's name.
func (k QUICKind) String() string {
	return [...]string{"Initial", "0-RTT", "Handshake", "1-RTT", "Retry", "", "", ""}[k&7]
}

// A QUICPacket is one packet of a datagram.
type QUICPacket struct {
	Kind   QUICKind
	Size   int  // bytes with the header, as on the wire
	Opened bool // its frames were read
	Token  int  // bytes of address validation token in an Initial packet
	Data   int  // bytes of application data in an opened packet
}

// A QUICClose is a CONNECTION_CLOSE frame (RFC 9000, Section 19.19).
type QUICClose struct {
	Level       Level
	Application bool   // the code is the application's, not QUIC's
	Google      bool   // the code is of Google's own QUIC
	Code        uint64 // error code
	Cause       uint64 // type of the frame that led to it, 0 if none did
	Reason      string // at most 256 bytes, from the wire
}

// alert returns the TLS alert that the close carries (RFC 9001, Section 4.8).
func (c *QUICClose) alert() (tls.AlertDescription, bool) {
	return tls.AlertDescription(c.Code), !c.Application && !c.Google && c.Code>>8 == 1
}

// says words the close.
func (c *QUICClose) says() string {
	var s string
	switch {
	case c.Google:
		s = fmt.Sprintf("error %d", c.Code)
	case c.Application:
		s = fmt.Sprintf("application error 0x%x", c.Code)
	default:
		s = iana.QUICErrorString(c.Code)
	}
	if c.Reason != "" {
		s += fmt.Sprintf(" (%q)", cut(c.Reason, 80))
	}
	return s
}

// A GoogleHello is a message of the handshake that Google's QUIC had before it
// took TLS.
type GoogleHello struct {
	Side       flow.Side
	Message    string // "CHLO", "REJ", "SREJ" or "SHLO"
	ServerName string
	UserAgent  string
	Tags       int // other values in it
	Size       int // bytes
}

// quicState is what a Builder knows of a connection over QUIC.
type quicState struct {
	version   uint32
	versions  []uint32 // that were in use, in order
	count     [2][quicKinds]packetCount
	bytes     [2]int64 // of datagrams
	closes    []quicEnd
	offered   []uint32 // by Version Negotiation
	again     bool     // a Version Negotiation asks for a new ClientHello
	refused   flow.Mark
	retry     flow.Mark
	google    flow.Mark // Google's own ClientHello
	stands    flow.Mark // the client's first 1-RTT packet
	told      bool      // the rows of the handshake's packets are there
	limit     amplification
	answered  bool // by an opened packet or by one that needs the answer's keys
	lastFinal [2]flow.Mark
}

// packetCount counts packets of a kind.
type packetCount struct {
	n, sealed   int
	bytes       int // of the sealed ones
	first, last flow.Mark
	order       int // of the first
	largest     int // sealed packet
}

// quicEnd is a close with its place.
type quicEnd struct {
	QUICClose
	side flow.Side
	at   flow.Mark
}

func (b *Builder) quicState() *quicState {
	if b.quic == nil {
		b.quic = &quicState{}
	}
	return b.quic
}

// QUICVersion tells the version of the packets from here on.
func (b *Builder) QUICVersion(v uint32, at flow.Mark) {
	const most = 8
	q := b.quicState()
	if q.version == v || len(q.versions) >= most {
		return
	}
	if q.version != 0 && !q.again && !q.refused.Seen() {
		b.Note(flow.Server, "the version changes from "+iana.QUICVersionString(q.version)+" to "+iana.QUICVersionString(v)+" (compatible version negotiation, RFC 9368)", at)
	}
	q.version = v
	q.versions = append(q.versions, v)
}

// QUICDatagram tells the size of a datagram before its packets. A server may
// send three times what it got until it knows the client's address to be real
// (RFC 9000, Section 8.1).
func (b *Builder) QUICDatagram(side flow.Side, n int, at flow.Mark) {
	q := b.quicState()
	q.bytes[side] += int64(n)
	q.limit.datagram(b, side, n, at)
}

// QUICPacket takes a packet behind its effects.
func (b *Builder) QUICPacket(side flow.Side, p QUICPacket, at flow.Mark) {
	b.order++
	b.level = Plain
	b.records[side]++
	q := b.quicState()
	if p.Kind >= quicKinds {
		return
	}
	c := &q.count[side][p.Kind]
	if c.n == 0 || c.first.After(at) {
		c.first, c.order = at, b.order
	}
	c.n++
	if at.After(c.last) {
		c.last = at
	}
	if !p.Opened {
		c.sealed++
		c.bytes += p.Size
		c.largest = max(c.largest, p.Size)
	}
	switch p.Kind {
	case QUICInitial:
		q.limit.validated = q.limit.validated || side == flow.Client && p.Token > 0 && q.retry.Seen()
		q.answered = q.answered || side == flow.Server && p.Opened
	case QUICZeroRTT:
		b.early.records++
		b.early.bytes += int64(p.Size)
	case QUICHandshake:
		q.limit.handshake(b, side, at)
		if !q.told && at.After(q.lastFinal[side]) {
			q.lastFinal[side] = at
		}
	case QUICOneRTT:
		b.oneRTT(side, &p, at)
	}
}

// oneRTT takes a packet of the tunnel. The client sends them when it has all
// that the handshake is for, and has sent its own Finished.
func (b *Builder) oneRTT(side flow.Side, p *QUICPacket, at flow.Mark) {
	q := b.quic
	switch {
	case !b.chosen:
	case side == flow.Client && (!q.stands.Seen() || q.stands.After(at)):
		q.stands = at
	case q.stands.Seen() && at.Packet > q.stands.Packet+1: // by now nothing comes late that belongs before
		b.quicFlights()
	}
	t := &b.c.Tunnel.Sides[side]
	if p.Opened {
		t.PlaintextBytes = max(t.PlaintextBytes, 0) + int64(p.Data)
	}
	t.MaxPlaintext += int64(max(0, p.Size-1-1-16)) // first byte, packet number, tag
	b.move(side, p.Size, at)
}

// QUICStream takes the head of a stream, which is looked into only where it is
// HTTP/3.
func (b *Builder) QUICStream(side flow.Side, stream uint64, p []byte, at flow.Mark) {
	if b.speaksHTTP3() {
		b.talk.HTTP3(side, stream, p)
	}
}

// speaksHTTP3 reports whether the sides agreed on HTTP/3 or, as long as the
// answer is not known, the client offers nothing else (RFC 9114, Section 3.1).
func (b *Builder) speaksHTTP3() bool {
	h3 := func(alpn string) bool { return alpn == "h3" || strings.HasPrefix(alpn, "h3-") }
	if b.c.ALPN != "" {
		return h3(b.c.ALPN)
	}
	o := b.c.Offered
	return o != nil && len(o.ALPN) > 0 && !slices.ContainsFunc(o.ALPN, func(p string) bool { return !h3(p) })
}

// QUICVersionNegotiation takes a Version Negotiation packet.
func (b *Builder) QUICVersionNegotiation(offered []uint32, total int, at flow.Mark) {
	b.order++
	b.level = Plain
	b.records[flow.Server]++
	q := b.quicState()
	if q.refused.Seen() {
		b.Note(flow.Server, "Version Negotiation is repeated", at)
		return
	}
	q.refused, q.again, q.offered = at, true, offered
	for side := range b.asm { // what was there of a ClientHello belongs to the first attempt
		b.opt.Buffers.put(b.asm[side].buf)
		b.asm[side] = assembly{}
	}
	says := "speaks another version"
	if q.version != 0 {
		says = "does not speak " + iana.QUICVersionString(q.version)
	}
	s := b.keStep(flow.Server, at, "Version Negotiation", "version_negotiation", 4*total, says+"; offers "+versionsOf(offered, total)+": the client must begin again")
	s.Level = Plain
	s.fact("versions", versionNames(offered), "RFC 9000, Section 17.2.1")
	b.log(Message{At: at, Side: flow.Server, Name: "Version Negotiation", Size: 4 * total})
}

// beginsAgain reports whether a ClientHello is the first of a new attempt, after
// a Version Negotiation.
func (b *Builder) beginsAgain() bool {
	if b.quic == nil || !b.quic.again {
		return false
	}
	b.quic.again = false
	b.c.EarlyData = ""
	return true
}

// versionsOf names at most four versions.
func versionsOf(vs []uint32, total int) string {
	const most = 4
	names := versionNames(vs[:min(len(vs), most)])
	s := strings.Join(names, ", ")
	if more := total - len(names); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	if s == "" {
		return "none"
	}
	return s
}

// wantedVersions names what a server can speak: versions that are there to keep
// clients from relying on the list (GREASE; RFC 9000, Section 15) are left out.
func wantedVersions(vs []uint32) string {
	spoken := slices.DeleteFunc(slices.Clone(vs), iana.IsReservedQUICVersion)
	return versionsOf(spoken, len(spoken))
}

func versionNames(vs []uint32) []string {
	names := make([]string, len(vs))
	for i, v := range vs {
		names[i] = iana.QUICVersionString(v)
	}
	return names
}

// QUICRetry takes a Retry packet.
func (b *Builder) QUICRetry(n int, tag Tristate, at flow.Mark) {
	b.order++
	b.level = Plain
	b.records[flow.Server]++
	q := b.quicState()
	if q.retry.Seen() {
		b.Note(flow.Server, "Retry is repeated", at)
		return
	}
	q.retry = at
	says := fmt.Sprintf("asks the client to show that it gets what is sent to its address: a token of %d bytes; one more round trip", n)
	switch tag {
	case Yes:
		says += "; its integrity tag is right"
	case No:
		says += "; its integrity tag is WRONG, so the client ignores it"
	}
	b.keStep(flow.Server, at, "Retry", "retry", n, says).
		fact("token_bytes", n, "RFC 9000, Section 17.2.5").Level = Plain
	b.log(Message{At: at, Side: flow.Server, Name: "Retry", Size: n})
}

// QUICClose takes a CONNECTION_CLOSE frame.
func (b *Builder) QUICClose(side flow.Side, c QUICClose, at flow.Mark) {
	const most = 4
	b.order++
	b.level = c.Level
	q := b.quicState()
	for _, x := range q.closes {
		if x.side == side {
			return // it is repeated until the other side stops
		}
	}
	if len(q.closes) >= most {
		return
	}
	q.closes = append(q.closes, quicEnd{c, side, at})
	b.log(Message{At: at, Side: side, Name: "CONNECTION_CLOSE", Level: c.Level, Size: len(c.Reason)})
	s := step(side, at, "CONNECTION_CLOSE", "connection_close", len(c.Reason), c.says())
	s.Level = c.Level
	if a, ok := c.alert(); ok {
		s.fact("alert", a.String(), "RFC 9001, Section 4.8")
		if m := a.Meaning(); m != "" {
			s.Says[0] += ": " + strings.TrimSuffix(m, ".")
		}
		if aboutCertificates(a) && !q.stands.Seen() {
			b.addTo(&b.c.CertificateCheck.Phase, s)
			return
		}
	}
	if q.stands.Seen() {
		b.addTo(&b.c.Tunnel.Phase, s)
		return
	}
	b.addTo(&b.c.KeyExchange.Phase, s)
}

// QUICGoogleHello takes a message of Google's own handshake.
func (b *Builder) QUICGoogleHello(h GoogleHello, at flow.Mark) {
	b.order++
	b.level = Plain
	q := b.quicState()
	q.limit.validated = true // Google's rules for that were others
	b.log(Message{At: at, Side: h.Side, Name: h.Message, Size: h.Size})
	says := map[string]string{
		"CHLO": "Google's own handshake, which is no TLS",
		"REJ":  "not enough yet: sends its configuration, with its certificate compressed in it; the client must ask again",
		"SREJ": "not enough yet, and keeps no state; the client must ask again",
		"SHLO": "accepts; keys for the tunnel from here on",
	}[h.Message]
	if h.Side == flow.Client && !q.google.Seen() {
		q.google = at
		b.c.ServerName = h.ServerName
		says += " (" + iana.QUICVersionString(q.version) + ")"
		if h.ServerName != "" {
			says = "asks for " + cut(h.ServerName, 80) + "; " + says
		}
		if h.UserAgent != "" {
			says += fmt.Sprintf("; the client is %q", cut(h.UserAgent, 60))
		}
	}
	s := b.keStep(h.Side, at, h.Message, strings.ToLower(h.Message), h.Size, says)
	if h.Side == flow.Client {
		s.fact("quic_version", iana.QUICVersionString(q.version), "")
	}
}
