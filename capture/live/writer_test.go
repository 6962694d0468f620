package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
)

var noon = time.Date(2026, 11, 23, 9, 6, 3, 0, time.UTC)

func writerOptions(name string) WriterOptions {
	return WriterOptions{
		Name: name, Now: func() time.Time { return noon }, Filter: "tcp port 443", Application: "tlslens test",
		Interfaces: []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet, SnapLen: 262144}, {Name: "any", Description: "all", Link: capture.LinkLinuxSLL2, SnapLen: 96}},
	}
}

func testPacket(i int) *capture.Packet {
	data := bytes.Repeat([]byte{byte(i)}, 40+i%7)
	return &capture.Packet{Number: uint64(i + 1), Time: noon.Add(time.Duration(i) * 1234567), Link: []capture.LinkType{capture.LinkEthernet, capture.LinkLinuxSLL2}[i%2], Data: data, WireLen: len(data) + i%3, Interface: i % 2}
}

// readBack reads a capture whole.
func readBack(t *testing.T, b []byte) (packets []capture.Packet, f *capture.File) {
	t.Helper()
	f, err := capture.NewReader(bytes.NewReader(b), "test")
	if err != nil {
		t.Fatal(err)
	}
	for {
		var p capture.Packet
		err := f.Next(&p)
		if err == io.EOF {
			return packets, f
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Data, p.Offset = bytes.Clone(p.Data), 0
		packets = append(packets, p)
	}
}

// TestWriter holds that what is written is what is read.
func TestWriter(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.pcapng")
	w, err := NewWriter(writerOptions(name))
	if err != nil {
		t.Fatal(err)
	}
	var want []capture.Packet
	for i := range 1000 {
		p := testPacket(i)
		want = append(want, *p)
		w.Put(p)
		clear(p.Data) // the caller's again
		want[i].Data = bytes.Repeat([]byte{byte(i)}, 40+i%7)
	}
	w.Count(0, Saved{Dropped: 10, LeftOut: 3})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got, f := readBack(t, b)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(writerOptions("").Interfaces, f.Interfaces()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if st := f.Stats(); st.DroppedByKernel+st.DroppedByInterface != 10 {
		t.Errorf("%+v, want 10 dropped", st)
	}
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if !bytes.Contains(b, []byte("\x00tcp port 443")) || !bytes.Contains(b, []byte("tlslens test")) {
		t.Error("the filter or the program's name is missing")
	}
}

// TestRing holds where files end and which are kept.
func TestRing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ring  RingFiles
		step  time.Duration // between packets
		files int
		total int // packets in them
		most  int64
	}{
		{"packets", RingFiles{Packets: 10}, 0, 10, 100, 0},
		{"packets, the last three", RingFiles{Packets: 10, Files: 3}, 0, 3, 30, 0},
		{"size", RingFiles{Bytes: 2000}, 0, 5, 100, 2000},
		{"size less than a packet", RingFiles{Bytes: 1}, 0, 100, 100, 0},
		{"age", RingFiles{Age: 10 * time.Second}, time.Second, 10, 100, 0},
		{"only a number of files", RingFiles{Files: 3}, 0, 1, 100, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			var mu sync.Mutex
			now := noon
			o := writerOptions(filepath.Join(dir, "day.pcapng"))
			o.Ring = tt.ring
			o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
			w, err := NewWriter(o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				w.Put(testPacket(i))
				if tt.step > 0 {
					for deadline := time.Now().Add(5 * time.Second); w.backlog() > 0 && time.Now().Before(deadline); {
						time.Sleep(time.Millisecond)
					}
					mu.Lock()
					now = now.Add(tt.step)
					mu.Unlock()
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			names, _ := filepath.Glob(filepath.Join(dir, "day_*.pcapng"))
			total := 0
			for _, name := range names {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				packets, _ := readBack(t, b)
				total += len(packets)
				if tt.most > 0 && name != names[len(names)-1] && int64(len(b)) > tt.most {
					t.Errorf("%s has %d bytes", name, len(b))
				}
			}
			if len(names) != tt.files || total != tt.total {
				t.Errorf("%d files with %d packets, want %d with %d: %q", len(names), total, tt.files, tt.total, names)
			}
			if want := fmt.Sprintf("day_%05d_20261123", map[bool]int{true: 8, false: 1}[tt.ring.Packets > 0 && tt.ring.Files == 3]); len(names) > 0 && !strings.HasPrefix(filepath.Base(names[0]), want) {
				t.Errorf("%s, want %s...", names[0], want)
			}
		})
	}
}

// backlog returns how many bytes were not yet taken to be written, and waits
// for a write that is under way.
func (w *Writer) backlog() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spare == nil && len(w.waiting) == 0 {
		return 1 // being written
	}
	return len(w.waiting)
}

// A valve is a stream that can be shut, and that can break.
type valve struct {
	mu   sync.Mutex
	b    bytes.Buffer
	shut chan struct{}
	err  error
}

func (v *valve) Write(b []byte) (int, error) {
	if v.shut != nil {
		<-v.shut
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return 0, v.err
	}
	return v.b.Write(b)
}

// TestSlowStream holds that Put never waits and counts what it left out.
func TestSlowStream(t *testing.T) {
	v := &valve{}
	o := writerOptions("-")
	told := make(chan error, 10)
	o.Stream, o.Queue, o.Notify = v, 10_000, func(err error) { told <- err }
	w, err := NewWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	v.mu.Lock()
	v.shut = make(chan struct{})
	v.mu.Unlock()
	begun := time.Now()
	for i := range 5000 {
		w.Put(testPacket(i))
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("Put waited: %v", took)
	}
	if err := <-told; !errors.Is(err, ErrSlow) {
		t.Error(err)
	}
	lost := w.Unsaved()
	close(v.shut)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, f := readBack(t, v.b.Bytes())
	if lost == 0 || uint64(len(got))+lost != 5000 {
		t.Errorf("%d written, %d lost", len(got), lost)
	}
	if st := f.Stats(); st.DroppedByInterface+st.DroppedByKernel != lost {
		t.Errorf("the file says %+v, %d were lost", st, lost)
	}
}

var errFull = errors.New("no space left on device")

// TestFullDisk holds that a failure is told, that packets count as lost and
// that writing goes on when there is room.
func TestFullDisk(t *testing.T) {
	v := &valve{}
	o := writerOptions("-")
	told := make(chan error, 10)
	o.Stream, o.Notify = v, func(err error) { told <- err }
	w, err := NewWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	full := func(err error) {
		v.mu.Lock()
		v.err = err
		v.mu.Unlock()
	}
	full(errFull)
	w.Put(testPacket(0))
	if err := <-told; !errors.Is(err, errFull) {
		t.Error(err)
	}
	full(nil)
	w.Put(testPacket(1))
	if err := <-told; err != nil {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v", err)
	}
	got, _ := readBack(t, v.b.Bytes())
	if len(got) != 1 || w.Unsaved() != 1 {
		t.Errorf("%d packets written, %d lost", len(got), w.Unsaved())
	}
}

// TestNoFile holds that a name that cannot be is told at once.
func TestNoFile(t *testing.T) {
	if _, err := NewWriter(writerOptions(filepath.Join(t.TempDir(), "no", "such", "folder"))); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzPacketBlock holds that any packet is read back as it was put.
func FuzzPacketBlock(f *testing.F) {
	f.Add([]byte(""), 0, int64(0))
	f.Add([]byte("abc"), 5, int64(1_800_000_000_123_456_789))
	f.Fuzz(func(t *testing.T, data []byte, more int, at int64) {
		if len(data) > capture.MaxPacketSize || more < 0 || more > 1<<20 || at < 0 {
			t.Skip()
		}
		p := capture.Packet{Number: 1, Time: time.Unix(0, at).UTC(), Link: capture.LinkEthernet, Data: data, WireLen: len(data) + more}
		o := writerOptions("")
		b := appendPacket(appendSection(nil, &o), &p)
		if len(b)%4 != 0 || int(binary.LittleEndian.Uint32(b[len(b)-4:])) > len(b) {
			t.Fatalf("%d bytes", len(b))
		}
		got, _ := readBack(t, b)
		if len(got) != 1 || !bytes.Equal(got[0].Data, data) || got[0].WireLen != p.WireLen || !got[0].Time.Equal(p.Time) {
			t.Errorf("%+v, want %+v", got, p)
		}
	})
}
