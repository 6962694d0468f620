package tlslens_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/packet"
)

// TestRoles exchanges the ports of the ends in every packet, so that clients have
// the ports that servers have and the other way round, and lets the capture begin
// at any packet: which end is the client is as in the whole capture, or said to
// be a guess.
func TestRoles(t *testing.T) {
	names := captureNames(t)
	roots := testRoots(t)
	guessed, told := 0, 0
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			if len(packets) > mostPackets {
				t.Skipf("%d packets", len(packets))
			}
			if !exchangePorts(packets) {
				return // some have no ports
			}
			whole := byEnds(understand(t, packets, roots).conns)
			step := len(packets)/mostPairs + 1
			for i := 0; i < len(packets); i += step {
				for _, c := range understandWith(t, packets[i:], dissect.Options{Roots: roots}).conns {
					if claims := claimed(whole[ends(c)], c); claims != "" {
						t.Errorf("beginning with packet %d: #%d %s: %s", packets[i].Number, c.Number, ends(c), claims)
					}
					if c.Guessed != "" {
						guessed++
					} else if c.Offered == nil {
						told++
					}
				}
			}
		})
	}
	t.Logf("%d connections without a ClientHello of which the client was guessed, %d of which it was not", guessed, told)
	if guessed == 0 || told == 0 {
		t.Error("one of the cases did not occur")
	}
}

// TestInsideOpenVPN lets captures of OpenVPN over TCP begin at any packet: what is
// told of them is read out of its packets, or nothing is.
func TestInsideOpenVPN(t *testing.T) {
	packets, _ := packetsOf(t, filepath.Join(pcaps, "starttls-openvpn.pcapng"))
	told := 0
	for i := range packets {
		for _, c := range understand(t, packets[i:], testRoots(t)).conns {
			if told++; c.StartTLS != "openvpn" {
				t.Errorf("beginning with packet %d: after %q", packets[i].Number, c.StartTLS)
			}
			for _, n := range c.Notes {
				if !strings.Contains(n, "behind the gap") {
					t.Errorf("beginning with packet %d: %s", packets[i].Number, n)
				}
			}
		}
	}
	if told < 10 {
		t.Errorf("%d connections were told", told)
	}
}

// exchangePorts exchanges the ports of every packet of TCP and UDP, which leaves
// checksums as they are. It reports whether there were such packets and no
// fragments, of which only the first has ports.
func exchangePorts(packets []capture.Packet) bool {
	done := false
	dec := packet.NewDecoder(packet.Limits{})
	for i := range packets {
		var d packet.Packet
		p := &packets[i]
		kind := dec.Decode(uint32(p.Link), p.Data, p.WireLen, p.Time, &d)
		ports := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, d.Src.Port()), d.Dst.Port())
		at := -1
		switch kind {
		case packet.TCP:
			at = bytes.Index(p.Data, binary.BigEndian.AppendUint32(bytes.Clone(ports), d.Seq))
		case packet.UDP:
			at = bytes.Index(p.Data, binary.BigEndian.AppendUint16(bytes.Clone(ports), uint16(8+len(d.Payload)+d.Missing)))
		case packet.Fragment:
			return false
		}
		if at >= 0 {
			copy(p.Data[at:], ports[2:])
			copy(p.Data[at+2:], ports[:2])
			done = true
		}
	}
	return done
}
