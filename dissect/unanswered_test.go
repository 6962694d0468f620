package dissect

import (
	"context"
	cryptotls "crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// segments is a capture of one TCP connection, made up of what its sides say.
type segments struct {
	packets [][]byte
	seq     [2]uint32
	next    int
}

// add appends a segment in bare IPv4, without checksums.
func (s *segments) add(from flow.Side, flags byte, payload string) {
	b := make([]byte, 40, 40+len(payload))
	b[0], b[8], b[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[2:], uint16(40+len(payload)))
	ends := [2][]byte{{192, 0, 2, 1}, {192, 0, 2, 2}}
	ports := [2]uint16{49152, 3128}
	copy(b[12:], ends[from])
	copy(b[16:], ends[from.Other()])
	binary.BigEndian.PutUint16(b[20:], ports[from])
	binary.BigEndian.PutUint16(b[22:], ports[from.Other()])
	binary.BigEndian.PutUint32(b[24:], s.seq[from])
	binary.BigEndian.PutUint32(b[28:], s.seq[from.Other()])
	b[32], b[33] = 5<<4, flags
	s.packets = append(s.packets, append(b, payload...))
	s.seq[from] += uint32(len(payload))
	if flags&3 != 0 { // SYN or FIN
		s.seq[from]++
	}
}

func (s *segments) Next(p *capture.Packet) error {
	if s.next == len(s.packets) {
		return io.EOF
	}
	b := s.packets[s.next]
	s.next++
	*p = capture.Packet{Number: uint64(s.next), Time: time.Unix(int64(s.next), 0).UTC(), Link: 228, Data: b, WireLen: len(b)}
	return nil
}
func (s *segments) Stats() capture.Stats { return capture.Stats{} }
func (s *segments) Close() error         { return nil }

// realHello is a ClientHello of crypto/tls.
func realHello(t *testing.T) string {
	t.Helper()
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		_ = cryptotls.Client(a, &cryptotls.Config{ServerName: "www.example.test"}).Handshake()
	}()
	buf := make([]byte, 1<<14)
	n, err := b.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// TestHelloUnanswered holds that a ClientHello behind a request that was not
// answered yet is read once it is clear what the answer was.
func TestHelloUnanswered(t *testing.T) {
	hello := realHello(t)
	const request, granted = "CONNECT www.example.test:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"
	const alert = "\x15\x03\x03\x00\x02\x02\x28" // handshake_failure
	type says struct {
		side flow.Side
		b    string
	}
	c, s := flow.Client, flow.Server
	for _, tc := range []struct {
		name    string
		oneWay  bool // the server's packets are not in the capture
		said    []says
		outcome conn.Outcome
		bytes   int // of the words before TLS
	}{
		{"in a segment of its own", false, []says{{c, request}, {c, hello}, {s, granted}, {s, alert}}, conn.RejectedByServer, len(request + granted)},
		{"in the same segment", false, []says{{c, request + hello}, {s, granted + alert}}, conn.RejectedByServer, len(request + granted)},
		{"cut by segments", false, []says{{c, request + hello[:40]}, {c, hello[40:]}, {s, granted}, {s, alert}}, conn.RejectedByServer, len(request + granted)},
		{"waited for", false, []says{{c, request}, {s, granted}, {c, hello}, {s, alert}}, conn.RejectedByServer, len(request + granted)},
		{"never answered", false, []says{{c, request}, {c, hello}, {s, ""}, {s, ""}, {s, ""}, {s, ""}}, conn.NoAnswer, len(request)},
		{"the capture ends too soon", false, []says{{c, request}, {c, hello}}, conn.Incomplete, len(request)},
		{"one direction only", true, []says{{c, request}, {c, hello}}, conn.OneSided, len(request)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := &segments{}
			src.add(c, 0x02, "")
			if !tc.oneWay {
				src.add(s, 0x12, "")
			}
			for _, x := range tc.said {
				src.add(x.side, 0x18, x.b)
			}
			cs, err := Collect(context.Background(), src, Options{})
			if err != nil || len(cs) != 1 {
				t.Fatalf("%d connections (%v), want 1", len(cs), err)
			}
			got := cs[0]
			if got.StartTLS != "http_connect" || got.Outcome != tc.outcome || got.ServerName != "www.example.test" || len(got.Notes) > 0 {
				t.Errorf("after %q: %s (%s), asked for %q, notes %v: want http_connect, %s", got.StartTLS, got.Outcome, got.Why, got.ServerName, got.Notes, tc.outcome)
			}
			if n := got.CertificateCheck.Steps[0].Bytes; n != tc.bytes {
				t.Errorf("%d bytes before TLS, want %d", n, tc.bytes)
			}
		})
	}
}
