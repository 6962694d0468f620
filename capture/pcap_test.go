package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPcap(t *testing.T) {
	d := frame(1, 61)
	p := func(sec, nsec int64, link LinkType, off int64) []Packet {
		return []Packet{{Number: 1, Time: utc(sec, nsec), Link: link, Data: d, WireLen: 68, Offset: off}}
	}
	swapped := func(w *builder) *builder { // original length first
		return w.u32(5, 6, 68, 61).raw(d...)
	}
	tests := []struct {
		name  string
		file  *builder
		want  []Packet
		iface Interface
	}{
		{"microseconds", le().header(magicMicro, 2, 4, 100, 1).packet(5, 6, d, 0), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"microseconds, big-endian", be().header(magicMicro, 2, 4, 100, 1).packet(5, 6, d, 0), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"nanoseconds", le().header(magicNano, 2, 4, 100, 1).packet(5, 6, d, 0), p(5, 6, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"nanoseconds, big-endian", be().header(magicNano, 2, 4, 100, 1).packet(5, 6, d, 0), p(5, 6, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"kuznetzov", le().header(magicKuznetzov, 2, 4, 100, 1).packet(5, 6, d, 8), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"ixia hardware", le().header(magicIxiaHW, 2, 4, 100, 1).u32(77).packet(5, 6, d, 0), p(5, 6, 1, 28), Interface{Link: 1, SnapLen: 100}},
		{"ixia software, big-endian", be().header(magicIxiaSW, 2, 4, 100, 1).u32(77).packet(5, 6, d, 0), p(5, 6000, 1, 28), Interface{Link: 1, SnapLen: 100}},
		{"version 2.2 swaps the lengths", swapped(le().header(magicMicro, 2, 2, 100, 1)), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"version 2.3, swapped", swapped(le().header(magicMicro, 2, 3, 100, 1)), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"version 2.3, not swapped", le().header(magicMicro, 2, 3, 100, 1).packet(5, 6, d, 0), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"DG/UX 543.0", swapped(le().header(magicMicro, 543, 0, 100, 1)), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"AIX", be().header(magicMicro, 2, 2, 100, 6).packet(5, 6, d, 0), p(5, 6, 1, 24), Interface{Link: 1, SnapLen: 100}},
		{"snapshot length 0", le().header(magicMicro, 2, 4, 0, 1).packet(5, 6, d, 0), p(5, 6000, 1, 24), Interface{Link: 1}},
		{"packet longer than the snapshot length", le().header(magicMicro, 2, 4, 32, 1).packet(5, 6, d, 0), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 32}},
		{"FCS of four bytes", le().header(magicMicro, 2, 4, 32, 0x24000001).packet(5, 6, d, 0), p(5, 6000, 1, 24), Interface{Link: 1, SnapLen: 32, FCSLen: 4}},
		{"link type 276", le().header(magicMicro, 2, 4, 32, 276).packet(5, 6, d, 0), p(5, 6000, 276, 24), Interface{Link: 276, SnapLen: 32}},
		{"year 2106", le().header(magicMicro, 2, 4, 0, 1).packet(1<<32-1, 6, d, 0), p(1<<32-1, 6000, 1, 24), Interface{Link: 1}},
		{"microseconds beyond a second", le().header(magicMicro, 2, 4, 0, 1).packet(5, 4e9, d, 0), p(4005, 0, 1, 24), Interface{Link: 1}},
		{"original length too small", le().header(magicMicro, 2, 4, 0, 1).u32(5, 6, 61, 3).raw(d...),
			[]Packet{{Number: 1, Time: utc(5, 6000), Link: 1, Data: d, WireLen: 61, Offset: 24}}, Interface{Link: 1}},
		{"no packets", le().header(magicMicro, 2, 4, 0, 1), nil, Interface{Link: 1}},
		{"empty packet", le().header(magicMicro, 2, 4, 0, 1).u32(5, 6, 0, 0),
			[]Packet{{Number: 1, Time: utc(5, 6000), Link: 1, Data: []byte{}, Offset: 24}}, Interface{Link: 1}},
		{"longest packet", le().header(magicMicro, 2, 4, 0, 1).packet(5, 0, frame(2, MaxPacketSize), 0),
			[]Packet{{Number: 1, Time: utc(5, 0), Link: 1, Data: frame(2, MaxPacketSize), WireLen: MaxPacketSize + 7, Offset: 24}}, Interface{Link: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f, err := readAll(t, tt.file.b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]Interface{tt.iface}, f.Interfaces()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dsa := le().shb()
	badOrder := bytes.Clone(dsa.b)
	badOrder[8] = 0x99
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the file is empty []"},
		{"three bytes", []byte{0xd4, 0xc3, 0xb2}, "cut short in the capture file header: 3 of 4 bytes are there [copy or download the file again]"},
		{"short header", le().header(magicMicro, 2, 4, 0, 1).b[:10], "cut short in the pcap file header: 10 of 24 bytes are there [copy or download the file again]"},
		{"version 1.0", le().header(magicMicro, 1, 0, 0, 1).b, "this is a pcap file of version 1.0, which is not read [" + editcapHint + "]"},
		{"short section header", dsa.b[:20], "cut short in the pcapng file header: 20 of 28 bytes are there [copy or download the file again]"},
		{"byte-order magic", badOrder, "this starts as a pcapng file, but its byte-order magic is damaged: 99 3c 2b 1a [if it was copied as text, line ends were changed: copy it again as binary]"},
		{"section too short", le().u32(blockSection, 12, byteOrderMagic).raw(make([]byte, 20)...).b,
			"this starts as a pcapng file, but its section header claims 12 bytes [the file is damaged: copy or download it again]"},
		{"pcapng version 2", le().block(blockSection, le().u32(byteOrderMagic).u16(2, 0).u32(0, 0)).b,
			"this is a pcapng file of version 2, which is not read [" + editcapHint + "]"},
		{"snoop", []byte("snoop\x00\x00\x00\x00\x00\x00\x02"), "this is a Sun snoop file, not a pcap or pcapng file [" + editcapHint + "]"},
		{"network monitor", []byte("GMBU\x00\x02\x01\x00"), "this is a Microsoft Network Monitor 2 file, not a pcap or pcapng file [" + editcapHint + "]"},
		{"xz", []byte("\xfd7zXZ\x00abc"), "this is xz data, not a pcap or pcapng file [decompress it first: xz -dc IN | tlslens read -]"},
		{"key log", []byte("CLIENT_RANDOM 00 11\n"), "this is a TLS key log, not a pcap or pcapng file [give it with -k, together with the capture]"},
		{"text", []byte("0000  45 00 00 28\n"), "this is text, not a pcap or pcapng file [a hex dump becomes a capture with: text2pcap IN OUT]"},
		{"UTF-8 text cut in a letter", []byte("Stra\xc3\x9fe \xc3"), "this is text, not a pcap or pcapng file [a hex dump becomes a capture with: text2pcap IN OUT]"},
		{"ERF", erf(), "this may be an Endace ERF file, which is not read [" + editcapHint + "]"},
		{"unknown", []byte{0xef, 0xbe, 0xad, 0xde, 1, 2}, "this is not a pcap or pcapng file: it starts with ef be ad de 01 02 [if Wireshark opens it, " + editcapHint + "]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readAll(t, tt.file)
			if got := message(err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// erf returns two Endace records.
func erf() []byte {
	w := le()
	for i := range uint32(2) {
		w.u32(i, 1_500_000_000).raw(2, 4, 0, 24, 0, 0, 0, 8).raw(make([]byte, 8)...)
	}
	return w.b
}

// TestPcapPrefixes cuts a file at every place.
func TestPcapPrefixes(t *testing.T) {
	w := le().header(magicMicro, 2, 4, 0, 1)
	ends := []int{len(w.b)}
	for i := range 4 {
		w.packet(5, 0, frame(i, 20+i), 0)
		ends = append(ends, len(w.b))
	}
	checkPrefixes(t, w.b, ends)
}

// checkPrefixes reads every prefix of b that holds the first header and asks
// for all packets before the cut, where packet n ends at ends[n], and for a
// TruncatedError that names the next one unless the cut is at ends[n].
func checkPrefixes(t *testing.T, b []byte, ends []int) {
	t.Helper()
	for n := ends[0]; n <= len(b); n++ {
		whole, clean := 0, false
		for i, e := range ends {
			if e <= n {
				whole, clean = i, e == n
			}
		}
		got, _, err := readAll(t, b[:n:n])
		if len(got) != whole {
			t.Fatalf("%d bytes: %d packets, want %d", n, len(got), whole)
		}
		cut, isCut := err.(*TruncatedError)
		switch {
		case clean && err != nil:
			t.Errorf("%d bytes: %v, want a clean end", n, err)
		case !clean && !isCut:
			t.Errorf("%d bytes: %v, want *TruncatedError", n, err)
		case !clean && (cut.Packet != uint64(whole)+1 || cut.Offset != int64(ends[whole])):
			t.Errorf("%d bytes: %v, want packet %d at offset %d", n, err, whole+1, ends[whole])
		}
	}
}

func TestPcapDamage(t *testing.T) {
	d := frame(1, 60)
	good := func() *builder { return le().header(magicMicro, 2, 4, 0, 1).packet(5, 6, d, 0) }
	tests := []struct {
		name  string
		file  []byte
		count int
		want  string
	}{
		{"cut in the data", good().packet(5, 6, d, 0).b[:150], 1,
			"cut short in packet 2 (offset 100) [the capture was stopped while it was being written, or was copied in part; everything before that place was read]"},
		{"huge length", good().u32(1, 2, 1<<30, 1<<30).raw(d...).b, 1,
			"damaged at packet 2 (offset 100): the packet claims 1073741824 bytes, more than a packet has (262144) [everything before that place was read; capinfos FILE may say more about the damage]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f, err := readAll(t, tt.file)
			if m := message(err); m != tt.want || len(got) != tt.count {
				t.Errorf("got %d packets, %s\nwant %d, %s", len(got), m, tt.count, tt.want)
			}
			var p Packet
			if again := f.Next(&p); again != err {
				t.Errorf("then Next returns %v", again)
			}
			if s := f.Stats(); s.Received != uint64(tt.count) || s.Truncated != uint64(tt.count) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestLinkTypeString(t *testing.T) {
	for l, want := range map[LinkType]string{1: "LINKTYPE_ETHERNET", 276: "LINKTYPE_LINUX_SLL2", 9999: "LINKTYPE 9999"} {
		if got := l.String(); got != want {
			t.Errorf("%d: %q, want %q", l, got, want)
		}
	}
	names := map[string]bool{}
	for l := range LinkType(300) {
		if n := l.String(); strings.HasPrefix(n, "LINKTYPE_") {
			if names[n] {
				t.Errorf("%s names two types", n)
			}
			names[n] = true
		}
	}
	if len(names) != 23 {
		t.Errorf("%d types have names", len(names))
	}
}
