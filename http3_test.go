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
				var says [2]string
				for side := range says {
					all := strings.Join(c.Tunnel.Sides[side].Says, ", ")
					if i := strings.Index(all, "HTTP/3"); i >= 0 {
						says[side] = all[i:]
					}
				}
				got = append(got, says)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			r := renderFile(t, path, dissect.Options{Keys: keys.NewProvider(log), Detail: conn.Fields}, 120)
			for _, secret := range []string{"token=", "nghttp3"} { // in the query, in a header
				if strings.Contains(r.table, secret) || strings.Contains(r.jsonl, secret) {
					t.Errorf("%q is shown", secret)
				}
			}
		})
	}
}
