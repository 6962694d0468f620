package tls

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSmallMessages holds the fields of the messages that have few.
func TestSmallMessages(t *testing.T) {
	v8 := func(s string) []byte { return vec(1, []byte(s)) }
	v16 := func(s string) []byte { return vec(2, []byte(s)) }
	v24 := func(s string) []byte { return vec(3, []byte(s)) }
	early := []byte{0, 42, 0, 4, 0, 0, 0x40, 0}
	noContext := func(d decoder) func([]byte, Context) error {
		return func(b []byte, _ Context) error { return d.Decode(b) }
	}
	ticket, verify := new(NewSessionTicket), new(CertificateVerify)
	status, update, finished, nothing := new(CertificateStatus), new(KeyUpdate), new(Finished), new(EmptyMessage)
	hvr, npn, supp, url := new(HelloVerifyRequest), new(NextProtocol), new(SupplementalData), new(CertificateURL)
	channel, hash, request, give, ee := new(ChannelID), new(MessageHash), new(RequestConnectionID), new(NewConnectionID), new(EncryptedExtensions)
	tests := []struct {
		name      string
		typ       HandshakeType
		ctx       Context
		in        []byte
		decode    func([]byte, Context) error
		got, want any
	}{
		{"ticket, TLS 1.2", TypeNewSessionTicket, tls12, cat([]byte{0, 0, 1, 0}, v16("t")), ticket.Decode, ticket,
			&NewSessionTicket{Lifetime: 256, Ticket: []byte("t")}},
		{"ticket, TLS 1.3", TypeNewSessionTicket, tls13, cat([]byte{0, 0, 1, 0, 1, 2, 3, 4}, v8("n"), v16("t"), vec(2, early)), ticket.Decode, ticket,
			&NewSessionTicket{TLS13: true, Lifetime: 256, AgeAdd: 0x01020304, Nonce: []byte("n"), Ticket: []byte("t"), Extensions: early}},
		{"ticket, draft 18", TypeNewSessionTicket, Context{Version: 0x7f12}, cat([]byte{0, 0, 1, 0, 1, 2, 3, 4}, v16("t"), vec(2)), ticket.Decode, ticket,
			&NewSessionTicket{TLS13: true, Lifetime: 256, AgeAdd: 0x01020304, Ticket: []byte("t")}},
		{"verify, TLS 1.1", TypeCertificateVerify, Context{Version: VersionTLS11}, v16("s"), verify.Decode, verify,
			&CertificateVerify{Signature: []byte("s")}},
		{"verify, TLS 1.3", TypeCertificateVerify, tls13, cat([]byte{8, 4}, v16("s")), verify.Decode, verify,
			&CertificateVerify{HasScheme: true, Scheme: 0x0804, Signature: []byte("s")}},
		{"OCSP", TypeCertificateStatus, tls12, cat([]byte{1}, v24("r")), noContext(status), status,
			&CertificateStatus{Type: StatusOCSP, Response: []byte("r")}},
		{"OCSP of the chain", TypeCertificateStatus, tls12, cat([]byte{2}, vec(3, v24("a"), v24(""))), noContext(status), status,
			&CertificateStatus{Type: StatusOCSPMulti, Responses: cat(v24("a"), v24(""))}},
		{"key update", TypeKeyUpdate, tls13, []byte{1}, noContext(update), update, &KeyUpdate{Request: 1}},
		{"finished", TypeFinished, tls12, fill(12, 1), noContext(finished), finished, &Finished{VerifyData: fill(12, 1)}},
		{"hello done", TypeServerHelloDone, tls12, nil, noContext(nothing), nothing, &EmptyMessage{}},
		{"hello verify", TypeHelloVerifyRequest, Context{}, cat([]byte{0xfe, 0xff}, v8("c")), noContext(hvr), hvr,
			&HelloVerifyRequest{Version: VersionDTLS10, Cookie: []byte("c")}},
		{"next protocol", TypeNextProtocol, tls12, cat(v8("h2"), v8("\x00\x00")), noContext(npn), npn,
			&NextProtocol{Protocol: []byte("h2"), Padding: []byte{0, 0}}},
		{"supplemental data", TypeSupplementalData, tls12, vec(3, []byte{0, 1}, v16("d")), noContext(supp), supp,
			&SupplementalData{Data: cat([]byte{0, 1}, v16("d"))}},
		{"certificate URL", TypeCertificateURL, tls12, cat([]byte{1}, vec(2, v16("u"), []byte{1}, fill(20, 0))), noContext(url), url,
			&CertificateURL{ChainType: 1, URLs: cat(v16("u"), []byte{1}, fill(20, 0))}},
		{"channel ID", TypeChannelID, tls12, cat([]byte{0x75, 0x50}, vec(2, fill(128, 0))), noContext(channel), channel,
			&ChannelID{ExtensionType: ExtChannelID, X: fill(32, 0), Y: fill(32, 32), R: fill(32, 64), S: fill(32, 96)}},
		{"message hash", TypeMessageHash, tls13, fill(32, 1), noContext(hash), hash, &MessageHash{Hash: fill(32, 1)}},
		{"request connection IDs", TypeRequestConnectionID, tls13, []byte{3}, noContext(request), request, &RequestConnectionID{Count: 3}},
		{"new connection IDs", TypeNewConnectionID, tls13, cat(vec(2, v8("a"), v8("b")), []byte{1}), noContext(give), give,
			&NewConnectionID{CIDs: cat(v8("a"), v8("b")), Usage: 1}},
		{"encrypted extensions", TypeEncryptedExtensions, tls13, vec(2, []byte{0, 0, 0, 0}), noContext(ee), ee,
			&EncryptedExtensions{Extensions: []byte{0, 0, 0, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_ = tt.decode([]byte{1, 2, 3}, tt.ctx) // Decode has to forget what was
			if err := tt.decode(tt.in, tt.ctx); err != nil {
				t.Fatal(err)
			}
			equal(t, "message", tt.want, tt.got, cmpopts.EquateEmpty())
			if err := checkMessage(t, tt.typ, tt.ctx, tt.in); err != nil {
				t.Error(err)
			}
			for n := range tt.in {
				err := checkMessage(t, tt.typ, tt.ctx, tt.in[:n])
				if err == nil && tt.typ != TypeFinished && tt.typ != TypeMessageHash {
					t.Errorf("%d of %d bytes are accepted", n, len(tt.in))
				}
			}
			if n := testing.AllocsPerRun(20, func() { _ = tt.decode(tt.in, tt.ctx) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
	for u, h := range url.All() {
		if string(u) != "u" || len(h) != 20 {
			t.Errorf("%q %x", u, h)
		}
	}
	if !(&KeyUpdate{Request: 1}).Requested() || (&KeyUpdate{}).Requested() {
		t.Error("Requested")
	}
}

// TestGuesses holds that messages of connections whose hello is not in the
// capture are read as far as their bytes tell.
func TestGuesses(t *testing.T) {
	for _, s := range samples(t) {
		if s.typ != TypeNewSessionTicket && s.typ != TypeCertificateVerify && s.typ != TypeCertificate && s.typ != TypeCertificateRequest {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			known, err := traced13(s, s.ctx)
			guessed, err2 := traced13(s, Context{})
			if err != nil || err2 != nil || known != guessed {
				t.Errorf("known: TLS 1.3 format %v, %v; guessed: %v, %v", known, err, guessed, err2)
			}
		})
	}
}

// traced13 decodes s and reports in which format it was read.
func traced13(s sample, ctx Context) (newFormat bool, err error) {
	switch s.typ {
	case TypeNewSessionTicket:
		var m NewSessionTicket
		err = m.Decode(s.body, ctx)
		return m.TLS13, err
	case TypeCertificateVerify:
		var m CertificateVerify
		err = m.Decode(s.body, ctx)
		return m.HasScheme, err
	case TypeCertificate:
		var m Certificate
		err = m.Decode(s.body, ctx)
		return m.TLS13, err
	}
	var m CertificateRequest
	err = m.Decode(s.body, ctx)
	return m.TLS13, err
}
