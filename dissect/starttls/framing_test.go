package starttls

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// vpnPacket makes a packet of OpenVPN's control channel with an HMAC of a size.
func vpnPacket(opcode byte, hmac, acks, id int, body string) string {
	p := string([]byte{opcode << 3}) + "sessionA"
	if hmac > 0 {
		p += strings.Repeat("h", hmac) + be32(id+1) + be32(1)
	}
	p += string([]byte{byte(acks)})
	for i := range acks {
		p += be32(i)
	}
	if acks > 0 {
		p += "sessionB"
	}
	p += be32(id) + body
	return be16(len(p)) + p
}

func vpnCase(name string, hmac int, said string, ch string) talkCase {
	return talkCase{name, []turn{
		c(vpnPacket(7, hmac, 0, 0, "")), s(vpnPacket(8, hmac, 1, 0, "")),
		c(vpnPacket(4, hmac, 0, 1, ch[:100])), c(vpnPacket(4, hmac, 0, 2, ch[100:])),
	}, true, outcome{Name: "openvpn", Said: []string{said}, TLS: true}}
}

func TestOpenVPN(t *testing.T) {
	ch := helloRecord(t)
	for _, tc := range []talkCase{
		vpnCase("no HMAC", 0, "control channel without HMAC", ch),
		vpnCase("SHA-1", 20, "control channel with an HMAC of 20 bytes (tls-auth)", ch),
		vpnCase("SHA-512", 64, "control channel with an HMAC of 64 bytes (tls-auth)", ch),
	} {
		t.Run(tc.name, func(t *testing.T) { check(t, tc) })
	}
	sealed := be16(54) + "\x38" + strings.Repeat("\x9a", 53) // tls-crypt
	check(t, talkCase{"tls-crypt", []turn{c(sealed)}, true, outcome{}})
}

func TestOpenVPNStream(t *testing.T) {
	data := func(n int) string { return be16(n) + "\x30" + strings.Repeat("d", n-1) }
	m := func(id int, b string) string { return vpnPacket(4, 0, 1, id, b) }
	for _, tc := range []struct{ name, in, want string }{
		{"in order", m(1, "aa") + m(2, "bb"), "aabb"},
		{"repeated", m(1, "aa") + m(1, "aa") + m(2, "bb"), "aabb"},
		{"out of order", m(3, "cc") + m(2, "bb") + m(1, "aa"), "aabbcc"},
		{"among data", data(1400) + m(1, "aa") + data(9) + m(2, "bb"), "aabb"},
		{"another key id", m(1, "aa") + be16(25) + "\x21" + strings.Repeat("x", 24) + m(2, "bb"), "aabb"},
		{"acknowledgement only", be16(22) + "\x28sessionA\x01\x00\x00\x00\x00sessionB" + m(1, "aa"), "aa"},
		{"no length", m(1, "aa") + "\x00\x00\x20" + m(2, "bb"), "aa"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for piece := 1; piece <= len(tc.in); piece++ {
				var log innerLog
				w := newOpenVPNStream(&log, 0)
				for i := 0; i < len(tc.in); i += piece {
					w.Data(flow.Server, []byte(tc.in[i:min(len(tc.in), i+piece)]), flow.Mark{Packet: 1})
				}
				if got := string(log.b[flow.Server]); got != tc.want {
					t.Fatalf("pieces of %d: got %q, want %q", piece, got, tc.want)
				}
			}
		})
	}
}

func TestOpenVPNGap(t *testing.T) {
	var log innerLog
	w := newOpenVPNStream(&log, 0)
	w.Data(flow.Client, []byte(be16(1000)+"\x30dd"), flow.Mark{Packet: 1})
	if n := w.Skippable(flow.Client); n != 997 {
		t.Fatalf("skippable %d, want 997", n)
	}
	w.Skipped(flow.Client, 900, flow.Mark{Packet: 2})
	w.Gap(flow.Client, conn.Gap{Bytes: 97}, flow.Mark{Packet: 2})
	w.Data(flow.Client, []byte(vpnPacket(4, 0, 0, 1, "aa")), flow.Mark{Packet: 3})
	if got := string(log.b[flow.Client]); got != "aa" || log.gaps[flow.Client] != 0 {
		t.Fatalf("a hole in data: got %q and %d gaps, want aa and none", got, log.gaps[flow.Client])
	}
	w.Gap(flow.Client, conn.Gap{Bytes: 5}, flow.Mark{Packet: 4})
	w.Data(flow.Client, []byte(vpnPacket(4, 0, 0, 2, "bb")), flow.Mark{Packet: 5})
	if got := string(log.b[flow.Client]); got != "aa" || log.gaps[flow.Client] != 1 || w.Skippable(flow.Client) < 1<<50 {
		t.Errorf("a hole in a header: got %q and %d gaps, want aa, one, and the rest skipped", got, log.gaps[flow.Client])
	}
}

// TestOpenVPNAnew: a later key negotiation is told, once for each packet of it.
func TestOpenVPNAnew(t *testing.T) {
	var log innerLog
	w := newOpenVPNStream(&log, 0)
	again := vpnPacket(4, 0, 0, 1, "hello")
	in := vpnPacket(4, 0, 0, 1, "aa") + again[:2] + "\x21" + again[3:] + vpnPacket(4, 0, 0, 2, "bb")
	for i := range len(in) {
		w.Data(flow.Client, []byte(in[i:i+1]), flow.Mark{Packet: 1})
	}
	if string(log.b[flow.Client]) != "aabb" || len(log.notes) != 1 || !strings.Contains(log.notes[0], "anew") {
		t.Errorf("got %q and notes %q", log.b[flow.Client], log.notes)
	}
}

// TestFindInside looks for packets of OpenVPN in the middle of a flow.
func TestFindInside(t *testing.T) {
	sealed := "\x17\x03\x03\x00\x09ninebytes"
	data := be16(100) + "\x30" + strings.Repeat("d", 99)
	ack := be16(22) + "\x28sessionA\x01\x00\x00\x00\x00sessionB"
	for _, tc := range []struct {
		name, in string
		found    string
		perhaps  bool
	}{
		{"a record", vpnPacket(4, 0, 0, 5, sealed), "control channel without HMAC", false},
		{"a record, behind others", data + ack + vpnPacket(4, 0, 1, 5, sealed), "control channel without HMAC", false},
		{"with an HMAC", vpnPacket(4, 32, 2, 5, sealed), "control channel with an HMAC of 32 bytes (tls-auth)", false},
		{"no beginning of a record yet", vpnPacket(4, 20, 1, 5, strings.Repeat("\xe4", 90)), "", true},
		{"half a packet", vpnPacket(4, 0, 0, 5, sealed)[:20], "", false},
		{"data alone", data + data, "", false},
		{"a later key negotiation", strings.Replace(vpnPacket(4, 0, 0, 5, sealed), "\x20sess", "\x21sess", 1), "", true},
		{"records of TLS", sealed + sealed, "", false},
		{"text", "\x00\x00 nothing of the kind", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in, perhaps := FindInside([]byte(tc.in))
			if perhaps != tc.perhaps || (in != nil) != (tc.found != "") || in != nil && in.Says != tc.found {
				t.Fatalf("got %+v, perhaps %v", in, perhaps)
			}
			if in == nil {
				return
			}
			var log innerLog
			w := in.Wrap(&log)
			w.Gap(flow.Server, conn.Gap{Bytes: -1}, flow.Mark{})
			w.Data(flow.Server, []byte(tc.in), flow.Mark{Packet: 1})
			w.Data(flow.Client, []byte("\xff\xff\xffnot where a packet begins"), flow.Mark{Packet: 2})
			if string(log.b[flow.Server]) != sealed || log.gaps != [2]int{1, 1} || w.Skippable(flow.Client) < 1<<50 {
				t.Errorf("got %q and gaps %v", log.b[flow.Server], log.gaps)
			}
		})
	}
}

func tdsFrame(typ byte, b string) string {
	return string([]byte{typ, 1}) + be16(8+len(b)) + "\x00\x00\x01\x00" + b
}

// prelogin is a PRELOGIN message with the options VERSION and ENCRYPTION.
func prelogin(typ, enc byte) string {
	return tdsFrame(typ, "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff"+"\x10\x00\x00\x00\x00\x00"+string(rune(enc)))
}

func TestTDS(t *testing.T) {
	ch := helloRecord(t)
	for _, tc := range []talkCase{
		{"on", []turn{c(prelogin(tdsPrelogin, 1)), s(prelogin(tdsReply, 1)), c(tdsFrame(tdsPrelogin, ch))}, true,
			outcome{Name: "tds", Said: []string{"PRELOGIN with encryption on", "answer: encryption on"}, TLS: true}},
		{"login only", []turn{c(prelogin(tdsPrelogin, 0)), s(prelogin(tdsReply, 0)), c(tdsFrame(tdsPrelogin, ch))}, true,
			outcome{Name: "tds", Said: []string{"PRELOGIN with encryption for the login only", "answer: encryption for the login only"}, TLS: true}},
		{"refused", []turn{c(prelogin(tdsPrelogin, 1)), s(prelogin(tdsReply, 2))}, true,
			outcome{Name: "tds", Said: []string{"PRELOGIN with encryption on", "refused: answer: encryption not supported"},
				Without: "starttls_refused: the server refused TLS: answer: encryption not supported to PRELOGIN with encryption on, in packet 2."}},
		{"neither", []turn{c(prelogin(tdsPrelogin, 2)), s(prelogin(tdsReply, 2))}, true, outcome{Name: "tds"}},
	} {
		t.Run(tc.name, func(t *testing.T) { check(t, tc) })
	}
}

func TestTDSStream(t *testing.T) {
	rec := func(typ byte, n int) string { return string([]byte{typ, 3, 3}) + be16(n) + strings.Repeat("r", n) }
	clear := tdsFrame(tdsReply, "\xadclear answer")
	for _, tc := range []struct{ name, in, want string }{
		{"wrapped, then bare", tdsFrame(tdsPrelogin, rec(22, 30)) + rec(20, 1) + rec(23, 70), rec(22, 30) + rec(20, 1) + rec(23, 70)},
		{"a record over two packets", tdsFrame(tdsPrelogin, rec(22, 30)[:12]) + tdsFrame(tdsPrelogin, rec(22, 30)[12:]), rec(22, 30)},
		{"then in the clear", tdsFrame(tdsPrelogin, rec(22, 30)) + clear + clear, rec(22, 30)},
		{"bare, then in the clear", tdsFrame(tdsPrelogin, rec(22, 30)) + rec(23, 70) + clear, rec(22, 30) + rec(23, 70)},
		{"no packet", tdsFrame(tdsPrelogin, rec(22, 30)) + "\x01\x01\x00\x10aaaaaaaaaaaa", rec(22, 30)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for piece := 1; piece <= len(tc.in); piece++ {
				var log innerLog
				w := &tdsStream{in: &log}
				for i := 0; i < len(tc.in); i += piece {
					w.Data(flow.Server, []byte(tc.in[i:min(len(tc.in), i+piece)]), flow.Mark{Packet: 1})
				}
				if got := log.b[flow.Server]; !bytes.Equal(got, []byte(tc.want)) {
					t.Fatalf("pieces of %d: got %q, want %q", piece, got, tc.want)
				}
			}
		})
	}
}

// FuzzTalk gives pieces of bytes to both directions. Whatever comes, nothing
// waits beyond the bounds, TLS begins at most once and within what was said, and
// what is told is printable.
func FuzzTalk(f *testing.F) {
	ch := helloRecord(f)
	for _, seed := range []string{"220 mx\r\n", "EHLO a\r\nSTARTTLS\r\n", "* OK\r\n", "+OK\r\n", "PROXY UNKNOWN\r\n" + ch, "\x05\x01\x00", "\x04\x01\x01\xbb\xc0\x00\x02\x01\x00",
		"\x00\x00\x00\x08\x04\xd2\x16\x2f", vpnPacket(7, 20, 0, 0, "") + vpnPacket(4, 20, 0, 1, ch), prelogin(tdsPrelogin, 1), "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + startTLS,
		"CONNECT a:1 HTTP/1.1\r\n\r\n", "<stream:stream to='a'>", proxy2Signature + "\x20\x00\x00\x00", ch} {
		f.Add([]byte(seed), uint8(3), uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, size, turnEvery uint8) {
		var p player
		n := int(size) + 1
		for i := 0; i < len(b) && !p.found; i += n {
			by := flow.Client
			if turnEvery>>(i/n%8)&1 != 0 {
				by = flow.Server
			}
			p.play([]turn{{by, string(b[i:min(len(b), i+n)])}})
			for dir, u := range p.talk.unread {
				if len(u.b) > mostUnread {
					t.Fatalf("%d bytes wait in direction %d", len(u.b), dir)
				}
			}
		}
		if p.found {
			for dir, off := range p.start.Offsets {
				if off < 0 || off > p.off[dir] {
					t.Fatalf("TLS begins at %d of %d bytes of direction %d", off, p.off[dir], dir)
				}
			}
		}
		if len(p.talk.Layers()) > mostLayers {
			t.Fatalf("%d layers", len(p.talk.Layers()))
		}
		e, _ := p.talk.Without(flow.Mark{Packet: 1})
		for _, l := range p.talk.Layers() {
			if len(l.Exposed) > 8 {
				t.Fatalf("%d exposures", len(l.Exposed))
			}
			for _, x := range append(l.Said, e.Why) {
				for _, r := range x {
					if r < 0x20 || r == 0x7f {
						t.Fatalf("control character in %q", x)
					}
				}
			}
		}
	})
}
