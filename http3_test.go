package tlslens_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/keys"
)

// TestHTTP3 opens captures of QUIC with their keys: the requests are named, and
// what is secret in them is not.
func TestHTTP3(t *testing.T) {
	for _, tt := range []struct {
		name string
		want [][2]string // what stands behind the packets and bytes, of each connection
	}{
		{name: "quic-h3-ngtcp2", want: [][2]string{
			{"HTTP/3 GET www.example.test:14433/hello, HTTP/3 GET www.example.test:14433/missing", "HTTP/3 200, HTTP/3 404"},
			{"HTTP/3 GET www.example.test:14433/hello", "HTTP/3 200"},
		}},
		{name: "quic-h3-chromium", want: [][2]string{
			{"HTTP/3 GET www.example.test:14433/page.html, HTTP/3 GET www.example.test:14433/a.css, HTTP/3 GET www.example.test:14433/a.png", "HTTP/3 200, HTTP/3 200, HTTP/3 200"},
		}},
		{name: "quic-version-negotiation", want: [][2]string{
			{},
			{"HTTP/3 GET www.example.test:14433/hello", "HTTP/3 200"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(pcaps, tt.name+".keys"))
			if err != nil {
				t.Fatal(err)
			}
			log := keys.NewLog()
			log.Add(text, "the test")
			path := filepath.Join(pcaps, tt.name+".pcapng")
			src, err := capture.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			conns, err := dissect.Collect(t.Context(), src, dissect.Options{Keys: keys.NewProvider(log)})
			if err != nil {
				t.Fatal(err)
			}
			var got [][2]string
			for _, c := range conns {
				got = append(got, saidOverHTTP3(c))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			r := renderFile(t, path, dissect.Options{Keys: keys.NewProvider(log), Detail: conn.Fields}, 120)
			for _, secret := range []string{"token=", "secret=", "nghttp3", "Mozilla/5"} { // in queries, in headers
				if strings.Contains(r.table, secret) || strings.Contains(r.jsonl, secret) {
					t.Errorf("%q is shown", secret)
				}
			}
		})
	}
}

// TestHTTP3Corpus opens captures of other programs, with the drafts of HTTP/3
// that they speak, and of QUIC without HTTP.
func TestHTTP3Corpus(t *testing.T) {
	corpus := os.Getenv("TLSLENS_CORPUS")
	if corpus == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	for _, tt := range []struct {
		name, pcap, keys string
		want             [2]string
	}{
		{"ngtcp2, draft 22", "quiclog+pcap2qlog/examples/draft-01/ngtcp2_test.pcapng", "quiclog+pcap2qlog/examples/draft-01/ngtcp2_test.keys",
			[2]string{"HTTP/3 GET [127.0.0.1]:8443/notfound.jpg", "HTTP/3 200"}},
		{"HTTP/0.9", "quiclog+pcap2qlog/examples/draft-01/spin_bit.pcap", "quiclog+pcap2qlog/examples/draft-01/spin_bit.keys", [2]string{}},
		{"picoquic, draft 33, secrets inside", "nfstream+nfstream/tests/pcaps/quic-33.pcapng", "",
			[2]string{"HTTP/3 GET /index.html (host not shown), HTTP/3 GET /test.html (host not shown), HTTP/3 GET /1234567 (host not shown), HTTP/3 GET /main.jpg (host not shown), 3 more",
				"HTTP/3 200, HTTP/3 404, HTTP/3 200, HTTP/3 404, 3 more"}},
		{"DNS, secrets inside", "ntop+nDPI/tests/cfgs/default/pcap/doq.pcapng", "", [2]string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := keys.NewLog()
			if tt.keys != "" {
				text, err := os.ReadFile(filepath.Join(corpus, "captures", "keys", tt.keys))
				if err != nil {
					t.Skip(err)
				}
				log.Add(text, "the test")
			}
			src, err := capture.Open(filepath.Join(corpus, "captures", tt.pcap))
			if err != nil {
				t.Skip(err)
			}
			defer src.Close()
			conns, err := dissect.Collect(t.Context(), src, dissect.Options{Keys: keys.NewProvider(log)})
			if err != nil || len(conns) != 1 {
				t.Fatal(len(conns), err)
			}
			if d := cmp.Diff(tt.want, saidOverHTTP3(conns[0])); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// saidOverHTTP3 returns what is told of the requests and the answers.
func saidOverHTTP3(c *conn.Conn) (says [2]string) {
	for side := range says {
		all := strings.Join(c.Tunnel.Sides[side].Says, ", ")
		if i := strings.Index(all, "HTTP/3"); i >= 0 {
			says[side] = all[i:]
		}
	}
	return says
}
