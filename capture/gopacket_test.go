package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/tlslens/tlslens/capture"
)

// written returns files that pcapgo writes.
func written(t testing.TB, n, size int) map[string][]byte {
	t.Helper()
	var us, ns, ng bytes.Buffer
	w1, w2 := pcapgo.NewWriter(&us), pcapgo.NewWriterNanos(&ns)
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	check(w1.WriteFileHeader(65536, layers.LinkTypeEthernet))
	check(w2.WriteFileHeader(65536, layers.LinkTypeEthernet))
	w3, err := pcapgo.NewNgWriter(&ng, layers.LinkTypeEthernet)
	check(err)
	for i := range n {
		data := bytes.Repeat([]byte{byte(i)}, 1+(i*37)%size)
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(1_700_000_000+int64(i), int64(i)*1001), CaptureLength: len(data), Length: len(data) + i%3}
		check(w1.WritePacket(ci, data))
		check(w2.WritePacket(ci, data))
		check(w3.WritePacket(ci, data))
	}
	check(w3.Flush())
	return map[string][]byte{"pcap": us.Bytes(), "pcap nanoseconds": ns.Bytes(), "pcapng": ng.Bytes()}
}

type zeroCopy interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// oracle opens b with pcapgo.
func oracle(b []byte) (gopacket.ZeroCopyPacketDataSource, error) {
	if bytes.HasPrefix(b, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		return pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	}
	return pcapgo.NewReader(bytes.NewReader(b))
}

// agree reads b with both readers as long as pcapgo's has packets, and returns
// how many.
func agree(t *testing.T, b []byte) int {
	t.Helper()
	theirs, err := oracle(b)
	if err != nil {
		return 0
	}
	ours, err := capture.NewReader(bytes.NewReader(b), "test")
	if err != nil {
		t.Errorf("pcapgo opens it: %v", err)
		return 0
	}
	for n := 0; ; n++ {
		want, wantInfo, err := theirs.ZeroCopyReadPacketData()
		if err != nil {
			return n
		}
		got, info, err := ours.ZeroCopyReadPacketData()
		if err != nil {
			t.Fatalf("packet %d: %v, pcapgo reads it", n+1, err)
		}
		wantInfo.AncillaryData, wantInfo.Timestamp = nil, wantInfo.Timestamp.UTC()
		if !bytes.Equal(got, want) || cmp.Diff(wantInfo, info) != "" {
			t.Fatalf("packet %d differs: %s", n+1, cmp.Diff(wantInfo, info))
		}
	}
}

func TestAgreesWithPcapgo(t *testing.T) {
	for name, b := range written(t, 3000, 1500) {
		if n := agree(t, b); n != 3000 {
			t.Errorf("%s: pcapgo reads %d packets", name, n)
		}
	}
}

func TestAgreesWithPcapgoOnCorpus(t *testing.T) {
	files, packets := 0, 0
	err := filepath.WalkDir(filepath.Join(corpus(t), "captures"), func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		t.Run(e.Name(), func(t *testing.T) {
			n := agree(t, b)
			packets += n
			if n > 0 {
				files++
			}
		})
		return nil
	})
	if err != nil || files < 300 {
		t.Errorf("%d files, %v", files, err)
	}
	t.Logf("%d files, %d packets", files, packets)
}

// corpus returns the folder of the optional test corpus.
func corpus(t testing.TB) string {
	dir := os.Getenv("TLSLENS_CORPUS")
	if dir == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	return dir
}

// A File is a packet source of gopacket.
func ExampleFile_gopacket() {
	file := "\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + strings.Repeat("\x00", 8) + "\x00\x00\x04\x00\x01\x00\x00\x00" +
		"\x00\xf1\x53\x65\x00\x00\x00\x00\x0e\x00\x00\x00\x0e\x00\x00\x00" + // 14 of 14 bytes
		"\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5"
	f, err := capture.NewReader(strings.NewReader(file), "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	fmt.Println(f.Interfaces()[0].Link)
	for packet := range gopacket.NewPacketSource(f, layers.LinkTypeEthernet).Packets() {
		fmt.Println(packet.Metadata().Timestamp, packet.LinkLayer().LinkFlow())
	}
	// Output:
	// LINKTYPE_ETHERNET
	// 2023-11-14 22:13:20 +0000 UTC 02:00:00:00:00:01->ff:ff:ff:ff:ff:ff
}

func BenchmarkNext(b *testing.B) {
	for name, file := range written(b, 20000, 1500) {
		b.Run(name+"/capture", func(b *testing.B) {
			benchmark(b, file, func() (zeroCopy, error) { return capture.NewReader(bytes.NewReader(file), "") })
		})
		b.Run(name+"/pcapgo", func(b *testing.B) {
			benchmark(b, file, func() (zeroCopy, error) { return oracle(file) })
		})
	}
}

// BenchmarkOpen reads a file of the disk cache.
func BenchmarkOpen(b *testing.B) {
	file := written(b, 100000, 1500)["pcap"]
	name := filepath.Join(b.TempDir(), "f")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		b.Fatal(err)
	}
	benchmark(b, file, func() (zeroCopy, error) { return capture.Open(name) })
}

// benchmark reports times and allocations for a packet, not for a file.
func benchmark(b *testing.B, file []byte, open func() (zeroCopy, error)) {
	b.ReportAllocs()
	var src zeroCopy
	var size int64
	b.ResetTimer()
	for range b.N {
		if src == nil {
			b.StopTimer()
			var err error
			if src, err = open(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		data, _, err := src.ZeroCopyReadPacketData()
		switch {
		case err == io.EOF:
			if c, ok := src.(io.Closer); ok {
				c.Close()
			}
			src = nil
		case err != nil:
			b.Fatal(err)
		}
		size += int64(len(data))
	}
	b.SetBytes(size / int64(b.N))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}
