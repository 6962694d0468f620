package tlslens_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
)

// TestDrop leaves any one packet out, as a capture buffer that overflows does, or
// lets the capture begin or end at any packet, and expects that nothing is claimed that is not so: a connection may be less
// well known then, but nobody refused, no answer stayed away, no fault appears
// and no value is another.
func TestDrop(t *testing.T) {
	names := captureNames(t)
	roots := testRoots(t)
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			if len(packets) > mostPackets {
				t.Skipf("%d packets", len(packets))
			}
			drop(t, packets, func() dissect.Options { return dissect.Options{Roots: roots} })
		})
		text := logOf(t, name)
		if text == nil {
			continue
		}
		t.Run(name+" opened", func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			if len(packets) > mostPackets {
				t.Skipf("%d packets", len(packets))
			}
			drop(t, packets, func() dissect.Options {
				log := keys.NewLog()
				log.Add(text, name+".keys")
				return dissect.Options{Roots: roots, Keys: keys.NewProvider(log)}
			})
		})
	}
}

// drop leaves packets out and compares what is said. options makes the options
// anew, because a provider of keys learns from what it opened.
func drop(t *testing.T, packets []capture.Packet, options func() dissect.Options) {
	whole := byEnds(understandWith(t, packets, options()).conns)
	step := len(packets)/mostPairs + 1
	for i := 0; i < len(packets); i += step {
		for what, rest := range map[string][]capture.Packet{
			"without packet":        slices.Concat(packets[:i:i], packets[i+1:]),
			"beginning with packet": packets[i:],
			"ending before packet":  packets[:i],
		} {
			for _, c := range understandWith(t, rest, options()).conns {
				if claims := claimed(whole[ends(c)], c); claims != "" {
					t.Errorf("%s %d: #%d %s: %s", what, packets[i].Number, c.Number, ends(c), claims)
				}
			}
		}
	}
}

// byEnds sorts connections by what ends returns.
func byEnds(conns []*conn.Conn) map[string][]*conn.Conn {
	out := map[string][]*conn.Conn{}
	for _, c := range conns {
		out[ends(c)] = append(out[ends(c)], c)
	}
	return out
}

// ends names a connection whichever side is taken for the client's.
func ends(c *conn.Conn) string {
	s := []string{c.Ends[0].String(), c.Ends[1].String()}
	slices.Sort(s)
	return strings.Join(s, " ")
}

// claimed returns what is said of a connection that is not said of any that the
// whole capture has between the same ends.
func claimed(whole []*conn.Conn, c *conn.Conn) string {
	var wrong string
	for _, w := range whole {
		if wrong = differs(w, c); wrong == "" {
			return ""
		}
	}
	return wrong
}

func differs(w, c *conn.Conn) string {
	var wrong []string
	say := func(what string, a, b any) { wrong = append(wrong, fmt.Sprintf("%s %v, not %v", what, b, a)) }
	if c.Outcome != w.Outcome && !lessKnown(w, c) {
		say("outcome", w.Outcome, fmt.Sprintf("%s (%s)", c.Outcome, c.Why))
	}
	text := func(what, a, b string) {
		if b != "" && a != b {
			say(what, a, b)
		}
	}
	text("server name", w.ServerName, c.ServerName)
	text("group", w.Group, c.Group)
	text("ALPN", w.ALPN, c.ALPN)
	if c.Version != 0 && c.Version != w.Version {
		say("version", w.Version, c.Version)
	}
	if c.Selected != nil && w.Selected != nil && c.Suite != w.Suite {
		say("suite", w.Suite, c.Suite)
	}
	for _, f := range c.Findings {
		known := f.ID == "capture-incomplete" || f.ID == "tunnel-reset" // the FIN before it was left out
		for _, g := range w.Findings {
			known = known || f.ID == g.ID
		}
		if !known {
			wrong = append(wrong, "finding "+f.ID+": "+f.Summary)
		}
	}
	if len(wrongs(w)) == 0 {
		wrong = append(wrong, wrongs(c)...)
	}
	if c.Guessed == conn.NotGuessed && c.Ends != w.Ends {
		say("client", w.Ends[flow.Client], c.Ends[flow.Client])
	}
	return strings.Join(wrong, "; ")
}

// lessKnown reports whether an outcome says of a connection no more than what
// stands in the rest of its packets.
func lessKnown(w, c *conn.Conn) bool {
	switch c.Outcome {
	case conn.Incomplete, conn.OneSided:
		return true
	case conn.Failed: // who refused is not known
		return c.Guessed != conn.NotGuessed && len(c.Alerts) > 0 &&
			(w.Outcome == conn.RejectedByServer || w.Outcome == conn.RejectedByClient || w.Outcome == conn.NotTLS)
	case conn.Established: // both Finished are there; a refusal behind them is not
		return (w.Outcome == conn.RejectedByServer || w.Outcome == conn.RejectedByClient) && w.Version.IsTLS13()
	case conn.RejectedByServer: // the alert with which a server answers what is no TLS
		return w.Outcome == conn.NotTLS && len(c.Alerts) > 0
	case conn.NotTLS: // the words with which it was refused before
		return w.Outcome == conn.StartTLSRefused
	case conn.NoAnswer: // datagrams have no numbers that would tell of one that is missing
		return c.Transport == "udp" && c.Sent[1] == 0
	}
	return false
}
