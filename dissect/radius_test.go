package dissect

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
)

// A login is one datagram of a conversation over RADIUS.
type login struct {
	up bool
	b  []byte
}

// loginsOf reads the conversations of a capture, those of each client's port
// together.
func loginsOf(t *testing.T) (all [][]login) {
	t.Helper()
	f, err := capture.Open("../testdata/pcaps/eap-radius.pcapng")
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
		port := q.Src.Port()
		if port == 1812 {
			port = q.Dst.Port()
		}
		if _, ok := index[port]; !ok {
			index[port] = len(all)
			all = append(all, nil)
		}
		i := index[port]
		all[i] = append(all[i], login{q.Src.Port() == port, bytes.Clone(q.Payload)})
	}
	return all
}

// TestLoginsShareThePorts lets two clients log in at once between the same ports,
// their datagrams in turn, and also with neighbours exchanged by the capture.
func TestLoginsShareThePorts(t *testing.T) {
	all := loginsOf(t)
	var mixed []login
	for i := range max(len(all[1]), len(all[2])) {
		for n, l := range all[1:3] {
			if i < len(l) {
				x := login{l[i].up, bytes.Clone(l[i].b)}
				x.b[1] += byte(100 * n) // identifiers of outstanding requests differ
				mixed = append(mixed, x)
			}
		}
	}
	for swap := -1; swap+1 < len(mixed); swap++ {
		b := newBench(t, Options{Verify: VerifyNone})
		for i := range mixed {
			k := i
			if swap >= 0 && i == swap {
				k++
			} else if swap >= 0 && i == swap+1 {
				k--
			}
			src, dst := client, server
			if !mixed[k].up {
				src, dst = dst, src
			}
			b.p.at = flow.Mark{Packet: uint64(i + 1), Time: time.Unix(1700000000, int64(k)*1e6)}
			b.p.datagram(&packet.Packet{Src: src, Dst: dst, Payload: mixed[k].b})
		}
		b.p.endDatagrams()
		b.p.out.drain(true)
		established := 0
		for _, c := range b.conns {
			if c.Outcome == conn.Established && len(c.Gaps) == 0 && c.StartTLS == "radius" {
				established++
			}
		}
		if established != 2 || len(b.conns) != 2 {
			t.Errorf("swapped at %d: %d connections, %d established", swap, len(b.conns), established)
		}
	}
}

// TestSamePortsInTwoNetworks holds that the zone tells datagrams apart.
func TestSamePortsInTwoNetworks(t *testing.T) {
	b := newBench(t, Options{})
	send := func(src, dst netip.AddrPort, zone uint32, payload []byte) {
		b.n++
		b.p.at = flow.Mark{Packet: b.n, Time: time.Unix(1700000000, int64(b.n)*1e6)}
		b.p.datagram(&packet.Packet{Src: src, Dst: dst, Zone: zone, Payload: payload})
	}
	for _, zone := range []uint32{5, 6} {
		send(client, server, zone, clientHello(firstID, firstID, ownID, byte(zone)))
	}
	for _, zone := range []uint32{5, 6} {
		send(server, client, zone, serverHello(firstID))
		send(client, server, zone, short(itsID))
	}
	b.p.endDatagrams()
	b.p.out.drain(true)
	if len(b.conns) != 2 || b.conns[0].Packets != 3 || b.conns[1].Packets != 3 {
		t.Errorf("%d connections", len(b.conns))
	}
}
