package quic

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/packet"
	"github.com/tlslens/tlslens/dissect/tls"
)

// secretMap is a [Keys] for one connection.
type secretMap map[string][]byte

func (m secretMap) Secret(label string, random []byte, opens func([]byte) bool) ([]byte, bool) {
	s, ok := m[label]
	return s, ok && opens(s)
}

// TestKeys opens everything of a connection, with updates of the keys.
func TestKeys(t *testing.T) {
	for _, suite := range []tls.CipherSuite{suiteAES128, suiteAES256, suiteChaCha20} {
		for _, version := range []uint32{version1, version2} {
			testKeys(t, suite, version)
		}
	}
}

func testKeys(t *testing.T, suite tls.CipherSuite, version uint32) {
	t.Helper()
	n := hashFor(suite)().Size()
	keys := secretMap{}
	for i, l := range []string{"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} {
		keys[l] = bytes.Repeat([]byte{byte(i + 1)}, n)
	}
	labels := paramsFor(version)[0].labels
	key := func(label string) *protection { return newProtection(keys[label], suite, labels) }
	r := &recorder{negotiated: conn.Negotiated{Version: tls.VersionTLS13, Suite: suite}}
	s := NewStream(r, keys, nil, nil)
	at := 0
	send := func(side flow.Side, b []byte) { at++; s.Datagram(side, b, 0, mark(at)) }
	send(flow.Client, cat(initialOf(version, firstDCID, flow.Client, 0, pad(cryptoFrame(0, hello(tls.TypeClientHello, 300)), 900)),
		key("CLIENT_EARLY_TRAFFIC_SECRET").seal(plainPacket{kind: conn.QUICZeroRTT, version: version, dcid: firstDCID, scid: clientID, payload: cat([]byte{0x0a, 0, 2, 'h', 'i'}, make([]byte, 20))})))
	send(flow.Server, cat(initialOf(version, firstDCID, flow.Server, 0, cryptoFrame(0, hello(tls.TypeServerHello, 90))),
		key("SERVER_HANDSHAKE_TRAFFIC_SECRET").seal(plainPacket{kind: conn.QUICHandshake, version: version, dcid: clientID, scid: serverID, payload: cryptoFrame(0, hello(tls.TypeFinished, 52))})))
	traffic := key("CLIENT_TRAFFIC_SECRET_0")
	one := func(number uint64, k *protection, phase bool) []byte {
		return k.seal(plainPacket{kind: conn.QUICOneRTT, dcid: serverID, number: number, phase: phase, payload: cat([]byte{0x08, 0}, []byte("0123456789"))})
	}
	h := hashFor(suite)
	updated := protectionKeys(expandLabel(h, keys["CLIENT_TRAFFIC_SECRET_0"], labels+"ku", n), suite, labels)
	updated.hp, updated.hpKey = traffic.hp, traffic.hpKey
	send(flow.Client, one(1, traffic, false))
	send(flow.Client, one(3, updated, true))
	send(flow.Client, one(2, traffic, false)) // late
	send(flow.Client, one(4, updated, true))
	send(flow.Client, one(5, traffic, true)) // with keys that fit no phase
	if got, want := len(r.crypto[flow.Server][conn.Handshake]), 52; got != want {
		t.Errorf("%v, version %x: %d handshake bytes of the server, not %d", suite, version, got, want)
	}
	var opened, sealed int
	for _, e := range r.events {
		if strings.HasPrefix(e, "client 1-RTT opened") {
			opened++
		} else if strings.Contains(e, "sealed") {
			sealed++
		}
	}
	if opened != 4 || sealed != 1 {
		t.Errorf("%v, version %x: %d opened, %d sealed: %q", suite, version, opened, sealed, r.events)
	}
}

// keyLog is a [Keys] read from a file in the format of RFC 9850.
type keyLog map[string][]byte

func (l keyLog) Secret(label string, random []byte, opens func([]byte) bool) ([]byte, bool) {
	s, ok := l[label+" "+hex.EncodeToString(random)]
	return s, ok && opens(s)
}

func (l keyLog) read(text string) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && !strings.HasPrefix(line, "#") {
			if s, err := hex.DecodeString(f[2]); err == nil {
				l[f[0]+" "+strings.ToLower(f[1])] = s
			}
		}
	}
}

// TestCorpusKeys opens captures whose secrets are known: all packets of the
// handshake and of the tunnel must open.
func TestCorpusKeys(t *testing.T) {
	corpus := os.Getenv("TLSLENS_CORPUS")
	if corpus == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	for _, x := range []struct {
		name, pcap, keys string
	}{
		{"ngtcp2, draft 22", "quiclog+pcap2qlog/examples/draft-01/ngtcp2_test.pcapng", "quiclog+pcap2qlog/examples/draft-01/ngtcp2_test.keys"},
		{"draft 22, spin bit", "quiclog+pcap2qlog/examples/draft-01/spin_bit.pcap", "quiclog+pcap2qlog/examples/draft-01/spin_bit.keys"},
		{"version 1, secrets inside", "nfstream+nfstream/tests/pcaps/quic-33.pcapng", ""},
		{"DNS over QUIC, secrets inside", "ntop+nDPI/tests/cfgs/default/pcap/doq.pcapng", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			log := keyLog{}
			if x.keys != "" {
				b, err := os.ReadFile(filepath.Join(corpus, "captures", "keys", x.keys))
				if err != nil {
					t.Skip(err)
				}
				log.read(string(b))
			}
			openAll(t, filepath.Join(corpus, "captures", x.pcap), log)
		})
	}
}

// handshaking is a recorder that learns the suite from the ServerHello.
type handshaking struct{ recorder }

func (h *handshaking) Negotiated() conn.Negotiated {
	var n conn.Negotiated
	if b := h.crypto[flow.Server][conn.Plain]; len(b) > 4 {
		var m tls.ServerHello
		if m.Decode(b[4:]) == nil {
			n = conn.Negotiated{Version: m.NegotiatedVersion(), Suite: m.CipherSuite}
		}
	}
	return n
}

func openAll(t *testing.T, name string, log keyLog) *recorder {
	t.Helper()
	src, err := capture.Open(name)
	if err != nil {
		t.Skip(err)
	}
	defer src.Close()
	r := &handshaking{}
	s := NewStream(r, log, nil, nil)
	var pkt capture.Packet
	var d packet.Packet
	dec := packet.NewDecoder(packet.Limits{})
	client := uint16(0)
	for {
		if err := src.Next(&pkt); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		log.read(string(src.Secrets()))
		if dec.Decode(uint32(pkt.Link), pkt.Data, pkt.WireLen, pkt.Time, &d) != packet.UDP {
			continue
		}
		if client == 0 {
			client = d.Src.Port()
		}
		side := flow.Server
		if d.Src.Port() == client {
			side = flow.Client
		} else if d.Dst.Port() != client {
			continue // of another connection
		}
		s.Datagram(side, d.Payload, d.Missing, flow.Mark{Packet: pkt.Number, Time: pkt.Time})
	}
	opened, sealed := 0, 0
	for _, e := range r.events {
		switch {
		case strings.Contains(e, "opened"):
			opened++
		case strings.Contains(e, "sealed"):
			sealed++
		case strings.Contains(e, "note"):
			t.Log(e)
		}
	}
	t.Logf("%d packets opened, %d sealed; handshake bytes %d and %d", opened, sealed,
		len(r.crypto[flow.Client][conn.Handshake]), len(r.crypto[flow.Server][conn.Handshake]))
	if sealed > opened/20 || len(r.crypto[flow.Server][conn.Handshake]) == 0 {
		t.Errorf("%d of %d packets stay sealed", sealed, opened+sealed)
	}
	return &r.recorder
}
