package keys

import "bytes"

// Secret returns a traffic secret of the key log for package quic, which makes
// packet protection of it (RFC 9001, Section 5.1). label is that of RFC 9850,
// for example "CLIENT_HANDSHAKE_TRAFFIC_SECRET". The caller owns the result and
// shows it to nobody. ok is false if the log has none.
func (p *Provider) Secret(label string, clientRandom []byte) (secret []byte, ok bool) {
	if p == nil || len(clientRandom) != 32 {
		return nil, false
	}
	for l := range labels {
		if Label(l).String() != label {
			continue
		}
		for _, line := range p.log.lines(clientRandom, Label(l), 0) {
			p.log.claim(clientRandom)
			p.log.use(line)
			return bytes.Clone(line.secret), true
		}
	}
	return nil, false
}
