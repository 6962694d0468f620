package pcapng

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
)

// A record is a packet as it was read.
type record struct {
	Time    time.Time
	Link    capture.LinkType
	Data    string
	WireLen int
	Comment string
}

// read reads a capture to its end.
func read(t *testing.T, b []byte) (all []record, secrets string, ifs []capture.Interface) {
	t.Helper()
	f, err := capture.NewReader(bytes.NewReader(b), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p capture.Packet
	for {
		err := f.Next(&p)
		secrets += string(f.Secrets())
		if errors.Is(err, io.EOF) {
			return all, secrets, f.Interfaces()
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record{p.Time, p.Link, string(p.Data), p.WireLen, string(p.Comment)})
	}
}

var day = time.Date(2026, 11, 23, 10, 46, 9, 712208001, time.UTC)

func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name    string
		secrets string
		ifs     []capture.Interface
		packets []record // of the interface with their link type
	}{
		{"nothing", "", nil, nil},
		{"one", "", []capture.Interface{{Link: capture.LinkEthernet}}, []record{{day, capture.LinkEthernet, "abcde", 5, ""}}},
		{"every alignment", "", []capture.Interface{{Link: capture.LinkRaw, SnapLen: 262144}}, []record{
			{day, capture.LinkRaw, "", 0, ""}, {day, capture.LinkRaw, "a", 1, "c"}, {day, capture.LinkRaw, "ab", 2, "co"},
			{day, capture.LinkRaw, "abc", 3, "com"}, {day, capture.LinkRaw, "abcd", 4, "comm"}}},
		{"cut packets", "", []capture.Interface{{Link: capture.LinkEthernet, SnapLen: 96}}, []record{{day, capture.LinkEthernet, "abc", 1500, ""}}},
		{"two interfaces", "", []capture.Interface{{Name: "eth0", Description: "the wire", Link: capture.LinkEthernet}, {Name: "any", Link: capture.LinkRaw}}, []record{
			{day, capture.LinkRaw, "b", 1, ""}, {day.Add(1), capture.LinkEthernet, "a", 1, ""}}},
		{"secrets", "CLIENT_RANDOM 00 11\n", []capture.Interface{{Link: capture.LinkEthernet}}, []record{{day, capture.LinkEthernet, "a", 1, ""}}},
		{"no time", "", []capture.Interface{{Link: capture.LinkEthernet}}, []record{{time.Time{}, capture.LinkEthernet, "a", 1, ""}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			w := NewWriter(&b, "test")
			if tc.secrets != "" {
				if err := w.Secrets([]byte(tc.secrets)); err != nil {
					t.Fatal(err)
				}
			}
			of := map[capture.LinkType]int{}
			for _, i := range tc.ifs {
				n, err := w.Interface(i)
				if err != nil {
					t.Fatal(err)
				}
				of[i.Link] = n
			}
			for _, p := range tc.packets {
				if err := w.Packet(of[p.Link], p.Time, []byte(p.Data), p.WireLen, p.Comment); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if b.Len()%4 != 0 {
				t.Errorf("%d bytes", b.Len())
			}
			got, secrets, ifs := read(t, b.Bytes())
			want := tc.packets
			if tc.name == "no time" { // there is no way to write that
				want = []record{{time.Unix(0, 0).UTC(), capture.LinkEthernet, "a", 1, ""}}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("packets (-want +got):\n%s", d)
			}
			if secrets != tc.secrets {
				t.Errorf("secrets %q", secrets)
			}
			if d := cmp.Diff(tc.ifs, ifs); d != "" {
				t.Errorf("interfaces (-want +got):\n%s", d)
			}
		})
	}
}

var errFull = errors.New("full")

// full takes n bytes.
type full struct{ n int }

func (w *full) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestErrorStays(t *testing.T) {
	w := NewWriter(&full{10000}, "test")
	i, _ := w.Interface(capture.Interface{Link: capture.LinkEthernet})
	var err error
	for range 100 {
		err = w.Packet(i, day, make([]byte, 1000), 1000, "")
	}
	if !errors.Is(err, errFull) || !errors.Is(w.Flush(), errFull) || !errors.Is(w.Secrets(nil), errFull) {
		t.Error(err)
	}
}

func TestPacketAllocations(t *testing.T) {
	w := NewWriter(io.Discard, "test")
	i, _ := w.Interface(capture.Interface{Link: capture.LinkEthernet})
	b := make([]byte, 1500)
	if n := testing.AllocsPerRun(100, func() { _ = w.Packet(i, day, b, len(b), "") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConversations(t *testing.T) {
	for _, tc := range []struct {
		name    string
		a, b    string
		data    int // bytes of the client
		packets int
	}{
		{"IPv4", "192.0.2.1:4000", "192.0.2.2:443", 10, 3 + 1 + 2},
		{"IPv6", "[2001:db8::1]:4000", "[2001:db8::2]:443", 10, 3 + 1 + 2},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:4000", "[::ffff:192.0.2.2]:443", 10, 3 + 1 + 2},
		{"several segments", "192.0.2.1:4000", "192.0.2.2:443", 2*segmentSize + 1, 3 + 3 + 2},
		{"no data", "192.0.2.1:4000", "192.0.2.2:443", -1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			w := NewWriter(&b, "test")
			c, err := NewConversations(w)
			if err != nil {
				t.Fatal(err)
			}
			ends := [2]netip.AddrPort{netip.MustParseAddrPort(tc.a), netip.MustParseAddrPort(tc.b)}
			if tc.data >= 0 {
				if err := c.Data(1, ends, 0, make([]byte, tc.data), day); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(c.Close(1, day), c.Close(1, day), w.Flush()); err != nil {
				t.Fatal(err)
			}
			if len(c.open) != 0 {
				t.Error("a conversation that is closed is kept")
			}
			got, _, _ := read(t, b.Bytes())
			if len(got) != tc.packets {
				t.Fatalf("%d packets, want %d", len(got), tc.packets)
			}
			sum := 0
			for _, p := range got {
				head := 20 + 20
				if p.Data[0]>>4 == 6 {
					head += 20
				}
				sum += len(p.Data) - head
			}
			if sum != max(0, tc.data) {
				t.Errorf("%d bytes of payload, want %d", sum, tc.data)
			}
		})
	}
}

// FuzzPacket holds that what is written is read again.
func FuzzPacket(f *testing.F) {
	f.Add([]byte("abc"), "", int64(1), 7, []byte("CLIENT_RANDOM"))
	f.Add([]byte{}, "comment", int64(1<<60), 0, []byte{})
	f.Add(make([]byte, 100), "\xff\n\x00x", int64(-5), -1, []byte{0})
	f.Fuzz(func(t *testing.T, data []byte, comment string, ns int64, wireLen int, secrets []byte) {
		if len(data) > capture.MaxPacketSize || len(comment) > 1000 || wireLen > 1<<30 || ns < 0 {
			return
		}
		var b bytes.Buffer
		w := NewWriter(&b, comment)
		_ = w.Secrets(secrets)
		i, _ := w.Interface(capture.Interface{Link: capture.LinkEthernet, Name: comment, Description: comment})
		at := time.Unix(0, ns).UTC()
		_ = w.Packet(i, at, data, wireLen, comment)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, text, _ := read(t, b.Bytes())
		want := []record{{at, capture.LinkEthernet, string(data), max(len(data), wireLen), comment}}
		if d := cmp.Diff(want, got); d != "" || strings.TrimSuffix(text, "\n") != strings.TrimSuffix(string(secrets), "\n") {
			t.Errorf("secrets %q; packets (-want +got):\n%s", text, d)
		}
	})
}
