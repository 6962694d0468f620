package keys

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Secret returns a traffic secret of the key log for package quic, which makes
// packet protection of it (RFC 9001, Section 5.1), and keeps it to verify
// Finished with. label is that of RFC 9850, for example
// "CLIENT_HANDSHAKE_TRAFFIC_SECRET". The caller owns the result and shows it to
// nobody. ok is false if the log has none.
func (s *Session) Secret(label string, clientRandom []byte) (secret []byte, ok bool) {
	if s == nil || s.p == nil || len(clientRandom) != 32 {
		return nil, false
	}
	for l := range Label(labels) {
		if l.String() != label {
			continue
		}
		for _, line := range s.p.log.lines(clientRandom, l, 0) {
			switch l {
			case ClientHandshake:
				s.half[flow.Client].hsSecret = line.secret
			case ServerHandshake:
				s.half[flow.Server].hsSecret = line.secret
			}
			s.found[l], s.from[FromLog] = true, true
			s.p.log.use(line, s.claim())
			return bytes.Clone(line.secret), true
		}
	}
	return nil, false
}

// WhyNotQUIC says why no packet of a connection over QUIC could be opened, a
// sentence without a full stop.
func (s *Session) WhyNotQUIC() string {
	_, why := s.diagnose(flow.Server)
	return why
}

// HasEarly reports whether the key log has the secret of the connection's early
// data.
func (s *Session) HasEarly() bool {
	return s != nil && s.p != nil && s.hs.haveCH && len(s.p.log.lines(s.hs.clientRandom[:], ClientEarly, 0)) > 0
}
