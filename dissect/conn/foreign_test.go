package conn

import (
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
)

func TestProtocol(t *testing.T) {
	session, mac := strings.Repeat("s", 8), strings.Repeat("m", 32)
	crypt := "\x00\x36\x38" + session + "\x00\x00\x00\x01time" + mac + "acked"
	for _, tc := range []struct{ name, head, want string }{
		{"tls-crypt", crypt, "OpenVPN (tls-crypt)"},
		{"tls-crypt with its flag", strings.Replace(crypt, "\x00\x00\x00\x01", "\x0f\x00\x00\x01", 1), "OpenVPN (tls-crypt)"},
		{"tls-crypt, cut", crypt[:len(crypt)-1], ""},
		{"tls-auth, of the same size", crypt[:len(crypt)-5] + "\x00\x00\x00\x00\x00", ""},
		{"another packet id", strings.Replace(crypt, "\x00\x00\x00\x01", "\x00\x00\x00\x02", 1), ""},
		{"tls-crypt-v2", "\x01\x00\x50" + session + "\x0f\x00\x00\x01time" + mac + "ackedkey", "OpenVPN (tls-crypt-v2)"},
		{"nothing", "", ""},
		{"SSH", "SSH-2.0-x", "SSH"},
	} {
		if got := Protocol([]byte(tc.head)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestIdentify(t *testing.T) {
	for _, tc := range []struct {
		head string
		side flow.Side
		want string
	}{
		{"HTTP/1.1 400 Bad Request\r\nx", flow.Server, `HTTP ("HTTP/1.1 400 Bad Request")`},
		{"GET /a?Xyzzy HTTP/1.1\r\n", flow.Client, `HTTP ("GET /a HTTP/1.1")`},
		{"a1 LOGIN u Xyzzy\r\n", flow.Client, `text ("a1 LOGIN …")`},
		{"Xyzzy1234567890\r\n", flow.Client, ""},
		{"go away, please\r\n", flow.Server, `text ("go away, please")`},
		{"RFB 003.008\n", flow.Server, `VNC ("RFB 003.008")`},
		{"\x05\x01\x00", flow.Client, "SOCKS 5"},
		{"\x00\x01\x02", flow.Client, ""},
	} {
		if got := Identify([]byte(tc.head), tc.side); got != tc.want {
			t.Errorf("%s, %q: %q, want %q", tc.side, tc.head, got, tc.want)
		}
	}
}
