package dissect

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tcp"
	"github.com/tlslens/tlslens/dissect/tls"
)

// rec is a record of TLS.
func rec(typ tls.ContentType, body string) string {
	return string([]byte{byte(typ), 3, 3, byte(len(body) >> 8), byte(len(body))}) + body
}

// msg is a record with handshake messages of some types, 20 bytes each.
func msg(types ...tls.HandshakeType) string {
	var b string
	for _, t := range types {
		body := strings.Repeat("m", 20)
		if t == tls.TypeServerHelloDone {
			body = ""
		}
		b += string([]byte{byte(t), 0, 0, byte(len(body))}) + body
	}
	return rec(tls.ContentHandshake, b)
}

func alert(d tls.AlertDescription) string { return rec(tls.ContentAlert, string([]byte{2, byte(d)})) }

var (
	ccs    = rec(tls.ContentChangeCipherSpec, "\x01")
	data   = rec(tls.ContentApplicationData, strings.Repeat("\xd0", 60))
	sealed = rec(tls.ContentHandshake, strings.Repeat("\xf1", 40))
)

// TestWitness gives what two directions say, a and b in turn, to a witness.
func TestWitness(t *testing.T) {
	for _, tc := range []struct {
		name string
		says []string // of a, then of b, then of a
		want string   // the client: "a", "b", or "" for not known
	}{
		{"nothing", nil, ""},
		{"Certificate alone", []string{msg(tls.TypeCertificate)}, ""},
		{"Certificate and ServerKeyExchange", []string{msg(tls.TypeCertificate, tls.TypeServerKeyExchange)}, "b"},
		{"Certificate and ServerHelloDone", []string{msg(tls.TypeCertificate) + msg(tls.TypeServerHelloDone)}, "b"},
		{"Certificate and CertificateRequest", []string{msg(tls.TypeCertificate, tls.TypeCertificateRequest)}, "b"},
		{"Certificate and ClientKeyExchange", []string{msg(tls.TypeCertificate) + msg(tls.TypeClientKeyExchange)}, "a"},
		{"Certificate, answered by ClientKeyExchange", []string{msg(tls.TypeCertificate), msg(tls.TypeClientKeyExchange)}, "b"},
		{"CertificateVerify", []string{"", msg(tls.TypeCertificateVerify)}, "b"},
		{"CertificateStatus", []string{"", msg(tls.TypeCertificateStatus)}, "a"},
		{"NewSessionTicket", []string{msg(tls.TypeNewSessionTicket) + ccs + sealed}, "b"},
		{"HelloRequest", []string{rec(tls.ContentHandshake, "\x00\x00\x00\x00")}, "b"},
		{"ServerHello", []string{data, rec(tls.ContentHandshake, "\x02\x00\x00\x26\x03\x03"+strings.Repeat("r", 32)+"\x00\x13\x01\x00")}, "a"},
		{"the first word counts", []string{msg(tls.TypeServerHelloDone), msg(tls.TypeServerHelloDone)}, "b"},
		{"a message that goes on in another record", []string{rec(tls.ContentHandshake, "\x0c\x00\x00\x40half") + rec(tls.ContentHandshake, strings.Repeat("s", 60))}, ""},
		{"a sealed record that begins like a message", []string{ccs + rec(tls.ContentHandshake, "\x10\x00\x00\x40"+strings.Repeat("\xf1", 36))}, ""},
		{"the middle of a record, then ServerHelloDone", []string{strings.Repeat("\xce", 99) + msg(tls.TypeServerKeyExchange) + msg(tls.TypeServerHelloDone)}, "b"},
		{"Finished of both, TLS 1.2", []string{ccs + sealed, ccs + sealed, data}, ""},
		{"application data of both", []string{data, data}, ""},
		{"TLS 1.3: the server's flight, then the client's", []string{data, ccs + data}, "b"},
		{"TLS 1.3: the client's flight, then the server's data", []string{ccs + data, data}, "a"},
		{"TLS 1.3: ChangeCipherSpec of both", []string{ccs + data, ccs + data}, "b"},
		{"TLS 1.2: data before the other's Finished", []string{data, ccs + sealed + data}, ""},
		{"an alert of both", []string{alert(tls.AlertUnknownCA)}, ""},
		{"an alert of servers", []string{alert(tls.AlertUnrecognizedName)}, "b"},
		{"an alert of clients", []string{alert(tls.AlertBadCertificateStatusResponse)}, "a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{1, 7, 1 << 14} {
				w := newWitness(nil)
				for i, s := range tc.says {
					for n := 0; n < len(s); n += size {
						w.stream.Data(flow.Side(i%2), []byte(s[n:min(len(s), n+size)]), flow.Mark{Packet: uint64(i + 1)})
					}
				}
				got := ""
				if d, told := w.client(); told {
					got = [2]string{"a", "b"}[d]
				}
				if got != tc.want {
					t.Errorf("in pieces of %d bytes: the client is %q, want %q", size, got, tc.want)
				}
			}
		})
	}
}

// TestWitnessHole: what stands on both sides of a hole is no message.
func TestWitnessHole(t *testing.T) {
	w := newWitness(nil)
	m := msg(tls.TypeClientKeyExchange)
	w.stream.Data(flow.Client, []byte(ccs), flow.Mark{Packet: 1})
	w.gap(0, tcp.Gap{Off: 6, Bytes: 100, At: flow.Mark{Packet: 2}})
	w.stream.Data(flow.Client, []byte(data+m[:len(m)-3]), flow.Mark{Packet: 3})
	w.gap(0, tcp.Gap{Bytes: 7, At: flow.Mark{Packet: 4}})
	w.stream.Data(flow.Server, []byte(data), flow.Mark{Packet: 5})
	if d, told := w.client(); told {
		t.Errorf("the client is told to be %d", d)
	}
	if !w.over() {
		t.Error("it is still waited for more")
	}
}

func TestServerPort(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for _, tc := range []struct{ client, server uint16 }{
		{50000, 443}, {1025, 443}, {2000, 8443}, {40000, 8080}, {80, 443}, {3333, 25}, {60000, 50000}, {9000, 7000},
	} {
		for _, ends := range [][2]netip.Addr{{a, b}, {b, a}} {
			key, swapped := flow.MakeKey(flow.TCP, netip.AddrPortFrom(ends[0], tc.client), netip.AddrPortFrom(ends[1], tc.server), 0)
			want := 1
			if swapped {
				want = 0
			}
			if got := serverPort(key); got != want {
				t.Errorf("ports %d and %d: got %d, want %d", tc.client, tc.server, got, want)
			}
		}
	}
	if key, _ := flow.MakeKey(flow.TCP, netip.AddrPortFrom(a, 7), netip.AddrPortFrom(b, 7), 0); serverPort(key) != -1 {
		t.Error("equal ports tell something")
	}
	for _, g := range []conn.GuessedBy{conn.GuessedByCertificate, conn.GuessedByPorts, conn.GuessedByOrder} {
		if g.Words() == "" {
			t.Errorf("no words for %q", g)
		}
	}
	if conn.NotGuessed.Words() != "" {
		t.Error("words for no guess")
	}
}
