package tls

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tlslens/tlslens/dissect/wire"
)

func TestSSL2Header(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want SSL2Header
	}{
		{"two bytes", []byte{0x80, 46}, SSL2Header{HeaderLen: 2, Length: 46}},
		{"two bytes, longest", []byte{0xff, 0xff}, SSL2Header{HeaderLen: 2, Length: 0x7fff}},
		{"three bytes", []byte{0x01, 0x02, 7}, SSL2Header{HeaderLen: 3, Length: 0x102, Padding: 7}},
		{"escape", []byte{0x41, 0x02, 0}, SSL2Header{HeaderLen: 3, Length: 0x102, Escape: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h SSL2Header
			if err := h.Decode(tt.in); err != nil {
				t.Fatal(err)
			}
			equal(t, "header", tt.want, h)
		})
	}
}

var ssl2Hello = cat([]byte{1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 0x2f, 1, 0, 0x80}, fill(16, 1))

func TestSSL2Hello(t *testing.T) {
	var m SSL2Hello
	if err := m.Decode(append(ssl2Hello[:len(ssl2Hello):len(ssl2Hello)], 9)); err != nil {
		t.Fatal(err)
	}
	equal(t, "message", SSL2Hello{
		Version: VersionTLS10, CipherSpecs: []byte{0, 0, 0x2f, 1, 0, 0x80}, Challenge: fill(16, 1), TrailingBytes: 1,
	}, m, cmpopts.EquateEmpty())
	if m.CipherSpecs.Len() != 2 {
		t.Fatalf("%d specs", m.CipherSpecs.Len())
	}
	if s, ok := m.CipherSpecs.At(0).Suite(); s != 0x2f || !ok {
		t.Errorf("%v, %v", s, ok)
	}
	if _, ok := m.CipherSpecs.At(1).Suite(); ok {
		t.Error("a cipher of SSL 2.0 is no suite")
	}
	if got := m.CipherSpecs.At(1).String(); got != "SSL_CK_RC4_128_WITH_MD5 (0x010080)" {
		t.Error(got)
	}
	if err := m.Decode([]byte{2, 3, 1}); err == nil {
		t.Error("another message type is accepted")
	}
}

func TestSSL2Answer(t *testing.T) {
	in := cat([]byte{4, 0, 1, 0, 2, 0, 3, 0, 3, 0, 16}, []byte("DER"), []byte{1, 0, 0x80}, fill(16, 1))
	var m SSL2Answer
	if err := m.Decode(in); err != nil {
		t.Fatal(err)
	}
	equal(t, "message", SSL2Answer{
		CertificateType: 1, Version: VersionSSL2, Certificate: []byte("DER"),
		CipherSpecs: []byte{1, 0, 0x80}, ConnectionID: fill(16, 1),
	}, m)
	for n := range in {
		if err := m.Decode(in[:n]); err == nil {
			t.Errorf("%d bytes are accepted", n)
		}
	}
}

func FuzzSSL2(f *testing.F) {
	f.Add(ssl2Hello)
	f.Add(cat([]byte{4, 0, 1, 0, 2, 0, 3, 0, 3, 0, 16}, []byte("DER"), []byte{1, 0, 0x80}, fill(16, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var hello SSL2Hello
		fields, err := traced(func(tr wire.Tracer) error { return hello.DecodeTraced(b, tr) })
		wireError(t, err, len(b))
		checkTiles(t, fields, len(b))
		within(t, b, hello.CipherSpecs)
		within(t, b, hello.Challenge)
		for i := range hello.CipherSpecs.Len() {
			_ = hello.CipherSpecs.At(i).String()
		}
		var answer SSL2Answer
		fields, err = traced(func(tr wire.Tracer) error { return answer.DecodeTraced(b, tr) })
		wireError(t, err, len(b))
		checkTiles(t, fields, len(b))
		within(t, b, answer.Certificate)
		within(t, b, answer.ConnectionID)
	})
}
