// Package dtls is the carrier of DTLS (RFC 4347, RFC 6347, RFC 9147): it cuts
// datagrams into records and hands what they hold to an [Input].
//
// In go the datagrams of both sides of a flow, in the order of the capture; out
// come handshake messages in the order of their message_seq, each once and with
// the header that TLS gives them, alerts, ChangeCipherSpec, and the sizes of
// sealed records. It owns no bytes but fragments of handshake messages that wait
// for what stands before them, a bounded number of a bounded size. Datagrams of
// other protocols on the same ports are counted and passed over. It never stops
// on bad input, and records that are sealed cost no memory.
package dtls

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// An Input receives what a Stream unwraps; a [conn.Builder] is one.
type Input interface {
	conn.Input
	// MessageSeq tells the message_seq of the handshake message that is
	// delivered next.
	MessageSeq(side flow.Side, seq uint16)
	// SealedIn reports a sealed record, n bytes after its header, that hides its
	// content type but shows its level: one of DTLS 1.3 (RFC 9147, Section 4)
	// or one with a connection id (RFC 9146, Section 4).
	SealedIn(side flow.Side, lv conn.Level, n int, at flow.Mark)
	// Acknowledged reports an ACK of DTLS 1.3 that could be read (RFC 9147,
	// Section 7).
	Acknowledged(side flow.Side, lv conn.Level, m tls.ACK, at flow.Mark)
}

// A Stream reads the datagrams of one flow. It is used by one goroutine. Call
// [NewStream] to make one.
type Stream struct {
	in     Input
	keys   *keys.Session // opens sealed records; may be nil
	issued func(flow.Side, []byte)
	budget *flow.Budget
	sides  [2]half
	others [kinds]uint64 // datagrams of other protocols
	last   flow.Mark
	waits  bool   // the datagram was cut inside a message that waits for the rest
	buf    []byte // for one message with its TLS header
}

// half is what is known of one side.
type half struct {
	asm     assembly
	numbers numbers
	// accepted are the numbers of records that keys have opened.
	accepted numbers
	cid      int  // size of the connection id in this side's records; -1 if not known
	hello    bool // a hello was seen
	ccs      bool
	sealed   bool  // a sealed record was seen
	epoch    int   // of DTLS 1.3, as far as reconstructed
	sure     int   // the highest epoch of which a key has opened a record
	finLen   int   // payload of the first sealed handshake record; 0 if there was none
	waiting  []fin // sealed handshake records that came before ChangeCipherSpec
	again    repeats
}

// fin is a sealed handshake record.
type fin struct {
	rh   header
	body []byte // a copy, if there are keys that may open it later
	at   flow.Mark
}

// repeats counts what was sent more than once.
type repeats struct {
	n     int
	first flow.Mark
}

func (r *repeats) add(at flow.Mark) {
	if r.n == 0 {
		r.first = at
	}
	r.n++
}

// NewStream returns a Stream that delivers to in. What is sealed is opened with
// session, which the Input tells the handshake; it may be nil. Issued, if not nil, is told of
// each connection id that a side chose for itself: records sent to it carry the
// id, whatever address they come from. Budget, if not nil, bounds what waits in
// all Streams that share it.
func NewStream(in Input, session *keys.Session, budget *flow.Budget, issued func(side flow.Side, id []byte)) *Stream {
	s := &Stream{in: in, keys: session, issued: issued, budget: budget}
	for i := range s.sides {
		s.sides[i].cid = -1
	}
	return s
}

// Datagram takes a datagram of a side. b is not kept; missing is how many bytes
// of it the capture does not hold behind b.
func (s *Stream) Datagram(side flow.Side, b []byte, missing int, at flow.Mark) {
	b = unwrapped(b)
	s.last, s.waits = at, false
	for first := true; len(b) > 0; first = false {
		n := 0
		switch {
		case isUnified(b[0]) && s.canBeUnified():
			n = s.unified(side, b, missing, at)
		default:
			n = s.record(side, b, missing, at)
		}
		switch {
		case n > 0:
		case missing > 0 && len(b) < headerLen+maxCID && (couldBegin(b) || len(b) < 3):
			b = nil // a header that the capture cut
			continue
		case first:
			s.others[kindOf(b)]++
			return
		case missing == 0:
			s.in.Note(side, fmt.Sprintf("%d bytes behind the last record of a datagram are no record", len(b)), at)
			return
		default:
			return
		}
		b = b[min(n, len(b)):]
	}
	if missing > 0 && !s.waits {
		s.in.Gap(conn.Gap{Side: side, Bytes: int64(missing), After: at.Packet, Record: true, Why: "cut off by the snapshot length"}, at)
	}
}

// record takes the record at the start of b and returns its size, 0 if there is
// none.
func (s *Stream) record(side flow.Side, b []byte, missing int, at flow.Mark) int {
	h := &s.sides[side]
	cid := 0
	if tls.ContentType(b[0]) == tls.ContentTLS12CID {
		if cid = h.cid; cid < 0 {
			if cid = guessCID(b); cid < 0 {
				return 0
			}
		}
	}
	rh, ok := parseHeader(b, cid)
	if !ok {
		return 0
	}
	n := rh.size + rh.length
	if n > len(b)+missing {
		s.in.Note(side, fmt.Sprintf("a record claims %d bytes where the datagram has %d", rh.length, len(b)-rh.size), at)
		return len(b)
	}
	s.in.Record(side, tls.RecordHeader{Type: rh.typ, Version: rh.version, Length: rh.length}, at)
	h.numbers.add(rh)
	s.content(side, rh, b[rh.size:min(n, len(b))], at)
	return n
}

// content takes what a record holds; body is shorter than the record if the
// capture cut it off.
func (s *Stream) content(side flow.Side, rh header, body []byte, at flow.Mark) {
	h := &s.sides[side]
	mac, readable := 0, rh.epoch == 0
	if !readable {
		mac, readable = s.nullMAC()
		s.settle(side, at)
	}
	lv := conn.Plain
	if rh.epoch > 0 {
		lv = conn.Application
	}
	plain := body[:max(0, min(len(body), rh.length-mac))]
	if s.open(side, rh, body, at) {
		return
	}
	switch {
	case rh.typ == tls.ContentChangeCipherSpec:
		s.changeCipherSpec(side, at)
	case rh.typ == tls.ContentTLS12CID:
		s.withCID(side, rh, at)
	case rh.typ == tls.ContentACK:
		if rh.length == len(body) { // of a later epoch it has another header
			s.acknowledged(side, conn.Plain, body, at)
		}
	case rh.typ == tls.ContentHandshake && readable:
		s.fragments(side, lv, plain, rh.length > len(body), at)
	case rh.typ == tls.ContentHandshake:
		s.sealedHandshake(side, rh, body, at)
	case rh.typ == tls.ContentAlert && readable:
		s.alert(side, lv, plain, rh.length, at)
	case rh.typ == tls.ContentApplicationData && readable:
		if rh.epoch == 0 {
			s.in.Note(side, "application data in epoch 0, that is without any protection", at)
		}
		s.in.Opened(side, conn.Opened{Wire: tls.ContentApplicationData, Type: tls.ContentApplicationData, Bytes: rh.length, Plain: max(0, rh.length-mac), Level: conn.Application}, at)
		s.in.Plaintext(side, plain, at)
	case rh.typ == tls.ContentHeartbeat && readable:
		s.in.Heartbeat(side, rh.length, plain[:min(len(plain), headLen)], at)
	default:
		h.sealed = true
		s.closed(side, rh, at)
	}
}

// headLen is how much of readable heartbeats is shown.
const headLen = 256

// nullMAC reports whether records of later epochs are readable because the
// cipher is NULL, and how many bytes of MAC follow their content.
func (s *Stream) nullMAC() (mac int, readable bool) {
	n := s.in.Negotiated()
	if n.Version == 0 || n.Version.IsTLS13() {
		return 0, false
	}
	info, ok := n.Suite.Info()
	return info.MACLen, ok && info.Mode == iana.ModeNull
}

// changeCipherSpec takes the message of that name and the Finished that
// overtook it.
func (s *Stream) changeCipherSpec(side flow.Side, at flow.Mark) {
	h := &s.sides[side]
	if !h.asm.started { // all that comes before it is there, as far as it ever will be
		s.settle(side, at)
		s.flush(side, at)
	}
	s.in.ChangeCipherSpec(side, at)
	if h.ccs {
		return
	}
	h.ccs = true
	s.settle(side, at)
	s.release(side)
}

// sealedHandshake takes a sealed handshake record up to DTLS 1.2. The first is
// Finished; one of the same size is Finished again, because its answer was lost
// (RFC 6347, Section 4.2.4).
func (s *Stream) sealedHandshake(side flow.Side, rh header, body []byte, at flow.Mark) {
	h, n := &s.sides[side], rh.length
	h.sealed = true
	switch {
	case h.finLen == n:
		h.again.add(at)
		s.keys.PassDTLS(side, rh.inTLS(), rh.epoch)
		return
	case h.finLen == 0:
		h.finLen = n
	}
	if !h.ccs && s.sides[side].hello && len(h.waiting) < 4 {
		x := fin{rh: rh, at: at}
		x.rh.cid = nil
		if s.keys != nil && len(body) <= mostWaiting {
			x.body, x.rh.cid = bytes.Clone(body), bytes.Clone(rh.cid)
		}
		h.waiting = append(h.waiting, x)
		return
	}
	s.closed(side, rh, at)
}

// release delivers the sealed handshake records that waited for
// ChangeCipherSpec.
func (s *Stream) release(side flow.Side) {
	h := &s.sides[side]
	waiting := h.waiting
	h.waiting = nil
	for _, f := range waiting {
		if f.body == nil || !s.open(side, f.rh, f.body, f.at) {
			s.closed(side, f.rh, f.at)
		}
	}
}

// withCID takes a record that hides its type behind a connection id (RFC 9146,
// Section 4). The first one is Finished, for nothing else may come before it.
func (s *Stream) withCID(side flow.Side, rh header, at flow.Mark) {
	h := &s.sides[side]
	if h.ccs && h.finLen == 0 {
		s.sealedHandshake(side, rh, nil, at)
		return
	}
	h.sealed = true
	s.keys.PassDTLS(side, rh.inTLS(), rh.epoch)
	s.in.SealedIn(side, conn.Application, rh.length, at)
}

// alert hands on the alerts of a readable record of n bytes.
func (s *Stream) alert(side flow.Side, lv conn.Level, body []byte, n int, at flow.Mark) {
	if len(body) < 2 || len(body)%2 != 0 {
		s.in.Sealed(side, tls.ContentAlert, n, at)
		return
	}
	for ; len(body) >= 2; body = body[2:] {
		s.in.Alert(side, lv, tls.AlertLevel(body[0]), tls.AlertDescription(body[1]), at)
	}
}

// known reports whether t is a handshake type that somebody has registered.
func known(t tls.HandshakeType) bool {
	_, ok := iana.HandshakeTypeName(uint8(t))
	return ok
}
