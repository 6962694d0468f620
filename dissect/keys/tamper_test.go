package keys

import (
	"bytes"
	ctls "crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// kinds are one of each form of record protection.
var kinds = []struct {
	name           string
	version, suite uint16
}{
	{"TLS 1.3", ctls.VersionTLS13, 0},
	{"TLS 1.2 GCM", ctls.VersionTLS12, ctls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	{"TLS 1.2 ChaCha20", ctls.VersionTLS12, ctls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
	{"TLS 1.2 CBC", ctls.VersionTLS12, ctls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256},
	{"TLS 1.0 CBC", ctls.VersionTLS10, ctls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA},
	{"TLS 1.2 RC4", ctls.VersionTLS12, ctls.TLS_RSA_WITH_RC4_128_SHA},
}

// records cuts the conversation into records, in the order of the wire.
func records(t testing.TB, wire []chunk) (list []chunk) {
	t.Helper()
	var in [2][]byte
	for _, c := range wire {
		in[c.side] = append(in[c.side], c.b...)
		for b := in[c.side]; ; b = in[c.side] {
			h, ok := tls.ParseRecordHeader(b)
			if !ok || len(b) < 5+h.Length {
				break
			}
			list = append(list, chunk{c.side, b[:5+h.Length]})
			in[c.side] = b[5+h.Length:]
		}
	}
	return list
}

// TestFlips changes one bit of every byte of the handshake, and of some bytes
// of the data: nothing stays in order.
func TestFlips(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			client, server, log := config(t, k.version, k.suite)
			list := records(t, converse(t, client, server))
			p := NewProvider(nil)
			p.Log().Add(log.Bytes(), "log")
			list = list[:min(len(list), 13)]
			base := replay(p, list, nil)
			if bad := base.good(); bad != "" || len(base.finished[0])+len(base.finished[1]) != 2 || len(base.plain[1]) == 0 {
				t.Fatal(bad, base.finished)
			}
			tried := 0
			for i, r := range list {
				typ := tls.ContentType(r.b[0])
				if typ == tls.ContentChangeCipherSpec {
					continue // nothing of it is hashed
				}
				step := 1
				if len(r.b) > 3000 || i > 10 {
					step = 397
				}
				for at := 5; at < len(r.b); at += step {
					bit := byte(1) << (at % 8)
					r.b[at] ^= bit
					f := replay(p, list, nil)
					if f.good() == "" && len(f.finished[0]) == 1 && len(f.finished[1]) == 1 && bytes.Equal(f.plain[0], base.plain[0]) && bytes.Equal(f.plain[1], base.plain[1]) {
						t.Errorf("record %d of the %s, byte %d of %d, type %s: nothing is wrong", i, r.side, at, len(r.b), typ)
					}
					r.b[at] ^= bit
					tried++
				}
			}
			if tried < 1000 {
				t.Errorf("only %d bytes were changed", tried)
			}
		})
	}
}

// TestBadRecord changes one record of data: it alone is bad.
func TestBadRecord(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			client, server, log := config(t, k.version, k.suite)
			list := records(t, converse(t, client, server))
			p := NewProvider(nil)
			p.Log().Add(log.Bytes(), "log")
			at := len(list) - 4
			r := list[at]
			r.b[len(r.b)-30] ^= 1
			f := replay(p, list, nil)
			var bad *BadTag
			if len(f.errs) == 0 || !errors.As(f.errs[0], &bad) || bad.Side != r.side || bad.Never || bad.Hole {
				t.Fatalf("errors %v", f.errs)
			}
			if len(f.errs) > 2 || k.name != "TLS 1.0 CBC" && len(f.errs) > 1 {
				t.Errorf("more than one record is bad: %v", f.errs) // old CBC may lose two
			}
			st := f.s.Status()
			if st.Cause != BadTags || st.Side[r.side].FirstBad != bad.Record || !strings.Contains(st.Why, fmt.Sprint(bad.Record)) {
				t.Errorf("status %+v", st)
			}
		})
	}
}

// TestHole leaves out records in the middle.
func TestHole(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			client, server, log := config(t, k.version, k.suite)
			client.DynamicRecordSizingDisabled, server.DynamicRecordSizingDisabled = true, true
			list := records(t, converse(t, client, server))
			p := NewProvider(nil)
			p.Log().Add(log.Bytes(), "log")
			first, n, data := 0, int64(0), 0
			var rest []chunk
			for _, r := range list {
				if r.side == flow.Server && r.b[0] == 23 {
					if data++; data > 3 && data < 6 {
						first, n = len(rest), n+int64(len(r.b))
						continue
					}
				}
				rest = append(rest, r)
			}
			f := replay(p, rest[:first], nil)
			f.s.Skip(flow.Server, n)
			for _, r := range rest[first:] {
				f.feed(r.side, r.b)
			}
			st := f.s.Status()
			switch k.name {
			case "TLS 1.2 RC4":
				if st.Cause != SequenceLost || st.Side[1].Closed == 0 || st.Side[0].Closed != 0 {
					t.Errorf("status %+v", st)
				}
			case "TLS 1.0 CBC":
				if st.Side[1].Bad != 1 || len(f.errs) != 1 {
					t.Errorf("one record has lost its IV: %+v %v", st, f.errs)
				}
			default:
				if st.Cause != AllOpen || len(f.errs) != 0 {
					t.Errorf("status %+v, %v", st, f.errs)
				}
			}
			if len(f.plain[1]) >= len(answer)*rounds || len(f.plain[1]) < len(answer) {
				t.Errorf("%d bytes of data", len(f.plain[1]))
			}
		})
	}
}

// TestWrongKeys: secrets of the right form that are others.
func TestWrongKeys(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			client, server, log := config(t, k.version, k.suite)
			wire := converse(t, client, server)
			var wrong bytes.Buffer
			for line := range strings.Lines(log.String()) {
				b := []byte(line)
				if b[len(b)-2]++; b[len(b)-2] > '9' {
					b[len(b)-2] = '0'
				}
				wrong.Write(b)
			}
			p := NewProvider(nil)
			p.Log().Add(wrong.Bytes(), "wrong")
			f := replay(p, wire, nil)
			st := f.s.Status()
			if st.Cause != WrongKeys || f.opened != 0 || len(st.Found) != 0 {
				t.Errorf("with wrong keys: %+v", st)
			}
			for side := range 2 {
				for _, c := range f.finished[side] {
					t.Errorf("Finished %+v", c)
				}
			}
			// Both: each is tried.
			p.Log().Add(log.Bytes(), "right")
			f = replay(p, wire, nil)
			if bad := f.clean(); bad != "" {
				t.Error(bad)
			}
			for _, line := range f.s.Status().Lines {
				if !strings.HasPrefix(line, "right:") {
					t.Errorf("%s worked", line)
				}
			}
			if n := len(f.s.Status().Lines); n != 1 && n != 4 {
				t.Errorf("%d lines worked", n)
			}
			if st := p.Log().Stats(); st.Conflicts != strings.Count(log.String(), "\n") {
				t.Errorf("log %+v", st)
			}
			var used bytes.Buffer
			if err := p.WriteUsed(&used); err != nil || used.String() != log.String() {
				t.Errorf("used: %v", err)
			}
		})
	}
}

// TestLateKeys adds the log after some records went by.
func TestLateKeys(t *testing.T) {
	for _, k := range kinds {
		for _, late := range []int{6, 9, 12} {
			t.Run(fmt.Sprintf("%s after %d", k.name, late), func(t *testing.T) {
				client, server, log := config(t, k.version, k.suite)
				list := records(t, converse(t, client, server))
				p := NewProvider(nil)
				f := replay(p, list[:late], nil)
				opened := f.opened
				p.Log().Add(log.Bytes(), "log")
				for _, r := range list[late:] {
					f.feed(r.side, r.b)
				}
				if opened != 0 || !bytes.HasSuffix(bytes.Repeat(answer, rounds), f.plain[1]) || len(f.plain[1]) < len(answer) {
					t.Errorf("%d bytes of data; %v %+v", len(f.plain[1]), f.errs, f.s.Status())
				}
			})
		}
	}
}

// TestMissingSecrets takes lines out of the log.
func TestMissingSecrets(t *testing.T) {
	client, server, log := config(t, ctls.VersionTLS13, 0)
	wire := converse(t, client, server)
	only := func(parts ...string) []byte {
		var b bytes.Buffer
		for line := range strings.Lines(log.String()) {
			for _, p := range parts {
				if strings.HasPrefix(line, p) {
					b.WriteString(line)
				}
			}
		}
		return b.Bytes()
	}
	tests := []struct {
		name  string
		lines []byte
		cause Cause
		data  [2]bool // of client and server is open
	}{
		{"nothing", nil, NoKeysGiven, [2]bool{}},
		{"of another connection", []byte(vectorLog), NoLine, [2]bool{}},
		{"handshake only", only("CLIENT_HANDSHAKE", "SERVER_HANDSHAKE"), NoTrafficSecret, [2]bool{}},
		{"traffic only", only("CLIENT_TRAFFIC", "SERVER_TRAFFIC"), NoHandshakeSecret, [2]bool{true, true}},
		{"server only", only("SERVER"), OneSideOnly, [2]bool{false, true}},
		{"client only", only("CLIENT"), OneSideOnly, [2]bool{true, false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewProvider(nil)
			p.Log().Add(tt.lines, "log")
			f := replay(p, wire, nil)
			st := f.s.Status()
			if st.Cause != tt.cause || st.Why == "" || len(st.Missing) == 0 {
				t.Errorf("status %+v", st)
			}
			if got := [2]bool{len(f.plain[0]) > 0, len(f.plain[1]) > 0}; got != tt.data {
				t.Errorf("data is open: %v", got)
			}
		})
	}
}

// TestOneSided plays one direction only.
func TestOneSided(t *testing.T) {
	for _, k := range kinds {
		client, server, log := config(t, k.version, k.suite)
		wire := converse(t, client, server)
		for _, side := range []flow.Side{flow.Client, flow.Server} {
			t.Run(k.name+" "+side.String(), func(t *testing.T) {
				p := NewProvider(nil)
				p.Log().Add([]byte(vectorLog), "another")
				p.Log().Add(log.Bytes(), "log")
				var half []chunk
				for _, c := range wire {
					if c.side == side {
						half = append(half, c)
					}
				}
				f := replay(p, half, nil)
				st := f.s.Status()
				if k.version != ctls.VersionTLS13 && side == flow.Client {
					if st.Cause != NoServerHello || f.opened != 0 {
						t.Errorf("%+v", st)
					}
					return
				}
				want := bytes.Repeat([]byte(question), rounds)
				if side == flow.Server {
					want = bytes.Repeat(answer, rounds)
				}
				if st.Cause != AllOpen || len(f.errs) != 0 || !bytes.Equal(f.plain[side], want) {
					t.Errorf("%d bytes of data, %v, %+v", len(f.plain[side]), f.errs, st)
				}
				for _, c := range f.finished[side] {
					if c.known {
						t.Error("Finished is verified without the other side")
					}
				}
			})
		}
	}
}

// TestGuessing: a hello with ECH whose line is not in a large log costs a
// bounded time, and the line is found among thousands.
func TestGuessing(t *testing.T) {
	var other bytes.Buffer
	for i := range 3000 {
		for line := range strings.Lines(vectorLog) {
			other.WriteString(strings.Replace(line, vectorRandom[:8], fmt.Sprintf("%08x", i), 1))
		}
	}
	file := filepath.Join(pcaps, "tls13-ech")
	p := NewProvider(loadLog(t, file+".keys"))
	p.Log().Add(other.Bytes(), "others")
	for _, f := range play(t, file+".pcapng", p) {
		if st := f.s.Status(); st.Cause != AllOpen || f.opened == 0 || !f.s.InnerHello() {
			t.Errorf("%+v, inner hello %v", st, f.s.InnerHello())
		}
	}
	p = NewProvider(nil)
	p.Log().Add(other.Bytes(), "others")
	start := time.Now()
	for range 10 {
		for _, f := range play(t, file+".pcapng", p) {
			if st := f.s.Status(); f.opened != 0 || st.Cause != WrongKeys && st.Cause != NoLine {
				t.Errorf("%+v", st)
			}
		}
	}
	t.Logf("10 connections, %d lines tried: %v", p.guesses.Load(), time.Since(start))
	if n := p.guesses.Load(); n == 0 || n > 10*2*patience*3000 {
		t.Errorf("%d lines tried", n)
	}
}
