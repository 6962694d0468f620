package record

import (
	"testing"

	"github.com/tlslens/tlslens/dissect/tls"
)

func TestProbe(t *testing.T) {
	hello := rec(22, msg(tls.TypeClientHello, join([]byte{3, 3}, make([]byte, 60))...)...)
	server := rec(22, msg(tls.TypeServerHello, join([]byte{3, 3}, make([]byte, 60))...)...)
	data := rec(23, make([]byte, 50)...)
	tests := []struct {
		name string
		in   []byte
		want Verdict
	}{
		{"nothing", nil, Incomplete},
		{"half a header", hello[:3], Incomplete},
		{"a header", hello[:5], Incomplete},
		{"a ClientHello", hello, Client},
		{"its first byte is enough", hello[:6], Client},
		{"a ServerHello", server, Server},
		{"a HelloRequest", rec(22, 0, 0, 0, 0), Server},
		{"a ClientHello cut over records", rec(22, 1), Client},
		{"a ClientHello of 64 KiB and more", rec(22, 1, 1, 0, 0, 3, 3), Not},
		{"a ClientHello without room for anything", rec(22, msg(1, 3, 3)...), Not},
		{"a ClientHello of version 9", rec(22, msg(1, join([]byte{9, 9}, make([]byte, 60))...)...), Not},
		{"a fatal alert", rec(21, 2, 40), Server},
		{"an alert of no level", rec(21, 9, 40), Either},
		{"application data and nothing else", data, Either},
		{"application data, cut", data[:20], Incomplete},
		{"application data and half a header", join(data, []byte{23, 3}), Incomplete},
		{"two records", join(data, data), Either},
		{"a record and something else", join(data, []byte("hello")), Not},
		{"HTTP", []byte("GET / HTTP/1.1\r\n"), Not},
		{"SSH", []byte("SSH-2.0-OpenSSH"), Not},
		{"SMTP", []byte("220 mail"), Not},
		{"SSL 2.0", join([]byte{0x80, 46, 1, 3, 1, 0, 21, 0, 0, 0, 16}, make([]byte, 40)), Client},
		{"SSL 2.0, two bytes", []byte{0x80, 46}, Incomplete},
		{"like SSL 2.0, of no version", []byte{0x80, 46, 1, 9, 9}, Not},
		{"like SSL 2.0, another message", []byte{0x80, 46, 4}, Not},
		{"zeros", make([]byte, 100), Not},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Probe(tt.in); got != tt.want {
				t.Errorf("Probe = %d, want %d", got, tt.want)
			}
		})
	}
}

// TestProbePrefixes holds that more bytes never take an answer back: Incomplete
// may become anything, the side of a hello stays.
func TestProbePrefixes(t *testing.T) {
	for _, name := range []string{"tls12-ecdhe-rsa", "tls13-openssl", "ssl30", "alert-no-alpn"} {
		for side, b := range streams(t, name) {
			want := [2]Verdict{Client, Server}[side]
			for n := range b {
				if got := Probe(b[:n]); got != Incomplete && got != want {
					t.Fatalf("%s: %d bytes of the stream of side %d: %d", name, n, side, got)
				}
			}
			if got := Probe(b); got != want {
				t.Errorf("%s: side %d is %d", name, side, got)
			}
		}
	}
}

func TestInside(t *testing.T) {
	data := rec(23, make([]byte, 50)...)
	tests := []struct {
		name string
		in   []byte
		want bool
	}{
		{"nothing", nil, false},
		{"two records behind the end of one", join([]byte("rest"), data, data), true},
		{"a record that ends with the bytes", join([]byte("rest"), data), true},
		{"a record whose end is not there", join([]byte("rest"), data[:50]), false},
		{"a record and half a header", join([]byte("rest"), data, []byte{23, 3}), false},
		{"text", []byte("220 ready, not a record in here at all"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Inside(tt.in); got != tt.want {
				t.Errorf("Inside = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAllocations(t *testing.T) {
	b := streams(t, "tls13-openssl")[1]
	if n := testing.AllocsPerRun(100, func() { Probe(b) }); n != 0 {
		t.Errorf("Probe allocates %v times", n)
	}
	s := NewStream(&quiet{}, nil)
	data := rec(23, make([]byte, 1000)...)
	if n := testing.AllocsPerRun(100, func() { s.Data(1, data, mark(1)) }); n != 0 {
		t.Errorf("a sealed record allocates %v times", n)
	}
}
