package dissect

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
)

// collectWith reads a capture with its key log, if logged is set, and counts the
// flows of FTP data that were no TLS.
func collectWith(t *testing.T, path string, logged bool) (cs []*conn.Conn, plain uint64) {
	t.Helper()
	opt := Options{Stats: new(Stats)}
	if logged {
		text, err := os.ReadFile(path[:len(path)-len("pcapng")] + "keys")
		if err != nil {
			t.Fatal(err)
		}
		log := keys.NewLog()
		log.Add(text, "keys")
		opt.Keys = keys.NewProvider(log)
	}
	src, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if cs, err = Collect(context.Background(), src, opt); err != nil {
		t.Fatal(err)
	}
	for _, o := range opt.Stats.OtherTraffic {
		if o.Name == "FTP data" {
			plain = o.Count
		}
	}
	return cs, plain
}

// TestFTPData holds that data connections are tied to their control connection
// as far as it can be read.
func TestFTPData(t *testing.T) {
	path := filepath.Join("..", "testdata", "pcaps", "starttls-ftp-data.pcapng")
	tell := func(cs []*conn.Conn) (got []string) {
		for _, c := range cs {
			s := c.StartTLS
			if c.FTPData != nil {
				s += c.FTPData.String()
			}
			for _, x := range c.Tunnel.Steps {
				s += fmt.Sprintf(" + %s from %s, %s", x.Message, x.Side, x.Says[0])
			}
			got = append(got, s)
		}
		return got
	}
	cs, plain := collectWith(t, path, true)
	want := []string{"ftp", "FTP data of #1, passive, MLSD", "FTP data of #1, active, RETR",
		"ftp + data in the clear from client, a data connection of its own without TLS: passive, RETR", "ftp", ""}
	if d := cmp.Diff(want, tell(cs)); d != "" || plain != 1 {
		t.Errorf("with keys, %d in the clear, want 1 (-want +got)\n%s", plain, d)
	}
	// Connection 5 says CCC and is in the clear from then on: what it announces
	// there is not followed.
	if len(cs) == 6 && len(cs[4].Notes) != 1 {
		t.Errorf("after CCC: notes %q, want one", cs[4].Notes)
	}
	cs, plain = collectWith(t, path, false)
	if d := cmp.Diff([]string{"ftp", "fits FTP data of #1", "fits FTP data of #1", "ftp", "ftp", ""}, tell(cs)); d != "" || plain != 0 {
		t.Errorf("without keys, %d in the clear, want 0 (-want +got)\n%s", plain, d)
	}
}

// TestAnnouncedBound holds that announcements do not pile up.
func TestAnnouncedBound(t *testing.T) {
	p := newPipeline(Options{Stats: new(Stats)}, newCommon(), func(Event, error) bool { return true })
	defer p.close()
	f := p.newFlow(flow.Key{})
	for i := range 3 * mostAnnounced {
		f.control(flow.Client, fmt.Appendf(nil, "PORT 10,%d,%d,1,1,%d\r\n", i>>8&0xff, i&0xff, i>>16), 0)
	}
	if n := len(p.data); n == 0 || n > mostAnnounced {
		t.Errorf("%d announcements are kept, want at most %d", n, mostAnnounced)
	}
}

// TestFitsFTP holds that a connection is said to fit a data connection only
// where nothing speaks against it.
func TestFitsFTP(t *testing.T) {
	at := func(n uint64) flow.Mark { return flow.Mark{Packet: n, Time: time.Unix(int64(n), 0)} }
	client, server := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:50000")
	key, _ := flow.MakeKey(flow.TCP, client, server, 0)
	one := []*control{{number: 1, first: at(1), last: at(90), asked: "a"}}
	resumed := func() *conn.Conn {
		return &conn.Conn{ServerName: "a", Resumption: &conn.Resumption{Kind: "psk"}, Offered: &conn.Offered{}}
	}
	with := func(change func(c *conn.Conn)) *conn.Conn {
		c := resumed()
		change(c)
		return c
	}
	for _, tc := range []struct {
		name     string
		controls []*control
		conn     *conn.Conn
		want     uint64
	}{
		{"one control connection", one, resumed(), 1},
		{"none", nil, resumed(), 0},
		{"two at once", append(one[:1:1], &control{number: 2, first: at(2), last: at(80), asked: "a"}), resumed(), 0},
		{"the other is over", append(one[:1:1], &control{number: 2, first: at(2), last: at(4), asked: "a"}), resumed(), 1},
		{"the other has another name", append(one[:1:1], &control{number: 2, first: at(2), last: at(80), asked: "b"}), resumed(), 1},
		{"the only one is over", []*control{{number: 1, first: at(1), last: at(4), asked: "a"}}, resumed(), 0},
		{"the only one begins later", []*control{{number: 1, first: at(6), last: at(90), asked: "a"}}, resumed(), 0},
		{"the only one is not TLS", []*control{{first: at(1), last: at(90), asked: "a"}}, resumed(), 0},
		{"not resumed", one, with(func(c *conn.Conn) { c.Resumption = nil }), 0},
		{"another protocol", one, with(func(c *conn.Conn) { c.Offered.ALPN = []string{"h2"} }), 0},
		{"another name", one, with(func(c *conn.Conn) { c.ServerName = "b" }), 0},
		{"words before TLS", one, with(func(c *conn.Conn) { c.StartTLS = "ftp" }), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPipeline(Options{Stats: new(Stats)}, newCommon(), func(Event, error) bool { return true })
			defer p.close()
			f := p.newFlow(key)
			f.first = at(5)
			if key.A() != client {
				f.client = 1
			}
			p.controls = map[hosts][]*control{{client.Addr(), server.Addr(), 0}: tc.controls}
			var got uint64
			if d := f.fitsFTP(tc.conn); d != nil {
				got = d.Of
				if d.String() != "fits FTP data of #1" {
					t.Errorf("worded %q", d)
				}
			}
			if got != tc.want {
				t.Errorf("fits #%d, want #%d", got, tc.want)
			}
		})
	}
}
