package table

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// The connections here are those of one real capture of OpenSSL 3.0: an RSA key
// transport, an ECDHE exchange, TLS 1.3 without and with keys, a resumption and
// a refusal.

const (
	client = flow.Client
	server = flow.Server
)

var began = time.Date(2026, 11, 23, 9, 6, 3, 612000000, time.UTC)

// at is packet n, hundredths of a millisecond after the beginning.
func at(n uint64, hundredths int) flow.Mark {
	return flow.Mark{Packet: n, Time: began.Add(time.Duration(hundredths) * 10 * time.Microsecond)}
}

func base(n uint64, port uint16, first uint64) *conn.Conn {
	c := &conn.Conn{Number: n, Carrier: "tls", Transport: "tcp", First: at(first, 0), Last: at(first+15, 230), Outcome: conn.Established, ServerName: "www.example.test",
		Version: tls.VersionTLS12, Suite: 0x009d, Selected: &conn.Selected{}, Offered: &conn.Offered{},
		Ends: [2]conn.Endpoint{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), netip.MustParseAddrPort("127.0.0.1:14433")}}
	for i, p := range c.Phases() {
		p.ID = conn.PhaseID(i)
	}
	c.CertificateCheck.Server.Verdict = conn.Passed
	return c
}

func step(m flow.Mark, side flow.Side, message string, n int, says ...string) conn.Step {
	return conn.Step{At: m, Side: side, Message: message, Bytes: n, Says: says}
}

func fill(p *conn.Phase, state conn.State, headline string, start, end flow.Mark, steps ...conn.Step) {
	p.State, p.Headline, p.Start, p.End, p.Steps = state, headline, start, end, steps
}

func traffic(records, bytes, payload int64, exact bool, first, last flow.Mark, says ...string) conn.Traffic {
	return conn.Traffic{TunnelRecords: records, TunnelBytes: bytes, PlaintextBytes: -1, MaxPlaintext: payload, Exact: exact, First: first, Last: last, Says: says}
}

func okChecks() []pki.Check {
	return []pki.Check{
		{Name: pki.CheckName, Why: "www.example.test is in the SAN list of [0]"},
		{Name: pki.CheckDates, Why: "2026-11-23 to 2027-02-21, 90 days left at capture time"},
		{Name: pki.CheckChainBuilt, Why: "[0] signed by [1], RSA-SHA256; [1] is in ca.pem"},
	}
}

var twoCertificates = []string{"2 certificates", "[0] CN=www.example.test, RSA 2048", "[1] CN=Example Root CA, self-signed"}

func rsa12() *conn.Conn {
	c := base(1, 49160, 1)
	fill(&c.CertificateCheck.Phase, conn.Done, "passed", at(4, 25), at(6, 39),
		step(at(4, 25), client, "ClientHello", 150, "asks for www.example.test (SNI), offers TLS 1.2, 1 cipher suite, ALPN h2 http/1.1"),
		step(at(6, 39), server, "ServerHello", 57, "picks TLS 1.2 and TLS_RSA_WITH_AES_256_GCM_SHA384; no ALPN"),
		step(at(6, 39), server, "Certificate", 1673, twoCertificates...),
		step(at(6, 39), server, "ServerHelloDone", 4, "nothing more to show; no client certificate asked for"))
	c.CertificateCheck.Server.Checks = append(okChecks(), pki.Check{Name: pki.CheckUsage, Why: "shown only by -v"}, pki.Check{Name: pki.CheckRevocation, Result: pki.NotShown, Why: "no OCSP response was stapled"})
	c.KeyExchange.Method = "RSA"
	fill(&c.KeyExchange.Phase, conn.Done, "done, RSA key transport", at(8, 101), at(9, 178),
		step(at(8, 101), client, "ClientKeyExchange", 262, "premaster secret, 256 bytes, encrypted to the RSA key of [0]"),
		step(at(8, 101), client, "ChangeCipherSpec", 1, "client seals everything from here on"),
		step(at(8, 101), client, "Finished", 40, "sealed; proves the client saw the same handshake"),
		step(at(9, 178), server, "NewSessionTicket", 186, "176-byte ticket, valid 2 h, for resumption"),
		step(at(9, 178), server, "ChangeCipherSpec", 1, "server seals everything from here on"),
		step(at(9, 178), server, "Finished", 40, "sealed; the handshake is complete"))
	c.Findings = []conn.Finding{{ID: "kx-no-forward-secrecy", Severity: conn.Warn, Phase: conn.KeyExchangePhase, Summary: "Whoever gets the server's RSA key later can open this capture."}}
	fill(&c.Tunnel.Phase, conn.Done, "AES-256-GCM, closed cleanly", at(10, 180), at(14, 194))
	c.Tunnel.Cipher = "AES-256-GCM"
	c.Tunnel.Sides = [2]conn.Traffic{
		traffic(2, 68, 18, true, at(10, 180), at(14, 194), "application data, then close_notify (sealed)"),
		traffic(2, 7356, 7306, true, at(11, 182), at(12, 190), "application data, then close_notify (sealed)")}
	return c
}

func ecdhe12() *conn.Conn {
	c := base(2, 49168, 18)
	c.Suite, c.Group = 0xc02f, "x25519"
	fill(&c.CertificateCheck.Phase, conn.Done, "passed", at(21, 14), at(23, 59),
		step(at(21, 14), client, "ClientHello", 174, "asks for www.example.test (SNI), offers TLS 1.2, 1 cipher suite, ALPN h2 http/1.1"),
		step(at(23, 59), server, "ServerHello", 65, "picks TLS 1.2 and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
		step(at(23, 59), server, "Certificate", 1673, twoCertificates...))
	c.CertificateCheck.Server.Checks = okChecks()
	c.KeyExchange.Method, c.KeyExchange.Group = "ECDHE", "x25519"
	fill(&c.KeyExchange.Phase, conn.Done, "done, ECDHE with X25519", at(21, 14), at(26, 157),
		step(at(21, 14), client, "ClientHello", 174, "can do x25519, secp256r1, x448 and 2 more groups; extended_master_secret"),
		step(at(23, 59), server, "ServerKeyExchange", 300, "x25519 public key, 32 bytes, signed by the key of [0] with rsa_pss_rsae_sha256: signature ok"),
		step(at(23, 59), server, "ServerHelloDone", 4, "no client certificate asked for"),
		step(at(25, 139), client, "ClientKeyExchange", 37, "x25519 public key, 32 bytes"),
		step(at(25, 139), client, "ChangeCipherSpec", 1, "client seals from here on"),
		step(at(25, 139), client, "Finished", 40),
		step(at(26, 157), server, "NewSessionTicket", 186, "176-byte ticket, valid 2 h"),
		step(at(26, 157), server, "ChangeCipherSpec", 1, "server seals from here on; handshake complete"),
		step(at(26, 157), server, "Finished", 40))
	fill(&c.Tunnel.Phase, conn.Done, "AES-128-GCM, closed cleanly", at(27, 160), at(31, 179))
	c.Tunnel.Cipher = "AES-128-GCM"
	c.Tunnel.Sides = [2]conn.Traffic{
		traffic(2, 68, 18, true, at(27, 160), at(31, 179), "application data, then close_notify (sealed)"),
		traffic(2, 7503, 7453, true, at(28, 161), at(29, 170), "application data, then close_notify (sealed)")}
	return c
}

func tls13() *conn.Conn {
	c := base(3, 49178, 36)
	c.Version, c.Suite, c.Group = tls.VersionTLS13, 0x1302, "x25519"
	c.CertificateCheck.AfterKeys, c.CertificateCheck.Server.Verdict = true, conn.NoVerdict
	fill(&c.CertificateCheck.Phase, conn.Hidden, "hidden: TLS 1.3 encrypts it", at(38, 23), at(42, 176),
		step(at(38, 23), client, "ClientHello", 263, "asks for www.example.test (SNI)"),
		step(at(40, 104), server, "3 sealed records", 1999, "sizes fit EncryptedExtensions (6), Certificate (1678) and CertificateVerify (264)"),
		step(at(42, 176), client, "sealed record", 69, "fits Finished: the client accepted what it saw"))
	c.CertificateCheck.Notes = []string{"To read it: --keylog FILE with the SSLKEYLOGFILE of the client or the server."}
	c.KeyExchange.Method, c.KeyExchange.Group = "ECDHE", "x25519"
	fill(&c.KeyExchange.Phase, conn.Done, "done, ECDHE with X25519", at(38, 23), at(42, 177),
		step(at(38, 23), client, "ClientHello", 263, "key share x25519; offers TLS 1.3, 3 cipher suites, 10 groups; no resumption"),
		step(at(40, 104), server, "ServerHello", 122, "picks TLS 1.3, TLS_AES_256_GCM_SHA384, key share x25519; handshake keys from here on"),
		step(at(40, 104), server, "sealed record", 69, "fits Finished with SHA-384"),
		step(at(42, 176), client, "sealed record", 69, "fits Finished with SHA-384; application keys from here on"))
	fill(&c.Tunnel.Phase, conn.Done, "AES-256-GCM, closed cleanly", at(43, 177), at(49, 228))
	c.Tunnel.Cipher = "AES-256-GCM"
	c.Tunnel.Sides = [2]conn.Traffic{
		traffic(2, 54, 20, false, at(43, 177), at(49, 228), "last record fits an alert (close_notify)"),
		traffic(4, 8083, 8015, false, at(44, 180), at(48, 220), "first two fit NewSessionTicket; last fits an alert")}
	return c
}

func tls13keys() *conn.Conn {
	c := tls13()
	c.CertificateCheck.Notes, c.CertificateCheck.Server.Verdict = nil, conn.Passed
	c.Decryption = conn.Decryption{Status: "full"}
	c.CertificateCheck.Server.At = at(40, 104)
	fill(&c.CertificateCheck.Phase, conn.Done, "passed", at(38, 23), at(40, 104),
		step(at(38, 23), client, "ClientHello", 263, "asks for www.example.test (SNI)"),
		step(at(40, 104), server, "Certificate", 1695, "2 certificates (opened)", twoCertificates[1], twoCertificates[2]),
		step(at(40, 104), server, "CertificateVerify", 281, "rsa_pss_rsae_sha256 over the transcript: signature ok, the server owns the key of [0]"))
	c.CertificateCheck.Server.Checks = okChecks()
	fill(&c.KeyExchange.Phase, conn.Done, "done, ECDHE with X25519", at(38, 23), at(42, 177),
		c.KeyExchange.Steps[0], c.KeyExchange.Steps[1],
		step(at(40, 104), server, "EncryptedExtensions", 23, "no extensions: the server ignored ALPN (opened)"),
		step(at(40, 104), server, "Finished", 69, "verify_data ok (opened)"),
		step(at(42, 176), client, "Finished", 69, "verify_data ok (opened); application keys"))
	c.Tunnel.Sides[0].PlaintextBytes, c.Tunnel.Sides[0].Says = 18, []string{"HTTP/1.0 GET /, then close_notify"}
	c.Tunnel.Sides[1].PlaintextBytes, c.Tunnel.Sides[1].Says = 7547, []string{"2 NewSessionTicket (2 h), data, close_notify"}
	return c
}

func resume13() *conn.Conn {
	c := base(4, 49188, 54)
	c.Version, c.Suite, c.Group, c.Resumption = tls.VersionTLS13, 0x1302, "x25519", &conn.Resumption{Kind: "psk", Of: 3}
	fill(&c.CertificateCheck.Phase, conn.Skipped, "skipped: resumption reuses the check of #3", at(56, 32), at(58, 60),
		step(at(56, 32), client, "ClientHello", 534, "offers 1 ticket of 208 bytes: the one #3 got in packet 44 or 45"),
		step(at(58, 60), server, "ServerHello", 128, "accepts ticket 0, so it sends no certificate"))
	fill(&c.KeyExchange.Phase, conn.Done, "done, PSK with ECDHE (x25519)", at(56, 32), at(60, 82),
		step(at(56, 32), client, "ClientHello", 534, "key share x25519; mode psk_dhe_ke; PSK binder 48 bytes: SHA-384; no early data"),
		step(at(58, 60), server, "ServerHello", 128, "key share x25519: still forward secret"),
		step(at(58, 60), server, "EncryptedExtensions", 23, "verify_data ok (opened)"),
		step(at(58, 60), server, "Finished", 69),
		step(at(60, 81), client, "Finished", 69, "verify_data ok (opened); application keys from here on"))
	fill(&c.Tunnel.Phase, conn.Done, "AES-256-GCM, closed cleanly", at(61, 82), at(66, 102))
	c.Tunnel.Cipher = "AES-256-GCM"
	c.Tunnel.Sides = [2]conn.Traffic{
		{TunnelRecords: 2, TunnelBytes: 54, PlaintextBytes: 18, First: at(61, 82), Last: at(66, 102), Says: []string{"HTTP/1.0 GET /, then close_notify"}},
		{TunnelRecords: 3, TunnelBytes: 7409, PlaintextBytes: 7123, First: at(62, 83), Last: at(65, 90), Says: []string{"1 NewSessionTicket (2 h), data, close_notify"}}}
	return c
}

func refused() *conn.Conn {
	c := base(8, 49220, 124)
	c.Version, c.Suite, c.Group, c.Outcome = tls.VersionTLS13, 0x1302, "x25519", conn.RejectedByClient
	c.Why = "the client refused the server's certificate with alert unknown_ca (48). It has no trust anchor for the chain the server sent. The server did nothing wrong that this capture shows; look at the client's CA store, or at a missing intermediate."
	c.Alerts = []conn.Alert{{At: at(130, 246), Side: client, Level: 2, Description: 48}}
	alert := step(at(130, 246), client, "Alert fatal", 2, "unknown_ca (48): no trusted CA signed the chain")
	alert.Name = "alert"
	fill(&c.CertificateCheck.Phase, conn.FailedState, "FAILED: unknown_ca, sent by the client", at(126, 36), at(130, 246),
		step(at(126, 36), client, "ClientHello", 245, "asks for www.example.test (SNI)"),
		step(at(128, 106), server, "3 sealed records", 1999, "sizes fit EncryptedExtensions, Certificate and CertificateVerify"),
		alert)
	never := step(flow.Mark{}, client, "Finished", 0, "never sent")
	never.Absent = true
	c.KeyExchange.Method, c.KeyExchange.Group = "ECDHE", "x25519"
	fill(&c.KeyExchange.Phase, conn.Running, "half done", at(126, 36), at(128, 106),
		step(at(126, 36), client, "ClientHello", 245, "key share x25519; 3 cipher suites"),
		step(at(128, 106), server, "ServerHello", 122, "key share x25519; TLS_AES_256_GCM_SHA384"),
		step(at(128, 106), server, "sealed record", 69, "fits the server's Finished with SHA-384"),
		never)
	c.Findings = []conn.Finding{{ID: "alert-unknown-ca", Severity: conn.Fail, Phase: conn.CertificateCheckPhase, Summary: "The client refused the certificate: it does not know the CA."}}
	fill(&c.Tunnel.Phase, conn.Unseen, "never opened; server closed in packet 131", flow.Mark{}, flow.Mark{})
	return c
}

// day is a capture with ten connections.
func day() []*conn.Conn {
	var cs []*conn.Conn
	for i, f := range []func() *conn.Conn{rsa12, ecdhe12, tls13, resume13, ecdhe12, ecdhe12, tls13, refused, refused, refused} {
		c := f()
		c.Number = uint64(i + 1)
		cs = append(cs, c)
	}
	cs[5].Resumption = &conn.Resumption{Kind: "ticket", Of: 5}
	cs[5].CertificateCheck.State = conn.Skipped
	cs[8].Outcome, cs[8].Version, cs[8].Selected, cs[8].KeyExchange.Method, cs[8].KeyExchange.Group = conn.RejectedByServer, 0, nil, "", ""
	cs[8].Alerts = []conn.Alert{{At: at(140, 9), Side: server, Level: 2, Description: 40}}
	cs[8].Findings = []conn.Finding{{ID: "alert-handshake-failure", Severity: conn.Fail, Phase: conn.KeyExchangePhase, Summary: "The server refused the offer."}}
	return cs
}

// hostile has text of the worst kind in every place where text from the wire
// can stand.
func hostile() *conn.Conn {
	return hostileWith("\x1b[31m\u202eevil\u2066\n\r\x00\xff例え例え" + fmt.Sprintf("%0200d", 7) + "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301 | \u200b tail")
}

// hostileWith has evil in those places.
func hostileWith(evil string) *conn.Conn {
	c := tls13keys()
	c.ServerName, c.ALPN, c.Why, c.StartTLS, c.Outcome = evil, evil, evil, evil, conn.Failed
	c.Notes, c.Encapsulation, c.EncapsulationBack = []string{evil, evil}, []string{evil}, []string{evil, evil}
	c.Gaps = []conn.Gap{{Side: server, Bytes: 1460, After: 12}, {Side: client, Bytes: -1}}
	for _, p := range c.Phases() {
		p.Headline, p.Notes = evil, []string{evil}
		for i := range p.Steps {
			p.Steps[i].Message, p.Steps[i].Says = evil, []string{evil, "", evil}
		}
	}
	c.CertificateCheck.Server.Checks = []pki.Check{{Name: evil, Result: pki.Fail, Why: evil}, {Result: pki.Warn}}
	c.CertificateCheck.Client.Checks = c.CertificateCheck.Server.Checks
	c.CertificateCheck.Server.Chain = []*pki.Certificate{{Subject: evil, Issuer: evil, Serial: "00", Problems: []string{evil}, Key: &pki.Key{Algorithm: evil}, SignatureAlgorithm: evil}}
	c.Findings = []conn.Finding{{ID: "tunnel-of-the-longest-name", Severity: conn.Fail, Summary: evil}, {ID: "x", Phase: conn.TunnelPhase, Severity: conn.Info, Summary: evil}}
	for i := range c.Tunnel.Sides {
		c.Tunnel.Sides[i].Says = []string{evil}
	}
	hello := append([]byte{3, 3}, make([]byte, 32)...)
	hello = append(hello, 0, 0, 2, 0x13, 1, 1, 0, 0, 14, 0, 0, 0, 10, 0, 8, 0, 0, 5, 27, '[', 'm', 0xff, 'x')
	c.Log = []conn.Message{{At: at(38, 23), Name: "ClientHello", Size: len(hello) + 4, Type: tls.TypeClientHello, Body: hello},
		{At: at(40, 104), Side: server, Name: evil, Level: conn.Handshake, Size: 7, Err: evil, Type: 99, Body: []byte(evil)}}
	return c
}
