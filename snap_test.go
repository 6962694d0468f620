package tlslens_test

import (
	"path/filepath"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/keys"
)

// TestSnap cuts packets as a snapshot length does, and expects that nothing is
// claimed that is not so: see TestDrop.
func TestSnap(t *testing.T) {
	names, roots := captureNames(t), testRoots(t)
	for _, name := range sortedKeys(names) {
		text := logOf(t, name)
		options := map[string]func() dissect.Options{"sealed": func() dissect.Options { return dissect.Options{Roots: roots} }}
		if text != nil {
			options["opened"] = func() dissect.Options {
				log := keys.NewLog()
				log.Add(text, name+".keys")
				return dissect.Options{Roots: roots, Keys: keys.NewProvider(log)}
			}
		}
		for how, options := range options {
			t.Run(name+" "+how, func(t *testing.T) {
				packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
				whole := map[string][]*conn.Conn{}
				for _, c := range understandWith(t, packets, options()).conns {
					whole[ends(c)] = append(whole[ends(c)], c)
				}
				for _, n := range []int{60, 64, 68, 96, 128, 200, 256, 400, 512, 1000, 1400} {
					for _, c := range understandWith(t, snapped(packets, n), options()).conns {
						if claims := claimed(whole[ends(c)], c); claims != "" {
							t.Errorf("%d bytes: #%d %s: %s", n, c.Number, ends(c), claims)
						}
					}
				}
			})
		}
	}
}

// snapped returns the packets with at most n bytes each.
func snapped(packets []capture.Packet, n int) []capture.Packet {
	var all []capture.Packet
	for _, p := range packets {
		p.Data = p.Data[:min(n, len(p.Data))]
		all = append(all, p)
	}
	return all
}
