package capture

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A File is a [Source] that reads a capture file or a stream in such a format.
type File struct {
	c          cursor
	format     format
	compressed string // "gzip", "zstd", "lz4" or ""
	number     uint64 // of the last packet
	err        error  // what ended it
	damage     *FormatError
	stats      Stats
	ifs        []Interface
	secrets    []byte

	forGopacket Packet

	closing  sync.Once
	closed   atomic.Bool
	closeAll func() error
}

// A format reads the records of one file format from the cursor of its File.
type format interface {
	next(p *Packet) error
	// drops returns the packets that the file says were lost.
	drops() (kernel, iface uint64)
}

// Open opens a capture file and reads ahead of Next on a goroutine of its own,
// at most 1 MiB. The name "-" means standard input, which Close leaves open; if
// it is a terminal or an idle pipe, the goroutine stays in its Read until that
// returns.
//
// The error is an [*OpenError].
func Open(name string) (*File, error) {
	in := os.Stdin
	if name != "-" {
		var err error
		if in, err = os.Open(name); err != nil {
			var pe *fs.PathError
			if errors.As(err, &pe) {
				err = pe.Err // the caller prints the name
			}
			return nil, &OpenError{Name: name, What: "cannot be opened", Err: err}
		}
		if info, err := in.Stat(); err == nil && info.IsDir() {
			in.Close()
			return nil, &OpenError{Name: name, What: "this is a directory, not a capture", hint: "name the captures that are in it"}
		}
	}
	release := func() error {
		if in == os.Stdin {
			return nil
		}
		return in.Close()
	}
	f, err := newFile(in, name, true, release)
	if err != nil {
		release()
		return nil, err
	}
	return f, nil
}

// NewReader reads a capture from r, without reading ahead: it asks r for bytes
// only when Next needs some, so r may block where a growing file ends. The name
// is for errors. Close does not close r, and is not to be called during Next.
//
// The error is an [*OpenError].
func NewReader(r io.Reader, name string) (*File, error) {
	return newFile(r, name, false, func() error { return nil })
}

func newFile(r io.Reader, name string, ahead bool, release func() error) (*File, error) {
	fail := func(e *OpenError) (*File, error) {
		e.Name = name
		return nil, e
	}
	in, bad := decompress(r)
	if bad != nil {
		return fail(bad)
	}
	f := &File{compressed: in.kind}
	if ahead {
		f.c.feed = newReadAhead(in, in.close)
		f.closeAll = func() error {
			f.c.feed.stop()
			return release()
		}
	} else {
		f.c.feed = newSyncFeed(in)
		f.closeAll = func() error {
			f.c.feed.stop()
			in.close()
			return release()
		}
	}
	if bad := f.recognise(); bad != nil {
		f.c.feed.stop()
		if !ahead {
			in.close()
		}
		return fail(bad)
	}
	return f, nil
}

// Next fills p with the next packet: see [Source].
func (f *File) Next(p *Packet) error {
	if f.closed.Load() {
		return fs.ErrClosed
	}
	if f.err != nil {
		return f.err
	}
	if err := f.format.next(p); err != nil {
		f.err = f.final(err)
		return f.err
	}
	f.stats.Received++
	if p.WireLen > len(p.Data) {
		f.stats.Truncated++
	}
	return nil
}

// final tells about packets that were skipped before the file ended as err says.
func (f *File) final(err error) error {
	if f.damage == nil {
		return err
	}
	switch e := err.(type) {
	case *TruncatedError:
		e.Skipped = f.damage.Skipped
	case *FormatError:
		e.Skipped = f.damage.Skipped
	default:
		if err == io.EOF {
			return f.damage
		}
	}
	return err
}

// Stats reports what was read and what the file says was lost.
func (f *File) Stats() Stats {
	s := f.stats
	s.DroppedByKernel, s.DroppedByInterface = f.format.drops()
	return s
}

// Interfaces returns the interfaces that the file has described so far; a
// pcapng file may add some between packets. A pcap file has one, without a
// name. The caller does not change the slice.
func (f *File) Interfaces() []Interface { return f.ifs }

// Secrets returns the key log text of Decryption Secrets Blocks that were read
// since the last call, or nil. The caller owns it.
func (f *File) Secrets() []byte {
	s := f.secrets
	f.secrets = nil
	return s
}

// Close stops reading. A Next that is blocked, and every later one, returns
// [fs.ErrClosed].
func (f *File) Close() error {
	var err error
	f.closing.Do(func() {
		f.closed.Store(true)
		err = f.closeAll()
	})
	return err
}

// end returns what Next returns when nothing is left at the start of a record.
func (f *File) end() error {
	if f.c.err == io.EOF {
		return io.EOF
	}
	where := "before the first packet"
	if f.number > 0 {
		where = "after packet " + uitoa(f.number)
	}
	return f.cut(where, f.c.off)
}

// cut returns what Next returns when the input ends, or cannot be read, inside
// the record at off. where is "" inside a packet.
func (f *File) cut(where string, off int64) error {
	if f.c.cutShort() {
		return &TruncatedError{Packet: f.number + 1, Offset: off, Where: where, Compressed: f.compressed}
	}
	if errors.Is(f.c.err, fs.ErrClosed) {
		return fs.ErrClosed
	}
	e := f.fatal("cannot be read on", off)
	e.Err = f.c.err
	return e
}

// fatal returns the error for damage after which no record can be found.
func (f *File) fatal(what string, off int64) *FormatError {
	return &FormatError{Packet: f.number + 1, Offset: off, What: what, Compressed: f.compressed}
}

// note remembers damage that reading survives; Next returns it at the end of
// the file. The first is told, the skipped packets of all are counted.
func (f *File) note(what string, off int64, packet, skipped uint64) {
	if f.damage == nil {
		f.damage = &FormatError{Packet: packet, Offset: off, What: what, Compressed: f.compressed}
	}
	f.damage.Skipped += skipped
}

// The years 1 to 9999: what time.Time can marshal.
const (
	minSeconds = -62135596800
	maxSeconds = 253402300799
)

// unixTime returns the time sec + nsec after 1970 in UTC, or the zero time if
// it is out of range. nsec may be more than a second.
func unixTime(sec, nsec int64) time.Time {
	if sec < minSeconds || sec > maxSeconds {
		return time.Time{}
	}
	return time.Unix(sec, nsec).UTC()
}
