package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReaderIntegers(t *testing.T) {
	b := []byte{1, 1, 2, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	r := NewReader(b)
	got := []uint64{uint64(r.Uint8("a")), uint64(r.Uint16("b")), uint64(r.Uint24("c")), uint64(r.Uint32("d")), r.Uint64("e")}
	want := []uint64{1, 0x0102, 0x010203, 0x01020304, 0x0102030405060708}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Off() != 18 || r.Len() != 1 || r.Err() != nil || r.Failed() {
		t.Errorf("at %d with %d left, %v", r.Off(), r.Len(), r.Err())
	}
	if n := r.Trailing(); n != 1 || r.Len() != 0 || r.Off() != 19 {
		t.Errorf("Trailing = %d, %d left at %d", n, r.Len(), r.Off())
	}
}

func TestReaderVarint(t *testing.T) {
	// RFC 9000, Appendix A.1, and the bounds of each length.
	tests := []struct {
		name string
		in   []byte
		want uint64
	}{
		{"eight bytes", []byte{0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 151288809941952652},
		{"four bytes", []byte{0x9d, 0x7f, 0x3e, 0x7d}, 494878333},
		{"two bytes", []byte{0x7b, 0xbd}, 15293},
		{"one byte", []byte{0x25}, 37},
		{"one byte in two", []byte{0x40, 0x25}, 37},
		{"largest", bytes.Repeat([]byte{0xff}, 8), 1<<62 - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReader(tt.in)
			if got := r.Varint("v"); got != tt.want || r.Len() != 0 || r.Failed() {
				t.Errorf("%d with %d left, %v; want %d", got, r.Len(), r.Err(), tt.want)
			}
			for n := range tt.in {
				r := NewReader(tt.in[:n])
				if got := r.Varint("v"); got != 0 || !r.Failed() {
					t.Errorf("%d bytes give %d, %v", n, got, r.Err())
				}
			}
		})
	}
}

func TestReaderErrors(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		read func(*Reader)
		want Error
	}{
		{"empty message", nil, func(r *Reader) { r.Uint16("version") },
			Error{Field: "version", Need: 2}},
		{"vector length cut", []byte{0, 0, 5}, func(r *Reader) { r.Uint16("a"); r.Vec16("list") },
			Error{Field: "list", Off: 2, Need: 2, Have: 1}},
		{"vector content cut", []byte{3, 1, 2}, func(r *Reader) { r.Vec8("list") },
			Error{Field: "list", Off: 1, Need: 3, Have: 2}},
		{"first failure stays", []byte{1}, func(r *Reader) { r.Uint16("a"); r.Uint8("b"); r.Fail("c", 9) },
			Error{Field: "a", Need: 2, Have: 1}},
		{"inside a vector", []byte{9, 2, 7, 8}, func(r *Reader) {
			r.Uint8("a")
			s := r.Sub8("list")
			s.Uint8("x")
			s.Uint16("y")
			r.Adopt(&s)
		}, Error{Field: "y", Off: 3, Need: 2, Have: 1, Limit: "list"}},
		{"item without a name", []byte{1, 7}, func(r *Reader) {
			s := r.Sub8("list")
			s.Item(0)
			s.Uint16("")
			r.Adopt(&s)
		}, Error{Field: "list", Off: 1, Need: 2, Have: 1, Limit: "list"}},
		{"no name at all", nil, func(r *Reader) { r.Uint8("") }, Error{Field: "message", Need: 1}},
		{"own failure wins over the vector's", []byte{1, 7}, func(r *Reader) {
			s := r.Sub8("list")
			r.Uint8("a")
			s.Uint16("b")
			r.Adopt(&s)
		}, Error{Field: "a", Off: 2, Need: 1}},
		{"sub of a failed reader", []byte{1}, func(r *Reader) {
			r.Uint16("a")
			s := r.Sub(1, "s")
			s.Uint8("b")
			r.Adopt(&s)
		}, Error{Field: "a", Need: 2, Have: 1}},
		{"negative size", []byte{1}, func(r *Reader) { r.Bytes(-1, "a") }, Error{Field: "a", Need: -1, Have: 1}},
		{"caller's own", []byte{1, 2}, func(r *Reader) { r.Uint8("a"); r.Fail("a", 1) },
			Error{Field: "a", Off: 1, Need: 1, Have: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReader(tt.in)
			tt.read(&r)
			var got *Error
			if !errors.As(r.Err(), &got) {
				t.Fatalf("Err() = %v", r.Err())
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			if r.Peek() != nil || r.Uint64("later") != 0 || r.Rest("later") != nil || r.Trailing() != 0 {
				t.Error("a failed Reader still gives values")
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		name string
		err  Error
		want string
	}{
		{"message", Error{Field: "random", Off: 2, Need: 32, Have: 5},
			"random at offset 2 needs 32 bytes, the message ends after 5"},
		{"vector", Error{Field: "group", Off: 9, Need: 2, Have: 1, Limit: "client_shares"},
			"group at offset 9 needs 2 bytes, client_shares ends after 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestReaderAliases holds that vectors are parts of the message, without room
// behind them that an append could overwrite.
func TestReaderAliases(t *testing.T) {
	b := []byte{2, 'a', 'b', 'c'}
	r := NewReader(b)
	v := r.Vec8("v")
	if &v[0] != &b[1] || cap(v) != 2 {
		t.Errorf("not the message's own bytes, or capacity %d beyond them", cap(v))
	}
}

func TestReaderAllocations(t *testing.T) {
	b := []byte{3, 0, 1, 7, 0, 2, 1, 2, 0x40, 1}
	if n := testing.AllocsPerRun(100, func() {
		r := NewReader(b)
		s := r.Sub8("list")
		for i := 0; s.Len() > 0 && !s.Failed(); i++ {
			s.Item(i)
			s.Vec16("")
		}
		s.Whole()
		s.Trailing()
		r.Adopt(&s)
		r.Vec16("v")
		r.Varint("n")
		if r.Trailing() != 0 || r.Err() != nil {
			t.Fatal(r.Err())
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
