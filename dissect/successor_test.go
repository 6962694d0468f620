package dissect

import (
	"encoding/binary"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
)

// handshakeDTLS is a record with the first fragment of a hello, which claims to
// be longer by some bytes than what there is.
func handshakeDTLS(typ, random byte, longer int) []byte {
	body := append([]byte{0xfe, 0xfd, random}, make([]byte, 31)...)
	if typ == 1 {
		body = append(body, 0, 0, 0, 2, 0xc0, 0x2f, 1, 0)
	} else {
		body = append(body, 0, 0xc0, 0x2f, 0)
	}
	b := append([]byte{22, 0xfe, 0xfd}, make([]byte, 10)...)
	binary.BigEndian.PutUint16(b[11:], uint16(12+len(body)))
	b = append(b, typ, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body)+longer))
	return append(b, body...)
}

// busy is a Governor that has time until it is told otherwise.
type busy struct{ now bool }

func (b *busy) Busy() bool  { return b.now }
func (b *busy) Short() bool { return false }

// TestSuccessor holds what comes of a datagram that would begin another
// connection between the same ports: it does, unless no carrier believes in it,
// or there is no time.
func TestSuccessor(t *testing.T) {
	for _, tc := range []struct {
		name   string
		longer int
		busy   bool
		want   int
	}{
		{"it begins one", 0, false, 2},
		{"no ClientHello after all", 40, false, 1},
		{"no time", 0, true, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			governor := &busy{}
			b := newBench(t, Options{Governor: governor})
			b.send(client, server, handshakeDTLS(1, 1, 0))
			b.send(server, client, handshakeDTLS(2, 2, 0))
			again := handshakeDTLS(2, 2, 0)
			again[10] = 1 // the record's number
			b.send(server, client, again)
			governor.now = tc.busy
			b.send(client, server, handshakeDTLS(1, 3, tc.longer))
			b.send(server, client, handshakeDTLS(2, 4, 0))
			b.p.endOfCapture()
			if len(b.conns) != tc.want {
				t.Errorf("%d connections, want %d", len(b.conns), tc.want)
			}
			if first := b.conns[0]; tc.want == 2 && (first.Packets != 3 || first.Outcome == conn.Established) {
				t.Errorf("the first has %d packets and is %s", first.Packets, first.Outcome)
			}
			if dropped := b.p.stats.Dropped; tc.busy != (len(dropped) > 0) {
				t.Errorf("dropped: %v", dropped)
			}
		})
	}
}
