package wire

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// record collects what a Tracer hears, one line a field.
func record(lines *[]string) Tracer {
	return func(field string, off, n int) { *lines = append(*lines, fmt.Sprintf("%d+%d %s", off, n, field)) }
}

func TestTracedNames(t *testing.T) {
	b := []byte{3, 4, 1, 7, 2, 8, 9, 5, 6}
	var got []string
	r := NewTracedReader(b, record(&got))
	r.Uint16("version")
	// A list of vectors inside a vector, then two bytes that nobody asked for.
	s := r.Sub(5, "list")
	for i := 0; s.Len() > 0; i++ {
		s.Item(i)
		v := s.Sub8("")
		v.Uint8("first")
		v.Trailing()
	}
	s.Whole()
	s.Trailing()
	r.Adopt(&s)
	if n := r.Trailing(); n != 2 || r.Err() != nil {
		t.Errorf("Trailing = %d, %v", n, r.Err())
	}
	want := []string{
		"0+2 version",
		"2+5 list",
		"2+1 list[0].length",
		"3+1 list[0]",
		"3+1 list[0].first",
		"4+1 list[1].length",
		"5+2 list[1]",
		"5+1 list[1].first",
		"6+1 list[1].trailing_bytes",
		"7+2 trailing_bytes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTracedFailure(t *testing.T) {
	var got []string
	r := NewTracedReader([]byte{4, 0, 3, 1, 2, 9}, record(&got))
	s := r.Sub8("outer")
	s.Item(0)
	in := s.Sub16("inner")
	in.Uint8("a")
	in.Trailing()
	s.Adopt(&in)
	s.Whole()
	s.Trailing()
	r.Adopt(&s)
	r.Uint8("never")
	r.Trailing()
	want := []string{
		"0+1 outer.length",
		"1+4 outer",
		"1+2 outer[0].inner.length",
		"3+2 outer.malformed",
		"5+1 malformed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantErr := "outer[0].inner at offset 3 needs 3 bytes, outer ends after 2"
	if err := r.Err(); err == nil || err.Error() != wantErr {
		t.Errorf("Err() = %v\nwant %s", err, wantErr)
	}
}

func TestNilTracer(t *testing.T) {
	r := NewTracedReader([]byte{1}, nil)
	if r.Traced() || r.Uint8("a") != 1 {
		t.Error("a nil Tracer is not the same as none")
	}
}

// FuzzReader lets the first half of the input say how to read the second and
// checks the accounting: what is read and what is left is the message, in
// order, traced or not.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, []byte{1, 2, 2, 9, 9, 0, 1, 7, 7, 7, 7})
	f.Add([]byte{5, 8, 8, 9}, []byte{6, 2, 1, 1, 0x40, 3, 0})
	f.Fuzz(func(t *testing.T, ops, msg []byte) {
		var lines []string
		plain, traced := NewReader(msg), NewTracedReader(msg, record(&lines))
		for _, op := range ops {
			for _, r := range []*Reader{&plain, &traced} {
				before, wasFailed := r.Len(), r.Failed()
				n := step(t, r, op)
				if wasFailed && n != 0 {
					t.Fatalf("a failed Reader gave %d bytes", n)
				}
				if r.Len() > before || r.Off()+r.Len() != len(msg) {
					t.Fatalf("offset %d and %d left of %d", r.Off(), r.Len(), len(msg))
				}
			}
			if plain.Off() != traced.Off() || plain.Failed() != traced.Failed() {
				t.Fatalf("plain at %d, %v; traced at %d, %v", plain.Off(), plain.Err(), traced.Off(), traced.Err())
			}
		}
		if err, ok := plain.Err().(*Error); ok {
			if err.Off > len(msg) || err.Have > len(msg) || err.Need <= err.Have && err.Need >= 0 {
				t.Fatalf("%+v", err)
			}
		}
	})
}

// step does one read and returns the size of the slice it gave, if any.
func step(t *testing.T, r *Reader, op byte) int {
	off := r.Off()
	var v []byte
	switch op % 10 {
	case 0:
		r.Uint8("u8")
	case 1:
		r.Uint16("u16")
	case 2:
		r.Uint24("u24")
	case 3:
		r.Uint32("u32")
	case 4:
		r.Uint64("u64")
	case 5:
		v = r.Vec8("v8")
	case 6:
		v = r.Vec16("v16")
	case 7:
		v = r.Vec24("v24")
	case 8:
		r.Varint("varint")
	case 9:
		s := r.Sub8("s")
		if s.Len() > 0 && s.Off() != off+1 {
			t.Fatalf("sub at %d, expected %d", s.Off(), off+1)
		}
		v = s.Rest("rest")
	}
	return len(v)
}
