package tlslens_test

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/packet"
)

// TestMirror doubles every packet, as a mirror port does that copies what comes in
// and what goes out, and expects the same words.
func TestMirror(t *testing.T) {
	names := captureNames(t)
	roots := testRoots(t)
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			text := logOf(t, name)
			words := func(packets []capture.Packet, opened bool) string {
				opt := dissect.Options{Roots: roots}
				if opened {
					log := keys.NewLog()
					log.Add(text, name+".keys")
					opt.Keys = keys.NewProvider(log)
				}
				u := understandWith(t, packets, opt)
				for _, c := range u.conns { // a copy of what came before the connection may come within it
					c.Notes = slices.DeleteFunc(c.Notes, func(n string) bool { return strings.Contains(n, "other protocols share the ports") })
				}
				return wordsOf(countless(u.text(t)))
			}
			for _, opened := range []bool{false, true}[:1+min(len(text), 1)] {
				want := words(packets, opened)
				for _, apart := range []int{1, 2, 5} {
					if apart == 5 && name == "several-sections" {
						continue // its ports are used again within so many packets
					}
					if d := lineDiff(want, words(mirrored(packets, apart), opened)); d != "" {
						t.Errorf("copies %d packets apart, opened %v (-original +doubled):\n%.1500s", apart, opened, d)
					}
				}
			}
		})
	}
}

// mirrored returns the packets twice, the second time so many packets later.
func mirrored(packets []capture.Packet, apart int) []capture.Packet {
	var all []capture.Packet
	for i := range len(packets) + apart - 1 {
		if i < len(packets) {
			all = append(all, packets[i])
		}
		if j := i - apart + 1; j >= 0 {
			p := packets[j]
			if i < len(packets) {
				p.Time = packets[i].Time
			} else {
				p.Time = packets[len(packets)-1].Time
			}
			p.Time = p.Time.Add(time.Microsecond / 2)
			all = append(all, p)
		}
	}
	for i := range all {
		all[i].Number = uint64(i + 1)
	}
	return all
}

// TestOneWay leaves out what one end sent, as where the way back is another one,
// and expects that nothing is claimed that is not so: see TestDrop.
func TestOneWay(t *testing.T) {
	names, roots := captureNames(t), testRoots(t)
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			all := understandWith(t, packets, dissect.Options{Roots: roots}).conns
			whole := map[string][]*conn.Conn{}
			for _, c := range all {
				whole[ends(c)] = append(whole[ends(c)], c)
			}
			for side := range 2 {
				for _, c := range understandWith(t, sentBy(packets, all, side), dissect.Options{Roots: roots}).conns {
					if claims := claimed(whole[ends(c)], c); claims != "" {
						t.Errorf("side %d: #%d %s: %s", side, c.Number, ends(c), claims)
					}
				}
			}
		})
	}
}

// sentBy leaves out the packets that the other side of a connection sent.
func sentBy(packets []capture.Packet, conns []*conn.Conn, side int) []capture.Packet {
	away := map[[2]netip.AddrPort]bool{}
	for _, c := range conns {
		away[[2]netip.AddrPort{c.Ends[side^1], c.Ends[side]}] = true
	}
	d := packet.NewDecoder(packet.Limits{})
	var rest []capture.Packet
	for _, p := range packets {
		var got packet.Packet
		d.Decode(uint32(p.Link), p.Data, p.WireLen, p.Time, &got)
		if !away[[2]netip.AddrPort{got.Src, got.Dst}] {
			rest = append(rest, p)
		}
	}
	return rest
}
