//go:build linux && !libpcap

package live

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A missedCount reads how many packets a network card or its driver lost before
// the kernel saw them, as libpcap counts its ifdrop. The files are open before
// privileges are given up.
type missedCount struct {
	files []*os.File
	last  uint64
}

// missedFiles are the counters (Documentation/ABI/testing/sysfs-class-net-statistics
// of Linux).
var missedFiles = [...]string{"rx_missed_errors", "rx_fifo_errors"}

// openMissed opens the counters of an interface. Where there are none, nothing
// is counted.
func openMissed(name string) *missedCount {
	m := &missedCount{}
	if name == Any { // the folder of no interface
		return m
	}
	for _, what := range missedFiles {
		if f, err := os.Open(filepath.Join("/sys/class/net", name, "statistics", what)); err == nil {
			m.files = append(m.files, f)
		}
	}
	m.last = m.read()
	return m
}

func (m *missedCount) read() (sum uint64) {
	var b [32]byte
	for _, f := range m.files {
		n, _ := f.ReadAt(b[:], 0) // fails when the interface was removed
		v, _ := strconv.ParseUint(strings.TrimSpace(string(b[:n])), 10, 64)
		sum += v
	}
	return sum
}

// more returns how many were lost since it was last called.
func (m *missedCount) more() uint64 {
	if m == nil {
		return 0
	}
	now := m.read()
	n := now - min(m.last, now)
	m.last = max(m.last, now)
	return n
}

func (m *missedCount) close() {
	if m == nil {
		return
	}
	for _, f := range m.files {
		f.Close()
	}
	m.files = nil
}
