package conn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
)

const pcaps = "../../testdata/pcaps"

// memory is a capture.Source of packets in memory.
type memory struct {
	packets []capture.Packet
	next    int
}

func (m *memory) Next(p *capture.Packet) error {
	if m.next == len(m.packets) {
		return io.EOF
	}
	*p = m.packets[m.next]
	m.next++
	return nil
}

func (m *memory) Stats() capture.Stats { return capture.Stats{} }
func (m *memory) Close() error         { return nil }

func packets(t *testing.T, name string) (out []capture.Packet) {
	t.Helper()
	f, err := capture.Open(filepath.Join(pcaps, name+".pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		var p capture.Packet
		if err := f.Next(&p); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		p.Data = bytes.Clone(p.Data)
		out = append(out, p)
	}
}

func read(t *testing.T, packets []capture.Packet) []*conn.Conn {
	t.Helper()
	roots, err := pki.LoadPEM(filepath.Join(pcaps, "pki", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	conns, err := dissect.Collect(context.Background(), &memory{packets: packets}, dissect.Options{Roots: roots, Detail: conn.Fields})
	if err != nil {
		t.Fatal(err)
	}
	return conns
}

// TestCaptures holds what real peers did, as the recipes of the captures say.
func TestCaptures(t *testing.T) {
	tests := []struct {
		capture    string
		n          int // which connection
		outcome    conn.Outcome
		method     string
		group      string
		resumption string
		of         uint64
		closedBy   string
		cc         conn.State
	}{
		{"ssl30", 1, conn.Established, "RSA", "", "", 0, "close_notify", conn.Done},
		{"tls10-rsa", 1, conn.Established, "RSA", "", "", 0, "close_notify", conn.Done},
		{"tls11-dhe", 1, conn.Established, "DHE", "dhe2048", "", 0, "close_notify", conn.Done},
		{"tls12-anon", 1, conn.Established, "anonymous DHE", "dhe1024", "", 0, "close_notify", conn.Skipped},
		{"tls12-ecdhe-ecdsa", 1, conn.Established, "ECDHE", "x25519", "", 0, "close_notify", conn.Done},
		{"tls12-gnutls-ffdhe", 1, conn.Established, "DHE", "ffdhe2048", "", 0, "close_notify", conn.Done},
		{"tls12-nginx-curl", 1, conn.Established, "ECDHE", "x25519", "", 0, "fin", conn.Done},
		{"tls12-psk", 1, conn.Established, "PSK", "", "", 0, "close_notify", conn.Skipped},
		{"tls12-session-id", 2, conn.Established, "session id", "", "session_id", 1, "close_notify", conn.Skipped},
		{"tls12-ticket", 2, conn.Established, "ticket", "", "ticket", 1, "close_notify", conn.Skipped},
		{"tls13-psk-resume", 2, conn.Established, "PSK with ECDHE", "x25519", "psk", 0, "close_notify", conn.Skipped},
		{"tls13-external-psk", 1, conn.Established, "PSK with ECDHE", "x25519", "external_psk", 0, "close_notify", conn.Skipped},
		{"tls13-go-pq", 1, conn.Established, "hybrid", "X25519MLKEM768", "", 0, "close_notify", conn.Hidden},
		{"tls13-hrr", 1, conn.Established, "ECDHE", "secp384r1", "", 0, "close_notify", conn.Hidden},
		{"truncation", 1, conn.Established, "ECDHE", "x25519", "", 0, "reset", conn.Hidden},
		{"alert-unknown-ca", 1, conn.RejectedByClient, "ECDHE", "x25519", "", 0, "alert", conn.FailedState},
		{"alert-no-shared-cipher", 1, conn.RejectedByServer, "", "", "", 0, "alert", conn.Running},
		{"no-answer", 1, conn.NoAnswer, "", "", "", 0, "fin", conn.Running},
		{"one-sided", 1, conn.OneSided, "ECDHE", "x25519", "", 0, "close_notify", conn.Done},
		{"reset-mid-handshake", 1, conn.ResetOutcome, "", "", "", 0, "reset", conn.Running},
		{"tls-on-http-port", 1, conn.NotTLS, "", "", "", 0, "reset", conn.Running},
		{"mid-stream", 1, conn.Incomplete, "", "", "", 0, "close_notify", conn.Unseen},
	}
	for _, tt := range tests {
		t.Run(tt.capture, func(t *testing.T) {
			conns := read(t, packets(t, tt.capture))
			if len(conns) < tt.n {
				t.Fatalf("%d connections", len(conns))
			}
			c := conns[tt.n-1]
			var kind string
			var of uint64
			if c.Resumption != nil {
				kind, of = c.Resumption.Kind, c.Resumption.Of
			}
			got := []any{c.Outcome, c.KeyExchange.Method, c.KeyExchange.Group, kind, of, c.Tunnel.ClosedBy, c.CertificateCheck.State}
			want := []any{tt.outcome, tt.method, tt.group, tt.resumption, tt.of, tt.closedBy, tt.cc}
			if !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if c.HelloRetryRequest != (tt.capture == "tls13-hrr") {
				t.Errorf("HelloRetryRequest: %v", c.HelloRetryRequest)
			}
		})
	}
}

// TestEarlyData holds the three ways of 0-RTT data that a capture here shows.
func TestEarlyData(t *testing.T) {
	conns := read(t, packets(t, "tls13-early-data"))
	if len(conns) != 2 || conns[0].EarlyData != "" || conns[1].EarlyData != "accepted" {
		t.Errorf("%d connections, early data %q then %q", len(conns), conns[0].EarlyData, conns[1].EarlyData)
	}
}

// TestSignatures flips a bit in each thing that a handshake signature covers,
// and in the signature: ok becomes WRONG. A bit in what it does not cover
// changes nothing.
func TestSignatures(t *testing.T) {
	captures := []string{"tls12-ecdhe-rsa", "tls12-ecdhe-ecdsa", "tls12-ed25519", "tls12-dhe-rsa", "tls12-gnutls-ffdhe", "tls11-dhe", "tls12-chacha", "client-cert-12"}
	flips := []struct {
		name           string
		where          func(c *conn.Conn) []byte // the bytes whose last bit is flipped
		server, client conn.Tristate
	}{
		{"nothing", func(*conn.Conn) []byte { return nil }, conn.Yes, conn.Yes},
		{"the client's random", func(c *conn.Conn) []byte { return c.Offered.Random }, conn.No, conn.No},
		{"the server's random", func(c *conn.Conn) []byte { return c.Selected.Random }, conn.No, conn.No},
		{"the server's public value", func(c *conn.Conn) []byte { return body(c, flow.Server, "ServerKeyExchange")[:24] }, conn.No, conn.No},
		{"the server's signature", func(c *conn.Conn) []byte { return body(c, flow.Server, "ServerKeyExchange") }, conn.No, conn.No},
		{"the client's public value", func(c *conn.Conn) []byte { return body(c, flow.Client, "ClientKeyExchange") }, conn.Yes, conn.No},
		{"the client's signature", func(c *conn.Conn) []byte { return body(c, flow.Client, "CertificateVerify") }, conn.Yes, conn.No},
	}
	for _, name := range captures {
		original := packets(t, name)
		whole := read(t, original)[0]
		for _, f := range flips {
			t.Run(name+"/"+f.name, func(t *testing.T) {
				withClient := whole.KeyExchange.Client != nil
				if !withClient && f.server == conn.Yes && f.client == conn.No {
					t.Skip("the client signs nothing")
				}
				changed := flip(t, original, f.where(whole))
				c := read(t, changed)[0]
				signature(t, c, "server", c.KeyExchange.Server, f.server)
				if withClient {
					signature(t, c, "client", c.KeyExchange.Client, f.client)
				}
			})
		}
	}
}

// signature checks what is known and said of a signature.
func signature(t *testing.T, c *conn.Conn, who string, s *conn.Signature, want conn.Tristate) {
	t.Helper()
	if s == nil {
		t.Fatalf("no signature of the %s", who)
	}
	if s.Verified != want {
		t.Errorf("signature of the %s: %d, want %d (%s)", who, s.Verified, want, s.Why)
	}
	word := map[conn.Tristate]string{conn.Yes: "signature ok", conn.No: "signature WRONG"}[want]
	var says []string
	for _, p := range c.Phases() {
		for _, st := range p.Steps {
			if st.Side.String() == who && (st.Name == "server_key_exchange" || st.Name == "certificate_verify") {
				says = append(says, st.Says...)
			}
		}
	}
	if !strings.Contains(strings.Join(says, " "), word) {
		t.Errorf("%q is not said: %q", word, says)
	}
}

// body returns the body of the first message of a name.
func body(c *conn.Conn, side flow.Side, name string) []byte {
	for _, m := range c.Log {
		if m.Side == side && m.Name == name {
			return m.Body
		}
	}
	return nil
}

// flip returns the packets with the last bit of some bytes flipped, which stand
// in exactly one of them as a whole or with their last sixteen.
func flip(t *testing.T, packets []capture.Packet, what []byte) []capture.Packet {
	t.Helper()
	out := slices.Clone(packets)
	if what == nil {
		return out
	}
	tail := what[max(0, len(what)-16):]
	for i := range out {
		if at := bytes.Index(out[i].Data, tail); at >= 0 {
			out[i].Data = bytes.Clone(out[i].Data)
			out[i].Data[at+len(tail)-1] ^= 1
			return out
		}
	}
	t.Fatal("the bytes to be flipped are in no packet")
	return nil
}
