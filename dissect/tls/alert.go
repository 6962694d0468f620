package tls

import "github.com/tlslens/tlslens/dissect/wire"

// An AlertLevel is a code point of the IANA registry "TLS Alert Levels".
type AlertLevel uint8

// Alert levels (RFC 5246, Section 7.2). In TLS 1.3 the description alone
// decides (RFC 8446, Section 6).
const (
	AlertWarning AlertLevel = 1
	AlertFatal   AlertLevel = 2
)

// An AlertDescription is a code point of the IANA registry "TLS Alerts".
type AlertDescription uint8

// Alerts that say how a connection ended.
const (
	AlertCloseNotify     AlertDescription = 0
	AlertUserCanceled    AlertDescription = 90
	AlertNoRenegotiation AlertDescription = 100
)

// An Alert is the content of an alert record (RFC 8446, Section 6; RFC 5246,
// Section 7.2).
type Alert struct {
	Level         AlertLevel
	Description   AlertDescription
	TrailingBytes int // a record may hold more than one alert
}

// Decode reads the content of an alert record.
func (m *Alert) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *Alert) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *Alert) decode(r *wire.Reader) {
	*m = Alert{}
	m.Level = AlertLevel(r.Uint8("level"))
	m.Description = AlertDescription(r.Uint8("description"))
	m.TrailingBytes = r.Trailing()
}
