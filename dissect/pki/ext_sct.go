package pki

import (
	"math"
	"time"

	"github.com/tlslens/tlslens/dissect/wire"
)

// An SCT is a signed certificate timestamp (RFC 6962 section 3.2): a log's
// promise to publish the certificate.
type SCT struct {
	Version uint8 // 0 is v1
	LogID   [32]byte
	// Time is when the log saw the certificate, in UTC with milliseconds; zero
	// if the number is beyond what a date can say.
	Time   time.Time
	Scheme uint16 // the SignatureAndHashAlgorithm of the log's signature
}

// ParseSCTs reads a SignedCertificateTimestampList (RFC 6962 section 3.3), as
// the TLS extension, an OCSP response and a certificate hold it. It returns
// the SCTs before the first fault; ok is false if there was one. Nothing
// returned aliases b.
func ParseSCTs(b []byte) (scts []SCT, ok bool) {
	r := wire.NewReader(b)
	list := r.Sub16("sct_list")
	for !list.Failed() && list.Len() > 0 {
		one := list.Sub16("sct_list.sct")
		s := SCT{Version: one.Uint8("sct_version")}
		copy(s.LogID[:], one.Bytes(32, "log_id"))
		if ms := one.Uint64("timestamp"); ms <= math.MaxInt64/1000 {
			if t := time.UnixMilli(int64(ms)).UTC(); t.Year() <= 9999 {
				s.Time = t
			}
		}
		one.Vec16("extensions")
		s.Scheme = one.Uint16("signature_algorithm")
		one.Vec16("signature")
		if one.Failed() {
			return scts, false
		}
		scts = append(scts, s)
	}
	return scts, !list.Failed() && !r.Failed() && r.Len() == 0
}
