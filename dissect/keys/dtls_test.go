package keys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A dtlsRecord is a sealed record of a DTLS capture.
type dtlsRecord struct {
	side  flow.Side
	h     tls.RecordHeader
	epoch uint16
	seq   uint64
	body  []byte
}

// dtlsHandshake tells a Session the handshake of a capture of DTLS whose messages
// stand in one fragment each, and returns its sealed records, of which each, if
// not nil, is told at once.
func dtlsHandshake(t *testing.T, s *Session, datagrams []datagram, each func(dtlsRecord)) (sealed []dtlsRecord) {
	t.Helper()
	for _, d := range datagrams {
		for b := d.data; len(b) >= 13; {
			n := int(b[11])<<8 | int(b[12])
			r := dtlsRecord{side: d.side, h: tls.RecordHeader{Type: tls.ContentType(b[0]), Version: tls.Version(b[1])<<8 | tls.Version(b[2]), Length: n},
				epoch: uint16(b[3])<<8 | uint16(b[4]), seq: uint64(b[9])<<8 | uint64(b[10]), body: b[13 : 13+n]}
			b = b[13+n:]
			switch {
			case r.epoch > 0:
				sealed = append(sealed, r)
				if each != nil {
					each(r)
				}
			case r.h.Type == tls.ContentHandshake:
				tell(s, r.side, r.body)
			}
		}
	}
	return sealed
}

// tell gives a Session whole handshake messages with the header of DTLS.
func tell(s *Session, side flow.Side, b []byte) {
	for len(b) >= 12 {
		n := int(b[9])<<16 | int(b[10])<<8 | int(b[11])
		s.MessageDTLS(side, uint16(b[4])<<8|uint16(b[5]), append([]byte{b[0], b[1], b[2], b[3]}, b[12:12+n]...))
		b = b[12+n:]
	}
}

// A datagram is one of a side.
type datagram struct {
	side flow.Side
	data []byte
}

// datagramsOf reads the first flow of a capture of UDP over Ethernet and IPv4.
// Its first packet is the client's.
func datagramsOf(t *testing.T, name string) (all []datagram) {
	t.Helper()
	f, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p capture.Packet
	var client [2]byte
	for f.Next(&p) == nil {
		udp := p.Data[14+20:]
		ports := [2][2]byte{{udp[0], udp[1]}, {udp[2], udp[3]}}
		if all == nil {
			client = ports[0]
		}
		switch client {
		case ports[0]:
			all = append(all, datagram{flow.Client, bytes.Clone(udp[8:])})
		case ports[1]:
			all = append(all, datagram{flow.Server, bytes.Clone(udp[8:])})
		}
	}
	return all
}

// dtlsPSK is a connection of DTLS 1.2 with AES-128-CCM-8 and a pre-shared key.
func dtlsPSK(t *testing.T, each func(*Session, dtlsRecord)) (*Session, []dtlsRecord) {
	t.Helper()
	p := NewProvider(nil)
	p.AddPSK([]byte("sensor-7"), []byte{0x1a, 0x2b, 0x3c, 0x4d})
	s := p.NewSession()
	return s, dtlsHandshake(t, s, datagramsOf(t, pcaps+"/dtls-psk.pcapng"), func(r dtlsRecord) {
		if each != nil {
			each(s, r)
		}
	})
}

func TestDTLS(t *testing.T) {
	said := ""
	s, _ := dtlsPSK(t, func(s *Session, r dtlsRecord) {
		if !s.ReadyDTLS(r.side, r.epoch) {
			t.Fatalf("no key for a record of the %s", r.side)
		}
		o, err := s.OpenDTLS(r.side, r.h, r.epoch, r.seq, nil, r.body)
		if err != nil {
			t.Fatal(err)
		}
		switch o.Type {
		case tls.ContentHandshake:
			tell(s, r.side, o.Plain)
			if ok, known := s.VerifyFinished(r.side); !known || !ok {
				t.Errorf("Finished of the %s: %v, %v", r.side, ok, known)
			}
		case tls.ContentApplicationData:
			said += string(o.Plain)
		}
	})
	if !strings.Contains(said, "GET temperature") || !strings.Contains(said, "22.5 degrees") {
		t.Errorf("said %q", said)
	}
	if st := s.Status(); st.Cause != AllOpen || len(st.Sources) != 1 || st.Sources[0] != FromPSK {
		t.Errorf("status %+v", st)
	}
}

// TestDTLSAnyOrder opens the records from the last to the first, each twice.
func TestDTLSAnyOrder(t *testing.T) {
	s, sealed := dtlsPSK(t, nil)
	slices.Reverse(sealed)
	for _, r := range append(sealed, sealed...) {
		if _, err := s.OpenDTLS(r.side, r.h, r.epoch, r.seq, nil, r.body); err != nil {
			t.Error(err)
		}
	}
}

func TestDTLSAltered(t *testing.T) {
	for _, tc := range []struct {
		name  string
		alter func(*dtlsRecord)
		clear bool // no record that could be sealed
	}{
		{"sequence number", func(r *dtlsRecord) { r.seq++ }, false},
		{"type", func(r *dtlsRecord) { r.h.Type ^= 1 }, false},
		{"version", func(r *dtlsRecord) { r.h.Version ^= 2 }, false},
		{"first byte", func(r *dtlsRecord) { r.body[0] ^= 1 }, false},
		{"last byte", func(r *dtlsRecord) { r.body[len(r.body)-1] ^= 0x80 }, false},
		{"shorter", func(r *dtlsRecord) { r.body = r.body[:len(r.body)-1] }, false},
		{"empty", func(r *dtlsRecord) { r.body = nil }, false},
		{"other side", func(r *dtlsRecord) { r.side ^= 1 }, false},
		{"epoch 0", func(r *dtlsRecord) { r.epoch = 0 }, true},
		{"epoch to come", func(r *dtlsRecord) { r.epoch = 2 }, true},
		{"last epoch", func(r *dtlsRecord) { r.epoch = 0xffff }, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, sealed := dtlsPSK(t, nil)
			for _, r := range sealed { // both sides have keys
				if _, err := s.OpenDTLS(r.side, r.h, r.epoch, r.seq, nil, r.body); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range sealed {
				x := r
				x.body = bytes.Clone(r.body)
				tc.alter(&x)
				_, err := s.OpenDTLS(x.side, x.h, x.epoch, x.seq, nil, x.body)
				if err == nil || errors.Is(err, ErrClear) != tc.clear {
					t.Errorf("error %v", err)
				}
				if _, err := s.OpenDTLS(r.side, r.h, r.epoch, r.seq, nil, r.body); err != nil {
					t.Errorf("behind it a good record: %v", err)
				}
			}
		})
	}
}

func TestDTLSNone(t *testing.T) {
	var none *Session
	none.MessageDTLS(flow.Client, 0, []byte{1, 0, 0, 0})
	none.PassDTLS(flow.Client, tls.RecordHeader{}, 1)
	if _, err := none.OpenDTLS(flow.Client, tls.RecordHeader{}, 1, 0, nil, nil); !errors.Is(err, ErrClear) || none.ReadyDTLS(flow.Client, 1) {
		t.Error(err)
	}
	for _, tc := range []struct {
		name  string
		p     *Provider
		cause Cause
	}{{"no keys", nil, NoKeysGiven}, {"another key", func() *Provider { p := NewProvider(nil); p.AddPSK([]byte("sensor-7"), []byte{1}); return p }(), WrongKeys},
		{"key of another", func() *Provider { p := NewProvider(nil); p.AddPSK([]byte("x"), []byte{1}); return p }(), UnknownPSK}} {
		s := tc.p.NewSession()
		for _, r := range dtlsHandshake(t, s, datagramsOf(t, pcaps+"/dtls-psk.pcapng"), nil) {
			if !s.ReadyDTLS(r.side, r.epoch) {
				s.PassDTLS(r.side, r.h, r.epoch)
			} else if _, err := s.OpenDTLS(r.side, r.h, r.epoch, r.seq, nil, r.body); err == nil {
				t.Errorf("%s: a record opens", tc.name)
			}
		}
		if st := s.Status(); st.Cause != tc.cause || st.Side[0].Opened+st.Side[1].Opened > 0 || st.Side[0].Sealed == 0 {
			t.Errorf("%s: %+v", tc.name, st)
		}
	}
}

// FuzzDTLS gives a Session any messages and records.
func FuzzDTLS(f *testing.F) {
	f.Add([]byte{1, 0, 0, 2, 3, 3}, []byte("sealed"), uint16(1), uint64(5), uint16(0xfefd))
	f.Add([]byte{2, 0, 0, 0}, []byte{}, uint16(0xffff), uint64(1<<63), uint16(0xfeff))
	f.Fuzz(func(t *testing.T, msg, body []byte, epoch uint16, seq uint64, version uint16) {
		p := NewProvider(nil)
		p.AddPSK(nil, []byte{1})
		s := p.NewSession()
		for side := flow.Client; side <= flow.Server; side++ {
			s.MessageDTLS(side, uint16(seq), msg)
			h := tls.RecordHeader{Type: tls.ContentHandshake, Version: tls.Version(version), Length: len(body)}
			if _, err := s.OpenDTLS(side, h, epoch, seq, nil, body); err == nil {
				t.Error("opened without a handshake")
			}
			s.PassDTLS(side, h, epoch)
			if st := s.Status(); st.Side[side].Opened != 0 || epoch == 0 && st.Side[side].Sealed != 0 {
				t.Errorf("%+v", st)
			}
		}
	})
}

// TestDTLSBad opens the DTLS that OpenSSL had before there was a standard: its
// MACs leave out the epoch, and Finished covers all hellos and no headers.
func TestDTLSBad(t *testing.T) {
	corpus := os.Getenv("TLSLENS_CORPUS")
	if corpus == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	ks, err := LoadPrivateKeys(filepath.Join(corpus, "captures/keys/wireshark/test/keys/snakeoil-rsa.key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := NewProvider(nil)
	p.AddPrivateKey(ks...)
	s := p.NewSession()
	dtlsHandshake(t, s, datagramsOf(t, filepath.Join(corpus, "captures/wireshark/test/captures/snakeoil-dtls.pcap")), func(r dtlsRecord) {
		o, err := s.OpenDTLS(r.side, r.h, r.epoch, r.seq, nil, r.body)
		if err != nil {
			t.Fatal(err)
		}
		if r.h.Type == tls.ContentHandshake {
			tell(s, r.side, o.Plain)
			if ok, known := s.VerifyFinished(r.side); !ok || !known {
				t.Errorf("Finished of the %s: %v, %v", r.side, ok, known)
			}
		}
	})
	if st := s.Status(); st.Side[0].Opened < 4 || st.Side[1].Opened == 0 || st.Sources[0] != FromPrivateKey {
		t.Errorf("%+v", st)
	}
}

// TestNearest13 holds how a record number grows out of its low bits (RFC 9147,
// Section 4.2.2).
func TestNearest13(t *testing.T) {
	for _, tc := range []struct {
		name            string
		next, low, wrap uint64
		want            uint64
	}{
		{"the first", 0, 0, 1 << 8, 0},
		{"ahead", 3, 9, 1 << 8, 9},
		{"late", 9, 3, 1 << 8, 3},
		{"before the first wrap nothing is below 0", 3, 250, 1 << 8, 250},
		{"over a wrap", 0x1fe, 0x01, 1 << 8, 0x201},
		{"from before a wrap", 0x201, 0xfe, 1 << 8, 0x1fe},
		{"16 bits", 0x2fffe, 0x0003, 1 << 16, 0x30003},
		{"16 bits, late", 0x30003, 0xfffe, 1 << 16, 0x2fffe},
	} {
		if got := nearest13(tc.next, tc.low, tc.wrap); got != tc.want {
			t.Errorf("%s: %#x, want %#x", tc.name, got, tc.want)
		}
	}
}

// TestCovered writes out what RFC 9146, Section 5, has tags and MACs cover of a
// record with a connection id, and what RFC 6347 has of one without.
func TestCovered(t *testing.T) {
	var c covered
	c.setCID([]byte{0xaa, 0xbb})
	seq := uint64(1)<<48 | 7
	for _, tc := range []struct {
		typ  tls.ContentType
		want string
	}{
		{tls.ContentTLS12CID, "ffffffffffffffff" + "19" + "02" + "19" + "fefd" + "0001" + "000000000007" + "aabb" + "0105"},
		{tls.ContentHandshake, "0001" + "000000000007" + "16" + "fefd" + "0105"},
	} {
		if got := fmt.Sprintf("%x", c.header(seq, tls.RecordHeader{Type: tc.typ, Version: tls.VersionDTLS12}, 0x105)); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.typ, got, tc.want)
		}
	}
}
