package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A NewSessionTicket lets the client resume the session (RFC 8446, Section
// 4.6.1; RFC 5077, Section 3.3).
type NewSessionTicket struct {
	Lifetime uint32 // seconds; to TLS 1.2 a hint, 0 for unspecified
	Ticket   []byte
	// TLS 1.3.
	TLS13         bool
	AgeAdd        uint32 // milliseconds
	Nonce         []byte // since draft 21
	Extensions    Extensions
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *NewSessionTicket) Decode(body []byte, ctx Context) error {
	r := wire.NewReader(body)
	m.decode(&r, ctx)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *NewSessionTicket) DecodeTraced(body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r, ctx)
	return r.Err()
}

func (m *NewSessionTicket) decode(r *wire.Reader, ctx Context) {
	*m = NewSessionTicket{TLS13: ctx.Version.IsTLS13()}
	if ctx.Version == 0 {
		m.TLS13 = looksLikeTicket13(r.Peek())
	}
	m.Lifetime = r.Uint32("ticket_lifetime")
	if m.TLS13 {
		m.AgeAdd = r.Uint32("ticket_age_add")
		if !ctx.Version.draftBefore(21) {
			m.Nonce = r.Vec8("ticket_nonce")
		}
	}
	m.Ticket = r.Vec16("ticket")
	if m.TLS13 {
		m.Extensions = extensions(r, TypeNewSessionTicket)
	}
	m.TrailingBytes = r.Trailing()
}

// MaxEarlyDataSize returns how many bytes of early data the server will take
// with the ticket (RFC 8446, Section 4.6.1). ok is false if it takes none.
func (m *NewSessionTicket) MaxEarlyDataSize() (n uint32, ok bool) {
	data, ok := m.Extensions.Get(ExtEarlyData)
	if !ok {
		return 0, false
	}
	var e TicketEarlyData
	err := e.Decode(data)
	return e.MaxEarlyDataSize, err == nil
}

// looksLikeTicket13 guesses the format of a ticket whose version is not known:
// that of TLS 1.2 if its ticket fills the message.
func looksLikeTicket13(body []byte) bool {
	return len(body) > 4 && !filledBy16(body[4:])
}
