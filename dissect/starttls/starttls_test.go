package starttls

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// A turn is what one side says at once.
type turn struct {
	by flow.Side
	b  string
}

func c(b string) turn { return turn{flow.Client, b} }
func s(b string) turn { return turn{flow.Server, b} }

// A talkCase is a conversation and what a Talk must make of it. The client's
// ClientHello follows the turns unless noHello is set.
type talkCase struct {
	name    string
	turns   []turn
	noHello bool
	want    outcome
}

// outcome is what a Talk found out.
type outcome struct {
	Name    string
	Said    []string // of all layers
	TLS     bool
	Without string   // the outcome and why, without hints
	Exposed []string // kind and words
}

// hello is a ClientHello of crypto/tls with its record header.
func helloRecord(t testing.TB) string {
	t.Helper()
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		_ = tls.Client(a, &tls.Config{ServerName: "www.example.test"}).Handshake()
	}()
	buf := make([]byte, 1<<14)
	n, err := b.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// A player gives bytes to a Talk in pieces and remembers where they stand.
type player struct {
	talk   Talk
	flip   int // which direction the client is
	piece  int // bytes at once; 0 for all of a turn
	off    [2]int64
	packet uint64
	start  Start
	found  bool

	elsewhere flow.Mark // where the same server offered TLS
}

func (p *player) play(turns []turn) {
	for _, tn := range turns {
		dir := p.flip
		if tn.by == flow.Server {
			dir ^= 1
		}
		p.packet++
		for b := []byte(tn.b); len(b) > 0 && !p.found; {
			n := len(b)
			if p.piece > 0 {
				n = min(n, p.piece)
			}
			p.start, p.found = p.talk.Data(dir, p.off[dir], b[:n:n], flow.Mark{Packet: p.packet, Time: time.Unix(int64(p.packet), 0)})
			p.off[dir] += int64(n)
			b = b[n:]
		}
	}
}

func (p *player) outcome() outcome {
	o := outcome{Name: p.talk.Name(), TLS: p.found}
	for _, l := range p.talk.Layers() {
		o.Said = append(o.Said, l.Said...)
	}
	for _, l := range p.talk.Layers() {
		for _, x := range l.Exposed {
			o.Exposed = append(o.Exposed, fmt.Sprintf("%s: %s", x.Kind, x.What))
		}
	}
	if e, ok := p.talk.Without(p.elsewhere); ok && !p.found {
		o.Without = e.Why
		for _, hint := range []string{proxyHint, refusedHint, unusedHint, strippedHint} {
			o.Without = strings.TrimSuffix(o.Without, hint)
		}
		if e.Outcome != "" {
			o.Without = string(e.Outcome) + ": " + o.Without
		}
	}
	return o
}

// check plays a case at once and in pieces, with the client as either direction.
func check(t *testing.T, tc talkCase) {
	t.Helper()
	turns := tc.turns
	var wantOff [2]int64 // of the client, of the server
	for _, tn := range turns {
		wantOff[tn.by] += int64(len(tn.b))
	}
	if !tc.noHello {
		turns = append(turns[:len(turns):len(turns)], c(helloRecord(t)))
	}
	for _, piece := range []int{0, 1, 2, 7} {
		for flip := range 2 {
			p := player{flip: flip, piece: piece}
			p.play(turns)
			if d := cmp.Diff(tc.want, p.outcome()); d != "" {
				t.Errorf("pieces of %d, client %d: (-want +got)\n%s", piece, flip, d)
				continue
			}
			if !p.found {
				continue
			}
			if p.start.Client != flip {
				t.Errorf("client is direction %d, want %d", p.start.Client, flip)
			}
			if p.start.Wrap == nil && (p.start.Offsets[flip] != wantOff[flow.Client] || p.start.Offsets[flip^1] != wantOff[flow.Server]) {
				t.Errorf("TLS begins at %v, want client %d, server %d", p.start.Offsets, wantOff[flow.Client], wantOff[flow.Server])
			}
		}
	}
}

// checkAll runs a table, and each case in every cut: no prefix of a
// conversation may be taken for TLS or make the Talk say a secret.
func checkAll(t *testing.T, cases []talkCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			check(t, tc)
			total := 0
			for _, tn := range tc.turns {
				total += len(tn.b)
			}
			for n := range total {
				p := player{}
				p.play(cutTurns(tc.turns, n))
				if p.found {
					t.Errorf("TLS found in the first %d bytes, without a ClientHello", n)
				}
				if o := p.outcome(); strings.Contains(strings.Join(o.Said, " ")+strings.Join(o.Exposed, " ")+o.Without, secret) {
					t.Errorf("after %d bytes the secret is told: %v", n, o)
				}
			}
		})
	}
}

// secret stands in the conversations where passwords do.
const secret = "Xyzzy"

func cutTurns(turns []turn, n int) []turn {
	var out []turn
	for _, tn := range turns {
		if n <= 0 {
			break
		}
		tn.b = tn.b[:min(n, len(tn.b))]
		n -= len(tn.b)
		out = append(out, tn)
	}
	return out
}

func TestInARow(t *testing.T) {
	checkAll(t, []talkCase{
		{"PROXY 1 and TLS in one segment", []turn{c("PROXY TCP4 192.0.2.1 192.0.2.2 49152 443\r\n")}, false,
			outcome{Name: "proxy_v1", Said: []string{"from 192.0.2.1 port 49152 to 192.0.2.2 port 443"}, TLS: true}},
		{"PROXY 2, SMTP, STARTTLS", []turn{c(proxy2Signature + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\xc0\x00\x00\x19"),
			s("220 mx ESMTP\r\n"), c("EHLO a\r\n"), s("250-mx\r\n250 STARTTLS\r\n"), c("STARTTLS\r\n"), s("220 go\r\n")}, false,
			outcome{Name: "proxy_v2+smtp", Said: []string{"from 192.0.2.1 port 49152 to 192.0.2.2 port 25", `banner "220 mx ESMTP"`, "STARTTLS offered", "STARTTLS", `"220 go"`}, TLS: true}},
		{"SOCKS 5, CONNECT", []turn{c("\x05\x01\x00"), s("\x05\x00"), c("\x05\x01\x00\x01\xc0\x00\x02\x07\x0c\x38"), s("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
			c("CONNECT u:" + secret + "@www.example.test:443 HTTP/1.1\r\nProxy-Authorization: Basic " + secret + "\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n")}, false,
			outcome{Name: "socks5+http_connect", Said: []string{"connect to 192.0.2.7 port 3128", "granted", "CONNECT www.example.test:443", `"HTTP/1.1 200 OK"`}, TLS: true,
				Exposed: []string{"proxy_login: its login for the proxy (Proxy-Authorization: Basic)"}}},
		{"five layers are too many", []turn{c(strings.Repeat("PROXY UNKNOWN\r\n", 5))}, false,
			outcome{Name: "proxy_v1+proxy_v1+proxy_v1+proxy_v1", Said: []string{"of an unknown client", "of an unknown client", "of an unknown client", "of an unknown client"}}},
		{"nothing known", []turn{c("\x01\x02\x03 something")}, false, outcome{}},
	})
}

// TestOneSegment holds that TLS is found where the words before it end, in the
// middle of what one segment brought, and nowhere else.
func TestOneSegment(t *testing.T) {
	ch := helloRecord(t)
	connect := "CONNECT a:443 HTTP/1.1\r\n\r\n"
	for _, tc := range []struct {
		name  string
		turns []turn
		want  [2]int64 // of the client, of the server; -1 where TLS must not be found
	}{
		{"PROXY 1", []turn{c("PROXY UNKNOWN\r\n" + ch)}, [2]int64{15, 0}},
		{"PROXY 2", []turn{c(proxy2Signature + "\x20\x00\x00\x00" + ch)}, [2]int64{16, 0}},
		{"CONNECT, not waited for", []turn{c(connect + ch), s("HTTP/1.1 200 OK\r\n\r\n")}, [2]int64{int64(len(connect)), 19}},
		{"SSLRequest, not waited for", []turn{c("\x00\x00\x00\x08\x04\xd2\x16\x2f" + ch), s("S")}, [2]int64{8, 1}},
		{"STARTTLS, not waited for", []turn{s("220 mx\r\n"), c("EHLO a\r\nSTARTTLS\r\n" + ch), s("250 STARTTLS\r\n220 go\r\n")}, [2]int64{18, 30}},
		{"no answer yet", []turn{c("\x00\x00\x00\x08\x04\xd2\x16\x2f" + ch)}, [2]int64{-1, -1}},
		{"the answer and a ServerHello", []turn{c("\x00\x00\x00\x08\x04\xd2\x16\x2f"), s("S\x16\x03\x03\x00\x50\x02\x00\x00\x4c\x03\x03aaaa")}, [2]int64{8, 1}},
		{"a ClientHello inside a mail", []turn{s("220 mx\r\n"), c("EHLO a\r\n"), s("250 mx\r\n"), c("MAIL FROM:<a>\r\n" + ch)}, [2]int64{-1, -1}},
		{"a ClientHello after an answer that refuses", []turn{c(connect + ch), s("HTTP/1.1 502 Bad\r\n\r\n")}, [2]int64{-1, -1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := player{}
			p.play(tc.turns)
			got := p.start.Offsets
			if !p.found {
				got = [2]int64{-1, -1}
			}
			if got != tc.want {
				t.Errorf("TLS begins at %v, want %v", got, tc.want)
			}
		})
	}
}

func TestHeld(t *testing.T) {
	ch := helloRecord(t)
	p := player{}
	p.play([]turn{c("\x00\x00\x00\x08\x04\xd2\x16\x2f" + ch[:hello-1])})
	if _, ok := p.talk.Held(); ok {
		t.Error("a ClientHello is believed before its version is there")
	}
	p.play([]turn{c(ch[hello-1:])})
	if at, ok := p.talk.Held(); !ok || at.Offsets != [2]int64{8, 0} {
		t.Errorf("TLS held from %v (%v), want client 8, server 0", at.Offsets, ok)
	}
}

func TestGap(t *testing.T) {
	p := player{}
	p.play([]turn{s("220 mx ESMTP\r\n"), c("EHLO a\r\n")})
	p.talk.Gap()
	p.play([]turn{s("220 go\r\n"), c(helloRecord(t))})
	if p.found || p.talk.Name() != "smtp" {
		t.Errorf("found %v, name %q: want nothing behind a gap, and the name kept", p.found, p.talk.Name())
	}
}

func TestBounds(t *testing.T) {
	for _, tc := range []struct {
		name  string
		first []turn
		fill  turn
	}{
		{"one long line", []turn{s("220 mx ESMTP\r\n"), c("EHLO a\r\n")}, s("250-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")},
		{"the client does not wait", []turn{s("220 mx\r\n"), c("EHLO a\r\nSTARTTLS\r\n")}, c("NOOP NOOP NOOP\r\n")},
		{"head of HTTP", []turn{c("CONNECT a:443 HTTP/1.1\r\n")}, c("Cookie: aaaaaaaaaaaaaaaaaaaaaa\r\n")},
		{"a tag without end", []turn{c("<stream:stream to='a'>")}, s("<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")},
		{"capabilities without end", []turn{s("+OK hi\r\n"), c("CAPA\r\n")}, s("STLS\r\n")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := player{}
			p.play(tc.first)
			for range 4000 {
				p.play([]turn{tc.fill})
				for dir, u := range p.talk.unread {
					if len(u.b) > mostUnread {
						t.Fatalf("%d bytes wait in direction %d", len(u.b), dir)
					}
				}
			}
			for _, l := range p.talk.Layers() {
				if len(l.Said) > mostSaid {
					t.Errorf("%d words told", len(l.Said))
				}
			}
		})
	}
}

// innerLog is a Stream that keeps what it is given.
type innerLog struct {
	b    [2][]byte
	gaps [2]int
	skip int64

	notes []string
}

func (l *innerLog) Note(_ flow.Side, what string, _ flow.Mark) { l.notes = append(l.notes, what) }

func (l *innerLog) Data(side flow.Side, b []byte, _ flow.Mark) { l.b[side] = append(l.b[side], b...) }
func (l *innerLog) Skippable(flow.Side) int64                  { return l.skip }
func (l *innerLog) Skipped(flow.Side, int64, flow.Mark)        {}
func (l *innerLog) Gap(side flow.Side, _ conn.Gap, _ flow.Mark) {
	l.gaps[side]++
}
func (l *innerLog) Close(conn.End, flow.Side, flow.Mark) {}

func be16(n int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(n))) }
func be32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
