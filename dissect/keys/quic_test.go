package keys

import (
	"bytes"
	"strings"
	"testing"
)

func TestSecret(t *testing.T) {
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
			got, ok := p.NewSession().Secret(tc.label, tc.random)
			if ok != tc.ok || ok && !bytes.Equal(got, secret) {
				t.Fatalf("%x, %v", got, ok)
			}
			clear(got) // the caller's own
			if again, ok := p.NewSession().Secret(tc.label, tc.random); ok && !bytes.Equal(again, secret) {
				t.Error("the log's own bytes were handed out")
			}
			var used bytes.Buffer
			if err := p.WriteUsed(&used); err != nil || (used.Len() > 0) != tc.ok {
				t.Errorf("used: %d bytes, %v", used.Len(), err)
			}
		})
	}
	if _, ok := (*Session)(nil).Secret("CLIENT_TRAFFIC_SECRET_0", random); ok {
		t.Error("a nil Session has a secret")
	}
}
