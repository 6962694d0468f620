package conn

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// method12 words the key exchange of a suite up to TLS 1.2.
func method12(s iana.Suite) string {
	var m string
	switch s.Kx {
	case iana.KxNull, iana.KxTLS13, "":
		return ""
	case iana.KxPSK:
		m = "PSK"
	case iana.KxDHEPSK:
		m = "PSK with DHE"
	case iana.KxECDHEPSK:
		m = "PSK with ECDHE"
	case iana.KxRSAPSK:
		m = "PSK with RSA"
	case iana.KxDH:
		m = "static DH"
	case iana.KxECDH:
		m = "static ECDH"
	default:
		m = string(s.Kx)
	}
	if s.Auth == iana.AuthAnon {
		m = "anonymous " + m
	}
	return m
}

// serverKeyExchange reads the server's public value and its signature (RFC
// 5246, Section 7.4.3; RFC 8422, Section 5.4; RFC 4279).
func (b *Builder) serverKeyExchange(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.ServerKeyExchange
	err := m.Decode(body, b.context(side))
	n := len(body) + handshakeHeader
	says := b.serverValue(&m)
	if len(m.Hint) > 0 {
		says += ", hint " + printable(m.Hint)
	}
	if err == nil && len(m.Signature) > 0 {
		row := b.keStep(side, at, "ServerKeyExchange", "server_key_exchange", n, says)
		row.sig = b.keepServerSignature(&m)
		return nil
	}
	if b.kx.Auth == iana.AuthAnon {
		says += ", not signed: nobody proves to be the server"
	}
	b.keStep(side, at, "ServerKeyExchange", "server_key_exchange", n, says)
	return err
}

// serverValue notes the group and words the server's public value.
func (b *Builder) serverValue(m *tls.ServerKeyExchange) string {
	k := &b.c.KeyExchange
	switch {
	case len(m.DH.P) > 0:
		bits := bitLen(m.DH.P)
		k.Group, k.SecurityBits = fmt.Sprintf("dhe%d", bits), dhStrength(bits)
		if g, ok := namedPrime(m.DH.P, m.DH.G); ok {
			k.Group = g
		}
		k.PublicSizes[flow.Server] = len(m.DH.Y)
		b.c.Group = k.Group
		return fmt.Sprintf("%d-bit finite-field group, public value %d bytes", bits, len(m.DH.Y))
	case m.EC.Group != 0:
		k.Group, k.SecurityBits = m.EC.Group.String(), groupInfo(m.EC.Group).Bits
		k.PublicSizes[flow.Server] = len(m.EC.Point)
		b.c.Group = k.Group
		return fmt.Sprintf("%s public key, %d bytes", k.Group, len(m.EC.Point))
	case len(m.EC.Point) > 0:
		k.PublicSizes[flow.Server] = len(m.EC.Point)
		return fmt.Sprintf("public key of %d bytes on a curve given by explicit parameters", len(m.EC.Point))
	case len(m.RSA.Modulus) > 0:
		return fmt.Sprintf("a short-lived RSA key of %d bits (export rules)", bitLen(m.RSA.Modulus))
	case len(m.SRP.B) > 0:
		k.PublicSizes[flow.Server] = len(m.SRP.B)
		return fmt.Sprintf("SRP public value of %d bytes", len(m.SRP.B))
	}
	if b.c.Version == tls.VersionTLCP && len(m.Signature) > 0 {
		return "no parameters: covers the randoms and certificate " + b.encryptionKey()
	}
	return "parameters of the key exchange"
}

// encryptionKey names the certificate whose key secrets are encrypted to: TLCP has
// one of its own for it, the second (GB/T 38636, Section 6.4.5.3).
func (b *Builder) encryptionKey() string {
	if b.c.Version == tls.VersionTLCP && len(b.c.CertificateCheck.Server.Chain) != 1 {
		return "[1]"
	}
	return "[0]"
}

// keepServerSignature keeps what [Pending] needs to check the signature of a
// ServerKeyExchange.
func (b *Builder) keepServerSignature(m *tls.ServerKeyExchange) *signed {
	s := &signed{sig: append([]byte(nil), m.Signature...), scheme: m.Scheme, explicit: m.HasScheme, side: flow.Server}
	if c, sv := b.randoms[flow.Client], b.randoms[flow.Server]; len(c) == 32 && len(sv) == 32 {
		s.message = append(append(append(make([]byte, 0, 64+len(m.Params)), c...), sv...), m.Params...)
		b.coverEncryptionCertificate(s, m)
	} else {
		s.unable = "the randoms of both hellos are signed too, and one is not in the capture"
	}
	if b.pending.serverSig != nil {
		if b.holeSince {
			s.unable = "packets of this renegotiation are not in the capture"
		}
		if b.otherKey {
			s.unable = "the certificate of this renegotiation is another one"
		}
		if len(b.pending.later) < mostLater {
			b.pending.later = append(b.pending.later, s)
		}
		return s
	}
	b.c.KeyExchange.Server = &Signature{Scheme: s.name()}
	b.pending.serverSig = s
	return s
}

// coverEncryptionCertificate adds what the ServerKeyExchange of TLCP covers where
// it has no parameters: the certificate that secrets are encrypted to (GB/T 38636,
// Section 6.4.5.4).
func (b *Builder) coverEncryptionCertificate(s *signed, m *tls.ServerKeyExchange) {
	if b.c.Version != tls.VersionTLCP || len(m.Params) > 0 {
		return
	}
	chain := b.c.CertificateCheck.Server.Chain
	if len(chain) == 0 {
		s.unable = "the certificate that it covers is not in the capture"
		return
	}
	der := chain[min(1, len(chain)-1)].Raw
	s.message = append(append(s.message, byte(len(der)>>16), byte(len(der)>>8), byte(len(der))), der...)
}

// clientKeyExchange reads the client's part (RFC 5246, Section 7.4.7).
func (b *Builder) clientKeyExchange(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.ClientKeyExchange
	err := m.Decode(body, b.context(side))
	k := &b.c.KeyExchange
	var says string
	switch {
	case len(m.Encrypted) > 0:
		k.PublicSizes[flow.Client] = len(m.Encrypted)
		key := "RSA"
		if b.kx.Kx == iana.KxSM2 {
			key = "SM2"
		}
		says = fmt.Sprintf("premaster secret, %d bytes, encrypted to the %s key of %s", len(m.Encrypted), key, b.encryptionKey())
	case len(m.Public) > 0:
		k.PublicSizes[flow.Client] = len(m.Public)
		if k.Group != "" {
			says = fmt.Sprintf("%s public key, %d bytes", k.Group, len(m.Public))
		} else {
			says = fmt.Sprintf("public value, %d bytes", len(m.Public))
		}
	default:
		says = fmt.Sprintf("%d bytes", len(body))
	}
	if m.Identity != nil {
		if len(m.Encrypted)+len(m.Public) == 0 {
			says = "the pre-shared key"
		}
		says += " named " + printable(m.Identity)
	}
	if b.c.CertificateCheck.Client.Key() == nil {
		b.stopRecording() // no CertificateVerify will come
	}
	b.keStep(side, at, "ClientKeyExchange", "client_key_exchange", len(body)+handshakeHeader, says)
	b.certificatesShown()
	return err
}

// serverHelloDone ends the server's part of a full handshake up to TLS 1.2.
func (b *Builder) serverHelloDone(side flow.Side, n int, at flow.Mark) {
	says := "no client certificate asked for"
	if b.c.CertificateCheck.Requested {
		says = "a client certificate is asked for"
	} else {
		b.stopRecording() // no CertificateVerify will come
	}
	if b.seen[side][tls.TypeServerKeyExchange] == 0 {
		b.ccStep(side, at, "ServerHelloDone", "server_hello_done", n, "nothing more to show; "+says)
	} else {
		b.keStep(side, at, "ServerHelloDone", "server_hello_done", n, says)
	}
	b.c.CertificateCheck.reach(at)
	if id := b.c.Selected; id != nil && len(id.SessionID) > 0 {
		b.opt.Sessions.put(kindSessionID, id.SessionID, b.c.Number)
	}
}

// newSessionTicket takes a ticket in the clear (RFC 5077, Section 3.3) or, in
// TLS 1.3, an opened one (RFC 9846, Section 4.6.1).
func (b *Builder) newSessionTicket(side flow.Side, lv Level, body []byte, at flow.Mark) error {
	var m tls.NewSessionTicket
	err := m.Decode(body, b.context(side))
	if b.c.Version.IsTLS13() {
		b.ticket13(&m, side)
		return err
	}
	b.opt.Sessions.put(kindTicket, m.Ticket, b.c.Number)
	b.keStep(side, at, "NewSessionTicket", "new_session_ticket", len(body)+handshakeHeader,
		fmt.Sprintf("%d-byte ticket, %s", len(m.Ticket), validFor(m.Lifetime))).
		fact("lifetime_seconds", int(m.Lifetime), "RFC 5077, Section 3.3")
	return err
}

// beginSealing adds the rows of ChangeCipherSpec and of the Finished that
// follows it, up to TLS 1.2. The Finished is filled in when it is seen.
func (b *Builder) beginSealing(side flow.Side, at flow.Mark) {
	if side == flow.Server {
		b.resume12(at)
	}
	b.certificatesShown()
	does := " seals everything from here on"
	if b.kx.Mode == iana.ModeNull {
		does = " adds a MAC from here on and seals nothing: the cipher is NULL"
	}
	b.keStep(side, at, "ChangeCipherSpec", "change_cipher_spec", 1, side.String()+does)
}

// sealedFinished takes the first sealed handshake record behind
// ChangeCipherSpec: it is Finished (RFC 5246, Section 7.4.9).
func (b *Builder) sealedFinished(side flow.Side, n int, at flow.Mark) {
	b.finish(side, n, "sealed", at)
}

// clearFinished takes a Finished that could be read: the cipher is NULL.
func (b *Builder) clearFinished(side flow.Side, n int, at flow.Mark) {
	if b.finished[side].Seen() {
		return
	}
	b.finish(side, n, "readable, because the cipher is NULL", at)
}

func (b *Builder) finish(side flow.Side, n int, how string, at flow.Mark) {
	b.finished[side] = at
	b.c.KeyExchange.Finished[side] = true
	says := how + "; to prove that " + b.who(side) + " saw the same handshake"
	if b.finished[side.Other()].Seen() {
		says = how + "; the handshake is complete"
	}
	b.keStep(side, at, "Finished", "finished", n, says)
	if b.finished[side.Other()].Seen() {
		b.c.KeyExchange.State = Done
		b.phaseEnded(KeyExchangePhase)
	}
}

// certificatesShown ends phase 1 of a handshake up to TLS 1.2.
func (b *Builder) certificatesShown() {
	p := &b.c.CertificateCheck.Phase
	if p.State == Running && b.chosen {
		p.State = Done
	}
	b.phaseEnded(CertificateCheckPhase)
}

// bitLen returns the size in bits of a big-endian number.
func bitLen(b []byte) int {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	n := 8 * len(b)
	for c := b[0]; c < 0x80; c <<= 1 {
		n--
	}
	return n
}

// dhStrength is the strength of a finite-field group by its size (NIST SP
// 800-57 Part 1 Rev. 5, Table 2).
func dhStrength(bits int) int {
	switch {
	case bits >= 15360:
		return 256
	case bits >= 7680:
		return 192
	case bits >= 3072:
		return 128
	case bits >= 2048:
		return 112
	case bits >= 1024:
		return 80
	case bits >= 768:
		return 66
	case bits >= 512:
		return 56
	case bits > 0:
		return 40
	}
	return 0
}
