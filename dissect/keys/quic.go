package keys

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Secret returns a traffic secret of the key log for package quic, which makes
// packet protection of it (RFC 9001, Section 5.1), and keeps it to verify
// Finished with. label is that of RFC 9850, for example
// "CLIENT_HANDSHAKE_TRAFFIC_SECRET"; clientRandom that of the ClientHello in the
// clear. Where that one seals another in encrypted_client_hello, the lines of
// the inner one's random may be those that count (RFC 9849, Section 7.2), so
// opens says of each secret whether it opens a packet, and the first that does
// is returned. The caller owns what opens is given and what is returned, and
// shows it to nobody. ok is false if the log has none that opens it.
func (s *Session) Secret(label string, clientRandom []byte, opens func(secret []byte) bool) (secret []byte, ok bool) {
	if s == nil || s.p == nil || len(clientRandom) != 32 {
		return nil, false
	}
	l, ok := labelNamed(label)
	if !ok {
		return nil, false
	}
	try := func(x *logLine) bool {
		if secret = bytes.Clone(x.secret); !opens(secret) {
			return false
		}
		s.took(l, x, clientRandom)
		return true
	}
	for _, random := range s.randoms(l == ClientEarly, clientRandom) {
		for _, x := range s.p.log.lines(random, l, 0) {
			if try(x) {
				return secret, true
			}
		}
	}
	f := &s.half[sideOf(l)]
	if !s.hs.ech || s.p.log.hasTraffic(clientRandom) || !f.mayGuess(s.p) {
		return nil, false
	}
	f.guesses++
	for _, x := range s.p.log.orphans(l, maxGuesses) {
		if !s.p.mayGuess() {
			break
		}
		if try(x) {
			return secret, true
		}
	}
	return nil, false
}

// labelNamed finds the label of TLS 1.3 traffic with a name.
func labelNamed(name string) (Label, bool) {
	for l := ClientEarly; l <= ServerTraffic; l++ {
		if l.String() == name {
			return l, true
		}
	}
	return 0, false
}

// sideOf returns whose traffic a label of TLS 1.3 is about.
func sideOf(l Label) flow.Side {
	if l == ServerHandshake || l == ServerTraffic {
		return flow.Server
	}
	return flow.Client
}

// took settles a secret that opened a packet of QUIC.
func (s *Session) took(l Label, x *logLine, outer []byte) {
	switch l {
	case ClientHandshake:
		s.half[flow.Client].hsSecret = x.secret
	case ServerHandshake:
		s.half[flow.Server].hsSecret = x.secret
	}
	s.found[l], s.from[FromLog] = true, true
	s.use(x)
	if !bytes.Equal(x.of.key, outer) {
		s.takeRandom(l, x)
	}
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
	if s == nil || s.p == nil || !s.hs.haveCH {
		return false
	}
	for _, random := range s.randoms(true, s.hs.clientRandom[:]) {
		if len(s.p.log.lines(random, ClientEarly, 0)) > 0 {
			return true
		}
	}
	return false
}
