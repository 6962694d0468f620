package conn

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

const client, server = flow.Client, flow.Server

func TestOutcome(t *testing.T) {
	hello := func(s *scene) { s.clear(client, clientHello(sni)) }
	flight := func(s *scene) {
		hello(s)
		s.clear(server, serverHello(gcm12), message(tls.TypeServerHelloDone))
	}
	tests := []struct {
		name string
		play func(s *scene) *Conn
		want Outcome
		why  string
	}{
		{"established", func(s *scene) *Conn {
			flight(s)
			s.finished(client)
			s.finished(server)
			return s.end(Finished, client)
		}, Established, ""},
		{"established, then an alert", func(s *scene) *Conn {
			flight(s)
			s.finished(client)
			s.finished(server)
			s.alert(server, tls.AlertDescription(80))
			return s.end(Finished, server)
		}, Established, "the tunnel stood, then the server ended it with alert internal_error (80)."},
		{"a warning ends nothing", func(s *scene) *Conn {
			hello(s)
			s.Alert(server, Plain, tls.AlertWarning, tls.AlertUnrecognizedName, s.at())
			s.clear(server, serverHello(gcm12))
			s.finished(client)
			s.finished(server)
			return s.end(Finished, client)
		}, Established, ""},
		{"rejected by the client", func(s *scene) *Conn {
			flight(s)
			s.alert(client, tls.AlertUnknownCA)
			return s.end(Finished, client)
		}, RejectedByClient, "the client refused the server's certificate with alert unknown_ca (48)"},
		{"rejected by the server", func(s *scene) *Conn {
			hello(s)
			s.alert(server, tls.AlertHandshakeFailure)
			return s.end(Finished, server)
		}, RejectedByServer, "alert handshake_failure (40)"},
		{"a sealed refusal", func(s *scene) *Conn {
			s.clear(client, clientHello(only13, share))
			s.clear(server, serverHello(gcm13, picked13, shared))
			s.sealed(server, 27, 800, 281, 53)
			s.sealed(client, 19)
			return s.end(Finished, client)
		}, RejectedByClient, "fits an alert"},
		{"reset", func(s *scene) *Conn { hello(s); return s.end(Reset, server) }, ResetOutcome,
			"the server reset the connection in packet 3 before the handshake was complete; the server had not answered the ClientHello."},
		{"the client gave up", func(s *scene) *Conn { flight(s); return s.end(Finished, client) }, ClientGaveUp,
			"the client closed the connection in packet 4 before the handshake was complete, without an alert; the server had shown its part, the client's ClientKeyExchange was never seen."},
		{"the client gave up before the server was done", func(s *scene) *Conn {
			hello(s)
			s.clear(server, serverHello(gcm12))
			return s.end(Finished, client)
		}, ClientGaveUp, "the server had begun its part, its ServerHelloDone was never seen."},
		{"the client gave up on a sealed flight", func(s *scene) *Conn {
			s.clear(client, clientHello(only13, share))
			s.clear(server, serverHello(gcm13, picked13, shared))
			s.sealed(server, 42)
			return s.end(Finished, client)
		}, ClientGaveUp, "the client's Finished was never seen."},
		{"the server closed", func(s *scene) *Conn { hello(s); return s.end(Finished, server) }, ClosedOutcome,
			"the server closed the connection in packet 3"},
		{"no answer", func(s *scene) *Conn { hello(s); return s.end(EndOfCapture, client) }, NoAnswer, "nothing answered it before the capture ended"},
		{"no answer for long", func(s *scene) *Conn { hello(s); return s.end(TimedOut, client) }, NoAnswer, "nothing answered it within the idle limit"},
		{"one side", func(s *scene) *Conn { hello(s); s.Conn().Sent[server] = 0; return s.end(Finished, client) }, OneSided,
			"only packets of the client are in the capture; what the server said cannot be known."},
		{"capture ends", func(s *scene) *Conn { flight(s); return s.end(EndOfCapture, client) }, Incomplete, "the capture ends before the handshake does"},
		{"idle", func(s *scene) *Conn { flight(s); return s.end(TimedOut, client) }, Incomplete, "nothing more came for longer than the idle limit"},
		{"evicted", func(s *scene) *Conn { flight(s); return s.end(Evicted, client) }, Incomplete, "the memory limit closed this connection early"},
		{"mid-stream", func(s *scene) *Conn {
			s.MidStream()
			s.sealed(client, 100)
			s.sealed(server, 100)
			return s.end(EndOfCapture, client)
		}, Incomplete, "the capture begins inside the connection: its handshake is not there."},
		{"not TLS", func(s *scene) *Conn {
			hello(s)
			s.Foreign(server, []byte("HTTP/1.1 400 Bad Request\r\n"), s.at())
			return s.end(Finished, server)
		}, NotTLS, `the server spoke HTTP ("HTTP/1.1 400 Bad Request") in packet 3 where the client spoke TLS.`},
		{"refused behind Finished", func(s *scene) *Conn {
			s.clear(client, clientHello(only13, share))
			s.clear(server, serverHello(gcm13, picked13, shared))
			s.sealed(server, 27, 800, 281, 53)
			s.sealed(client, 53)
			s.Alert(server, Application, tls.AlertFatal, tls.AlertCertificateRequired, s.at())
			return s.end(Finished, server)
		}, RejectedByServer, "the server wants a client certificate and the client showed none"},
		{"no refusal once the server has answered", func(s *scene) *Conn {
			s.clear(client, clientHello(only13, share))
			s.clear(server, serverHello(gcm13, picked13, shared))
			s.sealed(server, 27, 800, 281, 53)
			s.sealed(client, 53, 200)
			s.sealed(server, 300)
			s.Alert(server, Application, tls.AlertFatal, tls.AlertCertificateRequired, s.at())
			return s.end(Finished, server)
		}, Established, "the tunnel stood, then the server ended it"},
		{"the hellos are missing, data flowed", func(s *scene) *Conn {
			hello(s)
			s.Gap(Gap{Side: server, Bytes: 2000}, s.at())
			s.sealed(client, 100)
			s.sealed(server, 100)
			return s.end(Reset, client)
		}, Incomplete, "parts of the handshake are not in the capture"},
		{"one side, with a hole before its data", func(s *scene) *Conn {
			s.Conn().Sent[client] = 0
			s.clear(server, serverHello(gcm12))
			s.Gap(Gap{Side: server, Bytes: 2000}, s.at())
			s.sealed(server, 100)
			return s.end(Reset, server)
		}, OneSided, "only packets of the server"},
		{"the capture ends too soon", func(s *scene) *Conn {
			hello(s)
			s.CaptureEnds(s.at())
			return s.end(EndOfCapture, client)
		}, Incomplete, "too soon to expect an answer"},
		{"holes swallowed the ends of the handshake", func(s *scene) *Conn {
			flight(s)
			s.Gap(Gap{Side: client, Bytes: 100}, s.at())
			s.sealed(client, 50)
			s.sealed(server, 50)
			return s.end(Finished, client)
		}, Established, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.play(play())
			if c.Outcome != tt.want {
				t.Errorf("outcome %s, want %s (%s)", c.Outcome, tt.want, c.Why)
			}
			contains(t, "why", c.Why, tt.why)
			for _, p := range c.Phases() {
				if p.Headline == "" {
					t.Errorf("%s has no headline", p.ID)
				}
			}
		})
	}
}

// TestWhyAlert plays every alert of the registry from either side: each has a
// reason that names it and who sent it.
func TestWhyAlert(t *testing.T) {
	parts := map[tls.AlertDescription][2]string{
		tls.AlertUnknownCA:             {"It has no trust anchor for the chain", "Its list of CAs for client certificates"},
		tls.AlertCertificateExpired:    {"out of date by the client's clock", "out of date by the server's clock"},
		tls.AlertCertificateRevoked:    {"the client refused the server's certificate", "the server refused the client's certificate"},
		tls.AlertBadCertificate:        {"for another name (the client asked for www.example)", "Look at its kind, its signature"},
		tls.AlertCertificateUnknown:    {"for another name (the client asked for www.example)", "Look at its kind, its signature"},
		tls.AlertHandshakeFailure:      {"the client could not accept what the server chose", "the server could not go on after its own ServerHello"},
		tls.AlertProtocolVersion:       {"the client will not do the version that the server picked", "the server can do no version that the client offered"},
		tls.AlertDecryptError:          {"could not verify or open what the server sent", "could not verify or open what the client sent"},
		tls.AlertBadRecordMAC:          {"could not verify or open what the server sent", "could not verify or open what the client sent"},
		tls.AlertUserCanceled:          {"gave up for a reason outside TLS", "gave up for a reason outside TLS"},
		tls.AlertInsufficientSecurity:  {"too weak", "too weak"},
		tls.AlertInappropriateFallback: {"lowered its version", "lowered its version"},
		tls.AlertUnrecognizedName:      {"knows no host of that name", "knows no host of that name"},
		tls.AlertDescription(80):       {"the client ended the handshake with alert", "the server ended the handshake with alert"},
	}
	for i := range 256 {
		d := tls.AlertDescription(i)
		name, ok := iana.AlertName(uint8(i))
		if !ok || d == tls.AlertCloseNotify {
			continue
		}
		for side := client; side <= server; side++ {
			s := play()
			s.clear(client, clientHello(sni))
			s.clear(server, serverHello(gcm12))
			s.alert(side, d)
			c := s.end(Finished, side)
			want := [2]Outcome{RejectedByClient, RejectedByServer}[side]
			if c.Outcome != want {
				t.Errorf("%s from the %s: %s", name, side, c.Outcome)
			}
			contains(t, name, c.Why, name)
			contains(t, name, c.Why, parts[d][side])
			if !strings.HasSuffix(c.Why, ".") || strings.Contains(c.Why, "..") || strings.Contains(c.Why, "  ") {
				t.Errorf("%s from the %s: %q", name, side, c.Why)
			}
			if c.CertificateCheck.State != FailedState && c.KeyExchange.State != FailedState {
				t.Errorf("%s from the %s: no phase failed", name, side)
			}
		}
	}
}

// TestRefusalInOrder holds what is said of a certificate that was refused and
// in which the checks find nothing.
func TestRefusalInOrder(t *testing.T) {
	root, err := pki.LoadPEM(filepath.Join("../../testdata/pcaps/pki", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ok := func(names ...string) (out []pki.Check) {
		for _, n := range names {
			out = append(out, pki.Check{Name: n, Result: pki.OK, Why: "in order"})
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		alert tls.AlertDescription
		by    flow.Side
		cs    Certificates
		want  string
	}{
		{"pinned", tls.AlertCertificateUnknown, client, Certificates{Verdict: Passed, Checks: ok(pki.CheckName, pki.CheckDates)}, "It passes every check here, with root.pem"},
		{"no name", tls.AlertCertificateUnknown, client, Certificates{Verdict: Passed, Checks: ok(pki.CheckDates)}, "It passes what can be checked here, with root.pem; for which name"},
		{"a wrong clock", tls.AlertCertificateExpired, client, Certificates{Verdict: Passed, Checks: ok(pki.CheckDates)}, "By the time of the capture it is in date: check that clock."},
		{"not valid yet", tls.AlertCertificateExpired, client, Certificates{Verdict: FailedCheck, Checks: []pki.Check{{Name: pki.CheckDates, Result: pki.Fail, Why: "tomorrow", NotYet: true}}}, "Its dates agree: tomorrow."},
		{"a client's chain is not judged", tls.AlertBadCertificate, server, Certificates{Verdict: FailedCheck, Checks: []pki.Check{{Name: pki.CheckTrust, Result: pki.Fail, Why: "not in root.pem"}}}, "the hint"},
		{"a client's dates are", tls.AlertBadCertificate, server, Certificates{Verdict: FailedCheck, Checks: []pki.Check{{Name: pki.CheckDates, Result: pki.Fail, Why: "expired"}}}, "It does not pass here either: expired."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := refusal{by: tt.by, alert: tt.alert, said: true, hint: "the hint"}
			if got := r.evidence(&tt.cs, Trust{Roots: root}); !strings.HasPrefix(got, tt.want) || tt.name == "not valid yet" && strings.Contains(got, "Renew") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
