package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tcp"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A recorder is a conn.Input that writes down what it is told and puts
// handshake messages together.
type recorder struct {
	calls []string // handshake bytes that come in a row are one call
	run   []byte   // of the handshake call under way
	level conn.Level
	side  flow.Side

	agreed   conn.Negotiated
	fixed    bool // agreed is what the test says, not what ServerHello says
	asm      [2][]byte
	messages [2][][]byte // complete handshake messages
	records  [2][]tls.RecordHeader
	alerts   [2][]string
	sizes    [2]int // bytes of the records that were reported as complete
	ended    bool
}

var _ conn.Input = (*recorder)(nil)

func (r *recorder) call(side flow.Side, at flow.Mark, format string, args ...any) {
	r.flush()
	r.calls = append(r.calls, fmt.Sprintf("%c@%d ", side.String()[0], at.Packet)+fmt.Sprintf(format, args...))
}

// flush ends a run of handshake bytes.
func (r *recorder) flush() {
	if len(r.run) > 0 {
		r.calls = append(r.calls, fmt.Sprintf("%c handshake %s %x", r.side.String()[0], r.level, r.run))
		r.run = nil
	}
}

func (r *recorder) Record(side flow.Side, h tls.RecordHeader, at flow.Mark) {
	r.records[side] = append(r.records[side], h)
	r.call(side, at, "record %s %s %d", h.Type, h.Version, h.Length)
}

func (r *recorder) Handshake(side flow.Side, lv conn.Level, b []byte, at flow.Mark) {
	if len(r.run) > 0 && (r.side != side || r.level != lv) {
		r.flush()
	}
	r.side, r.level = side, lv
	r.run = append(r.run, b...)
	r.asm[side] = append(r.asm[side], b...)
	for a := &r.asm[side]; len(*a) >= 4; {
		n := 4 + int((*a)[1])<<16 + int((*a)[2])<<8 + int((*a)[3])
		if len(*a) < n {
			break
		}
		m := bytes.Clone((*a)[:n])
		r.messages[side] = append(r.messages[side], m)
		*a = (*a)[n:]
		var sh tls.ServerHello
		if m[0] == byte(tls.TypeServerHello) && !r.fixed && sh.Decode(m[4:]) == nil && !sh.IsRetry() {
			r.agreed = conn.Negotiated{Version: sh.NegotiatedVersion(), Suite: sh.CipherSuite}
		}
	}
}

func (r *recorder) SSLv2(side flow.Side, body []byte, at flow.Mark) {
	r.call(side, at, "sslv2 %x", body)
}

func (r *recorder) Alert(side flow.Side, lv conn.Level, level tls.AlertLevel, desc tls.AlertDescription, at flow.Mark) {
	r.alerts[side] = append(r.alerts[side], fmt.Sprint(uint8(level), uint8(desc)))
	r.call(side, at, "alert %s %d %d", lv, uint8(level), uint8(desc))
}

func (r *recorder) ChangeCipherSpec(side flow.Side, at flow.Mark) { r.call(side, at, "ccs") }

func (r *recorder) Opened(side flow.Side, o conn.Opened, at flow.Mark) {
	r.sizes[side] += o.Bytes
	r.call(side, at, "opened %d %d", o.Bytes, o.Plain)
}

func (r *recorder) Plaintext(side flow.Side, b []byte, at flow.Mark) {
	r.call(side, at, "plaintext %x", b)
}

func (r *recorder) Sealed(side flow.Side, typ tls.ContentType, n int, at flow.Mark) {
	r.sizes[side] += n
	r.call(side, at, "sealed %s %d", typ, n)
}

func (r *recorder) Heartbeat(side flow.Side, n int, head []byte, at flow.Mark) {
	r.sizes[side] += n
	r.call(side, at, "heartbeat %d %x", n, head)
}

func (r *recorder) Foreign(side flow.Side, head []byte, at flow.Mark) {
	r.call(side, at, "foreign %q", head)
}

func (r *recorder) Gap(g conn.Gap, at flow.Mark) {
	if !g.Record {
		r.asm[g.Side] = nil
	}
	r.call(g.Side, at, "gap %d at %d record=%v", g.Bytes, g.Offset, g.Record)
}

func (r *recorder) Note(side flow.Side, what string, at flow.Mark) { r.call(side, at, "note %s", what) }

func (r *recorder) End(how conn.End, by flow.Side, at flow.Mark) {
	r.ended = true
	r.call(by, at, "end %d", how)
}

func (r *recorder) Negotiated() conn.Negotiated { return r.agreed }

// quiet is a conn.Input that writes nothing down.
type quiet struct{ recorder }

func (*quiet) Record(flow.Side, tls.RecordHeader, flow.Mark)     {}
func (*quiet) Sealed(flow.Side, tls.ContentType, int, flow.Mark) {}
func (*quiet) Negotiated() conn.Negotiated                       { return conn.Negotiated{Version: tls13} }

// mark is a place in an imagined capture.
func mark(n uint64) flow.Mark { return flow.Mark{Packet: n} }

// rec makes a record of TLS 1.2's version.
func rec(t tls.ContentType, body ...byte) []byte {
	return append([]byte{byte(t), 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

// msg makes a handshake message.
func msg(t tls.HandshakeType, body ...byte) []byte {
	return append([]byte{byte(t), 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

func join(bs ...[]byte) []byte { return bytes.Join(bs, nil) }

// streams returns the bytes of both sides of the first connection of one of the
// project's captures.
func streams(t testing.TB, name string) [2][]byte {
	t.Helper()
	f, err := capture.Open(filepath.Join("../../testdata/pcaps", name+".pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var (
		s     = &collector{}
		c     = tcp.NewConn(tcp.NewPool(flow.DefaultLimits()), s)
		d     = packet.NewDecoder(packet.Limits{})
		first packet.Packet
		p     capture.Packet
	)
	for {
		if err := f.Next(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var k packet.Packet
		if d.Decode(uint32(p.Link), p.Data, p.WireLen, p.Time, &k) != packet.TCP {
			continue
		}
		if !first.Src.IsValid() {
			first = k
		}
		dir := tcp.Dir(0)
		switch {
		case k.Src == first.Src && k.Dst == first.Dst:
		case k.Src == first.Dst && k.Dst == first.Src:
			dir = 1
		default:
			continue
		}
		c.Segment(dir, &tcp.Segment{Seq: k.Seq, Ack: k.Ack, Flags: tcp.Flags(k.Flags) & 0x3f, Payload: k.Payload, Missing: k.Missing, At: mark(p.Number)})
	}
	c.Flush()
	if len(s.b[0]) == 0 || len(s.b[1]) == 0 {
		t.Fatalf("%s: %d and %d bytes", name, len(s.b[0]), len(s.b[1]))
	}
	return s.b
}

// collector joins what a TCP connection delivers.
type collector struct{ b [2][]byte }

func (s *collector) Data(d tcp.Dir, b []byte, _ flow.Mark) { s.b[d] = append(s.b[d], b...) }
func (s *collector) Gap(tcp.Dir, tcp.Gap)                  {}
func (s *collector) Fin(tcp.Dir, flow.Mark)                {}
func (s *collector) Reset(tcp.Dir, flow.Mark)              {}
func (s *collector) Conflict(tcp.Dir, tcp.Conflict)        {}
