package dtls

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// conversation is a whole handshake with data.
func conversation() []sent {
	return []sent{
		c(msg(tls.TypeClientHello, 0, hello1)), s(msg(tls.TypeHelloVerifyRequest, 0, verify)),
		c(msg(tls.TypeClientHello, 1, hello2)),
		s(msg(tls.TypeServerHello, 1, sHello), rec(tls.ContentHandshake, 0, 2, frag(tls.TypeCertificate, 2, cert, 0, 20))),
		s(rec(tls.ContentHandshake, 0, 3, frag(tls.TypeCertificate, 2, cert, 20, 16)), msg(tls.TypeServerHelloDone, 3, nil)),
		c(msg(tls.TypeClientKeyExchange, 2, cert), ccs, fin40), s(ccs, fin40), c(app), s(app),
		c(rec(tls.ContentAlert, 1, 2, make([]byte, 26))),
	}
}

// TestAnyOrder takes a flight apart into overlapping fragments and sends them in
// any order, some twice: the messages must come out whole and in order.
func TestAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	long := make([]byte, 3000)
	for i := range long {
		long[i] = byte(rng.Uint32())
	}
	messages := []struct {
		typ  tls.HandshakeType
		body []byte
	}{{tls.TypeServerHello, sHello}, {tls.TypeCertificate, long}, {tls.TypeServerKeyExchange, cert}, {tls.TypeServerHelloDone, nil}}
	var want []string
	for _, m := range messages {
		want = append(want, on(flow.Server, m.typ, m.body))
	}
	for round := range 300 {
		var in []sent
		for seq, m := range messages {
			for off := 0; ; {
				n := min(len(m.body)-off, 1+rng.IntN(600))
				from := max(0, off-rng.IntN(50))
				one := s(rec(tls.ContentHandshake, 0, seq, frag(m.typ, seq, m.body, from, off+n-from)))
				in = append(in, one)
				if rng.IntN(4) == 0 {
					in = append(in, one)
				}
				if off += n; off >= len(m.body) {
					break
				}
			}
		}
		// Numbering begins with the hello; its fragments come first.
		hello := 0
		for hello < len(in) && in[hello].b[13] == byte(tls.TypeServerHello) {
			hello++
		}
		rng.Shuffle(hello, func(i, j int) { in[i], in[j] = in[j], in[i] })
		rest := in[hello:]
		rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		r := run(t, tls12, in)
		var got []string
		for _, l := range r.without(" seq ") {
			if !bytes.Contains([]byte(l), []byte("sent again")) {
				got = append(got, l)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("round %d (-want +got)\n%s", round, d)
		}
	}
}

// TestPrefixes cuts every datagram of a conversation at every byte, once by the
// capture and once by the sender.
func TestPrefixes(t *testing.T) {
	whole := run(t, tls12, conversation())
	for i, d := range conversation() {
		for n := range d.b {
			in := conversation()
			in[i].b, in[i].missing = d.b[:n], len(d.b)-n
			r := run(t, tls12, in)
			for _, l := range r.lines {
				if strings.Contains(l, " note: ") && !strings.Contains(l, "record number was passed over") {
					t.Errorf("datagram %d cut at %d by the capture is said to be odd: %s", i, n, l)
				}
			}
			if r.messages[0] > whole.messages[0] || r.messages[1] > whole.messages[1] {
				t.Errorf("datagram %d cut at %d: %d messages of %d", i, n, r.messages, whole.messages)
			}
			in[i].missing = 0
			run(t, tls12, in)
			if v := Probe(d.b[:n]); n < 3 && v != 0 {
				t.Errorf("%d bytes are probed as %v", n, v)
			}
		}
	}
}

// A quiet Input takes everything and keeps nothing.
type quiet struct {
	recorder
	n int
}

func (q *quiet) Record(flow.Side, tls.RecordHeader, flow.Mark)          { q.n++ }
func (q *quiet) Sealed(flow.Side, tls.ContentType, int, flow.Mark)      { q.n++ }
func (q *quiet) SealedIn(flow.Side, conn.Level, int, flow.Mark)         { q.n++ }
func (q *quiet) Handshake(flow.Side, conn.Level, []byte, flow.Mark)     { q.n++ }
func (q *quiet) Gap(conn.Gap, flow.Mark)                                { q.n++ }
func (q *quiet) MessageSeq(flow.Side, uint16)                           { q.n++ }
func (q *quiet) Note(side flow.Side, what string, at flow.Mark)         { q.n++ }
func (q *quiet) End(how conn.End, by flow.Side, at flow.Mark)           { q.n++ }
func (q *quiet) Heartbeat(side flow.Side, n int, b []byte, _ flow.Mark) { q.n++ }

// TestAllocations holds that the tunnel costs no memory.
func TestAllocations(t *testing.T) {
	cid := []byte("12345678")
	tests := []struct {
		name string
		says conn.Negotiated
		b    []byte
	}{
		{"record", tls12, app},
		{"several records", tls12, cat(app, app, app)},
		{"connection id", tls12, cat(app[:0], []byte{25}, app[1:11], cid, app[11:])},
		{"unified header", tls13, cat([]byte{0x2f, 0, 1, 0, 40}, make([]byte, 40))},
		{"hello again", tls12, msg(tls.TypeClientHello, 0, hello1)},
		{"STUN", tls12, []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}},
		{"cut", tls12, app[:20]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := &quiet{recorder: recorder{says: tt.says}}
			st := NewStream(q, nil, nil, nil)
			st.Datagram(flow.Client, msg(tls.TypeClientHello, 0, hello1), 0, flow.Mark{Packet: 1})
			missing := 0
			if tt.name == "cut" {
				missing = len(app) - 20
			}
			at := flow.Mark{Packet: 2}
			if n := testing.AllocsPerRun(100, func() {
				st.Succeeds(tt.b)
				st.Datagram(flow.Client, tt.b, missing, at)
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
			if n := testing.AllocsPerRun(100, func() { Probe(tt.b) }); n != 0 {
				t.Errorf("%v allocations to probe", n)
			}
		})
	}
}

// pack writes datagrams as the fuzz target reads them.
func pack(ds []sent) []byte {
	var out []byte
	for _, d := range ds {
		out = append(out, byte(d.side)|byte(min(d.missing, 127))<<1)
		out = binary.BigEndian.AppendUint16(out, uint16(len(d.b)))
		out = append(out, d.b...)
	}
	return out
}

func unpack(b []byte) []sent {
	var out []sent
	for len(b) >= 3 {
		n := min(len(b)-3, int(b[1])<<8|int(b[2]))
		out = append(out, sent{flow.Side(b[0] & 1), b[3 : 3+n], int(b[0] >> 1)})
		b = b[3+n:]
	}
	return out
}

// FuzzStream feeds datagrams to a Stream and to the model behind it.
func FuzzStream(f *testing.F) {
	f.Add(uint8(0), pack(conversation()))
	f.Add(uint8(1), pack([]sent{c(msg(tls.TypeClientHello, 0, hello1)), s(msg(tls.TypeServerHello, 0, sHello)),
		s(cat([]byte{0x2e, 0, 1, 0, 61}, make([]byte, 61))), c(cat([]byte{0x2e, 0, 1, 0, 61}, make([]byte, 61))), c(cat([]byte{0x3b, 1}, make([]byte, 30)))}))
	f.Add(uint8(2), pack([]sent{c(app), s(rec(tls.ContentTLS12CID, 1, 2, make([]byte, 30))), c([]byte(capwapPreamble), msg(tls.TypeClientHello, 0, hello1))}))
	f.Fuzz(func(t *testing.T, says uint8, b []byte) {
		ds := unpack(b)
		n := [...]conn.Negotiated{tls12, tls13, {}, null}[says&3]
		first := run(t, n, ds)
		if d := cmp.Diff(first.lines, run(t, n, ds).lines); d != "" {
			t.Errorf("not the same twice\n%s", d)
		}
		conversed(t, ds)
	})
}

// conversed reads datagrams to the end, with a real Builder.
func conversed(t *testing.T, ds []sent) {
	c := &conn.Conn{Number: 1, Carrier: "dtls", Transport: "udp", Ends: [2]conn.Endpoint{netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")}}
	b := conn.NewBuilder(c, conn.Options{HandshakeSize: 1 << 20, Parse: pki.NewCache(1 << 20), Sessions: conn.NewSessions()})
	st := NewStream(b, nil, nil, nil)
	records := 0
	for i, d := range ds {
		st.Datagram(d.side, d.b, d.missing, flow.Mark{Packet: uint64(i + 1)})
		records += 1 + len(d.b)/2
		c.Sent[d.side]++
	}
	st.Close(conn.EndOfCapture, flow.Client, flow.Mark{Packet: uint64(len(ds) + 1)})
	b.Finish()
	if c.Outcome == "" || c.Why == "" && c.Outcome != conn.Established {
		t.Errorf("outcome %q, because %q", c.Outcome, c.Why)
	}
	for side, tr := range c.Tunnel.Sides {
		if tr.RecordsSent > tr.Records || tr.RecordsSent < 0 || int(tr.Records) > records {
			t.Errorf("side %d: %d records sent, %d in all, at most %d", side, tr.RecordsSent, tr.Records, records)
		}
	}
}

func FuzzProbe(f *testing.F) {
	for _, d := range conversation() {
		f.Add(d.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := Probe(b)
		if v == 0 {
			return
		}
		r := &recorder{}
		st := NewStream(r, nil, nil, nil)
		st.Datagram(flow.Client, b, 1<<14, flow.Mark{Packet: 1})
		if st.others != [kinds]uint64{} {
			t.Errorf("probed as %v, read as something else", v)
		}
	})
}
