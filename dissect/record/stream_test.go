package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

const (
	tls12 = tls.VersionTLS12
	tls13 = tls.VersionTLS13
	// Suites of TLS 1.2 with a real cipher and without any.
	gcm  = tls.CipherSuite(0xc02f) // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	none = tls.CipherSuite(0x003b) // TLS_RSA_WITH_NULL_SHA256: a MAC of 32 bytes
)

// Calls that many cases share.
const (
	helloRecord = "c@1 record handshake TLS 1.2 7"
	helloBytes  = "c handshake plain 01000003010203"
	ccsRecord   = "c@1 record change_cipher_spec TLS 1.2 1"
)

func TestStream(t *testing.T) {
	hello := msg(tls.TypeClientHello, 1, 2, 3)
	done := msg(tls.TypeServerHelloDone)
	ccs := rec(tls.ContentChangeCipherSpec, 1)
	mac := make([]byte, 32)
	long := make([]byte, 1<<14+1)
	long[0], long[2], long[3] = 1, 0x3f, 0xfd // a message that fills the record
	unknown, sealed, open := conn.Negotiated{}, conn.Negotiated{Version: tls12, Suite: gcm}, conn.Negotiated{Version: tls12, Suite: none}
	tests := []struct {
		name   string
		agreed conn.Negotiated
		mid    bool
		in     []byte
		want   []string
	}{
		{"a message in a record", unknown, false, rec(22, hello...), []string{helloRecord, helloBytes}},
		{"messages in a record", unknown, false, rec(22, join(hello, done)...),
			[]string{"c@1 record handshake TLS 1.2 11", helloBytes + "0e000000"}},
		{"a message over records", unknown, false, join(rec(22, hello[:2]...), rec(22, hello[2:]...)),
			[]string{"c@1 record handshake TLS 1.2 2", "c handshake plain 0100", "c@1 record handshake TLS 1.2 5", "c handshake plain 0003010203"}},
		{"an empty record", unknown, false, join(rec(22, hello...), rec(23), rec(22, done...)),
			[]string{helloRecord, helloBytes, "c@1 record application_data TLS 1.2 0", "c@1 sealed application_data 0", "c@1 record handshake TLS 1.2 4", "c handshake plain 0e000000"}},
		{"CCS in TLS 1.2: what follows is sealed", sealed, false, join(ccs, rec(22, 1, 2, 3, 4), rec(23, 5, 6), rec(21, make([]byte, 26)...)),
			[]string{ccsRecord, "c@1 ccs", "c@1 record handshake TLS 1.2 4", "c@1 sealed handshake 4", "c@1 record application_data TLS 1.2 2", "c@1 sealed application_data 2", "c@1 record alert TLS 1.2 26", "c@1 sealed alert 26"}},
		{"CCS in TLS 1.3 means nothing", conn.Negotiated{Version: tls13, Suite: 0x1301}, false, join(ccs, rec(22, hello...), rec(23, 5, 6)),
			[]string{ccsRecord, "c@1 ccs", helloRecord, helloBytes, "c@1 record application_data TLS 1.2 2", "c@1 sealed application_data 2"}},
		{"CCS before ServerHello: content decides", unknown, false, join(ccs, rec(22, hello...), rec(22, 0x99, 1, 2, 3, 4, 5)),
			[]string{ccsRecord, "c@1 ccs", helloRecord, helloBytes, "c@1 record handshake TLS 1.2 6", "c@1 sealed handshake 6"}},
		{"CCS before ServerHello: a nonce of zeros is no HelloRequest", unknown, false, join(ccs, rec(22, make([]byte, 40)...)),
			[]string{ccsRecord, "c@1 ccs", "c@1 record handshake TLS 1.2 40", "c@1 sealed handshake 40"}},
		{"an alert", unknown, false, rec(21, 2, 40), []string{"c@1 record alert TLS 1.2 2", "c@1 alert plain 2 40"}},
		{"an alert that says nonsense", unknown, false, rec(21, 7, 200), []string{"c@1 record alert TLS 1.2 2", "c@1 alert plain 7 200"}},
		{"alerts in a record", unknown, false, rec(21, 1, 90, 2, 40), []string{"c@1 record alert TLS 1.2 4", "c@1 alert plain 1 90", "c@1 alert plain 2 40"}},
		{"an odd alert", unknown, false, rec(21, 2, 40, 1), []string{"c@1 record alert TLS 1.2 3", "c@1 sealed alert 3"}},
		{"alerts of which one is none", unknown, false, rec(21, 2, 40, 9, 9), []string{"c@1 record alert TLS 1.2 4", "c@1 sealed alert 4"}},
		{"an alert of two bytes cannot be sealed", sealed, false, join(ccs, rec(21, 1, 0)), []string{ccsRecord, "c@1 ccs", "c@1 record alert TLS 1.2 2", "c@1 alert plain 1 0"}},
		{"NULL cipher: all is readable but the MAC", open, false,
			join(ccs, rec(22, join(done, mac)...), rec(23, join([]byte("GET /"), mac)...), rec(21, join([]byte{1, 0}, mac)...)),
			[]string{ccsRecord, "c@1 ccs", "c@1 record handshake TLS 1.2 36", "c handshake application 0e000000",
				"c@1 record application_data TLS 1.2 37", "c@1 opened 37 5", "c@1 plaintext 474554202f", "c@1 record alert TLS 1.2 34", "c@1 alert plain 1 0"}},
		{"NULL cipher: shorter than its MAC", open, false, join(ccs, rec(22, 1, 2, 3), rec(23, 1, 2)),
			[]string{ccsRecord, "c@1 ccs", "c@1 record handshake TLS 1.2 3", "c@1 sealed handshake 3", "c@1 record application_data TLS 1.2 2", "c@1 opened 2 0"}},
		{"a heartbeat in the clear", unknown, false, join(rec(22, hello...), rec(24, 1, 0x40, 0)),
			[]string{helloRecord, helloBytes, "c@1 record heartbeat TLS 1.2 3", "c@1 heartbeat 3 014000"}},
		{"a sealed heartbeat", sealed, false, join(ccs, rec(24, make([]byte, 40)...)),
			[]string{ccsRecord, "c@1 ccs", "c@1 record heartbeat TLS 1.2 40", "c@1 sealed heartbeat 40"}},
		{"an overlong record is read and said", unknown, false, rec(22, long...),
			[]string{"c@1 record handshake TLS 1.2 16385", "c@1 note record overflow: a record of 16385 bytes where 16384 are allowed", fmt.Sprintf("c handshake plain %x", long)}},
		{"a record of an unknown type is passed over", unknown, false, join(rec(22, hello...), []byte{99, 3, 3, 0, 2, 1, 1}, rec(22, done...), rec(21, 1, 0)),
			[]string{helloRecord, helloBytes, "c@1 note 63 03 03 00 02 at offset 12 is no record header; looking for the next record",
				"c@1 note 7 bytes that are no records were passed over", "c@1 record handshake TLS 1.2 4", "c handshake plain 0e000000", "c@1 record alert TLS 1.2 2", "c@1 alert plain 1 0"}},
		{"garbage between records", unknown, false, join(rec(22, hello...), []byte("this is not TLS"), rec(22, done...), rec(21, 1, 0)),
			[]string{helloRecord, helloBytes, "c@1 note 74 68 69 73 20 at offset 12 is no record header; looking for the next record",
				"c@1 note 15 bytes that are no records were passed over", "c@1 record handshake TLS 1.2 4", "c handshake plain 0e000000", "c@1 record alert TLS 1.2 2", "c@1 alert plain 1 0"}},
		{"something else", unknown, false, []byte("HTTP/1.1 400 Bad Request\r\n"), []string{`c@1 foreign "HTTP/1.1 400 Bad Request\r\n"`}},
		{"in mid-stream a readable message is read", unknown, true, join(rec(22, done...), rec(22, 0x77, 1, 2, 3, 4)),
			[]string{"c@1 record handshake TLS 1.2 4", "c handshake plain 0e000000", "c@1 record handshake TLS 1.2 5", "c@1 sealed handshake 5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(size int) []string {
				r := &recorder{agreed: tt.agreed, fixed: true}
				s := NewStream(r, nil)
				if tt.mid {
					s.MidStream()
				}
				for piece := range slices.Chunk(tt.in, size) {
					s.Data(flow.Client, piece, mark(1))
				}
				r.flush()
				return r.calls
			}
			if d := cmp.Diff(tt.want, read(1<<20)); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
			if strings.HasPrefix(tt.want[0], "c@1 foreign") {
				return // only what the first piece brings is told
			}
			for _, size := range []int{1, 2, 3, 4, 5, 7, 11} {
				if d := cmp.Diff(tt.want, read(size)); d != "" {
					t.Errorf("in pieces of %d (-want +got):\n%s", size, d)
				}
			}
		})
	}
}

// TestSplit cuts a stream into two calls at each position: where records are
// cut by packets must not matter.
func TestSplit(t *testing.T) {
	for _, name := range []string{"tls12-ecdhe-rsa", "tls13-openssl", "tls12-null", "tls10-rsa", "alert-unknown-ca"} {
		b := streams(t, name)
		want := run(b, func(s *Stream, side flow.Side, b []byte) { s.Data(side, b, mark(1)) })
		for side := range b {
			for cut := range b[side] {
				got := run(b, func(s *Stream, sd flow.Side, b []byte) {
					if int(sd) == side {
						s.Data(sd, b[:cut], mark(1))
						b = b[cut:]
					}
					s.Data(sd, b, mark(1))
				})
				if d := cmp.Diff(want.calls, got.calls); d != "" {
					t.Fatalf("%s, %s cut at %d (-whole +cut):\n%s", name, flow.Side(side), cut, d)
				}
			}
		}
	}
}

// run reads both sides of a connection, one behind the other.
func run(b [2][]byte, feed func(*Stream, flow.Side, []byte)) *recorder {
	r := &recorder{}
	s := NewStream(r, nil)
	feed(s, flow.Client, b[flow.Client])
	feed(s, flow.Server, b[flow.Server])
	s.Close(conn.Finished, flow.Client, mark(1))
	r.flush()
	return r
}

// TestSkip holds that a reader that skips what is Skippable is told the same.
func TestSkip(t *testing.T) {
	for _, name := range []string{"tls12-ecdhe-rsa", "tls13-openssl", "tls10-rsa", "tls12-renegotiation"} {
		b := streams(t, name)
		for _, size := range []int{1, 13, 100, 1448, 1 << 20} {
			read := func(s *Stream, side flow.Side, b []byte) {
				n := uint64(0)
				for piece := range slices.Chunk(b, size) {
					n++
					s.Data(side, piece, mark(n))
				}
			}
			skip := func(s *Stream, side flow.Side, b []byte) {
				n := uint64(0)
				for piece := range slices.Chunk(b, size) {
					n++
					for len(piece) > 0 {
						k := min(int(s.Skippable(side)), len(piece))
						if k > 0 {
							s.Skipped(side, int64(k), mark(n))
						} else {
							k = 1 // ask again as often as possible
							s.Data(side, piece[:1], mark(n))
						}
						piece = piece[k:]
					}
				}
			}
			if d := cmp.Diff(run(b, read).calls, run(b, skip).calls); d != "" {
				t.Errorf("%s in pieces of %d (-read +skipped):\n%s", name, size, d)
			}
		}
	}
	t.Run("more than is skippable", func(t *testing.T) {
		r := &recorder{agreed: conn.Negotiated{Version: tls13}, fixed: true}
		s := NewStream(r, nil)
		s.Data(flow.Client, rec(23, 1, 2, 3)[:6], mark(1))
		s.Skipped(flow.Client, 9, mark(2)) // a FIN takes an offset too
		if d := cmp.Diff([]string{"c@1 record application_data TLS 1.2 3", "c@2 sealed application_data 3"}, r.calls); d != "" {
			t.Error(d)
		}
	})
}

func TestSSL2(t *testing.T) {
	body := join([]byte{1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 0x35}, make([]byte, 16))
	hello := join([]byte{0x80, byte(len(body))}, body)
	for cut := range len(hello) {
		r := &recorder{}
		s := NewStream(r, nil)
		s.Data(flow.Client, hello[:cut], mark(1))
		s.Data(flow.Client, hello[cut:], mark(2))
		s.Data(flow.Client, rec(21, 2, 40), mark(3))
		want := []string{fmt.Sprintf("c@2 sslv2 %x", body), "c@3 record alert TLS 1.2 2", "c@3 alert plain 2 40"}
		if d := cmp.Diff(want, r.calls); d != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, d)
		}
	}
}

func TestClose(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want []string
	}{
		{"between records", rec(22, 1, 0, 0, 0), nil},
		{"in a header", []byte{22, 3, 3}, []string{"c@9 note the last record header has 3 of 5 bytes"}},
		{"in a record", rec(22, 1, 0, 0, 9, 9)[:7], []string{"c@9 note the last record has 2 of 5 bytes"}},
		{"in what is no record", join(rec(22, 1, 0, 0, 0), []byte("garbage that ends the stream")), []string{"c@9 note the last 28 bytes are no records"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			s := NewStream(r, nil)
			s.Data(flow.Client, tt.in, mark(1))
			r.flush()
			n := len(r.calls)
			s.Close(conn.Reset, flow.Server, mark(9))
			if d := cmp.Diff(append(tt.want, "s@9 end 3"), r.calls[n:]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestBodyIsNotKept holds that a long record leaves no buffer behind.
func TestBodyIsNotKept(t *testing.T) {
	r := &recorder{agreed: conn.Negotiated{Version: tls12, Suite: none}, fixed: true}
	s := NewStream(r, nil)
	s.Data(flow.Server, rec(20, 1), mark(1))
	for piece := range slices.Chunk(rec(22, make([]byte, 16000)...), 1000) {
		s.Data(flow.Server, piece, mark(1))
	}
	if n := cap(s.sides[flow.Server].body); n > 4096 {
		t.Errorf("%d bytes are kept", n)
	}
}
