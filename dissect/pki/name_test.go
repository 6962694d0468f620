package pki

import (
	"encoding/hex"
	"testing"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestParseName(t *testing.T) {
	atv := func(typ []byte, tag casn1.Tag, v string) []byte { return seq(typ, tlv(tag, []byte(v))) }
	set := func(parts ...[]byte) []byte { return tlv(casn1.SET, parts...) }
	o, email, c := oid(2, 5, 4, 10), oid(1, 2, 840, 113549, 1, 9, 1), oid(2, 5, 4, 6)
	tests := []struct {
		name string
		rdns [][]byte
		want string
		odd  bool
	}{
		{"reversed", [][]byte{rdn(c, casn1.PrintableString, "US"), rdn(oidCN, casn1.UTF8String, "a")}, "CN=a,C=US", false},
		{"empty", nil, "", false},
		{"specials", [][]byte{rdn(o, casn1.UTF8String, ` a,b+c"d\e<f>g;h=i#j `)}, `O=\ a\,b\+c\"d\\e\<f\>g\;h=i#j\ `, false},
		{"leading number sign", [][]byte{rdn(o, casn1.UTF8String, "#1")}, `O=\#1`, false},
		{"a slash is text", [][]byte{rdn(o, casn1.UTF8String, "x/CN=y")}, "O=x/CN=y", false},
		{"empty value", [][]byte{rdn(o, casn1.UTF8String, "")}, "O=", false},
		{"multi-valued", [][]byte{set(atv(oidCN, casn1.UTF8String, "a"), atv(o, casn1.UTF8String, "b"))}, "CN=a+O=b", false},
		{"e-mail", [][]byte{rdn(email, casn1.IA5String, "a@b.example")}, "emailAddress=a@b.example", false},
		{"unnamed attribute", [][]byte{rdn(oid(2, 5, 4, 41), casn1.UTF8String, "n")}, "2.5.4.41=n", false},
		{"UTF-8", [][]byte{rdn(o, casn1.UTF8String, "Bücher ☃")}, "O=Bücher ☃", false},
		{"not UTF-8", [][]byte{rdn(o, casn1.UTF8String, "a\xffb")}, `O=a\ffb`, true},
		{"T61String", [][]byte{rdn(o, casn1.T61String, "B\xfccher")}, "O=Bücher", false},
		{"BMPString", [][]byte{rdn(o, tagBMP, "\x00B\x00\xfc\x26\x03\xd8\x3d\xde\x00")}, "O=Bü☃😀", false},
		{"odd BMPString", [][]byte{rdn(o, tagBMP, "\x00B\x00")}, "O=#1e03004200", true},
		{"UniversalString", [][]byte{rdn(o, tagUniversal, "\x00\x01\xf6\x00")}, "O=😀", false},
		{"bad UniversalString", [][]byte{rdn(o, tagUniversal, "\x7f\x01\xf6\x00")}, "O=#1c047f01f600", true},
		{"control characters", [][]byte{rdn(o, casn1.UTF8String, "\x1b[2J\x7f\n")}, `O=\1b[2J\7f\0a`, false},
		{"underscore in PrintableString", [][]byte{rdn(oidCN, casn1.PrintableString, "a_b@c")}, "CN=a_b@c", true},
		{"not a string", [][]byte{rdn(o, casn1.INTEGER, "\x05")}, "O=#020105", false},
		{"RDN that is no SET", [][]byte{seq(atv(o, casn1.UTF8String, "b")), rdn(oidCN, casn1.UTF8String, "a")}, "CN=a", true},
		{"cut short", [][]byte{rdn(oidCN, casn1.UTF8String, "a"), {0x31, 0x09, 0x30}}, "CN=a", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b []byte
			for _, r := range tt.rdns {
				b = append(b, r...)
			}
			odd := false
			if got := parseName(b, func(string) { odd = true }).text; got != tt.want || odd != tt.odd {
				t.Errorf("got %q (odd %v), want %q (odd %v)", got, odd, tt.want, tt.odd)
			}
		})
	}
}

func TestOIDString(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"rsaEncryption", "2a864886f70d010101", "1.2.840.113549.1.1.1"},
		{"first arc 2", "883703", "2.999.3"},
		{"beyond 64 bits", "69ffffffffffffffffff7f", "2.25.1180591620717411303423"},
		{"cut within an arc", "2a86", ""},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := oidString(mustHex(tt.in))
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}
