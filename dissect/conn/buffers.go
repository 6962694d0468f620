package conn

// Buffers lends the memory in which messages are put together, so that
// thousands of handshakes do not each leave their own behind. A nil Buffers
// makes new ones. It is used by one goroutine.
type Buffers struct{ free [][]byte }

// Bounds of what is kept to be lent again: few connections are in the middle of
// a message at a time, and most messages are small.
const (
	mostBuffers   = 64
	largestBuffer = 16 << 10
)

// get returns an empty buffer.
func (x *Buffers) get() []byte {
	if x == nil || len(x.free) == 0 {
		return make([]byte, 0, 4096)
	}
	b := x.free[len(x.free)-1]
	x.free = x.free[:len(x.free)-1]
	return b
}

// put takes a buffer back, which may be nil. Nobody may use it any more.
func (x *Buffers) put(b []byte) {
	if x != nil && cap(b) > 0 && cap(b) <= largestBuffer && len(x.free) < mostBuffers {
		x.free = append(x.free, b[:0])
	}
}
