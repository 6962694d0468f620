package tls

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestClientHelloDecode(t *testing.T) {
	random, id := fill(32, 1), fill(4, 0x80)
	head := cat([]byte{3, 3}, random, vec(1, id))
	suites := vec(2, []byte{0x13, 0x01, 0xc0, 0x2f})
	null := vec(1, []byte{0})
	renego := vec(2, []byte{0xff, 1}, vec(2, vec(1)))
	tests := []struct {
		name string
		in   []byte
		want ClientHello
	}{
		{"without extensions", cat(head, suites, null), ClientHello{
			LegacyVersion: VersionTLS12, Random: random, SessionID: id,
			CipherSuites: []byte{0x13, 0x01, 0xc0, 0x2f}, Compressions: []byte{0},
		}},
		{"with extensions and bytes behind them", cat(head, suites, null, renego, []byte{9}), ClientHello{
			LegacyVersion: VersionTLS12, Random: random, SessionID: id,
			CipherSuites: []byte{0x13, 0x01, 0xc0, 0x2f}, Compressions: []byte{0},
			HasExtensions: true, Extensions: renego[2:], TrailingBytes: 1,
		}},
		{"empty extension block", cat(head, suites, null, vec(2)), ClientHello{
			LegacyVersion: VersionTLS12, Random: random, SessionID: id,
			CipherSuites: []byte{0x13, 0x01, 0xc0, 0x2f}, Compressions: []byte{0}, HasExtensions: true,
		}},
		{"odd cipher suites", cat(head, vec(2, []byte{0x13, 0x01, 0xc0}), null), ClientHello{
			LegacyVersion: VersionTLS12, Random: random, SessionID: id,
			CipherSuites: []byte{0x13, 0x01, 0xc0}, Compressions: []byte{0},
		}},
		{"DTLS with cookie", cat([]byte{0xfe, 0xfd}, random, vec(1, id), vec(1, []byte{7, 8}), suites, null), ClientHello{
			LegacyVersion: VersionDTLS12, Random: random, SessionID: id, HasCookie: true, Cookie: []byte{7, 8},
			CipherSuites: []byte{0x13, 0x01, 0xc0, 0x2f}, Compressions: []byte{0},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m ClientHello
			m.TrailingBytes = 77 // Decode has to forget what was
			if err := m.Decode(tt.in); err != nil {
				t.Fatal(err)
			}
			tt.want.Raw = tt.in
			equal(t, "message", tt.want, m, cmpopts.EquateEmpty())
			c := m.Clone()
			equal(t, "clone", m, *c, cmpopts.EquateEmpty())
			clear(tt.in)
			if cmp.Equal(m, *c) {
				t.Error("the clone shares memory with the message")
			}
		})
	}
}

// TestClientHelloKeepsWhatWasRead holds that a fault leaves earlier fields in
// place.
func TestClientHelloKeepsWhatWasRead(t *testing.T) {
	b := body(t, "client_hello_tls13")
	var whole, cut ClientHello
	if err := whole.Decode(b); err != nil {
		t.Fatal(err)
	}
	if err := cut.Decode(b[:len(b)-1]); err == nil {
		t.Fatal("a cut message is accepted")
	}
	want := whole
	want.Raw, want.Extensions = cut.Raw, whole.Extensions[:len(whole.Extensions)-1]
	equal(t, "fields before the fault", want, cut, cmpopts.EquateEmpty())
}

func TestClientHelloAccessors(t *testing.T) {
	var m ClientHello
	if err := m.Decode(body(t, "client_hello_tls13")); err != nil {
		t.Fatal(err)
	}
	var got helloView
	name, ok := m.ServerName()
	if !ok {
		t.Error("no server name")
	}
	got.Name = string(name)
	versions, _ := m.SupportedVersions()
	got.Versions = slices.Collect(versions.All())
	groups, _ := m.Groups()
	got.Groups = slices.Collect(groups.All())
	schemes, _ := m.SignatureSchemes()
	got.Schemes = slices.Collect(schemes.All())
	formats, _ := m.PointFormats()
	got.Formats = slices.Collect(formats.All())
	shares, _ := m.KeyShares()
	for s := range shares.All() {
		got.Shares = append(got.Shares, s.Group)
		if info, ok := s.Group.Info(); ok && info.ClientLen != len(s.Data) {
			t.Errorf("%v: %d bytes, the registry says %d", s.Group, len(s.Data), info.ClientLen)
		}
	}
	alpn, _ := m.ALPN()
	for p := range alpn.All() {
		got.ALPN = append(got.ALPN, string(p))
	}
	modes, _ := m.PSKModes()
	got.Modes = slices.Collect(modes.All())
	equal(t, "view", helloView{
		Name:     "cloudflare-ech.com",
		Versions: []Version{0x8a8a, VersionTLS13, VersionTLS12},
		Groups:   []NamedGroup{0x1a1a, 29, 23, 24},
		Schemes:  []SignatureScheme{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601},
		Formats:  []PointFormat{0},
		Shares:   []NamedGroup{0x1a1a, 29},
		ALPN:     []string{"h2", "http/1.1"},
		Modes:    []PSKMode{PSKWithDHE},
	}, got)
	ech, ok := m.ECH()
	if !ok || ech.Inner || len(ech.Enc) != 32 || len(ech.Payload) == 0 {
		t.Errorf("ECH %+v, %v", ech, ok)
	}
}

// A helloView is what the accessors of a ClientHello give.
type helloView struct {
	Name     string
	Versions []Version
	Groups   []NamedGroup
	Schemes  []SignatureScheme
	Formats  []PointFormat
	Shares   []NamedGroup
	ALPN     []string
	Modes    []PSKMode
}

func TestClientHelloWithoutExtensions(t *testing.T) {
	var m ClientHello
	_, name := m.ServerName()
	_, versions := m.SupportedVersions()
	_, groups := m.Groups()
	_, shares := m.KeyShares()
	_, alpn := m.ALPN()
	_, psk := m.PreSharedKeys()
	_, ech := m.ECH()
	_, ticket := m.SessionTicket()
	_, cert := m.SignatureSchemesCert()
	if name || versions || groups || shares || alpn || psk || ech || ticket || cert {
		t.Error("an empty message has extensions")
	}
}

func TestClientHelloAllocations(t *testing.T) {
	b := body(t, "client_hello_tls13")
	var m ClientHello
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		if m.Decode(b) != nil {
			t.Fatal("cannot decode")
		}
		name, _ := m.ServerName()
		sum += len(name)
		versions, _ := m.SupportedVersions()
		for v := range versions.All() {
			sum += int(v)
		}
		shares, _ := m.KeyShares()
		for s := range shares.All() {
			sum += len(s.Data)
		}
		alpn, _ := m.ALPN()
		for p := range alpn.All() {
			sum += len(p)
		}
		for s := range m.CipherSuites.All() {
			sum += int(s)
		}
		for e := range m.Extensions.All() {
			sum += int(e.Type)
			if e.Check(TypeClientHello) != nil {
				t.Fatal("extension")
			}
		}
		for d := range m.Extensions.Duplicates() {
			sum += int(d)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzClientHello(f *testing.F) {
	f.Add(body(f, "client_hello_tls13"))
	f.Add(body(f, "client_hello_tls12"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again ClientHello
		err := m.Decode(b)
		wireError(t, err, len(b))
		for _, v := range [][]byte{m.Random, m.SessionID, m.Cookie, m.CipherSuites, m.Compressions, m.Extensions} {
			within(t, b, v)
		}
		if len(slices.Collect(m.CipherSuites.All())) != m.CipherSuites.Len() {
			t.Fatal("Len and All disagree")
		}
		size := 0
		for e := range m.Extensions.All() {
			size += 4 + len(e.Data)
			wireError(t, e.Check(TypeClientHello), len(e.Data))
		}
		if err == nil && size != len(m.Extensions) {
			t.Fatalf("the extensions have %d bytes, the block %d", size, len(m.Extensions))
		}
		if name, ok := m.ServerName(); ok {
			within(t, b, name)
		}
		if shares, ok := m.KeyShares(); ok {
			for s := range shares.All() {
				within(t, b, s.Data)
			}
		}
		again.TrailingBytes = 5
		if err2 := again.Decode(b); (err == nil) != (err2 == nil) || !cmp.Equal(m, again) {
			t.Fatalf("decoding twice differs: %v, %v", err, err2)
		}
	})
}

func BenchmarkClientHello(b *testing.B) {
	in := body(b, "client_hello_tls13")
	var m ClientHello
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		_ = m.Decode(in)
		m.ServerName()
	}
}
