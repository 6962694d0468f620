package conn

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/tlslens/tlslens/dissect/fingerprint"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// serverHello reads a ServerHello or a HelloRetryRequest.
func (b *Builder) serverHello(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.ServerHello
	err := m.Decode(body)
	n := len(body) + handshakeHeader
	if m.IsRetry() {
		b.retryRequest(&m, n, at)
		return err
	}
	if err != nil && len(m.Random) < 32 {
		b.keStep(side, at, "ServerHello", "server_hello", n, "cannot be read")
		return err
	}
	if b.chosen {
		b.randoms[flow.Server] = bytes.Clone(m.Random)
		b.keStep(side, at, "ServerHello", "server_hello", n, b.again())
		return err
	}
	b.chosen = true
	b.randoms[flow.Server] = bytes.Clone(m.Random)
	b.c.Version, b.c.Suite = m.NegotiatedVersion(), m.CipherSuite
	if b.c.Version == tls.VersionTLCP {
		b.c.Carrier = "tlcp"
	}
	b.kx, _ = m.CipherSuite.Info()
	sel := &Selected{RecordVersion: b.version0[flow.Server], LegacyVersion: m.LegacyVersion, Random: b.randoms[flow.Server],
		SessionID: bytes.Clone(m.SessionID), CompressionMethod: m.Compression}
	for e := range m.Extensions.All() {
		sel.Extensions = append(sel.Extensions, e.Type)
	}
	b.c.Selected = sel
	b.c.Fingerprints.JA3S = fingerprint.JA3S(&m)
	if p, ok := m.ALPN(); ok {
		b.c.ALPN = string(p)
	}
	if list, ok := m.Extensions.Get(tls.ExtSCT); ok {
		b.pending.scts, _ = pki.ParseSCTs(bytes.Clone(list))
	}
	b.oddServerHello(&m, at)
	b.takeCertificateTypes(m.Extensions)
	if b.c.Version.IsTLS13() {
		b.stopRecording()
		b.serverHello13(&m, n, at)
	} else {
		b.serverHello12(&m, n, at)
	}
	return err
}

// again words a ServerHello that is not the first.
func (b *Builder) again() string {
	if b.finished[flow.Client].Seen() || b.finished[flow.Server].Seen() {
		return "renegotiation: the server answers the new handshake"
	}
	return "a second one that nobody asked for"
}

// oddServerHello notes choices that the client did not offer and warnings that
// the server gave.
func (b *Builder) oddServerHello(m *tls.ServerHello, at flow.Mark) {
	side := flow.Server
	for e := range m.Extensions.All() {
		if err := e.Check(tls.TypeServerHello); err != nil {
			b.Note(side, fmt.Sprintf("malformed extension %s: %v", e.Type, err), at)
		}
	}
	if d := slices.Collect(m.Extensions.Duplicates()); len(d) > 0 {
		b.Note(side, "ServerHello has an extension twice: "+few(d, 4, ""), at)
	}
	if m.Compression != 0 {
		b.Note(side, fmt.Sprintf("the server chose compression %s: what is compressed before it is sealed can be guessed from its length (CRIME, CVE-2012-4929)", m.Compression), at)
	}
	o := b.c.Offered
	if o == nil {
		return
	}
	if !slices.Contains(o.CipherSuites, m.CipherSuite) {
		b.Note(side, fmt.Sprintf("the server chose %s, which the client did not offer", m.CipherSuite), at)
	}
	if v := b.c.Version; len(o.Versions) > 0 && o.HasVersions() && !slices.Contains(o.Versions, v) || unnamed(v) {
		b.Note(side, fmt.Sprintf("the server chose version %s, which the client did not offer", v), at)
	}
	var unasked []tls.ExtensionType
	for e := range m.Extensions.All() {
		if e.Type == tls.ExtPreSharedKey && b.offersECH() {
			continue // it stands in the inner hello
		}
		if !slices.Contains(o.Extensions, e.Type) && !(e.Type == tls.ExtRenegotiationInfo && slices.Contains(o.CipherSuites, tls.SuiteEmptyRenegotiationInfo)) && !o.SSLv2Format {
			unasked = append(unasked, e.Type)
		}
	}
	if len(unasked) > 0 {
		b.Note(side, "the server answers an extension that the client did not send: "+few(unasked, 4, ""), at)
	}
	if d := m.Downgrade(); d != tls.NoDowngrade && (slices.Contains(o.Versions, tls.VersionTLS13) || slices.Contains(o.Versions, tls.VersionDTLS13)) && !b.c.Version.IsTLS13() {
		b.Note(side, "the server's random says it can do better than "+b.c.Version.String()+" though the client offered TLS 1.3: somebody in between lowered the version (RFC 9846, Section 4.1.3)", at)
	}
}

// HasVersions reports whether the client listed its versions, so that the
// server's must be one of them.
func (o *Offered) HasVersions() bool {
	return slices.Contains(o.Extensions, tls.ExtSupportedVersions)
}

// retryRequest takes a HelloRetryRequest (RFC 9846, Section 4.1.4).
func (b *Builder) retryRequest(m *tls.ServerHello, n int, at flow.Mark) {
	b.c.HelloRetryRequest = true
	says := "asks the client to try again"
	if ks, ok := m.KeyShare(); ok {
		says += " with a key share of " + ks.Group.String()
	}
	if m.Extensions.Has(tls.ExtCookie) {
		says += "; sends a cookie"
	}
	says += ": one more round trip"
	b.stopRecording()
	b.keStep(flow.Server, at, "HelloRetryRequest", "hello_retry_request", n, says)
}

// serverHello13 adds the row of a TLS 1.3 ServerHello and settles the key
// exchange, all of which it tells.
func (b *Builder) serverHello13(m *tls.ServerHello, n int, at flow.Mark) {
	k := &b.c.KeyExchange
	ks, hasShare := m.KeyShare()
	index, psk := m.PreSharedKey()
	if hasShare {
		b.group13(ks)
	}
	if psk {
		b.resume13(int(index), hasShare, n, at)
	} else if b.c.EarlyData == "offered" {
		b.c.EarlyData = "rejected"
	}
	k.Method = method13(ks.Group, hasShare, psk)
	k.ForwardSecret = TristateOf(hasShare)
	k.PostQuantum = TristateOf(hasShare && groupInfo(ks.Group).PostQuantum)
	says := "picks " + b.c.Version.String() + ", " + b.c.Suite.String()
	if hasShare {
		says += ", key share " + ks.Group.String()
	}
	switch {
	case psk && hasShare:
		says += ": still forward secret"
	case psk:
		says += "; no key share, so not forward secret"
	}
	says += "; handshake keys from here on"
	b.keStep(flow.Server, at, "ServerHello", "server_hello", n, says).
		fact("cipher_suite", b.c.Suite.String(), "RFC 9846, Section 4.1.3").
		fact("version", b.c.Version.String(), "RFC 9846, Section 4.2.1").
		fact("public_key_bytes", len(ks.Data), "RFC 9846, Section 4.2.8")
}

// group13 notes the group of the exchange and the sizes of the public values.
func (b *Builder) group13(ks tls.KeyShare) {
	k := &b.c.KeyExchange
	info := groupInfo(ks.Group)
	b.c.Group = ks.Group.String()
	k.Group, k.SecurityBits = b.c.Group, info.Bits
	k.PublicSizes[flow.Server] = len(ks.Data)
	k.PublicSizes[flow.Client] = b.shareSizes[ks.Group]
	if want := info.ServerLen; want > 0 && len(ks.Data) != want {
		b.Note(flow.Server, fmt.Sprintf("the key share of %s has %d bytes, not %d", ks.Group, len(ks.Data), want), flow.Mark{Packet: b.lastCH.Packet})
	}
}

// method13 words the key exchange of TLS 1.3 (RFC 9846, Section 2).
func method13(g tls.NamedGroup, share, psk bool) string {
	var s string
	switch info := groupInfo(g); {
	case !share:
		return "PSK"
	case info.Kind == iana.GroupHybrid:
		s = "hybrid"
	case info.Kind == iana.GroupFiniteField:
		s = "DHE"
	case info.PostQuantum:
		s = "KEM"
	default:
		s = "ECDHE"
	}
	if psk {
		return "PSK with " + s
	}
	return s
}

// serverHello12 adds the row of a ServerHello up to TLS 1.2.
func (b *Builder) serverHello12(m *tls.ServerHello, n int, at flow.Mark) {
	k := &b.c.KeyExchange
	k.Method = method12(b.kx)
	k.ForwardSecret, k.PostQuantum = Unknown, No
	if k.Method != "" {
		k.ForwardSecret = TristateOf(b.kx.Kx.Ephemeral())
	}
	b.promoteHello()
	says := "picks " + b.c.Version.String() + " and " + b.c.Suite.String()
	if b.c.ALPN != "" {
		says += ", ALPN " + cut(b.c.ALPN, 32)
	} else if o := b.c.Offered; o != nil && len(o.ALPN) > 0 {
		says += "; no ALPN"
	}
	if srtp := srtpSays(m.Extensions, true); srtp != "" {
		says += "; " + srtp
	}
	b.ccStep(flow.Server, at, "ServerHello", "server_hello", n, says).
		fact("cipher_suite", b.c.Suite.String(), "RFC 5246, Section 7.4.1.3").
		fact("version", b.c.Version.String(), "RFC 5246, Section 7.4.1.3")
}

// promoteHello puts the ClientHello's part in the key exchange as a row before
// phase 2, once the suite says that groups mattered.
func (b *Builder) promoteHello() {
	o, k := b.c.Offered, &b.c.KeyExchange
	if o == nil {
		return
	}
	if len(k.Steps) == 1 && k.Steps[0].Name == "client_hello" { // it hoped for TLS 1.3
		k.Steps = k.Steps[:0]
		if cc := b.c.CertificateCheck.Steps; len(cc) > 0 && cc[0].Name == "client_hello" {
			cc[0].Says = append(cc[0].Says, "offers "+b.offers())
		}
	}
	if len(k.Steps) > 0 || len(o.Groups) == 0 || !b.kx.Kx.Ephemeral() {
		return
	}
	groups := noGrease(o.Groups)
	says := "can do " + few(groups, 3, "group")
	if slices.Contains(o.Extensions, tls.ExtExtendedMasterSecret) {
		says += "; extended_master_secret"
	}
	cc := b.c.CertificateCheck.Steps
	for _, s := range cc {
		if s.Name == "client_hello" {
			b.keStep(flow.Client, s.At, s.Message, s.Name, s.Bytes, says)
			return
		}
	}
}

// stopRecording drops the transcript: nobody will ask for it.
func (b *Builder) stopRecording() {
	b.opt.Buffers.put(b.transcript)
	b.recording, b.transcript = false, nil
}

// encryptedExtensions reads EncryptedExtensions of TLS 1.3, which is seen only
// opened, or the ancestor of ChannelID of the same number.
func (b *Builder) encryptedExtensions(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.EncryptedExtensions
	err := m.Decode(body)
	if p, ok := m.ALPN(); ok {
		b.c.ALPN = string(p)
	}
	early := ""
	if b.c.EarlyData == "offered" {
		b.c.EarlyData, early = "rejected", "; refuses the early data"
		if m.Extensions.Has(tls.ExtEarlyData) {
			b.c.EarlyData, early = "accepted", "; takes the early data"
		}
	}
	says := "no extensions"
	if k := m.Extensions.Len(); k > 0 {
		says = count(k, "extension")
	}
	if b.c.ALPN != "" {
		says += ", ALPN " + cut(b.c.ALPN, 32)
	}
	says += early + retryConfigs(&m)
	if srtp := srtpSays(m.Extensions, true); srtp != "" {
		says += "; " + srtp
	}
	b.takeCertificateTypes(m.Extensions)
	b.keStep(side, at, "EncryptedExtensions", "encrypted_extensions", len(body)+handshakeHeader, says)
	b.quicParameters(side, &m.Extensions)
	return err
}

// unnamed reports whether a version has no name of its own.
func unnamed(v tls.Version) bool {
	_, ok := iana.VersionName(uint16(v))
	_, draft := v.Draft()
	return !ok && !draft && v != tls.VersionTLCP
}

func groupInfo(g tls.NamedGroup) iana.Group {
	info, _ := g.Info()
	return info
}
