package dissect

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/starttls"
	"github.com/tlslens/tlslens/dissect/tcp"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A witness reads the records of a flow of which the capture does not hold the
// beginning, and notes what only one of the ends sends, until that tells which
// end is the client. It is the [conn.Input] of a [record.Stream] of its own, in
// which [flow.Side] stands for a direction.
type witness struct {
	stream starttls.Stream // of records, or of the framing around them
	said   record.Verdict  // who direction 0 is; Either if that is not known
	sides  [2]testimony
}

// testimony is what a witness has seen of one direction.
type testimony struct {
	certificate bool // it showed one
	last        tls.ContentType
	data        bool // it sent application data
	dataByCCS   bool // right behind ChangeCipherSpec, as in TLS 1.3 only
	ccsLate     bool // that ChangeCipherSpec came behind the other's application data
	header      [tls.HandshakeHeaderLen]byte
	have        int // bytes of header
	left        int // of the message's body
}

// newWitness returns a witness; wrap puts the framing around TLS, nil if there is
// none.
func newWitness(wrap func(starttls.Stream) starttls.Stream) *witness {
	w := &witness{said: record.Either}
	records := record.NewStream(w, nil)
	records.MidStream()
	w.stream = records
	if wrap != nil {
		w.stream = wrap(records)
	}
	return w
}

// client returns the direction of the client, false if nothing has told it.
func (w *witness) client() (tcp.Dir, bool) {
	switch w.said {
	case record.Client:
		return 0, true
	case record.Server:
		return 1, true
	}
	return 0, false
}

// over reports whether the handshake is over in both directions, so that
// nothing telling is to be expected any more.
func (w *witness) over() bool { return w.sides[0].data && w.sides[1].data }

// shown returns the only direction that showed a certificate, false if none or
// both did.
func (w *witness) shown() (tcp.Dir, bool) {
	switch a, b := w.sides[0].certificate, w.sides[1].certificate; {
	case a && !b:
		return 0, true
	case b && !a:
		return 1, true
	}
	return 0, false
}

// tell notes that a direction sent what only one end sends. The first word
// counts.
func (w *witness) tell(side flow.Side, v record.Verdict) {
	if w.said != record.Either || v != record.Client && v != record.Server {
		return
	}
	if w.said = v; side == flow.Server {
		w.said = record.Client + record.Server - v
	}
}

// Record implements [conn.Input].
func (w *witness) Record(side flow.Side, h tls.RecordHeader, _ flow.Mark) {
	s := &w.sides[side]
	if h.Type == tls.ContentApplicationData && !s.data {
		s.data, s.dataByCCS = true, s.last == tls.ContentChangeCipherSpec
		w.order()
	}
	s.last, s.have, s.left = h.Type, 0, 0
}

// order tells the ends of TLS 1.3 by their ChangeCipherSpec, which means nothing
// there and stands right before the first application data: the server's stands
// behind its ServerHello, the client's before its second flight (RFC 9846,
// Appendix D.4). Behind the ServerHello, the server's is there only if the
// client's comes later.
func (w *witness) order() {
	for side := flow.Client; side <= flow.Server; side++ {
		a, b := &w.sides[side], &w.sides[side.Other()]
		switch {
		case !a.dataByCCS:
		case a.ccsLate, b.data && !b.dataByCCS:
			w.tell(side, record.Client)
		}
	}
}

// ChangeCipherSpec implements [conn.Input].
func (w *witness) ChangeCipherSpec(side flow.Side, _ flow.Mark) {
	w.sides[side].ccsLate = w.sides[side.Other()].data
}

// Handshake implements [conn.Input].
func (w *witness) Handshake(side flow.Side, _ conn.Level, b []byte, _ flow.Mark) {
	s := &w.sides[side]
	for len(b) > 0 {
		if s.have < len(s.header) {
			n := copy(s.header[s.have:], b)
			s.have += n
			b = b[n:]
			if s.have < len(s.header) {
				return
			}
			s.left = int(s.header[1])<<16 | int(s.header[2])<<8 | int(s.header[3])
			if tls.HandshakeType(s.header[0]) == tls.TypeCertificate { // the rest may be in records that cannot be told from sealed ones
				s.certificate = true
			}
		}
		n := min(s.left, len(b))
		s.left -= n
		b = b[n:]
		if s.left == 0 {
			s.have = 0
			w.tell(side, record.Sender(tls.HandshakeType(s.header[0])))
		}
	}
}

// Alert implements [conn.Input].
func (w *witness) Alert(side flow.Side, _ conn.Level, level tls.AlertLevel, d tls.AlertDescription, _ flow.Mark) {
	if level == tls.AlertWarning || level == tls.AlertFatal {
		w.tell(side, record.AlertSender(d))
	}
}

// Gap implements [conn.Input].
func (w *witness) Gap(g conn.Gap, _ flow.Mark) {
	s := &w.sides[g.Side]
	s.last, s.have, s.left = 0, 0, 0
}

// Negotiated implements [conn.Input].
func (w *witness) Negotiated() conn.Negotiated { return conn.Negotiated{} }

// SSLv2 implements [conn.Input].
func (w *witness) SSLv2(flow.Side, []byte, flow.Mark) {}

// Opened implements [conn.Input].
func (w *witness) Opened(flow.Side, conn.Opened, flow.Mark) {}

// Plaintext implements [conn.Input].
func (w *witness) Plaintext(flow.Side, []byte, flow.Mark) {}

// Sealed implements [conn.Input].
func (w *witness) Sealed(flow.Side, tls.ContentType, int, flow.Mark) {}

// Heartbeat implements [conn.Input].
func (w *witness) Heartbeat(flow.Side, int, []byte, flow.Mark) {}

// Foreign implements [conn.Input].
func (w *witness) Foreign(flow.Side, []byte, flow.Mark) {}

// Note implements [conn.Input].
func (w *witness) Note(flow.Side, string, flow.Mark) {}

// End implements [conn.Input].
func (w *witness) End(conn.End, flow.Side, flow.Mark) {}
