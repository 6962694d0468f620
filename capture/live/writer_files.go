package live

import (
	"errors"
	"io"
	"os"
	"time"
)

// files are the file that is written and those of the ring before it.
type files struct {
	opt    *WriterOptions
	header []byte

	f       *os.File
	to      io.Writer
	size    int64 // of whole blocks
	opened  time.Time
	packets uint64
	number  int
	names   []string // of the ring's files that are kept, the oldest first
	torn    bool     // the file may end within a block
	counts  []Saved  // of the file
	tail    int64    // bytes of the statistics at the end of a file
}

// open begins a file.
func (fs *files) open() error {
	fs.size, fs.packets, fs.opened, fs.torn = 0, 0, fs.opt.Now(), false
	if fs.opt.Stream != nil {
		fs.to = fs.opt.Stream
		return fs.put(fs.header)
	}
	name := fs.opt.Name
	if fs.opt.Ring != (RingFiles{}) {
		fs.number++
		name = ringName(name, fs.number, fs.opened)
	}
	// What was captured is for nobody else: it may hold secrets.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	fs.f, fs.to = f, f
	if fs.opt.Ring.Files > 0 {
		fs.names = append(fs.names, name)
		for len(fs.names) > fs.opt.Ring.Files {
			if err := os.Remove(fs.names[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			fs.names = fs.names[1:]
		}
	}
	return fs.put(fs.header)
}

// put writes whole blocks. After a failure the file is cut back to the last
// whole block, if it is one that can be cut.
func (fs *files) put(b []byte) error {
	if fs.torn {
		if err := fs.mend(); err != nil {
			return err
		}
	}
	n, err := fs.to.Write(b)
	if err != nil {
		fs.torn = fs.torn || n > 0
		if fs.torn {
			_ = fs.mend() // or before the next write
		}
		return err
	}
	fs.size += int64(len(b))
	return nil
}

var errTorn = errors.New("the stream ended within a packet")

func (fs *files) mend() error {
	if fs.f == nil {
		return errTorn
	}
	if err := fs.f.Truncate(fs.size); err != nil {
		return err
	}
	if _, err := fs.f.Seek(fs.size, io.SeekStart); err != nil {
		return err
	}
	fs.torn = false
	return nil
}

// write writes packet blocks, over as many files as it takes, and returns how
// many packets were lost with the error.
func (fs *files) write(b []byte) (lost uint64, err error) {
	for len(b) > 0 {
		if order.Uint32(b) == blockCounts {
			i, s := takeCounts(b)
			fs.counts[i].add(s)
			b = b[order.Uint32(b[4:]):]
			continue
		}
		if fs.due(int64(order.Uint32(b[4:]))) {
			if err = fs.turn(); err != nil {
				return fs.loseAll(b), err
			}
		}
		n, packets := fs.fitting(b)
		if fs.size == 0 { // the header found no room
			if err = fs.put(fs.header); err != nil {
				return fs.loseAll(b), err
			}
		}
		if err = fs.put(b[:n]); err != nil {
			return fs.loseAll(b), err
		}
		fs.packets += packets
		fs.account(b[:n], Saved{inFile: 1})
		b = b[n:]
	}
	return 0, nil
}

// account adds s to the counts for each packet in b, and returns how many there
// are.
func (fs *files) account(b []byte, s Saved) (packets uint64) {
	for len(b) > 0 {
		i := int(order.Uint32(b[8:]))
		switch {
		case order.Uint32(b) == blockCounts:
			_, c := takeCounts(b)
			fs.counts[i].add(c)
		case i < len(fs.counts):
			fs.counts[i].add(s)
			packets++
		}
		b = b[order.Uint32(b[4:]):]
	}
	return packets
}

// loseAll counts the packets in b as lost.
func (fs *files) loseAll(b []byte) uint64 { return fs.account(b, Saved{Unsaved: 1}) }

// most is how many bytes are written at a time: so much is lost at most when
// the disk is full.
const most = 256 << 10

// fitting returns how many bytes of b, whole blocks, go into the file at once.
func (fs *files) fitting(b []byte) (n int, packets uint64) {
	r := fs.opt.Ring
	for n < len(b) {
		size := int(order.Uint32(b[n+4:]))
		if order.Uint32(b[n:]) == blockCounts {
			break
		}
		if n > 0 && (n+size > most || r.Bytes > 0 && fs.size+int64(n+size)+fs.tail > r.Bytes || r.Packets > 0 && fs.packets+packets >= r.Packets) {
			break
		}
		n += size
		packets++
	}
	return n, packets
}

// due reports whether the next packet, of so many bytes, goes to another file.
func (fs *files) due(next int64) bool {
	r := fs.opt.Ring
	return fs.f == nil && fs.opt.Stream == nil ||
		fs.packets > 0 && (r.Bytes > 0 && fs.size+next+fs.tail > r.Bytes || r.Packets > 0 && fs.packets >= r.Packets || r.Age > 0 && fs.opt.Now().Sub(fs.opened) >= r.Age)
}

// turn goes on to the next file.
func (fs *files) turn() error {
	if fs.f != nil {
		err := fs.close()
		fs.f = nil
		clear(fs.counts) // not before: what finds no file counts for the next
		if err != nil {
			return err
		}
	}
	return fs.open()
}

// statistics returns the blocks at the end of a file.
func (fs *files) statistics() (b []byte) {
	for i, s := range fs.counts {
		b = appendStatistics(b, i, fs.opened, fs.opt.Now(), s)
	}
	return b
}

// close writes what was counted and closes the file.
func (fs *files) close() error {
	if fs.f == nil && fs.opt.Stream == nil {
		return nil
	}
	b := fs.statistics()
	var err error
	if fs.size > 0 { // else not even the header found room
		err = fs.put(b)
	}
	if fs.f != nil {
		err = errors.Join(err, fs.f.Close())
	}
	return err
}
