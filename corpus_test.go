package tlslens_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/flow"
)

// corpus returns the folder of the optional test corpus.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TLSLENS_CORPUS")
	if dir == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	return dir
}

// TestCorpusCaptures reads every real capture: in time, with an error of a kind
// that says what is wrong with the file, and with the fingerprints that other
// tools make.
func TestCorpusCaptures(t *testing.T) {
	dir := filepath.Join(corpus(t), "captures")
	truth := fingerprints(t, dir)
	compared := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !looksLikeCapture(path) {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		t.Run(rel, func(t *testing.T) {
			f, err := capture.Open(path)
			if err != nil {
				t.Skip(err) // a file that is no capture
			}
			defer f.Close()
			start := time.Now()
			for e, err := range dissect.Events(t.Context(), f, dissect.Options{}) {
				var cut *capture.TruncatedError
				var bad *capture.FormatError
				switch c, ok := e.(dissect.Closed); {
				case err != nil:
					if !errors.As(err, &cut) && !errors.As(err, &bad) {
						t.Errorf("%T: %v", err, err)
					}
				case ok:
					k := hello{rel, c.Conn.Ends[flow.Client], c.Conn.Ends[flow.Server]}
					fp := c.Conn.Fingerprints
					compared += known(t, k, "JA3", truth.ja3[k], fp.JA3) + known(t, k, "JA3S", truth.ja3s[k], fp.JA3S) + known(t, k, "JA4", truth.ja4[k], fp.JA4)
				}
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d fingerprints compared", compared)
	if compared < 1000 {
		t.Errorf("only %d fingerprints were compared", compared)
	}
}

func looksLikeCapture(path string) bool {
	for _, s := range []string{".pcap", ".pcapng", ".cap", ".dmp"} {
		if base := filepath.Base(path); strings.HasSuffix(base, s) || strings.Contains(base, s+".") {
			return true
		}
	}
	return false
}

// A hello is whose fingerprint it is: a capture and the two ends.
type hello struct {
	capture        string
	client, server netip.AddrPort
}

// known compares a fingerprint with those that other tools give connections
// between the same ends, and returns how many comparisons that was.
func known(t *testing.T, k hello, what string, want []string, got string) int {
	t.Helper()
	if len(want) == 0 || got == "" {
		return 0
	}
	if strings.HasSuffix(k.capture, "tls-non-ascii-alpn.pcapng") && what == "JA4" {
		return 0 // see docs/disagreements.md
	}
	if !slices.Contains(want, got) {
		t.Errorf("%s of %v → %v is %s, others say %q", what, k.client, k.server, got, want)
	}
	return 1
}

type prints struct{ ja3, ja3s, ja4 map[hello][]string }

// fingerprints reads what other tools say. What they do not agree on is left
// out.
func fingerprints(t *testing.T, dir string) prints {
	t.Helper()
	p := prints{map[hello][]string{}, map[hello][]string{}, map[hello][]string{}}
	for _, name := range []string{"wire.ndjson", "ja4.ndjson"} {
		f, err := os.Open(filepath.Join(dir, "truth", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var l struct {
				Origin, File   string
				Src, Dst       netip.Addr
				Sport, Dport   uint16
				JA3, JA3S, JA4 string
				Contested      []string
			}
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			k := hello{filepath.Join(l.Origin, l.File), netip.AddrPortFrom(l.Src, l.Sport), netip.AddrPortFrom(l.Dst, l.Dport)}
			for _, v := range []struct {
				name, value string
				into        map[hello][]string
			}{{"ja3", l.JA3, p.ja3}, {"ja3s", l.JA3S, p.ja3s}, {"ja4", l.JA4, p.ja4}} {
				contested := slices.ContainsFunc(l.Contested, func(s string) bool { return s == v.name || strings.HasPrefix(s, v.name+"@") })
				if v.value != "" && !contested {
					v.into[k] = append(v.into[k], v.value)
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// TestCorpusHostile reads captures made to break readers: what they hide is
// found, what they forge is not believed, and neither time nor memory run away.
func TestCorpusHostile(t *testing.T) {
	dir := filepath.Join(corpus(t), "hostile")
	f, err := os.Open(filepath.Join(dir, "CASES-open.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	cases, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range cases[1:] {
		c := map[string]string{}
		for i, k := range cases[0] {
			c[k] = row[i]
		}
		t.Run(c["file"], func(t *testing.T) { hostileCase(t, filepath.Join(dir, c["file"]), c) })
	}
}

func hostileCase(t *testing.T, path string, c map[string]string) {
	number := func(k string) int {
		n, err := strconv.Atoi(c[k])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	f, err := capture.Open(path)
	if err != nil {
		if c["exit"] == "0" {
			t.Error(err)
		}
		return
	}
	defer f.Close()
	runtime.GC()
	m := &metered{Source: f}
	m.sample()
	before := m.peak
	start := time.Now()
	out := render(t, m, dissect.Options{}, 120)
	if took := time.Since(start); took > time.Duration(number("limit_s"))*time.Second {
		t.Errorf("took %v", took)
	}
	m.sample()
	if mb := int(m.peak-before) >> 20; m.peak > before && mb > number("limit_mb") {
		t.Errorf("%d MB of heap", mb)
	}
	for form, s := range map[string]string{"JSON": out.jsonl, "table": strings.Join(strings.Fields(out.table), " ")} {
		for _, want := range strings.Split(c["must_contain"], "|") {
			if want != "" && !bytes.Contains([]byte(s), []byte(unescape(want))) {
				t.Errorf("%s: %q is missing", form, want)
			}
		}
		for _, bad := range strings.Split(c["must_not_contain"], "|") {
			if bad != "" && strings.Contains(s, unescape(bad)) {
				t.Errorf("%s: %q is in it", form, bad)
			}
		}
	}
}

// unescape turns \x1b and the like into what they stand for.
func unescape(s string) string {
	if u, err := strconv.Unquote(`"` + s + `"`); err == nil {
		return u
	}
	return s
}

// metered is a Source that looks at the heap now and then.
type metered struct {
	capture.Source
	n    int
	peak uint64
}

func (m *metered) Next(p *capture.Packet) error {
	if m.n++; m.n%500 == 0 {
		m.sample()
	}
	return m.Source.Next(p)
}

func (m *metered) sample() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.peak = max(m.peak, s.HeapAlloc)
}
