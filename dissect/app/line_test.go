package app

import (
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
)

func TestFirstLine(t *testing.T) {
	for _, tc := range []struct {
		who        flow.Side
		line, want string
	}{
		{flow.Client, "GET /a?token=Xyzzy HTTP/1.1", "GET /a HTTP/1.1"},
		{flow.Client, "GET /a;jsessionid=Xyzzy HTTP/1.1", "GET /a HTTP/1.1"},
		{flow.Client, "GET http://u:Xyzzy@www.example.test/a HTTP/1.1", "GET http://www.example.test/a HTTP/1.1"},
		{flow.Client, "CONNECT u:Xyzzy@www.example.test:443 HTTP/1.1", "CONNECT www.example.test:443 HTTP/1.1"},
		{flow.Client, "GET /a?Xyzzy", "GET …"},
		{flow.Client, "EHLO client.example", "EHLO client.example"},
		{flow.Client, "AUTH PLAIN Xyzzy", "AUTH …"},
		{flow.Client, "PASS Xyzzy", "PASS …"},
		{flow.Client, "pass Xyzzy", "pass …"},
		{flow.Client, "USER Xyzzy", "USER …"},
		{flow.Client, "a1 LOGIN u Xyzzy", "a1 LOGIN …"},
		{flow.Client, ". CAPABILITY", ". CAPABILITY"},
		{flow.Client, "AHUAWHl6enk=", ""},
		{flow.Client, "{\"password\":\"Xyzzy\"}", ""},
		{flow.Client, "password=Xyzzy", ""},
		{flow.Client, "<auth mechanism='PLAIN'>Xyzzy</auth>", "<auth…"},
		{flow.Client, "<?xml version='1.0'?><stream:stream to='Xyzzy'>", "<?xml…"},
		{flow.Client, "<Xyzzy1>", ""},
		{flow.Client, "SSH-2.0-OpenSSH_9.2", "SSH-2.0-OpenSSH_9.2"},
		{flow.Client, "*3", ""},
		{flow.Client, "\x00\x01", ""},
		{flow.Client, "  ", ""},
		{flow.Server, "331 Password required for Xyzzy", "331 …"},
		{flow.Server, "220 mx ESMTP", "220 mx ESMTP"},
		{flow.Server, "HTTP/1.1 200 OK", "HTTP/1.1 200 OK"},
		{flow.Server, "220 mx ESMTP (#1, is it?)", "220 mx ESMTP (#1, is it?)"},
		{flow.Server, "see http://u:Xyzzy@a/b and ftp://Xyzzy@c?Xyzzy", "see http://a/b and ftp://c"},
	} {
		if got := FirstLine([]byte(tc.line), tc.who); got != tc.want {
			t.Errorf("%s, %q: %q, want %q", tc.who, tc.line, got, tc.want)
		}
	}
}
