package keys

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"errors"
	"fmt"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// tunnel returns a Session whose server seals with the keys of a suite, and
// one record of n zero bytes with sequence number 0. The sealing is that of
// the opener's own parts, so this is for speed and allocations only.
func tunnel(t testing.TB, code tls.CipherSuite, version tls.Version, n int) (*Session, tls.RecordHeader, []byte) {
	t.Helper()
	p := NewProvider(nil)
	s := p.NewSession()
	info, ok := code.Info()
	if !ok {
		t.Fatal("no such suite")
	}
	hs := &handshake{haveCH: true, haveSH: true, version: version, suite: code, info: info, known: true, selected: -1}
	s.hs = hs
	f := &s.half[flow.Server]
	f.sealed, f.hs = true, hs
	h := tls.RecordHeader{Type: tls.ContentApplicationData, Version: tls.VersionTLS12}
	plain := make([]byte, n)
	if version == tls.VersionTLS13 {
		f.epoch = application13
		sched := newSchedule13(version, hashByName(info.PRF))
		f.cur = newAEAD13(version, sched, info, make([]byte, sched.size))
		o := f.cur.(*aead13)
		plain = append(plain, 23)
		h.Length = len(plain) + o.aead.Overhead()
		aad := []byte{23, 3, 3, byte(h.Length >> 8), byte(h.Length)}
		return s, h, o.aead.Seal(nil, o.iv[:], plain, aad)
	}
	f.cur = hs.build(make([]byte, info.MACLen), make([]byte, info.KeyLen), make([]byte, max(info.FixedIVLen, info.BlockSize*btoi(version < tls.VersionTLS11))))
	switch o := f.cur.(type) {
	case *aead12:
		nonce := make([]byte, o.aead.NonceSize())
		return s, h, append(make([]byte, o.explicit), o.aead.Seal(nil, nonce, plain, o.header(0, h, n))...)
	case *stream:
		body := append(plain, o.mac.sum(0, h, plain, nil)...)
		if o.rc4 != nil {
			o.rc4.XORKeyStream(body, body)
			f.cur = hs.build(make([]byte, info.MACLen), make([]byte, info.KeyLen), nil)
		}
		return s, h, body
	}
	if o, ok := f.cur.(*cbc); ok { // explicit IV of zeros
		body := append(plain, o.mac.sum(0, h, plain, nil)...)
		for n := 16 - len(body)%16; len(body)%16 != 0 || n == 16; n = 0 {
			body = append(body, bytes.Repeat([]byte{byte(n - 1)}, n)...)
		}
		cipher.NewCBCEncrypter(o.block, make([]byte, 16)).CryptBlocks(body, body)
		return s, h, append(make([]byte, 16), body...)
	}
	t.Fatalf("no sealer for %T", f.cur)
	return nil, h, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

var fastSuites = []struct {
	suite   tls.CipherSuite
	version tls.Version
}{
	{0x1301, tls.VersionTLS13}, {0x1302, tls.VersionTLS13}, {0x1303, tls.VersionTLS13}, {0x1304, tls.VersionTLS13},
	{0xc02f, tls.VersionTLS12}, {0xcca8, tls.VersionTLS12}, {0xc09c, tls.VersionTLS12}, {0x0002, tls.VersionTLS12}, {0xc027, tls.VersionTLS12}, {0xc013, tls.VersionTLS11},
}

// TestOpenAllocations: a record that opens costs nothing but its time.
func TestOpenAllocations(t *testing.T) {
	for _, tt := range fastSuites {
		t.Run(tt.suite.String(), func(t *testing.T) {
			s, h, body := tunnel(t, tt.suite, tt.version, 1000)
			fail := ""
			n := testing.AllocsPerRun(100, func() {
				s.half[flow.Server].seq = 0
				if o, err := s.Open(flow.Server, h, body); err != nil || len(o.Plain) != 1000 {
					fail = fmt.Sprint(err)
				}
			})
			if fail != "" || n != 0 {
				t.Errorf("%v allocations, %s", n, fail)
			}
		})
	}
}

// TestCompressed opens compressed records with a MAC, and stops where the
// content cannot be unpacked.
func TestCompressed(t *testing.T) {
	s, h, _ := tunnel(t, 0x0002, tls.VersionTLS12, 0)
	f := &s.half[flow.Server]
	f.zip = new(inflater)
	mac := f.cur.(*stream).mac
	seal := func(seq uint64, b []byte) []byte { return append(bytes.Clone(b), mac.sum(seq, h, b, nil)...) }
	want := bytes.Repeat([]byte("again and "), 500)
	o, err := s.Open(flow.Server, h, seal(0, deflated(t, want)))
	if err != nil || !bytes.Equal(o.Plain, want) {
		t.Fatalf("%d bytes, %v", len(o.Plain), err)
	}
	if _, err := s.Open(flow.Server, h, seal(1, []byte("no deflate"))); err == nil {
		t.Error("it opens")
	}
	var no *NoKeys
	if _, err := s.Open(flow.Server, h, seal(2, deflated(t, want))); !errors.As(err, &no) || no.Cause != SequenceLost {
		t.Errorf("behind it: %v", err)
	}
}

// TestTruncatedMAC compares with HMAC as RFC 6066, Section 7 has it.
func TestTruncatedMAC(t *testing.T) {
	key, content := []byte("a key of twenty byte"), []byte("content")
	h := tls.RecordHeader{Type: tls.ContentApplicationData, Version: tls.VersionTLS11}
	m := hmac.New(sha1.New, key)
	m.Write([]byte{0, 0, 0, 0, 0, 0, 0, 9, 23, 3, 2, 0, 7})
	m.Write(content)
	want := m.Sum(nil)
	for _, truncated := range []bool{false, true} {
		o := &stream{mac: newRecordMAC(sha1.New, key, tls.VersionTLS11, truncated)}
		body := append(bytes.Clone(content), want[:20-10*btoi(truncated)]...)
		if got, _, f := o.open(nil, 9, h, body); f != fine || !bytes.Equal(got, content) {
			t.Errorf("truncated %v: %q, fault %d", truncated, got, f)
		}
		body[len(body)-1] ^= 1
		if _, _, f := o.open(nil, 9, h, body); f != badTag {
			t.Errorf("truncated %v, changed: fault %d", truncated, f)
		}
	}
}

// TestUnpad: padding is looked at in full, but in SSL 3.0.
func TestUnpad(t *testing.T) {
	tests := []struct {
		name    string
		b       []byte
		ssl3    bool
		content int // -1 if it is wrong
	}{
		{"none", []byte{1, 2, 3, 0}, false, 3},
		{"three", []byte{1, 2, 2, 2}, false, 1},
		{"all", []byte{3, 3, 3, 3}, false, 0},
		{"too long", []byte{4, 4, 4, 4}, false, -1},
		{"one differs", []byte{1, 2, 1, 2}, false, -1},
		{"anything in SSL 3.0", []byte{1, 9, 8, 2}, true, 1},
		{"a block in SSL 3.0", []byte{1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8, 8}, true, -1},
		{"the same in TLS", []byte{1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8, 8}, false, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, pad, ok := unpad(tt.b, 8, tt.ssl3)
			if ok != (tt.content >= 0) || ok && (len(c) != tt.content || len(c)+pad != len(tt.b)) {
				t.Errorf("%d bytes and %d of padding, %v", len(c), pad, ok)
			}
		})
	}
}

// BenchmarkConnection plays the connection of the vector.
func BenchmarkConnection(b *testing.B) {
	p := NewProvider(nil)
	p.Log().Add([]byte(vectorLog), "log")
	var wire []chunk
	for _, r := range vectorRecords {
		wire = append(wire, chunk{r.side, unhex(b, r.hex)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if f := replay(p, wire, nil); f.opened != 7 {
			b.Fatal(f.errs)
		}
	}
}

func BenchmarkPrivateKey(b *testing.B) {
	ks, err := LoadPrivateKeys(pcaps+"/pki/www-rsa.key", nil)
	if err != nil {
		b.Fatal(err)
	}
	c := bytes.Repeat([]byte{1}, 256)
	for b.Loop() {
		ks[0].decrypt(c)
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, tt := range fastSuites {
		b.Run(tt.suite.String(), func(b *testing.B) {
			s, h, body := tunnel(b, tt.suite, tt.version, 16000)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				s.half[flow.Server].seq = 0
				if _, err := s.Open(flow.Server, h, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzLog(f *testing.F) {
	f.Add([]byte(vectorLog), 3)
	f.Add([]byte(allLabels()), 100)
	f.Add([]byte(utf16le(vectorLog)), 1)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		l := NewLog()
		l.Add(b, "fuzz")
		st := l.Stats()
		if st.Junk+st.Secrets+st.Repeated+st.Dropped != st.Lines || len(st.FirstJunk) > maxJunkKept || st.Connections > st.Secrets {
			t.Errorf("%+v", st)
		}
		// Pieces of any size give the same.
		m := NewLog()
		feed := m.Feed("fuzz")
		for rest := b; len(rest) > 0; {
			k := min(len(rest), 1+max(0, n)%64)
			_, _ = feed.Write(rest[:k])
			rest = rest[k:]
		}
		_ = feed.Close()
		if fmt.Sprintf("%+v", m.Stats()) != fmt.Sprintf("%+v", st) {
			t.Errorf("in pieces %+v, at once %+v", m.Stats(), st)
		}
		// What is used can be read again.
		for _, e := range l.inOrder {
			for _, x := range e.lines {
				x.used = true
			}
		}
		p := NewProvider(l)
		var out bytes.Buffer
		_ = p.WriteUsed(&out)
		again := NewLog()
		again.Add(out.Bytes(), "again")
		if again.Stats().Junk != 0 || again.Stats().Connections != st.Connections {
			t.Errorf("written and read again: %+v, was %+v", again.Stats(), st)
		}
	})
}

// FuzzSession plays a connection of the vector with operations between its
// records, as bytes of the fuzzer say.
func FuzzSession(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8}, []byte("x"))
	f.Add([]byte{0, 1, 0x12, 3, 0x24, 5, 0x36, 0x47, 8, 0x50, 0x61}, unhex(f, vectorServerFlight)[5:])
	f.Add([]byte{0, 1, 0x70, 0x71, 0x42, 0x53, 3, 3, 3}, unhex(f, vectorServerHello)[5:])
	f.Fuzz(func(t *testing.T, ops, extra []byte) {
		p := NewProvider(nil)
		p.Log().Add([]byte(vectorLog), "log")
		p.AddPSK(nil, []byte("key"))
		fd := &feeder{s: p.NewSession(), known: true, begun: [2]bool{true, true}}
		s := fd.s
		for _, op := range ops[:min(len(ops), 64)] {
			r := vectorRecords[int(op&15)%len(vectorRecords)]
			switch op >> 4 {
			case 0:
				fd.feed(r.side, unhex(t, r.hex))
			case 1:
				s.Skip(r.side, int64(len(extra))-3)
			case 2:
				s.Message(r.side, extra)
			case 3:
				b := unhex(t, r.hex)
				for i := range extra {
					b[5+i%(len(b)-5)] ^= extra[i]
				}
				fd.feed(r.side, b)
			case 4:
				s.ChangeCipherSpec(r.side)
			case 5:
				h := tls.RecordHeader{Type: tls.ContentType(op), Version: tls.VersionTLS12, Length: len(extra)}
				o, err := s.Open(r.side, h, extra)
				var no *NoKeys
				var bad *BadTag
				if err == nil && len(o.Plain) >= len(extra) {
					t.Error("the content is longer than the record")
				}
				if err != nil && !errors.As(err, &no) && !errors.As(err, &bad) && !errors.Is(err, ErrClear) {
					t.Errorf("%T", err)
				}
			case 6:
				s.Pass(r.side, tls.RecordHeader{Length: len(extra)})
			case 7:
				s.SSL2Hello(extra)
			}
		}
		st := s.Status()
		for side, n := range st.Side {
			if n.Opened+n.Bad+n.Closed != n.Sealed {
				t.Errorf("%s: %+v", flow.Side(side), n)
			}
		}
		if (st.Cause == AllOpen) != (st.Why == "") {
			t.Errorf("%+v", st)
		}
	})
}
