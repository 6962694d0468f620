package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A line is what one end of a conversation in the clear says at once.
type line struct {
	server bool
	b      string
}

func cl(b string) line { return line{false, b} }
func sv(b string) line { return line{true, b} }

// conversation writes a capture of TCP connections in which the lines are said,
// each connection in its own port of the client.
func conversation(t *testing.T, path string, talks ...[]line) {
	t.Helper()
	var f bytes.Buffer
	f.Write([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0}) // pcap, raw IP
	clock := uint32(0)
	for i, talk := range talks {
		port := uint16(40000 + i)
		seq := [2]uint32{1000, 5000}
		send := func(server bool, flags byte, payload string) {
			s, ports := 0, [2]uint16{port, 2525}
			src, dst := []byte{192, 0, 2, 1}, []byte{192, 0, 2, 2}
			if server {
				s, ports, src, dst = 1, [2]uint16{2525, port}, dst, src
			}
			clock += 1000
			n := 40 + len(payload)
			var h []byte
			for _, x := range []uint32{1700000000, clock, uint32(n), uint32(n)} {
				h = binary.LittleEndian.AppendUint32(h, x)
			}
			h = append(h, 0x45, 0, byte(n>>8), byte(n), 0, 0, 0x40, 0, 64, 6, 0, 0)
			h = append(append(h, src...), dst...)
			h = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(h, ports[0]), ports[1])
			h = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(h, seq[s]), seq[s^1])
			h = append(h, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
			f.Write(h)
			f.WriteString(payload)
			seq[s] += uint32(len(payload))
			if flags&3 != 0 { // SYN, FIN
				seq[s]++
			}
		}
		send(false, 2, "")
		send(true, 0x12, "")
		for _, l := range talk {
			send(l.server, 0x18, l.b)
		}
		send(false, 0x11, "")
		send(true, 0x11, "")
		send(false, 0x10, "")
	}
	if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNoClearSecret holds that no report shows a password, a token or the name
// of a user that went over the wire in the clear, as it is or in base64.
func TestNoClearSecret(t *testing.T) {
	const user, password = "Plugh17user", "Xyzzy42secret"
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	b64 := base64.StdEncoding.EncodeToString([]byte(password))
	const hello = "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x02\x13\x01\x01\x00\x00\x00"
	smtp := []line{sv("220 mx ESMTP\r\n"), cl("EHLO a\r\n"), sv("250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n")}
	ldap := "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
	talks := [][]line{
		append(smtp[:3:3], cl("AUTH PLAIN "+plain+"\r\n")),
		append(smtp[:3:3], cl("AUTH LOGIN\r\n"), sv("334 VXNlcm5hbWU6\r\n"), cl(b64+"\r\n")),
		append(smtp[:3:3], cl("AUTH "+password+"\r\n"), sv("504 unknown mechanism "+password+"\r\n")),
		append(smtp[:3:3], cl("STARTTLS\r\nAUTH PLAIN "+plain+"\r\n"), sv("220 go\r\n"), cl(hello)),
		append(smtp[:3:3], cl("STARTTLS\r\n"), sv("220 go\r\n"), cl("AUTH PLAIN "+plain+"\r\n")),
		append(smtp[:3:3], cl("STARTTLS\r\n"), sv("454 no\r\n"), cl("AUTH XOAUTH2 "+plain+"\r\n"), cl("MAIL FROM:<"+user+"@a>\r\n")),
		{sv("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), cl("a1 LOGIN " + user + " " + password + "\r\n"), sv("a1 NO " + user + "\r\n")},
		{sv("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), cl("a1 LOGIN {11+}\r\n" + user + " {13+}\r\n" + password + "\r\n")},
		{sv("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), cl("a1 AUTHENTICATE PLAIN\r\n"), sv("+\r\n"), cl(plain + "\r\n")},
		{sv("+OK hi\r\n"), cl("CAPA\r\n"), sv("+OK\r\nSTLS\r\nUSER\r\n.\r\n"), cl("USER " + user + "\r\n"), sv("+OK\r\n"), cl("PASS " + password + "\r\n")},
		{sv("220 ftp\r\n"), cl("FEAT\r\n"), sv("211-F\r\n AUTH TLS\r\n211 End\r\n"), cl("USER " + user + "\r\n"), sv("331 password for " + user + "\r\n"), cl("PASS " + password + "\r\n")},
		{sv("200 news\r\n"), cl("STARTTLS\r\n"), sv("580 no\r\n"), cl("AUTHINFO USER " + user + "\r\nAUTHINFO PASS " + password + "\r\n")},
		{sv(":irc NOTICE * :hi\r\n"), cl("CAP LS\r\n"), sv(":irc CAP * LS :sasl tls\r\n"), cl("PASS :" + password + "\r\nNICK " + user + "\r\n")},
		{cl("<stream:stream to='a'>"), sv("<stream:stream><stream:features><starttls/></stream:features>"), cl("<auth mechanism='PLAIN'>" + plain + "</auth>")},
		{cl(ldap), sv("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"), cl("\x30\x25\x02\x01\x02\x60\x20\x02\x01\x03\x04\x0cou=" + user[:9] + "\x80\x0d" + password)},
		{cl("CONNECT " + user + ":" + password + "@www.example.test:443 HTTP/1.1\r\nProxy-Authorization: Basic " + plain + "\r\nCookie: " + password + "\r\n\r\n"), sv("HTTP/1.1 407 no\r\n\r\n")},
		{cl("OPTIONS /" + "?" + password + " HTTP/1.1\r\nUpgrade: TLS/1.2\r\nAuthorization: Bearer " + b64 + "\r\nCookie: " + password + "\r\n\r\n"), sv("HTTP/1.1 200 OK\r\nSet-Cookie: " + password + "\r\n\r\n")},
		{cl("\x05\x01\x02"), sv("\x05\x02"), cl("\x01\x0b" + user + "\x0d" + password), sv("\x01\x00"), cl("\x05\x01\x00\x03\x01a\x01\xbb"), sv("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), cl(hello)},
		{cl("\x04\x01\x01\xbb\x00\x00\x00\x01" + password + "\x00a\x00"), sv("\x00\x5a\x00\x00\x00\x00\x00\x00"), cl(hello)},
		// Words in the clear where the other side speaks TLS.
		{cl(hello), sv("220 see http://" + user + ":" + password + "@a/?" + password + "\r\n")},
		{cl("PASS " + password + "\r\n"), sv("\x15\x03\x01\x00\x02\x02\x0a")},
		{cl("a1 LOGIN " + user + " " + password + "\r\n"), sv("\x15\x03\x01\x00\x02\x02\x0a")},
		{cl("GET /?" + password + " HTTP/1.1\r\nCookie: " + password + "\r\n\r\n"), sv("\x15\x03\x01\x00\x02\x02\x0a")},
		{cl("GET http://" + user + ":" + password + "@a/ HTTP/1.1\r\n\r\n"), sv("\x15\x03\x01\x00\x02\x02\x0a")},
		{cl(b64 + "\r\n"), sv("\x15\x03\x01\x00\x02\x02\x0a")},
	}
	path := filepath.Join(t.TempDir(), "clear.pcap")
	conversation(t, path, talks...)
	if r := tlslens(t, nil, "list", path); !strings.Contains(r.out, fmt.Sprintf("%d connections: ", len(talks))) {
		t.Fatalf("not all of the %d conversations are connections:\n%s", len(talks), r.out)
	}
	secrets := []string{user, password, plain[:12], b64[:12], user[:9]}
	for _, args := range [][]string{
		{path}, {"-v", path}, {"-vv", path}, {"-vv", "-x", path}, {"-q", path}, {"list", path}, {"--format", "jsonl", "-vv", path}, {"--format", "json", path},
		{"--width", "40", path}, {"--width", "200", path},
	} {
		r := tlslens(t, nil, args...)
		shown := r.out + r.errors
		packed := strings.Map(func(c rune) rune { // tables wrap words
			if strings.ContainsRune(" \n│|", c) {
				return -1
			}
			return c
		}, shown)
		for _, s := range secrets {
			if i := strings.Index(packed, s); i >= 0 {
				t.Errorf("%v shows %q: …%s…", args, s, packed[max(0, i-120):min(len(packed), i+40)])
			}
		}
		if n := strings.Count(shown, "starttls") + strings.Count(shown, "STARTTLS"); n == 0 && args[0] != "list" {
			t.Errorf("%v says nothing of STARTTLS:\n%s", args, shown)
		}
	}
}

// TestNeverTLS holds that protocols in which nobody speaks of TLS are no TLS
// connections, whatever they say, and that the summary names them and counts
// their logins.
func TestNeverTLS(t *testing.T) {
	mysql := "\x33\x00\x00\x00\x0a8.0.36\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\xff\x02\x00\xff\xcf\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00abcdefghijkl\x00x"
	for _, tc := range []struct {
		name   string
		talk   []line
		other  string
		logins bool
	}{
		{"SMTP", []line{sv("220 mx\r\n"), cl("EHLO a\r\n"), sv("250-mx\r\n250 DSN\r\n"), cl("MAIL FROM:<a>\r\n"), cl("DATA\r\n"), cl("STARTTLS is a word of this mail\r\n.\r\n")}, "SMTP", false},
		{"SMTP, a login", []line{sv("220 mx\r\n"), cl("EHLO a\r\n"), sv("250-mx\r\n250 AUTH PLAIN\r\n"), cl("AUTH PLAIN eA==\r\n")}, "SMTP", true},
		{"SMTP that offers TLS to a monitor", []line{sv("220 mx\r\n"), cl("EHLO a\r\n"), sv("250-mx\r\n250 STARTTLS\r\n"), cl("QUIT\r\n"), sv("221 bye\r\n")}, "SMTP", false},
		{"only a banner", []line{sv("220 mx\r\n"), cl("QUIT\r\n")}, "SMTP or FTP", false},
		{"POP3", []line{sv("+OK\r\n"), cl("USER u\r\n"), sv("+OK\r\n"), cl("PASS p\r\n")}, "POP3", true},
		{"IMAP", []line{sv("* OK hi\r\n"), cl("a LOGIN u p\r\n"), sv("a OK\r\n")}, "IMAP", true},
		{"FTP", []line{sv("220 x\r\n"), cl("USER u\r\n"), sv("331 x\r\n"), cl("PASS p\r\n"), sv("230 x\r\n"), cl("PORT 1,2,3,4,5,6\r\n")}, "FTP", true},
		{"FTP, anonymous", []line{sv("220 x\r\n"), cl("USER anonymous\r\n"), sv("331 x\r\n"), cl("PASS a@b\r\n")}, "FTP", false},
		{"IRC", []line{cl("NICK n\r\nUSER u 0 * :u\r\n"), sv(":irc NOTICE n :hi\r\n"), cl("JOIN #a\r\n")}, "IRC", false},
		{"LDAP", []line{cl("\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x01a\x80\x05Xyzzy"), sv("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00")}, "LDAP", true},
		{"MySQL without TLS", []line{sv(mysql), cl("\x05\x00\x00\x01\x05\xa6\x00\x00x")}, "MySQL", true},
		{"PostgreSQL", []line{cl("\x00\x00\x00\x10\x00\x03\x00\x00user\x00u\x00\x00"), sv("R\x00\x00\x00\x08\x00\x00\x00\x00")}, "PostgreSQL", false},
		{"PostgreSQL, a password", []line{cl("\x00\x00\x00\x10\x00\x03\x00\x00user\x00u\x00\x00"), sv("R\x00\x00\x00\x08\x00\x00\x00\x03"), cl("p\x00\x00\x00\x06p\x00")}, "PostgreSQL", true},
		{"HTTP", []line{cl("GET / HTTP/1.1\r\nHost: a\r\nUpgrade-Insecure-Requests: 1\r\n\r\n"), sv("HTTP/1.1 200 OK\r\n\r\n")}, "HTTP", false},
		{"WebSocket", []line{cl("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), sv("HTTP/1.1 101 Switching Protocols\r\n\r\n")}, "HTTP", false},
		{"XMPP", []line{cl("<stream:stream to='a'>"), sv("<stream:features></stream:features>"), cl("<presence/>")}, "XMPP", false},
		{"SOCKS 5 to something else", []line{cl("\x05\x01\x00"), sv("\x05\x00"), cl("\x05\x01\x00\x03\x01a\x00\x50"), sv("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), cl("GET / HTTP/1.1\r\n\r\n")}, "SOCKS 5", false},
		{"CONNECT to something else", []line{cl("CONNECT a:22 HTTP/1.1\r\n\r\n"), sv("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n"), cl("SSH-2.0-y\r\n")}, "HTTP CONNECT", false},
		{"SSH", []line{sv("SSH-2.0-x\r\n"), cl("SSH-2.0-y\r\n")}, "SSH", false},
		{"Redis", []line{cl("*1\r\n$4\r\nPING\r\n"), sv("+PONG\r\n")}, "Redis", false},
		{"bytes", []line{cl("\x16\x02\x00\x00\x00\x00\x00"), sv("\x01\x02\x03\x04")}, "unknown", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "plain.pcap")
			conversation(t, path, tc.talk)
			for _, command := range []string{"read", "list"} {
				r := tlslens(t, nil, command, "--fail-on", "warn", path)
				r.want(t, 0, "")
				if !strings.HasPrefix(r.out, "no TLS connection.") || !strings.Contains(r.out, "other traffic: 1 "+tc.other+"\n") {
					t.Errorf("%s says\n%s\nwant no connection, and other traffic: 1 %s", command, r.out, tc.other)
				}
				if got := strings.Contains(r.out, "with a login in the clear"); got != tc.logins {
					t.Errorf("%s: a login in the clear %v, want %v:\n%s", command, got, tc.logins, r.out)
				}
			}
		})
	}
}

// TestSameServer holds that what one connection shows of a server counts for
// another.
func TestSameServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.pcap")
	conversation(t, path,
		[]line{sv("+OK\r\n"), cl("CAPA\r\n"), sv("+OK\r\nSTLS\r\nUSER\r\n.\r\n"), cl("QUIT\r\n")},
		[]line{sv("+OK\r\n"), cl("USER u\r\n"), sv("+OK\r\n"), cl("PASS Xyzzy\r\n")},
		[]line{sv("+OK\r\n"), cl("CAPA\r\n"), sv("+OK\r\nUSER\r\n.\r\n"), cl("USER u\r\n"), sv("+OK\r\n"), cl("PASS Xyzzy\r\n")})
	r := tlslens(t, nil, "list", "--width", "120", "--fail-on", "fail", path)
	r.want(t, 1, "")
	r.has(t, "pop3: TLS not used", "pop3: TLS stripped", "2 connections: 0 established, 1 failed, 1 TLS not used", "starttls-cleartext-login", "other traffic: 1 POP3")
	tlslens(t, nil, "--only", "failed", path).has(t, "TLS STRIPPED", "most likely stripped")
	tlslens(t, nil, "--only", "fail", path).has(t, "TLS STRIPPED", "TLS NOT USED", "as packet 5 of another connection shows")
	for _, topic := range []string{"starttls_refused", "starttls_stripped", "starttls_unused", "proxy_refused", "starttls-cleartext-login", "starttls-injection", "ftp-data-clear"} {
		tlslens(t, nil, "explain", topic).want(t, 0, "")
	}
}
