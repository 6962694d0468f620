package dtls

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A recorder is an Input that writes down what it is told, a line for each call.
type recorder struct {
	lines    []string
	says     conn.Negotiated
	notes    int
	messages [2]int
	last     [2]string // what is open on each side: a message that is not whole
	broken   string    // a promise that was not kept
}

func (r *recorder) log(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Record(side flow.Side, h tls.RecordHeader, at flow.Mark) {
	if h.Length < 0 || h.Length > maxSealed {
		r.broken = fmt.Sprintf("record of %d bytes", h.Length)
	}
}

func (r *recorder) Handshake(side flow.Side, lv conn.Level, b []byte, at flow.Mark) {
	if r.last[side] != "" {
		r.broken = "a message behind one that is not whole: " + r.last[side]
	}
	if len(b) < 4 {
		r.broken = "a message without a header"
		return
	}
	n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	switch {
	case n < len(b)-4:
		r.broken = "more than one message at once"
	case n > len(b)-4:
		r.last[side] = fmt.Sprintf("%d of %d", len(b)-4, n)
	}
	r.messages[side]++
	r.log("%s %s %s %x", side, lv, tls.HandshakeType(b[0]), b[4:])
}

func (r *recorder) MessageSeq(side flow.Side, seq uint16) { r.log("%s seq %d", side, seq) }
func (r *recorder) SealedIn(side flow.Side, lv conn.Level, n int, at flow.Mark) {
	r.log("%s sealed %s %d", side, lv, n)
}
func (r *recorder) Acknowledged(side flow.Side, lv conn.Level, m tls.ACK, at flow.Mark) {
	r.log("%s %s ack %v", side, lv, slices.Collect(m.All()))
}
func (r *recorder) SSLv2(side flow.Side, body []byte, at flow.Mark) { r.broken = "SSLv2 over DTLS" }
func (r *recorder) Alert(side flow.Side, lv conn.Level, level tls.AlertLevel, d tls.AlertDescription, at flow.Mark) {
	r.log("%s %s alert %d %d", side, lv, level, d)
}
func (r *recorder) ChangeCipherSpec(side flow.Side, at flow.Mark) { r.log("%s ccs", side) }
func (r *recorder) Opened(side flow.Side, o conn.Opened, at flow.Mark) {
	if o.Plain > o.Bytes || o.Plain < 0 {
		r.broken = "more content than record"
	}
	r.log("%s opened %d %d", side, o.Bytes, o.Plain)
}
func (r *recorder) Plaintext(side flow.Side, b []byte, at flow.Mark) { r.log("%s plain %q", side, b) }
func (r *recorder) Sealed(side flow.Side, typ tls.ContentType, n int, at flow.Mark) {
	r.log("%s sealed type %d %d", side, typ, n)
}
func (r *recorder) Heartbeat(side flow.Side, n int, head []byte, at flow.Mark) {
	r.log("%s heartbeat %d", side, n)
}
func (r *recorder) Foreign(side flow.Side, head []byte, at flow.Mark) { r.broken = "foreign" }
func (r *recorder) Gap(g conn.Gap, at flow.Mark) {
	if g.Bytes == 0 || g.Why == "" {
		r.broken = fmt.Sprintf("a gap of %d bytes, because of %q", g.Bytes, g.Why)
	}
	if !g.Record {
		r.last[g.Side] = ""
	}
	r.log("%s gap %d: %s", g.Side, g.Bytes, g.Why)
}
func (r *recorder) Note(side flow.Side, what string, at flow.Mark) {
	r.notes++
	if strings.HasSuffix(what, ".") || what == "" {
		r.broken = "note: " + what
	}
	r.log("%s note: %s", side, what)
}
func (r *recorder) End(how conn.End, by flow.Side, at flow.Mark) {}
func (r *recorder) Negotiated() conn.Negotiated                  { return r.says }

// without returns the lines that do not contain kind.
func (r *recorder) without(kind string) []string {
	var out []string
	for _, l := range r.lines {
		if !strings.Contains(l, kind) {
			out = append(out, l)
		}
	}
	return out
}

// rec makes a record of DTLS 1.2.
func rec(typ tls.ContentType, epoch, seq int, body []byte) []byte {
	b := []byte{byte(typ), 0xfe, 0xfd}
	b = binary.BigEndian.AppendUint16(b, uint16(epoch))
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(seq))
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// frag makes the fragment of a message that begins at off and has n bytes.
func frag(typ tls.HandshakeType, seq int, body []byte, off, n int) []byte {
	b := []byte{byte(typ), 0, byte(len(body) >> 8), byte(len(body)), 0, byte(seq), 0, byte(off >> 8), byte(off), 0, byte(n >> 8), byte(n)}
	return append(b, body[off:off+n]...)
}

// msg makes a record with a whole message.
func msg(typ tls.HandshakeType, seq int, body []byte) []byte {
	return rec(tls.ContentHandshake, 0, seq, frag(typ, seq, body, 0, len(body)))
}

func cat(bs ...[]byte) []byte {
	var out []byte
	for _, b := range bs {
		out = append(out, b...)
	}
	return out
}

// helloBody makes a ClientHello or ServerHello with a random of the byte r, and
// a connection id if cid is not nil.
func helloBody(typ tls.HandshakeType, r byte, cookie string, cid []byte) []byte {
	b := []byte{0xfe, 0xfd}
	for range 32 {
		b = append(b, r)
	}
	b = append(b, 0)
	if typ == tls.TypeClientHello {
		b = append(b, byte(len(cookie)))
		b = append(b, cookie...)
		b = append(b, 0, 2, 0xc0, 0x2f, 1, 0)
	} else {
		b = append(b, 0xc0, 0x2f, 0)
	}
	if cid != nil {
		b = append(b, 0, byte(5+len(cid)), 0, 54, 0, byte(1+len(cid)), byte(len(cid)))
		b = append(b, cid...)
	}
	return b
}

var (
	hello1  = helloBody(tls.TypeClientHello, 1, "", nil)
	hello2  = helloBody(tls.TypeClientHello, 1, "cookie", nil)
	hello9  = helloBody(tls.TypeClientHello, 9, "", nil)
	verify  = []byte("\xfe\xff\x06cookie")
	sHello  = helloBody(tls.TypeServerHello, 2, "", nil)
	cert    = []byte("0123456789abcdefghijklmnopqrstuvwxyz")
	sHello9 = helloBody(tls.TypeServerHello, 8, "", nil)
)

// A sent is one datagram of a test.
type sent struct {
	side    flow.Side
	b       []byte
	missing int
}

func c(bs ...[]byte) sent { return sent{side: flow.Client, b: cat(bs...)} }
func s(bs ...[]byte) sent { return sent{side: flow.Server, b: cat(bs...)} }

// run feeds datagrams to a new Stream, closes it and checks what a Stream
// promises of any input.
func run(t testing.TB, says conn.Negotiated, ds []sent) *recorder {
	t.Helper()
	r := &recorder{says: says}
	budget := flow.NewBudget(1 << 20)
	st := NewStream(r, nil, budget, func(flow.Side, []byte) {})
	for i, d := range ds {
		st.Succeeds(d.b)
		st.Datagram(d.side, d.b, d.missing, flow.Mark{Packet: uint64(i + 1)})
		checkHeld(t, st, budget)
	}
	st.Close(conn.EndOfCapture, flow.Client, flow.Mark{Packet: uint64(len(ds) + 1)})
	if budget.Left() != 1<<20 {
		t.Errorf("%d bytes of the budget were not given back", 1<<20-budget.Left())
	}
	if r.broken != "" {
		t.Errorf("broken promise: %s\n%s", r.broken, strings.Join(r.lines, "\n"))
	}
	return r
}

// checkHeld compares the books with what is really held.
func checkHeld(t testing.TB, st *Stream, budget *flow.Budget) {
	t.Helper()
	all := 0
	for side := range st.sides {
		a := &st.sides[side].asm
		n, last := 0, -1
		for _, p := range a.pending {
			n += p.cost()
			if p.seq <= last || a.started && p.seq < a.next {
				t.Fatalf("message %d waits behind %d though %d is due", p.seq, last, a.next)
			}
			last = p.seq
			have, end := 0, 0
			for _, x := range p.pieces {
				if x.off < end || x.off+len(x.data) > p.length {
					t.Fatalf("a piece at %d of %d bytes behind one that ends at %d, in %d", x.off, len(x.data), end, p.length)
				}
				end = x.off + len(x.data)
				have += len(x.data)
			}
			if have != p.have {
				t.Fatalf("%d bytes counted, %d there", p.have, have)
			}
		}
		if n != a.held || n > mostPending {
			t.Fatalf("%d bytes counted, %d held", a.held, n)
		}
		all += n
	}
	if budget.Left() != 1<<20-all {
		t.Fatalf("the budget has %d left of %d with %d held", budget.Left(), 1<<20, all)
	}
}
