package starttls

import (
	"strings"
	"testing"
)

func TestPostgres(t *testing.T) {
	ask := c("\x00\x00\x00\x08\x04\xd2\x16\x2f")
	startup := c("\x00\x00\x00\x20\x00\x03\x00\x00user\x00" + secret + "\x00database\x00x\x00\x00")
	checkAll(t, []talkCase{
		{"granted", []turn{ask, s("S")}, false, outcome{Name: "postgres", Said: []string{"SSLRequest", `"S"`}, TLS: true}},
		{"GSSAPI first", []turn{c("\x00\x00\x00\x08\x04\xd2\x16\x30"), s("N"), ask, s("S")}, false,
			outcome{Name: "postgres", Said: []string{"GSSENCRequest", `"N"`, "SSLRequest", `"S"`}, TLS: true}},
		{"refused", []turn{ask, s("N"), startup}, true,
			outcome{Name: "postgres", Said: []string{"SSLRequest", `refused: "N"`},
				Without: `starttls_refused: the server refused TLS: "N" to SSLRequest, in packet 2. The client went on without it and sent its startup message, with the names of user and database, in the clear, in packet 3.`,
				Exposed: []string{"data: its startup message, with the names of user and database,"}}},
		{"an error", []turn{ask, s("EFATAL\x00")}, true,
			outcome{Name: "postgres", Said: []string{"SSLRequest", "refused: an error message"},
				Without: "starttls_refused: the server refused TLS: an error message to SSLRequest, in packet 2."}},
		{"never asked", []turn{startup}, true,
			outcome{Name: "postgres", Exposed: []string{"data: its startup message, with the names of user and database,"}}},
	})
}

func TestMySQL(t *testing.T) {
	// As MariaDB 10.0.36 greets, with and without CLIENT_SSL.
	greet := func(flags string) turn {
		body := "\x0a5.5.5-10.0.36-MariaDB\x00\x2c\x00\x00\x00abcdefgh\x00" + flags + "\x08\x02\x00\x3f\xa0\x15" + strings.Repeat("\x00", 10) + "abcdefghijkl\x00mysql_native_password\x00"
		return s(string([]byte{byte(len(body)), 0, 0, 0}) + body)
	}
	request := func(flags, more string) turn {
		body := flags + "\x0e\x00\x00\x00\x00\x01\x21" + strings.Repeat("\x00", 23) + more
		return c(string([]byte{byte(len(body)), 0, 0, 1}) + body)
	}
	server := `server "5.5.5-10.0.36-MariaDB"`
	checkAll(t, []talkCase{
		{"asked", []turn{greet("\xff\xff"), request("\x05\xae", "")}, false, outcome{Name: "mysql", Said: []string{server, "TLS offered", "SSLRequest"}, TLS: true}},
		{"asked, then silence", []turn{greet("\xff\xff"), request("\x05\xae", "")}, true,
			outcome{Name: "mysql", Said: []string{server, "TLS offered", "SSLRequest"}, Without: "the MySQL client asked for TLS (SSLRequest, packet 2), the server agreed, and no ClientHello followed."}},
		{"offered and not used", []turn{greet("\xff\xff"), request("\x05\xa6", secret+"\x00")}, true,
			outcome{Name: "mysql", Said: []string{server, "TLS offered"},
				Without: "starttls_unused: the server offered TLS (SSLRequest) in packet 1 and the client went on without it: it sent its login in the clear, in packet 2.",
				Exposed: []string{"login_hashed: its login"}}},
		{"not offered", []turn{greet("\xff\xf7"), request("\x05\xa6", secret+"\x00")}, true, outcome{Name: "mysql", Said: []string{server},
			Exposed: []string{"login_hashed: its login"}}},
	})
}

func TestLDAP(t *testing.T) {
	ask := c("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + startTLS)
	checkAll(t, []talkCase{
		{"granted", []turn{ask, s("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")}, false, outcome{Name: "ldap", Said: []string{"StartTLS", "success"}, TLS: true}},
		{"refused, bind in the clear", []turn{ask, s("\x30\x11\x02\x01\x01\x78\x0c\x0a\x01\x34\x04\x00\x04\x05sorry"), c("\x30\x14\x02\x01\x02\x60\x0f\x02\x01\x03\x04\x03cn=\x80\x05" + secret)}, true,
			outcome{Name: "ldap", Said: []string{"StartTLS", `refused: result 52 "sorry"`},
				Without: `starttls_refused: the server refused TLS: result 52 "sorry" to StartTLS, in packet 2. The client went on without it and sent its login (bind with a password) in the clear, in packet 3.`,
				Exposed: []string{"login: its login (bind with a password)"}}},
		{"a bind alone", []turn{c("\x30\x14\x02\x01\x01\x60\x0f\x02\x01\x03\x04\x03cn=\x80\x05" + secret)}, true, outcome{Name: "ldap",
			Exposed: []string{"login: its login (bind with a password)"}}},
	})
}

func TestRDP(t *testing.T) {
	ask := func(set byte) turn {
		return c("\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00Cookie: mstshash=" + secret + "\r\n\x01\x00\x08\x00" + string(rune(set)) + "\x00\x00\x00")
	}
	confirm := func(typ, set byte) turn {
		return s("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00" + string(rune(typ)) + "\x00\x08\x00" + string(rune(set)) + "\x00\x00\x00")
	}
	request := "a negotiation request for TLS or CredSSP"
	checkAll(t, []talkCase{
		{"granted", []turn{ask(3), confirm(2, 2)}, false, outcome{Name: "rdp", Said: []string{request, "CredSSP chosen"}, TLS: true}},
		{"standard security", []turn{ask(3), confirm(2, 0)}, true,
			outcome{Name: "rdp", Said: []string{request, "refused: standard RDP security"},
				Without: "starttls_refused: the server refused TLS: standard RDP security to a negotiation request for TLS or CredSSP, in packet 2."}},
		{"failure", []turn{ask(3), confirm(3, 2)}, true,
			outcome{Name: "rdp", Said: []string{request, "refused: failure code 2"},
				Without: "starttls_refused: the server refused TLS: failure code 2 to a negotiation request for TLS or CredSSP, in packet 2."}},
		{"not asked", []turn{ask(0)}, true, outcome{Name: "rdp"}},
	})
}

func TestAMQP(t *testing.T) {
	checkAll(t, []talkCase{
		{"granted", []turn{c("AMQP\x02\x01\x00\x00"), s("AMQP\x02\x01\x00\x00")}, false, outcome{Name: "amqp", Said: []string{"the TLS header", "the same header"}, TLS: true}},
		{"refused", []turn{c("AMQP\x02\x01\x00\x00"), s("AMQP\x03\x01\x00\x00")}, true,
			outcome{Name: "amqp", Said: []string{"the TLS header", "refused: the header of protocol 3, version 1.0.0"},
				Without: "starttls_refused: the server refused TLS: the header of protocol 3, version 1.0.0 to the TLS header, in packet 2."}},
		{"plain", []turn{c("AMQP\x00\x00\x09\x01")}, true, outcome{}},
	})
}

func TestSOCKS(t *testing.T) {
	checkAll(t, []talkCase{
		{"5, a name", []turn{c("\x05\x02\x00\x02"), s("\x05\x00"), c("\x05\x01\x00\x03\x0ewww.google.com\x01\xbb"), s("\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90")}, false,
			outcome{Name: "socks5", Said: []string{"connect to www.google.com port 443", "granted"}, TLS: true}},
		{"5, with a password, IPv6", []turn{c("\x05\x02\x00\x02"), s("\x05\x02"), c("\x01\x01u\x05" + secret), s("\x01\x00"),
			c("\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x01\xbb"), s("\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90")}, false,
			outcome{Name: "socks5", Said: []string{"with a name and a password", "connect to ::1 port 443", "granted"}, TLS: true,
				Exposed: []string{"proxy_login: its login for the proxy (a name and a password)"}}},
		{"5, refused", []turn{c("\x05\x01\x00"), s("\x05\x00"), c("\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb"), s("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")}, true,
			outcome{Name: "socks5", Said: []string{"connect to 127.0.0.1 port 443", "refused with code 5"}}},
		{"5, wrong password", []turn{c("\x05\x01\x02"), s("\x05\x02"), c("\x01\x01u\x05" + secret), s("\x01\x01")}, true,
			outcome{Name: "socks5", Said: []string{"with a name and a password", "refused"},
				Exposed: []string{"proxy_login: its login for the proxy (a name and a password)"}}},
		{"4", []turn{c("\x04\x01\x01\xbb\xc0\x00\x02\x01user\x00"), s("\x00\x5a\x00\x00\x00\x00\x00\x00")}, false,
			outcome{Name: "socks4", Said: []string{"connect to 192.0.2.1 port 443", "granted"}, TLS: true}},
		{"4a", []turn{c("\x04\x01\x01\xbb\x00\x00\x00\x01\x00www.example.test\x00"), s("\x00\x5a\x00\x00\x00\x00\x00\x00")}, false,
			outcome{Name: "socks4", Said: []string{"connect to www.example.test port 443", "granted"}, TLS: true}},
		{"4, refused", []turn{c("\x04\x01\x01\xbb\xc0\x00\x02\x01\x00"), s("\x00\x5b\x00\x00\x00\x00\x00\x00")}, true,
			outcome{Name: "socks4", Said: []string{"connect to 192.0.2.1 port 443", "refused with code 91"}}},
	})
}

func TestProxy(t *testing.T) {
	checkAll(t, []talkCase{
		{"2, IPv6 with a TLV", []turn{c(proxy2Signature + "\x21\x21\x00\x28" + strings.Repeat("\x00", 15) + "\x01" + strings.Repeat("\x00", 15) + "\x02\xc0\x00\x01\xbb\x04\x00\x01\x00")}, false,
			outcome{Name: "proxy_v2", Said: []string{"from ::1 port 49152 to ::2 port 443"}, TLS: true}},
		{"2, LOCAL", []turn{c(proxy2Signature + "\x20\x00\x00\x00")}, false, outcome{Name: "proxy_v2", Said: []string{"sent by the proxy for itself"}, TLS: true}},
		{"1, UNKNOWN", []turn{c("PROXY UNKNOWN\r\n")}, false, outcome{Name: "proxy_v1", Said: []string{"of an unknown client"}, TLS: true}},
		{"1, too long", []turn{c("PROXY TCP4 " + strings.Repeat("1", 100) + "\r\n")}, true, outcome{}},
	})
}
