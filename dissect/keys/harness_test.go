package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tcp"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A feeder cuts the two streams of a connection into records and tells a
// Session of them, as a carrier does.
type feeder struct {
	s        *Session
	known    bool      // which direction is the client's
	client   tcp.Dir   // meaningful once known
	in       [2][]byte // by direction until known, then by side
	begun    [2]bool
	hs       [2][]byte // unfinished handshake messages
	ccs      [2]bool
	version  tls.Version
	finished [2][]check
	plain    [2][]byte // application data
	types    [2][]tls.HandshakeType
	errs     []error
	opened   int
	pads     int
	gens     [2]int
	signed   [2][][]byte
	bodies   [2]map[tls.HandshakeType][]byte                       // the last of each type
	flip     func(side flow.Side, h tls.RecordHeader, body []byte) // changes records before they are told
}

func (f *feeder) Data(d tcp.Dir, b []byte, _ flow.Mark) {
	if !f.known {
		f.in[d] = append(f.in[d], b...)
		if n := ssl2Len(f.in[d]); n > 0 && len(f.in[d]) >= n {
			f.s.SSL2Hello(f.in[d][2:n])
			f.known, f.client = true, d
			f.in[d] = f.in[d][n:]
			f.begun[flow.Client] = true
			if d == 1 {
				f.in[0], f.in[1] = f.in[1], f.in[0]
			}
			return
		}
		i := findHello(f.in[d])
		if i < 0 {
			return
		}
		f.known = true
		f.client = d
		if f.in[d][i+5] == 2 {
			f.client ^= 1
		}
		if f.client == 1 {
			f.in[0], f.in[1] = f.in[1], f.in[0]
		}
		f.feed(f.side(d), nil)
		return
	}
	f.feed(f.side(d), b)
}

func (f *feeder) side(d tcp.Dir) flow.Side { return flow.Side(d ^ f.client) }

// ssl2Len returns the length of a ClientHello in the format of SSL 2.0 at the
// start of b, 0 if there is none.
func ssl2Len(b []byte) int {
	if len(b) < 5 || b[0]&0x80 == 0 || b[2] != 1 || b[3] != 3 {
		return 0
	}
	return 2 + int(b[0]&0x7f)<<8 + int(b[1])
}

// findHello returns where the first record with a hello begins.
func findHello(b []byte) int {
	for i := 0; i+6 <= len(b); i++ {
		if b[i] == 22 && b[i+1] == 3 && b[i+2] <= 4 && b[i+3] < 0x48 && (b[i+5] == 1 || b[i+5] == 2) {
			return i
		}
	}
	return -1
}

func (f *feeder) Gap(d tcp.Dir, g tcp.Gap) {
	if f.known {
		f.in[f.side(d)] = nil
		f.s.Skip(f.side(d), g.Bytes)
		f.s.Missing()
	}
}
func (f *feeder) Fin(tcp.Dir, flow.Mark)         {}
func (f *feeder) Reset(tcp.Dir, flow.Mark)       {}
func (f *feeder) Conflict(tcp.Dir, tcp.Conflict) {}

func (f *feeder) feed(side flow.Side, b []byte) {
	f.in[side] = append(f.in[side], b...)
	if !f.begun[side] {
		i := findHello(f.in[side])
		if i < 0 {
			return
		}
		f.begun[side] = true
		f.in[side] = f.in[side][i:]
	}
	for {
		h, ok := tls.ParseRecordHeader(f.in[side])
		if !ok || len(f.in[side]) < 5+h.Length {
			return
		}
		body := f.in[side][5 : 5+h.Length]
		f.in[side] = f.in[side][5+h.Length:]
		if f.flip != nil {
			f.flip(side, h, body)
		}
		f.record(side, h, body)
	}
}

func (f *feeder) record(side flow.Side, h tls.RecordHeader, body []byte) {
	sealed := h.Type == tls.ContentApplicationData || f.ccs[side] && !f.version.IsTLS13() && h.Type != tls.ContentChangeCipherSpec
	typ, plain := h.Type, body
	if sealed {
		if !f.s.Ready(side) {
			f.s.Pass(side, h)
			f.errs = append(f.errs, errors.New("not ready"))
			return
		}
		o, err := f.s.Open(side, h, body)
		if err != nil {
			f.errs = append(f.errs, err)
			return
		}
		f.opened++
		f.pads += o.Padding
		f.gens[side] = max(f.gens[side], o.Generation)
		typ, plain = o.Type, o.Plain
	}
	switch typ {
	case tls.ContentChangeCipherSpec:
		f.ccs[side] = true
		f.s.ChangeCipherSpec(side)
	case tls.ContentApplicationData:
		f.plain[side] = append(f.plain[side], plain...)
	case tls.ContentHandshake:
		f.messages(side, plain)
	}
}

func (f *feeder) messages(side flow.Side, b []byte) {
	f.hs[side] = append(f.hs[side], b...)
	for {
		h, ok := tls.ParseHeader(f.hs[side])
		if !ok || len(f.hs[side]) < 4+h.Length {
			return
		}
		msg := f.hs[side][:4+h.Length]
		if f.bodies[side] == nil {
			f.bodies[side] = map[tls.HandshakeType][]byte{}
		}
		f.bodies[side][h.Type] = bytes.Clone(msg[4:])
		if h.Type == tls.TypeServerHello {
			var m tls.ServerHello
			_ = m.Decode(msg[4:])
			f.version = m.NegotiatedVersion()
		}
		f.types[side] = append(f.types[side], h.Type)
		f.s.Message(side, msg)
		switch h.Type {
		case tls.TypeFinished:
			ok, known := f.s.VerifyFinished(side)
			f.finished[side] = append(f.finished[side], check{ok, known})
		case tls.TypeCertificateVerify:
			b, _ := f.s.CertificateVerifyInput(side)
			f.signed[side] = append(f.signed[side], b)
		}
		f.hs[side] = f.hs[side][4+h.Length:]
	}
}

// seen returns the last message of each type.
func (f *feeder) seen(side flow.Side) map[tls.HandshakeType][]byte { return f.bodies[side] }

// good reports what is wrong with a connection that should be open, or "".
func (f *feeder) good() string {
	var bad []string
	for _, e := range f.errs[:min(3, len(f.errs))] {
		bad = append(bad, e.Error())
	}
	for side, list := range f.finished {
		for i, c := range list {
			// A post-handshake one of TLS 1.3 included.
			if !c.known || !c.ok {
				bad = append(bad, fmt.Sprintf("Finished %d of the %s: %+v", i, flow.Side(side), c))
			}
		}
	}
	return strings.Join(bad, "; ")
}

// play feeds the TCP connections of a capture to Sessions of p. The log grows
// with the secrets in the file. It returns the connections in the order in
// which they began.
func play(t testing.TB, name string, p *Provider, change ...func(*Session)) []*feeder {
	t.Helper()
	if p != nil { // the secrets in the file, wherever they stand
		each(t, name, p.log, func(*capture.Packet) {})
	}
	type key = flow.Key
	conns := map[key]*tcp.Conn{}
	feeders := map[key]*feeder{}
	var order []*feeder
	pool := tcp.NewPool(flow.DefaultLimits())
	dec := packet.NewDecoder(packet.Limits{})
	var d packet.Packet
	begin := func(k key) {
		f := &feeder{s: p.NewSession()}
		for _, c := range change {
			c(f.s)
		}
		conns[k], feeders[k] = tcp.NewConn(pool, f), f
		order = append(order, f)
	}
	each(t, name, nil, func(c *capture.Packet) {
		if dec.Decode(uint32(c.Link), c.Data, c.WireLen, c.Time, &d) != packet.TCP {
			return
		}
		k, swapped := flow.MakeKey(flow.TCP, d.Src, d.Dst, d.Zone)
		if conns[k] == nil {
			begin(k)
		}
		dir := tcp.Dir(0)
		if swapped {
			dir = 1
		}
		s := tcp.Segment{Seq: d.Seq, Ack: d.Ack, Flags: tcp.Flags(d.Flags) & 0x3f, Payload: d.Payload, Missing: d.Missing,
			At: flow.Mark{Packet: c.Number, Time: c.Time}}
		if conns[k].Segment(dir, &s) == tcp.NewConnection {
			nd, ns, ok := conns[k].Successor()
			conns[k].Flush()
			begin(k)
			if ok {
				conns[k].Segment(nd, &ns)
			}
			conns[k].Segment(dir, &s)
		}
	})
	for _, c := range conns {
		c.Flush()
	}
	return order
}

// each calls yield for every packet and adds the secrets of the file to log.
func each(t testing.TB, name string, log *Log, yield func(*capture.Packet)) {
	t.Helper()
	src, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var c capture.Packet
	for {
		err := src.Next(&c)
		if log != nil {
			if b := src.Secrets(); b != nil {
				log.Add(b, "dsb")
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Logf("%s: %v", name, err)
			return
		}
		yield(&c)
	}
}

func loadLog(t testing.TB, name string) *Log {
	t.Helper()
	l := NewLog()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := l.Load(f, name); err != nil {
		t.Fatal(err)
	}
	return l
}
