package tls

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tlslens/tlslens/dissect/tls/iana"
)

func TestServerKeyExchangeDecode(t *testing.T) {
	v16 := func(s string) []byte { return vec(2, []byte(s)) }
	named := cat([]byte{3, 0, 29}, vec(1, []byte("pt")))
	dh := cat(v16("p"), v16("g"), v16("Y"))
	sig12 := cat([]byte{8, 4}, v16("sig"))
	prime := cat(vec(1, []byte("p")), vec(1, []byte("a")), vec(1, []byte("b")), vec(1, []byte("B")), vec(1, []byte("o")), vec(1, []byte("c")))
	penta := cat([]byte{0, 163, 2}, vec(1, []byte{1}), vec(1, []byte{2}), vec(1, []byte{3}), prime[2:])
	ec := ECParams{CurveType: CurveNamed, Group: 29, Point: []byte("pt")}
	tests := []struct {
		name string
		ctx  Context
		in   []byte
		want ServerKeyExchange
	}{
		{"ECDHE, TLS 1.2", Context{Version: VersionTLS12, Suite: 0xc02f}, cat(named, sig12), ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Params: named, EC: ec, Signed: true, HasScheme: true, Scheme: 0x0804, Signature: []byte("sig")}},
		{"ECDHE, TLS 1.1", Context{Version: VersionTLS11, Suite: 0xc013}, cat(named, v16("sig")), ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Params: named, EC: ec, Signed: true, Signature: []byte("sig")}},
		{"ECDH anon", Context{Version: VersionTLS12, Suite: 0xc018}, named, ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Params: named, EC: ec}},
		{"explicit prime", Context{Version: VersionTLS12, Suite: 0xc02f}, cat([]byte{1}, prime, vec(1, []byte("pt")), sig12), ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Params: cat([]byte{1}, prime, vec(1, []byte("pt"))),
			EC:     ECParams{CurveType: CurveExplicitPrime, Explicit: prime, Point: []byte("pt")},
			Signed: true, HasScheme: true, Scheme: 0x0804, Signature: []byte("sig")}},
		{"explicit pentanomial", Context{Version: VersionTLS12, Suite: 0xc018}, cat([]byte{2}, penta, vec(1, []byte("pt"))), ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Params: cat([]byte{2}, penta, vec(1, []byte("pt"))),
			EC: ECParams{CurveType: CurveExplicitChar2, Explicit: penta, Point: []byte("pt")}}},
		{"DHE, SSL 3.0", Context{Version: VersionSSL3, Suite: 0x0033}, cat(dh, v16("sig")), ServerKeyExchange{
			KeyExchange: iana.KxDHE, Params: dh, DH: DHParams{[]byte("p"), []byte("g"), []byte("Y")}, Signed: true, Signature: []byte("sig")}},
		{"RSA export", Context{Version: VersionTLS10, Suite: 0x0003}, cat(v16("n"), v16("e"), v16("sig")), ServerKeyExchange{
			KeyExchange: iana.KxRSA, Params: cat(v16("n"), v16("e")), RSA: RSAParams{[]byte("n"), []byte("e")}, Signed: true, Signature: []byte("sig")}},
		{"PSK", Context{Version: VersionTLS12, Suite: 0x008c}, v16("hint"), ServerKeyExchange{
			KeyExchange: iana.KxPSK, Params: v16("hint"), HasHint: true, Hint: []byte("hint")}},
		{"RSA_PSK is not signed", Context{Version: VersionTLS12, Suite: 0x0094}, v16(""), ServerKeyExchange{
			KeyExchange: iana.KxRSAPSK, Params: v16(""), HasHint: true}},
		{"ECDHE_PSK", Context{Version: VersionTLS12, Suite: 0xc035}, cat(v16("h"), named), ServerKeyExchange{
			KeyExchange: iana.KxECDHEPSK, Params: cat(v16("h"), named), HasHint: true, Hint: []byte("h"), EC: ec}},
		{"SRP", Context{Version: VersionTLS12, Suite: 0xc01e}, cat(v16("N"), v16("g"), vec(1, []byte("s")), v16("B"), sig12), ServerKeyExchange{
			KeyExchange: iana.KxSRP, Params: cat(v16("N"), v16("g"), vec(1, []byte("s")), v16("B")),
			SRP:    SRPParams{[]byte("N"), []byte("g"), []byte("s"), []byte("B")},
			Signed: true, HasScheme: true, Scheme: 0x0804, Signature: []byte("sig")}},
		{"TLCP", Context{Version: VersionTLCP, Suite: 0xe013}, v16("sig"), ServerKeyExchange{
			KeyExchange: iana.KxSM2, Signed: true, Signature: []byte("sig")}},
		{"guess ECDHE, TLS 1.2", Context{}, cat(named, sig12), ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Guessed: true, Params: named, EC: ec, Signed: true, HasScheme: true, Scheme: 0x0804, Signature: []byte("sig")}},
		{"guess ECDHE, anonymous", Context{}, named, ServerKeyExchange{
			KeyExchange: iana.KxECDHE, Guessed: true, Params: named, EC: ec}},
		{"guess DHE", Context{}, cat(dh, v16("sig")), ServerKeyExchange{
			KeyExchange: iana.KxDHE, Guessed: true, Params: dh, DH: DHParams{[]byte("p"), []byte("g"), []byte("Y")}, Signed: true, Signature: []byte("sig")}},
		{"nothing to guess", Context{}, []byte{9, 9, 9}, ServerKeyExchange{Guessed: true, Other: []byte{9, 9, 9}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m ServerKeyExchange
			if err := m.Decode(tt.in, tt.ctx); err != nil {
				t.Fatal(err)
			}
			equal(t, "message", tt.want, m, cmpopts.EquateEmpty())
			for n := range tt.in {
				err := checkMessage(t, TypeServerKeyExchange, tt.ctx, tt.in[:n])
				if err == nil && tt.ctx.Version != 0 {
					t.Errorf("%d of %d bytes are accepted", n, len(tt.in))
				}
			}
			if n := testing.AllocsPerRun(20, func() { _ = m.Decode(tt.in, tt.ctx) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestServerKeyExchangeBadCurveType(t *testing.T) {
	var m ServerKeyExchange
	if err := m.Decode([]byte{4, 0, 29, 1, 1}, Context{Version: VersionTLS12, Suite: 0xc018}); err == nil {
		t.Error("curve type 4 is accepted")
	}
	if m.EC.CurveType != 4 {
		t.Errorf("the curve type was read and is %v", m.EC.CurveType)
	}
}

func TestClientKeyExchangeDecode(t *testing.T) {
	v16 := func(s string) []byte { return vec(2, []byte(s)) }
	point := vec(1, []byte("pt"))
	tests := []struct {
		name string
		ctx  Context
		in   []byte
		want ClientKeyExchange
	}{
		{"RSA", Context{Version: VersionTLS10, Suite: 0x002f}, v16("secret"), ClientKeyExchange{
			KeyExchange: iana.KxRSA, Encrypted: []byte("secret")}},
		{"RSA, SSL 3.0", Context{Version: VersionSSL3, Suite: 0x0005}, []byte("secret"), ClientKeyExchange{
			KeyExchange: iana.KxRSA, Encrypted: []byte("secret")}},
		{"RSA, SSL 3.0 with length", Context{Version: VersionSSL3, Suite: 0x0005}, v16("secret"), ClientKeyExchange{
			KeyExchange: iana.KxRSA, Encrypted: []byte("secret")}},
		{"DHE", Context{Version: VersionTLS12, Suite: 0x0033}, v16("Y"), ClientKeyExchange{
			KeyExchange: iana.KxDHE, Public: []byte("Y")}},
		{"DH, in the certificate", Context{Version: VersionTLS12, Suite: 0x0031}, nil, ClientKeyExchange{
			KeyExchange: iana.KxDH, Implicit: true}},
		{"ECDHE", Context{Version: VersionTLS12, Suite: 0xc02f}, point, ClientKeyExchange{
			KeyExchange: iana.KxECDHE, Public: []byte("pt")}},
		{"ECDH, in the certificate", Context{Version: VersionTLS12, Suite: 0xc004}, nil, ClientKeyExchange{
			KeyExchange: iana.KxECDH, Implicit: true}},
		{"PSK", Context{Version: VersionTLS12, Suite: 0x008c}, v16("me"), ClientKeyExchange{
			KeyExchange: iana.KxPSK, Identity: []byte("me")}},
		{"DHE_PSK", Context{Version: VersionTLS12, Suite: 0x0090}, cat(v16("me"), v16("Y")), ClientKeyExchange{
			KeyExchange: iana.KxDHEPSK, Identity: []byte("me"), Public: []byte("Y")}},
		{"ECDHE_PSK", Context{Version: VersionTLS12, Suite: 0xc035}, cat(v16("me"), point), ClientKeyExchange{
			KeyExchange: iana.KxECDHEPSK, Identity: []byte("me"), Public: []byte("pt")}},
		{"RSA_PSK", Context{Version: VersionTLS12, Suite: 0x0094}, cat(v16("me"), v16("secret")), ClientKeyExchange{
			KeyExchange: iana.KxRSAPSK, Identity: []byte("me"), Encrypted: []byte("secret")}},
		{"SRP", Context{Version: VersionTLS12, Suite: 0xc01e}, v16("A"), ClientKeyExchange{
			KeyExchange: iana.KxSRP, Public: []byte("A")}},
		{"Kerberos", Context{Version: VersionTLS10, Suite: 0x001e}, []byte("ticket"), ClientKeyExchange{
			KeyExchange: iana.KxKRB5, Other: []byte("ticket")}},
		{"TLCP repeats the curve", Context{Version: VersionTLCP, Suite: 0xe011}, cat([]byte{3, 0, 41}, point), ClientKeyExchange{
			KeyExchange: iana.KxECDHE, Group: 41, Public: []byte("pt")}},
		{"guess a point", Context{}, point, ClientKeyExchange{
			KeyExchange: iana.KxECDHE, Guessed: true, Public: []byte("pt")}},
		{"nothing to guess", Context{}, v16("either"), ClientKeyExchange{Guessed: true, Other: v16("either")}},
		{"bytes behind", Context{Version: VersionTLS12, Suite: 0xc02f}, cat(point, []byte{1}), ClientKeyExchange{
			KeyExchange: iana.KxECDHE, Public: []byte("pt"), TrailingBytes: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m ClientKeyExchange
			if err := m.Decode(tt.in, tt.ctx); err != nil {
				t.Fatal(err)
			}
			equal(t, "message", tt.want, m, cmpopts.EquateEmpty())
			for n := range tt.in {
				_ = checkMessage(t, TypeClientKeyExchange, tt.ctx, tt.in[:n])
			}
			if n := testing.AllocsPerRun(20, func() { _ = m.Decode(tt.in, tt.ctx) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// FuzzKeyExchange holds that what is signed and what is left are parts of the
// message that follow each other.
func FuzzKeyExchange(f *testing.F) {
	f.Add(uint8(4), body(f, "server_key_exchange_ecdhe_rsa"))
	f.Add(uint8(3), body(f, "server_key_exchange_dhe_dss_tls10"))
	f.Add(uint8(0), body(f, "server_key_exchange_dhe_tls12"))
	f.Add(uint8(8), body(f, "client_key_exchange_dhe_psk"))
	list := contexts()
	f.Fuzz(func(t *testing.T, i uint8, b []byte) {
		ctx := list[int(i)%len(list)]
		var s ServerKeyExchange
		err := s.Decode(b, ctx)
		wireError(t, err, len(b))
		for _, v := range [][]byte{s.Params, s.Hint, s.DH.P, s.DH.Y, s.EC.Explicit, s.EC.Point, s.Signature, s.Other} {
			within(t, b, v)
		}
		if err == nil && s.Other == nil {
			n := len(s.Params) + s.TrailingBytes
			if s.Signed {
				n += 2 + len(s.Signature)
			}
			if s.HasScheme {
				n += 2
			}
			if n != len(b) {
				t.Fatalf("parts of %d bytes in a message of %d", n, len(b))
			}
		}
		var c ClientKeyExchange
		wireError(t, c.Decode(b, ctx), len(b))
		for _, v := range [][]byte{c.Identity, c.Encrypted, c.Public, c.Other} {
			within(t, b, v)
		}
	})
}
