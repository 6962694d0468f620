package tlslens_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/keys"
)

// logOf reads the key log of a capture, nil if it has none.
func logOf(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pcaps, name+".keys"))
	if err != nil {
		return nil
	}
	return text
}

// opened understands packets with a key log.
func opened(t testing.TB, packets []capture.Packet, log []byte) []*conn.Conn {
	t.Helper()
	p := keys.NewProvider(nil)
	p.Log().Add(log, "keys")
	cs, err := dissect.Collect(t.Context(), &memory{packets: packets}, dissect.Options{Roots: testRoots(t), Keys: p})
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// wrongs lists what is said to be wrong with a connection.
func wrongs(c *conn.Conn) (list []string) {
	k := &c.KeyExchange
	for side, ok := range k.FinishedOK {
		if ok == conn.No {
			list = append(list, fmt.Sprintf("Finished of side %d", side))
		}
	}
	for _, s := range []*conn.Signature{k.Server, k.Client} {
		if s != nil && s.Verified == conn.No {
			list = append(list, "signature")
		}
	}
	for _, p := range c.Phases() {
		for _, s := range p.Steps {
			if strings.Contains(strings.Join(s.Says, " "), "WRONG") {
				list = append(list, s.Message+": "+strings.Join(s.Says, "; "))
			}
		}
	}
	return list
}

// TestSwapOpened swaps any two adjacent packets of the same captures: as much is
// opened and verified.
func TestSwapOpened(t *testing.T) {
	says := func(cs []*conn.Conn) (list []string) {
		for _, c := range cs {
			k := &c.KeyExchange
			s := fmt.Sprint(ends(c), c.Decryption, k.FinishedOK, wrongs(c), c.Name())
			if k.Server != nil {
				s += fmt.Sprint(k.Server.Verified)
			}
			list = append(list, s)
		}
		slices.Sort(list)
		return list
	}
	for name, file := range captureNames(t) {
		log := logOf(t, name)
		if log == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, file))
			if len(packets) > mostPackets || len(packets) < 2 {
				t.Skipf("%d packets", len(packets))
			}
			want := says(opened(t, packets, log))
			for i := 0; i+1 < len(packets); i += (len(packets)-2)/mostPairs + 1 {
				if datagrams(&packets[i], &packets[i+1]) {
					continue
				}
				swapped := slices.Clone(packets)
				swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
				if d := cmp.Diff(want, says(opened(t, swapped, log))); d != "" {
					t.Errorf("packets %d and %d swapped (-original +swapped):\n%s", packets[i].Number, packets[i+1].Number, d)
				}
			}
		})
	}
}
