package tls

import "github.com/tlslens/tlslens/dissect/wire"

// TicketEarlyData is the early_data extension of a NewSessionTicket (RFC 8446,
// Section 4.2.10). Elsewhere early_data is a [Flag].
type TicketEarlyData struct {
	MaxEarlyDataSize uint32 // bytes; 0xffffffff in QUIC (RFC 9001, Section 4.6.1)
	TrailingBytes    int
}

// Decode reads the extension's data.
func (e *TicketEarlyData) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *TicketEarlyData) decode(r *wire.Reader) {
	*e = TicketEarlyData{}
	e.MaxEarlyDataSize = r.Uint32("max_early_data_size")
	e.TrailingBytes = r.Trailing()
}
