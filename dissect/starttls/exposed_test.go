package starttls

import (
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// TestLogins holds what is told of a login: the mechanism if it is one that is
// known, how grave it is, and never what stands behind it.
func TestLogins(t *testing.T) {
	smtp := []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250 STARTTLS\r\n")}
	imap := []turn{s("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n")}
	pop3 := []turn{s("+OK\r\n"), c("CAPA\r\n"), s("+OK\r\nSTLS\r\nUSER\r\n.\r\n")}
	ftp := []turn{s("220 x\r\n"), c("FEAT\r\n"), s("211-Features:\r\n AUTH TLS\r\n211 End\r\n")}
	nntp := []turn{s("200 hi\r\n"), c("CAPABILITIES\r\n"), s("101 list\r\nSTARTTLS\r\n.\r\n")}
	irc := []turn{c("CAP LS\r\n"), s(":irc CAP * LS :tls sasl\r\n")}
	sieve := []turn{s("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n")}
	xmpp := []turn{c("<stream:stream to='a'>"), s("<stream:features><starttls/></stream:features>")}
	ask := []turn{c("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + startTLS), s("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")}
	for _, tc := range []struct {
		name   string
		before []turn
		line   string
		kind   conn.ExposureKind
		what   string
	}{
		{"SMTP, initial response", smtp, "AUTH PLAIN " + secret + "\r\n", conn.ExposedLogin, "its login (AUTH PLAIN)"},
		{"SMTP, lower case", smtp, "auth login " + secret + "\r\n", conn.ExposedLogin, "its login (AUTH LOGIN)"},
		{"SMTP, a token", smtp, "AUTH XOAUTH2 " + secret + "\r\n", conn.ExposedLogin, "its login (AUTH XOAUTH2)"},
		{"SMTP, a challenge", smtp, "AUTH CRAM-MD5\r\n", conn.ExposedHashed, "its login (AUTH CRAM-MD5)"},
		{"SMTP, SCRAM", smtp, "AUTH SCRAM-SHA-256-PLUS " + secret + "\r\n", conn.ExposedHashed, "its login (AUTH SCRAM-SHA-256-PLUS)"},
		{"SMTP, no SCRAM", smtp, "AUTH SCRAM-" + secret + "\r\n", conn.ExposedHashed, "its login (AUTH, an unknown mechanism)"},
		{"SMTP, the password for the mechanism", smtp, "AUTH " + secret + "\r\n", conn.ExposedHashed, "its login (AUTH, an unknown mechanism)"},
		{"SMTP, no mechanism", smtp, "AUTH\r\n", conn.ExposedHashed, "its login (AUTH, an unknown mechanism)"},
		{"SMTP, no secret", smtp, "AUTH EXTERNAL =\r\n", "", ""},
		{"IMAP LOGIN", imap, "a1 LOGIN \"u\" \"" + secret + "\"\r\n", conn.ExposedLogin, "its login (LOGIN)"},
		{"IMAP LOGIN with literals", imap, "a1 login {1+}\r\nu {5+}\r\n" + secret + "\r\n", conn.ExposedLogin, "its login (LOGIN)"},
		{"IMAP AUTHENTICATE", imap, "a1 AUTHENTICATE PLAIN " + secret + "\r\n", conn.ExposedLogin, "its login (AUTHENTICATE PLAIN)"},
		{"IMAP, a tag that is a password", imap, secret + " AUTHENTICATE NTLM\r\n", conn.ExposedHashed, "its login (AUTHENTICATE NTLM)"},
		{"POP3 PASS", pop3, "USER u\r\nPASS " + secret + "\r\n", conn.ExposedLogin, "its login (PASS)"},
		{"POP3 APOP", pop3, "APOP u " + secret + "\r\n", conn.ExposedHashed, "its login (APOP)"},
		{"POP3 AUTH", pop3, "AUTH PLAIN " + secret + "\r\n", conn.ExposedLogin, "its login (AUTH PLAIN)"},
		{"POP3, the user only", pop3, "USER " + secret + "\r\n", conn.ExposedData, "its user name (USER)"},
		{"FTP PASS", ftp, "USER u\r\nPASS " + secret + "\r\n", conn.ExposedLogin, "its login (PASS)"},
		{"FTP, anonymous", ftp, "USER anonymous\r\nPASS " + secret + "\r\n", conn.ExposedData, "its commands, as an anonymous user,"},
		{"NNTP", nntp, "AUTHINFO USER u\r\nAUTHINFO PASS " + secret + "\r\n", conn.ExposedLogin, "its login (AUTHINFO PASS)"},
		{"NNTP SASL", nntp, "AUTHINFO SASL PLAIN " + secret + "\r\n", conn.ExposedLogin, "its login (AUTHINFO SASL PLAIN)"},
		{"IRC PASS", irc, "PASS :" + secret + "\r\n", conn.ExposedLogin, "its login (PASS)"},
		{"IRC SASL", irc, "AUTHENTICATE PLAIN\r\nAUTHENTICATE " + secret + "\r\n", conn.ExposedLogin, "its login (AUTHENTICATE PLAIN)"},
		{"IRC SASL, EXTERNAL", irc, "AUTHENTICATE EXTERNAL\r\nAUTHENTICATE " + secret + "\r\n", "", ""},
		{"ManageSieve", sieve, "AUTHENTICATE \"PLAIN\" \"" + secret + "\"\r\n", conn.ExposedLogin, "its login (AUTHENTICATE PLAIN)"},
		{"XMPP", xmpp, "<auth mechanism=\"SCRAM-SHA-1\">" + secret + "</auth>", conn.ExposedHashed, "its login (<auth/> SCRAM-SHA-1)"},
		{"LDAP, a password", ask, "\x30\x12\x02\x01\x02\x60\x0d\x02\x01\x03\x04\x01a\x80\x05" + secret, conn.ExposedLogin, "its login (bind with a password)"},
		{"LDAP, SASL", ask, "\x30\x19\x02\x01\x02\x60\x14\x02\x01\x03\x04\x00\xa3\x0d\x04\x06GSSAPI\x04\x03abc", conn.ExposedHashed, "its login (bind with SASL GSSAPI)"},
		{"PostgreSQL, a password", startup("\x00\x00\x00\x03"), "p\x00\x00\x00\x0a" + secret + "\x00", conn.ExposedLogin, "its login (password)"},
		{"PostgreSQL, MD5", startup("\x00\x00\x00\x05salt"), "p\x00\x00\x00\x0amd5" + secret[:2] + "\x00", conn.ExposedHashed, "its login (a hash of its password)"},
		{"PostgreSQL, SCRAM", startup("\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"), "p\x00\x00\x00\x0aSCRAM\x00", conn.ExposedHashed, "its login (a hash of its password)"},
		{"PostgreSQL, none asked for", startup("\x00\x00\x00\x00"), "Q\x00\x00\x00\x0aselec\x00", conn.ExposedData, "its startup message, with the names of user and database,"},
		{"TDS, no TLS at all", []turn{c(prelogin(tdsPrelogin, tdsNone)), s(prelogin(tdsReply, tdsNone))}, "\x10\x01\x00\x0d\x00\x00\x00\x00" + secret, conn.ExposedLogin, "its login (LOGIN7, whose password is only turned around)"},
		{"TDS, refused", []turn{c(prelogin(tdsPrelogin, tdsOn)), s(prelogin(tdsReply, tdsNone))}, "\x10\x01\x00\x0d\x00\x00\x00\x00" + secret, conn.ExposedLogin, "its login (LOGIN7, whose password is only turned around)"},
		{"TDS, offered and not wanted", []turn{c(prelogin(tdsPrelogin, tdsNone)), s(prelogin(tdsReply, tdsOff))}, "\x10\x01\x00\x0d\x00\x00\x00\x00" + secret, conn.ExposedLogin, "its login (LOGIN7, whose password is only turned around)"},
		{"LDAP, anonymous", ask, "\x30\x0c\x02\x01\x02\x60\x07\x02\x01\x03\x04\x00\x80\x00", conn.ExposedData, "its commands, as an anonymous user,"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{0, 1} {
				p := player{piece: piece}
				p.play(append(tc.before[:len(tc.before):len(tc.before)], c(tc.line)))
				l := p.talk.Layers()[0]
				x, _ := l.exposed()
				if x.Kind != tc.kind || x.What != tc.what {
					t.Errorf("pieces of %d: %q %q, want %q %q", piece, x.Kind, x.What, tc.kind, tc.what)
				}
				e, ok := p.talk.Without(flow.Mark{})
				if ok != (tc.kind != "" && l.offered.Seen() || l.refused.Seen()) || strings.Contains(e.Why+x.What, secret) {
					t.Errorf("pieces of %d: told %v: %q", piece, ok, e.Why)
				}
			}
		})
	}
}

func TestStripped(t *testing.T) {
	elsewhere := flow.Mark{Packet: 77}
	for _, tc := range []struct {
		name  string
		turns []turn
		want  string
	}{
		{"SMTP", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250 DSN\r\n"), c("MAIL FROM:<a>\r\n")},
			"starttls_stripped: TLS was most likely stripped: the server's list of capabilities in packet 3 lacks STARTTLS, which the same server offers in packet 77; the client sent its mail in the clear, in packet 4."},
		{"SMTP, HELO tells no capabilities", []turn{s("220 mx\r\n"), c("HELO a\r\n"), s("250 mx\r\n"), c("MAIL FROM:<a>\r\n")},
			"starttls_unused: the server can do TLS (STARTTLS), as packet 77 of another connection shows, and the client did not ask what it can do: it sent its mail in the clear, in packet 4."},
		{"POP3, nothing asked", []turn{s("+OK\r\n"), c("USER u\r\nPASS " + secret + "\r\n")},
			"starttls_unused: the server can do TLS (STLS), as packet 77 of another connection shows, and the client did not ask what it can do: it sent its login (PASS) in the clear, in packet 2."},
		{"SMTP, nothing sent", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250 DSN\r\n"), c("QUIT\r\n")}, ""},
		{"SMTP, a list that is not whole", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n"), c("MAIL FROM:<a>\r\n")}, ""},
		{"IMAP", []turn{s("* OK [CAPABILITY IMAP4rev1] hi\r\n"), c("a LOGIN u p\r\n")},
			"starttls_stripped: TLS was most likely stripped: the server's list of capabilities in packet 1 lacks STARTTLS, which the same server offers in packet 77; the client sent its login (LOGIN) in the clear, in packet 2."},
		{"POP3", []turn{s("+OK\r\n"), c("CAPA\r\n"), s("+OK\r\nUSER\r\n.\r\n"), c("USER u\r\nPASS p\r\n")},
			"starttls_stripped: TLS was most likely stripped: the server's list of capabilities in packet 3 lacks STLS, which the same server offers in packet 77; the client sent its login (PASS) in the clear, in packet 4."},
		{"FTP", []turn{s("220 x\r\n"), c("FEAT\r\n"), s("211-Features:\r\n UTF8\r\n211 End\r\n"), c("USER u\r\nPASS p\r\n")},
			"starttls_stripped: TLS was most likely stripped: the server's list of capabilities in packet 3 lacks AUTH TLS, which the same server offers in packet 77; the client sent its login (PASS) in the clear, in packet 4."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{0, 1} {
				p := player{piece: piece, elsewhere: elsewhere}
				p.play(tc.turns)
				if got := p.outcome().Without; got != tc.want {
					t.Errorf("pieces of %d: %q, want %q", piece, got, tc.want)
				}
			}
			p := player{}
			p.play(tc.turns)
			if got := p.outcome().Without; got != "" {
				t.Errorf("without the other connection: %q, want nothing", got)
			}
		})
	}
}

// TestInjected holds that what stands between the agreement and TLS is told and
// does not keep TLS from being found.
func TestInjected(t *testing.T) {
	ch := helloRecord(t)
	const serverHello = "\x16\x03\x03\x00\x50\x02\x00\x00\x4c\x03\x03aaaa"
	for _, tc := range []struct {
		name  string
		turns []turn
		want  []string
		off   [2]int64 // where TLS begins, of the client and of the server
	}{
		{"commands behind STARTTLS", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250 STARTTLS\r\n"), c("STARTTLS\r\nRSET\r\nMAIL FROM:<" + secret + ">\r\n"), s("220 go\r\n"), c(ch)},
			[]string{"client 25"}, [2]int64{43, 38}},
		{"in a segment of its own", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250 STARTTLS\r\n"), c("STARTTLS\r\n"), c("NOOP\r\n"), s("220 go\r\n"), c(ch)},
			[]string{"client 6"}, [2]int64{24, 38}},
		{"and the ClientHello at once", []turn{s("220 mx\r\n"), c("EHLO a\r\nSTARTTLS\r\nNOOP\r\n" + ch), s("250 STARTTLS\r\n220 go\r\n")},
			[]string{"client 6"}, [2]int64{24, 30}},
		{"an empty line is none", []turn{s("220 mx\r\n"), c("EHLO a\r\nSTARTTLS\r\n\r\n"), s("250 STARTTLS\r\n220 go\r\n"), c(ch)}, nil, [2]int64{20, 30}},
		{"the server's, behind its agreement", []turn{s("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), c("a STARTTLS\r\n"), s("a OK go\r\n* PREAUTH " + secret + "\r\n"), c(ch), s(serverHello)},
			[]string{"server 17"}, [2]int64{12, 67}},
		{"the server's, later", []turn{s("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), c("a STARTTLS\r\n"), s("a OK go\r\n"), s("* BYE\r\n"), c(ch), s(serverHello)},
			[]string{"server 7"}, [2]int64{12, 57}},
		{"PostgreSQL", []turn{c("\x00\x00\x00\x08\x04\xd2\x16\x2fQ\x00\x00\x00\x0dselect 1\x00"), s("S"), c(ch)}, []string{"client 14"}, [2]int64{22, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{0, 1} {
				p := player{piece: piece}
				p.play(tc.turns)
				if !p.found || p.start.Offsets[flow.Client] != tc.off[flow.Client] {
					t.Errorf("pieces of %d: TLS found %v at %v, want %v", piece, p.found, p.start.Offsets, tc.off)
				}
				if piece == 0 && p.start.Offsets[flow.Server] != tc.off[flow.Server] {
					t.Errorf("the server's TLS begins at %d, want %d", p.start.Offsets[flow.Server], tc.off[flow.Server])
				}
				var got []string
				for _, x := range p.talk.Layers()[0].Exposed {
					if x.Kind == conn.ExposedInjected {
						got = append(got, x.By.String()+" "+strings.Fields(x.What)[0])
					}
					if strings.Contains(x.What, secret) {
						t.Errorf("the secret is told: %q", x.What)
					}
				}
				if strings.Join(got, ", ") != strings.Join(tc.want, ", ") {
					t.Errorf("pieces of %d: injected %v, want %v", piece, got, tc.want)
				}
			}
		})
	}
}

// TestAskedAgain holds that a client may ask again after a refusal, as some do
// with AUTH SSL and AUTH TLS.
func TestAskedAgain(t *testing.T) {
	p := player{}
	p.play([]turn{s("220 x\r\n"), c("AUTH SSL\r\n"), s("504 no\r\n"), c("AUTH TLS\r\n"), s("234 go\r\n"), c(helloRecord(t))})
	if want := int64(20); !p.found || p.start.Offsets[flow.Client] != want || p.talk.Refusal() != "" {
		t.Errorf("found %v at %v, refusal %q: want TLS at %d and none", p.found, p.start.Offsets, p.talk.Refusal(), want)
	}
}

// startup is a client of PostgreSQL that goes without TLS after a refusal, and
// what the server asks it for.
func startup(authentication string) []turn {
	m := "\x00\x03\x00\x00user\x00u\x00\x00"
	return []turn{c("\x00\x00\x00\x08\x04\xd2\x16\x2f"), s("N"), c(be32(4+len(m)) + m), s("R" + be32(4+len(authentication)) + authentication)}
}
