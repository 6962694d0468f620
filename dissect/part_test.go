package dissect_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
)

// A numbered source remembers the packet that was read last.
type numbered struct {
	capture.Source
	at uint64
}

func (s *numbered) Next(p *capture.Packet) error {
	err := s.Source.Next(p)
	s.at = p.Number
	return err
}

// TestSorted reads every capture: each packet is sorted once, after it was read,
// and none that brought a message of a handshake is taken for one of a tunnel.
func TestSorted(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*.pcap*")
	if err != nil || len(names) < 50 {
		t.Fatal(len(names), err)
	}
	uses := map[dissect.Use]int{}
	for _, name := range names {
		file, err := capture.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		src := &numbered{Source: file}
		parts := map[uint64]dissect.Part{}
		opt := dissect.Options{Sorted: func(p dissect.Part) {
			if _, ok := parts[src.at]; ok {
				t.Errorf("%s: packet %d is sorted twice", name, src.at)
			}
			parts[src.at] = p
			uses[p.Use]++
		}}
		var stats dissect.Stats
		opt.Stats = &stats
		var conns []*conn.Conn
		for e, err := range dissect.Events(context.Background(), src, opt) {
			var cut *capture.TruncatedError
			if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &cut) {
				t.Fatal(err)
			}
			if c, ok := e.(dissect.Closed); ok {
				conns = append(conns, c.Conn)
			}
		}
		file.Close()
		if len(parts) != int(stats.Packets) {
			t.Errorf("%s: %d of %d packets are sorted", name, len(parts), stats.Packets)
		}
		for _, c := range conns {
			for _, p := range c.Phases() {
				if p.ID == conn.TunnelPhase {
					continue
				}
				for _, s := range p.Steps {
					part := parts[s.At.Packet]
					if s.At.Packet == 0 || part.Use == dissect.Handshake || part.Use == dissect.Undecided {
						continue
					}
					// What comes in the tunnel, a renegotiation or a post-handshake
					// message, is of the tunnel.
					if c.Tunnel.Start.Packet > 0 && s.At.Packet >= c.Tunnel.Start.Packet {
						continue
					}
					t.Errorf("%s #%d: packet %d brings %s and is sorted as %+v", strings.TrimPrefix(name, "../testdata/pcaps/"), c.Number, s.At.Packet, s.Message, part)
				}
			}
		}
	}
	for _, u := range []dissect.Use{dissect.Unrelated, dissect.Undecided, dissect.Handshake, dissect.Tunnel} {
		if uses[u] == 0 {
			t.Errorf("no packet is of use %d", u)
		}
	}
}
