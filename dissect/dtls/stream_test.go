package dtls

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

var (
	tls12 = conn.Negotiated{Version: tls.VersionDTLS12, Suite: 0xc02f}
	tls13 = conn.Negotiated{Version: tls.VersionDTLS13, Suite: 0x1301}
	null  = conn.Negotiated{Version: tls.VersionDTLS12, Suite: 0x003b} // TLS_RSA_WITH_NULL_SHA256
	app   = rec(tls.ContentApplicationData, 1, 1, make([]byte, 40))
	ccs   = rec(tls.ContentChangeCipherSpec, 0, 3, []byte{1})
	fin40 = rec(tls.ContentHandshake, 1, 0, make([]byte, 40))
)

// on writes a message line as the recorder does.
func on(side flow.Side, typ tls.HandshakeType, body []byte) string {
	return fmt.Sprintf("%s plain %s %x", side, typ, body)
}

func TestStream(t *testing.T) {
	cHello, srvHello := on(flow.Client, tls.TypeClientHello, hello1), on(flow.Server, tls.TypeServerHello, sHello)
	certLine := on(flow.Server, tls.TypeCertificate, cert)
	again := "note: 1 handshake message was sent again, because an answer did not come in time (RFC 6347, Section 4.2.4)"
	part := func(off, n int) []byte {
		return rec(tls.ContentHandshake, 0, 9, frag(tls.TypeCertificate, 1, cert, off, n))
	}
	start := []sent{c(msg(tls.TypeClientHello, 0, hello1)), s(msg(tls.TypeServerHello, 0, sHello))}
	begun := []string{cHello, srvHello}
	tests := []struct {
		name string
		says conn.Negotiated
		in   []sent
		want []string
	}{
		{"cookie", tls12, []sent{c(msg(tls.TypeClientHello, 0, hello1)), s(msg(tls.TypeHelloVerifyRequest, 0, verify)),
			c(msg(tls.TypeClientHello, 1, hello2)), s(msg(tls.TypeServerHello, 1, sHello))},
			[]string{cHello, on(flow.Server, tls.TypeHelloVerifyRequest, verify), on(flow.Client, tls.TypeClientHello, hello2), srvHello}},
		{"numbers begin again behind a cookie", tls12, []sent{c(msg(tls.TypeClientHello, 0, hello1)), s(msg(tls.TypeHelloVerifyRequest, 0, verify)),
			c(msg(tls.TypeClientHello, 0, hello2)), s(msg(tls.TypeServerHello, 0, sHello)), s(msg(tls.TypeCertificate, 1, cert))},
			[]string{cHello, on(flow.Server, tls.TypeHelloVerifyRequest, verify), on(flow.Client, tls.TypeClientHello, hello2), srvHello, certLine}},
		{"numbers begin again while something waits", tls12, []sent{s(msg(tls.TypeServerHello, 0, sHello)), s(msg(tls.TypeServerKeyExchange, 2, cert)),
			s(msg(tls.TypeServerHello, 0, sHello9)), s(msg(tls.TypeCertificate, 1, cert)), s(msg(tls.TypeServerHelloDone, 2, nil))},
			[]string{srvHello, on(flow.Server, tls.TypeServerHello, sHello9), certLine, on(flow.Server, tls.TypeServerHelloDone, nil)}},
		{"the first hello comes late", tls12, []sent{c(msg(tls.TypeClientHello, 1, hello2)), c(msg(tls.TypeClientHello, 0, hello1)), c(msg(tls.TypeClientKeyExchange, 2, cert))},
			[]string{on(flow.Client, tls.TypeClientHello, hello2), on(flow.Client, tls.TypeClientKeyExchange, cert), "client " + again}},
		{"sent again", tls12, []sent{c(msg(tls.TypeClientHello, 0, hello1)), c(msg(tls.TypeClientHello, 0, hello1)), s(msg(tls.TypeServerHello, 0, sHello))},
			[]string{cHello, srvHello, "client " + again}},
		{"fragments in order", tls12, append(start[:2:2], s(part(0, 10)), s(part(10, 20)), s(part(30, 6))), append(begun[:2:2], certLine)},
		{"fragments out of order", tls12, append(start[:2:2], s(part(30, 6)), s(part(10, 20)), s(part(0, 10))), append(begun[:2:2], certLine)},
		{"fragments that overlap", tls12, append(start[:2:2], s(part(20, 16)), s(part(5, 20)), s(part(0, 30))), append(begun[:2:2], certLine)},
		{"fragments twice", tls12, append(start[:2:2], s(part(0, 10)), s(part(0, 10)), s(part(10, 26)), s(part(10, 26))), append(begun[:2:2], certLine)},
		{"two fragments in a record", tls12, append(start[:2:2], s(rec(tls.ContentHandshake, 0, 1, cat(frag(tls.TypeCertificate, 1, cert, 0, 9), frag(tls.TypeCertificate, 1, cert, 9, 27))))),
			append(begun[:2:2], certLine)},
		{"messages out of order", tls12, append(start[:2:2], s(msg(tls.TypeServerHelloDone, 2, nil)), s(msg(tls.TypeCertificate, 1, cert))),
			append(begun[:2:2], certLine, on(flow.Server, tls.TypeServerHelloDone, nil))},
		{"a message is missing", tls12, append(start[:2:2], s(msg(tls.TypeServerHelloDone, 2, nil)), c(msg(tls.TypeClientKeyExchange, 1, cert))),
			append(begun[:2:2], "server gap -1: 1 handshake message is not in the capture", on(flow.Server, tls.TypeServerHelloDone, nil), on(flow.Client, tls.TypeClientKeyExchange, cert))},
		{"a fragment is missing", tls12, append(start[:2:2], s(part(0, 10)), s(part(20, 16)), c(msg(tls.TypeClientKeyExchange, 1, cert))),
			append(begun[:2:2], on(flow.Server, tls.TypeCertificate, cert[:10]), "server gap 10: fragments of Certificate are not in the capture", on(flow.Client, tls.TypeClientKeyExchange, cert))},
		{"the first fragment is missing", tls12, append(start[:2:2], s(part(20, 16))),
			append(begun[:2:2], "server gap 20: fragments of Certificate are not in the capture")},
		{"fragments contradict each other", tls12, append(start[:2:2], s(part(0, 10)), s(rec(tls.ContentHandshake, 0, 9, frag(tls.TypeFinished, 1, cert, 10, 26))), s(part(10, 26))),
			append(begun[:2:2], "server note: fragments of message 1 contradict each other: Certificate of 36 bytes, then Finished of 36; the first counts", certLine)},
		{"a flight and its Finished", tls12, append(start[:2:2], c(ccs, fin40), s(ccs, fin40), c(app)),
			append(begun[:2:2], "client ccs", "client sealed type 22 40", "server ccs", "server sealed type 22 40", "client sealed type 23 40")},
		{"Finished before ChangeCipherSpec", tls12, append(start[:2:2], c(fin40), c(ccs)),
			append(begun[:2:2], "client ccs", "client sealed type 22 40")},
		{"Finished without ChangeCipherSpec", tls12, append(start[:2:2], c(fin40), s(ccs, fin40)),
			append(begun[:2:2], "server ccs", "client sealed type 22 40", "server sealed type 22 40")},
		{"Finished twice", tls12, append(start[:2:2], c(ccs, fin40), c(ccs, rec(tls.ContentHandshake, 1, 1, make([]byte, 40)))),
			append(begun[:2:2], "client ccs", "client sealed type 22 40", "client ccs", "client "+again)},
		{"alerts", tls12, append(start[:2:2], c(rec(tls.ContentAlert, 0, 4, []byte{2, 48})), s(rec(tls.ContentAlert, 1, 1, make([]byte, 18)))),
			append(begun[:2:2], "client plain alert 2 48", "server sealed type 21 18")},
		{"NULL cipher", null, append(start[:2:2], c(rec(tls.ContentApplicationData, 1, 1, append([]byte("hello"), make([]byte, 32)...)))),
			append(begun[:2:2], "client opened 37 5", `client plain "hello"`)},
		{"data in epoch 0", tls12, append(start[:2:2], c(rec(tls.ContentApplicationData, 0, 1, []byte("hello")))),
			append(begun[:2:2], "client note: application data in epoch 0, that is without any protection", "client opened 5 5", `client plain "hello"`)},
		{"epochs of DTLS 1.3", tls13, append(start[:2:2], s(cat([]byte{0x2e, 0, 1, 0, 20}, make([]byte, 20))), c(cat([]byte{0x2e, 0, 1, 0, 61}, make([]byte, 61))),
			c(cat([]byte{0x23, 1}, make([]byte, 30))), c(cat([]byte{0x20, 1}, make([]byte, 30)))),
			append(begun[:2:2], "server sealed handshake 20", "client sealed handshake 61", "client sealed application 30",
				"client note: epoch 4 begins: the client has changed its key (KeyUpdate)", "client sealed application 30")},
		{"other protocols", tls12, append(start[:2:2], c([]byte{0, 1, 0, 8, 0x21, 0x12}), s([]byte{0x80, 0x60}), s([]byte{0x90, 0x60})),
			append(begun[:2:2], "client note: other protocols share the ports (RFC 7983): 1 datagram of STUN, 2 datagrams of RTP or RTCP")},
		{"CAPWAP", tls12, []sent{c([]byte(capwapPreamble), msg(tls.TypeClientHello, 0, hello1))}, []string{cHello}},
		{"cut by the capture", tls12, append(start[:2:2], sent{flow.Server, msg(tls.TypeCertificate, 1, cert)[:13+12+10], 26}),
			append(begun[:2:2], on(flow.Server, tls.TypeCertificate, cert[:10]), "server gap 26: fragments of Certificate are not in the capture")},
		{"a record longer than its datagram", tls12, append(start[:2:2], s(app[:20])),
			append(begun[:2:2], "server note: a record claims 40 bytes where the datagram has 7")},
		{"bytes behind a record", tls12, append(start[:2:2], s(app, []byte{0xff, 0xff})),
			append(begun[:2:2], "server sealed type 23 40", "server note: 2 bytes behind the last record of a datagram are no record")},
		{"begins in the middle of a flight", tls12, []sent{s(part(0, 36)), s(msg(tls.TypeServerHelloDone, 2, nil)), c(app)},
			[]string{certLine, on(flow.Server, tls.TypeServerHelloDone, nil), "client sealed type 23 40"}},
		{"begins in the tunnel", conn.Negotiated{}, []sent{c(app), s(app)}, []string{"client sealed type 23 40", "server sealed type 23 40"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.says, tt.in).without(" seq ")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestConnectionIDs(t *testing.T) {
	cid := []byte("SERVERID")
	hello := helloBody(tls.TypeServerHello, 2, "", cid)
	withCID := func(seq int, n int) []byte {
		b := rec(tls.ContentTLS12CID, 1, seq, make([]byte, n))
		return cat(b[:11], cid, b[11:])
	}
	in := []sent{c(msg(tls.TypeClientHello, 0, helloBody(tls.TypeClientHello, 1, "", []byte{}))), s(msg(tls.TypeServerHello, 0, hello)),
		c(ccs, withCID(0, 41)), c(withCID(1, 50), withCID(2, 51))}
	got := run(t, tls12, in)
	want := []string{"client ccs", "client sealed type 22 41", "client sealed application 50", "client sealed application 51"}
	if d := cmp.Diff(want, got.without(" seq ")[2:]); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	t.Run("size not known", func(t *testing.T) {
		got := run(t, conn.Negotiated{}, []sent{c(withCID(1, 50))})
		if d := cmp.Diff([]string{"client sealed application 50"}, got.lines); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
	t.Run("told", func(t *testing.T) {
		var told string
		st := NewStream(&recorder{}, nil, nil, func(side flow.Side, id []byte) { told += fmt.Sprintf("%s %s;", side, id) })
		for _, d := range in {
			st.Datagram(d.side, d.b, 0, flow.Mark{Packet: 1})
		}
		if told != "server SERVERID;" {
			t.Errorf("told %q", told)
		}
	})
}

func TestMessageSeq(t *testing.T) {
	got := run(t, tls12, []sent{c(msg(tls.TypeClientHello, 3, hello1)), s(msg(tls.TypeServerHello, 7, sHello)), s(msg(tls.TypeServerHelloDone, 9, nil))})
	var seqs []string
	for _, l := range got.lines {
		if strings.Contains(l, " seq ") {
			seqs = append(seqs, l)
		}
	}
	if d := cmp.Diff([]string{"client seq 3", "server seq 7", "server seq 9"}, seqs); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestSucceeds(t *testing.T) {
	st := NewStream(&recorder{says: tls12}, nil, nil, nil)
	first, other := msg(tls.TypeClientHello, 0, hello1), msg(tls.TypeClientHello, 0, hello9)
	ask := func(name string, b []byte, want bool) {
		t.Helper()
		if got := st.Succeeds(b); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	ask("nothing yet", first, false)
	st.Datagram(flow.Client, first, 0, flow.Mark{Packet: 1})
	ask("not answered", other, false)
	st.Datagram(flow.Server, msg(tls.TypeServerHello, 0, sHello), 0, flow.Mark{Packet: 2})
	ask("sent again", first, false)
	ask("another random", other, true)
	ask("with a cookie", msg(tls.TypeClientHello, 1, helloBody(tls.TypeClientHello, 9, "c", nil)), false)
	ask("the answer", msg(tls.TypeServerHello, 0, sHello9), false)
	ask("data", app, false)
	for n := range other {
		if n < 13+12+34 {
			ask(fmt.Sprintf("%d bytes", n), other[:n], false)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Run("16 MB announced", func(t *testing.T) {
		r := &recorder{says: tls12}
		st := NewStream(r, nil, nil, nil)
		h := []byte{11, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 10}
		st.Datagram(flow.Server, msg(tls.TypeServerHello, 0, sHello), 0, flow.Mark{Packet: 1})
		st.Datagram(flow.Server, rec(tls.ContentHandshake, 0, 1, append(h, make([]byte, 10)...)), 0, flow.Mark{Packet: 2})
		if held := st.sides[flow.Server].asm.held; held > 300 {
			t.Errorf("%d bytes are held for a fragment of 10", held)
		}
	})
	t.Run("many messages ahead", func(t *testing.T) {
		var in []sent
		in = append(in, s(msg(tls.TypeServerHello, 0, sHello)))
		for i := range 250 {
			in = append(in, s(msg(tls.TypeCertificate, i+2, cert)))
		}
		r := run(t, tls12, in)
		if n := r.messages[flow.Server]; n != mostAhead {
			t.Errorf("%d messages, want %d", n, mostAhead)
		}
	})
	t.Run("much waits", func(t *testing.T) {
		r := &recorder{says: tls12}
		budget := flow.NewBudget(1 << 20)
		st := NewStream(r, nil, budget, nil)
		st.Datagram(flow.Server, msg(tls.TypeServerHello, 0, sHello), 0, flow.Mark{Packet: 1})
		big := make([]byte, 60000)
		for i := range 60 {
			for off := 0; off+1000 <= len(big); off += 1000 {
				st.Datagram(flow.Server, rec(tls.ContentHandshake, 0, 1, frag(tls.TypeCertificate, i+2, big, off, 1000)), 0, flow.Mark{Packet: 2})
			}
			checkHeld(t, st, budget)
		}
		if held := st.sides[flow.Server].asm.held; held < mostPending/2 {
			t.Errorf("only %d bytes are held", held)
		}
		if r.notes == 0 {
			t.Error("what is given up is not said")
		}
	})
	t.Run("shared budget", func(t *testing.T) {
		budget := flow.NewBudget(500)
		for i := range 9 {
			r := &recorder{says: tls12}
			st := NewStream(r, nil, budget, nil)
			st.Datagram(flow.Server, msg(tls.TypeServerHello, 0, sHello), 0, flow.Mark{Packet: 1})
			st.Datagram(flow.Server, msg(tls.TypeCertificate, 2, cert), 0, flow.Mark{Packet: 2})
			if full := r.notes > 0; full != (i >= 3) {
				t.Errorf("stream %d: given up %v with %d left", i, full, budget.Left())
			}
		}
	})
}
