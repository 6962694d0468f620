package fingerprint

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/tls"
)

// hello makes a ClientHello of TLS 1.2 with suites and extensions.
func hello(t testing.TB, suites []uint16, exts ...[]byte) *tls.ClientHello {
	t.Helper()
	b := append([]byte{3, 3}, make([]byte, 33)...)
	b = binary.BigEndian.AppendUint16(b, uint16(2*len(suites)))
	for _, s := range suites {
		b = binary.BigEndian.AppendUint16(b, s)
	}
	b = append(b, 1, 0)
	var all []byte
	for _, e := range exts {
		all = append(all, e...)
	}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(all))), all...)
	m := new(tls.ClientHello)
	if err := m.Decode(b); err != nil {
		t.Fatal(err)
	}
	return m
}

func ext(typ uint16, body ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, typ)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...)
}

func alpn(p string) []byte {
	return ext(16, append([]byte{0, byte(len(p) + 1), byte(len(p))}, p...)...)
}

var (
	sni      = ext(0, append([]byte{0, 14, 0, 0, 11}, "www.example"...)...)
	groups   = ext(10, 0, 6, 0x0a, 0x0a, 0, 29, 0, 23)
	formats  = ext(11, 1, 0)
	schemes  = ext(13, 0, 4, 4, 3, 8, 4)
	versions = ext(43, 4, 0x7a, 0x7a, 3, 4)
	grease   = ext(0x1a1a)
)

func TestJA3(t *testing.T) {
	tests := []struct {
		name string
		m    *tls.ClientHello
		want string // the MD5 of this
	}{
		{"everything", hello(t, []uint16{0x2a2a, 0x1301, 0xc02f}, grease, sni, groups, formats, schemes), "771,4865-49199,0-10-11-13,29-23,0"},
		{"no extensions", hello(t, []uint16{0x002f}), "771,47,,,"},
		{"nothing", hello(t, nil), "771,,,,"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := JA3(tt.m), sum([]byte(tt.want)); got != want {
				t.Errorf("JA3 = %s, want %s, the MD5 of %q", got, want, tt.want)
			}
		})
	}
}

// TestJA3Published holds a value that salesforce/ja3 publishes, with what it is
// the MD5 of.
func TestJA3Published(t *testing.T) {
	const raw = "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
	m := hello(t, []uint16{47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}, sni, ext(10, 0, 6, 0, 23, 0, 24, 0, 25), formats)
	m.LegacyVersion = 769
	if got := JA3(m); got != "ada70206e40642a3e4461f35503241d5" {
		t.Errorf("JA3 = %s of %s", got, raw)
	}
}

func TestJA3S(t *testing.T) {
	b := append([]byte{3, 3}, make([]byte, 33)...)
	b = append(b, 0xc0, 0x2f, 0, 0, 9)
	b = append(append(b, ext(65281, 0)...), ext(23)...)
	var m tls.ServerHello
	if err := m.Decode(b); err != nil {
		t.Fatal(err)
	}
	if got, want := JA3S(&m), sum([]byte("771,49199,65281-23")); got != want {
		t.Errorf("JA3S = %s, want %s", got, want)
	}
}

func TestJA4(t *testing.T) {
	many := make([]uint16, 120)
	for i := range many {
		many[i] = uint16(0xc000 + i)
	}
	tests := []struct {
		name      string
		m         *tls.ClientHello
		transport string
		raw       string
	}{
		{"everything", hello(t, []uint16{0x2a2a, 0xc02f, 0x1301}, grease, sni, groups, formats, schemes, versions, alpn("h2")), "tcp",
			"t13d0206h2_1301,c02f_000a,000b,000d,002b_0403,0804"},
		{"QUIC", hello(t, []uint16{0x1301}, versions, alpn("h3")), "quic", "q13i0102h3_1301_002b"},
		{"DTLS by its transport", hello(t, []uint16{0xc02f}), "dtls", "d12i010000_c02f_"},
		{"DTLS 1.3 over 1.2", hello(t, nil, ext(43, 4, 0xfe, 0xfd, 0xfe, 0xfc)), "dtls", "dd3i000100__002b"},
		{"DTLS 1.2 over 1.0 and GREASE", hello(t, nil, ext(43, 6, 0xfe, 0xff, 0x2a, 0x2a, 0xfe, 0xfd)), "dtls", "dd2i000100__002b"},
		{"no name", hello(t, []uint16{0xc02f}, schemes), "tcp", "t12i010100_c02f_000d_0403,0804"},
		{"one letter", hello(t, nil, alpn("x")), "tcp", "t12i0001xx__"},
		{"a long protocol", hello(t, nil, alpn("http/1.1")), "tcp", "t12i0001h1__"},
		{"a protocol that is no text", hello(t, nil, alpn("\xab\xcd")), "tcp", "t12i0001ad__"},
		{"half text", hello(t, nil, alpn("a\x01")), "tcp", "t12i000161__"},
		{"an empty protocol", hello(t, nil, ext(16, 0, 1, 0)), "tcp", "t12i000100__"},
		{"more than 99", hello(t, many), "tcp", "t12i990000_" + hexList(many) + "_"},
		{"nothing", hello(t, nil), "tcp", "t12i000000__"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hashed, raw := JA4(tt.m, tt.transport)
			if raw != tt.raw {
				t.Errorf("raw = %s, want %s", raw, tt.raw)
			}
			a, rest, _ := strings.Cut(tt.raw, "_")
			b, c, _ := strings.Cut(rest, "_")
			list := func(s string) string { return short(s, s == "") }
			if want := a + "_" + list(b) + "_" + list(c); hashed != want {
				t.Errorf("JA4 = %s, want %s", hashed, want)
			}
		})
	}
}

// TestJA4Order holds that the order of suites and extensions does not matter,
// and that of the signature schemes does (JA4 technical details).
func TestJA4Order(t *testing.T) {
	a, _ := JA4(hello(t, []uint16{0x1301, 0xc02f}, groups, schemes), "tcp")
	b, _ := JA4(hello(t, []uint16{0xc02f, 0x1301}, schemes, groups), "tcp")
	c, _ := JA4(hello(t, []uint16{0xc02f, 0x1301}, ext(13, 0, 4, 8, 4, 4, 3), groups), "tcp")
	if a != b {
		t.Errorf("%s and %s", a, b)
	}
	if a == c {
		t.Error("the order of the signature schemes does not count")
	}
}

// FuzzFingerprints holds the shape of the fingerprints of any hello.
func FuzzFingerprints(f *testing.F) {
	f.Add(hello(f, []uint16{0x2a2a, 0x1301}, grease, sni, groups, formats, schemes, versions, alpn("h2")).Raw, "tcp")
	f.Add(hello(f, nil, alpn("\x00\xff")).Raw, "quic")
	f.Add([]byte{3, 3}, "dtls")
	f.Fuzz(func(t *testing.T, b []byte, transport string) {
		var m tls.ClientHello
		_ = m.Decode(b) // what stands before a fault is fingerprinted too
		hashed, raw := JA4(&m, transport)
		if len(hashed) != len("t13d1516h2_8daaf6152771_e5627efa2ab1") || hashed[10] != '_' || hashed[23] != '_' {
			t.Errorf("JA4 = %q", hashed)
		}
		if !strings.HasPrefix(raw, hashed[:11]) {
			t.Errorf("raw %q of %q", raw, hashed)
		}
		for _, s := range []string{JA3(&m), hashed, raw} {
			for _, c := range s {
				if !alnum(byte(c)) && c != '_' && c != ',' || c > 0x7e {
					t.Fatalf("%q", s)
				}
			}
		}
		if len(JA3(&m)) != 32 {
			t.Errorf("JA3 = %q", JA3(&m))
		}
	})
}
