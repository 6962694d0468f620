package tls

import (
	"encoding/binary"
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A List16 is an undecoded list of two-byte code points in the order they were
// sent. A single byte at the end is not part of the list; see Odd.
type List16[T ~uint16] []byte

// Len returns the number of code points.
func (l List16[T]) Len() int { return len(l) / 2 }

// At returns the code point with index i, 0 <= i < Len.
func (l List16[T]) At(i int) T { return T(binary.BigEndian.Uint16(l[2*i:])) }

// Odd reports whether the list has a byte too many.
func (l List16[T]) Odd() bool { return len(l)%2 != 0 }

// Contains reports whether v is in the list.
func (l List16[T]) Contains(v T) bool {
	for i := range l.Len() {
		if l.At(i) == v {
			return true
		}
	}
	return false
}

// All iterates over the code points.
func (l List16[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range l.Len() {
			if !yield(l.At(i)) {
				return
			}
		}
	}
}

// A List8 is an undecoded list of one-byte code points in the order they were
// sent.
type List8[T ~uint8] []byte

// Len returns the number of code points.
func (l List8[T]) Len() int { return len(l) }

// At returns the code point with index i, 0 <= i < Len.
func (l List8[T]) At(i int) T { return T(l[i]) }

// Contains reports whether v is in the list.
func (l List8[T]) Contains(v T) bool {
	for _, b := range l {
		if T(b) == v {
			return true
		}
	}
	return false
}

// All iterates over the code points.
func (l List8[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, b := range l {
			if !yield(T(b)) {
				return
			}
		}
	}
}

// Vectors8 is an undecoded list of byte strings, each with a one-byte length.
type Vectors8 []byte

// All iterates over the strings. It stops at one that runs past the end, which
// decoding has already reported.
func (l Vectors8) All() iter.Seq[[]byte] { return vectorSeq(l, 1) }

// Len returns the number of strings.
func (l Vectors8) Len() int { return vectorCount(l, 1) }

// Vectors16 is [Vectors8] with two-byte lengths.
type Vectors16 []byte

// All iterates over the strings.
func (l Vectors16) All() iter.Seq[[]byte] { return vectorSeq(l, 2) }

// Len returns the number of strings.
func (l Vectors16) Len() int { return vectorCount(l, 2) }

// Vectors24 is [Vectors8] with three-byte lengths.
type Vectors24 []byte

// All iterates over the strings.
func (l Vectors24) All() iter.Seq[[]byte] { return vectorSeq(l, 3) }

// Len returns the number of strings.
func (l Vectors24) Len() int { return vectorCount(l, 3) }

func vectorSeq(l []byte, width int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		r := wire.NewReader(l)
		for r.Len() > 0 {
			v := vector(&r, width, "item")
			if r.Failed() || !yield(v) {
				return
			}
		}
	}
}

func vectorCount(l []byte, width int) (n int) {
	r := wire.NewReader(l)
	for r.Len() > 0 {
		if vector(&r, width, "item"); r.Failed() {
			break
		}
		n++
	}
	return n
}

// vector reads a vector with a length of width bytes.
func vector(r *wire.Reader, width int, field string) []byte {
	switch width {
	case 1:
		return r.Vec8(field)
	case 2:
		return r.Vec16(field)
	}
	return r.Vec24(field)
}

// codes returns the whole of s, a list of code points of size bytes each. The
// single points are of interest to a tracer only.
func codes(s *wire.Reader, size int) []byte {
	b := s.Peek()
	if s.Traced() {
		for i := 0; s.Len() >= size && !s.Failed(); i++ {
			s.Item(i)
			s.Bytes(size, "")
		}
		s.Whole()
		s.Trailing()
	}
	return b
}

// codes8 reads a list of code points of size bytes under a one-byte length.
func codes8(r *wire.Reader, size int, field string) []byte {
	s := r.Sub8(field)
	return codes(&s, size)
}

// codes16 reads a list of code points of size bytes under a two-byte length.
func codes16(r *wire.Reader, size int, field string) []byte {
	s := r.Sub16(field)
	return codes(&s, size)
}

// vectors returns the whole of s, a list of byte strings with lengths of width
// bytes, after making sure that they end where the list does. A fault becomes
// one of r, from which s came.
func vectors(r, s *wire.Reader, width int) []byte {
	b := s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		vector(s, width, "")
	}
	end(r, s)
	return b
}

// end ends the list s, which came from r.
func end(r, s *wire.Reader) {
	s.Whole()
	s.Trailing()
	r.Adopt(s)
}
