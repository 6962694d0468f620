package tls

import (
	"bytes"
	"compress/zlib"
	"crypto/x509"
	"errors"
	"slices"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
)

var (
	tls12 = Context{Version: VersionTLS12, Suite: 0xc02f}
	tls13 = Context{Version: VersionTLS13, Suite: 0x1301}
)

func TestCertificateDecode(t *testing.T) {
	a, b := vec(3, []byte("leaf")), vec(3, []byte("issuer"))
	status := vec(2, []byte{0, 5}, vec(2, []byte{1}, vec(3, []byte("ocsp"))))
	entry := cat(a, status)
	rpk := func(c Context) Context { c.RawPublicKey = true; return c }
	tests := []struct {
		name    string
		ctx     Context
		in      []byte
		want    Certificate
		entries []CertificateEntry
	}{
		{"TLS 1.2", tls12, vec(3, a, b), Certificate{Entries: cat(a, b)},
			[]CertificateEntry{{Data: []byte("leaf")}, {Data: []byte("issuer")}}},
		{"none", tls12, vec(3), Certificate{}, nil},
		{"TLS 1.3", tls13, cat(vec(1, []byte{7}), vec(3, entry, b, vec(2)), []byte{1}),
			Certificate{TLS13: true, RequestContext: []byte{7}, Entries: cat(entry, b, vec(2)), TrailingBytes: 1},
			[]CertificateEntry{{[]byte("leaf"), status[2:]}, {Data: []byte("issuer")}}},
		{"guess TLS 1.2", Context{}, vec(3, a, b), Certificate{Entries: cat(a, b)},
			[]CertificateEntry{{Data: []byte("leaf")}, {Data: []byte("issuer")}}},
		{"guess TLS 1.3", Context{}, cat(vec(1), vec(3, entry)), Certificate{TLS13: true, Entries: entry},
			[]CertificateEntry{{[]byte("leaf"), status[2:]}}},
		{"raw public key, TLS 1.2", rpk(tls12), a, Certificate{RawPublicKey: []byte("leaf")}, nil},
		{"raw public key, TLS 1.3", rpk(tls13), cat(vec(1), vec(3, a, vec(2))),
			Certificate{TLS13: true, Entries: cat(a, vec(2)), RawPublicKey: []byte("leaf")}, []CertificateEntry{{Data: []byte("leaf")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Certificate
			if err := m.Decode(tt.in, tt.ctx); err != nil {
				t.Fatal(err)
			}
			equal(t, "message", tt.want, m, cmpopts.EquateEmpty())
			equal(t, "entries", tt.entries, slices.Collect(m.All()), cmpopts.EquateEmpty())
			if m.Len() != len(tt.entries) {
				t.Errorf("Len = %d", m.Len())
			}
			if err := checkMessage(t, TypeCertificate, tt.ctx, tt.in); err != nil {
				t.Error(err)
			}
			if n := testing.AllocsPerRun(20, func() {
				_ = m.Decode(tt.in, tt.ctx)
				for range m.All() {
					continue
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// TestCertificateInside holds that a fault inside the list is an error that
// names the list, and that the entries before it stay.
func TestCertificateInside(t *testing.T) {
	in := vec(3, vec(3, []byte("leaf")), []byte{0, 0, 9, 1})
	var m Certificate
	err := m.Decode(in, tls12)
	if err == nil || err.Error() != "cert_data at offset 13 needs 9 bytes, certificate_list ends after 1" {
		t.Error(err)
	}
	if m.Len() != 1 {
		t.Errorf("%d entries", m.Len())
	}
	err = checkMessage(t, TypeCertificate, tls12, in)
	if want := "certificate_list[1].cert_data at offset 13 needs 9 bytes, certificate_list ends after 1"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// TestCertificateReal holds that what is found in real messages are
// certificates.
func TestCertificateReal(t *testing.T) {
	for _, s := range samples(t) {
		if s.typ != TypeCertificate || s.name == "certificate_empty" {
			continue
		}
		var m Certificate
		if err := m.Decode(s.body, s.ctx); err != nil || m.Len() == 0 {
			t.Errorf("%s: %d entries, %v", s.name, m.Len(), err)
		}
		for e := range m.All() {
			if _, err := x509.ParseCertificate(e.Data); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		}
	}
}

func TestCertificateRequestDecode(t *testing.T) {
	types, schemes, names := vec(1, []byte{1, 64}), vec(2, []byte{4, 3}), vec(2, vec(2, []byte("dn")))
	ext := vec(2, []byte{0, 13}, vec(2, schemes))
	tests := []struct {
		name string
		ctx  Context
		in   []byte
		want CertificateRequest
	}{
		{"TLS 1.0", Context{Version: VersionTLS10}, cat(types, names), CertificateRequest{Types: []byte{1, 64}, Authorities: names[2:]}},
		{"TLS 1.2", tls12, cat(types, schemes, names), CertificateRequest{Types: []byte{1, 64}, Schemes: []byte{4, 3}, Authorities: names[2:]}},
		{"TLS 1.3", tls13, cat(vec(1, []byte{9}), ext), CertificateRequest{TLS13: true, RequestContext: []byte{9}, Extensions: ext[2:]}},
		{"draft 18", Context{Version: 0x7f12}, cat(vec(1), schemes, names, vec(2, []byte("filter"))),
			CertificateRequest{TLS13: true, Schemes: []byte{4, 3}, Authorities: names[2:], OIDFilters: []byte("filter")}},
		{"guess TLS 1.0", Context{}, cat(types, names), CertificateRequest{Types: []byte{1, 64}, Authorities: names[2:]}},
		{"guess TLS 1.2", Context{}, cat(types, schemes, names), CertificateRequest{Types: []byte{1, 64}, Schemes: []byte{4, 3}, Authorities: names[2:]}},
		{"guess TLS 1.3", Context{}, cat(vec(1), ext), CertificateRequest{TLS13: true, Extensions: ext[2:]}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m CertificateRequest
			if err := m.Decode(tt.in, tt.ctx); err != nil {
				t.Fatal(err)
			}
			equal(t, "message", tt.want, m, cmpopts.EquateEmpty())
			if l, ok := m.SignatureSchemes(); ok != (m.TLS13 || m.Schemes != nil) || ok && !l.Contains(0x0403) {
				t.Errorf("schemes %v, %v", l, ok)
			}
			for n := range tt.in {
				if err := checkMessage(t, TypeCertificateRequest, tt.ctx, tt.in[:n]); err == nil && tt.ctx.Version != 0 {
					t.Errorf("%d of %d bytes are accepted", n, len(tt.in))
				}
			}
		})
	}
}

func TestDecompress(t *testing.T) {
	want := bytes.Repeat([]byte("certificate "), 100)
	pack := func(alg CertificateCompression) []byte {
		var b bytes.Buffer
		switch alg {
		case CompressionZlib:
			w := zlib.NewWriter(&b)
			_, _ = w.Write(want)
			_ = w.Close()
		case CompressionBrotli:
			w := brotli.NewWriter(&b)
			_, _ = w.Write(want)
			_ = w.Close()
		case CompressionZstd:
			w, _ := zstd.NewWriter(&b)
			_, _ = w.Write(want)
			_ = w.Close()
		}
		return b.Bytes()
	}
	for _, alg := range []CertificateCompression{CompressionZlib, CompressionBrotli, CompressionZstd} {
		data := pack(alg)
		tests := []struct {
			name   string
			stated int
			limit  int
			data   []byte
			actual int // of the LengthError; 0 if there is none
			ok     bool
		}{
			{"right", len(want), 1 << 20, data, 0, true},
			{"at the limit", len(want), len(want), data, 0, true},
			{"beyond the limit", len(want), len(want) - 1, data, 0, false},
			{"less than stated", len(want) + 9, 1 << 20, data, len(want), false},
			{"more than stated", 10, 1 << 20, data, 11, false},
			{"nothing stated", 0, 1 << 20, data, 1, false},
			{"cut", len(want), 1 << 20, data[:len(data)/2], 0, false},
			{"garbage", len(want), 1 << 20, []byte("garbage!"), 0, false},
			{"empty", len(want), 1 << 20, nil, 0, false},
		}
		for _, tt := range tests {
			t.Run(alg.String()+"/"+tt.name, func(t *testing.T) {
				var m CompressedCertificate
				in := cat([]byte{0, byte(alg)}, []byte{0, byte(tt.stated >> 8), byte(tt.stated)}, vec(3, tt.data))
				if err := m.Decode(in); err != nil || m.UncompressedLength != tt.stated {
					t.Fatalf("%+v, %v", m, err)
				}
				got, err := m.Decompress(tt.limit)
				if (err == nil) != tt.ok || tt.ok && !bytes.Equal(got, want) || len(got) > tt.stated {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				var length *LengthError
				if errors.As(err, &length) != (tt.actual > 0) && tt.name != "empty" && tt.name != "cut" {
					t.Errorf("%T %v", err, err)
				}
				if tt.actual > 0 && length != nil && (length.Actual != tt.actual || length.Error() == "") {
					t.Errorf("%+v", length)
				}
			})
		}
	}
	if _, err := (&CompressedCertificate{Algorithm: 9}).Decompress(10); err == nil {
		t.Error("algorithm 9 is known")
	}
}

// FuzzDecompress holds that no input makes more than it states.
func FuzzDecompress(f *testing.F) {
	f.Add(uint16(1), uint16(20), []byte("x\x9cKLJN\x04\x00\x03\xd8\x01\x8b"))
	f.Add(uint16(2), uint16(20), []byte{0x8b, 0x01, 0x80, 'a', 'b', 'c', 'd', 3})
	f.Add(uint16(3), uint16(20), []byte{0x28, 0xb5, 0x2f, 0xfd, 4, 0, 0x21, 0, 0, 'a', 'b', 'c', 'd'})
	f.Fuzz(func(t *testing.T, alg, stated uint16, data []byte) {
		m := CompressedCertificate{Algorithm: CertificateCompression(alg), UncompressedLength: int(stated), Data: data}
		got, err := m.Decompress(1 << 16)
		if len(got) > int(stated) || err == nil && len(got) != int(stated) {
			t.Fatalf("%d bytes of %d, %v", len(got), stated, err)
		}
	})
}
