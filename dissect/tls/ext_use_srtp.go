package tls

import "github.com/tlslens/tlslens/dissect/wire"

// A SRTPProfile is a code point of the IANA registry "DTLS-SRTP Protection
// Profiles".
type SRTPProfile uint16

// UseSRTP is the use_srtp extension (RFC 5764, Section 4.1.1). The server
// answers with the one profile it chose.
type UseSRTP struct {
	Profiles      List16[SRTPProfile]
	MKI           []byte
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *UseSRTP) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *UseSRTP) decode(r *wire.Reader) {
	*e = UseSRTP{}
	e.Profiles = codes16(r, 2, "srtp_protection_profiles")
	e.MKI = r.Vec8("srtp_mki")
	e.TrailingBytes = r.Trailing()
}
