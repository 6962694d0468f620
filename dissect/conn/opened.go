package conn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// Keys gives the Builder what verifies and opens this connection. It is called
// before the first message; without it nothing of what is sealed is known.
func (b *Builder) Keys(s *keys.Session) {
	b.keys = s
	s.Belongs(b.c.Number, b.c.First.Time)
	if b.opt.Detail >= Fields {
		s.Keep()
	}
}

// A Listener is told the plaintext of a connection as it is opened. The bytes
// are valid during the call only.
type Listener func(c *Conn, side flow.Side, b []byte, at flow.Mark)

// Opened implements [Input].
func (b *Builder) Opened(side flow.Side, o Opened, at flow.Mark) {
	b.order++
	b.level = o.Level
	t := &b.c.Tunnel.Sides[side]
	if o.Wire == tls.ContentApplicationData {
		t.RecordsSent++
		t.BytesSent += int64(o.Bytes)
	}
	if o.Type == tls.ContentApplicationData {
		t.Records++
		t.Bytes += int64(o.Bytes)
		t.PlaintextBytes = max(0, t.PlaintextBytes) + int64(o.Plain)
		t.MaxPlaintext, t.Exact = t.MaxPlaintext+int64(o.Plain), true
	}
	if o.Level == Early {
		if o.Type == tls.ContentApplicationData { // EndOfEarlyData is none
			b.early.records++
			b.early.bytes += int64(o.Bytes)
		}
		return
	}
	tunnel := b.finished[side].Seen()
	if b.c.Version.IsTLS13() {
		tunnel = o.Level == Application
		b.sealed[side].told = b.sealed[side].told || tunnel
	}
	if !tunnel {
		return
	}
	t.opened++
	t.padding += int64(o.Padding)
	t.lastAlert = o.Type == tls.ContentAlert
	t.PlaintextBytes = max(0, t.PlaintextBytes)
	b.move(side, o.Bytes, at)
}

// Plaintext implements [Input].
func (b *Builder) Plaintext(side flow.Side, p []byte, at flow.Mark) {
	b.talk.Data(side, p)
	if b.opt.Plaintext != nil {
		b.opt.Plaintext(b.c, side, p, at)
	}
}

// openedFinished takes a Finished that was opened, and says whether it is
// right (RFC 9846, Section 4.4.4; RFC 5246, Section 7.4.9).
func (b *Builder) openedFinished(side flow.Side, n int, at flow.Mark) {
	ok, known := b.keys.VerifyFinished(side)
	says := "verify_data not checked: " + b.notHashed()
	if known {
		b.c.KeyExchange.FinishedOK[side] = TristateOf(ok)
		says = "verify_data ok"
		if !ok {
			says = "verify_data WRONG: the sides did not see the same handshake"
		}
	}
	if b.finished[side].Seen() {
		if !b.c.Version.IsTLS13() {
			b.holeSince = false
			b.keStep(side, at, "Finished", "finished", n, says+"; the new handshake").factIf(known, "verify_data_ok", ok, "RFC 5246, Section 7.4.9")
		} else {
			t := &b.c.Tunnel.Sides[side]
			t.told = append(t.told, "authentication after the handshake: "+says)
		}
		return
	}
	if b.c.Version.IsTLS13() && side == flow.Client {
		says += "; application keys from here on"
	}
	b.openedPremaster()
	b.finished[side] = at
	b.c.KeyExchange.Finished[side] = true
	b.keStep(side, at, "Finished", "finished", n, says).factIf(known, "verify_data_ok", ok, "RFC 9846, Section 4.4.4")
	b.sealed[side].told = true
	if !b.finished[side.Other()].Seen() {
		return
	}
	b.c.KeyExchange.State = Done
	b.certificatesShown()
	b.c.CertificateCheck.AfterKeys = b.c.Version.IsTLS13() && b.c.Resumption == nil
	b.phaseEnded(KeyExchangePhase)
}

// notHashed says why the transcript of the handshake is not known.
func (b *Builder) notHashed() string {
	if b.keys.InnerHello() {
		return "it begins with the ClientHello that encrypted_client_hello seals, which did not open"
	}
	return "not all of the handshake is in the capture"
}

// openedPremaster says at ClientKeyExchange that a private key opened it.
func (b *Builder) openedPremaster() {
	if b.kx.Kx != iana.KxRSA && b.kx.Kx != iana.KxRSAPSK {
		return
	}
	const says = "opened with the private key that was given"
	steps := b.c.KeyExchange.Steps
	for i := range steps {
		if x := &steps[i]; x.Name == "client_key_exchange" && !slices.Contains(x.Says, says) &&
			slices.Contains(b.keys.Status().Sources, keys.FromPrivateKey) {
			x.Says = append(x.Says, says)
		}
	}
}

// covered adds to a message of the verbose report what it covers.
func (b *Builder) covered(m Message) Message {
	if b.opt.Detail < Fields || m.Type != tls.TypeFinished && m.Type != tls.TypeCertificateVerify {
		return m
	}
	m.Covers, _ = b.keys.Covered(m.Side)
	if m.Type == tls.TypeCertificateVerify && b.c.Version.IsTLS13() && m.Covers.Messages != nil {
		signed, _ := b.keys.CertificateVerifyInput(m.Side)
		m.Signed = slices.Clone(signed)
	}
	return m
}

// ticket13 takes a ticket of TLS 1.3, which belongs to the tunnel.
func (b *Builder) ticket13(m *tls.NewSessionTicket, side flow.Side) {
	t := &b.c.Tunnel.Sides[side]
	t.tickets++
	t.lifetime = m.Lifetime
	b.opt.Sessions.put(kindTicket, m.Ticket, b.c.Number)
}

// postHandshake takes the messages of TLS 1.3 that come behind the handshake
// (RFC 9846, Section 4.6). It reports whether t is one.
func (b *Builder) postHandshake(side flow.Side, lv Level, t tls.HandshakeType) bool {
	if !b.c.Version.IsTLS13() || lv != Application {
		return false
	}
	tr := &b.c.Tunnel.Sides[side]
	switch t {
	case tls.TypeKeyUpdate:
		tr.updates++
		return true
	case tls.TypeCertificateRequest:
		b.c.CertificateCheck.Requested = true
		tr.told = append(tr.told, "CertificateRequest: authentication after the handshake")
		return true
	}
	return false
}

// openedSays words what an opened side of the tunnel said.
func (b *Builder) openedSays(side flow.Side) []string {
	t := &b.c.Tunnel.Sides[side]
	var parts []string
	if t.tickets > 0 {
		s := count(t.tickets, "NewSessionTicket")
		if t.tickets > 1 {
			s = fmt.Sprintf("%d NewSessionTicket", t.tickets)
		}
		parts = append(parts, s+" ("+strings.TrimPrefix(validFor(t.lifetime), "valid ")+")")
	}
	parts = append(parts, t.told...)
	told, more := b.talk.Says(side)
	parts = append(parts, told...)
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	if len(told) == 0 && t.PlaintextBytes > 0 {
		parts = append(parts, "data")
	}
	if says := t.acksSay(); says != "" {
		parts = append(parts, says)
	}
	if t.updates > 0 {
		parts = append(parts, count(t.updates, "KeyUpdate"))
	}
	if t.lastAlert {
		parts = append(parts, b.lastAlertOf(side))
	}
	s := strings.Join(parts, ", ")
	if t.padding > 0 && b.c.Version.IsTLS13() {
		s += fmt.Sprintf("; %d bytes of padding", t.padding)
	}
	if closed := t.TunnelRecords - t.opened; closed > 0 {
		s += fmt.Sprintf("; %s not opened", count(int(closed), "record"))
	}
	return []string{strings.TrimPrefix(s, "; ")}
}

// lastAlertOf names the last alert of a side.
func (b *Builder) lastAlertOf(side flow.Side) string {
	for i := len(b.c.Alerts) - 1; i >= 0; i-- {
		if a := b.c.Alerts[i]; a.Side == side && !a.Encrypted {
			return a.Description.String()
		}
	}
	return "an alert"
}

// endKeys says whether the connection was opened and, if not, why.
func (b *Builder) endKeys() {
	if b.keys == nil {
		return
	}
	st := b.keys.Status()
	opened := st.Side[0].Opened + st.Side[1].Opened
	sealed := st.Side[0].Sealed + st.Side[1].Sealed
	d := &b.c.Decryption
	switch {
	case sealed == 0 || st.Cause == keys.NoKeysGiven:
		return
	case opened == sealed:
		d.Status = "full"
	case opened > 0:
		d.Status = "partial"
	default:
		d.Status = "none"
	}
	d.Why = st.Why
	if d.Status == "full" {
		var from []string
		for _, s := range st.Sources {
			from = append(from, s.String())
		}
		d.Why = "opened with " + strings.Join(from, ", ")
		return
	}
	if st.Cause != keys.AllOpen {
		d.Cause = st.Cause.String()
	}
	if len(st.Missing) > 0 && (st.Cause == keys.NoLine || d.Status == "partial") {
		var names []string
		for _, l := range st.Missing {
			names = append(names, l.String())
		}
		d.Why += "; missing: " + strings.Join(names, ", ")
	}
}

// keyNotes says, where keys were given, why they did not open everything.
func (b *Builder) keyNotes() {
	b.innerNotes()
	switch d := &b.c.Decryption; d.Status {
	case "none":
		b.c.Tunnel.Notes = append(b.c.Tunnel.Notes, "Not opened: "+d.Why+".")
	case "partial":
		b.c.Tunnel.Notes = append(b.c.Tunnel.Notes, "Not all of it was opened: "+d.Why+".")
	}
}
