package tls

import "github.com/tlslens/tlslens/dissect/wire"

// TicketRequest is the ticket_request extension (RFC 9149, Section 3).
type TicketRequest struct {
	NewSession    uint8 // tickets wanted after a full handshake
	Resumption    uint8 // tickets wanted after a resumption
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *TicketRequest) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *TicketRequest) decode(r *wire.Reader) {
	*e = TicketRequest{}
	e.NewSession = r.Uint8("new_session_count")
	e.Resumption = r.Uint8("resumption_count")
	e.TrailingBytes = r.Trailing()
}

// TicketRequestHint is the server's answer to a TicketRequest.
type TicketRequestHint struct {
	Expected      uint8 // tickets that will come
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *TicketRequestHint) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *TicketRequestHint) decode(r *wire.Reader) {
	*e = TicketRequestHint{}
	e.Expected = r.Uint8("expected_count")
	e.TrailingBytes = r.Trailing()
}
