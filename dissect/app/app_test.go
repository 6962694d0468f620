package app

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"

	"github.com/tlslens/tlslens/dissect/flow"
)

// frame makes a frame of HTTP/2.
func frame(typ, flags byte, body []byte) []byte {
	n := len(body)
	return append([]byte{byte(n >> 16), byte(n >> 8), byte(n), typ, flags, 0, 0, 0, 1}, body...)
}

// block compresses header fields, given as name and value in turn.
func block(enc *hpack.Encoder, buf *bytes.Buffer, fields ...string) []byte {
	buf.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // a Buffer takes all
	}
	return bytes.Clone(buf.Bytes())
}

// http2 is the client's side of a conversation: settings, then requests whose
// second refers to the table of the first.
func http2() []byte {
	var buf bytes.Buffer
	enc := hpack.NewEncoder(&buf)
	b := append([]byte(preface), frame(4, 0, make([]byte, 6))...)
	b = append(b, frame(1, 5, block(enc, &buf, ":method", "GET", ":scheme", "https", ":authority", "www.example.test", ":path", "/a?token=secret", "cookie", "secret"))...)
	padded := append(append([]byte{3, 0, 0, 0, 0, 16}, block(enc, &buf, ":method", "POST", ":scheme", "https", ":authority", "www.example.test", ":path", "/b")...), 0, 0, 0)
	return append(b, frame(1, flagEndHeaders|flagPadded|flagPriority, padded)...)
}

func TestConversation(t *testing.T) {
	var buf bytes.Buffer
	answer := func(status string) []byte {
		return frame(1, 4, block(hpack.NewEncoder(&buf), &buf, ":status", status, "set-cookie", "secret"))
	}
	for _, tc := range []struct {
		name           string
		client, server string
		want           [2][]string
	}{
		{"HTTP/1.1", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n<html>", [2][]string{{"HTTP/1.1 GET /a"}, {"HTTP/1.1 200 OK"}}},
		{"a query is not shown", "GET /a?token=secret HTTP/1.1\r\n", "", [2][]string{{"HTTP/1.1 GET /a"}, nil}},
		{"bare line feeds", "HEAD / HTTP/1.0\n", "HTTP/1.0 404\n", [2][]string{{"HTTP/1.0 HEAD /"}, {"HTTP/1.0 404"}}},
		{"HTTP/2", string(http2()), string(answer("204")), [2][]string{{"HTTP/2 GET www.example.test/a", "HTTP/2 POST www.example.test/b"}, {"HTTP/2 204"}}},
		{"HTTP/2, five answers", string(http2()), strings.Repeat(string(frame(1, 4, []byte{0x88})), 5), [2][]string{{"HTTP/2 GET www.example.test/a", "HTTP/2 POST www.example.test/b"}, {"HTTP/2 200", "HTTP/2 200", "HTTP/2 200", "HTTP/2 200"}}},
		{"HTTP/2 with data before", string(http2()), string(frame(0, 0, make([]byte, 9000))) + string(answer("500")), [2][]string{{"HTTP/2 GET www.example.test/a", "HTTP/2 POST www.example.test/b"}, {"HTTP/2 500"}}},
		{"HTTP/2, header block in pieces", preface + string(frame(1, 0, []byte{0x82})), string(frame(1, 4, []byte{0xff, 0xff, 0xff, 0xff, 0xff})), [2][]string{nil, nil}},
		{"SMTP", "EHLO client.example\r\n", "250 mail.example\r\n", [2][]string{{`begins "EHLO client.example"`}, {`begins "250 mail.example"`}}},
		{"binary", "\x00\x01\x02\n", "\xff\xfe\n", [2][]string{nil, nil}},
		{"no end of line", strings.Repeat("a", 300), "x", [2][]string{nil, nil}},
		{"control characters", "GET /\x1b[31m HTTP/1.1\r\n", "\x1b]0;x\x07\r\n", [2][]string{nil, nil}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, step := range []int{1 << 20, 1, 7} { // however it is cut
				var c Conversation
				for off := 0; off < max(len(tc.client), len(tc.server)); off += step {
					for side, s := range []string{tc.client, tc.server} {
						c.Data(flow.Side(side), []byte(s[min(off, len(s)):min(off+step, len(s))]))
					}
				}
				for side := range tc.want {
					got, _ := c.Says(flow.Side(side))
					if d := cmp.Diff(tc.want[side], got); d != "" {
						t.Errorf("in steps of %d, side %d (-want +got):\n%s", step, side, d)
					}
				}
			}
		})
	}
}

func TestMore(t *testing.T) {
	var c Conversation
	c.Data(flow.Client, []byte(preface))
	c.Data(flow.Server, bytes.Repeat(frame(1, 4, []byte{0x88}), 10))
	if told, more := c.Says(flow.Server); len(told) != mostTold || more != 10-mostTold {
		t.Errorf("%d told, %d more", len(told), more)
	}
}

// FuzzData holds that phrases are few, short and printable, and that little is
// kept, whatever is said.
func FuzzData(f *testing.F) {
	f.Add(http2(), frame(1, 4, []byte{0x88}), 3)
	f.Add([]byte("GET / HTTP/1.1\r\n"), []byte("HTTP/1.1 200 OK\r\n"), 5)
	f.Add([]byte("RI /2.0\r\n"), []byte(preface[:10]), 17) // a command whose arguments are left out
	f.Add([]byte(preface), []byte{0xff, 0xff, 0xff, 1, 4, 0, 0, 0, 1}, 1)
	f.Fuzz(func(t *testing.T, client, server []byte, step int) {
		step = max(1, step)
		var c Conversation
		for off := 0; off < max(len(client), len(server)) && off >= 0; off += step {
			for side, s := range [][]byte{client, server} {
				end := len(s)
				if off <= len(s) && step < len(s)-off {
					end = off + step
				}
				c.Data(flow.Side(side), s[min(off, len(s)):end])
			}
		}
		for side := range c.sides {
			if n := cap(c.sides[side].buf); n > 4*headBytes {
				t.Errorf("%d bytes are kept", n)
			}
			told, _ := c.Says(flow.Side(side))
			if len(told) > mostTold {
				t.Errorf("%d phrases", len(told))
			}
			for _, s := range told {
				if len(s) > lineLength+len("…") || printable([]byte(strings.ReplaceAll(s, "…", ""))) == "" {
					t.Errorf("phrase %q", s)
				}
			}
		}
	})
}
