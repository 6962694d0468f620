package keys

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	ctls "crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// innerName is the server name in a ClientHelloInner.
func innerName(body []byte) string {
	var m tls.ClientHello
	if m.Decode(body) != nil {
		return ""
	}
	name, _ := m.ServerName()
	return string(name)
}

func echProvider(t *testing.T, name string, log, pem bool) *Provider {
	t.Helper()
	p := NewProvider(nil)
	if log {
		p = NewProvider(loadLog(t, filepath.Join(pcaps, name+".keys")))
	}
	if pem {
		ks, err := LoadPrivateKeys(filepath.Join(pcaps, name+".ech.pem"), nil)
		if err != nil {
			t.Fatal(err)
		}
		p.AddPrivateKey(ks...)
	}
	return p
}

// TestECH opens inner hellos of real peers, with what each of the sources has.
func TestECH(t *testing.T) {
	const www = "www.example.test"
	accepted := func(s InnerSource) ECH { return ECH{Source: s, Accepted: true, Known: true} }
	rejected := func(s InnerSource) ECH { return ECH{Source: s, Known: true, Rejected: true} }
	tests := []struct {
		name     string
		log, pem bool
		conn     int
		want     ECH    // but for Inner
		inner    string // its server name, "" if it is not known
		verified bool   // both Finished
	}{
		{"tls13-ech", true, false, 0, accepted(InnerRebuilt), www, true},
		{"tls13-ech", true, true, 0, accepted(InnerFromKey), www, true},
		{"tls13-ech", false, true, 0, accepted(InnerFromKey), www, false},
		{"tls13-ech-hrr", true, false, 0, accepted(InnerRebuilt), www, true},
		{"tls13-ech-hrr", true, true, 0, accepted(InnerFromKey), www, true},
		{"tls13-ech-resumed", true, false, 0, accepted(InnerRebuilt), www, true},
		{"tls13-ech-resumed", true, false, 1, accepted(InnerSealed), "", false},
		{"tls13-ech-resumed", true, true, 1, accepted(InnerFromKey), www, true},
		{"tls13-ech-retry", true, false, 0, rejected(InnerSealed), "", true},
		{"tls13-ech-retry", true, true, 0, rejected(InnerSealed), "", true},
		{"tls13-ech-retry", true, true, 1, accepted(InnerFromKey), www, true},
		{"alert-ech-required", true, true, 0, rejected(InnerFromKey), "hidden.example.test", true},
		{"tls13-ech-boringssl", true, false, 0, accepted(InnerSealed), "", false},
		{"tls13-ech-boringssl", true, true, 0, accepted(InnerFromKey), www, true},
		{"tls13-ech-nss", true, false, 0, accepted(InnerFromLog), www, true},
		{"tls13-ech-nss", false, true, 0, accepted(InnerFromKey), www, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs := play(t, filepath.Join(pcaps, tt.name+".pcapng"), echProvider(t, tt.name, tt.log, tt.pem))
			f := fs[tt.conn]
			e, ok := f.s.ECH()
			inner := e.Inner
			e.Inner = nil
			if !ok || innerName(inner) != tt.inner {
				t.Errorf("inner hello of %q, %v", innerName(inner), ok)
			}
			if e.Source != tt.want.Source || e.Accepted != tt.want.Accepted || e.Known != tt.want.Known || e.Rejected != tt.want.Rejected || e.Fault != "" {
				t.Errorf("%+v, want %+v", e, tt.want)
			}
			for side := range f.finished {
				for _, c := range f.finished[side] {
					if (c.ok && c.known) != tt.verified || c.known && !c.ok {
						t.Errorf("Finished of the %s: %+v", flow.Side(side), c)
					}
				}
			}
			if tt.log && (f.opened == 0 || len(f.finished[0])+len(f.finished[1]) < 2) {
				t.Errorf("%d records open", f.opened)
			}
		})
	}
}

// TestECHFlips changes one bit of every byte of a handshake with an accepted
// inner hello: nothing stays in order, but for what only the outer hello has,
// which no transcript covers.
func TestECHFlips(t *testing.T) {
	client, server, log := config(t, ctls.VersionTLS13, 0)
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	list, echConfig := echConfigList(private.PublicKey().Bytes(), "public.example.test")
	client.MinVersion, client.EncryptedClientHelloConfigList = ctls.VersionTLS13, list
	server.EncryptedClientHelloKeys = []ctls.EncryptedClientHelloKey{{Config: echConfig, PrivateKey: private.Bytes()}}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "ECHCONFIG", Bytes: list})...)
	ks, err := ParsePrivateKeys(file, nil, "ech.pem")
	if err != nil {
		t.Fatal(err)
	}
	wire := records(t, converse(t, client, server))
	wire = wire[:min(len(wire), 9)]
	for _, source := range []InnerSource{InnerRebuilt, InnerFromKey} {
		p := NewProvider(nil)
		p.Log().Add(log.Bytes(), "log")
		if source == InnerFromKey {
			p.AddPrivateKey(ks...)
		}
		base := replay(p, wire, nil)
		if e, _ := base.s.ECH(); base.good() != "" || e.Source != source || len(base.finished[0])+len(base.finished[1]) != 2 {
			t.Fatal(base.good(), e.Source, base.finished)
		}
		var m tls.ClientHello
		if err := m.Decode(wire[0].b[9:]); err != nil {
			t.Fatal(err)
		}
		var outer [][2]int // stretches of the outer hello that are in no inner one
		add := func(b []byte) {
			at := within(wire[0].b, b)
			outer = append(outer, [2]int{at, at + len(b)})
		}
		add(m.Random)
		for _, x := range []tls.ExtensionType{tls.ExtServerName, tls.ExtEncryptedClientHello} {
			data, _ := m.Extensions.Get(x)
			add(data)
		}
		for i, r := range wire {
			if tls.ContentType(r.b[0]) == tls.ContentChangeCipherSpec {
				continue
			}
			for at := 5; at < len(r.b); at++ {
				only := i == 0 && slices.ContainsFunc(outer, func(s [2]int) bool { return s[0] <= at && at < s[1] })
				if only && source == InnerRebuilt {
					continue
				}
				r.b[at] ^= 1 << (at % 8)
				f := replay(p, wire, nil)
				r.b[at] ^= 1 << (at % 8)
				e, _ := f.s.ECH()
				if only && e.Source != source {
					continue // does not open; rebuilt it is right all the same
				}
				if f.good() == "" && len(f.finished[0]) == 1 && len(f.finished[1]) == 1 && bytes.Equal(f.plain[0], base.plain[0]) && bytes.Equal(f.plain[1], base.plain[1]) {
					t.Errorf("record %d of the %s, byte %d of %d: nothing is wrong, %+v", i, r.side, at, len(r.b), e.Source)
				}
			}
		}
	}
}

// echConfigList makes an ECHConfigList and its one ECHConfig for X25519,
// HKDF-SHA256 and AES-128-GCM.
func echConfigList(public []byte, name string) (list, config []byte) {
	c := append([]byte{7, 0, 0x20, 0, 32}, public...)
	c = append(c, 0, 4, 0, 1, 0, 1, 32, byte(len(name)))
	c = append(append(c, name...), 0, 0)
	config = append(binary.BigEndian.AppendUint16([]byte{0xfe, 0x0d}, uint16(len(c))), c...)
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(config))), config...), config
}

// TestHPKE compares the key schedule with RFC 9180, Appendix A.1.1.
func TestHPKE(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	s := hpkeSchedule{hash: sha256.New, suite: append([]byte("HPKE"), 0, 0x20, 0, 1, 0, 1)}
	key, nonce := s.keys(unhex("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc"), unhex("4f6465206f6e2061204772656369616e2055726e"), 16)
	if hex.EncodeToString(key) != "4531685d41d65f03dc48f6b8302c05b0" || hex.EncodeToString(nonce) != "56d890e5accaaf011cff4b7d" {
		t.Errorf("key %x, nonce %x", []byte(key), []byte(nonce))
	}
}

// TestInnerHostile decodes inner hellos that break the rules of RFC 9849,
// Section 5.1, and each prefix of a good one.
func TestInnerHostile(t *testing.T) {
	ext := func(list ...any) (b []byte) {
		for i := 0; i < len(list); i += 2 {
			b = appendExtension(b, list[i].(tls.ExtensionType), list[i+1].([]byte))
		}
		return b
	}
	hello := func(sessionID, extensions []byte) []byte {
		m := tls.ClientHello{LegacyVersion: tls.VersionTLS12}
		return buildHello(&m, make([]byte, 32), sessionID, extensions)[tls.HandshakeHeaderLen:]
	}
	const a, b = tls.ExtSupportedGroups, tls.ExtKeyShare
	groups, shares, v13, v12 := []byte{0, 2, 0, 29}, []byte{0, 0}, []byte{2, 3, 4}, []byte{4, 3, 4, 3, 3}
	var outer tls.ClientHello
	if err := outer.Decode(hello([]byte("session"), ext(a, groups, tls.ExtEncryptedClientHello, []byte{0, 0, 1, 0, 1, 7, 0, 0, 0, 0}, b, shares))); err != nil {
		t.Fatal(err)
	}
	inner, versions := tls.ExtEncryptedClientHello, tls.ExtSupportedVersions
	from := tls.ExtECHOuterExtensions
	good := hello(nil, ext(inner, []byte{1}, from, []byte{4, 0, 10, 0, 51}, versions, v13))
	tests := []struct {
		name    string
		encoded []byte
		why     string
	}{
		{"good", good, ""},
		{"padded", append(bytes.Clone(good), 0, 0, 0), ""},
		{"other padding", append(bytes.Clone(good), 0, 1), "other bytes than zeros"},
		{"session ID", hello([]byte{1}, ext(inner, []byte{1}, versions, v13)), "session ID"},
		{"not inner", hello(nil, ext(versions, v13)), "does not say"},
		{"TLS 1.2", hello(nil, ext(inner, []byte{1}, versions, v12)), "TLS 1.2"},
		{"other order", hello(nil, ext(inner, []byte{1}, from, []byte{4, 0, 51, 0, 10}, versions, v13)), "supported_groups"},
		{"twice", hello(nil, ext(inner, []byte{1}, from, []byte{4, 0, 10, 0, 10}, versions, v13)), "supported_groups"},
		{"two lists", hello(nil, ext(inner, []byte{1}, from, []byte{2, 0, 10}, from, []byte{2, 0, 51}, versions, v13)), "ech_outer_extensions twice"},
		{"itself", hello(nil, ext(inner, []byte{1}, from, []byte{2, 0xfe, 0x0d}, versions, v13)), "names encrypted_client_hello"},
		{"missing", hello(nil, ext(inner, []byte{1}, from, []byte{2, 0, 16}, versions, v13)), "application_layer_protocol_negotiation"},
		{"bad list", hello(nil, ext(inner, []byte{1}, from, []byte{3, 0, 10, 0}, versions, v13)), "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := decodeInner(&outer, tt.encoded)
			if tt.why != "" {
				if err == nil || !strings.Contains(err.Error(), tt.why) {
					t.Errorf("%v, want %q", err, tt.why)
				}
				return
			}
			var d tls.ClientHello
			if err != nil || d.Decode(m[tls.HandshakeHeaderLen:]) != nil || string(d.SessionID) != "session" || d.TrailingBytes != 0 {
				t.Fatal(err)
			}
			if x, _ := d.Extensions.Get(a); !bytes.Equal(x, groups) || d.Extensions.Has(from) {
				t.Errorf("%x", []byte(d.Extensions))
			}
		})
	}
	for n := range good {
		if _, err := decodeInner(&outer, good[:n]); err == nil {
			t.Errorf("%d of %d bytes: no error", n, len(good))
		}
	}
}

func FuzzInner(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, hello, encoded []byte) {
		var outer tls.ClientHello
		_ = outer.Decode(hello)
		m, err := decodeInner(&outer, encoded)
		if err != nil {
			return
		}
		var d tls.ClientHello
		if err := d.Decode(m[tls.HandshakeHeaderLen:]); err != nil || d.TrailingBytes != 0 {
			t.Errorf("%v, %d bytes too many", err, d.TrailingBytes)
		}
		if e, ok := d.ECH(); !ok || !e.Inner {
			t.Error("not an inner hello")
		}
	})
}
