package tcp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
)

// readTCP reads a classic little-endian capture of Ethernet frames and calls
// yield for every TCP segment that Opens or whose flow is known to the caller.
func readTCP(b []byte, yield func(k flow.Key, d Dir, s *Segment)) {
	le, be := binary.LittleEndian, binary.BigEndian
	for n, b := uint64(1), b[24:]; len(b) >= 16; n++ {
		size := int(le.Uint32(b[8:]))
		at := flow.Mark{Packet: n, Time: time.Unix(int64(le.Uint32(b)), int64(le.Uint32(b[4:]))*1000)}
		x := b[16 : 16+size]
		b = b[16+size:]
		zone, typ := uint32(0), be.Uint16(x[12:])
		x = x[14:]
		if typ == 0x8100 {
			zone, typ, x = uint32(be.Uint16(x)), be.Uint16(x[2:]), x[4:]
		}
		var src, dst netip.Addr
		switch {
		case typ == 0x800 && x[9] == 6:
			src, dst = netip.AddrFrom4([4]byte(x[12:16])), netip.AddrFrom4([4]byte(x[16:20]))
			x = x[int(x[0]&15)*4 : be.Uint16(x[2:])]
		case typ == 0x86dd && x[6] == 6:
			src, dst = netip.AddrFrom16([16]byte(x[8:24])), netip.AddrFrom16([16]byte(x[24:40]))
			x = x[40 : 40+int(be.Uint16(x[4:]))]
		default:
			continue
		}
		head := int(x[12]>>4) * 4
		if head < 20 || head > len(x) {
			continue
		}
		k, swapped := flow.MakeKey(flow.TCP, netip.AddrPortFrom(src, be.Uint16(x)), netip.AddrPortFrom(dst, be.Uint16(x[2:])), zone)
		d := Dir(0)
		if swapped {
			d = 1
		}
		yield(k, d, &Segment{Seq: be.Uint32(x[4:]), Ack: be.Uint32(x[8:]), Flags: Flags(x[13] & 63), Payload: x[head:], At: at})
	}
}

// TestHostileCorpus plays captures made to mislead: the names that a right
// dissector finds must be in the bytes delivered, others must not.
func TestHostileCorpus(t *testing.T) {
	corpus := os.Getenv("TLSLENS_CORPUS")
	if corpus == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	dir := filepath.Join(corpus, "hostile")
	table, err := os.ReadFile(filepath.Join(dir, "CASES-open.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 8 || !strings.HasPrefix(f[2], "tcp-") && f[2] != "exhaust" {
			continue
		}
		if strings.Contains(f[4], "checksum") {
			continue // a packet with a wrong one does not get as far as this package
		}
		t.Run(f[0], func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, f[0]))
			if err != nil {
				t.Fatal(err)
			}
			all, rs := playCapture(t, b)
			for _, name := range strings.Split(f[6], "|") {
				if !bytes.Contains(all, []byte(name)) {
					t.Errorf("%s is missing", name)
				}
			}
			for _, name := range strings.Split(f[7], "|") {
				if name != "" && bytes.Contains(all, []byte(name)) {
					t.Errorf("%s was delivered", name)
				}
			}
			conflicts := 0
			for _, r := range rs {
				conflicts += r.conf
			}
			switch must := strings.HasPrefix(f[5], "conflict"); {
			case must && conflicts == 0:
				t.Error("no conflict reported")
			case !must && conflicts > 0 && (!strings.Contains(f[5], "conflict") || strings.Contains(f[5], "no conflict")):
				t.Errorf("%d conflicts", conflicts)
			}
			if strings.Contains(f[0], "st_lost_acked") && !strings.Contains(fmt.Sprint(rs), "<gap 200 lost>") {
				t.Error("the gap of 200 bytes is not stated")
			}
			if strings.Contains(f[0], "exh_hole_4mb") && !strings.Contains(fmt.Sprint(rs), "<gap 10 limit>") {
				t.Error("the limit is not stated")
			}
		})
	}
}

func (r *recorder) String() string { return r.log.String() }

// playCapture returns all delivered bytes and what each connection's receiver
// heard.
func playCapture(t *testing.T, b []byte) (all []byte, rs []*recorder) {
	pool := NewPool(flow.Limits{})
	conns := map[flow.Key]*Conn{}
	var order []*Conn
	start := func(k flow.Key) *Conn {
		r := &recorder{t: t}
		c := NewConn(pool, r)
		r.conn = c
		conns[k] = c
		order, rs = append(order, c), append(rs, r)
		return c
	}
	readTCP(b, func(k flow.Key, d Dir, s *Segment) {
		c := conns[k]
		if c == nil {
			if !s.Opens() {
				return
			}
			c = start(k)
		}
		if c.Segment(d, s) == NewConnection {
			c.Flush()
			nd, syn, ok := c.Successor()
			c = start(k)
			if ok {
				c.Segment(nd, &syn)
			}
			c.Segment(d, s)
		}
	})
	for i, c := range order {
		c.Flush()
		all = append(append(all, rs[i].side[0]...), rs[i].side[1]...)
	}
	if pool.Used() != 0 {
		t.Errorf("%d bytes not given back", pool.Used())
	}
	return all, rs
}
