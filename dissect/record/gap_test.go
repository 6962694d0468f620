package record

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// TestGaps tears a hole of many sizes at every offset of real streams. Records
// that stand whole behind it must be found again, and nothing may be invented.
func TestGaps(t *testing.T) {
	for _, name := range []string{"tls12-ecdhe-rsa", "tls13-openssl", "tls12-renegotiation"} {
		b := streams(t, name)
		whole := run(b, func(s *Stream, side flow.Side, b []byte) { s.Data(side, b, mark(1)) })
		for side := flow.Client; side <= flow.Server; side++ {
			for _, size := range []int{1, 2, 4, 5, 6, 30, 100, 700, 1500} {
				for off := 0; off+size <= len(b[side]); off++ {
					h := hole{name: name, b: b, whole: whole, side: side, off: off, size: size, piece: 1 << 20}
					h.check(t)
					if off%7 == 0 {
						h.piece = 97
						h.check(t)
					}
					if t.Failed() {
						return
					}
				}
			}
		}
	}
}

// A hole is one in a side of a real connection, whose rest comes in pieces.
type hole struct {
	name             string
	b                [2][]byte
	whole            *recorder
	side             flow.Side
	off, size, piece int
}

func (h *hole) errorf(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Errorf("%s, %s, %d bytes missing at %d, pieces of %d: "+format, append([]any{h.name, h.side, h.size, h.off, h.piece}, args...)...)
}

func (h *hole) check(t *testing.T) {
	t.Helper()
	r := &recorder{}
	s := NewStream(r, nil)
	feed := func(side flow.Side, b []byte, n uint64) {
		for p := range slices.Chunk(b, h.piece) {
			s.Data(side, p, mark(n))
		}
	}
	before := 0 // records that began before the hole
	for sd := flow.Client; sd <= flow.Server; sd++ {
		if sd != h.side {
			feed(sd, h.b[sd], 1)
			continue
		}
		feed(sd, h.b[sd][:h.off], 1)
		before = len(r.records[sd])
		s.Gap(sd, conn.Gap{Bytes: int64(h.size)}, mark(2))
		feed(sd, h.b[sd][h.off+h.size:], 2)
	}
	s.Close(conn.Finished, flow.Client, mark(3))
	for sd := range r.messages {
		for _, m := range r.messages[sd] {
			if !slices.ContainsFunc(h.whole.messages[sd], func(o []byte) bool { return bytes.Equal(o, m) }) {
				h.errorf(t, "a message that nobody sent: %x", m)
			}
		}
		for _, a := range r.alerts[sd] {
			if !slices.Contains(h.whole.alerts[sd], a) {
				h.errorf(t, "an alert that nobody sent: %s", a)
			}
		}
	}
	want, got := headersFrom(h.b[h.side], h.off+h.size), r.records[h.side][before:]
	if !slices.Equal(want, got) {
		h.errorf(t, "records behind it (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// headersFrom returns the headers of the records that begin at or behind an
// offset.
func headersFrom(b []byte, from int) (out []tls.RecordHeader) {
	for off := 0; off+headerLen <= len(b); {
		rh, _ := tls.ParseRecordHeader(b[off:])
		if off >= from {
			out = append(out, rh)
		}
		off += headerLen + rh.Length
	}
	return out
}

func TestGapCalls(t *testing.T) {
	hello := rec(22, msg(tls.TypeClientHello, 1, 2, 3)...)
	big := rec(23, make([]byte, 100)...)
	gap := func(s *Stream, n int64, at uint64) { s.Gap(flow.Client, conn.Gap{Bytes: n}, mark(at)) }
	data := func(s *Stream, b []byte, at uint64) { s.Data(flow.Client, b, mark(at)) }
	tests := []struct {
		name string
		feed func(s *Stream)
		want []string
	}{
		{"inside a record that is passed over", func(s *Stream) {
			data(s, big[:50], 1)
			gap(s, 40, 2)
			data(s, big[90:], 2)
			data(s, hello, 3)
		}, []string{"c@1 record application_data TLS 1.2 100", "c@2 gap 40 at 50 record=true", "c@2 sealed application_data 100", "c@3 record handshake TLS 1.2 7", helloBytes}},
		{"up to the end of a record that is passed over", func(s *Stream) {
			data(s, big[:50], 1)
			gap(s, 55, 2)
			data(s, hello, 3)
		}, []string{"c@1 record application_data TLS 1.2 100", "c@2 gap 55 at 50 record=true", "c@2 sealed application_data 100", "c@3 record handshake TLS 1.2 7", helloBytes}},
		{"inside a message: the end of its record is known", func(s *Stream) {
			data(s, hello[:8], 1)
			gap(s, 2, 2)
			data(s, hello[10:], 2)
			data(s, hello, 3)
		}, []string{helloRecord, "c handshake plain 010000", "c@2 gap 2 at 8 record=false", "c@3 record handshake TLS 1.2 7", helloBytes}},
		{"of unknown size", func(s *Stream) {
			data(s, hello, 1)
			gap(s, -1, 2)
			data(s, big[40:], 2)
			data(s, join(hello, hello), 3)
		}, []string{helloRecord, helloBytes, "c@2 gap -1 at 12 record=false", "c@3 note 65 bytes behind the gap were passed over: the header of their record is not in the capture",
			"c@3 record handshake TLS 1.2 7", helloBytes, "c@3 record handshake TLS 1.2 7", helloBytes}},
		{"behind what is no TLS", func(s *Stream) {
			data(s, []byte("SSH-2.0-x"), 1)
			gap(s, 3, 2)
			data(s, hello, 3)
		}, []string{`c@1 foreign "SSH-2.0-x"`}},
		{"while a record is looked for", func(s *Stream) {
			data(s, hello, 1)
			gap(s, 3, 2)
			data(s, []byte("nothing"), 2)
			gap(s, 3, 3)
			data(s, hello, 4)
		}, []string{helloRecord, helloBytes, "c@2 gap 3 at 12 record=false", "c@3 gap 3 at 22 record=false",
			"c@3 note 7 bytes behind the gap could not be told to be records", "c@4 record handshake TLS 1.2 7", helloBytes}},
		{"a message torn by a hole is not joined with the next", func(s *Stream) {
			data(s, hello[:8], 1)
			gap(s, 4, 2)
			data(s, rec(22, 9, 9, 9, 9), 2)
		}, []string{helloRecord, "c handshake plain 010000", "c@2 gap 4 at 8 record=false", "c@2 record handshake TLS 1.2 4", "c@2 sealed handshake 4"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			tt.feed(NewStream(r, nil))
			r.flush()
			if d := cmp.Diff(tt.want, r.calls); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
		})
	}
}

// FuzzStream reads any bytes, with pieces, holes and skips that the input
// chooses.
func FuzzStream(f *testing.F) {
	for _, name := range []string{"tls12-ecdhe-rsa", "tls13-openssl", "tls12-null"} {
		b := streams(f, name)
		f.Add(b[0], b[1], []byte{200, 3, 1, 77, 250}, uint16(0xc02f))
		f.Add(b[1], b[0], []byte{255, 254, 253, 5}, uint16(0x003b))
	}
	f.Add([]byte("HTTP/1.0 200 OK"), []byte{0x80, 46, 1, 3, 1}, []byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, client, server, plan []byte, suite uint16) {
		r := &recorder{}
		if suite != 0 {
			r.agreed = conn.Negotiated{Version: tls12, Suite: tls.CipherSuite(suite)}
		}
		s := NewStream(r, nil)
		n := uint64(0)
		for side, b := range [2][]byte{client, server} {
			side, total := flow.Side(side), len(b)
			for len(b) > 0 {
				n++
				k := 100
				if len(plan) > 0 {
					k = int(plan[n%uint64(len(plan))])
				}
				before := s.sides[side].offset
				b = b[fuzzStep(s, side, b, k, mark(n)):]
				checkHalf(t, &s.sides[side], before)
			}
			if got := s.sides[side].offset; !s.sides[side].foreign && got != int64(total) {
				t.Fatalf("offset %d behind %d bytes", got, total)
			}
			if r.sizes[side] > total {
				t.Fatalf("records of %d bytes in %d", r.sizes[side], total)
			}
		}
		s.Close(conn.EndOfCapture, flow.Client, mark(n+1))
		if !r.ended {
			t.Fatal("no end")
		}
	})
}

// fuzzStep does what k says with the front of b and returns how much of it is
// used up.
func fuzzStep(s *Stream, side flow.Side, b []byte, k int, at flow.Mark) int {
	switch {
	case k == 255:
		s.Gap(side, conn.Gap{Bytes: -1}, at)
		s.Data(side, b[:1], at)
		return 1
	case k > 250:
		k = min(k-250, len(b))
		s.Gap(side, conn.Gap{Bytes: int64(k)}, at)
	case k > 240 && s.Skippable(side) > 0:
		k = int(min(s.Skippable(side), int64(len(b))))
		s.Skipped(side, int64(k), at)
	default:
		k = min(k+1, len(b))
		s.Data(side, b[:k], at)
	}
	return k
}

// checkHalf checks what always holds of one side.
func checkHalf(t *testing.T, h *half, before int64) {
	t.Helper()
	if h.offset < before {
		t.Fatalf("offset went from %d back to %d", before, h.offset)
	}
	if held := len(h.body) + len(h.scan); held > 2*(1<<16+headerLen) {
		t.Fatalf("%d bytes are held", held)
	}
	if h.left < 0 || h.hdrLen > headerLen {
		t.Fatalf("left %d, header %d", h.left, h.hdrLen)
	}
}
