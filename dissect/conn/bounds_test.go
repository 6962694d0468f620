package conn

import (
	"fmt"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// TestFlood holds that a Conn does not grow with what is thrown at it.
func TestFlood(t *testing.T) {
	const many = 20000
	floods := map[string]func(s *scene, i int){
		"HelloRequest":     func(s *scene, i int) { s.clear(server, message(tls.TypeHelloRequest)) },
		"KeyUpdate":        func(s *scene, i int) { s.clear(client, message(tls.TypeKeyUpdate, 0)) },
		"unknown messages": func(s *scene, i int) { s.clear(client, message(tls.HandshakeType(i), byte(i))) },
		"ClientHello":      func(s *scene, i int) { s.clear(client, clientHello()) },
		"ServerHello":      func(s *scene, i int) { s.clear(server, serverHello(tls.CipherSuite(i))) },
		"alerts":           func(s *scene, i int) { s.Alert(server, Plain, tls.AlertWarning, tls.AlertDescription(i), s.at()) },
		"sealed alerts":    func(s *scene, i int) { s.Sealed(server, tls.ContentAlert, 26, s.at()) },
		"sealed handshake": func(s *scene, i int) { s.Sealed(client, tls.ContentHandshake, 40, s.at()) },
		"gaps":             func(s *scene, i int) { s.Gap(Gap{Side: client, Bytes: 1, Offset: int64(i)}, s.at()) },
		"notes":            func(s *scene, i int) { s.Note(client, fmt.Sprint("oddity ", i), s.at()) },
		"CCS":              func(s *scene, i int) { s.ChangeCipherSpec(client, s.at()) },
		"records of 13":    func(s *scene, i int) { s.sealed(flow.Side(i&1), 100+i) },
		"tickets": func(s *scene, i int) {
			s.clear(server, message(tls.TypeNewSessionTicket, 0, 0, 0, 1, 0, 2, byte(i), byte(i>>8)))
		},
		"torn messages": func(s *scene, i int) {
			s.clear(client, message(tls.TypeFinished, make([]byte, 12)...)[:8])
			s.Gap(Gap{Side: client, Bytes: 9}, s.at())
		},
	}
	for name, flood := range floods {
		for _, version := range []string{"none", "1.2", "1.3"} {
			t.Run(name+" "+version, func(t *testing.T) {
				s := play()
				s.opt.Detail = Summaries
				switch version {
				case "1.2":
					s.clear(client, clientHello(sni))
					s.clear(server, serverHello(gcm12))
				case "1.3":
					s.clear(client, clientHello(only13, share))
					s.clear(server, serverHello(gcm13, picked13, shared))
				}
				for i := range many {
					flood(s, i)
				}
				c := s.end(Finished, client)
				for _, p := range c.Phases() {
					if n := len(p.Steps); n > mostSteps+1 {
						t.Errorf("%s has %d steps", p.ID, n)
					}
					if n := len(p.Notes); n > 8 {
						t.Errorf("%s has %d notes", p.ID, n)
					}
				}
				if n := len(c.Notes); n > 32 {
					t.Errorf("%d notes", n)
				}
				if n := len(c.Alerts); n > 64 {
					t.Errorf("%d alerts", n)
				}
				if n := len(c.Gaps); n > 256 {
					t.Errorf("%d gaps", n)
				}
				for side := range c.Messages {
					if n := len(c.Messages[side]); n > 256 {
						t.Errorf("%d kinds of messages", n)
					}
				}
				if len(c.Log) > 0 {
					t.Errorf("%d messages were kept though nobody asked", len(c.Log))
				}
				if n := cap(s.transcript); n > 2<<20 {
					t.Errorf("a transcript of %d bytes", n)
				}
			})
		}
	}
}

func TestTorn(t *testing.T) {
	s := play()
	hello := clientHello(sni, share)
	s.clear(client, hello[:len(hello)-1])
	s.Gap(Gap{Side: client, Bytes: 1, Why: "not captured"}, s.at())
	s.clear(client, message(tls.TypeFinished, make([]byte, 12)...))
	c := s.end(EndOfCapture, client)
	if c.ServerName != "www.example" {
		t.Errorf("server name %q: it stands before the hole", c.ServerName)
	}
	contains(t, "rows", rows(&c.CertificateCheck.Phase), fmt.Sprintf("incomplete: %d of %d bytes are in the capture", len(hello)-1, len(hello)))
	if c.Offered != nil {
		t.Error("half a ClientHello counts as one")
	}
	if n := c.Messages[client]["finished"]; n != 1 {
		t.Errorf("the message behind the hole was read %d times", n)
	}
}

// TestPieces delivers messages byte by byte: where they are cut must not matter.
func TestPieces(t *testing.T) {
	all := append(serverHello(gcm12), message(tls.TypeServerHelloDone)...)
	build := func(size int) *Conn {
		s := play()
		s.clear(client, clientHello(sni))
		at := s.at()
		for b := all; len(b) > 0; {
			n := min(size, len(b))
			s.Handshake(server, Plain, b[:n], at)
			b = b[n:]
		}
		return s.end(Finished, client)
	}
	want := build(len(all))
	for size := 1; size < len(all); size++ {
		got := build(size)
		for i, p := range got.Phases() {
			if a, b := rows(want.Phases()[i]), rows(p); a != b {
				t.Errorf("in pieces of %d:\n%s\nnot:\n%s", size, b, a)
			}
		}
	}
}

func TestHandshakeSize(t *testing.T) {
	s := play()
	s.opt.HandshakeSize = 1000
	s.clear(client, clientHello(sni))
	large := message(tls.TypeCertificate, make([]byte, 5000)...)
	s.clear(server, serverHello(gcm12), large[:2000], large[2000:], message(tls.TypeServerHelloDone))
	c := s.end(Finished, client)
	if len(c.Notes) != 1 {
		t.Fatalf("notes: %q", c.Notes)
	}
	contains(t, "note", c.Notes[0], "Certificate announces 5004 bytes; the limit for one handshake message is 1000, so it is passed over")
	if c.Messages[server]["server_hello_done"] != 1 || c.Messages[server]["certificate"] != 0 {
		t.Errorf("messages: %v", c.Messages[server])
	}
}
