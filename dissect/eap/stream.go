package eap

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/record"
)

// An Input receives what a Stream unwraps; a [conn.Builder] is one.
type Input interface {
	conn.Input
	// Over tells that the carrier has ended the connection, and how.
	Over(how string)
}

// Probe looks at one datagram, by content alone: a client's packet with the
// beginning of a ClientHello in an EAP method, or a server's with its answer.
func Probe(b []byte) record.Verdict {
	if !isRADIUS(b) {
		return record.Not
	}
	var p radius
	var m message
	if !p.parse(b, nil) || !m.parse(p.eap) {
		return record.Not
	}
	switch v := record.Probe(m.data); {
	case v == record.Client && m.code == codeResponse:
		return v
	case v == record.Server && m.code == codeRequest && m.data[0] == 22:
		return v
	}
	return record.Not
}

// A Stream reads the datagrams of one conversation.
type Stream struct {
	in      Input
	records *record.Stream
	method  uint8
	sides   [2]half
	buf     []byte // of EAP-Message attributes, joined
	again   int    // packets that came twice
	over    bool
}

// half is what is known of the fragments of one side.
type half struct {
	seen bool
	id   uint8
	more bool // another fragment of the message is due
	need int  // bytes of the message in all; -1 if that is not known
	got  int
}

// NewStream returns a Stream for the conversation that first, for which [Probe]
// found a hello, belongs to. It reports to in and opens with k, which may be nil.
// It also says which method it is, and of which realm the user.
func NewStream(in Input, k *keys.Session, first []byte) (s *Stream, says []string) {
	s = &Stream{in: in, records: record.NewStream(in, k)}
	var p radius
	var m message
	if p.parse(first, nil) && m.parse(p.eap) {
		s.method = m.method
		says = []string{methodName(m.method)}
		if i := bytes.LastIndexByte(p.user, '@'); i >= 0 { // who it is stays unsaid
			says = append(says, fmt.Sprintf("realm %q", p.user[i+1:]))
		}
	}
	return s, says
}

// Datagram takes the payload of a datagram.
func (s *Stream) Datagram(side flow.Side, b []byte, _ int, at flow.Mark) {
	var p radius
	var m message
	if !p.parse(b, s.buf) {
		return
	}
	s.buf = p.eap
	if !m.parse(p.eap) || m.method != 0 && m.method != s.method {
		return
	}
	if m.method == 0 {
		s.ended(&m, at)
		return
	}
	h := &s.sides[side]
	if h.seen && h.id == m.id {
		s.again++
		return
	}
	s.missing(side, m.id, at)
	h.seen, h.id = true, m.id
	if len(m.data) == 0 {
		return // asks for the next fragment
	}
	if !h.more {
		h.need, h.got = m.total, 0
	}
	h.got += len(m.data)
	h.more = m.more
	s.records.Data(side, m.data, at)
	if h.need >= 0 && (h.got > h.need || !h.more && h.got < h.need) {
		s.in.Note(side, fmt.Sprintf("the fragments of %s hold %d bytes, where %d were announced", methodName(s.method), h.got, h.need), at)
	}
}

// missing tells of a message that is not in the capture, of one side or the other,
// when a side sends the message with an id: a response has the id of its request,
// and each waits for the other (RFC 3748, Section 4.1). What answers a fragment
// behind which others follow has nothing in it.
func (s *Stream) missing(side flow.Side, id uint8, at flow.Mark) {
	server, client := &s.sides[flow.Server], &s.sides[flow.Client]
	who, lacks := flow.Server, client.seen && (!server.seen || id != server.id)
	if side == flow.Server {
		who, lacks = flow.Client, server.seen && client.id != server.id
	}
	if !lacks || s.sides[side].more {
		return
	}
	s.sides[who].more = false
	s.records.Gap(who, conn.Gap{Bytes: -1, After: before(at), Why: "a packet of EAP is not in the capture"}, at)
}

func before(at flow.Mark) uint64 { return max(at.Packet, 1) - 1 }

// ended takes the end of the conversation.
func (s *Stream) ended(m *message, at flow.Mark) {
	if s.over {
		return
	}
	s.over = true
	// It has the id of the response that it answers (RFC 3748, Section 4.2).
	if client := &s.sides[flow.Client]; client.seen && client.id != m.id {
		s.records.Gap(flow.Server, conn.Gap{Bytes: -1, After: before(at), Why: "a packet of EAP is not in the capture"}, at)
	}
	name, what := "EAP-Success", "the client gets access"
	if m.code == codeFailure {
		name, what = "EAP-Failure", "the client gets no access"
	}
	s.in.Over(fmt.Sprintf("over with %s in packet %d", name, at.Packet))
	s.in.Note(flow.Server, name+": "+what, at)
}

// Close tells that no more datagrams will come.
func (s *Stream) Close(how conn.End, by flow.Side, at flow.Mark) {
	if s.again > 0 {
		s.in.Note(flow.Client, fmt.Sprintf("%d packets of EAP are in the capture more than once", s.again), at)
	}
	s.records.Close(how, by, at)
}
