package app

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
)

// The encoder streams of RFC 9204, Appendix B.
const (
	inserts = "3fbd01" + "c00f7777772e6578616d706c652e636f6d" + "c10c2f73616d706c652f70617468" // B.2: :authority www.example.com, :path /sample/path
	custom  = "4a637573746f6d2d6b65790c637573746f6d2d76616c7565"                               // B.3: custom-key custom-value
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// TestQPACK reads field sections with a dynamic table.
func TestQPACK(t *testing.T) {
	for _, tt := range []struct {
		name    string
		encoder string
		section string
		want    map[string]string
		blocked bool
	}{
		{name: "RFC 9204, B.1", section: "0000510b2f696e6465782e68746d6c", want: map[string]string{":path": "/index.html"}},
		{name: "RFC 9204, B.2", encoder: inserts, section: "03811011", want: map[string]string{":authority": "www.example.com", ":path": "/sample/path"}},
		{name: "RFC 9204, B.4", encoder: inserts + custom + "02", section: "050080c181", want: map[string]string{":authority": "www.example.com", ":path": "/"}},
		{name: "RFC 9204, B.5", encoder: inserts + custom + "02" + "810d637573746f6d2d76616c756532", section: "060080c182", want: map[string]string{":path": "/"}},
		{name: "name of a dynamic entry", encoder: inserts, section: "0300" + "40" + "022f78", want: map[string]string{":path": "/x"}},
		{name: "name of a post-base entry", encoder: inserts, section: "0381" + "01" + "022f78", want: map[string]string{":path": "/x"}},
		{name: "entry of a name of an entry", encoder: inserts + "80022f78", section: "040080", want: map[string]string{":path": "/x"}},
		{name: "not there yet", encoder: inserts, section: "050080c181", want: map[string]string{":path": "/"}, blocked: true},
		{name: "nothing there yet", section: "03811011", want: map[string]string{}, blocked: true},
		{name: "no such entry", encoder: inserts, section: "0300" + "85" + "d1", want: map[string]string{":method": "GET"}},
		{name: "count that may have gone round", encoder: "3f21" + "c00161" + "c00162" + "c00163" + "c00164", section: "0300" + "80" + "d1", want: map[string]string{":method": "GET"}},
		{name: "no such static entry", section: "0000" + "ff7f" + "d1", want: map[string]string{":method": "GET"}},
		{name: "entry of nothing", encoder: inserts + "8501ff" + "c00161", section: "040080", want: map[string]string{}},
		{name: "Huffman code", section: "0000" + "508cf1e3c2e5f23a6ba0ab90f4ff", want: map[string]string{":authority": "www.example.com"}},
		{name: "wrong Huffman code", section: "0000" + "5081fe" + "d1", want: map[string]string{":method": "GET"}},
		{name: "cut", section: "0000d1510b2f69", want: map[string]string{":method": "GET"}},
		{name: "no prefix", section: "ff"},
		{name: "endless integer", section: "ffffffffffffffffffffffff"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, step := range []int{1, 1000} {
				var d dynamicTable
				for b := unhex(tt.encoder); len(b) > 0; b = b[min(step, len(b)):] {
					d.feed(b[:min(step, len(b))])
				}
				got, blocked := d.section(unhex(tt.section))
				if diff := cmp.Diff(tt.want, got); diff != "" || blocked != tt.blocked {
					t.Errorf("by %d: blocked %v, want %v (-want +got)\n%s", step, blocked, tt.blocked, diff)
				}
			}
		})
	}
}

// TestQPACKPrefixes reads every beginning of an encoder stream and of a section.
func TestQPACKPrefixes(t *testing.T) {
	encoder, lines := unhex(inserts+custom+"02"), unhex("0500"+"80c1"+"40022f78"+"10"+"00022f78"+"2161022f78"+"81")
	for n := range len(encoder) + 1 {
		for m := range len(lines) + 1 {
			var d dynamicTable
			d.feed(encoder[:n])
			if _, blocked := d.section(lines[:m]); blocked != (m >= 2 && n < len(encoder)) {
				t.Errorf("%d bytes of the encoder, %d of the section: blocked %v", n, m, blocked)
			}
		}
	}
}

// TestHTTP3Waits gives a request that needs its encoder's stream, which comes
// later or not at all.
func TestHTTP3Waits(t *testing.T) {
	get := frame3(1, unhex("0381"+"d1"+"1011"))
	body := frame3(0, []byte("body"))
	encoder := unhex("02" + inserts)
	for _, tt := range []struct {
		name   string
		before []byte
		after  []byte
		id     uint64 // of the encoder's stream
		want   string
	}{
		{name: "before", before: encoder, id: 2, want: "HTTP/3 GET www.example.com/sample/path"},
		{name: "behind", after: encoder, id: 6, want: "HTTP/3 GET www.example.com/sample/path"},
		{name: "around", before: encoder[:25], after: encoder[25:], id: 10, want: "HTTP/3 GET www.example.com/sample/path"},
		{name: "half of it", before: encoder[:25], id: 2, want: "HTTP/3 GET www.example.com (path not shown)"},
		{name: "nothing", id: 2, want: "HTTP/3 GET (host and path not shown)"},
		{name: "a control stream", before: join([]byte{0}, encoder[1:]), id: 2, want: "HTTP/3 GET (host and path not shown)"},
		{name: "the server's", before: encoder, id: 3, want: "HTTP/3 GET (host and path not shown)"},
		{name: "type in four bytes", before: join([]byte{0x80, 0, 0}, encoder), id: 2, want: "HTTP/3 GET www.example.com/sample/path"},
		{name: "one too many", before: encoder, id: 2 + 4*ownStreams, want: "HTTP/3 GET (host and path not shown)"},
	} {
		for _, step := range []int{1, 3, 1000} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, step), func(t *testing.T) {
				var c Conversation
				give := func(id uint64, b []byte) {
					for ; len(b) > 0; b = b[min(step, len(b)):] {
						c.HTTP3(flow.Side(id&1), id, b[:min(step, len(b))])
					}
				}
				give(tt.id, tt.before)
				give(0, join(get, body))
				give(tt.id, tt.after)
				got, more := c.Says(flow.Client)
				if d := cmp.Diff([]string{tt.want}, got); d != "" || more != 0 {
					t.Errorf("%d more (-want +got)\n%s", more, d)
				}
			})
		}
	}
}

// TestQPACKLimits holds that an encoder stream cannot fill memory.
func TestQPACKLimits(t *testing.T) {
	var many, long dynamicTable
	many.feed(bytes.Repeat([]byte{0xd1, 0}, 2*mostInserts))
	long.feed(join([]byte{0x41, 'a', 0x7f, 0xff, 0xff, 0x7f}, make([]byte, 2*encoderBytes)))
	if len(many.entries) > mostInserts || !many.off || len(long.buf) > 0 || !long.off {
		t.Errorf("%d entries, %d bytes are held", len(many.entries), len(long.buf))
	}
}
