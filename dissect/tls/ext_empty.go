package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Flag is an extension whose presence says everything: truncated_hmac and
// client_certificate_url (RFC 6066, Sections 7 and 5), encrypt_then_mac (RFC
// 7366, Section 2), extended_master_secret (RFC 7627, Section 5.1),
// post_handshake_auth (RFC 8446, Section 4.2.6), early_data but for that of a
// NewSessionTicket (RFC 8446, Section 4.2.10) and channel_id
// (draft-balfanz-tls-channelid-01, Section 5).
type Flag struct {
	TrailingBytes int // there should be none
}

// Decode reads the extension's data.
func (e *Flag) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *Flag) decode(r *wire.Reader) { *e = Flag{TrailingBytes: r.Trailing()} }
