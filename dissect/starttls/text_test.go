package starttls

import "testing"

// The conversations are those of real servers, as in testdata/pcaps and in the
// captures of other projects, with names shortened.

func TestSMTP(t *testing.T) {
	ehlo := []turn{s("220 firewall.unx.ca ESMTP Postfix\r\n"), c("EHLO a\r\n"), s("250-firewall.unx.ca\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 DSN\r\n")}
	offered := []string{`banner "220 firewall.unx.ca ESMTP Postfix"`, "STARTTLS offered"}
	with := func(more ...turn) []turn { return append(ehlo[:len(ehlo):len(ehlo)], more...) }
	said := func(more ...string) []string { return append(offered[:len(offered):len(offered)], more...) }
	checkAll(t, []talkCase{
		{"granted", with(c("STARTTLS\r\n"), s("220 2.0.0 Ready to start TLS\r\n")), false,
			outcome{Name: "smtp", Said: said("STARTTLS", `"220 2.0.0 Ready to start TLS"`), TLS: true}},
		{"refused, mail in the clear", with(c("STARTTLS\r\n"), s("454 4.7.0 TLS not available\r\n"), c("MAIL FROM:<"+secret+">\r\n")), true,
			outcome{Name: "smtp", Said: said("STARTTLS", `refused: "454 4.7.0 TLS not available"`),
				Without: `starttls_refused: the server refused TLS: "454 4.7.0 TLS not available" to STARTTLS, in packet 5. The client went on without it and sent its mail in the clear, in packet 6.`,
				Exposed: []string{"data: its mail"}}},
		{"offered, login in the clear", with(c("AUTH PLAIN "+secret+"\r\n"), s("235 ok\r\n")), true,
			outcome{Name: "smtp", Said: said(),
				Without: "starttls_unused: the server offered TLS (STARTTLS) in packet 3 and the client went on without it: it sent its login (AUTH PLAIN) in the clear, in packet 4.",
				Exposed: []string{"login: its login (AUTH PLAIN)"}}},
		{"offered, nothing said", with(c("QUIT\r\n"), s("221 bye\r\n")), true, outcome{Name: "smtp", Said: said()}},
		{"granted, then silence", with(c("STARTTLS\r\n"), s("220 go\r\n")), true,
			outcome{Name: "smtp", Said: said("STARTTLS", `"220 go"`), Without: "the SMTP client asked for TLS (STARTTLS, packet 4), the server agreed, and no ClientHello followed."}},
		{"granted, then not TLS", with(c("STARTTLS\r\n"), s("220 go\r\n"), c("EHLO "+secret+"\r\n")), true,
			outcome{Name: "smtp", Said: said("STARTTLS", `"220 go"`),
				Without: "not_tls: the SMTP client asked for TLS (STARTTLS, packet 4), the server agreed, and then the client sent something that is not TLS in the clear, in packet 6.",
				Exposed: []string{"data: something that is not TLS"}}},
		{"no answer", with(c("STARTTLS\r\n")), true,
			outcome{Name: "smtp", Said: said("STARTTLS"), Without: "the SMTP client asked for TLS (STARTTLS, packet 4) and got no answer."}},
		{"overwritten by a firewall", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250-XXXXXXXA\r\n250 DSN\r\n"), c("MAIL FROM:<a>\r\n")}, true,
			outcome{Name: "smtp", Said: []string{`banner "220 mx"`, `"XXXXXXXA" where STARTTLS would stand`},
				Without: `starttls_stripped: TLS was stripped: in packet 3 the server's list of capabilities has "XXXXXXXA" where STARTTLS would stand, as some firewalls write; the client sent its mail in the clear, in packet 4.`,
				Exposed: []string{"data: its mail"}}},
		{"never mentioned", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250 DSN\r\n"), c("MAIL FROM:<a>\r\n")}, true,
			outcome{Name: "smtp", Said: []string{`banner "220 mx"`},
				Exposed: []string{"data: its mail"}}},
		{"control characters in the banner", []turn{s("220 \x1b[2Jmx\r\n"), c("EHLO a\r\n")}, true,
			outcome{Name: "smtp", Said: []string{`banner "220 \x1b[2Jmx"`}}},
	})
}

func TestIMAP(t *testing.T) {
	hi := s("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n")
	banner := `banner "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready…"`
	checkAll(t, []talkCase{
		{"granted", []turn{hi, c(". STARTTLS\r\n"), s(". OK Begin TLS negotiation now.\r\n")}, false,
			outcome{Name: "imap", Said: []string{banner, "STARTTLS offered", "STARTTLS", `". OK Begin TLS negotiation now."`}, TLS: true}},
		{"refused", []turn{hi, c("a STARTTLS\r\n"), s("a BAD unknown command\r\n")}, true,
			outcome{Name: "imap", Said: []string{banner, "STARTTLS offered", "STARTTLS", `refused: "a BAD unknown command"`},
				Without: `starttls_refused: the server refused TLS: "a BAD unknown command" to STARTTLS, in packet 3.`}},
		{"login in the clear", []turn{hi, c("a LOGIN u " + secret + "\r\n")}, true,
			outcome{Name: "imap", Said: []string{banner, "STARTTLS offered"},
				Without: "starttls_unused: the server offered TLS (STARTTLS) in packet 1 and the client went on without it: it sent its login (LOGIN) in the clear, in packet 2.",
				Exposed: []string{"login: its login (LOGIN)"}}},
		{"ACAP", []turn{s("* ACAP (IMPLEMENTATION \"x\") (STARTTLS)\r\n"), c("a STARTTLS\r\n"), s("a OK go\r\n")}, false,
			outcome{Name: "acap", Said: []string{`banner "* ACAP (IMPLEMENTATION \"x\") (STARTTLS)"`, "STARTTLS offered", "STARTTLS", `"a OK go"`}, TLS: true}},
	})
}

func TestPOP3(t *testing.T) {
	checkAll(t, []talkCase{
		{"granted after a failed AUTH", []turn{s("+OK lavad\r\n"), c("AUTH\r\n"), s("-ERR Unrecognized command\r\n"), c("CAPA\r\n"),
			s("+OK Capabilities follow\r\nTOP\r\nSTLS\r\n.\r\n"), c("STLS\r\n"), s("+OK Ready to start TLS negotiation\r\n")}, false,
			outcome{Name: "pop3", Said: []string{`banner "+OK lavad"`, "STLS offered", "STLS", `"+OK Ready to start TLS negotiation"`}, TLS: true}},
		{"refused, login in the clear", []turn{s("+OK\r\n"), c("STLS\r\n"), s("-ERR no\r\n"), c("PASS " + secret + "\r\n")}, true,
			outcome{Name: "pop3", Said: []string{`banner "+OK"`, "STLS", `refused: "-ERR no"`},
				Without: `starttls_refused: the server refused TLS: "-ERR no" to STLS, in packet 3. The client went on without it and sent its login (PASS) in the clear, in packet 4.`,
				Exposed: []string{"login: its login (PASS)"}}},
	})
}

func TestFTP(t *testing.T) {
	checkAll(t, []talkCase{
		{"granted", []turn{s("220 (vsFTPd 3.0.5)\r\n"), c("FEAT\r\n"), s("211-Features:\r\n AUTH TLS\r\n211 End\r\n"), c("AUTH TLS\r\n"), s("234 Proceed with negotiation.\r\n")}, false,
			outcome{Name: "ftp", Said: []string{`banner "220 (vsFTPd 3.0.5)"`, "AUTH TLS offered", "AUTH TLS", `"234 Proceed with negotiation."`}, TLS: true}},
		{"refused", []turn{s("220 x\r\n"), c("AUTH SSL\r\n"), s("530 Please login\r\n"), c("USER " + secret + "\r\n")}, true,
			outcome{Name: "ftp", Said: []string{`banner "220 x"`, "AUTH SSL", `refused: "530 Please login"`},
				Without: `starttls_refused: the server refused TLS: "530 Please login" to AUTH SSL, in packet 3. The client went on without it and sent its user name (USER) in the clear, in packet 4.`,
				Exposed: []string{"data: its user name (USER)"}}},
		{"plain", []turn{s("220 x\r\n"), c("USER u\r\n"), s("331 go\r\n"), c("PASS " + secret + "\r\n")}, true,
			outcome{Name: "ftp", Said: []string{`banner "220 x"`},
				Exposed: []string{"data: its user name (USER)", "login: its login (PASS)"}}},
	})
}

func TestNNTP(t *testing.T) {
	checkAll(t, []talkCase{
		{"granted", []turn{s("200 news ready\r\n"), c("CAPABILITIES\r\n"), s("101 list\r\nSTARTTLS\r\n.\r\n"), c("STARTTLS\r\n"), s("382 Continue\r\n")}, false,
			outcome{Name: "nntp", Said: []string{`banner "200 news ready"`, "STARTTLS offered", "STARTTLS", `"382 Continue"`}, TLS: true}},
		{"refused", []turn{s("201 news\r\n"), c("STARTTLS\r\n"), s("580 cannot\r\n"), c("AUTHINFO PASS " + secret + "\r\n")}, true,
			outcome{Name: "nntp", Said: []string{`banner "201 news"`, "STARTTLS", `refused: "580 cannot"`},
				Without: `starttls_refused: the server refused TLS: "580 cannot" to STARTTLS, in packet 3. The client went on without it and sent its login (AUTHINFO PASS) in the clear, in packet 4.`,
				Exposed: []string{"login: its login (AUTHINFO PASS)"}}},
	})
}

func TestSieve(t *testing.T) {
	hi := s("\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SIEVE\" \"fileinto\"\r\n\"STARTTLS\"\r\nOK \"Dovecot ready.\"\r\n")
	banner := `banner "\"IMPLEMENTATION\" \"Dovecot Pigeonhole\""`
	checkAll(t, []talkCase{
		{"granted", []turn{hi, c("STARTTLS\r\n"), s("OK \"Begin TLS\"\r\n")}, false,
			outcome{Name: "sieve", Said: []string{banner, "STARTTLS offered", "STARTTLS", `"OK \"Begin TLS\""`}, TLS: true}},
		{"login in the clear", []turn{hi, c("AUTHENTICATE \"PLAIN\" \"" + secret + "\"\r\n")}, true,
			outcome{Name: "sieve", Said: []string{banner, "STARTTLS offered"},
				Without: "starttls_unused: the server offered TLS (STARTTLS) in packet 1 and the client went on without it: it sent its login (AUTHENTICATE PLAIN) in the clear, in packet 2.",
				Exposed: []string{"login: its login (AUTHENTICATE PLAIN)"}}},
	})
}

func TestIRC(t *testing.T) {
	checkAll(t, []talkCase{
		{"granted", []turn{c("STARTTLS\r\n"), s(":irc 670 * :STARTTLS successful, proceed\r\n")}, false,
			outcome{Name: "irc", Said: []string{"STARTTLS", `"670 * :STARTTLS successful, proceed"`}, TLS: true}},
		{"offered and not used", []turn{s(":irc NOTICE * :*** Looking up\r\n"), c("CAP LS 302\r\nNICK n\r\n"), s(":irc CAP * LS :sasl tls\r\n"), c("PASS " + secret + "\r\n")}, true,
			outcome{Name: "irc", Said: []string{`banner "NOTICE * :*** Looking up"`, "STARTTLS offered"},
				Without: "starttls_unused: the server offered TLS (STARTTLS) in packet 3 and the client went on without it: it sent its login (PASS) in the clear, in packet 4.",
				Exposed: []string{"login: its login (PASS)"}}},
		{"unknown command", []turn{c("NICK n\r\nSTARTTLS\r\n"), s(":irc 421 * STARTTLS :Unknown command\r\n")}, true,
			outcome{Name: "irc", Said: []string{"STARTTLS", `refused: "421 * STARTTLS :Unknown command"`},
				Without: `starttls_refused: the server refused TLS: "421 * STARTTLS :Unknown command" to STARTTLS, in packet 2.`}},
	})
}

func TestXMPP(t *testing.T) {
	open := c("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' to='jabber.ccc.de' version='1.0'>")
	features := s("<?xml version='1.0'?><stream:stream from='jabber.ccc.de'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>")
	ask := c("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
	said := []string{`stream to "jabber.ccc.de"`, "<starttls/> offered", "required"}
	checkAll(t, []talkCase{
		{"granted", []turn{open, features, ask, s("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")}, false,
			outcome{Name: "xmpp", Said: append(said[:3:3], "<starttls/>", "<proceed/>"), TLS: true}},
		{"refused", []turn{open, features, ask, s("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")}, true,
			outcome{Name: "xmpp", Said: append(said[:3:3], "<starttls/>", "refused: <failure/>"),
				Without: "starttls_refused: the server refused TLS: <failure/> to <starttls/>, in packet 4."}},
		{"login in the clear", []turn{open, features, c("<auth mechanism='PLAIN'>" + secret + "</auth>")}, true,
			outcome{Name: "xmpp", Said: said,
				Without: "starttls_unused: the server offered TLS (<starttls/>) in packet 2 and the client went on without it: it sent its login (<auth/> PLAIN) in the clear, in packet 3.",
				Exposed: []string{"login: its login (<auth/> PLAIN)"}}},
	})
}

func TestHTTP(t *testing.T) {
	connect := c("CONNECT apache.org:443 HTTP/1.1\r\nHost: apache.org:443\r\n\r\n")
	checkAll(t, []talkCase{
		{"CONNECT", []turn{connect, s("HTTP/1.0 200 Connection Established\r\n\r\n")}, false,
			outcome{Name: "http_connect", Said: []string{"CONNECT apache.org:443", `"HTTP/1.0 200 Connection Established"`}, TLS: true}},
		{"CONNECT after 407", []turn{connect, s("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nsorry"),
			c("CONNECT apache.org:443 HTTP/1.1\r\nProxy-Authorization: Basic " + secret + "\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n")}, false,
			outcome{Name: "http_connect", Said: []string{"CONNECT apache.org:443", `refused: "HTTP/1.1 407 Proxy Authentication Required"`, "CONNECT apache.org:443", `"HTTP/1.1 200 OK"`}, TLS: true,
				Exposed: []string{"proxy_login: its login for the proxy (Proxy-Authorization: Basic)"}}},
		{"Upgrade", []turn{c("OPTIONS * HTTP/1.1\r\nUpgrade: TLS/1.2\r\nCookie: " + secret + "\r\nConnection: Upgrade\r\n\r\n"), s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n")}, false,
			outcome{Name: "http_upgrade", Said: []string{"Upgrade: TLS", `"HTTP/1.1 101 Switching Protocols"`}, TLS: true}},
		{"Upgrade refused", []turn{c("GET / HTTP/1.1\r\nUpgrade: TLS/1.0\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n")}, true,
			outcome{Name: "http_upgrade", Said: []string{"Upgrade: TLS", `refused: "HTTP/1.1 200 OK"`},
				Without: `starttls_refused: the server refused TLS: "HTTP/1.1 200 OK" to Upgrade: TLS, in packet 2.`}},
		{"a plain request", []turn{c("GET / HTTP/1.1\r\nCookie: " + secret + "\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n")}, true, outcome{}},
	})
}
