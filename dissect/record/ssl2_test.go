package record

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
)

// v2 makes a record of SSL 2.0 with a header of two bytes, v2pad one of three.
func v2(body ...byte) []byte { return join([]byte{0x80 | byte(len(body)>>8), byte(len(body))}, body) }
func v2pad(pad byte, body ...byte) []byte {
	return join([]byte{byte(len(body) >> 8), byte(len(body)), pad}, body)
}

var (
	v2Hello  = join([]byte{1, 0, 2, 0, 3, 0, 0, 0, 16, 7, 0, 0xc0}, make([]byte, 16))
	v23Hello = join([]byte{1, 3, 1, 0, 3, 0, 0, 0, 16, 7, 0, 0xc0}, make([]byte, 16))
	v2Answer = join([]byte{4, 0, 1, 0, 2, 0, 3, 0, 3, 0, 16}, []byte("DER"), []byte{7, 0, 0xc0}, make([]byte, 16))
	v2Key    = join([]byte{2, 7, 0, 0xc0, 0, 0, 0, 8, 0, 8}, make([]byte, 16))
	v2Seal   = join([]byte{0xee}, make([]byte, 31)) // a MAC and sealed bytes
)

// a v2Turn is what one side says.
type v2Turn struct {
	side flow.Side
	b    []byte
}

func TestSSL2Streams(t *testing.T) {
	clear := func(side string, body []byte) string { return fmt.Sprintf("%s sslv2 %x", side, body) }
	sealed := func(side string, n int) string { return fmt.Sprintf("%s sealed %s %d", side, contentSSL2, n) }
	for _, tc := range []struct {
		name  string
		turns []v2Turn
		want  []string
	}{
		{"a whole handshake", []v2Turn{{flow.Client, v2(v2Hello...)}, {flow.Server, v2(v2Answer...)}, {flow.Client, v2(v2Key...)},
			{flow.Server, v2pad(7, v2Seal...)}, {flow.Client, v2pad(7, v2Seal...)}, {flow.Server, v2pad(7, v2Seal...)}, {flow.Client, v2(v2Seal...)}},
			[]string{clear("c", v2Hello), clear("s", v2Answer), clear("c", v2Key), sealed("s", 32), sealed("c", 32), sealed("s", 32), sealed("c", 32)}},
		{"a newer client, an old server", []v2Turn{{flow.Client, v2(v23Hello...)}, {flow.Server, v2(v2Answer...)}, {flow.Client, v2(v2Key...)}, {flow.Server, v2(v2Seal...)}},
			[]string{clear("c", v23Hello), clear("s", v2Answer), clear("c", v2Key), sealed("s", 32)}},
		{"resumed: sealed at once", []v2Turn{{flow.Client, v2(v2Hello...)}, {flow.Server, v2(v2Answer...)}, {flow.Client, v2pad(7, v2Seal...)}, {flow.Client, v2(v2Seal...)}},
			[]string{clear("c", v2Hello), clear("s", v2Answer), sealed("c", 32), sealed("c", 32)}},
		{"an error from the server", []v2Turn{{flow.Client, v2(v2Hello...)}, {flow.Server, v2(0, 0, 1)}},
			[]string{clear("c", v2Hello), clear("s", []byte{0, 0, 1})}},
		{"a server of TLS", []v2Turn{{flow.Client, v2(v2Hello...)}, {flow.Server, rec(21, 2, 70)}},
			[]string{clear("c", v2Hello), "s record alert TLS 1.2 2", "s alert plain 2 70"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{0, 1, 2, 3, 5} {
				r := &recorder{}
				s := NewStream(r, nil)
				for _, turn := range tc.turns {
					for b := turn.b; len(b) > 0; {
						n := len(b)
						if piece > 0 {
							n = min(n, piece)
						}
						s.Data(turn.side, b[:n:n], mark(1))
						b = b[n:]
					}
				}
				for i := range r.calls {
					r.calls[i] = strings.Replace(r.calls[i], "@1", "", 1)
				}
				if d := cmp.Diff(tc.want, r.calls); d != "" {
					t.Errorf("pieces of %d (-want +got):\n%s", piece, d)
				}
			}
		})
	}
}

// TestSSL2Skips holds that sealed records need not be delivered.
func TestSSL2Skips(t *testing.T) {
	r := &recorder{}
	s := NewStream(r, nil)
	s.Data(flow.Client, v2(v2Hello...), mark(1))
	s.Data(flow.Server, v2(v2Answer...), mark(2))
	s.Data(flow.Client, v2(v2Key...), mark(3))
	big := v2(make([]byte, 30000)...)
	s.Data(flow.Client, big[:10], mark(4))
	if n := s.Skippable(flow.Client); n != 29992 {
		t.Fatalf("skippable %d, want 29992", n)
	}
	s.Skipped(flow.Client, 29992, mark(5))
	s.Data(flow.Client, v2(v2Seal...), mark(6))
	want := []string{fmt.Sprintf("c@5 sealed %s 30000", contentSSL2), fmt.Sprintf("c@6 sealed %s 32", contentSSL2)}
	if d := cmp.Diff(want, r.calls[len(r.calls)-2:]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestSSL2NoHeader holds that a length of nothing ends the reading of a side.
func TestSSL2NoHeader(t *testing.T) {
	r := &recorder{}
	s := NewStream(r, nil)
	s.Data(flow.Client, v2(v2Hello...), mark(1))
	s.Data(flow.Server, v2(v2Answer...), mark(2))
	s.Data(flow.Client, []byte{0x80, 0, 1, 2, 3}, mark(3))
	s.Data(flow.Client, v2(v2Key...), mark(4))
	if got := r.calls[len(r.calls)-1]; !strings.HasPrefix(got, "c@3 note 80 00 is no record header of SSL 2.0") {
		t.Errorf("last call %q, want a note that this is no header", got)
	}
}

// FuzzSSL2 follows a handshake of SSL 2.0 with anything. No more may be reported
// than was said, and it must come to an end.
func FuzzSSL2(f *testing.F) {
	f.Add(v2(v2Key...), v2pad(7, v2Seal...), uint8(3))
	f.Add([]byte{0x80, 0, 0, 0}, []byte{0, 0, 0, 0, 1, 2}, uint8(1))
	f.Fuzz(func(t *testing.T, client, server []byte, size uint8) {
		r := &recorder{}
		s := NewStream(r, nil)
		s.Data(flow.Client, v2(v2Hello...), mark(1))
		s.Data(flow.Server, v2(v2Answer...), mark(2))
		n := int(size) + 1
		for i := 0; i < max(len(client), len(server)); i += n {
			for side, b := range [2][]byte{client, server} {
				if i < len(b) {
					s.Data(flow.Side(side), b[i:min(len(b), i+n)], mark(3))
				}
			}
		}
		for side, b := range [2][]byte{client, server} {
			if r.sizes[side] > len(b) {
				t.Errorf("side %d: %d bytes sealed in %d", side, r.sizes[side], len(b))
			}
			if got := s.sides[side].offset; got > int64(len(b)+len(v2(v2Answer...))+len(v2(v2Hello...))) {
				t.Errorf("side %d: offset %d in %d bytes", side, got, len(b))
			}
		}
	})
}
