package dissect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// heard is a datagramStream that writes down what it hears.
type heard struct{ strings.Builder }

func (h *heard) Datagram(side flow.Side, b []byte, missing int, at flow.Mark) {
	fmt.Fprintf(h, "%d:%s ", at.Packet, b[:1])
}
func (h *heard) Close(how conn.End, by flow.Side, at flow.Mark) { h.WriteString("end") }

func TestOrdered(t *testing.T) {
	big := strings.Repeat("B", mostHeld+1)
	tests := []struct {
		name string
		room int
		ms   []int // of each datagram
		data string
		want string
	}{
		{"in order", 1 << 20, []int{1, 2, 3}, "a,b,c", "1:a 2:b 3:c end"},
		{"neighbours change places", 1 << 20, []int{2, 1, 3}, "a,b,c", "2:b 1:a 3:c end"},
		{"twice", 1 << 20, []int{2, 1, 4, 3}, "a,b,c,d", "2:b 1:a 4:d 3:c end"},
		{"the last two", 1 << 20, []int{1, 3, 2}, "a,b,c", "1:a 3:c 2:b end"},
		{"the same moment", 1 << 20, []int{1, 1, 1}, "a,b,c", "1:a 2:b 3:c end"},
		{"a clock that was set back", 1 << 20, []int{9000, 1, 2}, "a,b,c", "1:a 2:b 3:c end"},
		{"overtaken once only", 1 << 20, []int{9, 7, 8}, "a,b,c", "2:b 1:a 3:c end"},
		{"too large to wait", 1 << 20, []int{2, 1, 3}, big + ",b,c", "1:B 2:b 3:c end"},
		{"no room", mostHeld - 1, []int{2, 1, 3}, "a,b,c", "1:a 2:b 3:c end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, room := new(heard), tt.room
			o := &ordered{to: h, room: &room}
			start := time.Unix(1700000000, 0)
			for i, d := range strings.Split(tt.data, ",") {
				b := []byte(d)
				o.Datagram(flow.Client, b, 0, flow.Mark{Packet: uint64(i + 1), Time: start.Add(time.Duration(tt.ms[i]) * time.Millisecond)})
				b[0] = '!' // the caller's memory is its own
			}
			o.Close(conn.EndOfCapture, flow.Client, flow.Mark{})
			if got := h.String(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if room != tt.room {
				t.Errorf("%d bytes of room are left of %d", room, tt.room)
			}
		})
	}
	t.Run("no memory", func(t *testing.T) {
		room := 1 << 20
		o := &ordered{to: silent{}, room: &room}
		b := make([]byte, 1200)
		at := flow.Mark{Packet: 1, Time: time.Unix(1, 0)}
		if n := testing.AllocsPerRun(100, func() { at.Packet++; o.Datagram(flow.Server, b, 0, at) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

type silent struct{}

func (silent) Datagram(flow.Side, []byte, int, flow.Mark) {}
func (silent) Close(conn.End, flow.Side, flow.Mark)       {}
