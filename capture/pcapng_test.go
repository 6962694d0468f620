package capture

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ts0 = 1_700_000_000_123_456 // microseconds

func opts() *builder { return le() }

// ng is a packet as most tests expect it.
func ng(n uint64, off int64, data []byte, change func(*Packet)) Packet {
	p := Packet{Number: n, Time: utc(1_700_000_000, 123_456_000), Link: 1, Data: data, WireLen: len(data) + 7, Offset: off}
	if change != nil {
		change(&p)
	}
	return p
}

func TestPcapng(t *testing.T) {
	d := frame(1, 61)
	head := func() *builder { return le().shb().idb(1, 0, nil) }
	two := le().shb().idb(1, 0, nil).epb(0, ts0, d, nil)
	two.b = append(two.b, be().shb().idb(101, 0, nil).epb(0, ts0, d, nil).b...)
	unpadded := head().u32(blockEnhanced, 93, 0, ts0>>32, ts0&math.MaxUint32, 61, 68).raw(d...).raw(0, 0, 0).u32(93)
	tests := []struct {
		name string
		file *builder
		want []Packet
	}{
		{"little-endian", head().epb(0, ts0, d, nil), []Packet{ng(1, 48, d, nil)}},
		{"big-endian", be().shb().idb(1, 0, nil).epb(0, ts0, d, nil), []Packet{ng(1, 48, d, nil)}},
		{"two sections, two byte orders", two, []Packet{ng(1, 48, d, nil), ng(2, 192, d, func(p *Packet) { p.Interface, p.Link = 1, 101 })}},
		{"two link types", le().shb().idb(1, 0, nil).idb(276, 0, nil).epb(1, ts0, d, nil).epb(0, ts0, d, nil),
			[]Packet{ng(1, 68, d, func(p *Packet) { p.Interface, p.Link = 1, 276 }), ng(2, 164, d, nil)}},
		{"late interface", head().epb(0, ts0, d, nil).idb(113, 0, nil).epb(1, ts0, d, nil),
			[]Packet{ng(1, 48, d, nil), ng(2, 164, d, func(p *Packet) { p.Interface, p.Link = 1, 113 })}},
		{"simple packets", head().block(blockSimple, le().u32(61).raw(d...)),
			[]Packet{ng(1, 48, d, func(p *Packet) { p.Time, p.WireLen = time.Time{}, 61 })}},
		{"simple packet cut by the snapshot length", le().shb().idb(1, 50, nil).block(blockSimple, le().u32(61).raw(d[:50]...)),
			[]Packet{ng(1, 48, d[:50], func(p *Packet) { p.Time, p.WireLen = time.Time{}, 61 })}},
		{"simple packet that claims 1 GB", head().block(blockSimple, le().u32(1<<30).raw(d[:60]...)),
			[]Packet{ng(1, 48, d[:60], func(p *Packet) { p.Time, p.WireLen = time.Time{}, 1<<30 })}},
		{"obsolete packet block", head().block(blockObsolete, le().u16(0, 3).u32(ts0>>32, ts0&math.MaxUint32, 61, 68).raw(d...)),
			[]Packet{ng(1, 48, d, nil)}},
		{"comment", head().epb(0, ts0, d, opts().option(2, 0, 0, 0, 1).option(1, []byte("hello\x1b")...).option(1, 'x').option(0)),
			[]Packet{ng(1, 48, d, func(p *Packet) { p.Comment = []byte("hello\x1b") })}},
		{"option of a packet that runs out", head().epb(0, ts0, d, opts().u16(1, 60000)), []Packet{ng(1, 48, d, nil)}},
		{"options of 400 kB", head().epb(0, ts0, d, bigOptions()).epb(0, ts0, d, nil),
			[]Packet{ng(1, 48, d, nil), ng(2, 144+8*50004, d, nil)}},
		{"length without the padding", unpadded.epb(0, ts0, d, nil), []Packet{ng(1, 48, d, nil), ng(2, 144, d, nil)}},
		{"unknown and custom blocks", head().block(0x12345, le().u32(1, 2)).block(blockCustom, le().u32(32473)).epb(0, ts0, d, nil),
			[]Packet{ng(2, 84, d, nil)}},
		{"nanoseconds and offset", le().shb().idb(1, 0, opts().option(9, 9).option64(14, 100)).epb(0, ts0*1000+9, d, nil),
			[]Packet{ng(1, 68, d, func(p *Packet) { p.Time = utc(1_700_000_100, 123_456_009) })}},
		{"binary resolution", le().shb().idb(1, 0, opts().option(9, 0x94)).epb(0, 1_700_000_000<<20|1<<19, d, nil),
			[]Packet{ng(1, 56, d, func(p *Packet) { p.Time = utc(1_700_000_000, 5e8) })}},
		{"resolution without a value", le().shb().idb(1, 0, opts().option(9).option(0)).epb(0, ts0, d, nil), []Packet{ng(1, 56, d, nil)}},
		{"offset -2^63", le().shb().idb(1, 0, opts().option64(14, 1<<63)).epb(0, ts0, d, nil),
			[]Packet{ng(1, 60, d, func(p *Packet) { p.Time = time.Time{} })}},
		{"version 1.2", le().block(blockSection, le().u32(byteOrderMagic).u16(1, 2).u32(10, 0)).idb(1, 0, nil).epb(0, ts0, d, nil), []Packet{ng(1, 48, d, nil)}},
		{"4 MB of options in the section", le().shb(bytes.Repeat(opts().option(1, make([]byte, 65532)...).b, 64)...).idb(1, 0, nil).epb(0, ts0, d, nil),
			[]Packet{ng(1, 48+64*65536, d, nil)}},
		{"nothing", le().shb(), nil},
		{"snapshot length in the interface is smaller", le().shb().idb(1, 32, nil).epb(0, ts0, d, nil), []Packet{ng(1, 48, d, nil)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := readAll(t, tt.file.b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			f, err := NewReader(oneByteReader{bytes.NewReader(tt.file.b)}, "slow")
			if err != nil || len(tt.file.b) > 1<<20 {
				return
			}
			if slow, err := drain(f); err != nil || !reflect.DeepEqual(got, slow) {
				t.Errorf("byte by byte: %d packets, %v", len(slow), err)
			}
		})
	}
}

// bigOptions returns more options than a cursor shows at once.
func bigOptions() *builder {
	w := opts()
	for range 8 {
		w.option(2988, make([]byte, 50000)...)
	}
	return w
}

func TestPcapngDamage(t *testing.T) {
	d := frame(1, 60)
	head := func() *builder { return le().shb().idb(1, 0, nil).epb(0, ts0, d, nil) }
	end := func(w *builder) []byte { return w.epb(0, ts0, d, nil).b }
	last := head().epb(0, ts0, d, nil)
	last.b[len(last.b)-4]++
	lastLong := head().block(0x99, bigOptions())
	lastLong.b[len(lastLong.b)-4]++
	bom := be().shb().b
	bom[8] = 0
	tests := []struct {
		name    string
		file    []byte
		numbers []uint64
		want    string
	}{
		{"interface that is not described", end(head().epb(7, ts0, d, nil)), []uint64{1, 3},
			"damaged at packet 2 (offset 140): it is of interface 7, which nothing before describes; 1 damaged packet was skipped"},
		{"packet before its interface", end(le().shb().epb(0, ts0, d, nil).idb(1, 0, nil)), []uint64{2},
			"damaged at packet 1 (offset 28): it is of interface 0, which nothing before describes; 1 damaged packet was skipped"},
		{"length of 4 GB", end(head().block(blockEnhanced, le().u32(0, 0, 0, 0xf0000000, 60).raw(d...))), []uint64{1, 3},
			"damaged at packet 2 (offset 140): it claims 4026531840 bytes, more than a packet has (262144); 1 damaged packet was skipped"},
		{"length more than the block", end(head().block(blockEnhanced, le().u32(0, 0, 0, 90, 90).raw(d...))), []uint64{1, 3},
			"damaged at packet 2 (offset 140): it claims 90 bytes, of which its block holds 60; 1 damaged packet was skipped"},
		{"blocks too short for a packet", end(head().block(blockEnhanced, le()).block(blockObsolete, le()).block(blockSimple, le())), []uint64{1, 5},
			"damaged at packet 2 (offset 140): its block has only 8 bytes; 3 damaged packets were skipped"},
		{"block length 0", end(head().u32(0x99, 0)), []uint64{1}, "damaged at packet 2 (offset 140): a block claims 0 bytes"},
		{"block length 4 GB", end(head().u32(0x99, 0xfffffffc)), []uint64{1}, "damaged at packet 2 (offset 140): a block claims 4294967292 bytes"},
		{"lengths differ", end(last), []uint64{1}, "damaged at packet 2 (offset 140): the block length is 92 before the block and 93 behind it"},
		{"lengths of a long block differ", end(lastLong), []uint64{1},
			"damaged at packet 2 (offset 140): the block length is 400044 before the block and 400045 behind it"},
		{"second section without byte order", append(head().b, bom...), []uint64{1}, "damaged at packet 2 (offset 140): the byte-order magic of a section is 00 2b 3c 4d"},
		{"second section of version 2", append(head().b, le().block(blockSection, le().u32(byteOrderMagic).u16(2, 0).u32(0, 0)).b...), []uint64{1},
			"damaged at packet 2 (offset 140): a section has pcapng version 2, which is not read"},
		{"interface description too short", end(head().block(blockInterface, le().u32(1))), []uint64{1},
			"damaged at packet 2 (offset 140): an interface description has only 16 bytes"},
		{"options of an interface run out", end(le().shb().idb(1, 0, opts().u16(2, 60000))), []uint64{1},
			"damaged at packet 1 (offset 28): the options of an interface run past their block: times may be wrong"},
		{"secrets that are not there", end(head().dsb(0x544c534b, 1<<30, "abc")), []uint64{1, 2},
			"damaged at packet 2 (offset 140): a decryption secrets block claims 1073741824 bytes of secrets and holds 4"},
		{"skipped and cut short", end(head().epb(7, ts0, d, nil))[:300], []uint64{1},
			"cut short in packet 3 (offset 232); 1 damaged packet was skipped"},
		{"cut in a block that is no packet", head().idb(1, 0, nil).b[:150], []uint64{1}, "cut short in an interface description block (offset 140)"},
		{"cut in a long block", head().block(0x99, bigOptions()).b[:400000], []uint64{1}, "cut short in a block of type 153 after packet 1 (offset 140)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := readAll(t, tt.file)
			var numbers []uint64
			for _, p := range got {
				numbers = append(numbers, p.Number)
			}
			if d := cmp.Diff(tt.numbers, numbers); d != "" {
				t.Error(d)
			}
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestPcapngPrefixes cuts a file of packets at every place.
func TestPcapngPrefixes(t *testing.T) {
	w := le().shb()
	w.idb(1, 0, nil)
	ends := []int{len(w.b)}
	for i := range 4 {
		w.epb(0, ts0, frame(i, 20+i), opts().option(1, 'c', 'o'))
		ends = append(ends, len(w.b))
	}
	checkPrefixes(t, w.b, ends)
}

func TestInterfaces(t *testing.T) {
	a := func() *builder {
		return opts().option(2, []byte("eth0\x00\x00")...).option(3, []byte("\x1b[2J")...).option(13, 4)
	}
	w := le()
	for range 3 { // the same two interfaces in every section
		w.shb().idb(1, 9, a()).idb(1, 9, a()).epb(1, ts0, nil, nil)
	}
	w.shb().idb(101, 0, nil).epb(0, ts0, nil, nil)
	got, f, err := readAll(t, w.b)
	if err != nil {
		t.Fatal(err)
	}
	eth := Interface{Name: "eth0", Description: "\x1b[2J", Link: 1, SnapLen: 9, FCSLen: 4}
	if d := cmp.Diff([]Interface{eth, eth, {Link: 101}}, f.Interfaces()); d != "" {
		t.Error(d)
	}
	var of []int
	for _, p := range got {
		of = append(of, p.Interface)
	}
	if d := cmp.Diff([]int{1, 1, 1, 2}, of); d != "" {
		t.Error(d)
	}
}

// TestInterfacesBounded describes new interfaces without end.
func TestInterfacesBounded(t *testing.T) {
	w := le()
	for i := range uint32(maxInterfaces + 2) {
		if i%1000 == 0 {
			w.shb()
		}
		w.idb(1, i+1, opts().option(2, make([]byte, 40)...))
	}
	_, f, err := readAll(t, w.b)
	if bad, ok := err.(*FormatError); !ok || bad.What != "it describes more than 65536 interfaces" {
		t.Errorf("got %v", err)
	}
	if n := len(f.Interfaces()); n != maxInterfaces {
		t.Errorf("%d interfaces kept", n)
	}
}

func TestStats(t *testing.T) {
	isb := func(n uint32, ifDrop, osDrop uint64) *builder {
		return le().u32(n, 0, 0).option64(4, 99).option64(5, ifDrop).option64(7, osDrop).option(0)
	}
	d := frame(0, 8)
	lost := func() *builder {
		return le().shb().idb(1, 0, nil).epb(0, ts0, d, opts().option64(4, 5)).
			block(blockObsolete, le().u16(0, 2).u32(0, 0, 8, 8).raw(d...)).
			block(blockObsolete, le().u16(0, 0xffff).u32(0, 0, 8, 8).raw(d...))
	}
	tests := []struct {
		name string
		file *builder
		want Stats
	}{
		{"drop counts of packets", lost(), Stats{Received: 3, Truncated: 1, DroppedByInterface: 7}},
		{"statistics are better", lost().block(blockStatistics, isb(0, 20, 3)), Stats{Received: 3, Truncated: 1, DroppedByInterface: 20, DroppedByKernel: 3}},
		{"the last of an interface, and of sections the sum",
			le().shb().idb(1, 0, nil).block(blockStatistics, isb(0, 1, 1)).block(blockStatistics, isb(0, 5, 6)).shb().idb(1, 0, nil).block(blockStatistics, isb(0, 10, 20)),
			Stats{DroppedByInterface: 15, DroppedByKernel: 26}},
		{"no such interface, option too short, overflow", le().shb().idb(1, 0, nil).idb(1, 0, nil).
			block(blockStatistics, isb(9, 1, 1)).block(blockStatistics, le().u32(0, 0, 0).option(5, 1)).block(blockStatistics, le()).
			block(blockStatistics, isb(0, 1<<63, 1)).block(blockStatistics, isb(1, 1<<63, 1)),
			Stats{DroppedByInterface: math.MaxUint64, DroppedByKernel: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, f, err := readAll(t, tt.file.b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, f.Stats()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	const tls = 0x544c534b
	long := bytes.Repeat([]byte("0123456789abcde\n"), 40000)
	tests := []struct {
		name string
		file *builder
		want string
	}{
		{"two blocks, the first without a line end", le().shb().dsb(tls, 3, "abc").dsb(tls, 4, "def\n"), "abc\ndef\n"},
		{"another kind of secrets", le().shb().dsb(0x57474b4c, 3, "abc"), ""},
		{"longer than a cursor shows", le().shb().dsb(tls, len(long), string(long)).dsb(tls, 2, "x\n"), string(long) + "x\n"},
		{"no text", le().shb().dsb(tls, 0, ""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, f, err := readAll(t, tt.file.idb(1, 0, nil).epb(0, ts0, nil, nil).b)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(f.Secrets()); got != tt.want {
				t.Errorf("got %d bytes, want %d", len(got), len(tt.want))
			}
			if f.Secrets() != nil {
				t.Error("secrets are given twice")
			}
		})
	}
}

// TestSecretsBounded hands over 40 MiB of secrets that nobody asks for.
func TestSecretsBounded(t *testing.T) {
	one := le().dsb(0x544c534b, 1<<20, string(make([]byte, 1<<20))).b
	file := append(le().shb().b, bytes.Repeat(one, 40)...)
	_, f, err := readAll(t, file)
	if _, ok := err.(*FormatError); !ok || len(f.Secrets()) > maxSecrets+1 {
		t.Errorf("got %v", err)
	}
}

func TestClock(t *testing.T) {
	const all = math.MaxUint64
	tests := []struct {
		name       string
		resolution uint8
		offset     int64
		ts         uint64
		want       time.Time
	}{
		{"seconds", 0, 0, 5, utc(5, 0)},
		{"seconds beyond the year 9999", 0, 0, all, time.Time{}},
		{"milliseconds", 3, 0, 5001, utc(5, 1e6)},
		{"10^-19", 19, 0, all, utc(1, 844674407)},
		{"10^-20", 20, 0, all, utc(0, 184467440)},
		{"10^-28", 28, 0, all, utc(0, 1)},
		{"10^-29", 29, 0, all, utc(0, 0)},
		{"10^-127", 127, 0, all, utc(0, 0)},
		{"2^0", 0x80, 0, 7, utc(7, 0)},
		{"2^-1", 0x81, 0, 7, utc(3, 5e8)},
		{"2^-32", 0xa0, 0, all, utc(1<<32-1, 999_999_999)},
		{"2^-63", 0xbf, 0, all, utc(1, 999_999_999)},
		{"2^-64", 0xc0, 0, 1 << 63, utc(0, 5e8)},
		{"2^-65", 0xc1, 0, 1 << 63, utc(0, 25e7)},
		{"2^-127", 0xff, 0, all, utc(0, 0)},
		{"offset before 1970", 6, -86400, 0, utc(-86400, 0)},
		{"offset overflows", 0, math.MaxInt64, math.MaxInt64, time.Time{}},
		{"offset far back", 6, math.MinInt64, all, time.Time{}},
		{"last second", 0, 0, maxSeconds, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (clock{tt.resolution, tt.offset}).time(tt.ts); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
