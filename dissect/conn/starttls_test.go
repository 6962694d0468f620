package conn

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// plainBuilder is a Builder for a connection of its own.
func plainBuilder() *Builder {
	c := &Conn{Number: 1, Carrier: "tls", Transport: "tcp", Sent: [2]uint64{5, 5}}
	return NewBuilder(c, Options{HandshakeSize: 1 << 16, Parse: pki.NewCache(1 << 20), Sessions: NewSessions()})
}

func at(n uint64) flow.Mark { return flow.Mark{Packet: n, Time: time.Unix(int64(n), 0)} }

func TestBefore(t *testing.T) {
	b := plainBuilder()
	b.Before([]Plaintext{
		{Name: "proxy_v2", Title: "PROXY protocol 2", At: at(1), By: flow.Client, Bytes: 28, Said: []string{"from 192.0.2.1 port 1 to 192.0.2.2 port 25"}},
		{Name: "smtp", Title: "SMTP", At: at(2), By: flow.Server, Bytes: 90, Said: []string{`banner "220 mx"`, "STARTTLS"}},
	})
	c := b.Conn()
	if c.StartTLS != "proxy_v2+smtp" {
		t.Errorf("StartTLS %q, want proxy_v2+smtp", c.StartTLS)
	}
	var says []string
	for _, s := range c.CertificateCheck.Steps {
		says = append(says, s.Name+" "+s.Side.String()+" "+s.Says[0])
	}
	want := []string{"plaintext client PROXY protocol 2: from 192.0.2.1 port 1 to 192.0.2.2 port 25", `plaintext server SMTP: banner "220 mx", STARTTLS`}
	if d := cmp.Diff(want, says); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if p := c.CertificateCheck.Phase; p.State != Unseen || p.Start.Seen() {
		t.Errorf("phase 1 is %v from packet %d: words before TLS do not begin it", p.State, p.Start.Packet)
	}
}

func TestWithoutTLS(t *testing.T) {
	b := plainBuilder()
	b.Before([]Plaintext{{Name: "postgres", Title: "PostgreSQL", At: at(1), Said: []string{"SSLRequest"}}})
	b.WithoutTLS(StartTLSRefused, "the server refused TLS.")
	b.End(Finished, flow.Client, at(9))
	c := b.Finish().Conn
	if c.Outcome != StartTLSRefused || c.Why != "the server refused TLS." || c.KeyExchange.State != FailedState {
		t.Errorf("outcome %s (%s), key exchange %v: want starttls_refused with the reason, failed", c.Outcome, c.Why, c.KeyExchange.State)
	}
}

func TestSSL2Handshake(t *testing.T) {
	hello := append([]byte{1, 0, 2, 0, 3, 0, 0, 0, 16, 7, 0, 0xc0}, make([]byte, 16)...)
	answer := append([]byte{4, 0, 1, 0, 2, 0, 3, 0, 3, 0, 16, 'D', 'E', 'R', 7, 0, 0xc0}, make([]byte, 16)...)
	key := append([]byte{2, 7, 0, 0xc0, 0, 0, 0, 8, 0, 8}, make([]byte, 16)...)
	full := func(b *Builder) {
		b.SSLv2(flow.Client, hello, at(1))
		b.SSLv2(flow.Server, answer, at(2))
		b.SSLv2(flow.Client, key, at(3))
		b.Sealed(flow.Server, 0, 40, at(4))
		b.Sealed(flow.Client, 0, 40, at(5))
	}
	for _, tc := range []struct {
		name    string
		play    func(b *Builder)
		outcome Outcome
		carrier string
		tunnel  int64
	}{
		{"complete", func(b *Builder) {
			full(b)
			b.Sealed(flow.Server, 0, 40, at(6))
			b.Sealed(flow.Client, 0, 100, at(7))
		}, Established, "sslv2", 1},
		{"the server's Finished is missing", full, ClientGaveUp, "sslv2", 0},
		{"no cipher in common", func(b *Builder) {
			b.SSLv2(flow.Client, hello, at(1))
			b.SSLv2(flow.Server, []byte{0, 0, 1}, at(2))
		}, RejectedByServer, "sslv2", 0},
		{"nothing in a record", func(b *Builder) { b.SSLv2(flow.Client, nil, at(1)) }, ClientGaveUp, "tls", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := plainBuilder()
			tc.play(b)
			b.End(Finished, flow.Client, at(9))
			c := b.Finish().Conn
			if c.Outcome != tc.outcome || c.Carrier != tc.carrier || c.Tunnel.Sides[flow.Client].TunnelRecords != tc.tunnel {
				t.Errorf("outcome %s, carrier %s, %d records: want %s, %s, %d", c.Outcome, c.Carrier, c.Tunnel.Sides[flow.Client].TunnelRecords, tc.outcome, tc.carrier, tc.tunnel)
			}
			if tc.outcome != RejectedByServer && tc.carrier == "sslv2" && (c.Version != tls.VersionSSL2 || c.KeyExchange.ForwardSecret != No || len(c.CertificateCheck.Server.Chain) != 1) {
				t.Errorf("version %s, forward secret %v, %d certificates", c.Version, c.KeyExchange.ForwardSecret, len(c.CertificateCheck.Server.Chain))
			}
		})
	}
}
