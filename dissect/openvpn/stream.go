package openvpn

import (
	"bytes"
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/record"
)

// Probe looks at one datagram, by content alone: a message of the control
// channel with a hello in it says who sent it.
func Probe(b []byte) record.Verdict {
	_, v := probe(b)
	return v
}

// probe also tells the size of the HMAC.
func probe(b []byte) (hmac int, v record.Verdict) {
	if len(b) == 0 || !IsControl(b[0]) {
		return 0, record.Not
	}
	for _, n := range slices.Backward(hmacs[:]) {
		m, ok := parse(b, n)
		if !ok || !fits(b, n) || len(m.body) < 6 || m.id > mostAhead {
			continue
		}
		if v := record.Probe(m.body); v == record.Client || v == record.Server && m.body[0] == 22 {
			return n, v
		}
	}
	return 0, record.Not
}

// A Stream reads the datagrams of one connection.
type Stream struct {
	in       conn.Input
	channel  *Channel
	records  *record.Stream
	sessions [2][]byte
}

// NewStream returns a Stream for the flow that first, for which [Probe] found a
// hello, belongs to. It reports to in and opens with k, which may be nil;
// messages that wait take their bytes from room. It also says how the control
// channel is protected.
func NewStream(in conn.Input, k *keys.Session, room *flow.Budget, first []byte) (s *Stream, says string) {
	hmac, _ := probe(first)
	s = &Stream{in: in, records: record.NewStream(in, k)}
	s.channel = NewChannel(s.records, hmac, room)
	return s, Describe(hmac)
}

// Datagram takes the payload of a datagram. One that was not captured whole
// counts as lost: the other end sends it again only if it was lost on the way.
func (s *Stream) Datagram(side flow.Side, b []byte, missing int, at flow.Mark) {
	m, ok := parse(b, s.channel.hmac)
	switch {
	case !ok && len(b) > 0 && IsAnew(b[0]):
		s.in.Note(side, Anew, at)
		return
	case !ok:
		return
	case missing > 0:
		s.in.Note(side, "a message of OpenVPN's control channel was not captured whole", at)
	case s.sessions[side] == nil:
		s.sessions[side] = bytes.Clone(m.session)
	case !bytes.Equal(s.sessions[side], m.session):
		return // of a session before or after this one
	}
	if missing == 0 {
		s.channel.Packet(side, b, at)
	}
}

// Succeeds reports whether a datagram begins another session between the same
// ports.
func (s *Stream) Succeeds(b []byte) bool {
	if Probe(b) != record.Client || s.sessions[flow.Client] == nil {
		return false
	}
	m, ok := parse(b, s.channel.hmac)
	return ok && !bytes.Equal(m.session, s.sessions[flow.Client])
}

// Close tells that no more will come. It is the last call.
func (s *Stream) Close(how conn.End, by flow.Side, at flow.Mark) {
	s.channel.Flush(at)
	s.records.Close(how, by, at)
}
