package dissect_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/verdict"
	"github.com/tlslens/tlslens/report"
)

// call is one call of a carrier as a fuzzer has it: what, then a byte whose
// first bit is the side and next two the level, two bytes for a length, and as
// many bytes.
func call(what, how byte, b []byte) []byte {
	return append([]byte{what, how, byte(len(b) >> 8), byte(len(b))}, b...)
}

// FuzzInput lets a carrier say anything in any order, and holds that what comes
// of it can be judged and reported: the carrier itself may come to believe
// anything, since hostile bytes are what it believes in.
func FuzzInput(f *testing.F) {
	f.Add(uint8(0), call(1, 0, []byte{1, 0, 0, 2, 3, 3}))
	f.Add(uint8(1), call(9, 0, []byte{0, 0, 0, 1}))
	for i, t := range talks(f) {
		if t.udp {
			continue
		}
		var b []byte
		for _, u := range t.turns {
			for r := u.bytes; len(r) > 5; { // as far as they are records
				h, _ := tls.ParseRecordHeader(r)
				what := map[tls.ContentType]byte{tls.ContentHandshake: 1, tls.ContentAlert: 2, tls.ContentChangeCipherSpec: 3, tls.ContentApplicationData: 6}[h.Type]
				n := min(h.Length, len(r)-5)
				b = append(b, call(what, byte(u.side), r[5:5+n])...)
				r = r[5+n:]
			}
		}
		if len(b) > 0 {
			f.Add(uint8(i), b)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, calls []byte) {
		began := time.Now()
		c := &conn.Conn{Number: 1, Carrier: []string{"tls", "dtls", "quic"}[kind%3], Transport: "tcp"}
		b := conn.NewBuilder(c, conn.Options{Detail: conn.Detail(kind / 3 % 3), HandshakeSize: 1 << 14, Parse: pki.NewCache(1 << 16), Sessions: conn.NewSessions(), Buffers: new(conn.Buffers)})
		c.First = flow.Mark{Packet: 1, Time: time.Unix(1700000000, 0)}
		at := c.First
		for n := 0; len(calls) >= 4 && n < 300; n++ {
			size := min(int(binary.BigEndian.Uint16(calls[2:])), len(calls)-4)
			tellBuilder(b, calls[0], calls[1], calls[4:4+size], at)
			calls = calls[4+size:]
			at.Packet, at.Time = at.Packet+1, at.Time.Add(time.Millisecond)
		}
		b.End(conn.End(kind%6), flow.Side(kind&1), at)
		p := b.Finish()
		p.Run(conn.Trust{})
		verdict.Judge(p.Conn, verdict.Rules())
		for _, format := range []string{"jsonl", "table"} {
			if format == "table" && kind < 200 {
				continue
			}
			var out bytes.Buffer
			w := writerOf(t, format, &out, report.Style{Width: 100, Verbose: 2})
			if err := w.Write(dissect.Closed{Conn: p.Conn}); err != nil {
				t.Fatal(err)
			}
			if format == "jsonl" && !json.Valid(out.Bytes()) {
				t.Errorf("no JSON: %q", out.Bytes())
			}
		}
		if p.Conn.Outcome == "" || p.Conn.Why == "" && p.Conn.Outcome != conn.Established {
			t.Errorf("outcome %q, %q", p.Conn.Outcome, p.Conn.Why)
		}
		if d := time.Since(began); d > 2*mostTime {
			t.Errorf("took %v", d)
		}
	})
}

// tellBuilder makes one call.
func tellBuilder(b *conn.Builder, what, how byte, p []byte, at flow.Mark) {
	side, lv := flow.Side(how&1), conn.Level(how>>1&3)
	var first [8]byte
	copy(first[:], p)
	number := binary.BigEndian.Uint32(first[:])
	what %= 20
	if quic := b.Conn().Carrier == "quic"; !quic && (what == 9 || what >= 13 && what <= 16) {
		return
	}
	switch what {
	case 0:
		b.Record(side, tls.RecordHeader{Type: tls.ContentType(first[0]), Version: tls.Version(binary.BigEndian.Uint16(first[1:])), Length: int(binary.BigEndian.Uint16(first[3:]))}, at)
	case 1:
		b.Handshake(side, lv, p, at)
	case 2:
		b.Alert(side, lv, tls.AlertLevel(first[0]), tls.AlertDescription(first[1]), at)
	case 3:
		b.ChangeCipherSpec(side, at)
	case 4:
		b.Opened(side, conn.Opened{Wire: tls.ContentType(first[0]), Type: tls.ContentType(first[1]), Bytes: len(p), Plain: len(p), Level: lv}, at)
	case 5:
		b.Plaintext(side, p, at)
	case 6:
		b.Sealed(side, tls.ContentApplicationData, len(p), at)
	case 7:
		b.Sealed(side, tls.ContentType(first[0]), len(p), at)
	case 8:
		b.Heartbeat(side, len(p), p, at)
	case 9:
		b.QUICVersion(number, at)
	case 10:
		b.Foreign(side, p, at)
	case 11:
		b.Gap(conn.Gap{Side: side, Bytes: int64(int32(number)), After: at.Packet - 1, Record: how&8 != 0, Why: "not captured"}, at)
	case 12:
		b.SSLv2(side, p, at)
	case 13:
		b.QUICPacket(side, conn.QUICPacket{Kind: conn.QUICKind(first[0] % 5), Size: len(p), Opened: how&8 != 0, Token: int(first[1]), Data: int(first[2])}, at)
	case 14:
		b.QUICRetry(len(p), conn.Tristate(first[0]%3), at)
	case 15:
		b.QUICClose(side, conn.QUICClose{Level: lv, Application: how&8 != 0, Google: how&16 != 0, Code: uint64(number), Cause: uint64(first[4])}, at)
	case 16:
		b.QUICVersionNegotiation([]uint32{number, binary.BigEndian.Uint32(first[4:])}, 2, at)
	case 17:
		b.MessageSeq(side, binary.BigEndian.Uint16(first[:]))
	case 18:
		b.SealedIn(side, lv, len(p), at)
	case 19:
		switch first[0] % 4 {
		case 0:
			b.BeginUnseen(side)
		case 1:
			b.CloseMissed()
		case 2:
			b.MidStream()
		case 3:
			b.QUICStream(side, uint64(first[1]), p, at)
		}
	}
}
