package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/qpack"

	"github.com/tlslens/tlslens/dissect/flow"
)

// section encodes a field section with the static table, name and value in turn.
func section(fields ...string) []byte {
	var b bytes.Buffer
	e := qpack.NewEncoder(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := e.WriteField(qpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// frame3 writes an HTTP/3 frame.
func frame3(typ byte, body []byte) []byte {
	return append([]byte{typ, byte(len(body)>>8) | 0x40, byte(len(body))}, body...)
}

// request is the field section of a GET with a query, a cookie and a password.
func request(path string) []byte {
	return section(":method", "GET", ":scheme", "https", ":authority", "www.example.test", ":path", path, "cookie", "secret", "authorization", "secret")
}

func join(bs ...[]byte) []byte { return bytes.Join(bs, nil) }

// TestHTTP3 reads streams, whole and byte by byte.
func TestHTTP3(t *testing.T) {
	// A section of which the host stands in the dynamic table: its second
	// field is the first entry from the base.
	dynamic := join([]byte{3, 0}, section(":method", "GET")[2:], []byte{0x80}, section(":path", "/x")[2:])
	long := section(":method", "GET", ":scheme", "https", ":authority", "www.example.test", ":path", "/", "cookie", strings.Repeat("#", 3*requestHead))
	long = join([]byte{h3Headers, 0x80, 0, byte(len(long) >> 8), byte(len(long))}, long)
	for _, tt := range []struct {
		name    string
		who     flow.Side
		streams [][]byte
		want    []string
		more    int
	}{
		{name: "request", streams: [][]byte{frame3(1, request("/a/b?token=secret#secret"))}, want: []string{"HTTP/3 GET www.example.test/a/b"}},
		{name: "frames before it", streams: [][]byte{join(frame3(0x21, make([]byte, 70)), frame3(2, []byte("ab")), frame3(1, request("/")))}, want: []string{"HTTP/3 GET www.example.test/"}},
		{name: "trailers", streams: [][]byte{join(frame3(1, request("/")), frame3(0, []byte("body")), frame3(1, section("secret", "secret")))}, want: []string{"HTTP/3 GET www.example.test/"}},
		{name: "CONNECT", streams: [][]byte{frame3(1, section(":method", "CONNECT", ":authority", "www.example.test:443"))}, want: []string{"HTTP/3 CONNECT www.example.test:443"}},
		{name: "password before the host", streams: [][]byte{frame3(1, section(":method", "GET", ":authority", "secret:secret@h", ":path", "/"))}, want: []string{"HTTP/3 GET h/"}},
		{name: "host missing", streams: [][]byte{frame3(1, section(":method", "GET", ":path", "/x"))}, want: []string{"HTTP/3 GET /x (host not shown)"}},
		{name: "path missing", streams: [][]byte{frame3(1, section(":method", "GET", ":authority", "h"))}, want: []string{"HTTP/3 GET h (path not shown)"}},
		{name: "host in the dynamic table", streams: [][]byte{frame3(1, dynamic)}, want: []string{"HTTP/3 GET (host and path not shown)"}},
		{name: "all in the dynamic table", streams: [][]byte{frame3(1, []byte{3, 0, 0x80, 0x81})}, want: []string{"HTTP/3 (request not shown)"}},
		{name: "control characters", streams: [][]byte{frame3(1, section(":method", "GET", ":authority", "h", ":path", "/\x1b[2J"))}, want: []string{"HTTP/3 GET h (path not shown)"}},
		{name: "more headers than are looked at", streams: [][]byte{long}, want: []string{"HTTP/3 GET www.example.test/"}},
		{name: "WebTransport", streams: [][]byte{join([]byte{0x40, h3WebTransport, 0}, frame3(1, request("/")))}},
		{name: "not all there", streams: [][]byte{frame3(1, request("/"))[:20]}},
		{name: "six streams", streams: [][]byte{frame3(1, request("/0")), frame3(1, request("/1")), nil, frame3(1, request("/3")), frame3(1, request("/4")), nil},
			want: []string{"HTTP/3 GET www.example.test/0", "HTTP/3 GET www.example.test/1", "HTTP/3 GET www.example.test/3"}, more: 2},
		{name: "status", who: flow.Server, streams: [][]byte{join(frame3(1, section(":status", "200", "set-cookie", "secret")), frame3(0, []byte("secret")))}, want: []string{"HTTP/3 200"}},
		{name: "informational first", who: flow.Server, streams: [][]byte{join(frame3(1, section(":status", "103")), frame3(1, section(":status", "404")))}, want: []string{"HTTP/3 103", "HTTP/3 404"}},
		{name: "promise first", who: flow.Server, streams: [][]byte{join(frame3(5, request("/pushed")), frame3(1, section(":status", "200")))}, want: []string{"HTTP/3 200"}},
		{name: "no status", who: flow.Server, streams: [][]byte{frame3(1, section("secret", "secret"))}, want: []string{"HTTP/3 (status not shown)"}},
		{name: "no status that could be", who: flow.Server, streams: [][]byte{frame3(1, section(":status", "secret"))}, want: []string{"HTTP/3 (status not shown)"}},
	} {
		for _, step := range []int{1, 7, 1 << 20} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, step), func(t *testing.T) {
				var c Conversation
				for n, b := range tt.streams {
					c.HTTP3(tt.who, uint64(n), nil)
					for ; len(b) > 0; b = b[min(step, len(b)):] {
						c.HTTP3(tt.who, uint64(n), b[:min(step, len(b))])
					}
				}
				got, more := c.Says(tt.who)
				if d := cmp.Diff(tt.want, got); d != "" || more != tt.more {
					t.Errorf("%d more, want %d; (-want +got)\n%s", more, tt.more, d)
				}
			})
		}
	}
}

// TestHTTP3Dynamic holds that a static reference behind one to the dynamic table
// is not taken, but those before it are, whatever the prefix says.
func TestHTTP3Dynamic(t *testing.T) {
	b := section(":method", "GET", ":path", "/x", ":authority", "h")[2:]
	for _, prefix := range [][]byte{{0, 0}, {1, 0}, {0xff, 0x80, 1, 0x7f, 0}, {5, 0x81}} {
		got := h3Pseudo(join(prefix, b))
		if d := cmp.Diff(map[string]string{":method": "GET", ":path": "/x", ":authority": "h"}, got); d != "" {
			t.Errorf("prefix % x (-want +got)\n%s", prefix, d)
		}
	}
	for _, prefix := range [][]byte{{}, {0}, {0xff, 0xff}, bytes.Repeat([]byte{0xff}, 30)} {
		if got := h3Pseudo(prefix); len(got) != 0 {
			t.Errorf("prefix % x gives %v", prefix, got)
		}
	}
}

// FuzzHTTP3 gives both sides streams in pieces: each is a byte for side, stream
// and how many bytes follow. What is told and held is bounded, printable, and
// the same however the bytes are cut.
func FuzzHTTP3(f *testing.F) {
	piece := func(who flow.Side, n int, b []byte) (out []byte) {
		for ; len(b) > 0; b = b[min(31, len(b)):] {
			out = append(append(out, byte(who)<<7|byte(n)<<5|byte(min(31, len(b)))), b[:min(31, len(b))]...)
		}
		return out
	}
	f.Add(join(piece(0, 0, frame3(1, request("/x?y"))), piece(1, 0, frame3(1, section(":status", "200")))))
	f.Add(join(piece(0, 1, frame3(0x21, make([]byte, 100))), piece(0, 1, frame3(1, request("/z")))))
	f.Add(piece(0, 3, join([]byte{1, 0xff}, bytes.Repeat([]byte{0xff}, 300))))
	f.Add(piece(0, 2, frame3(1, []byte{9, 0x80, 0xd1, 0x10, 0xff, 0xff})))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Conversation
		var streams [2][4][]byte
		for len(data) > 0 {
			who, n, size := flow.Side(data[0]>>7), data[0]>>5&3, int(data[0]&31)
			b := data[1:min(1+size, len(data))]
			data = data[1+len(b):]
			streams[who][n] = append(streams[who][n], b...)
			c.HTTP3(who, uint64(n), b)
		}
		for who := range streams {
			told, more := c.Says(flow.Side(who))
			if len(told) > mostTold || more < 0 {
				t.Fatalf("%d phrases and %d more", len(told), more)
			}
			for _, p := range told {
				if len(p) > lineLength+len("…") || printable([]byte(strings.TrimSuffix(p, "…"))) == "" || strings.ContainsAny(p, "?") {
					t.Fatalf("phrase %q", p)
				}
			}
			for n, b := range streams[who] {
				if s := &c.h3; *s != nil && len((*s).streams[who][n].buf) > requestHead {
					t.Fatalf("%d bytes are held", len((*s).streams[who][n].buf))
				}
				var whole, byByte Conversation
				whole.HTTP3(flow.Side(who), 0, b)
				for i := range b {
					byByte.HTTP3(flow.Side(who), 0, b[i:i+1])
				}
				w, _ := whole.Says(flow.Side(who))
				v, _ := byByte.Says(flow.Side(who))
				if d := cmp.Diff(w, v); d != "" {
					t.Fatalf("cut otherwise (-whole +byte by byte)\n%s", d)
				}
			}
		}
	})
}
