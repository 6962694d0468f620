package dissect

import (
	"testing"

	"github.com/tlslens/tlslens/dissect/tcp"
)

// TestContradicts holds the comparison of two segments wherever they stand in
// sequence space, half of it apart included, where a difference has no sign.
func TestContradicts(t *testing.T) {
	tests := []struct {
		name string
		a, b tcp.Segment
		want bool
	}{
		{"same place, same bytes", tcp.Segment{Seq: 7, Payload: []byte("abc")}, tcp.Segment{Seq: 7, Payload: []byte("abcd")}, false},
		{"same place, other bytes", tcp.Segment{Seq: 7, Payload: []byte("abc")}, tcp.Segment{Seq: 7, Payload: []byte("abx")}, true},
		{"later, agreeing", tcp.Segment{Seq: 7, Payload: []byte("abc")}, tcp.Segment{Seq: 9, Payload: []byte("cd")}, false},
		{"earlier, not agreeing", tcp.Segment{Seq: 7, Payload: []byte("abc")}, tcp.Segment{Seq: 5, Payload: []byte("xxb")}, true},
		{"beside", tcp.Segment{Seq: 7, Payload: []byte("abc")}, tcp.Segment{Seq: 10, Payload: []byte("x")}, false},
		{"over the wrap", tcp.Segment{Seq: 0xffffffff, Payload: []byte("ab")}, tcp.Segment{Seq: 0, Payload: []byte("x")}, true},
		{"half of the space apart", tcp.Segment{Seq: 0, Payload: []byte("a")}, tcp.Segment{Seq: 1 << 31, Payload: []byte("x")}, false},
		{"behind a SYN", tcp.Segment{Seq: 8, Payload: []byte("a")}, tcp.Segment{Seq: 7, Flags: tcp.SYN | tcp.ACK, Payload: []byte("x")}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := contradicts(&tt.a, &tt.b); got != tt.want {
				t.Errorf("contradicts = %v, want %v", got, tt.want)
			}
		})
	}
}
