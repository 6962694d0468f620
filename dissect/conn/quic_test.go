package conn

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
)

// quicMark is a place in an imaginary capture.
func quicMark(n int) flow.Mark {
	return flow.Mark{Packet: uint64(n), Time: time.Unix(1700000000, int64(n)*1e6)}
}

func vec16(b ...byte) []byte { return append([]byte{byte(len(b) >> 8), byte(len(b))}, b...) }

// quicHello is a ClientHello with a key share and transport parameters.
func quicHello(parameters ...byte) []byte {
	ext := slices.Concat(
		[]byte{0, 43, 0, 3, 2, 3, 4},
		[]byte{0, 51, 0, 38, 0, 36, 0, 29, 0, 32}, make([]byte, 32),
		[]byte{0, 57}, vec16(parameters...))
	body := slices.Concat([]byte{3, 3}, make([]byte, 32), []byte{0, 0, 2, 0x13, 1, 1, 0}, vec16(ext...))
	return append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

func quicServerHello() []byte {
	ext := slices.Concat([]byte{0, 43, 0, 2, 3, 4}, []byte{0, 51, 0, 36, 0, 29, 0, 32}, make([]byte, 32))
	body := slices.Concat([]byte{3, 3}, slices.Repeat([]byte{7}, 32), []byte{0, 0x13, 1, 0}, vec16(ext...))
	return append([]byte{2, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

// quicScript drives a Builder as the carrier does. Each letter is a datagram:
//
//	C S   a hello in an Initial packet   c s   a sealed Handshake packet
//	1 2   1-RTT of client, server        X Y   CONNECTION_CLOSE of client, server
//	V     Version Negotiation            R     Retry
//	0     0-RTT                          G g   Google's CHLO, REJ
func quicScript(letters string, code uint64) *Conn {
	c := &Conn{Number: 1, Carrier: "quic", Transport: "udp", First: quicMark(1)}
	b := NewBuilder(c, Options{HandshakeSize: 1 << 20})
	b.QUICVersion(1, quicMark(1))
	for i, l := range letters {
		at := quicMark(i + 1)
		side := flow.Client
		if strings.ContainsRune("Ss2YVRg", l) {
			side = flow.Server
		}
		c.Sent[side]++
		c.Last = at
		b.QUICDatagram(side, 1200, at)
		p := QUICPacket{Size: 1200}
		switch l {
		case 'C':
			b.Handshake(side, Plain, quicHello(1, 4, 0x80, 0, 0x75, 0x30), at)
			p.Opened = true
		case 'S':
			b.Handshake(side, Plain, quicServerHello(), at)
			p.Opened = true
		case 'c', 's':
			p.Kind = QUICHandshake
		case '1', '2':
			p.Kind = QUICOneRTT
		case '0':
			p.Kind = QUICZeroRTT
		case 'X', 'Y':
			b.QUICClose(side, QUICClose{Code: code, Reason: "why not"}, at)
			p.Opened = true
		case 'V':
			b.QUICVersionNegotiation([]uint32{0x1a2a3a4a, 1, 0x6b3343cf}, 3, at)
			continue
		case 'R':
			b.QUICRetry(16, Yes, at)
			continue
		case 'G':
			b.QUICGoogleHello(GoogleHello{Side: side, Message: "CHLO", ServerName: "g.example"}, at)
			p.Opened = true
		case 'g':
			b.QUICGoogleHello(GoogleHello{Side: side, Message: "REJ"}, at)
			p.Opened = true
		}
		b.QUICPacket(side, p, at)
	}
	b.End(EndOfCapture, flow.Client, c.Last)
	b.Finish().Run(Trust{})
	return c
}

func TestQUICOutcome(t *testing.T) {
	for _, x := range []struct {
		name, letters string
		code          uint64
		want          Outcome
		why           string
		states        [3]State
	}{
		{"the whole way", "CSsc12", 0, Established, "", [3]State{Hidden, Done, Running}},
		{"Handshake packets of the client lost", "CSs12", 0, Established, "", [3]State{Hidden, Done, Running}},
		{"server's 1-RTT before the client's Finished", "CSs2c12", 0, Established, "", [3]State{Hidden, Done, Running}},
		{"0-RTT", "C0Ssc12", 0, Established, "", [3]State{Hidden, Done, Running}},
		{"Retry", "CRCSsc12", 0, Established, "", [3]State{Hidden, Done, Running}},
		{"Version Negotiation, then again", "CVCSsc12", 0, Established, "", [3]State{Hidden, Done, Running}},
		{"Version Negotiation, then nothing", "CV", 0, Failed, "does not speak the client's version of QUIC and offers QUIC v1, QUIC v2; the client", [3]State{Running, FailedState, Unseen}},
		{"no answer", "CCC", 0, NoAnswer, "UDP may be blocked", [3]State{Running, FailedState, Unseen}},
		{"no answer, given up", "CCX", 0, NoAnswer, "gave up in packet 3: NO_ERROR", [3]State{Running, FailedState, Unseen}},
		{"the server was not captured", "Cc11", 0, OneSided, "only packets of the client", [3]State{Running, Running, Running}},
		{"the client was not captured", "Ss2", 0, OneSided, "only packets of the server", [3]State{Running, Running, Running}},
		{"refused with an alert", "CY", 0x128, RejectedByServer, "handshake_failure (40)", [3]State{Running, FailedState, Unseen}},
		{"the certificate refused", "CSsX", 0x130, RejectedByClient, "no trust anchor", [3]State{FailedState, Running, Unseen}},
		{"refused with an error of the transport", "CY", 2, RejectedByServer, "CONNECTION_REFUSED", [3]State{Running, FailedState, Unseen}},
		{"given up by the client", "CSX", 0, ClientGaveUp, "closed the connection in packet 3", [3]State{Running, FailedState, Unseen}},
		{"closed from the tunnel", "CSsc12X", 0, Established, "the client closed it in packet 7", [3]State{Hidden, Done, Done}},
		{"no Finished", "CSsc", 0, Incomplete, "may be a refusal, which is sealed", [3]State{Running, Running, Unseen}},
		{"begins inside", "1212", 0, Incomplete, "begins inside", [3]State{Unseen, Unseen, Running}},
		{"Google's own", "GgG12", 0, Established, "no TLS", [3]State{Hidden, Done, Running}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := quicScript(x.letters, x.code)
			if c.Outcome != x.want || !strings.Contains(c.Why, x.why) {
				t.Errorf("%s: %s", c.Outcome, c.Why)
			}
			var states [3]State
			for i, p := range c.Phases() {
				states[i] = p.State
				if p.Headline == "" {
					t.Errorf("%s has no headline", p.ID)
				}
				if !slices.IsSortedFunc(p.Steps, func(a, b Step) int { return int(a.At.Packet) - int(b.At.Packet) }) {
					t.Errorf("%s: rows out of order", p.ID)
				}
			}
			if d := cmp.Diff(x.states, states); d != "" {
				t.Error(d)
			}
			for side := range c.Tunnel.Sides {
				if s := c.Tunnel.Sides[side]; s.RecordsSent != 0 || s.Records != 0 {
					t.Errorf("%d records over QUIC, which has none", s.RecordsSent)
				}
			}
		})
	}
}

// TestQUICRows holds the rows of a plain connection.
func TestQUICRows(t *testing.T) {
	c := quicScript("CSsscc112", 0)
	var got []string
	for _, p := range c.Phases() {
		for _, s := range p.Steps {
			got = append(got, p.ID.String()+": "+s.Side.String()+" "+s.Message+": "+strings.Join(s.Says, " | "))
		}
	}
	want := []string{
		"certificate_check: client ClientHello: names no server (no SNI)",
		"certificate_check: server 2 Handshake packets: hold EncryptedExtensions, Certificate, CertificateVerify and Finished",
		"certificate_check: client 2 Handshake packets: with the client's Finished: the client accepted what it saw",
		"key_exchange: client ClientHello: key share x25519; offers TLS 1.3, 1 cipher suite, 0 groups; no resumption | QUIC v1, idle timeout 30 s",
		"key_exchange: server ServerHello: picks TLS 1.3, TLS_AES_128_GCM_SHA256, key share x25519; handshake keys from here on",
		"key_exchange: client 2 Handshake packets: with the client's Finished; application keys from here on",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if tr := c.Tunnel.Sides[flow.Client]; tr.TunnelRecords != 2 || tr.TunnelBytes != 2400 {
		t.Errorf("%d packets, %d bytes", tr.TunnelRecords, tr.TunnelBytes)
	}
}

func TestTransportParameters(t *testing.T) {
	for _, x := range []struct {
		name string
		b    []byte
		says string
		fact string
	}{
		{"idle timeout", []byte{1, 4, 0x80, 0, 0x75, 0x30}, "idle timeout 30 s", "max_idle_timeout=30000"},
		{"no idle timeout", []byte{1, 1, 0}, "no idle timeout", "max_idle_timeout=0"},
		{"datagrams", []byte{3, 2, 0x45, 0xc0}, "datagrams up to 1472 bytes", "max_udp_payload_size=1472"},
		{"window", []byte{4, 4, 0x80, 0xf0, 0, 0}, "15 MiB in flight", "initial_max_data=15728640"},
		{"streams", []byte{8, 2, 0x40, 0x64}, "100 streams at once", "initial_max_streams_bidi=100"},
		{"migration", []byte{12, 0}, "will not change its address", "disable_active_migration"},
		{"datagram frames", []byte{0x20, 4, 0x80, 1, 0, 0}, "unreliable datagrams", "max_datagram_frame_size=65536"},
		{"one version", []byte{0x11, 12, 0, 0, 0, 1, 0x1a, 0x2a, 0x3a, 0x4a, 0, 0, 0, 1}, "can do only QUIC v1", "version_information (12 bytes)"},
		{"versions", []byte{0x11, 12, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1}, "chose QUIC v1, can do QUIC v2, QUIC v1", "version_information (12 bytes)"},
		{"versions cut", []byte{0x11, 3, 0, 0, 0}, "version information that cannot be read", "version_information=000000"},
		{"a number that is none", []byte{1, 2, 0, 0}, "", "max_idle_timeout=0000"},
		{"GREASE", []byte{27, 1, 5}, "", "GREASE (0x1b)=05"},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := NewBuilder(&Conn{Carrier: "quic"}, Options{HandshakeSize: 1 << 20})
			b.Handshake(flow.Client, Plain, quicHello(x.b...), quicMark(1))
			s := b.c.KeyExchange.Steps[0]
			got := ""
			if len(s.Says) > 1 { // the first is the hello's own
				got = s.Says[1]
			}
			if got != x.says {
				t.Errorf("says %q, not %q", got, x.says)
			}
			var facts []string
			for _, f := range s.Facts {
				if f.Key == "transport_parameters" {
					facts = f.Value.([]string)
				}
			}
			if d := cmp.Diff([]string{x.fact}, facts); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestOldParameters reads the format of drafts before 27.
func TestOldParameters(t *testing.T) {
	ps := oldParameters([]byte{0, 1, 0, 4, 0x80, 0, 0x75, 0x30, 0, 12, 0, 0, 0, 3, 0, 9, 1})
	if len(ps) != 2 || ps[0].says() != "idle timeout 30 s" || ps[1].says() != "will not change its address" {
		t.Errorf("%v", ps)
	}
}

// TestAmplification holds what is said of a server that sends more than three
// times what it got, or waits at that limit.
func TestAmplification(t *testing.T) {
	for _, x := range []struct{ name, letters, want string }{
		{"within the limit", "CSsc12", ""},
		{"waits at the limit", "CSsscss12", "went on only when the client had answered"},
		{"over the limit", "CSssssc12", "more than three times"},
	} {
		notes := strings.Join(quicScript(x.letters, 0).Notes, "\n")
		if x.want == "" && notes != "" || !strings.Contains(notes, x.want) {
			t.Errorf("%s: %q", x.name, notes)
		}
	}
}
