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
		{name: "query in the wrong places", streams: [][]byte{frame3(1, section(":method", "GET?secret", ":authority", "u:secret?@h?secret", ":path", "/#secret"))}, want: []string{"HTTP/3 GET h/"}},
		{name: "host missing", streams: [][]byte{frame3(1, section(":method", "GET", ":path", "/x"))}, want: []string{"HTTP/3 GET /x (host not shown)"}},
		{name: "path missing", streams: [][]byte{frame3(1, section(":method", "GET", ":authority", "h"))}, want: []string{"HTTP/3 GET h (path not shown)"}},
		{name: "host in a dynamic table that was not seen", streams: [][]byte{frame3(1, dynamic)}, want: []string{"HTTP/3 GET /x (host not shown)"}},
		{name: "all in a dynamic table that was not seen", streams: [][]byte{frame3(1, []byte{3, 0, 0x80, 0x81})}, want: []string{"HTTP/3 (request not shown)"}},
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
					c.HTTP3(tt.who, 4*uint64(n), nil)
					for ; len(b) > 0; b = b[min(step, len(b)):] {
						c.HTTP3(tt.who, 4*uint64(n), b[:min(step, len(b))])
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
	f.Add(piece(0, 1, join([]byte{1, 0xff}, bytes.Repeat([]byte{0xff}, 300))))
	f.Add(piece(0, 1, frame3(1, []byte{9, 0x80, 0xd1, 0x10, 0xff, 0xff})))
	f.Add(join(piece(0, 0, frame3(1, unhex("03811011"))), piece(0, 2, unhex("02"+inserts)), piece(0, 1, frame3(1, unhex("050080c181")))))
	f.Add(join(piece(1, 3, unhex("02"+inserts+"02"+custom+"02")), piece(1, 0, frame3(1, unhex("050080c181")))))
	f.Fuzz(func(t *testing.T, data []byte) {
		ids := [4]uint64{0, 4, 2, 6}
		var c Conversation
		var streams [2][4][]byte
		for len(data) > 0 {
			who, n, size := flow.Side(data[0]>>7), data[0]>>5&3, int(data[0]&31)
			b := data[1:min(1+size, len(data))]
			data = data[1+len(b):]
			streams[who][n] = append(streams[who][n], b...)
			c.HTTP3(who, ids[n]|uint64(who)&(ids[n]>>1), b)
			checkHeld(t, &c)
		}
		for who := range flow.Side(2) {
			told, more := c.Says(who)
			if len(told) > mostTold || more < 0 {
				t.Fatalf("%d phrases and %d more", len(told), more)
			}
			for _, p := range told {
				if len(p) > lineLength+len("…") || printable([]byte(strings.TrimSuffix(p, "…"))) == "" || strings.ContainsAny(p, "?") {
					t.Fatalf("phrase %q", p)
				}
			}
			var whole, byByte Conversation
			for _, n := range []int{2, 3, 0, 1} { // encoders first
				id, b := ids[n]|uint64(who)&(ids[n]>>1), streams[who][n]
				whole.HTTP3(who, id, b)
				for i := range b {
					byByte.HTTP3(who, id, b[i:i+1])
				}
			}
			w, _ := whole.Says(who)
			v, _ := byByte.Says(who)
			if d := cmp.Diff(w, v); d != "" {
				t.Fatalf("cut otherwise (-whole +byte by byte)\n%s", d)
			}
		}
	})
}

// checkHeld holds that what is kept is bounded.
func checkHeld(t *testing.T, c *Conversation) {
	t.Helper()
	for who := range c.h3.requests {
		for n := range c.h3.requests[who] {
			if s := &c.h3.requests[who][n]; len(s.buf)+len(s.waiting) > requestHead {
				t.Fatalf("%d and %d bytes are held", len(s.buf), len(s.waiting))
			}
		}
		d := &c.h3.tables[who]
		if len(d.buf) > encoderBytes || len(d.entries) > mostInserts {
			t.Fatalf("%d bytes and %d entries are held", len(d.buf), len(d.entries))
		}
		for _, e := range d.entries {
			if !strings.HasPrefix(e.name, ":") && e.value != "" {
				t.Fatalf("the value of %q is kept", e.name)
			}
		}
	}
}
