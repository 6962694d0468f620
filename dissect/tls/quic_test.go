package tls

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A flight is the handshake bytes of one side in order.
type flight struct {
	server bool
	b      []byte
}

// handshake13 runs a TLS 1.3 handshake of the standard library, which hands out
// its messages in clear when it believes to work for QUIC.
func handshake13(t *testing.T) []flight {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert := stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, OCSPStaple: []byte("staple"),
		SignedCertificateTimestamps: [][]byte{cat([]byte{0}, fill(32, 1), fill(8, 0), vec(2), []byte{4, 3}, vec(2, fill(70, 0)))}}
	conf := &stdtls.Config{MinVersion: stdtls.VersionTLS13, ServerName: "a.test", InsecureSkipVerify: true, //nolint:gosec // a test
		NextProtos: []string{"h3"}, Certificates: []stdtls.Certificate{cert}, ClientAuth: stdtls.RequireAnyClientCert,
		CurvePreferences: []stdtls.CurveID{stdtls.X25519}}
	client := stdtls.QUICClient(&stdtls.QUICConfig{TLSConfig: conf})
	server := stdtls.QUICServer(&stdtls.QUICConfig{TLSConfig: conf})
	defer client.Close()
	defer server.Close()
	params := cat([]byte{0x01, 2}, []byte{0x40, 0x64}, []byte{0x0f, 0})
	client.SetTransportParameters(params)
	server.SetTransportParameters(params)
	for _, c := range []*stdtls.QUICConn{client, server} {
		if err := c.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return pump(t, client, server)
}

func pump(t *testing.T, client, server *stdtls.QUICConn) (out []flight) {
	t.Helper()
	for quiet := 0; quiet < 2; {
		quiet = 0
		for _, from := range []*stdtls.QUICConn{client, server} {
			to := map[*stdtls.QUICConn]*stdtls.QUICConn{client: server, server: client}[from]
			idle := true
			for e := from.NextEvent(); e.Kind != stdtls.QUICNoEvent; e = from.NextEvent() {
				idle = false
				if e.Kind == stdtls.QUICHandshakeDone && from == server {
					if err := server.SendSessionTicket(stdtls.QUICSessionTicketOptions{EarlyData: true}); err != nil {
						t.Fatal(err)
					}
				}
				if e.Kind != stdtls.QUICWriteData {
					continue
				}
				out = append(out, flight{from == server, bytes.Clone(e.Data)})
				if err := to.HandleData(e.Level, e.Data); err != nil {
					t.Fatal(err)
				}
			}
			if idle {
				quiet++
			}
		}
	}
	return out
}

// TestStandardLibrary holds that every byte of a handshake that another
// implementation wrote is read, as what it is.
func TestStandardLibrary(t *testing.T) {
	var got []string
	ctx := Context{}
	for _, f := range handshake13(t) {
		for b := f.b; len(b) > 0; {
			h, ok := ParseHeader(b)
			if !ok || len(b) < HandshakeHeaderLen+h.Length {
				t.Fatalf("no whole message in %x", b)
			}
			m := b[HandshakeHeaderLen : HandshakeHeaderLen+h.Length]
			b = b[HandshakeHeaderLen+h.Length:]
			if h.Type == TypeServerHello {
				ctx = Context{Version: VersionTLS13, Suite: 0x1301}
			}
			got = append(got, h.Type.Title())
			if err := checkMessage(t, h.Type, ctx, m); err != nil {
				t.Errorf("%v: %v", h.Type, err)
			}
			fields, _ := traced(func(tr wire.Tracer) error { return Trace(h.Type, m, ctx, tr) })
			for _, f := range fields {
				if strings.Contains(f.name, "malformed") || strings.Contains(f.name, "trailing") {
					t.Errorf("%v: unread %v", h.Type, f)
				}
			}
			checkContent(t, h.Type, m, ctx)
		}
	}
	want := []string{"ClientHello", "ServerHello", "EncryptedExtensions", "CertificateRequest", "Certificate",
		"CertificateVerify", "Finished", "Certificate", "CertificateVerify", "Finished", "NewSessionTicket"}
	equal(t, "messages", want, got)
}

// checkContent looks into the messages that TLS 1.3 protects.
func checkContent(t *testing.T, typ HandshakeType, b []byte, ctx Context) {
	t.Helper()
	switch typ {
	case TypeEncryptedExtensions:
		var m EncryptedExtensions
		if err := m.Decode(b); err != nil {
			t.Error(err)
		}
		if p, ok := m.ALPN(); !ok || string(p) != "h3" {
			t.Errorf("ALPN %q", p)
		}
		data, _ := m.Extensions.Get(ExtQUICTransportParameters)
		var q QUICTransportParameters
		if err := q.Decode(data); err != nil {
			t.Error(err)
		}
		n := 0
		for id, v := range q.All() {
			n++
			if id == 1 && !bytes.Equal(v, []byte{0x40, 0x64}) {
				t.Errorf("max_idle_timeout %x", v)
			}
		}
		if n != 2 {
			t.Errorf("%d transport parameters", n)
		}
	case TypeCertificate:
		var m Certificate
		if err := m.Decode(b, ctx); err != nil || m.Len() != 1 || !m.TLS13 {
			t.Errorf("%v, %d entries", err, m.Len())
		}
		for e := range m.All() {
			if _, err := x509.ParseCertificate(e.Data); err != nil {
				t.Error(err)
			}
		}
	case TypeCertificateRequest:
		var m CertificateRequest
		if err := m.Decode(b, ctx); err != nil {
			t.Error(err)
		}
		if l, ok := m.SignatureSchemes(); !ok || !l.Contains(0x0403) {
			t.Error("no signature_algorithms")
		}
	case TypeNewSessionTicket:
		var m NewSessionTicket
		if err := m.Decode(b, ctx); err != nil {
			t.Error(err)
		}
		if n, ok := m.MaxEarlyDataSize(); !ok || n != 0xffffffff {
			t.Errorf("max_early_data_size %d, %v", n, ok)
		}
	}
}
