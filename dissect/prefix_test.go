package dissect

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/flow"
)

// TestPrefixBound lets many connections say what is no TLS, and holds that what is
// kept of them, to be read should it turn out to be TLS, stays within the limit
// of all, and that nothing is kept of those that ended.
func TestPrefixBound(t *testing.T) {
	const limit = 256 << 10
	p := newPipeline(Options{Stats: &Stats{}, Limits: flow.Limits{TotalBytes: limit}}, newCommon(), func(Event, error) bool { return true })
	defer p.close()
	n, most := uint64(0), 0
	send := func(port uint16, flags byte, seq uint32, payload []byte) {
		b := make([]byte, 40, 40+len(payload))
		b[0], b[8], b[9], b[32], b[33] = 0x45, 64, 6, 5<<4, flags
		binary.BigEndian.PutUint16(b[2:], uint16(40+len(payload)))
		copy(b[12:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
		binary.BigEndian.PutUint16(b[20:], port)
		binary.BigEndian.PutUint16(b[22:], 3128)
		binary.BigEndian.PutUint32(b[24:], seq)
		b = append(b, payload...)
		n++
		p.packet(&capture.Packet{Number: n, Time: time.Unix(1000, int64(n)*1000), Link: 228, Data: b, WireLen: len(b)})
		most = max(most, p.kept)
	}
	long := make([]byte, 1400)
	for i := range long {
		long[i] = 0x80 | byte(i)
	}
	for port := range uint16(300) {
		send(port+1, 2, 0, nil)
		for i := range uint32(10) {
			send(port+1, 0x10, 1+i*1400, long)
		}
	}
	if most < limit/2 {
		t.Errorf("only %d bytes are kept", most)
	}
	if p.table.Len() != 300 || most > limit+300*3000 { // the last segment of each may stay
		t.Errorf("%d bytes are kept, more than %d", most, limit)
	}
	if d := p.stats.Dropped; len(d) != 1 || d[0].Reason != "undecided" || d[0].Count == 0 {
		t.Errorf("what was forgotten is not told: %v", d)
	}
	p.endOfCapture()
	if p.kept != 0 {
		t.Errorf("%d bytes are kept at the end", p.kept)
	}
}

// TestMerge holds that a direction of many short segments keeps all its bytes in
// few parts.
func TestMerge(t *testing.T) {
	var x prefix
	for i := range 10 * joinParts {
		x.add(int64(i), []byte{byte(i)}, flow.Mark{Packet: uint64(i + 1)})
		x.merge()
	}
	if len(x.parts) > joinParts {
		t.Errorf("%d parts", len(x.parts))
	}
	at := int64(0)
	for len(x.parts) > 0 {
		if p := x.parts[0]; p.off != at || p.at.Packet != uint64(at)+uint64(p.n) || x.first()[0] != byte(at) {
			t.Fatalf("part %+v at %d", p, at)
		}
		at += int64(x.parts[0].n)
		x.drop()
	}
	if at != 10*joinParts {
		t.Errorf("%d bytes", at)
	}
}
