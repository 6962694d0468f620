package keys

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestSecret(t *testing.T) {
	any := func([]byte) bool { return true }
	random, secret := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 32)
	line := func(label string) string {
		return label + " " + strings.Repeat("07", 32) + " " + strings.Repeat("09", 32) + "\n"
	}
	for _, tc := range []struct {
		name, log, label string
		random           []byte
		ok               bool
	}{
		{"there", line("CLIENT_HANDSHAKE_TRAFFIC_SECRET"), "CLIENT_HANDSHAKE_TRAFFIC_SECRET", random, true},
		{"another label", line("CLIENT_HANDSHAKE_TRAFFIC_SECRET"), "SERVER_HANDSHAKE_TRAFFIC_SECRET", random, false},
		{"another random", line("CLIENT_TRAFFIC_SECRET_0"), "CLIENT_TRAFFIC_SECRET_0", make([]byte, 32), false},
		{"a random that is none", line("CLIENT_TRAFFIC_SECRET_0"), "CLIENT_TRAFFIC_SECRET_0", nil, false},
		{"no such label", line("CLIENT_TRAFFIC_SECRET_0"), "NO_SUCH", random, false},
		{"empty log", "", "CLIENT_TRAFFIC_SECRET_0", random, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := NewLog()
			log.Add([]byte(tc.log), "test")
			p := NewProvider(log)
			got, ok := p.NewSession().Secret(tc.label, tc.random, any)
			if ok != tc.ok || ok && !bytes.Equal(got, secret) {
				t.Fatalf("%x, %v", got, ok)
			}
			clear(got) // the caller's own
			if again, ok := p.NewSession().Secret(tc.label, tc.random, any); ok && !bytes.Equal(again, secret) {
				t.Error("the log's own bytes were handed out")
			}
			var used bytes.Buffer
			if err := p.WriteUsed(&used); err != nil || (used.Len() > 0) != tc.ok {
				t.Errorf("used: %d bytes, %v", used.Len(), err)
			}
		})
	}
	if _, ok := (*Session)(nil).Secret("CLIENT_TRAFFIC_SECRET_0", random, any); ok {
		t.Error("a nil Session has a secret")
	}
}

// TestSecretOfInnerHello holds what a line for another client random says of an
// encrypted_client_hello.
func TestSecretOfInnerHello(t *testing.T) {
	outer := bytes.Repeat([]byte{7}, 32)
	line := func(label string, random, secret byte) string {
		b := func(c byte) string { return strings.Repeat(fmt.Sprintf("%02x", c), 32) }
		return label + " " + b(random) + " " + b(secret) + "\n"
	}
	type ask struct {
		label string
		want  byte // that every byte of the secret is, 0 for none
	}
	const early, client, server = "CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	for _, tc := range []struct {
		name, log string
		ech       bool
		asks      []ask
		inner     bool
	}{
		{"no encrypted_client_hello, no guess", line(server, 8, 1), false, []ask{{server, 0}}, false},
		{"the secret of another random opens: that is the inner one's", line(server, 8, 1) + line(client, 8, 2), true, []ask{{server, 1}, {client, 2}}, true},
		{"only the one that opens counts", line(server, 9, 3) + line(server, 8, 1), true, []ask{{server, 1}}, true},
		{"the outer one's, so the server did not accept it", line(server, 7, 1) + line(server, 8, 2), true, []ask{{server, 1}}, false},
		{"early data is sealed before the server has a say", line(early, 8, 1), true, []ask{{early, 1}}, false},
		{"early data, then the server takes the inner hello", line(early, 8, 1) + line(server, 8, 2), true, []ask{{early, 1}, {server, 2}}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := NewLog()
			log.Add([]byte(tc.log), "test")
			s := NewProvider(log).NewSession()
			s.hs.ech, s.hs.haveCH = tc.ech, true
			copy(s.hs.clientRandom[:], outer)
			for _, a := range tc.asks {
				got, ok := s.Secret(a.label, outer, func(secret []byte) bool { return secret[0] == a.want })
				if ok != (a.want != 0) || ok && got[0] != a.want {
					t.Errorf("%s: %x, %v", a.label, got, ok)
				}
			}
			if s.InnerHello() != tc.inner {
				t.Errorf("the inner hello counts: %v", s.InnerHello())
			}
		})
	}
}
