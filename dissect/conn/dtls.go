package conn

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// datagrams is what a Builder knows of a connection over DTLS.
type datagrams struct {
	on       bool // message_seq is told
	seq      [2]int
	verified bool // a HelloVerifyRequest was seen
	resent   [2]int
	acked    bool // a flight of the handshake came in part
}

// isDTLS reports whether the connection's carrier is DTLS.
func (b *Builder) isDTLS() bool { return b.c.Carrier == "dtls" }

// MessageSeq tells the message_seq of the handshake message over DTLS that is
// delivered next; it is part of what handshake signatures cover (RFC 6347,
// Section 4.2.6). After a message that is not in the capture nobody can check
// them.
func (b *Builder) MessageSeq(side flow.Side, seq uint16) {
	d := &b.dgram
	if last := d.seq[side]; d.on && last >= 0 && int(seq) > last+1 {
		b.stopRecording()
		b.keys.Missing()
	}
	if !d.on {
		d.on, d.seq = true, [2]int{-1, -1}
	}
	d.seq[side] = int(seq)
}

// recordDTLS adds a message to the transcript as if it had been sent in one
// fragment (RFC 6347, Section 4.2.6). The early DTLS of OpenSSL left headers
// out; DTLS 1.3 has those of TLS (RFC 9147, Section 5.2).
func (b *Builder) recordDTLS(side flow.Side, m []byte) {
	switch t, n := tls.HandshakeType(m[0]), m[1:handshakeHeader]; {
	case t == tls.TypeHelloVerifyRequest:
		b.transcript = b.transcript[:0] // neither it nor the hello before it counts
	case b.c.Version == tls.VersionDTLSBad:
		b.record(m[handshakeHeader:])
	case b.c.Version.IsTLS13():
		b.record(m)
	default:
		seq := b.dgram.seq[side]
		h := append(make([]byte, 0, len(m)+8), m[0], n[0], n[1], n[2], byte(seq>>8), byte(seq), 0, 0, 0, n[0], n[1], n[2])
		b.record(append(h, m[handshakeHeader:]...))
	}
}

// helloVerifyRequest reads a HelloVerifyRequest (RFC 6347, Section 4.2.1).
func (b *Builder) helloVerifyRequest(side flow.Side, body []byte, at flow.Mark) error {
	var m tls.HelloVerifyRequest
	err := m.Decode(body)
	b.dgram.verified = true
	b.keStep(side, at, "HelloVerifyRequest", "hello_verify_request", len(body)+handshakeHeader,
		fmt.Sprintf("asks the client to show that it gets what is sent to its address: sends a cookie of %d bytes; one more round trip", len(m.Cookie))).
		fact("cookie_bytes", len(m.Cookie), "RFC 6347, Section 4.2.1")
	return err
}

// bringsCookie reports whether a ClientHello that is not the first is the one
// that a HelloVerifyRequest asked for.
func (b *Builder) bringsCookie(m *tls.ClientHello) bool {
	return b.isDTLS() && !b.chosen && (b.dgram.verified || len(m.Cookie) > 0)
}

// cookieHello takes the ClientHello that goes on with the handshake.
func (b *Builder) cookieHello(m *tls.ClientHello, n int, at flow.Mark) {
	if len(m.Random) == 32 { // early OpenSSL makes a new one
		b.randoms[flow.Client] = append([]byte(nil), m.Random...)
	}
	b.transcript = b.transcript[:0]
	if r := resumableOf(m); len(r.ticket) > 0 || len(r.identities) > 0 {
		b.offered = r
	}
	b.keStep(flow.Client, at, "ClientHello", "client_hello", n, fmt.Sprintf("again, as asked, with the cookie of %d bytes", len(m.Cookie)))
}

// headerLen is the size of the header of a sealed handshake message.
func (b *Builder) headerLen() int {
	if b.isDTLS() {
		return tls.DTLSHandshakeHeaderLen
	}
	return handshakeHeader
}

// SealedIn takes a sealed record, n bytes after its header, that hides its content
// type, as in DTLS 1.3 and with a connection id, but shows its level.
func (b *Builder) SealedIn(side flow.Side, lv Level, n int, at flow.Mark) {
	b.order++
	t := &b.c.Tunnel.Sides[side]
	t.Records++ // the wire does not show which of them are application data
	t.Bytes += int64(n)
	switch {
	case lv == Early:
		b.early.records++
		b.early.bytes += int64(n)
	case !b.c.Version.IsTLS13():
		if b.kx.Mode != "" {
			over, _ := explicitOverhead(b.kx, b.c.Version)
			t.MaxPlaintext += max(0, int64(n-over-1)) // the content type is inside
		}
		t.lastAlert = b.kx.TagLen > 0 && n == 2+1+b.kx.ExplicitNonceLen+b.kx.TagLen
		b.move(side, n, at)
	case lv == Handshake:
		b.sealedFlight(side, n, at)
	default:
		b.tellServer()
		b.tellClient(true)
		b.tunnelRecord(side, n, at)
	}
}

// sealedFlight takes a record of the epoch of the handshake. What comes when the
// flight has been told is the flight again, or an acknowledgement.
func (b *Builder) sealedFlight(side flow.Side, n int, at flow.Mark) {
	run := &b.sealed[side]
	if run.told || len(run.records) >= mostSealed {
		if b.dgram.resent[side]++; b.dgram.resent[side] == 1 {
			b.Note(side, "records of the handshake's epoch come after the handshake: it is sent again, or acknowledged", at)
		}
		return
	}
	if side == flow.Client && b.fitsACK(n) {
		return // it answers records of the server, not its flight
	}
	run.records = append(run.records, sealedRecord{at, n, b.order})
	if side == flow.Client {
		b.tellServer()
		b.tellClient(false)
	}
}

// fitsACK reports whether a sealed record of n bytes fits an ACK: a list of
// record numbers of 16 bytes each (RFC 9147, Section 7), in drafts of 8.
// One without any is taken for the alert that has the same size.
func (b *Builder) fitsACK(n int) bool {
	n -= b.overhead13() + 2
	size := 16
	if b.c.Version != tls.VersionDTLS13 {
		size = 8
	}
	return n > 0 && n%size == 0 && n <= 16*16
}

// srtpNames are the profiles of the registry "DTLS-SRTP Protection Profiles".
var srtpNames = [...]string{
	1: "SRTP_AES128_CM_HMAC_SHA1_80", 2: "SRTP_AES128_CM_HMAC_SHA1_32",
	5: "SRTP_NULL_HMAC_SHA1_80", 6: "SRTP_NULL_HMAC_SHA1_32",
	7: "SRTP_AEAD_AES_128_GCM", 8: "SRTP_AEAD_AES_256_GCM",
	9: "DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM", 10: "DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM",
	11: "SRTP_ARIA_128_CTR_HMAC_SHA1_80", 12: "SRTP_ARIA_128_CTR_HMAC_SHA1_32",
	13: "SRTP_ARIA_256_CTR_HMAC_SHA1_80", 14: "SRTP_ARIA_256_CTR_HMAC_SHA1_32",
	15: "SRTP_AEAD_ARIA_128_GCM", 16: "SRTP_AEAD_ARIA_256_GCM",
}

// srtpSays words the use_srtp extension of a hello (RFC 5764, Section 4.1), ""
// if there is none. The media itself does not go through the tunnel.
func srtpSays(x tls.Extensions, server bool) string {
	data, ok := x.Get(tls.ExtUseSRTP)
	var e tls.UseSRTP
	if !ok || e.Decode(data) != nil {
		return ""
	}
	var names []string
	for p := range e.Profiles.All() {
		if int(p) < len(srtpNames) && srtpNames[p] != "" {
			names = append(names, srtpNames[p])
		} else if len(names) < 8 {
			names = append(names, fmt.Sprintf("0x%04x (unassigned)", uint16(p)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	if server {
		return "keys for media: SRTP with " + names[0] + ", beside the tunnel"
	}
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return "offers keys for media (SRTP): " + strings.Join(names, ", ")
}

// unanswered reports whether datagrams of a client met no answer. Other than
// over TCP, where an answer to the SYN is known to be missing from the capture,
// most likely there was none.
func (b *Builder) unanswered() bool {
	return b.c.Transport == "udp" && b.c.Offered != nil && !b.chosen && b.onesided() == int(flow.Client)
}

// whyNoDatagram explains a ClientHello over UDP to which no datagram came back.
func (b *Builder) whyNoDatagram() string {
	return fmt.Sprintf("no datagram of the server came back, though the client sent %d. Nobody listens there, something on the way drops them, or only one direction was captured.", b.c.Sent[flow.Client])
}

// silence says why a Finished over DTLS may stay without an answer (RFC 6347,
// Section 4.1.2.7), "" where there was none.
func (b *Builder) silence() string {
	if !b.isDTLS() || !b.finished[flow.Client].Seen() || b.finished[flow.Server].Seen() {
		return ""
	}
	return " DTLS drops what it cannot verify without a word: keys that differ, as with a wrong pre-shared key, look like this."
}
