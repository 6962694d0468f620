package quic

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tls"
)

// sent is a datagram with its sender.
type sent struct {
	side    flow.Side
	b       []byte
	missing int
}

func run(t *testing.T, keys Keys, ds ...sent) *recorder {
	t.Helper()
	r := &recorder{}
	s := NewStream(r, keys, nil, nil)
	for i, d := range ds {
		before := bytes.Clone(d.b)
		s.Datagram(d.side, d.b, d.missing, mark(i+1))
		if !bytes.Equal(before, d.b) {
			t.Errorf("datagram %d was written to", i)
		}
	}
	s.Close(conn.EndOfCapture, flow.Client, mark(len(ds)))
	return r
}

// sealedPacket is a packet that nobody has the keys of.
func sealedPacket(kind conn.QUICKind, version uint32, dcid, scid []byte, n int) []byte {
	p := newProtection(bytes.Repeat([]byte{0x5a}, 32), suiteAES128, "other ")
	return p.seal(plainPacket{kind: kind, version: version, dcid: dcid, scid: scid, payload: make([]byte, n)})
}

func TestStream(t *testing.T) {
	ch, sh := hello(tls.TypeClientHello, 300), hello(tls.TypeServerHello, 90)
	c := func(b ...[]byte) sent { return sent{side: flow.Client, b: cat(b...)} }
	s := func(b ...[]byte) sent { return sent{side: flow.Server, b: cat(b...)} }
	clientInitial := func(v uint32, id []byte, n uint64, frames ...[]byte) []byte {
		return initialOf(v, id, flow.Client, n, pad(cat(frames...), 1100))
	}
	serverInitial := func(v uint32, id []byte, frames ...[]byte) []byte {
		return initialOf(v, id, flow.Server, 0, cat(frames...))
	}
	negotiation := cat([]byte{0x80, 0, 0, 0, 0, 5}, clientID, []byte{8}, serverID, []byte{0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf})
	const greased = 0x1a2a3a4a
	for _, x := range []struct {
		name string
		keys Keys
		in   []sent
		want string
	}{
		{name: "one round trip, packets coalesced", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch))),
			s(serverInitial(version1, firstDCID, []byte{2, 0, 0, 0, 0}, cryptoFrame(0, sh)), sealedPacket(conn.QUICHandshake, version1, clientID, serverID, 700)),
			c(sealedPacket(conn.QUICHandshake, version1, serverID, clientID, 60), sealedPacket(conn.QUICOneRTT, 0, serverID, nil, 40)),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
server plain handshake 90
server Initial opened 142
server Handshake sealed 740
client Handshake sealed 100
client 1-RTT sealed 67
end 0`},
		{name: "hello in pieces out of order over two datagrams, one piece twice", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(200, ch[200:]), []byte{framePing}, cryptoFrame(10, ch[10:20]))),
			c(clientInitial(version1, firstDCID, 1, cryptoFrame(15, ch[15:200]), cryptoFrame(200, ch[200:]), cryptoFrame(0, ch[:10]))),
		}, want: `version 1
client Initial opened 1142
client plain handshake 10
client plain handshake 10
client plain handshake 180
client plain handshake 100
client Initial opened 1142
end 0`},
		{name: "a piece never comes", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch[:100]), cryptoFrame(250, ch[250:]))),
		}, want: `version 1
client plain handshake 100
client Initial opened 1142
client gap of 150 at 100: not captured
end 0`},
		{name: "version 2 after version 1", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch))),
			s(serverInitial(version2, firstDCID, cryptoFrame(0, sh)), sealedPacket(conn.QUICHandshake, version2, clientID, serverID, 20)),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
version 6b3343cf
server plain handshake 90
server Initial opened 137
server Handshake sealed 60
end 0`},
		{name: "version negotiation", in: []sent{
			c(clientInitial(greased, firstDCID, 0, cryptoFrame(0, ch))),
			s(negotiation),
			c(clientInitial(version1, serverID, 0, cryptoFrame(0, ch))),
		}, want: `version 1a2a3a4a
client plain handshake 300
client Initial opened 1142
negotiation [1 6b3343cf] of 2
version 1
client plain handshake 300
client Initial opened 1142
end 0`},
		{name: "the server's packet first", in: []sent{
			s(serverInitial(version1, firstDCID, cryptoFrame(0, sh))),
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch))),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
server plain handshake 90
server Initial opened 137
end 0`},
		{name: "closed with an alert; padding behind the packet", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch)), bytes.Repeat([]byte{0xc8}, 60)),
			s(serverInitial(version1, firstDCID, []byte{frameClose, 0x41, 0x28, 0, 3, 'b', 'y', 'e'}), make([]byte, 30)),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
server plain close 0x128 "bye"
server Initial opened 50
end 0`},
		{name: "0-RTT", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch)), sealedPacket(conn.QUICZeroRTT, version1, firstDCID, clientID, 99)),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
client 0-RTT sealed 139
end 0`},
		{name: "of an unknown version, and not QUIC between the same ports", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch))),
			c([]byte{0x80, 0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
client note datagrams that are no QUIC go between the same ports
end 0`},
		{name: "stateless reset", in: []sent{
			c(clientInitial(version1, firstDCID, 0, cryptoFrame(0, ch))),
			s(sealedPacket(conn.QUICOneRTT, 0, serverID, nil, 30)),
		}, want: `version 1
client plain handshake 300
client Initial opened 1142
server 1-RTT sealed 57
server note the last datagram carries a connection id that was never seen and nothing follows it: this fits a stateless reset, by which a server that lost its state ends a connection
end 0`},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := run(t, x.keys, x.in...)
			if d := cmp.Diff(strings.Split(x.want, "\n"), r.events); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestVersions opens the first packets of every version that has keys.
func TestVersions(t *testing.T) {
	versions := []uint32{version1, version2, googleT50, googleT51, mvfst + 1, mvfst + 2, 0x5a6a7a8a}
	for v := uint32(draft22); v <= draft34; v++ {
		versions = append(versions, v)
	}
	ch := hello(tls.TypeClientHello, 300)
	for _, v := range versions {
		frames := cryptoFrame(0, ch)
		if v == googleT50 || v == googleT51 {
			frames[0] = 0x08
		}
		b := initialOf(v, firstDCID, flow.Client, 0, pad(frames, 1160))
		if got := Probe(b); got != record.Client {
			t.Errorf("%x: the probe says %d", v, got)
		}
		if r := run(t, nil, sent{side: flow.Client, b: b}); !bytes.Equal(r.crypto[flow.Client][conn.Plain], ch) {
			t.Errorf("%x: %q", v, r.events)
		}
	}
}

func TestRetry(t *testing.T) {
	v1 := vectors[0]
	ch := hello(tls.TypeClientHello, 300)
	newID := unhex(t, "f067a5502a4262b5")
	r := run(t, nil,
		sent{side: flow.Client, b: initialOf(version1, firstDCID, flow.Client, 0, pad(cryptoFrame(0, ch), 1100))},
		sent{side: flow.Server, b: unhex(t, v1.retry)},
		sent{side: flow.Client, b: initialOf(version1, newID, flow.Client, 1, pad(cryptoFrame(0, ch), 1100), func(p *plainPacket) { p.token = []byte("token") })},
		sent{side: flow.Server, b: initialOf(version1, newID, flow.Server, 0, cryptoFrame(0, hello(tls.TypeServerHello, 90)))},
	)
	want := strings.Split(`version 1
client plain handshake 300
client Initial opened 1142
retry 5 1
client Initial opened 1147
server plain handshake 90
server Initial opened 137
end 0`, "\n")
	if d := cmp.Diff(want, r.events); d != "" {
		t.Error(d)
	}
	old := cat([]byte{0xff, 0xff, 0, 0, 22, 5}, clientID, []byte{8}, serverID, []byte{8}, firstDCID, []byte("token"))
	r = run(t, nil, sent{side: flow.Client, b: initialOf(draft22, firstDCID, flow.Client, 0, pad(cryptoFrame(0, ch), 1100))}, sent{side: flow.Server, b: old})
	if !r.has("retry 5 0") {
		t.Errorf("Retry of draft 22: %q", r.events)
	}
}

func TestCut(t *testing.T) {
	ch := hello(tls.TypeClientHello, 300)
	b := initialOf(version1, firstDCID, flow.Client, 0, pad(cryptoFrame(0, ch), 1100))
	r := run(t, nil, sent{side: flow.Client, b: b[:200], missing: len(b) - 200})
	got := r.crypto[flow.Client][conn.Plain]
	if len(got) < 150 || !bytes.HasPrefix(ch, got) {
		t.Errorf("%d bytes of the hello", len(got))
	}
	if !r.has("not authenticated") || !r.has("cut off by the snapshot length") {
		t.Errorf("%q", r.events)
	}
}

func TestGoogle(t *testing.T) {
	entry := func(tag string, end byte) []byte { return append([]byte(tag), end, 0, 0, 0) }
	chlo := cat([]byte("CHLO\x03\x00\x00\x00"), entry("SNI\x00", 12), entry("VER\x00", 16), entry("UAID", 22), []byte("www.g.exampl"), []byte("Q043"), []byte("Chrome"))
	chlo = pad(chlo, 900)
	stream := cat([]byte{0xa0, 1, byte(len(chlo) >> 8), byte(len(chlo))}, chlo)
	sum := make([]byte, hashLen)
	id := firstDCID
	q43 := cat([]byte{0x09}, id, []byte("Q043"), []byte{1}, sum, stream)
	q46 := cat([]byte{0xc3}, []byte("Q046"), []byte{0x50}, id, []byte{0, 0, 0, 1}, sum, stream)
	crypto := cat([]byte{0x40, 1, 0, 0, 1, 0, 0x08, 0x00}, appendVarint(nil, uint64(len(chlo))), chlo)
	q50 := initialOf(googleQ50, id, flow.Client, 1, pad(crypto, 1100))
	rej := cat([]byte{0x00}, []byte{2}, sum, []byte{0x80, 1}, []byte("REJ\x00\x00\x00\x00\x00"))
	for _, x := range []struct {
		name string
		b    []byte
	}{{"Q043", q43}, {"Q046", q46}, {"Q050", q50}} {
		if got := Probe(x.b); got != record.Client {
			t.Errorf("%s: the probe says %d", x.name, got)
		}
		r := run(t, nil, sent{side: flow.Client, b: x.b})
		if !r.has(`client CHLO www.g.exampl "Chrome"`) || !r.has("client Initial opened") {
			t.Errorf("%s: %q", x.name, r.events)
		}
	}
	r := run(t, nil, sent{side: flow.Client, b: q43}, sent{side: flow.Server, b: rej}, sent{side: flow.Client, b: cat([]byte{0x08}, id, make([]byte, 40))})
	if !r.has("server REJ") || !r.has("client 1-RTT sealed 49") {
		t.Errorf("%q", r.events)
	}
}

func TestSucceeds(t *testing.T) {
	ch := pad(cryptoFrame(0, hello(tls.TypeClientHello, 300)), 1160)
	other := []byte{7, 7, 7, 7, 7, 7, 7, 7, 7}
	s := NewStream(&recorder{}, nil, nil, nil)
	s.Datagram(flow.Client, initialOf(version1, firstDCID, flow.Client, 0, ch), 0, mark(1))
	again := func(p *plainPacket) { p.scid = other }
	if s.Succeeds(initialOf(version1, other, flow.Client, 0, ch, again)) {
		t.Error("before the server's answer it is another attempt")
	}
	s.Datagram(flow.Server, initialOf(version1, firstDCID, flow.Server, 0, cryptoFrame(0, hello(tls.TypeServerHello, 90))), 0, mark(2))
	for _, x := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"another connection", initialOf(version1, other, flow.Client, 0, ch, again), true},
		{"the same", initialOf(version1, firstDCID, flow.Client, 1, ch), false},
		{"to the server's id", initialOf(version1, firstDCID, flow.Client, 1, ch, func(p *plainPacket) { p.dcid = serverID }), false},
		{"1-RTT", pad(sealedPacket(conn.QUICOneRTT, 0, other, nil, 30), 1250), false},
	} {
		if got := s.Succeeds(x.b); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

func TestProbe(t *testing.T) {
	big := func(b ...byte) []byte { return pad(b, 1250) }
	for _, x := range []struct {
		name string
		b    []byte
		want record.Verdict
	}{
		{"nothing", nil, record.Not},
		{"DNS", cat([]byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, make([]byte, 30)), record.Not},
		{"STUN", cat([]byte{0, 1, 0, 20, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 32)), record.Not},
		{"RTP", cat([]byte{0x80, 0x60, 0, 1, 0, 0, 0, 9}, make([]byte, 160)), record.Not},
		{"greased version without a hello", big(0xc0, 0x1a, 0x2a, 0x3a, 0x4a), record.Not},
		{"server's Initial to a client without id", initialOf(version1, firstDCID, flow.Server, 0, make([]byte, 200), func(p *plainPacket) { p.dcid = nil }), record.Server},
		{"Initial of somebody", initialOf(version1, serverID, flow.Client, 0, make([]byte, 200), func(p *plainPacket) { p.dcid = firstDCID }), record.Either},
		{"Handshake", sealedPacket(conn.QUICHandshake, version1, clientID, serverID, 60), record.Either},
		{"0-RTT", sealedPacket(conn.QUICZeroRTT, version1, clientID, serverID, 60), record.Client},
		{"Version Negotiation", cat([]byte{0x80, 0, 0, 0, 0, 5}, clientID, []byte{8}, serverID, []byte{0, 0, 0, 1}), record.Server},
		{"version 0 without a version", cat([]byte{0x80, 0, 0, 0, 0, 5}, clientID, []byte{8}, serverID, []byte{1, 2, 3, 4}), record.Not},
	} {
		if got := Probe(x.b); got != x.want {
			t.Errorf("%s: %d, not %d", x.name, got, x.want)
		}
	}
}
