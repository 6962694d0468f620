package live

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// statistics returns the counters of the Interface Statistics Blocks in a file,
// by interface and option.
func statistics(t *testing.T, b []byte) map[uint32]map[uint16]uint64 {
	t.Helper()
	all := map[uint32]map[uint16]uint64{}
	for len(b) > 0 {
		size := order.Uint32(b[4:])
		if order.Uint32(b) == blockCounts {
			t.Error("counts on their way are in the file")
		}
		if order.Uint32(b) == blockStatistics {
			m := map[uint16]uint64{}
			for o := b[20 : size-4]; order.Uint16(o) != optEnd; o = o[4+(order.Uint16(o[2:])+3)&^3:] {
				if code := order.Uint16(o); code >= isbIfRecv {
					m[code] = order.Uint64(o[4:])
				}
			}
			all[order.Uint32(b[8:])] = m
		}
		b = b[size:]
	}
	return all
}

// TestRingCounts holds that each file of a ring closes with the counts of its
// own packets.
func TestRingCounts(t *testing.T) {
	dir := t.TempDir()
	o := writerOptions(filepath.Join(dir, "day.pcapng"))
	o.Ring.Packets = 4
	o.Comment = "a comment"
	w, err := NewWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 { // interfaces 0 1 0 1 | 0 1
		w.Put(testPacket(i))
		switch i {
		case 1:
			w.Count(0, Saved{Dropped: 5})
			w.Count(1, Saved{LeftOut: 7})
			w.Count(9, Saved{Dropped: 1}) // no such interface
		case 5:
			w.Count(1, Saved{Dropped: 2, Missed: 3})
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	var got []map[uint32]map[uint16]uint64
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		readBack(t, b)
		if !bytes.Contains(b, []byte("a comment")) {
			t.Errorf("%s: no comment", name)
		}
		got = append(got, statistics(t, b))
	}
	counts := func(recv, card, os, saved uint64) map[uint16]uint64 {
		return map[uint16]uint64{isbIfRecv: recv, isbIfDrop: card, isbOSDrop: os, isbUsrDeliv: saved}
	}
	want := []map[uint32]map[uint16]uint64{
		{0: counts(7, 0, 5, 2), 1: counts(9, 0, 0, 2)},
		{0: counts(1, 0, 0, 1), 1: counts(3, 3, 2, 1)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRingCountsWithoutRoom holds that packets which found no file count in the
// next one that does.
func TestRingCountsWithoutRoom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := writerOptions(filepath.Join(dir, "day.pcapng"))
	o.Ring.Packets = 1
	told := make(chan error, 10)
	o.Notify = func(err error) { told <- err }
	w, err := NewWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Put(testPacket(0))
	for w.backlog() > 0 {
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	w.Put(testPacket(2)) // goes to a file that cannot be
	if err := <-told; err == nil {
		t.Fatal("no failure was told")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.Put(testPacket(4))
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Close: %v", err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 {
		t.Fatalf("%q", names)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := statistics(t, b)[0]; got[isbIfRecv] != 2 || got[isbOSDrop] != 1 || got[isbUsrDeliv] != 1 || w.Unsaved() != 1 {
		t.Errorf("%v, %d unsaved", got, w.Unsaved())
	}
}
