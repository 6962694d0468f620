package conn

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A scene plays a connection to a Builder, a packet for each call.
type scene struct {
	*Builder
	n uint64
}

func play() *scene {
	c := &Conn{Number: 1, Carrier: "tls", Transport: "tcp", Sent: [2]uint64{9, 9}}
	s := &scene{Builder: NewBuilder(c, Options{Detail: Messages, HandshakeSize: 1 << 20, Parse: pki.NewCache(1 << 20), Sessions: NewSessions()})}
	c.First = s.at()
	return s
}

// at is the place of the next packet.
func (s *scene) at() flow.Mark {
	s.n++
	return flow.Mark{Packet: s.n, Time: time.Unix(1000, int64(s.n)*int64(time.Millisecond))}
}

// clear sends messages in the clear, as a carrier does.
func (s *scene) clear(side flow.Side, messages ...[]byte) {
	at := s.at()
	for _, m := range messages {
		s.Record(side, tls.RecordHeader{Type: tls.ContentHandshake, Version: tls.VersionTLS12, Length: len(m)}, at)
		s.Handshake(side, Plain, m, at)
	}
}

// sealed sends records of application data of some sizes.
func (s *scene) sealed(side flow.Side, sizes ...int) {
	for _, n := range sizes {
		at := s.at()
		s.Record(side, tls.RecordHeader{Type: tls.ContentApplicationData, Version: tls.VersionTLS12, Length: n}, at)
		s.Sealed(side, tls.ContentApplicationData, n, at)
	}
}

// finished ends the handshake of TLS 1.2 on one side.
func (s *scene) finished(side flow.Side) {
	s.ChangeCipherSpec(side, s.at())
	s.Sealed(side, tls.ContentHandshake, 40, s.at())
}

func (s *scene) alert(side flow.Side, d tls.AlertDescription) {
	s.Alert(side, Plain, tls.AlertFatal, d, s.at())
}

// end finishes the connection without checking certificates.
func (s *scene) end(how End, by flow.Side) *Conn {
	s.End(how, by, s.at())
	p := s.Finish()
	p.Run(Trust{})
	return p.Conn
}

// message makes a handshake message.
func message(t tls.HandshakeType, body ...byte) []byte {
	return append([]byte{byte(t), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// ext makes an extension.
func ext(t tls.ExtensionType, body ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(t))
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// clientHello makes one that offers two suites and some extensions.
func clientHello(exts ...[]byte) []byte {
	b := append([]byte{3, 3}, make([]byte, 32)...)
	b = append(b, 0, 0, 4, 0xc0, 0x2f, 0x13, 0x01, 1, 0)
	return message(tls.TypeClientHello, withExtensions(b, exts)...)
}

// serverHello makes one that picks a suite.
func serverHello(suite tls.CipherSuite, exts ...[]byte) []byte {
	b := append([]byte{3, 3}, make([]byte, 32)...)
	b = append(b, 0, byte(suite>>8), byte(suite), 0)
	return message(tls.TypeServerHello, withExtensions(b, exts)...)
}

func withExtensions(b []byte, exts [][]byte) []byte {
	var all []byte
	for _, e := range exts {
		all = append(all, e...)
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(all))), all...)
}

var (
	sni      = ext(tls.ExtServerName, append([]byte{0, 14, 0, 0, 11}, "www.example"...)...)
	only13   = ext(tls.ExtSupportedVersions, 2, 3, 4)
	share    = ext(tls.ExtKeyShare, append([]byte{0, 36, 0, 29, 0, 32}, make([]byte, 32)...)...)
	picked13 = ext(tls.ExtSupportedVersions, 3, 4)
	shared   = ext(tls.ExtKeyShare, append([]byte{0, 29, 0, 32}, make([]byte, 32)...)...)
)

const (
	gcm12 = tls.CipherSuite(0xc02f) // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	gcm13 = tls.CipherSuite(0x1301) // TLS_AES_128_GCM_SHA256
	gcm38 = tls.CipherSuite(0x1302) // TLS_AES_256_GCM_SHA384
)

// rows words the steps of a phase.
func rows(p *Phase) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%d %s %s (%d): %s\n", s.At.Packet, s.Side, s.Message, s.Bytes, strings.Join(s.Says, " | "))
	}
	return b.String()
}

func contains(t *testing.T, what, s, part string) {
	t.Helper()
	if !strings.Contains(s, part) {
		t.Errorf("%s: %q is not in:\n%s", what, part, s)
	}
}
