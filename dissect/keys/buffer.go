package keys

import "fmt"

// A Buffer is room for the content of one record. Sessions that are used by
// the same goroutine may share one: see [Session.Share].
type Buffer struct{ b []byte }

// Format shows nothing of the content.
func (*Buffer) Format(f fmt.State, _ rune) { hide(f) }

// Share makes Open put content into b, where it is valid until the next Open
// of any Session that shares b. Without it a Session has 17 kB of its own.
func (s *Session) Share(b *Buffer) {
	if s != nil && b != nil {
		s.buf = b
	}
}
