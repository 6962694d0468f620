// Package wire reads length-prefixed binary messages without copying them.
//
// In go the bytes of one message; out come integers and sub-slices of those
// bytes. It is the only package that indexes raw message bytes. A [Reader]
// never panics, allocates nothing, and remembers the first read that failed
// with the name and the offset of its field. Every slice it returns aliases
// the message: whoever keeps one longer than the message copies it.
package wire

import "fmt"

// A Reader consumes a message front to back. After the first failed read every
// later read returns a zero value, so a decoder can read all fields in a row
// and look at [Reader.Err] once.
//
// The zero Reader is an empty message. A Reader is a small value: pass it by
// pointer while decoding, never keep it.
type Reader struct {
	b     []byte
	base  int    // offset of b[0] from the start of the outermost message
	limit string // the field whose length bounds b; "" if the message itself does
	err   Error
	tr    Tracer
}

// A Tracer is told about every field that a Reader reads: its dotted name,
// where it starts in the outermost message and how many bytes it has. A vector
// is reported twice, first its length (with ".length" behind the name), then
// its content, whose parts follow if the decoder goes into them. Because
// decoders name their fields anyway, the field tree of the verbose report comes
// from the same code as the fast path.
type Tracer func(field string, off, n int)

// NewReader returns a Reader over b.
func NewReader(b []byte) Reader { return Reader{b: b} }

// NewTracedReader returns a Reader over b that reports its fields to t, which
// may be nil.
func NewTracedReader(b []byte, t Tracer) Reader { return Reader{b: b, tr: t} }

// An Error says which field could not be read and why.
type Error struct {
	Field string // dotted path given by the decoder, for example "key_share.group"
	Off   int    // byte offset from the start of the message
	Need  int    // bytes the field needs
	Have  int    // bytes that were left
	Limit string // the length field that ended the room; "" if the message ended
}

func (e *Error) Error() string {
	by := "the message ends"
	if e.Limit != "" {
		by = e.Limit + " ends"
	}
	return fmt.Sprintf("%s at offset %d needs %d bytes, %s after %d", e.Field, e.Off, e.Need, by, e.Have)
}

// Err returns the first failed read, or nil. The error is an [*Error].
//
// It returns a copy so that the Reader itself can stay on the stack.
func (r *Reader) Err() error {
	if r.err.Field == "" {
		return nil
	}
	e := r.err
	return &e
}

// Failed reports whether a read has failed. It is Err() != nil without the
// allocation.
func (r *Reader) Failed() bool { return r.err.Field != "" }

// Len returns the number of unread bytes.
func (r *Reader) Len() int { return len(r.b) }

// Off returns the offset of the next unread byte in the outermost message.
func (r *Reader) Off() int { return r.base }

// Rest returns the unread bytes and consumes them.
func (r *Reader) Rest(field string) []byte { return r.take(len(r.b), field) }

// Fail records an error of the caller's own at the current offset, unless a
// read failed before: the field is there but its content contradicts itself.
// After that every read returns a zero value.
func (r *Reader) Fail(field string, need int) {
	if r.err.Field == "" {
		r.err = Error{Field: field, Off: r.base, Need: need, Have: len(r.b), Limit: r.limit}
	}
}

func (r *Reader) take(n int, field string) []byte {
	if r.err.Field != "" {
		return nil
	}
	if n > len(r.b) {
		r.err = Error{Field: field, Off: r.base, Need: n, Have: len(r.b), Limit: r.limit}
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	if r.tr != nil {
		r.tr(field, r.base, n)
	}
	r.base += n
	return v
}

// Uint8 reads one byte.
func (r *Reader) Uint8(field string) uint8 {
	if v := r.take(1, field); v != nil {
		return v[0]
	}
	return 0
}

// Uint16 reads a big-endian 16-bit integer.
func (r *Reader) Uint16(field string) uint16 {
	if v := r.take(2, field); v != nil {
		return uint16(v[0])<<8 | uint16(v[1])
	}
	return 0
}

// Uint24 reads a big-endian 24-bit integer.
func (r *Reader) Uint24(field string) uint32 {
	if v := r.take(3, field); v != nil {
		return uint32(v[0])<<16 | uint32(v[1])<<8 | uint32(v[2])
	}
	return 0
}

// Uint32 reads a big-endian 32-bit integer.
func (r *Reader) Uint32(field string) uint32 {
	if v := r.take(4, field); v != nil {
		return uint32(v[0])<<24 | uint32(v[1])<<16 | uint32(v[2])<<8 | uint32(v[3])
	}
	return 0
}

// Uint64 reads a big-endian 64-bit integer.
func (r *Reader) Uint64(field string) uint64 {
	if v := r.take(8, field); v != nil {
		return uint64(v[0])<<56 | uint64(v[1])<<48 | uint64(v[2])<<40 | uint64(v[3])<<32 |
			uint64(v[4])<<24 | uint64(v[5])<<16 | uint64(v[6])<<8 | uint64(v[7])
	}
	return 0
}

// Bytes reads n bytes. The result aliases the message.
func (r *Reader) Bytes(n int, field string) []byte { return r.take(n, field) }

// Vec8 reads a vector with a one-byte length.
func (r *Reader) Vec8(field string) []byte { s := r.Sub8(field); return s.b }

// Vec16 reads a vector with a two-byte length.
func (r *Reader) Vec16(field string) []byte { s := r.Sub16(field); return s.b }

// Vec24 reads a vector with a three-byte length.
func (r *Reader) Vec24(field string) []byte { s := r.Sub24(field); return s.b }

// Sub8 reads a vector with a one-byte length and returns a Reader over it,
// whose errors and traces carry offsets of the outer message.
func (r *Reader) Sub8(field string) Reader { return r.vec(1, field) }

// Sub16 is [Reader.Sub8] with a two-byte length.
func (r *Reader) Sub16(field string) Reader { return r.vec(2, field) }

// Sub24 is [Reader.Sub8] with a three-byte length.
func (r *Reader) Sub24(field string) Reader { return r.vec(3, field) }

// Sub returns a Reader over the next n bytes whose errors carry offsets of the
// outer message.
func (r *Reader) Sub(n int, field string) Reader {
	base := r.base
	return Reader{b: r.take(n, field), base: base, limit: field, err: r.err, tr: r.tr}
}

// vec reads a vector with a length of width bytes. The length is traced under
// the vector's own name with ".length" behind it; the join is made only for a
// tracer, so that the fast path allocates nothing.
func (r *Reader) vec(width int, field string) Reader {
	tr := r.tr
	r.tr = nil
	off := r.base
	n := 0
	if v := r.take(width, field); v != nil {
		for _, c := range v {
			n = n<<8 | int(c)
		}
		if tr != nil {
			tr(field+".length", off, width)
		}
	}
	r.tr = tr
	return r.Sub(n, field)
}
