package quic

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// unhex reads hexadecimal digits with spaces among them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recorder is an [Input] that writes down what it hears.
type recorder struct {
	conn.Input // nil: what is not expected panics
	events     []string
	crypto     [2][4][]byte // handshake bytes by side and level
	negotiated conn.Negotiated
	streams    map[string][]byte // heads of streams by side and id
}

func (r *recorder) log(format string, a ...any) {
	r.events = append(r.events, fmt.Sprintf(format, a...))
}
func (r *recorder) Handshake(side flow.Side, lv conn.Level, b []byte, at flow.Mark) {
	r.crypto[side][lv] = append(r.crypto[side][lv], b...)
	r.log("%s %s handshake %d", side, lv, len(b))
}
func (r *recorder) Note(side flow.Side, what string, at flow.Mark) { r.log("%s note %s", side, what) }
func (r *recorder) Gap(g conn.Gap, at flow.Mark) {
	r.log("%s gap of %d at %d: %s", g.Side, g.Bytes, g.Offset, g.Why)
}
func (r *recorder) End(how conn.End, by flow.Side, at flow.Mark) { r.log("end %d", how) }
func (r *recorder) Negotiated() conn.Negotiated                  { return r.negotiated }
func (r *recorder) QUICVersion(v uint32, at flow.Mark)           { r.log("version %x", v) }
func (r *recorder) QUICStream(side flow.Side, id uint64, b []byte, at flow.Mark) {
	if r.streams == nil {
		r.streams = map[string][]byte{}
	}
	name := fmt.Sprintf("%s %d", side, id)
	r.streams[name] = append(r.streams[name], b...)
}
func (r *recorder) QUICDatagram(side flow.Side, n int, at flow.Mark) {}
func (r *recorder) QUICRetry(n int, tag conn.Tristate, at flow.Mark) { r.log("retry %d %d", n, tag) }
func (r *recorder) QUICGoogleHello(h conn.GoogleHello, at flow.Mark) {
	r.log("%s %s %s %q", h.Side, h.Message, h.ServerName, h.UserAgent)
}
func (r *recorder) QUICPacket(side flow.Side, p conn.QUICPacket, at flow.Mark) {
	state := "sealed"
	if p.Opened {
		state = "opened"
	}
	r.log("%s %s %s %d", side, p.Kind, state, p.Size)
}
func (r *recorder) QUICVersionNegotiation(offered []uint32, total int, at flow.Mark) {
	r.log("negotiation %x of %d", offered, total)
}
func (r *recorder) QUICClose(side flow.Side, c conn.QUICClose, at flow.Mark) {
	r.log("%s %s close %#x %q", side, c.Level, c.Code, c.Reason)
}

// has reports whether an event contains a text.
func (r *recorder) has(text string) bool {
	for _, e := range r.events {
		if strings.Contains(e, text) {
			return true
		}
	}
	return false
}

// mark returns a place in an imaginary capture.
func mark(n int) flow.Mark {
	return flow.Mark{Packet: uint64(n), Time: time.Unix(1700000000, int64(n)*1e6)}
}

// plainPacket describes a packet to be sealed.
type plainPacket struct {
	kind       conn.QUICKind
	version    uint32
	dcid, scid []byte
	token      []byte
	number     uint64
	payload    []byte
	phase      bool
}

// seal protects a packet as a sender does (RFC 9001, Section 5).
func (k *protection) seal(p plainPacket) []byte {
	var b []byte
	const numberLen = 2
	if p.kind == conn.QUICOneRTT {
		first := byte(fixedBit | numberLen - 1)
		if p.phase {
			first |= keyPhase
		}
		b = append([]byte{first}, p.dcid...)
	} else {
		t := map[conn.QUICKind]byte{conn.QUICInitial: 0, conn.QUICZeroRTT: 1, conn.QUICHandshake: 2}[p.kind]
		if p.version == version2 {
			t = (t + 1) & 3
		}
		b = []byte{longForm | fixedBit | t<<4 | numberLen - 1, byte(p.version >> 24), byte(p.version >> 16), byte(p.version >> 8), byte(p.version)}
		b = append(append(b, byte(len(p.dcid))), p.dcid...)
		b = append(append(b, byte(len(p.scid))), p.scid...)
		if p.kind == conn.QUICInitial {
			b = append(append(b, appendVarint(nil, uint64(len(p.token)))...), p.token...)
		}
		b = append(b, appendVarint(nil, uint64(numberLen+len(p.payload)+tagLen))...)
	}
	at := len(b)
	b = append(b, byte(p.number>>8), byte(p.number))
	n := k.nonce(p.number)
	b = k.aead.Seal(b, n[:], p.payload, b)
	m := k.mask(b[at+4 : at+20])
	low := byte(0x0f)
	if p.kind == conn.QUICOneRTT {
		low = 0x1f
	}
	b[0] ^= m[0] & low
	b[at] ^= m[1]
	b[at+1] ^= m[2]
	return b
}

// appendVarint writes an integer in two, four or eight bytes.
func appendVarint(b []byte, v uint64) []byte {
	switch {
	case v < 1<<14:
		return append(b, byte(v>>8)|0x40, byte(v))
	case v < 1<<30:
		return append(b, byte(v>>24)|0x80, byte(v>>16), byte(v>>8), byte(v))
	}
	return append(b, byte(v>>56)|0xc0, byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// cryptoFrame writes a CRYPTO frame.
func cryptoFrame(offset int, data []byte) []byte {
	b := appendVarint([]byte{frameCrypto}, uint64(offset))
	return append(appendVarint(b, uint64(len(data))), data...)
}

func pad(b []byte, n int) []byte { return append(b, make([]byte, max(0, n-len(b)))...) }

func cat(bs ...[]byte) (out []byte) {
	for _, b := range bs {
		out = append(out, b...)
	}
	return out
}

// hello is a handshake message of n bytes with a random of its own.
func hello(t tls.HandshakeType, n int) []byte {
	b := []byte{byte(t), 0, byte((n - 4) >> 8), byte(n - 4), 3, 3}
	for len(b) < n {
		b = append(b, byte(len(b)*7))
	}
	return b
}

var (
	firstDCID = []byte{0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08}
	clientID  = []byte{1, 2, 3, 4, 5}
	serverID  = []byte{9, 8, 7, 6, 5, 4, 3, 2}
)

// initialOf seals an Initial packet with the keys of a first connection id.
func initialOf(version uint32, id []byte, side flow.Side, number uint64, payload []byte, change ...func(*plainPacket)) []byte {
	k := deriveInitial(version, paramsFor(version)[0], id)
	p := plainPacket{kind: conn.QUICInitial, version: version, dcid: id, scid: clientID, number: number, payload: payload}
	if side == flow.Server {
		p.dcid, p.scid = clientID, serverID
	}
	for _, f := range change {
		f(&p)
	}
	return k.side(side).seal(p)
}
