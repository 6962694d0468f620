package dissect

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
)

// Ends and connection ids of the tests. No port is one that QUIC uses.
var (
	client  = netip.MustParseAddrPort("192.0.2.1:1111")
	moved   = netip.MustParseAddrPort("198.51.100.7:2222")
	server  = netip.MustParseAddrPort("203.0.113.5:999")
	firstID = []byte{1, 1, 2, 3, 5, 8, 13, 21}
	otherID = []byte{2, 7, 1, 8, 2, 8, 1, 8, 2}
	ownID   = []byte{0xc1, 0xc2, 0xc3, 0xc4, 0xc5}
	itsID   = []byte{0x51, 0x52, 0x53, 0x54, 0x55, 0x56}
)

func label(secret []byte, name string, n int) []byte {
	info := append([]byte{0, byte(n), byte(6 + len(name))}, "tls13 "+name+"\x00"...)
	out, _ := hkdf.Expand(sha256.New, secret, string(info), n)
	return out
}

// initial seals an Initial packet of QUIC v1 (RFC 9001, Section 5) with keys from
// a connection id.
func initial(keyID []byte, from flow.Side, dcid, scid, payload []byte) []byte {
	salt := []byte("\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a")
	prk, _ := hkdf.Extract(sha256.New, keyID, salt)
	secret := label(prk, from.String()+" in", 32)
	block, _ := aes.NewCipher(label(secret, "quic key", 16))
	aead, _ := cipher.NewGCM(block)
	hp, _ := aes.NewCipher(label(secret, "quic hp", 16))
	n := 1 + len(payload) + 16
	b := slices.Concat([]byte{0xc0, 0, 0, 0, 1, byte(len(dcid))}, dcid, []byte{byte(len(scid))}, scid, []byte{0, 0x40 | byte(n>>8), byte(n), 0})
	at := len(b) - 1
	b = aead.Seal(b, label(secret, "quic iv", 12), payload, b) // number 0: the iv is the nonce
	var mask [16]byte
	hp.Encrypt(mask[:], b[at+4:at+20])
	b[0] ^= mask[0] & 0x0f
	b[at] ^= mask[1]
	return b
}

// crypto is a CRYPTO frame with a message of a type and n bytes.
func crypto(typ byte, body []byte) []byte {
	n := 4 + len(body)
	return slices.Concat([]byte{6, 0, 0x40 | byte(n>>8), byte(n), typ, 0, byte(len(body) >> 8), byte(len(body))}, body)
}

func clientHello(keyID, dcid, scid []byte, random byte) []byte {
	body := slices.Concat([]byte{3, 3}, slices.Repeat([]byte{random}, 32), []byte{0, 0, 2, 0x13, 1, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4})
	return initial(keyID, flow.Client, dcid, scid, append(crypto(1, body), make([]byte, 1160)...))
}

func serverHello(keyID []byte) []byte {
	body := slices.Concat([]byte{3, 3}, slices.Repeat([]byte{9}, 32), []byte{0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4})
	return initial(keyID, flow.Server, ownID, itsID, crypto(2, body))
}

// short is a 1-RTT packet.
func short(dcid []byte) []byte { return slices.Concat([]byte{0x40}, dcid, make([]byte, 40)) }

// bench drives a pipeline with datagrams.
type bench struct {
	p     *pipeline
	conns []*conn.Conn
	n     uint64
}

func newBench(t testing.TB, opt Options) *bench {
	b := &bench{}
	opt.Stats = &Stats{}
	b.p = newPipeline(opt, newCommon(), func(e Event, err error) bool {
		if c, ok := e.(Closed); ok {
			b.conns = append(b.conns, c.Conn)
		}
		return true
	})
	t.Cleanup(b.p.close)
	return b
}

func (b *bench) send(src, dst netip.AddrPort, payload []byte) {
	b.sendAfter(time.Millisecond, src, dst, payload)
}

func (b *bench) sendAfter(d time.Duration, src, dst netip.AddrPort, payload []byte) {
	b.n++
	at := time.Unix(1700000000, 0)
	if b.p.at.Seen() {
		at = b.p.at.Time
	}
	b.p.at = flow.Mark{Packet: b.n, Time: at.Add(d)}
	b.p.udp.table.Tick(b.p.at.Time)
	b.p.datagram(&packet.Packet{Src: src, Dst: dst, Payload: payload})
	b.p.out.drain(false)
}

// handshake sends a connection up to its tunnel.
func (b *bench) handshake() {
	b.send(client, server, clientHello(firstID, firstID, ownID, 7))
	b.send(server, client, serverHello(firstID))
	b.send(client, server, short(itsID))
	b.send(server, client, short(ownID))
	b.send(client, server, short(itsID))
}

func TestDatagrams(t *testing.T) {
	type result struct {
		Client  string
		Outcome conn.Outcome
		Packets uint64
		First   uint64
	}
	for _, x := range []struct {
		name string
		opt  Options
		do   func(b *bench)
		want []result
	}{
		{"a connection on any port", Options{}, (*bench).handshake, []result{{client.String(), conn.Established, 5, 1}}},
		{"something else comes first", Options{}, func(b *bench) {
			b.send(client, server, []byte("hello, is this thing on? hello, hello"))
			b.handshake()
		}, []result{{client.String(), conn.Established, 6, 1}}},
		{"the server's packet comes first", Options{}, func(b *bench) {
			b.send(server, client, serverHello(firstID))
			b.send(client, server, clientHello(firstID, firstID, ownID, 7))
			b.send(client, server, short(itsID))
		}, []result{{client.String(), conn.Established, 3, 1}}},
		{"nothing but other traffic", Options{}, func(b *bench) {
			for range 100 {
				b.send(client, server, []byte("no datagram of any carrier, but long enough for one"))
			}
		}, nil},
		{"the client's address changes, and the server answers there", Options{}, func(b *bench) {
			b.handshake()
			b.send(moved, server, short(itsID))
			b.send(server, moved, short(ownID))
		}, []result{{client.String(), conn.Established, 7, 1}}},
		{"another address with another id is another flow", Options{}, func(b *bench) {
			b.handshake()
			b.send(moved, server, short(otherID))
		}, []result{{client.String(), conn.Established, 5, 1}}},
		{"another connection between the same ports", Options{}, func(b *bench) {
			b.handshake()
			b.send(client, server, clientHello(otherID, otherID, otherID, 8))
		}, []result{{client.String(), conn.Established, 5, 1}, {client.String(), conn.Incomplete, 1, 6}}},
		{"silence", Options{}, func(b *bench) {
			b.handshake()
			b.sendAfter(time.Hour, moved, server, []byte("x"))
			for range 4 { // a jump of the clock is believed when packets agree on it
				b.send(moved, server, []byte("x"))
			}
			if len(b.conns) == 0 {
				b.p.out.drain(true)
			}
			if len(b.conns) != 1 {
				panic("the connection is still there after an hour")
			}
		}, []result{{client.String(), conn.Established, 5, 1}}},
		{"more flows than the table holds", Options{Limits: flow.Limits{Flows: 2}}, func(b *bench) {
			b.send(client, server, clientHello(firstID, firstID, ownID, 7))
			for i := range 4 {
				b.send(netip.AddrPortFrom(moved.Addr(), uint16(3000+i)), server, []byte("some other flow with a datagram"))
			}
		}, []result{{client.String(), conn.NoAnswer, 1, 1}}},
		{"probed for a while only", Options{}, func(b *bench) {
			for range looks {
				b.send(client, server, []byte("no datagram of any carrier, but long enough for one"))
			}
			b.handshake()
		}, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := newBench(t, x.opt)
			x.do(b)
			b.p.endOfCapture()
			var got []result
			for _, c := range b.conns {
				got = append(got, result{c.Ends[flow.Client].String(), c.Outcome, c.Packets, c.First.Packet})
				if c.Transport != "udp" || c.Carrier != "quic" || c.Packets != c.Sent[0]+c.Sent[1] {
					t.Errorf("%s over %s, %d packets of %v", c.Carrier, c.Transport, c.Packets, c.Sent)
				}
			}
			if d := cmp.Diff(x.want, got); d != "" {
				t.Error(d)
			}
			if n := len(b.p.udp.ids.of); n != 0 || b.p.udp.ids.sizes != [21]int{} {
				t.Errorf("%d connection ids are left", n)
			}
		})
	}
}

// TestMoveIsNoted holds that a change of address is told.
func TestMoveIsNoted(t *testing.T) {
	b := newBench(t, Options{})
	b.handshake()
	b.send(moved, server, short(itsID))
	b.p.endOfCapture()
	if notes := strings.Join(b.conns[0].Notes, "\n"); !strings.Contains(notes, "goes on from "+moved.String()) {
		t.Errorf("notes: %s", notes)
	}
}

// TestOtherTrafficIsFree holds that datagrams of flows that were passed over, and
// of new ones, cost no allocation.
func TestOtherTrafficIsFree(t *testing.T) {
	b := newBench(t, Options{})
	b.handshake()
	payload := []byte("no datagram of any carrier, but long enough for one")
	d := &packet.Packet{Src: moved, Dst: server, Payload: payload}
	for range looks + 1 {
		b.p.datagram(d)
	}
	if n := testing.AllocsPerRun(200, func() { b.p.datagram(d) }); n != 0 {
		t.Errorf("a datagram of a known flow: %v allocations", n)
	}
	one := &packet.Packet{Src: client, Dst: server, Payload: short(itsID)}
	if n := testing.AllocsPerRun(200, func() { b.p.datagram(one) }); n != 0 {
		t.Errorf("a datagram of the tunnel: %v allocations", n)
	}
}

func BenchmarkOtherDatagram(b *testing.B) {
	x := newBench(b, Options{})
	d := &packet.Packet{Src: moved, Dst: server, Payload: []byte("no datagram of any carrier, but long enough for one")}
	for b.Loop() {
		x.p.datagram(d)
	}
}
