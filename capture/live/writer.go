package live

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tlslens/tlslens/capture"
)

// WriterOptions say where packets go.
type WriterOptions struct {
	// Name is that of the file. With a ring it is the pattern: "day.pcapng"
	// makes day_00001_20261123090603.pcapng and so on, in UTC.
	Name string
	// Stream, if not nil, is written to in place of a file.
	Stream io.Writer

	Ring RingFiles

	Interfaces  []capture.Interface
	Filter      string // as it was typed
	Comment     string // on the whole file, if not empty
	Application string
	Now         func() time.Time

	// Queue is how many bytes may wait to be written; 0 means DefaultWriterQueue.
	Queue int
	// Notify, if not nil, is told when packets begin to be lost or writing
	// fails or works again, on another goroutine.
	Notify func(error)
}

// RingFiles switch to the next file when one of its limits is reached. The zero
// RingFiles is one file without limits.
type RingFiles struct {
	Bytes   int64
	Age     time.Duration
	Packets uint64
	Files   int // keep so many, remove the oldest; 0 keeps all
}

// DefaultWriterQueue is the size in bytes of what may wait to be written.
const DefaultWriterQueue = 32 << 20

// ErrSlow is what Notify is told, wrapped, when the queue is full.
var ErrSlow = errors.New("writing is slower than the packets come")

// A Writer saves packets to a pcapng file, a ring of files or a stream while
// they are captured. Put and Close are for one goroutine.
//
// Writing is done on a goroutine of its own: Put copies the packet and never
// waits for the disk. What a slow disk or pipe leaves no room for is counted by
// interface, told, and stands in the statistics at the end of the file. Each
// file of a ring has those of its own packets. A write that fails, as on a full disk, is told once; capture goes on, and so do
// the attempts: when there is room again, the file goes on after the last whole
// block.
type Writer struct {
	opt   WriterOptions
	files files

	mu      sync.Mutex
	work    sync.Cond // there are bytes, or the end
	waiting []byte    // whole blocks, and counts of what was not saved
	spare   []byte    // the buffer that was written last
	full    bool      // packets are being lost
	ended   bool
	err     error // of the last write, nil if it worked
	failed  error // of the first write that did not
	unsaved uint64
	aside   []Saved // what was counted since the last block in waiting
	counted bool    // aside has any
	done    chan struct{}
}

// NewWriter opens the first file and writes its header, so that what is wrong with
// the name is known at once.
func NewWriter(o WriterOptions) (*Writer, error) {
	if o.Queue <= 0 {
		o.Queue = DefaultWriterQueue
	}
	if o.Notify == nil {
		o.Notify = func(error) {}
	}
	w := &Writer{opt: o, aside: make([]Saved, len(o.Interfaces)), done: make(chan struct{})}
	w.work.L = &w.mu
	w.files = files{opt: &w.opt, header: appendSection(nil, &o), counts: make([]Saved, len(o.Interfaces))}
	w.files.tail = int64(len(w.files.statistics()))
	if err := w.files.open(); err != nil {
		return nil, err
	}
	go w.run()
	return w, nil
}

// File returns the file that is open, so that its owner can be changed before
// the first Put; nil if there is none.
func (w *Writer) File() *os.File { return w.files.f }

// Put queues a packet. The caller keeps its bytes.
func (w *Writer) Put(p *capture.Packet) {
	w.mu.Lock()
	if len(w.waiting)+len(p.Data)+64 > w.opt.Queue {
		w.count(p.Interface, Saved{Unsaved: 1})
		first := !w.full
		w.full = true
		w.mu.Unlock()
		if first {
			go w.opt.Notify(fmt.Errorf("%w: packets are not saved", ErrSlow))
		}
		return
	}
	w.waiting = appendPacket(w.flushCounts(w.waiting), p)
	w.mu.Unlock()
	w.work.Signal()
}

// Count takes what is known of an interface beside the packets that were Put:
// what was lost, and what was left out by intent. It counts for the file that
// the packet before went to.
func (w *Writer) Count(i int, s Saved) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count(i, s)
}

func (w *Writer) count(i int, s Saved) {
	w.unsaved += s.Unsaved
	if i < len(w.aside) {
		w.aside[i].add(s)
		w.counted = true
	}
}

// flushCounts appends what was counted aside, so that it stays between the
// packets where it belongs.
func (w *Writer) flushCounts(b []byte) []byte {
	if !w.counted {
		return b
	}
	for i := range w.aside {
		b = appendCounts(b, i, w.aside[i])
		w.aside[i] = Saved{}
	}
	w.counted = false
	return b
}

// Unsaved returns how many packets were lost so far.
func (w *Writer) Unsaved() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unsaved
}

// run writes what waits.
func (w *Writer) run() {
	defer close(w.done)
	for {
		w.mu.Lock()
		for len(w.waiting) == 0 && !w.ended {
			w.work.Wait()
		}
		b := w.waiting
		if len(b) == 0 {
			w.mu.Unlock()
			return
		}
		w.waiting, w.spare = w.spare[:0], nil
		w.mu.Unlock()
		lost, err := w.files.write(b)
		w.mu.Lock()
		w.full = false
		w.spare = b
		w.unsaved += lost
		changed := (err == nil) != (w.err == nil)
		if w.err = err; w.failed == nil {
			w.failed = err
		}
		w.mu.Unlock()
		if changed {
			w.opt.Notify(err)
		}
	}
}

// Close writes what waits and then what was counted, and closes the file. It
// returns the first error of writing, also one that passed.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.ended = true
	w.waiting = w.flushCounts(w.waiting)
	w.mu.Unlock()
	w.work.Signal()
	<-w.done
	return errors.Join(w.failed, w.files.close())
}

// ringName returns the name of the n-th file of a ring.
func ringName(pattern string, n int, at time.Time) string {
	ext := filepath.Ext(pattern)
	return fmt.Sprintf("%s_%05d_%s%s", pattern[:len(pattern)-len(ext)], n, at.UTC().Format("20060102150405"), ext)
}
