package tls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestServerHelloDecode(t *testing.T) {
	random := fill(32, 1)
	tests := []struct {
		name    string
		in      []byte
		want    ServerHello
		version Version
	}{
		{"SSL 3.0", cat([]byte{3, 0}, random, vec(1, []byte{5}), []byte{0, 5, 0}), ServerHello{
			LegacyVersion: VersionSSL3, Random: random, HasSessionID: true, SessionID: []byte{5}, CipherSuite: 5,
		}, VersionSSL3},
		{"TLS 1.2", cat([]byte{3, 3}, random, vec(1), []byte{0xc0, 0x2f, 0}, vec(2, []byte{0, 0x17, 0, 0})), ServerHello{
			LegacyVersion: VersionTLS12, Random: random, HasSessionID: true, CipherSuite: 0xc02f,
			HasExtensions: true, Extensions: []byte{0, 0x17, 0, 0},
		}, VersionTLS12},
		{"TLS 1.3", cat([]byte{3, 3}, random, vec(1), []byte{0x13, 1, 0}, vec(2, []byte{0, 43, 0, 2, 3, 4})), ServerHello{
			LegacyVersion: VersionTLS12, Random: random, HasSessionID: true, CipherSuite: 0x1301,
			HasExtensions: true, Extensions: []byte{0, 43, 0, 2, 3, 4},
		}, VersionTLS13},
		{"draft 28", cat([]byte{3, 3}, random, vec(1), []byte{0x13, 1, 0}, vec(2, []byte{0, 43, 0, 2, 0x7f, 28})), ServerHello{
			LegacyVersion: VersionTLS12, Random: random, HasSessionID: true, CipherSuite: 0x1301,
			HasExtensions: true, Extensions: []byte{0, 43, 0, 2, 0x7f, 28},
		}, 0x7f1c},
		{"draft 18 has no session", cat([]byte{0x7f, 18}, random, []byte{0x13, 2}, vec(2, []byte{0, 40, 0, 0})), ServerHello{
			LegacyVersion: 0x7f12, Random: random, CipherSuite: 0x1302,
			HasExtensions: true, Extensions: []byte{0, 40, 0, 0},
		}, 0x7f12},
		{"unreadable supported_versions", cat([]byte{3, 3}, random, vec(1), []byte{0x13, 1, 0}, vec(2, []byte{0, 43, 0, 1, 3})), ServerHello{
			LegacyVersion: VersionTLS12, Random: random, HasSessionID: true, CipherSuite: 0x1301,
			HasExtensions: true, Extensions: []byte{0, 43, 0, 1, 3},
		}, VersionTLS12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m ServerHello
			if err := m.Decode(tt.in); err != nil {
				t.Fatal(err)
			}
			tt.want.Raw = tt.in
			equal(t, "message", tt.want, m, cmpopts.EquateEmpty())
			equal(t, "clone", m, *m.Clone(), cmpopts.EquateEmpty())
			if got := m.NegotiatedVersion(); got != tt.version {
				t.Errorf("negotiated %v, want %v", got, tt.version)
			}
		})
	}
}

func TestServerHelloDowngrade(t *testing.T) {
	tests := []struct {
		name string
		tail string
		want Downgrade
	}{
		{"none", "\x00\x00\x00\x00\x00\x00\x00\x01", NoDowngrade},
		{"TLS 1.2", "DOWNGRD\x01", DowngradeToTLS12},
		{"TLS 1.1", "DOWNGRD\x00", DowngradeToTLS11},
		{"nearly", "DOWNGRD\x02", NoDowngrade},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := ServerHello{Random: cat(fill(24, 0), []byte(tt.tail))}
			if got := m.Downgrade(); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	if (&ServerHello{}).Downgrade() != NoDowngrade {
		t.Error("a message without random has a warning")
	}
}

func TestServerHelloRetry(t *testing.T) {
	in := cat([]byte{3, 3}, []byte(retryRandom), vec(1), []byte{0x13, 1, 0},
		vec(2, []byte{0, 43, 0, 2, 3, 4}, []byte{0, 51, 0, 2, 0, 29}, []byte{0xfe, 0x0d}, vec(2, fill(8, 1))))
	var m ServerHello
	if err := m.Decode(in); err != nil {
		t.Fatal(err)
	}
	if !m.IsRetry() {
		t.Error("not a HelloRetryRequest")
	}
	share, ok := m.KeyShare()
	if !ok || share.Group != 29 || share.Data != nil {
		t.Errorf("key share %v, %v", share, ok)
	}
	if err := checkMessage(t, TypeServerHello, Context{}, in); err != nil {
		t.Error(err)
	}
}

func TestServerHelloAccessors(t *testing.T) {
	var m ServerHello
	if err := m.Decode(body(t, "server_hello_tls13")); err != nil {
		t.Fatal(err)
	}
	share, ok := m.KeyShare()
	if info, known := share.Group.Info(); !ok || !known || len(share.Data) != info.ServerLen {
		t.Errorf("key share of %v with %d bytes, %v", share.Group, len(share.Data), ok)
	}
	if m.IsRetry() || m.NegotiatedVersion() != VersionTLS13 {
		t.Errorf("version %v, retry %v", m.NegotiatedVersion(), m.IsRetry())
	}
	if _, ok := m.ALPN(); ok {
		t.Error("TLS 1.3 has ALPN elsewhere")
	}
	m.Extensions = cat([]byte{0, 16}, vec(2, vec(2, vec(1, []byte("h2")))), []byte{0, 41, 0, 2, 0, 3})
	if p, ok := m.ALPN(); string(p) != "h2" || !ok {
		t.Errorf("ALPN %q, %v", p, ok)
	}
	if i, ok := m.PreSharedKey(); i != 3 || !ok {
		t.Errorf("identity %d, %v", i, ok)
	}
}

func TestHelloRetryRequestDecode(t *testing.T) {
	share := []byte{0, 40, 0, 2, 0, 29}
	tests := []struct {
		name string
		in   []byte
		want HelloRetryRequest
	}{
		{"draft 18", cat([]byte{0x7f, 18}, vec(2, share)), HelloRetryRequest{Version: 0x7f12, Extensions: share}},
		{"draft 20", cat([]byte{0x7f, 20, 0x13, 3}, vec(2, share), []byte{1}), HelloRetryRequest{
			Version: 0x7f14, HasCipherSuite: true, CipherSuite: 0x1303, Extensions: share, TrailingBytes: 1,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m HelloRetryRequest
			if err := m.Decode(tt.in); err != nil {
				t.Fatal(err)
			}
			equal(t, "message", tt.want, m)
			if err := checkMessage(t, TypeHelloRetryRequest, Context{}, tt.in); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestServerHelloAllocations(t *testing.T) {
	b := body(t, "server_hello_tls13")
	var m ServerHello
	if n := testing.AllocsPerRun(100, func() {
		if m.Decode(b) != nil {
			t.Fatal("cannot decode")
		}
		m.KeyShare()
		m.ALPN()
		m.NegotiatedVersion()
		m.Downgrade()
		m.IsRetry()
		m.PreSharedKey()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzServerHello(f *testing.F) {
	f.Add(body(f, "server_hello_tls13"))
	f.Add(body(f, "server_hello_tls12"))
	f.Add(cat([]byte{0x7f, 18}, fill(32, 0), []byte{0x13, 2}, vec(2, []byte{0, 40, 0, 0})))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again ServerHello
		err := m.Decode(b)
		wireError(t, err, len(b))
		for _, v := range [][]byte{m.Random, m.SessionID, m.Extensions} {
			within(t, b, v)
		}
		if s, ok := m.KeyShare(); ok {
			within(t, b, s.Data)
		}
		if m.NegotiatedVersion() != m.LegacyVersion && !m.Extensions.Has(ExtSupportedVersions) {
			t.Fatal("a version from nowhere")
		}
		if err2 := again.Decode(b); (err == nil) != (err2 == nil) || !cmp.Equal(m, again) {
			t.Fatalf("decoding twice differs: %v, %v", err, err2)
		}
	})
}
