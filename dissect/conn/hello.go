package conn

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/fingerprint"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// clientHello reads a ClientHello: the first, the one after a
// HelloRetryRequest, or one of a renegotiation.
func (b *Builder) clientHello(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.ClientHello
	err := m.Decode(body)
	n := len(body) + handshakeHeader
	if side == flow.Server {
		b.Note(side, "a ClientHello from the side taken for the server", at)
	}
	b.lastCH, b.oddCH = at, err != nil
	if b.c.Offered != nil && !b.beginsAgain() {
		b.anotherHello(&m, n, at)
		return err
	}
	b.firstHello(&m, n, at)
	return err
}

// firstHello takes what the first ClientHello offers.
func (b *Builder) firstHello(m *tls.ClientHello, n int, at flow.Mark) {
	o := &Offered{RecordVersion: b.version0[flow.Client], LegacyVersion: m.LegacyVersion,
		Random: bytes.Clone(m.Random), SessionID: bytes.Clone(m.SessionID)}
	b.c.Offered = o
	b.randoms[flow.Client] = o.Random
	o.CipherSuites = slices.Collect(m.CipherSuites.All())
	o.CompressionMethods = slices.Collect(m.Compressions.All())
	versions, _ := m.SupportedVersions()
	if o.Versions = slices.Collect(versions.All()); len(o.Versions) == 0 {
		o.Versions = []tls.Version{m.LegacyVersion}
	}
	b.takeExtensions(o, m)
	if name, ok := m.ServerName(); ok {
		b.c.ServerName = string(name)
	}
	b.offered = resumableOf(m)
	if b.offered.early {
		b.c.EarlyData = "offered"
	}
	b.c.Fingerprints.JA3 = fingerprint.JA3(m)
	b.c.Fingerprints.JA4, b.c.Fingerprints.JA4R = fingerprint.JA4(m, b.c.Carrier)
	b.oddHello(m, at)
	b.clientHelloSteps(m, n, at)
	b.quicParameters(flow.Client, &m.Extensions)
	b.phaseBegins(at)
}

// takeExtensions copies the lists of the extensions that a report shows.
func (b *Builder) takeExtensions(o *Offered, m *tls.ClientHello) {
	o.Extensions = make([]tls.ExtensionType, 0, 16)
	for e := range m.Extensions.All() {
		o.Extensions = append(o.Extensions, e.Type)
	}
	groups, _ := m.Groups()
	o.Groups = slices.Collect(groups.All())
	shares, _ := m.KeyShares()
	b.shareSizes = map[tls.NamedGroup]int{}
	for ks := range shares.All() {
		o.KeyShares = append(o.KeyShares, ks.Group)
		b.shareSizes[ks.Group] = len(ks.Data)
	}
	schemes, _ := m.SignatureSchemes()
	o.SignatureSchemes = slices.Collect(schemes.All())
	alpn, _ := m.ALPN()
	for p := range alpn.All() {
		o.ALPN = append(o.ALPN, string(p))
	}
}

// oddHello notes what a ClientHello should not contain.
func (b *Builder) oddHello(m *tls.ClientHello, at flow.Mark) {
	if d := slices.Collect(m.Extensions.Duplicates()); len(d) > 0 {
		b.Note(flow.Client, "ClientHello has an extension twice: "+few(d, 4, ""), at)
	}
	if m.TrailingBytes > 0 {
		b.Note(flow.Client, fmt.Sprintf("%d bytes behind the end of ClientHello", m.TrailingBytes), at)
	}
	if m.CipherSuites.Len() == 0 {
		b.Note(flow.Client, "ClientHello offers no cipher suite", at)
	}
	if m.CipherSuites.Odd() {
		b.Note(flow.Client, "malformed ClientHello: the cipher suite list has an odd length", at)
	}
	for e := range m.Extensions.All() {
		if err := e.Check(tls.TypeClientHello); err != nil {
			b.Note(flow.Client, fmt.Sprintf("malformed extension %s: %v", e.Type, err), at)
		}
	}
	if name, ok := m.ServerName(); ok && len(name) == 0 {
		b.Note(flow.Client, "the server name is there but empty", at)
	}
}

// asksFor words the server name of a ClientHello.
func (b *Builder) asksFor(m *tls.ClientHello) string {
	name, ok := m.ServerName()
	var s string
	switch {
	case !ok:
		s = "names no server (no SNI)"
	case len(name) == 0:
		s = "names an empty server name (SNI)"
	default:
		s = "asks for " + cut(string(name), 80) + " (SNI)"
	}
	if srtp := srtpSays(m.Extensions, false); srtp != "" {
		s += ", " + srtp
	}
	return s
}

// sealedName words where another server name may be.
func sealedName(m *tls.ClientHello) (s string) {
	if m.Extensions.Has(tls.ExtEncryptedClientHello) {
		s = maybeECH
	}
	if m.Extensions.Has(tls.ExtEncryptedServerName) {
		s += "; encrypted_server_name (a draft before ECH): the real name is sealed in it"
	}
	return s
}

// clientHelloSteps adds the rows of the first ClientHello.
func (b *Builder) clientHelloSteps(m *tls.ClientHello, n int, at flow.Mark) {
	o := b.c.Offered
	asks := b.asksFor(m)
	if len(o.KeyShares) == 0 {
		says := asks + ", offers " + b.offers()
		if len(o.ALPN) > 0 {
			says += ", ALPN " + strings.Join(cutAll(o.ALPN), " ")
		}
		b.ccStep(flow.Client, at, "ClientHello", "client_hello", n, says+sealedName(m)).
			fact("server_name", b.c.ServerName, "RFC 6066, Section 3")
		return
	}
	if len(o.ALPN) > 0 {
		asks += ", ALPN " + strings.Join(cutAll(o.ALPN), " ")
	}
	b.ccStep(flow.Client, at, "ClientHello", "client_hello", n, asks+sealedName(m)).
		fact("server_name", b.c.ServerName, "RFC 6066, Section 3")
	says := "key share " + few(noGrease(o.KeyShares), 3, "share") + "; offers " + b.offers() + ", " + count(len(noGrease(o.Groups)), "group") + "; " + b.offered.says()
	b.keStep(flow.Client, at, "ClientHello", "client_hello", n, says).
		fact("key_shares", strs(o.KeyShares), "RFC 9846, Section 4.2.8")
}

// offers words the versions and the number of suites of the ClientHello.
func (b *Builder) offers() string {
	o := b.c.Offered
	var vs []tls.Version
	for _, v := range o.Versions {
		if _, draft := v.Draft(); v.IsGREASE() || b.isDTLS() && !v.IsDTLS() && !draft { // NSS also lists TLS 1.2
			continue
		}
		vs = append(vs, v)
	}
	s := "no version"
	switch {
	case len(vs) == 1:
		s = vs[0].String()
	case len(vs) > 1:
		s = vs[len(vs)-1].String() + " to " + strings.TrimPrefix(strings.TrimPrefix(vs[0].String(), "D"), "TLS ")
	}
	suites := 0
	for _, c := range o.CipherSuites {
		if !c.IsGREASE() && !isSignal(c) {
			suites++
		}
	}
	return s + ", " + count(suites, "cipher suite")
}

// anotherHello takes a ClientHello that is not the first.
func (b *Builder) anotherHello(m *tls.ClientHello, n int, at flow.Mark) {
	o := b.c.Offered
	switch {
	case b.c.HelloRetryRequest && !b.chosen:
		o2 := &Offered{}
		b.takeExtensions(o2, m)
		if name, ok := m.ServerName(); ok && b.c.ServerName == "" {
			b.c.ServerName = string(name)
		}
		if r := resumableOf(m); len(r.identities) > 0 {
			b.offered = r
		}
		if b.c.EarlyData == "offered" {
			b.c.EarlyData = "rejected"
		}
		b.keStep(flow.Client, at, "ClientHello", "client_hello", n, "again, as asked: key share "+few(noGrease(o2.KeyShares), 3, "share"))
	case b.bringsCookie(m):
		b.cookieHello(m, n, at)
	case b.finished[flow.Client].Seen() || b.finished[flow.Server].Seen():
		b.randoms[flow.Client] = bytes.Clone(m.Random)
		b.keStep(flow.Client, at, "ClientHello", "client_hello", n, "renegotiation: a new handshake inside the connection")
	case bytes.Equal(o.Random, m.Random):
		b.Note(flow.Client, "the same ClientHello again", at)
	default:
		b.Note(flow.Client, "a second ClientHello in the clear, though no HelloRetryRequest asked for it", at)
		b.keStep(flow.Client, at, "ClientHello", "client_hello", n, "a second one that nobody asked for")
	}
}

// sslv2Hello takes a ClientHello in the format of SSL 2.0.
func (b *Builder) sslv2Hello(m *tls.SSL2Hello, n int, at flow.Mark) {
	if b.c.Offered != nil {
		return
	}
	random := make([]byte, 32) // RFC 5246, Appendix E.2: the challenge, right-justified
	copy(random[max(0, 32-len(m.Challenge)):], m.Challenge)
	o := &Offered{LegacyVersion: m.Version, Versions: []tls.Version{m.Version}, SessionID: bytes.Clone(m.SessionID), SSLv2Format: true}
	for i := range m.CipherSpecs.Len() {
		o.CipherSpecs = append(o.CipherSpecs, m.CipherSpecs.At(i))
		if s, ok := m.CipherSpecs.At(i).Suite(); ok {
			o.CipherSuites = append(o.CipherSuites, s)
		}
	}
	b.c.Offered = o
	b.randoms[flow.Client] = random
	b.ccStep(flow.Client, at, "ClientHello", "client_hello", n, "in the format of SSL 2.0, which cannot name a server; offers up to "+m.Version.String()+", "+count(len(o.CipherSpecs), "cipher"))
	b.phaseBegins(at)
}

// partial reads what is there of a message whose rest is missing.
func (b *Builder) partial(side flow.Side, t tls.HandshakeType, body []byte, need int, at flow.Mark) {
	says := fmt.Sprintf("incomplete: %d of %d bytes are in the capture", len(body)+handshakeHeader, need)
	switch t {
	case tls.TypeClientHello:
		var m tls.ClientHello
		_ = m.Decode(body) // keeps what stands before the cut
		if name, ok := m.ServerName(); ok && b.c.Offered == nil && b.c.ServerName == "" {
			b.c.ServerName = string(name)
			says += "; it asks for " + cut(string(name), 80)
		}
		b.ccStep(side, at, "ClientHello", t.String(), len(body)+handshakeHeader, says)
	case tls.TypeCertificate, tls.TypeCertificateStatus:
		b.ccStep(side, at, t.Title(), t.String(), len(body)+handshakeHeader, says)
	default:
		b.keStep(side, at, t.Title(), t.String(), len(body)+handshakeHeader, says)
	}
}

// phaseBegins starts phases 1 and 2 at the ClientHello, whatever rows they get.
func (b *Builder) phaseBegins(at flow.Mark) { b.c.CertificateCheck.reach(at) }

func cutAll(xs []string) []string {
	out := make([]string, len(xs))
	for i, x := range xs {
		out[i] = cut(x, 32)
	}
	return out
}

func noGrease[T interface{ IsGREASE() bool }](xs []T) []T {
	return slices.DeleteFunc(slices.Clone(xs), func(x T) bool { return x.IsGREASE() })
}

func strs[T fmt.Stringer](xs []T) []string {
	out := make([]string, len(xs))
	for i, x := range xs {
		out[i] = x.String()
	}
	return out
}
