package capture

import (
	"io"
	"io/fs"
	"sync"
)

const (
	// headroom is the room before the data of a chunk. The unread tail of the
	// chunk before is copied there, so that a record that lies across two
	// chunks is contiguous and all others are never copied.
	headroom = MaxPacketSize + 64<<10
	// maxPeek is the largest number of contiguous bytes a cursor gives.
	maxPeek = headroom
	// chunkSize is how much is read at once. 64 to 256 KiB measured the same.
	chunkSize = 256 << 10
	// readAheadChunks bounds how far reading runs ahead of parsing.
	readAheadChunks = 4
)

// A chunk is what one Read gave, behind headroom free bytes.
type chunk struct {
	b   []byte // headroom + chunkSize
	n   int    // bytes read, at b[headroom:]
	err error  // what ended the input, after those n bytes
}

// read fills c from r with what one Read gives: a pipe's packets are not held
// back until a chunk is full.
func (c *chunk) read(r io.Reader) {
	if c.b == nil {
		c.b = make([]byte, headroom+chunkSize)
	}
	c.n, c.err = 0, nil
	for tries := 0; c.n == 0 && c.err == nil; tries++ {
		if tries == 100 {
			c.err = io.ErrNoProgress
			return
		}
		c.n, c.err = r.Read(c.b[headroom:])
	}
}

// A feed delivers the input in chunks.
type feed interface {
	// next returns the next chunk. The caller may use it, and the one
	// before, until it calls release for that one.
	next() *chunk
	release(*chunk)
	// stop makes a blocked and every later next return fs.ErrClosed.
	stop()
}

// A syncFeed reads when asked to.
type syncFeed struct {
	r    io.Reader
	free []*chunk
}

func newSyncFeed(r io.Reader) *syncFeed {
	return &syncFeed{r: r, free: []*chunk{new(chunk), new(chunk)}}
}

func (f *syncFeed) next() *chunk {
	if f.r == nil {
		return &chunk{b: make([]byte, headroom), err: fs.ErrClosed}
	}
	c := f.free[len(f.free)-1]
	f.free = f.free[:len(f.free)-1]
	c.read(f.r)
	return c
}

func (f *syncFeed) release(c *chunk) { f.free = append(f.free, c) }
func (f *syncFeed) stop()            { f.r = nil }

// A readAhead reads on a goroutine of its own, up to readAheadChunks chunks
// ahead of the parser. The goroutine ends when the input does or after stop;
// if it is blocked in a Read at that time, then when that Read returns.
type readAhead struct {
	full, free chan *chunk
	done       chan struct{} // closed by stop
	ended      chan struct{} // closed by the goroutine
	once       sync.Once
}

// newReadAhead starts reading r. It calls cleanup, which may be nil, when it no
// longer uses r.
func newReadAhead(r io.Reader, cleanup func()) *readAhead {
	f := &readAhead{
		full:  make(chan *chunk, readAheadChunks),
		free:  make(chan *chunk, readAheadChunks),
		done:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	for range readAheadChunks {
		f.free <- new(chunk)
	}
	go f.run(r, cleanup)
	return f
}

func (f *readAhead) run(r io.Reader, cleanup func()) {
	defer close(f.ended)
	if cleanup != nil {
		defer cleanup()
	}
	for {
		var c *chunk
		select {
		case c = <-f.free:
		case <-f.done:
			return
		}
		c.read(r)
		ended := c.err != nil
		select {
		case f.full <- c:
		case <-f.done:
			return
		}
		if ended {
			return
		}
	}
}

func (f *readAhead) next() *chunk {
	select {
	case <-f.done:
	default:
		select {
		case c := <-f.full:
			return c
		case <-f.done:
		}
	}
	return &chunk{b: make([]byte, headroom), err: fs.ErrClosed}
}

func (f *readAhead) release(c *chunk) { f.free <- c } // never blocks: it has room for all chunks
func (f *readAhead) stop()            { f.once.Do(func() { close(f.done) }) }

// A cursor walks over the chunks of a feed. Slices of buf stay valid until the
// next call of need or skip.
type cursor struct {
	buf  []byte // unread bytes at hand
	off  int64  // offset of buf[0] in the input
	cur  *chunk
	feed feed
	err  error // what ended the input; nil while there may be more
}

// need makes at least n bytes, which is at most maxPeek, available in buf. It
// returns false if the input ends before.
func (c *cursor) need(n int) bool {
	return len(c.buf) >= n || c.fill(n)
}

func (c *cursor) fill(n int) bool {
	for len(c.buf) < n {
		if c.err != nil {
			return false
		}
		nc := c.feed.next()
		tail := len(c.buf)
		copy(nc.b[headroom-tail:], c.buf)
		c.buf = nc.b[headroom-tail : headroom+nc.n]
		c.err = nc.err
		if c.cur != nil {
			c.feed.release(c.cur)
		}
		c.cur = nc
	}
	return true
}

// advance consumes n bytes, which must be at hand.
func (c *cursor) advance(n int) {
	c.buf = c.buf[n:]
	c.off += int64(n)
}

// skip consumes n bytes of any number and returns false if the input ends
// before.
func (c *cursor) skip(n int64) bool {
	for n > 0 {
		if !c.need(1) {
			return false
		}
		k := int(min(n, int64(len(c.buf))))
		c.advance(k)
		n -= int64(k)
	}
	return true
}

// cutShort reports whether the input ended because there is no more of it, in
// contrast to a failure to read it.
func (c *cursor) cutShort() bool { return c.err == io.EOF || c.err == io.ErrUnexpectedEOF }
