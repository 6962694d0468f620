package eap

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/record"
)

// A sent is one datagram.
type sent struct {
	side     flow.Side
	src, dst netip.AddrPort
	b        []byte
}

// conversations reads the datagrams of a capture, those of each client's port
// together.
func conversations(t testing.TB) (all [][]sent) {
	t.Helper()
	f, err := capture.Open("../../testdata/pcaps/eap-radius.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := packet.NewDecoder(packet.Limits{})
	index := map[uint16]int{}
	var p capture.Packet
	var q packet.Packet
	for f.Next(&p) == nil {
		if d.Decode(uint32(p.Link), p.Data, p.WireLen, p.Time, &q) != packet.UDP {
			continue
		}
		s := sent{flow.Client, q.Src, q.Dst, bytes.Clone(q.Payload)}
		port := q.Src.Port()
		if port == 1812 {
			s.side, port = flow.Server, q.Dst.Port()
		}
		i, ok := index[port]
		if !ok {
			i = len(all)
			index[port] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], s)
	}
	if len(all) != 5 {
		t.Fatalf("%d conversations", len(all))
	}
	return all
}

// read reads one conversation from its ClientHello on and returns the connection
// and what was noted.
func read(t testing.TB, ds []sent) *conn.Conn {
	t.Helper()
	log := keys.NewLog()
	text, err := os.ReadFile("../../testdata/pcaps/eap-radius.keys")
	if err != nil {
		t.Fatal(err)
	}
	log.Add(text, "eap-radius.keys")
	session := keys.NewProvider(log).NewSession()
	b := conn.NewBuilder(&conn.Conn{Number: 1, Carrier: "tls", Transport: "udp"}, conn.Options{HandshakeSize: 1 << 16, Parse: pki.NewCache(1 << 20), Sessions: conn.NewSessions()})
	b.Keys(session)
	var s *Stream
	for i, d := range ds {
		if s == nil {
			if Probe(d.b) == record.Not {
				continue
			}
			s, _ = NewStream(b, session, d.b)
		}
		s.Datagram(d.side, d.b, 0, flow.Mark{Packet: uint64(i + 1)})
	}
	if s == nil {
		return nil
	}
	s.Close(conn.EndOfCapture, flow.Client, flow.Mark{Packet: uint64(len(ds))})
	b.Finish()
	return b.Conn()
}

func verified(c *conn.Conn) bool {
	return c.KeyExchange.FinishedOK[0] == conn.Yes && c.KeyExchange.FinishedOK[1] == conn.Yes
}

// TestMissing leaves out each packet of a conversation: what lacks is said, and
// nothing is said to be wrong.
func TestMissing(t *testing.T) {
	for n, ds := range conversations(t) {
		whole := read(t, ds)
		if whole == nil || n != 3 && !verified(whole) {
			t.Fatalf("conversation %d is not read", n)
		}
		hello := slices.IndexFunc(ds, func(d sent) bool { return Probe(d.b) == record.Client })
		for i := hello + 1; i < len(ds); i++ {
			with := hasTLS(ds[i].b)
			c := read(t, slices.Delete(slices.Clone(ds), i, i+1))
			if c.KeyExchange.FinishedOK[0] == conn.No || c.KeyExchange.FinishedOK[1] == conn.No {
				t.Errorf("conversation %d without packet %d: a Finished is said to be wrong", n, i)
			}
			if with && i < len(ds)-2 && len(c.Gaps) == 0 {
				t.Errorf("conversation %d without packet %d, which has TLS in it: no gap", n, i)
			}
		}
	}
}

// hasTLS reports whether a datagram has TLS in it.
func hasTLS(b []byte) bool {
	var p radius
	var m message
	return p.parse(b, nil) && m.parse(p.eap) && len(m.data) > 0
}

// TestTwice gives every packet twice: it is read once.
func TestTwice(t *testing.T) {
	ds := conversations(t)[1]
	var twice []sent
	for _, d := range ds {
		twice = append(twice, d, d)
	}
	c := read(t, twice)
	if !verified(c) || len(c.Notes) == 0 || !slices.ContainsFunc(c.Notes, func(n string) bool { return strings.Contains(n, "more than once") }) {
		t.Errorf("%+v", c.Notes)
	}
}

// TestConversations mixes two conversations between the same ports, packet by
// packet, and asks which is which.
func TestConversations(t *testing.T) {
	all := conversations(t)
	var c Conversations
	numbers := map[int]uint32{}
	a, b := all[1], all[2]
	client := netip.MustParseAddrPort("192.0.2.1:40000")
	for i := range min(len(a), len(b)) {
		for n, d := range []sent{a[i], b[i]} {
			p := bytes.Clone(d.b)
			p[1] += byte(100 * n) // the identifiers of outstanding requests are never the same
			src, dst := client, d.dst
			if d.side == flow.Server {
				src, dst = d.src, client
			}
			got, sure := c.Of(src, dst, 0, p, false)
			if !sure {
				t.Fatalf("packet %d of %d: not sure", i, n)
			}
			if numbers[n] == 0 {
				numbers[n] = got
			}
			if got != numbers[n] {
				t.Errorf("packet %d of %d is of conversation %d, not %d", i, n, got, numbers[n])
			}
		}
	}
	if numbers[0] == numbers[1] {
		t.Error("they are taken for one")
	}
	var fresh Conversations
	if _, sure := fresh.Of(a[1].src, a[1].dst, 0, a[1].b, false); sure {
		t.Error("a response without its request")
	}
	if n, sure := fresh.Of(a[1].src, a[1].dst, 0, a[1].b, true); !sure || n == 0 {
		t.Error("forced, it gets no number")
	}
}

// TestPrefixes reads every beginning of every packet.
func TestPrefixes(t *testing.T) {
	for _, ds := range conversations(t) {
		for _, d := range ds {
			for n := range d.b {
				var p radius
				if p.parse(d.b[:n], nil) && n < int(binary.BigEndian.Uint16(d.b[2:])) {
					t.Fatalf("%d of %d bytes are a packet", n, len(d.b))
				}
				Probe(d.b[:n])
			}
		}
	}
}

// FuzzStream gives a stream datagrams of any form.
func FuzzStream(f *testing.F) {
	for _, ds := range conversations(f) {
		var all []byte
		for _, d := range ds[2:] {
			all = binary.BigEndian.AppendUint16(append(all, byte(d.side)), uint16(len(d.b)))
			all = append(all, d.b...)
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		builder := conn.NewBuilder(&conn.Conn{Number: 1, Carrier: "tls", Transport: "udp"}, conn.Options{HandshakeSize: 1 << 16, Parse: pki.NewCache(1 << 20), Sessions: conn.NewSessions()})
		s, _ := NewStream(builder, nil, b)
		var c Conversations
		at := flow.Mark{}
		for len(b) > 3 {
			n := min(int(b[1])<<8|int(b[2]), len(b)-3)
			at.Packet++
			d := b[3 : 3+n]
			if num, sure := c.Of(netip.AddrPort{}, netip.AddrPort{}, uint32(b[0]), d, b[0]&2 != 0); sure != (num != 0) && Is(d) {
				t.Errorf("number %d, sure %v", num, sure)
			}
			s.Datagram(flow.Side(b[0]&1), d, 0, at)
			Probe(d)
			b = b[3+n:]
		}
		if len(c.requests) > mostKept || len(c.states) > mostKept || len(s.buf) > mostPacket {
			t.Error("it keeps too much")
		}
		s.Close(conn.EndOfCapture, flow.Client, at)
		builder.Finish()
	})
}
