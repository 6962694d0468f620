package dissect_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
)

// TestFramedAtSegment lets a segment begin with the first bytes of a ClientHello
// that is in the frame of another protocol. What follows the hello is read in frames all the
// same.
func TestFramedAtSegment(t *testing.T) {
	tried := 0
	for _, pattern := range []string{"*openvpn*.pcap*"} {
		names, _ := filepath.Glob(filepath.Join(pcaps, pattern))
		for _, name := range names {
			for _, u := range talksOf(t, name) {
				cut := -1
				for i, v := range u.turns {
					if at := bytes.Index(v.bytes, []byte{22, 3, 1}); !u.udp && at > 0 && len(v.bytes) > at+20 {
						cut = i
						u.turns = append(u.turns[:i:i], append([]turn{{side: v.side, bytes: v.bytes[:at]}, {side: v.side, bytes: v.bytes[at : at+20]}, {side: v.side, bytes: v.bytes[at+20:]}}, u.turns[i+1:]...)...)
						break
					}
				}
				if cut < 0 {
					continue
				}
				tried++
				var stats dissect.Stats
				src := &script{packets: packetsOf(segmented(u.turns, 0, [2]uint32{1, 1}), false)}
				cs, err := dissect.Collect(context.Background(), src, dissect.Options{Verify: dissect.VerifyNone, Stats: &stats})
				if err != nil || len(cs) != 1 {
					t.Fatalf("%s: %d connections, %v", u.name, len(cs), err)
				}
				if cs[0].Selected == nil || cs[0].Outcome == conn.Failed {
					t.Errorf("%s: no ServerHello, %s (%s)", u.name, cs[0].Outcome, cs[0].Why)
				}
			}
		}
	}
	if tried == 0 {
		t.Error("no capture was tried")
	}
}
