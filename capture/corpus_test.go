package capture_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
)

// A reading is what is compared with tshark: the number of the last packet, as
// it counts custom blocks too, and how the file ends.
type reading struct {
	last uint64
	end  string // "clean", "cut short", "damaged", "refused"
}

func readFile(t *testing.T, name string) reading {
	t.Helper()
	f, err := capture.Open(name)
	if err != nil {
		var bad *capture.OpenError
		if !errors.As(err, &bad) || bad.Hint() == "" && strings.Contains(bad.What, "not a pcap") {
			t.Errorf("%s: %v, without a hint", name, err)
		}
		return reading{0, "refused"}
	}
	defer f.Close()
	var r reading
	for {
		var p capture.Packet
		if err = f.Next(&p); err != nil {
			break
		}
		r.last = p.Number
	}
	var cut *capture.TruncatedError
	var bad *capture.FormatError
	switch {
	case err == io.EOF:
		r.end = "clean"
	case errors.As(err, &cut):
		r.end = "cut short"
	case errors.As(err, &bad):
		r.end = "damaged"
	}
	return r
}

// moreThanTshark lists the files of which more is read than tshark reads.
func moreThanTshark() map[string]reading {
	return map[string]reading{
		// The block with the fault is whole, so the next one can be found.
		"caplen_gt_block.pcapng": {3, "damaged"},
		"caplen_huge.pcapng":     {3, "damaged"},
		"iface_oob.pcapng":       {3, "damaged"},
		"no_idb_packets.pcapng":  {2, "damaged"},
		// The faulty option bears on no packet: a flag of the wrong size.
		"epb_flag_short.pcapng": {3, "clean"},
		// The packets are whole; only the interface's options are not.
		"opt_len_overflow.pcapng": {3, "damaged"},
	}
}

func TestFormatsAsTshark(t *testing.T) {
	dir := filepath.Join(corpus(t), "hostile", "formats")
	list, err := os.Open(filepath.Join(dir, "TSHARK.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	line := regexp.MustCompile(`^(\S+) tshark n=(\d+) ?(.*)`)
	rows := 0
	for s := bufio.NewScanner(list); s.Scan(); rows++ {
		m := line.FindStringSubmatch(s.Text())
		if m == nil {
			t.Fatalf("not understood: %s", s.Text())
		}
		t.Run(m[1], func(t *testing.T) {
			n, _ := strconv.ParseUint(m[2], 10, 64)
			want := reading{n, "clean"}
			switch {
			case strings.Contains(m[3], "damaged"):
				want.end = "damaged"
			case strings.Contains(m[3], "cut short"):
				want.end = "cut short"
			}
			if more, ok := moreThanTshark()[m[1]]; ok {
				if more == want {
					t.Error("is no exception")
				}
				want = more
			}
			if got := readFile(t, filepath.Join(dir, m[1])); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	if rows < 50 {
		t.Errorf("%d rows", rows)
	}
}

func TestHostileFiles(t *testing.T) {
	dir := filepath.Join(corpus(t), "hostile", "open")
	tests := map[string]reading{
		"file_bad_magic.pcap":            {0, "refused"},
		"file_caplen_200m.pcap":          {50, "damaged"},
		"file_caplen_4g.pcap":            {50, "damaged"},
		"file_empty.pcap":                {0, "refused"},
		"file_gz.pcap.gz":                {50, "clean"},
		"file_gz_trunc.pcap.gz":          {17, "cut short"},
		"file_nano_be.pcap":              {50, "clean"},
		"file_ng_be.pcapng":              {50, "clean"},
		"file_ng_bom_bad.pcapng":         {0, "refused"},
		"file_ng_caplen_gt_block.pcapng": {50, "damaged"},
		"file_ng_dsb_lie.pcapng":         {50, "damaged"},
		"file_ng_iface_missing.pcapng":   {50, "damaged"},
		"file_ng_len0.pcapng":            {50, "damaged"},
		"file_ng_len_4g.pcapng":          {50, "damaged"},
		"file_ng_len_unaligned.pcapng":   {50, "cut short"},
		"file_ng_mixed_links.pcapng":     {50, "clean"},
		"file_ng_opt_64k_x.pcapng":       {50, "clean"},
		"file_ng_opt_esc.pcapng":         {50, "clean"},
		"file_ng_shb_len_neg.pcapng":     {50, "clean"},
		"file_ng_spb.pcapng":             {50, "clean"},
		"file_ng_spb_lie.pcapng":         {51, "clean"},
		"file_ng_tsoffset.pcapng":        {50, "clean"},
		"file_ng_tsresol_10_20.pcapng":   {50, "clean"},
		"file_ng_tsresol_127.pcapng":     {50, "clean"},
		"file_ng_unknown_block.pcapng":   {100, "clean"}, // custom blocks take numbers
		"file_short_header.pcap":         {0, "refused"},
		"file_snap0.pcap":                {50, "clean"},
		"file_snapneg_caplen_1g.pcap":    {50, "damaged"},
		"file_snapped_68.pcap":           {50, "clean"},
		"file_swapped.pcap":              {50, "clean"},
		"file_time_2106.pcap":            {50, "clean"},
		"file_trunc_rechdr.pcap":         {50, "cut short"},
		"file_trunc_tail.pcap":           {50, "cut short"},
		"file_usec_overflow.pcap":        {50, "clean"},
		"file_zstd_bad.pcap.zst":         {0, "refused"},
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) < len(tests) {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".keys") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			got := readFile(t, name)
			want, ok := tests[filepath.Base(name)]
			switch {
			case ok && got != want:
				t.Errorf("got %v, want %v", got, want)
			case !ok && (got.end != "clean" || got.last == 0): // the fault is inside the packets
				t.Errorf("got %v", got)
			}
		})
	}
}
