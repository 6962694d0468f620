package tls

import (
	"slices"
	"testing"

	"github.com/tlslens/tlslens/dissect/wire"
)

func TestRecordHeaderPlausible(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want bool
	}{
		{"handshake", []byte{22, 3, 1, 2, 0}, true},
		{"empty handshake", []byte{22, 3, 1, 0, 0}, false},
		{"application data of 2^14+2048", []byte{23, 3, 3, 0x48, 0}, true},
		{"application data of one more", []byte{23, 3, 3, 0x48, 1}, false},
		{"empty application data", []byte{23, 3, 1, 0, 0}, true},
		{"alert", []byte{21, 3, 0, 0, 2}, true},
		{"alert of one byte", []byte{21, 3, 0, 0, 1}, false},
		{"sealed alert with much padding", []byte{21, 3, 1, 1, 0x60}, true},
		{"alert of 4 KiB", []byte{21, 3, 1, 0x10, 0}, false},
		{"ChangeCipherSpec", []byte{20, 3, 3, 0, 1}, true},
		{"empty ChangeCipherSpec", []byte{20, 3, 3, 0, 0}, false},
		{"heartbleed", []byte{24, 3, 2, 0, 3}, true},
		{"heartbeat of 2", []byte{24, 3, 2, 0, 2}, false},
		{"connection IDs are for datagrams", []byte{25, 3, 3, 0, 40}, false},
		{"type 19", []byte{19, 3, 3, 0, 40}, false},
		{"draft 18", []byte{22, 0x7f, 18, 1, 0}, true},
		{"draft 13", []byte{22, 0x7f, 13, 1, 0}, false},
		{"experiment", []byte{22, 0x7e, 2, 1, 0}, true},
		{"TLCP", []byte{22, 1, 1, 1, 0}, true},
		{"version 3.5", []byte{22, 3, 5, 1, 0}, false},
		{"version 2.3", []byte{22, 2, 3, 1, 0}, false},
		{"DTLS", []byte{22, 0xfe, 0xfd, 0, 0}, false},
		{"HTTP", []byte("GET /"), false},
		{"SSH", []byte("SSH-2"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, ok := ParseRecordHeader(tt.in)
			if !ok || h.Plausible() != tt.want {
				t.Errorf("%+v: parsed %v, plausible %v", h, ok, h.Plausible())
			}
			var d RecordHeader
			if err := d.Decode(append(tt.in, 1, 2)); err != nil || d != h {
				t.Errorf("Decode gives %+v, %v", d, err)
			}
		})
	}
}

// TestHeaderPrefixes holds for every fixed-size header that its prefixes are
// errors and that its fields cover it.
func TestHeaderPrefixes(t *testing.T) {
	tests := []struct {
		name   string
		in     []byte
		decode func([]byte, wire.Tracer) error
		parse  func([]byte) bool
	}{
		{"record", []byte{22, 3, 1, 0, 9}, new(RecordHeader).DecodeTraced,
			func(b []byte) bool { _, ok := ParseRecordHeader(b); return ok }},
		{"handshake", []byte{1, 0, 1, 2}, new(Header).DecodeTraced,
			func(b []byte) bool { _, ok := ParseHeader(b); return ok }},
		{"DTLS handshake", []byte{1, 0, 1, 2, 0, 3, 0, 0, 4, 0, 0, 5}, new(DTLSHeader).DecodeTraced, nil},
		{"SSL 2.0, two bytes", []byte{0x80, 46}, new(SSL2Header).DecodeTraced, nil},
		{"SSL 2.0, three bytes", []byte{0x40, 46, 7}, new(SSL2Header).DecodeTraced, nil},
		{"alert", []byte{2, 40}, new(Alert).DecodeTraced, nil},
		{"ChangeCipherSpec", []byte{1}, new(ChangeCipherSpec).DecodeTraced, nil},
		{"ACK", vec(2, append(fill(15, 0), 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 3)), new(ACK).DecodeTraced, nil},
		{"heartbeat", vecs(1, 2, []byte("bird"))[:7], new(Heartbeat).DecodeTraced, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for n := range len(tt.in) + 1 {
				fields, err := traced(func(tr wire.Tracer) error { return tt.decode(tt.in[:n], tr) })
				wireError(t, err, n)
				if (err == nil) != (n == len(tt.in)) {
					t.Errorf("%d of %d bytes: %v", n, len(tt.in), err)
				}
				if err == nil {
					checkTiles(t, fields, n)
				}
				if tt.parse != nil && tt.parse(tt.in[:n]) != (err == nil) {
					t.Errorf("%d bytes: Parse and Decode disagree", n)
				}
			}
		})
	}
}

// vecs returns the byte first and then b behind its length.
func vecs(first byte, width int, b []byte) []byte { return cat([]byte{first}, vec(width, b)) }

func TestSmallHeaders(t *testing.T) {
	var h Header
	if err := h.Decode([]byte{11, 1, 0, 2, 9}); err != nil || h != (Header{Type: TypeCertificate, Length: 0x10002}) {
		t.Errorf("%+v, %v", h, err)
	}
	var d DTLSHeader
	err := d.Decode([]byte{2, 0, 1, 0, 0, 5, 0, 0, 7, 0, 0, 9})
	if want := (DTLSHeader{TypeServerHello, 256, 5, 7, 9}); err != nil || d != want {
		t.Errorf("%+v, %v", d, err)
	}
	var a Alert
	if err := a.Decode([]byte{2, 40, 1}); err != nil || a != (Alert{AlertFatal, 40, 1}) {
		t.Errorf("%+v, %v", a, err)
	}
	var k ACK
	in := vec(2, []byte{0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9})
	err = k.Decode(in)
	if got, want := slices.Collect(k.All()), []RecordNumber{{2, 0x107}, {3, 9}}; err != nil || k.Len() != 2 || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	var c ChangeCipherSpec
	if err := c.Decode([]byte{1, 1}); err != nil || c != (ChangeCipherSpec{1, 1}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestHeartbeat(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want Heartbeat
		fail bool
	}{
		{"request", cat(vecs(1, 2, []byte("bird")), fill(16, 0)),
			Heartbeat{HeartbeatRequest, 4, []byte("bird"), fill(16, 0)}, false},
		{"heartbleed", []byte{1, 0x40, 0}, Heartbeat{HeartbeatRequest, 0x4000, nil, nil}, true},
		{"heartbleed with some bytes", []byte{1, 0x40, 0, 1, 2}, Heartbeat{HeartbeatRequest, 0x4000, nil, nil}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Heartbeat
			if err := m.Decode(tt.in); (err != nil) != tt.fail {
				t.Error(err)
			}
			equal(t, "message", tt.want, m)
			fields, _ := traced(func(tr wire.Tracer) error { return m.DecodeTraced(tt.in, tr) })
			checkTiles(t, fields, len(tt.in))
		})
	}
}
