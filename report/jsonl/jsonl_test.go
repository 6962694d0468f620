package jsonl

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

var update = flag.Bool("update", false, "rewrite docs/json.md")

var began = time.Date(2026, 11, 23, 9, 6, 3, 612345678, time.UTC)

func at(n uint64, d time.Duration) flow.Mark { return flow.Mark{Packet: n, Time: began.Add(d)} }

const hostileText = "a\"b\\c\x1b[31m\u202e\u2028\xff\x7f\u009b<&>\U000e0041é例"

// full is a connection that has every fact there is.
func full() *conn.Conn {
	c := &conn.Conn{
		Number: 3, Carrier: "tls", Transport: "tcp", StartTLS: "smtp", FTPData: &conn.FTPData{Of: 2, Passive: true, Command: "RETR"}, Encapsulation: []string{"vlan 12", "vxlan 100"}, EncapsulationBack: []string{"vlan 12", "vxlan 101"}, Guessed: conn.GuessedByPorts,
		Ends:  [2]conn.Endpoint{netip.MustParseAddrPort("127.0.0.1:49178"), netip.MustParseAddrPort("[2001:db8::1]:14433")},
		First: at(36, 0), Last: at(49, 1540*time.Microsecond), Packets: 14,
		Outcome: conn.Established, Why: "It came to stand.", ServerName: hostileText,
		Version: tls.VersionTLS13, Suite: 0x1302, Group: "x25519", ALPN: "h2", HelloRetryRequest: true,
		Resumption: &conn.Resumption{Kind: "psk", Of: 2}, EarlyData: "accepted",
		ECH: &conn.EncryptedHello{Accepted: conn.Yes, Source: "rebuilt", ServerName: hostileText, ALPN: []string{"h2"}, Fault: hostileText},
		Offered: &conn.Offered{RecordVersion: tls.VersionTLS10, LegacyVersion: tls.VersionTLS12, Versions: []tls.Version{0x0a0a, tls.VersionTLS13, 0x7f12},
			Random: []byte{1, 0xab}, SessionID: []byte{}, CipherSuites: []tls.CipherSuite{0x1302, 0x1a1a, 0xfefe}, CompressionMethods: []tls.CompressionMethod{0, 1},
			Extensions: []tls.ExtensionType{0, 10, 0x2a2a, 16, 51, 0xfff3}, Groups: []tls.NamedGroup{29}, KeyShares: []tls.NamedGroup{},
			SignatureSchemes: []tls.SignatureScheme{0x0804}, ALPN: []string{"h2", "http/1.1"}},
		Selected:          &conn.Selected{RecordVersion: tls.VersionTLS12, LegacyVersion: tls.VersionTLS12, Random: []byte{0xff}, SessionID: []byte{7}, Extensions: []tls.ExtensionType{43, 51}},
		Messages:          [2]map[string]int{{"finished": 1, "client_hello": 2}, {"server_hello": 1}},
		ChangeCipherSpecs: [2]int{1, 0},
		Alerts:            []conn.Alert{{At: at(130, 0), Level: 2, Description: 48}, {At: at(131, 0), Side: flow.Server, Encrypted: true}},
		Fingerprints:      conn.Fingerprints{JA3: "a", JA3S: "b", JA4: "c", JA4R: "d"},
		Findings:          []conn.Finding{{ID: "kx-no-forward-secrecy", Severity: conn.Warn, Phase: conn.KeyExchangePhase, Summary: "s", Evidence: []flow.Mark{at(8, 0), {}, at(9, 0)}}},
		Gaps:              []conn.Gap{{Side: flow.Server, Bytes: 1460, After: 12}, {Bytes: -1}},
		Notes:             []string{"packet 4, from the client: odd"},
		Decryption:        conn.Decryption{Status: "partial", Why: "keys were given", Cause: "bad_tags"},
	}
	fillPhases(c)
	return c
}

func fillPhases(c *conn.Conn) {
	phase := func(id conn.PhaseID, steps ...conn.Step) conn.Phase {
		return conn.Phase{ID: id, State: conn.Done, Start: at(38, 140*time.Microsecond), End: at(40, 590*time.Microsecond), Steps: steps}
	}
	cert := &pki.Certificate{Subject: "CN=www.example.test", Issuer: "CN=Example Root CA", Serial: "0b", NotBefore: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
		NotAfter: time.Date(2027, 2, 21, 0, 0, 0, 0, time.UTC), SHA256: [32]byte{1}, Key: &pki.Key{Algorithm: "ECDSA", Bits: 256, Curve: "P-256"},
		SignatureAlgorithm: "SHA256-RSA", Problems: []string{"odd"}}
	checks := []pki.Check{{Name: pki.CheckName, Why: hostileText}, {Name: pki.CheckDates, Result: pki.Fail, Why: "expired"}}
	certs := conn.Certificates{Chain: []*pki.Certificate{cert}, Checks: checks, Verdict: conn.Passed, At: at(40, 0)}
	never := conn.Step{Side: flow.Client, Name: "finished", Says: []string{"never sent"}, Absent: true}
	c.CertificateCheck = conn.CertificateCheck{Server: certs, Client: certs, Requested: true, Phase: phase(conn.CertificateCheckPhase,
		conn.Step{At: at(40, 1040*time.Microsecond), Side: flow.Server, Name: "certificate", Bytes: 1695, Level: conn.Handshake, Says: []string{"2 certificates", hostileText},
			Facts: []conn.Fact{{Key: "s", Value: hostileText}, {Key: "i", Value: 3}, {Key: "u", Value: uint64(4)}, {Key: "l", Value: int64(-5)}, {Key: "b", Value: true}, {Key: "t", Value: began},
				{Key: "d", Value: 1500 * time.Microsecond}, {Key: "x", Value: []byte{0xca, 0xfe}}, {Key: "list", Value: []string{"a", "b"}}, {Key: "v", Value: tls.VersionTLS12}, {Key: "s", Value: "again"}}}, never)}
	c.KeyExchange = conn.KeyExchange{Phase: phase(conn.KeyExchangePhase, never, conn.Step{At: at(36, 0), Name: "client_hello", Bytes: 263}), Method: "ECDHE", Group: "x25519",
		ForwardSecret: conn.Yes, PostQuantum: conn.No, Server: &conn.Signature{Scheme: "rsa_pss_rsae_sha256", Verified: conn.Yes, Why: "w"}, Client: &conn.Signature{Scheme: "x", Verified: conn.No, Why: "w"}}
	c.Tunnel = conn.Tunnel{Phase: phase(conn.TunnelPhase, never, conn.Step{At: at(36, 0), Name: "alert"}), Cipher: "AES-256-GCM", ClosedBy: "close_notify",
		Sides: [2]conn.Traffic{{Records: 2, Bytes: 54, PlaintextBytes: 18, RecordsSent: 3, BytesSent: 123}, {Records: 4, Bytes: 8083, PlaintextBytes: 0}}}
}

func write(t testing.TB, w *Writer, b *bytes.Buffer, st *dissect.Stats, cs ...*conn.Conn) string {
	t.Helper()
	for _, c := range cs {
		for _, e := range []dissect.Event{dissect.Opened{Conn: c}, dissect.Closed{Conn: c}, dissect.Dropped{}} {
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(st); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func lines(t testing.TB, st *dissect.Stats, cs ...*conn.Conn) string {
	var b bytes.Buffer
	return write(t, New(&b), &b, st, cs...)
}

func array(t testing.TB, st *dissect.Stats, cs ...*conn.Conn) string {
	var b bytes.Buffer
	return write(t, NewArray(&b), &b, st, cs...)
}

func stats() *dissect.Stats {
	return &dissect.Stats{Packets: 154, Bytes: 1 << 20, Connections: 10, Outcomes: []dissect.Count{{Name: "established", Count: 7}, {Name: "reset", Count: 3}},
		Dropped: []dissect.Dropped{{Reason: "kernel", Count: 4, Unit: "packets"}}, Undecoded: []dissect.Count{{Name: "x", Count: 1}},
		OtherTraffic: []dissect.Count{{Name: "ssh", Count: 2}}, ClearLogins: 7, HalfOpen: 5, MissingBytes: 6, Truncated: true}
}

// tokens reads JSON into its tokens, in order.
func tokens(t *testing.T, s string) (out []any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %s", err, s)
		}
		out = append(out, tok)
	}
}

// TestAgreesWithEncodingJSON compares keys, their order and their values with
// what encoding/json makes of a struct.
func TestAgreesWithEncodingJSON(t *testing.T) {
	bare := &conn.Conn{Number: 1, First: at(1, 0), Last: at(1, 0)}
	for i, p := range bare.Phases() {
		p.ID = conn.PhaseID(i)
		bare.Tunnel.Sides[i&1].PlaintextBytes = -1
	}
	clear12 := full()
	clear12.Resumption, clear12.HelloRetryRequest, clear12.KeyExchange.Server.Verified = nil, false, conn.Unknown
	clear12.CertificateCheck.Requested, clear12.CertificateCheck.Client = false, conn.Certificates{}
	for name, c := range map[string]*conn.Conn{"full": full(), "bare": bare, "no client certificate": clear12} {
		t.Run(name, func(t *testing.T) {
			want, err := json.Marshal(reference(c))
			if err != nil {
				t.Fatal(err)
			}
			got := lines(t, nil, c)
			if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
				t.Errorf("not one line: %q", got)
			}
			// Bytes that are not UTF-8 have a form of our own.
			w := strings.ReplaceAll(string(want), `\ufffd`, `\\xff`)
			if d := cmp.Diff(tokens(t, w), tokens(t, got)); d != "" {
				t.Errorf("-encoding/json +ours:\n%s", d)
			}
		})
	}
}

func TestArrayHasTheSameObjects(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		cs := slices.Repeat([]*conn.Conn{full()}, n)
		for _, st := range []*dissect.Stats{nil, stats()} {
			var items []json.RawMessage
			s := array(t, st, cs...)
			if err := json.Unmarshal([]byte(s), &items); err != nil {
				t.Fatalf("%v in %q", err, s)
			}
			want := strings.Split(strings.TrimSuffix(lines(t, st, cs...), "\n"), "\n")
			var got []string
			for _, i := range items {
				got = append(got, string(i))
			}
			if len(items) == 0 {
				got = []string{""}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-lines +array:\n%s", d)
			}
		}
	}
}

func TestSummary(t *testing.T) {
	want := `{"type":"summary","packets":154,"bytes":1048576,"connections":10,"outcomes":{"established":7,"reset":3},` +
		`"dropped":[{"reason":"kernel","count":4,"unit":"packets"}],"undecoded":{"x":1},"other_traffic":{"ssh":2},"clear_logins":7,"half_open":5,"missing_bytes":6,` +
		`"snapped":0,"bad_checksums":0,"truncated":true,"interrupted":false}` + "\n"
	if d := cmp.Diff(want, lines(t, stats())); d != "" {
		t.Error(d)
	}
}

// paths collects the paths of all keys in v.
func paths(v any, at string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			p := strings.TrimPrefix(at+"."+k, ".")
			out[p] = true
			paths(x, p, out)
		}
	case []any:
		for _, x := range v {
			paths(x, at+"[]", out)
		}
	}
}

// free reports whether a path is below a key whose keys are names, not ours.
func free(p string) bool {
	for _, open := range []string{"messages.client.", "messages.server.", "outcomes.", "undecoded.", "other_traffic.", ".facts."} {
		if strings.Contains(p, open) {
			return true
		}
	}
	return false
}

// TestCaptureIsNamed holds that an object says what it is from if there are
// several captures, and is the same but for that.
func TestCaptureIsNamed(t *testing.T) {
	const name = "a \"b\"\x1b\xff.pcap"
	for kind, of := range map[string]func(*bytes.Buffer) *Writer{
		"lines": func(b *bytes.Buffer) *Writer { return New(b) }, "array": func(b *bytes.Buffer) *Writer { return NewArray(b) }} {
		t.Run(kind, func(t *testing.T) {
			var plain, named bytes.Buffer
			want := write(t, of(&plain), &plain, stats(), full())
			got := write(t, of(&named).Of(name), &named, stats(), full())
			const key = `,"capture":"a \"b\"\u001b\\xff.pcap"`
			if n := strings.Count(got, key); n != 2 {
				t.Errorf("%d objects name the capture, want 2:\n%s", n, got)
			}
			if d := cmp.Diff(want, strings.ReplaceAll(got, key, "")); d != "" {
				t.Error(d)
			}
		})
	}
}

// named returns lines that name their capture.
func named(t *testing.T, st *dissect.Stats, cs ...*conn.Conn) string {
	var b bytes.Buffer
	return write(t, New(&b).Of("day.pcap"), &b, st, cs...)
}

// TestKeysAreDeclared holds that every key in the output is declared, and every
// declared one can be in the output.
func TestKeysAreDeclared(t *testing.T) {
	readable := full()
	readable.CertificateCheck.Server.Chain = append(readable.CertificateCheck.Server.Chain, readableCertificate(t))
	readable.CertificateCheck.Client.Chain = readable.CertificateCheck.Server.Chain
	raw := &pki.Key{Algorithm: "ECDSA", Bits: 256, Curve: "P-256", Problems: []string{"bytes behind the public key"}}
	readable.CertificateCheck.Server.RawKey, readable.CertificateCheck.Client.RawKey = raw, raw
	for name, tt := range map[string]struct {
		json string
		keys []key
	}{"connection": {named(t, nil, readable), connectionKeys()}, "summary": {named(t, stats()), summaryKeys()}} {
		t.Run(name, func(t *testing.T) {
			var v any
			if err := json.Unmarshal([]byte(tt.json), &v); err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			paths(v, "", got)
			for _, k := range tt.keys {
				if !got[k.path] {
					t.Errorf("%s is declared, but not in the output", k.path)
				}
				delete(got, k.path)
				if k.doc == "" || strings.Contains(k.doc, "|") {
					t.Errorf("%s has no fitting documentation", k.path)
				}
			}
			for p := range got {
				if !free(p) {
					t.Errorf("%s is not declared", p)
				}
			}
		})
	}
}

func TestDocIsUpToDate(t *testing.T) {
	const file = "../../docs/json.md"
	if *update {
		if err := os.WriteFile(file, []byte(Doc()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Doc(), string(b)); d != "" {
		t.Errorf("%s is not what Doc returns (go test -update writes it):\n%s", file, d)
	}
}

func TestMilliseconds(t *testing.T) {
	for want, d := range map[string]time.Duration{"0": 0, "1.54": 1540 * time.Microsecond, "0.000001": 1, "12": 12 * time.Millisecond, "3600000.5": time.Hour + 500*time.Microsecond, "-0.25": -250 * time.Microsecond} {
		e := encoder{}
		e.ms("k", d)
		if got := string(e.b); got != `"k":`+want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestAllocations holds that a connection without code points that have no name
// is written without allocating.
func TestAllocations(t *testing.T) {
	w := New(io.Discard)
	c := plain()
	if err := w.Write(dissect.Closed{Conn: c}); err != nil {
		t.Fatal(err)
	}
	var ev dissect.Event = dissect.Closed{Conn: c}
	if n := testing.AllocsPerRun(100, func() { _ = w.Write(ev) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// plain is a connection as most are.
func plain() *conn.Conn {
	c := full()
	c.Offered.Versions, c.Offered.CipherSuites, c.Offered.Extensions = c.Offered.Versions[1:2], c.Offered.CipherSuites[:1], c.Offered.Extensions[:2]
	c.CertificateCheck.Server.Chain, c.CertificateCheck.Client.Chain = nil, nil
	c.CertificateCheck.Steps[0].Facts = c.CertificateCheck.Steps[0].Facts[:9]
	return c
}

func BenchmarkConnection(b *testing.B) {
	w := New(io.Discard)
	var ev dissect.Event = dissect.Closed{Conn: plain()}
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Write(ev)
	}
	b.SetBytes(int64(len(w.e.b)))
}
