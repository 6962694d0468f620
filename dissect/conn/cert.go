package conn

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// mostCertificates bounds how many certificates of one message are parsed.
const mostCertificates = 100

// certificate reads a Certificate message of either side (RFC 9846, Section
// 4.4.2; RFC 5246, Section 7.4.2).
func (b *Builder) certificate(side flow.Side, lv Level, body []byte, at flow.Mark) error {
	var m tls.Certificate
	err := m.Decode(body, b.context(side))
	b.takeCertificates(side, &m, "Certificate", len(body)+handshakeHeader, at)
	return err
}

// compressedCertificate reads a CompressedCertificate (RFC 8879, Section 4).
func (b *Builder) compressedCertificate(side flow.Side, lv Level, body []byte, at flow.Mark) error {
	var z tls.CompressedCertificate
	if err := z.Decode(body); err != nil {
		return err
	}
	n := len(body) + handshakeHeader
	plain, err := z.Decompress(b.opt.HandshakeSize)
	if err != nil {
		b.ccStep(side, at, "CompressedCertificate", "compressed_certificate", n, fmt.Sprintf("%s: %v", z.Algorithm, err))
		return err
	}
	var m tls.Certificate
	err = m.Decode(plain, b.context(side))
	b.takeCertificates(side, &m, "CompressedCertificate", n, at, fmt.Sprintf("%s, %d bytes unpacked to %d", z.Algorithm, len(z.Data), len(plain)))
	return err
}

// takeCertificates keeps a chain and adds its row.
func (b *Builder) takeCertificates(side flow.Side, m *tls.Certificate, message string, n int, at flow.Mark, says ...string) {
	cs := &b.c.CertificateCheck.Server
	if side == flow.Client {
		cs = &b.c.CertificateCheck.Client
	}
	if cs.At.Seen() {
		for e := range m.All() {
			b.otherKey = b.otherKey || side == flow.Server && (len(cs.Chain) == 0 || !bytes.Equal(cs.Chain[0].Raw, e.Data))
			break
		}
		says := "again, in a renegotiation"
		if b.c.Version.IsTLS13() {
			says = "again, as the server asked for behind the handshake"
		}
		b.ccStep(side, at, message, "certificate", n, says)
		return
	}
	cs.At = at
	if raw := b.rawKeyOf(m); raw != nil {
		b.takeRawKey(side, cs, raw, message, n, at, says...)
		return
	}
	total := 0
	for e := range m.All() {
		total++
		if total > mostCertificates {
			continue
		}
		cs.Chain = append(cs.Chain, b.opt.Parse.Parse(e.Data))
		if staple, ok := stapleOf(e); ok && side == flow.Server && total == 1 {
			b.pending.staple = append([]byte(nil), staple...)
		}
	}
	if total > mostCertificates {
		b.Note(side, fmt.Sprintf("%d certificates in one message; the first %d were read", total, mostCertificates), at)
	}
	if total == 0 {
		what := "no certificate"
		if side == flow.Client {
			what = "the client has no certificate to show"
		}
		b.ccStep(side, at, message, "certificate", n, append(says, what)...)
		return
	}
	says = append(says, count(total, "certificate"))
	for i, c := range cs.Chain {
		if i == 5 && len(cs.Chain) > 6 {
			says = append(says, fmt.Sprintf("[%d] to [%d] …", i, total-1))
			break
		}
		says = append(says, certificateLine(i, c)+b.roleOf(i))
	}
	b.ccStep(side, at, message, "certificate", n, says...).
		fact("certificates", total, "RFC 5246, Section 7.4.2")
}

// roleOf says what a certificate of TLCP is for: it has two of the end entity
// before those of its issuers (GB/T 38636, Section 6.4.5.3).
func (b *Builder) roleOf(i int) string {
	if b.c.Version != tls.VersionTLCP || i > 1 {
		return ""
	}
	return [2]string{", to sign with", ", to encrypt to"}[i]
}

// stapleOf returns the OCSP response that an entry of TLS 1.3 carries (RFC 9846,
// Section 4.4.2.1).
func stapleOf(e tls.CertificateEntry) ([]byte, bool) {
	data, ok := e.Extensions.Get(tls.ExtStatusRequest)
	if !ok {
		return nil, false
	}
	var s tls.CertificateStatus
	if s.Decode(data) != nil {
		return nil, false
	}
	return s.Response, true
}

// certificateLine names a certificate in a row: "[0] CN=www.example.test, RSA
// 2048".
func certificateLine(i int, c *pki.Certificate) string {
	s := fmt.Sprintf("[%d] %s", i, cut(c.ShortSubject(), 60))
	if c.SelfIssued {
		return s + ", self-signed"
	}
	if k := c.Key.String(); k != "" {
		s += ", " + k
	}
	return s
}

// certificateStatus reads a stapled OCSP response (RFC 6066, Section 8).
func (b *Builder) certificateStatus(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.CertificateStatus
	err := m.Decode(body)
	r := m.Response
	for first := range m.Responses.All() {
		r = first
		break
	}
	b.pending.staple = append([]byte(nil), r...)
	b.ccStep(side, at, "CertificateStatus", "certificate_status", len(body)+handshakeHeader, fmt.Sprintf("OCSP response of %d bytes, stapled", len(r)))
	return err
}

// certificateRequest notes that the server wants to see a client certificate
// (RFC 9846, Section 4.3.2; RFC 5246, Section 7.4.4).
func (b *Builder) certificateRequest(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.CertificateRequest
	err := m.Decode(body, b.context(side))
	b.c.CertificateCheck.Requested = true
	says := "asks for a client certificate"
	if n := m.Authorities.Len(); n > 0 {
		says += " from " + count(n, "named CA")
	}
	b.ccStep(side, at, "CertificateRequest", "certificate_request", len(body)+handshakeHeader, says)
	return err
}

// certificateVerify takes a CertificateVerify: in TLS 1.3 of either side, up to
// TLS 1.2 of the client, whose signature over the handshake so far is checked
// later.
func (b *Builder) certificateVerify(side flow.Side, lv Level, body []byte, at flow.Mark) error {
	var m tls.CertificateVerify
	err := m.Decode(body, b.context(side))
	n := len(body) + handshakeHeader
	row := b.ccStep(side, at, "CertificateVerify", "certificate_verify", n, "")
	if b.c.Version.IsTLS13() {
		b.certificateVerify13(side, &m, row)
		return err
	}
	s := &signed{sig: append([]byte(nil), m.Signature...), scheme: m.Scheme, explicit: m.HasScheme, side: side}
	row.sig = s
	switch {
	case !b.recording || b.c.Offered == nil || b.lossy(flow.Client) || b.lossy(flow.Server) || b.seen[flow.Server][tls.TypeServerHelloDone] == 0:
		s.unable = "not all of the handshake is in the capture"
	case b.c.Version == tls.VersionSSL3:
		s.unable = "in SSL 3.0 the master secret is part of what is signed"
	case b.c.Version == tls.VersionTLCP: // its hash is what is signed (GB/T 38636, Section 6.4.5.8)
		s.message = pki.SM3(b.transcript)
	default:
		s.message = b.transcript
		b.transcript = nil
	}
	b.stopRecording()
	b.pending.clientSig = s
	b.c.KeyExchange.Client = &Signature{Scheme: s.name()}
	return err
}

// certificateVerify13 keeps a CertificateVerify of TLS 1.3, which was opened,
// to be checked over the transcript (RFC 9846, Section 4.4.3).
func (b *Builder) certificateVerify13(side flow.Side, m *tls.CertificateVerify, row *Step) {
	s := &signed{sig: append([]byte(nil), m.Signature...), scheme: m.Scheme, explicit: true, side: side, phase13: true}
	if input, ok := b.keys.CertificateVerifyInput(side); ok {
		s.message = append([]byte(nil), input...)
	} else {
		s.unable = b.notHashed()
	}
	row.sig = s
	if sig := (&Signature{Scheme: s.name()}); side == flow.Server {
		b.pending.serverSig, b.c.KeyExchange.Server = s, sig
	} else {
		if old := b.pending.clientSig; old != nil && len(b.pending.later) < mostLater {
			b.pending.later = append(b.pending.later, old)
		}
		b.pending.clientSig, b.c.KeyExchange.Client = s, sig
	}
}

// context is what the decoders must know of the connection.
func (b *Builder) context(side flow.Side) tls.Context {
	return tls.Context{Version: b.c.Version, Suite: b.c.Suite, RawPublicKey: b.rawKey[side]}
}
