package dissect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/tls"
)

// before is what is told of the words before TLS.
type before struct {
	StartTLS string
	Outcome  conn.Outcome
	Version  tls.Version
	Said     []string // the rows of phase 1 about them
	Why      string
}

// collectFile reads a capture.
func collectFile(t *testing.T, path string) []*conn.Conn {
	t.Helper()
	src, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	cs, err := Collect(context.Background(), src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// tellBefore picks what a test of the words before TLS compares.
func tellBefore(cs []*conn.Conn) []before {
	var out []before
	for _, c := range cs {
		b := before{StartTLS: c.StartTLS, Outcome: c.Outcome, Version: c.Version}
		if c.Outcome != conn.Established {
			b.Why = c.Why
		}
		for _, s := range c.CertificateCheck.Steps {
			switch {
			case s.Name == "plaintext":
				b.Said = append(b.Said, strings.Join(s.Says, "|"))
			case strings.HasPrefix(s.Name, "cleartext_"):
				b.Said = append(b.Said, s.Name+": "+strings.Join(s.Says, "|"))
			}
		}
		out = append(out, b)
	}
	return out
}

func TestStartTLSCaptures(t *testing.T) {
	const banner = `banner "220 www.example.test ESMTP Postfix"`
	const imap = `IMAP: banner "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDL…", STARTTLS offered, `
	done := func(name string, said ...string) before {
		return before{StartTLS: name, Outcome: conn.Established, Version: tls.VersionTLS13, Said: said}
	}
	without := func(name string, o conn.Outcome, why string, said ...string) before {
		return before{StartTLS: name, Outcome: o, Said: said, Why: why}
	}
	const (
		settings = " Look at the server's own settings of TLS and its log: it may have no certificate, or a key that it cannot read."
		device   = " Look for a device between them that rewrites this protocol, and set the client to insist on TLS: then it stops instead."
		tunnel   = " Without the tunnel no TLS can begin: look at what the proxy allows, and to whom."
		insist   = " Set the client to insist on TLS, and the server to take no login without it."
	)
	for _, tc := range []struct {
		name string // of the capture, without starttls-
		want []before
	}{
		{"smtp", []before{done("smtp", "SMTP: "+banner+`, STARTTLS offered, STARTTLS, "220 2.0.0 Ready to start TLS"`)}},
		{"smtp-unused", []before{without("smtp", conn.StartTLSUnused,
			"the server offered TLS (STARTTLS) in packet 8 and the client went on without it: it sent its mail in the clear, in packet 9."+insist,
			"SMTP: "+banner+", STARTTLS offered", "cleartext_data: its mail")}},
		{"smtp-refused", []before{without("smtp", conn.StartTLSRefused,
			`the server refused TLS: "502 5.5.1 Error: command not implemented" to STARTTLS, in packet 10. The client began TLS all the same: the server spoke text ("500 5.5.2 Error: bad UTF-8 syntax") in packet 12 where the client spoke TLS.`,
			"SMTP: "+banner+`, STARTTLS, refused: "502 5.5.1 Error: command not implemented"`)}},
		{"imap", []before{done("imap", imap+`STARTTLS, ". OK Begin TLS negotiation now."`)}},
		{"imap-login", []before{without("imap", conn.StartTLSUnused,
			"the server offered TLS (STARTTLS) in packet 4 and the client went on without it: it sent its login (AUTHENTICATE PLAIN) in the clear, in packet 9."+insist,
			strings.TrimSuffix(imap, ", "), "cleartext_login: its login (AUTHENTICATE PLAIN)")}},
		{"pop3", []before{done("pop3", `POP3: banner "+OK Dovecot (Debian) ready.", STLS offered, STLS, "+OK Begin TLS negotiation now."`)}},
		{"sieve", []before{done("sieve", `ManageSieve: banner "\"IMPLEMENTATION\" \"Dovecot (Debian) Pigeonhole\"", STARTTLS offered, STARTTLS, "OK \"Begin TLS negotiation now.\""`)}},
		{"ftp", []before{done("ftp", `FTP: banner "220 (vsFTPd 3.0.3)", AUTH SSL, "234 Proceed with negotiation."`), {Outcome: conn.Established, Version: tls.VersionTLS13}}},
		{"ldap", []before{done("ldap", "LDAP: StartTLS, success")}},
		{"ldap-refused", []before{without("ldap", conn.StartTLSRefused,
			`the server refused TLS: result 2 "unsupported extended operation" to StartTLS, in packet 6. The client went on without it and sent its login (bind with a password) in the clear, in packet 8.`+settings,
			`LDAP: StartTLS, refused: result 2 "unsupported extended operation"`, "cleartext_login: its login (bind with a password)")}},
		{"mysql", []before{done("mysql", `MySQL: server "5.5.5-10.11.19-MariaDB-0+deb12u1", TLS offered, SSLRequest`)}},
		{"xmpp", []before{done("xmpp", `XMPP: stream to "www.example.test", <starttls/> offered, required, <starttls/>, <proceed/>`)}},
		{"irc-unanswered", []before{without("irc", conn.ClientGaveUp, "the IRC client asked for TLS (STARTTLS, packet 4) and got no answer. The client closed the connection in packet 6.", "IRC: STARTTLS")}},
		{"postgres", []before{done("postgres", `PostgreSQL: SSLRequest, "S"`)}},
		{"postgres-refused", []before{without("postgres", conn.StartTLSRefused,
			`the server refused TLS: "N" to SSLRequest, in packet 6. The client went on without it and sent its startup message, with the names of user and database, in the clear, in packet 8.`+settings,
			`PostgreSQL: SSLRequest, refused: "N"`, "cleartext_data: its startup message, with the names of user and database")}},
		{"http-connect", []before{done("http_connect", `HTTP CONNECT: CONNECT www.example.test:14433, "HTTP/1.0 200 Connection established"`)}},
		{"socks5", []before{{StartTLS: "socks5", Outcome: conn.Established, Version: tls.VersionTLS13, Said: []string{
			"SOCKS 5: with a name and a password, connect to www.example.test port 14433, granted",
			"cleartext_proxy_login: its login for the proxy (a name and a password)"}}}},
		{"lmtp", []before{done("lmtp", `LMTP: banner "220 vm Dovecot (Debian) ready.", STARTTLS offered, STARTTLS, "220 2.0.0 Begin TLS negotiation now."`)}},
		{"smtp-stripped", []before{done("smtp", "SMTP: "+banner+`, STARTTLS offered, STARTTLS, "220 2.0.0 Ready to start TLS"`),
			without("smtp", conn.StartTLSStripped,
				"TLS was most likely stripped: the server's list of capabilities in packet 31 lacks STARTTLS, which the same server offers in packet 8; the client sent its mail in the clear, in packet 32."+device,
				"SMTP: "+banner, "cleartext_data: its mail"),
			without("smtp", conn.StartTLSStripped,
				`TLS was stripped: in packet 54 the server's list of capabilities has "XXXXXXXA" where STARTTLS would stand, as some firewalls write; the client sent its mail in the clear, in packet 55.`+device,
				"SMTP: "+banner+`, "XXXXXXXA" where STARTTLS would stand`, "cleartext_data: its mail")}},
		{"smtp-injected", []before{done("smtp", "SMTP: "+banner+`, STARTTLS offered, STARTTLS, "220 2.0.0 Ready to start TLS"`,
			"cleartext_injected: 15 bytes in the clear, sent behind its request (STARTTLS) and before TLS, where nothing may stand")}},
		{"http-connect-refused", []before{
			without("http_connect", conn.ProxyRefused, `the proxy refused CONNECT www.example.test:14434: "HTTP/1.0 407 Proxy Authentication Required", in packet 6.`+tunnel,
				`HTTP CONNECT: CONNECT www.example.test:14434, refused: "HTTP/1.0 407 Proxy Authentication Required"`),
			without("http_connect", conn.ProxyRefused, `the proxy refused CONNECT www.example.test:14434: "HTTP/1.1 403 Access violation", in packet 17.`+tunnel,
				`HTTP CONNECT: CONNECT www.example.test:14434, refused: "HTTP/1.1 403 Access violation"`, "cleartext_proxy_login: its login for the proxy (Proxy-Authorization: Basic)")}},
		{"socks4", []before{done("socks4", "SOCKS 4: connect to 127.0.0.1 port 14433, granted")}},
		{"xmpp-server", []before{done("xmpp", `XMPP: stream to "www.example.test", <starttls/> offered, required, <starttls/>, <proceed/>`)}},
		{"irc", []before{done("irc", `IRC: STARTTLS, "670 * :STARTTLS successful, go ahead with TLS handshake"`)}},
		{"nntp", []before{done("nntp", `NNTP: banner "200 www.example.test InterNetNews NNRP server INN 2.7.1 ready (p…", STARTTLS offered, STARTTLS, "382 Begin TLS negotiation now"`)}},
		{"rdp", []before{done("rdp", "RDP: a negotiation request for TLS or CredSSP, TLS chosen")}},
		{"http-upgrade", []before{done("http_upgrade", `HTTP Upgrade: Upgrade: TLS, "HTTP/1.1 101 Switching Protocols"`)}},
		{"postgres-server", []before{{StartTLS: "postgres", Outcome: conn.Established, Version: tls.VersionTLS12, Said: []string{`PostgreSQL: SSLRequest, "S"`}}}},
		{"mysql-login", []before{{StartTLS: "mysql", Outcome: conn.Established, Version: tls.VersionTLS12, Said: []string{`MySQL: server "5.5.5-10.11.19-MariaDB-0+deb12u1", TLS offered, SSLRequest`}},
			without("mysql", conn.StartTLSUnused, "the server offered TLS (SSLRequest) in packet 26 and the client went on without it: it sent its login in the clear, in packet 28."+insist,
				`MySQL: server "5.5.5-10.11.19-MariaDB-0+deb12u1", TLS offered`, "cleartext_login_hashed: its login")}},
		{"openvpn", []before{done("openvpn", "OpenVPN: control channel with an HMAC of 32 bytes (tls-auth)")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cs := collectFile(t, filepath.Join("..", "testdata", "pcaps", "starttls-"+tc.name+".pcapng"))
			if d := cmp.Diff(tc.want, tellBefore(cs)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestTwoLayersCapture(t *testing.T) {
	got := tellBefore(collectFile(t, filepath.Join("..", "testdata", "pcaps", "starttls-proxy-smtp.pcapng")))
	if len(got) != 1 || got[0].StartTLS != "proxy_v1+smtp" || len(got[0].Said) != 2 || got[0].Outcome != conn.Established {
		t.Errorf("got %+v, want one connection after proxy_v1+smtp with two rows", got)
	}
}

// TestSSL2Capture reads the one capture at hand in which both ends speak SSL
// 2.0.
func TestSSL2Capture(t *testing.T) {
	corpus := os.Getenv("TLSLENS_CORPUS")
	if corpus == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	cs := collectFile(t, filepath.Join(corpus, "captures", "zeek+zeek", "testing", "btest", "Traces", "tls", "ssl-v2.pcap"))
	if len(cs) != 1 {
		t.Fatalf("%d connections, want 1", len(cs))
	}
	c := cs[0]
	if c.Carrier != "sslv2" || c.Version != tls.VersionSSL2 || c.Outcome != conn.Established {
		t.Errorf("carrier %s, version %s, outcome %s: want sslv2, SSL 2.0, established", c.Carrier, c.Version, c.Outcome)
	}
	want := [2]map[string]int{{"client_hello": 1, "ssl2_client_master_key": 1}, {"ssl2_server_hello": 1}}
	if d := cmp.Diff(want, c.Messages); d != "" {
		t.Errorf("messages (-want +got)\n%s", d)
	}
	if n := len(c.CertificateCheck.Server.Chain); n != 1 {
		t.Errorf("%d certificates, want 1", n)
	}
	if n := len(c.Offered.CipherSpecs); n != 7 {
		t.Errorf("%d ciphers offered, want 7", n)
	}
	if c.Tunnel.Sides[0].TunnelRecords != 3 || c.Tunnel.Sides[1].TunnelRecords != 1 {
		t.Errorf("tunnel records %d and %d, want 3 and 1", c.Tunnel.Sides[0].TunnelRecords, c.Tunnel.Sides[1].TunnelRecords)
	}
}
