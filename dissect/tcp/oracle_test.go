package tcp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/reassembly"

	"github.com/tlslens/tlslens/dissect/flow"
)

// An oracle is gopacket's reassembly, one direction of one connection.
type oracle struct {
	asm  *reassembly.Assembler
	net  gopacket.Flow
	got  []byte
	keep bool
}

func newOracle(keep bool) *oracle {
	o := &oracle{keep: keep}
	o.net = gopacket.NewFlow(layers.EndpointIPv4, []byte{192, 0, 2, 1}, []byte{192, 0, 2, 2})
	o.asm = reassembly.NewAssembler(reassembly.NewStreamPool(o))
	return o
}

func (o *oracle) New(gopacket.Flow, gopacket.Flow, *layers.TCP, reassembly.AssemblerContext) reassembly.Stream {
	return o
}

func (o *oracle) Accept(*layers.TCP, gopacket.CaptureInfo, reassembly.TCPFlowDirection, reassembly.Sequence, *bool, reassembly.AssemblerContext) bool {
	return true
}

func (o *oracle) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	n, _ := sg.Lengths()
	_, _, _, skip := sg.Info()
	b := sg.Fetch(n)
	if !o.keep {
		return
	}
	if skip > 0 {
		o.got = append(o.got, bytes.Repeat([]byte{'?'}, skip)...)
	}
	o.got = append(o.got, b...)
}

func (o *oracle) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }

type captured gopacket.CaptureInfo

func (c *captured) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(*c) }

func (o *oracle) segment(l *layers.TCP, at time.Time) {
	o.asm.AssembleWithContext(o.net, l, &captured{Timestamp: at})
}

func header(seq uint32, b []byte, syn bool) *layers.TCP {
	l := &layers.TCP{SrcPort: 40000, DstPort: 443, Seq: seq, SYN: syn, ACK: !syn}
	l.SetInternalPortsForTesting()
	l.Payload = b
	return l
}

// TestOracle compares with gopacket's reassembly, away from the end of the
// sequence space, where that one is right.
func TestOracle(t *testing.T) {
	for _, lose := range []int{0, 6} {
		t.Run(fmt.Sprintf("lost one in %d", lose), func(t *testing.T) {
			for seed := range uint64(500) {
				rnd := rand.New(rand.NewPCG(seed, 11))
				stream := make([]byte, 3000)
				for i := range stream {
					stream[i] = 'a' + byte(rnd.IntN(26))
				}
				type piece struct{ from, to, at int }
				var pieces []piece
				for from := 0; from < len(stream); {
					to := min(from+1+rnd.IntN(90), len(stream))
					for range 1 + rnd.IntN(6)/5 {
						if lose == 0 || rnd.IntN(lose) > 0 {
							pieces = append(pieces, piece{max(0, from-rnd.IntN(60)*rnd.IntN(2)), to, 0})
						}
					}
					from = to
				}
				for i := range pieces {
					j := min(i+rnd.IntN(5), len(pieces)-1)
					pieces[i], pieces[j] = pieces[j], pieces[i]
				}
				o := newOracle(true)
				c, r := newTest(t, flow.Limits{})
				o.segment(header(1000, nil, true), time.Unix(1, 0))
				c.Segment(0, p{flags: "S", seq: 1000}.segment(1))
				c.Segment(1, p{dir: 1, flags: "SA", seq: 2000000, ack: c0}.segment(2))
				for i, y := range pieces {
					b := stream[y.from:y.to]
					o.segment(header(c0+uint32(y.from), b, false), time.Unix(2, int64(i)))
					c.Segment(0, segmentAt(c0+uint32(y.from), b))
				}
				o.asm.FlushAll()
				c.Flush()
				if !bytes.Equal(o.got, r.side[0]) {
					t.Fatalf("seed %d:\n ours %s\ntheirs %s", seed, r.side[0], o.got)
				}
			}
		})
	}
}

// benchmarkOrder is a megabyte as segments of 1400 bytes, one in swap of them
// exchanged with its successor.
func benchmarkOrder(swap int) []int {
	out := make([]int, 750)
	for i := range out {
		out[i] = i
	}
	if swap > 0 {
		for i := swap; i+1 < len(out); i += swap {
			out[i], out[i+1] = out[i+1], out[i]
		}
	}
	return out
}

func BenchmarkSegment(b *testing.B) {
	payload := make([]byte, 1400)
	for _, swap := range []int{0, 20} {
		order := benchmarkOrder(swap)
		for _, watch := range []bool{false, true} {
			b.Run(fmt.Sprintf("own/swap=%d/watch=%v", swap, watch), func(b *testing.B) {
				c, _ := opened(b, NewPool(flow.Limits{}))
				c.Watch(watch)
				s := segmentAt(0, payload)
				base := uint32(c0)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					k := i % len(order)
					if k == 0 && i > 0 {
						base += uint32(len(order) * 1400)
					}
					s.Seq = base + uint32(order[k]*1400)
					c.Segment(0, s)
				}
			})
		}
		b.Run(fmt.Sprintf("gopacket/swap=%d", swap), func(b *testing.B) {
			o := newOracle(false)
			o.segment(header(1000, nil, true), time.Unix(1, 0))
			l := header(0, payload, false)
			at := &captured{Timestamp: time.Unix(2, 0)}
			base := uint32(c0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := i % len(order)
				if k == 0 && i > 0 {
					base += uint32(len(order) * 1400)
				}
				l.Seq = base + uint32(order[k]*1400)
				o.asm.AssembleWithContext(o.net, l, at)
			}
		})
	}
}
