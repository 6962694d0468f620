package pcapng

import (
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/tlslens/tlslens/capture"
)

// segmentSize is how much payload one packet of a conversation carries.
const segmentSize = 1400

// Conversations writes byte streams as TCP connections that never were sent:
// opened payloads, so that other programs can read them as if there had been no
// encryption. Packets carry raw IP.
type Conversations struct {
	w     *Writer
	iface int
	open  map[uint64]*conversation
}

// conversation is what is written of one connection.
type conversation struct {
	ends [2]netip.AddrPort
	seq  [2]uint32
}

// NewConversations writes to w, which must have no interface of its own for it.
func NewConversations(w *Writer) (*Conversations, error) {
	i, err := w.Interface(capture.Interface{Name: "opened", Description: "payloads opened by tlslens", Link: capture.LinkRaw})
	return &Conversations{w: w, iface: i, open: map[uint64]*conversation{}}, err
}

// Data writes the next bytes that an end of connection number sent: 0 is the
// client. The first call writes a handshake of TCP before them.
func (c *Conversations) Data(number uint64, ends [2]netip.AddrPort, from int, b []byte, at time.Time) error {
	x := c.open[number]
	if x == nil {
		x = &conversation{ends: ends}
		c.open[number] = x
		for _, s := range []struct {
			from     int
			syn, ack bool
		}{{0, true, false}, {1, true, true}, {0, false, true}} {
			if err := c.segment(x, s.from, nil, at, func(t *layers.TCP) { t.SYN, t.ACK = s.syn, s.ack }); err != nil {
				return err
			}
			if s.syn {
				x.seq[s.from]++
			}
		}
	}
	for len(b) > 0 {
		n := min(len(b), segmentSize)
		if err := c.segment(x, from, b[:n], at, func(t *layers.TCP) { t.PSH, t.ACK = true, true }); err != nil {
			return err
		}
		x.seq[from] += uint32(n)
		b = b[n:]
	}
	return nil
}

// Close writes the end of a connection. Without data there is none.
func (c *Conversations) Close(number uint64, at time.Time) error {
	x := c.open[number]
	if x == nil {
		return nil
	}
	delete(c.open, number)
	for from := range 2 {
		if err := c.segment(x, from, nil, at, func(t *layers.TCP) { t.FIN, t.ACK = true, true }); err != nil {
			return err
		}
		x.seq[from]++
	}
	return nil
}

// segment writes one packet.
func (c *Conversations) segment(x *conversation, from int, b []byte, at time.Time, set func(*layers.TCP)) error {
	src, dst := x.ends[from], x.ends[from^1]
	t := &layers.TCP{SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), Seq: x.seq[from], Window: 65535}
	set(t)
	if t.ACK {
		t.Ack = x.seq[from^1]
	}
	var ip interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	a, d := net.IP(src.Addr().AsSlice()), net.IP(dst.Addr().AsSlice())
	if src.Addr().Unmap().Is4() {
		ip = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: a.To4(), DstIP: d.To4()}
	} else {
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: a, DstIP: d}
	}
	if err := t.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, t, gopacket.Payload(b)); err != nil {
		return err
	}
	return c.w.Packet(c.iface, at, buf.Bytes(), len(buf.Bytes()), "")
}
