package tlslens_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
)

// damaged are captures of every file format and of much that can happen.
var damaged = []string{"tour.pcapng", "pcap-big-endian.pcap", "pcap-nanoseconds.pcap", "dsb.pcapng", "several-sections.pcapng",
	"gzip.pcap.gz", "lz4.pcapng.lz4", "zstd.pcapng.zst", "vxlan-fragments.pcapng", "client-cert-12.pcapng", "tls12-null.pcapng"}

// TestTruncation cuts files at many places, as a full disk or a copy that was
// broken off does: what stands before the cut is reported, and that there is a
// cut is said.
func TestTruncation(t *testing.T) {
	roots := testRoots(t)
	for _, name := range damaged {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(pcaps, name))
			if err != nil {
				t.Fatal(err)
			}
			whole := renderBytes(t, b, dissect.Options{Roots: roots, Workers: 1})
			if whole.err != nil {
				t.Fatal(whole.err)
			}
			// zstd and lz4 pack so small a file into one block, which is read
			// whole or not at all.
			block := strings.HasSuffix(name, ".lz4") || strings.HasSuffix(name, ".zst")
			step := 97
			if len(b) > 20000 {
				step = 97 * 7
			}
			seen := 0
			for n := 0; n < len(b); n += step {
				r := renderBytes(t, b[:n], dissect.Options{Roots: roots, Workers: 1})
				var open *capture.OpenError
				var cut *capture.TruncatedError
				var bad *capture.FormatError
				switch {
				case r.err == nil, errors.As(r.err, &cut), errors.As(r.err, &bad):
				case errors.As(r.err, &open):
					if n > 600 && !block {
						t.Errorf("cut at %d: cannot be opened: %v", n, r.err)
					}
					continue
				default:
					t.Errorf("cut at %d: %T: %v", n, r.err, r.err)
				}
				if strings.Contains(r.jsonl, `"truncated":true`) != (r.err != nil) {
					t.Errorf("cut at %d: error %v, but the summary says %s", n, r.err, lastLine(r.jsonl))
				}
				// More of a file never shows fewer connections.
				k := strings.Count(r.jsonl, `"type":"connection"`)
				if k < seen {
					t.Errorf("cut at %d: %d connections; a shorter file has %d", n, k, seen)
				}
				seen = k
			}
			if k := strings.Count(whole.jsonl, `"type":"connection"`); seen > k || k == 0 {
				t.Errorf("%d connections in the whole file, %d in a part of it", k, seen)
			}
		})
	}
}

// renderBytes reads a capture file from memory.
func renderBytes(t *testing.T, b []byte, opt dissect.Options) rendering {
	t.Helper()
	f, err := capture.NewReader(io.NopCloser(bytes.NewReader(b)), "test")
	if err != nil {
		return rendering{err: err}
	}
	defer f.Close()
	return render(t, f, opt, 100)
}

func lastLine(s string) string {
	s = strings.TrimRight(s, "\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// TestSnapshotLength cuts every packet, as tcpdump -s does. Nothing may be
// taken for what it is not: no message but those that the whole capture has.
func TestSnapshotLength(t *testing.T) {
	roots := testRoots(t)
	for _, name := range []string{"tour.pcapng", "tls12-ecdhe-rsa.pcapng", "tls13-openssl.pcapng", "client-cert-12.pcapng", "tls12-renegotiation.pcapng", "vxlan.pcapng"} {
		t.Run(name, func(t *testing.T) {
			packets, err := packetsOf(t, filepath.Join(pcaps, name))
			if err != nil {
				t.Fatal(err)
			}
			whole := understand(t, packets, roots)
			for n := 60; n <= 400; n += 17 {
				cut := slices.Clone(packets)
				for i := range cut {
					cut[i].Data = cut[i].Data[:min(n, len(cut[i].Data))]
				}
				got := understand(t, cut, roots)
				if got.stats.Snapped == 0 {
					t.Errorf("cut to %d bytes: not said", n)
				}
				for _, c := range got.conns {
					for _, w := range whole.conns {
						if w.Ends != c.Ends {
							continue
						}
						if c.ServerName != "" && c.ServerName != w.ServerName || c.Version != 0 && c.Version != w.Version {
							t.Errorf("cut to %d bytes: #%d is %q %s, not %q %s", n, c.Number, c.ServerName, c.Version, w.ServerName, w.Version)
						}
						for side := range c.Messages {
							for m, k := range c.Messages[side] {
								if k > w.Messages[side][m] {
									t.Errorf("cut to %d bytes: #%d has %d %s, of %d", n, c.Number, k, m, w.Messages[side][m])
								}
							}
						}
					}
				}
			}
		})
	}
}
