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
	tr    *trace // nil unless somebody listens
}

// NewReader returns a Reader over b.
func NewReader(b []byte) Reader { return Reader{b: b} }

// An Error says which field could not be read and why.
type Error struct {
	Field string // the decoder's name of it; traced, its dotted path: "extensions[3].key_share.group"
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
		r.fail(field, need)
	}
}

// Adopt makes the first failed read of sub, a Reader that came from r, the
// failure of r too, unless r has failed before. Bytes that sub did not read are
// not r's: the vector they stand in is behind r already.
func (r *Reader) Adopt(sub *Reader) {
	if r.err.Field == "" {
		r.err = sub.err
	}
}

// Peek returns the unread bytes without consuming them, nil after a failure.
func (r *Reader) Peek() []byte {
	if r.err.Field != "" {
		return nil
	}
	return r.b
}

// Trailing consumes what the decoder did not ask for and returns how many bytes
// that is. A Reader that failed returns 0; what it could not read is traced as
// "malformed", so that the traced fields cover a broken message too.
func (r *Reader) Trailing() int {
	n := len(r.b)
	field := "trailing_bytes"
	if r.err.Field != "" {
		field = "malformed"
	}
	if r.tr != nil && n > 0 {
		r.tr.report(field, r.base, n)
	}
	r.b = nil
	r.base += n
	if r.err.Field != "" {
		return 0
	}
	return n
}

func (r *Reader) take(n int, field string) []byte {
	if r.err.Field != "" {
		return nil
	}
	if n < 0 || n > len(r.b) {
		r.fail(field, n)
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	if r.tr != nil {
		r.tr.report(field, r.base, n)
	}
	r.base += n
	return v
}

func (r *Reader) fail(field string, need int) {
	limit := r.limit
	if field == "" {
		field = limit
	}
	if r.tr != nil {
		field, limit = r.tr.name(field), r.tr.outer
	}
	if field == "" {
		field = "message"
	}
	r.err = Error{Field: field, Off: r.base, Need: need, Have: len(r.b), Limit: limit}
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
func (r *Reader) Vec8(field string) []byte { return r.take(r.length(1, field), field) }

// Vec16 reads a vector with a two-byte length.
func (r *Reader) Vec16(field string) []byte { return r.take(r.length(2, field), field) }

// Vec24 reads a vector with a three-byte length.
func (r *Reader) Vec24(field string) []byte { return r.take(r.length(3, field), field) }

// Sub8 reads a vector with a one-byte length and returns a Reader over it,
// whose errors and traces carry offsets of the outer message. Traced, the names
// of its fields follow the vector's own name and a dot.
func (r *Reader) Sub8(field string) Reader { return r.Sub(r.length(1, field), field) }

// Sub16 is [Reader.Sub8] with a two-byte length.
func (r *Reader) Sub16(field string) Reader { return r.Sub(r.length(2, field), field) }

// Sub24 is [Reader.Sub8] with a three-byte length.
func (r *Reader) Sub24(field string) Reader { return r.Sub(r.length(3, field), field) }

// Sub returns a Reader over the next n bytes, as [Reader.Sub8] does.
func (r *Reader) Sub(n int, field string) Reader {
	base := r.base
	b := r.take(n, field)
	s := Reader{b: b, base: base, limit: field, err: r.err}
	if r.tr != nil {
		s.tr = r.tr.sub(field)
	}
	return s
}

// length reads the length of a vector, width bytes wide.
func (r *Reader) length(width int, field string) int {
	if r.err.Field != "" {
		return 0
	}
	if width > len(r.b) {
		r.fail(field, width)
		return 0
	}
	n := 0
	for _, c := range r.b[:width] {
		n = n<<8 | int(c)
	}
	if r.tr != nil {
		r.tr.report(field+".length", r.base, width)
	}
	r.b = r.b[width:]
	r.base += width
	return n
}

// Varint reads a variable-length integer of QUIC (RFC 9000, Section 16), at
// most 2^62-1.
func (r *Reader) Varint(field string) uint64 {
	n := 1
	if len(r.b) > 0 {
		n = 1 << (r.b[0] >> 6)
	}
	var v uint64
	for i, c := range r.take(n, field) {
		if i == 0 {
			c &= 0x3f
		}
		v = v<<8 | uint64(c)
	}
	return v
}
