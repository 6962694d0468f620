package keys

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// session13 returns a Session in the tunnel of DTLS 1.3 with a suite, and the
// secret of the client that its key log has.
func session13(t testing.TB, suite tls.CipherSuite) (*Session, secret) {
	t.Helper()
	info, ok := suite.Info()
	if !ok {
		t.Fatal(suite)
	}
	hs := &handshake{haveCH: true, haveSH: true, version: tls.VersionDTLS13, suite: suite, info: info, known: true, dtls: true, selected: -1}
	traffic := secret(bytes.Repeat([]byte{7}, hashByName(info.PRF)().Size()))
	p := NewProvider(nil)
	p.Log().Add(fmt.Appendf(nil, "CLIENT_TRAFFIC_SECRET_0 %x %x\n", hs.clientRandom, []byte(traffic)), "test")
	s := p.NewSession()
	s.hs = hs
	s.half[flow.Client].enter13(application13)
	return s, traffic
}

// seal13 makes a record as RFC 9147, Section 4, describes it: a header of the
// given form, whose number is then encrypted.
func seal13(s *Session, traffic secret, epoch, seq uint64, first byte, cid, content []byte) Record13 {
	sched := s.hs.schedule13(hashByName(s.hs.info.PRF))
	for range epoch - uint64(application13) {
		traffic = sched.next(traffic)
	}
	a := newAEAD13(tls.VersionDTLS13, sched, s.hs.info, traffic).(*aead13)
	h := append([]byte{0x20 | first | byte(epoch&3)}, cid...)
	r := Record13{Epoch: epoch, SeqAt: len(h), SeqLen: 1}
	if first&0x08 != 0 {
		h, r.SeqLen = append(h, byte(seq>>8)), 2
	}
	h = append(h, byte(seq))
	if n := len(content) + a.aead.Overhead(); first&0x04 != 0 {
		h = append(h, byte(n>>8), byte(n))
	}
	nonce := a.iv
	xorSeq(&nonce, seq)
	r.Body = a.aead.Seal(nil, nonce[:], content, h)
	mask := newMasker(sched, s.hs.info, traffic)(r.Body)
	for i := range r.SeqLen {
		h[r.SeqAt+i] ^= mask[i]
	}
	r.Header = h
	return r
}

// TestUnifiedHeaders opens records with headers of every form, in every suite
// that has keys here, out of order and behind losses and changes of keys.
func TestUnifiedHeaders(t *testing.T) {
	type rec struct {
		epoch, seq uint64
		ok         bool
	}
	sent := []rec{{3, 0, true}, {3, 2, true}, {3, 1, true}, {3, 300, true}, {3, 290, true}, {3, 4000, true}, {4, 0, true}, {3, 4001, true}, {4, 70, true}, {5, 3, true}, {4, 71, true}, {40, 0, false}}
	for _, suite := range []tls.CipherSuite{0x1301, 0x1302, 0x1303, 0x1304, 0x1305} {
		for _, first := range []byte{0, 4, 8, 12, 16, 28} {
			var cid []byte
			if first&0x10 != 0 {
				cid = bytes.Repeat([]byte{0xc1}, 1+int(first)*9)
			}
			s, traffic := session13(t, suite)
			for _, r := range sent {
				x := seal13(s, traffic, r.epoch, r.seq, first, cid, []byte("what was said\x17\x00\x00"))
				if !r.ok {
					if s.ReadyDTLS13(flow.Client, r.epoch) {
						t.Errorf("%v %#x: epoch %d is believed", suite, first, r.epoch)
					}
					continue
				}
				o, seq, err := s.OpenDTLS13(flow.Client, x)
				if err != nil || seq != r.seq || string(o.Plain) != "what was said" || o.Type != tls.ContentApplicationData || o.Padding != 2 || o.Generation != int(r.epoch)-3 {
					t.Fatalf("%v %#x: epoch %d, number %d: %d %+v %v", suite, first, r.epoch, r.seq, seq, o, err)
				}
			}
			x := seal13(s, traffic, 5, 4, first, cid, []byte("what was said\x17"))
			for i := range len(x.Header) + len(x.Body) {
				b := x.Header
				if i >= len(b) {
					i, b = i-len(b), x.Body
				}
				if b[i] ^= 1; true {
					if _, _, err := s.OpenDTLS13(flow.Client, x); err == nil {
						t.Fatalf("%v %#x: a flipped bit in byte %d of %d is not noticed", suite, first, i, len(b))
					}
					b[i] ^= 1
				}
			}
			if n := s.Status().Side[flow.Client]; n.Opened != len(sent)-1 || n.Bad == 0 {
				t.Errorf("%v %#x: counted %+v", suite, first, n)
			}
		}
	}
}

// TestShortRecords13 gives pieces of records: none is opened, none panics.
func TestShortRecords13(t *testing.T) {
	s, traffic := session13(t, 0x1301)
	x := seal13(s, traffic, 3, 0, 12, nil, []byte("x\x17"))
	for n := range len(x.Body) {
		y := x
		y.Body = x.Body[:n]
		if _, _, err := s.OpenDTLS13(flow.Client, y); err == nil {
			t.Errorf("%d bytes of %d are opened", n, len(x.Body))
		}
	}
	for n := range len(x.Header) {
		y := x
		y.Header = x.Header[:n]
		if _, _, err := s.OpenDTLS13(flow.Client, y); err == nil {
			t.Errorf("%d bytes of the header are enough", n)
		}
	}
	var none *Session
	if _, _, err := none.OpenDTLS13(flow.Client, x); err == nil || none.ReadyDTLS13(flow.Client, 3) {
		t.Error("no session opens something")
	}
	none.PassDTLS13(flow.Client)
}

// FuzzRecord13 gives records of any form to a session with keys.
func FuzzRecord13(f *testing.F) {
	s, traffic := session13(f, 0x1303)
	x := seal13(s, traffic, 3, 0, 12, nil, []byte("x\x17"))
	f.Add(uint64(3), uint8(1), uint8(2), x.Header, x.Body)
	f.Fuzz(func(t *testing.T, epoch uint64, at, n uint8, header, body []byte) {
		s, traffic := session13(t, 0x1303)
		r := Record13{Epoch: epoch, Header: header, SeqAt: int(at), SeqLen: int(n), Body: body}
		o, _, err := s.OpenDTLS13(flow.Client, r)
		if err == nil && len(o.Plain) > len(body) {
			t.Errorf("%d bytes out of %d", len(o.Plain), len(body))
		}
		good := seal13(s, traffic, 3, 1, 12, nil, []byte("y\x17"))
		if _, _, err := s.OpenDTLS13(flow.Client, good); err != nil {
			t.Errorf("a good record behind it: %v", err)
		}
	})
}
