package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
)

// TestNothingShown prints everything that holds secrets, in every way.
func TestNothingShown(t *testing.T) {
	p := NewProvider(nil)
	p.Log().Add([]byte(vectorLog), "log")
	p.AddPSK([]byte("me"), unhex(t, "9e40646ce79a7f9dc05af8889bce6552"))
	f := playVector(t, p)
	feed := p.Log().Feed("x")
	_, _ = feed.Write([]byte(vectorLog[:len(vectorLog)-3]))
	key, err := LoadPrivateKeys(pcaps+"/pki/www-rsa.key", nil)
	if err != nil {
		t.Fatal(err)
	}
	var secrets []string
	for line := range strings.Lines(vectorLog) {
		secrets = append(secrets, strings.Fields(line)[2])
	}
	secrets = append(secrets, key[0].d.Text(16), key[0].d.String())
	values := []any{p, *p.Log(), p.Log(), f.s, feed, key[0], secret(unhex(t, secrets[0])), &f.s.half[0].secret, f.s.Status()}
	var out strings.Builder
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
			fmt.Fprintf(&out, verb+"\n", []any{v})
		}
		b, _ := json.Marshal(v)
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	text := strings.ToLower(out.String())
	for _, s := range secrets {
		short := s[:12]
		dec := fmt.Sprint([]byte(mustBytes(s)))
		if strings.Contains(text, strings.ToLower(short)) || len(dec) > 30 && strings.Contains(text, dec[1:30]) {
			t.Errorf("secret %s... is shown", short)
		}
	}
	if n := strings.Count(out.String(), "[secret]"); n < 100 {
		t.Errorf("%d times [secret]", n)
	}
}

func mustBytes(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return bytes.Repeat([]byte{0xfe}, 20)
	}
	return b
}

// TestNil: no keys and no Session.
func TestNil(t *testing.T) {
	var p *Provider
	f := playVector(t, p)
	if st := f.s.Status(); st.Cause != NoKeysGiven || f.opened != 0 || !p.Empty() {
		t.Errorf("%+v", st)
	}
	var s *Session
	s.Message(flow.Client, nil)
	s.ChangeCipherSpec(flow.Client)
	s.SSL2Hello(nil)
	s.Skip(flow.Client, 1)
	s.Missing()
	if s.Ready(flow.Client) || s.Status().Cause != NoKeysGiven {
		t.Error("a nil Session is ready")
	}
}
