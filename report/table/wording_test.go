package table

import (
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/report/text"
)

// TestWording holds words that are seldom needed.
func TestWording(t *testing.T) {
	with := func(change func(*conn.Conn)) *conn.Conn {
		c := ecdhe12()
		change(c)
		return c
	}
	wide := text.Style{Width: 120}
	quiet := text.Style{Width: 120, Quiet: true}
	tests := []struct {
		name      string
		kind      kind
		style     text.Style
		stats     *dissect.Stats
		conns     []*conn.Conn
		want, not []string
	}{
		{name: "not TLS", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) {
			c.Outcome, c.KeyExchange.State = conn.NotTLS, conn.FailedState
		})}, want: []string{" NOT TLS\n", "0 failed, 1 not TLS"}, not: []string{"FAILED"}},
		{name: "a failure in phase 2", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) {
			c.Outcome, c.KeyExchange.State = conn.Failed, conn.FailedState
		})}, want: []string{" FAILED in phase 2\n"}},
		{name: "one-sided", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) {
			c.Outcome, c.Tunnel.Sides[client] = conn.OneSided, conn.Traffic{Says: []string{"nothing"}}
			c.Messages[client] = nil
		})}, want: []string{"│ C→S │       – │            – │             – │ –       │ not captured "}, not: []string{"nothing"}},
		{name: "a byte and bytes", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) {
			c.Gaps = []conn.Gap{{Bytes: 1, After: 7}, {Bytes: 2}, {Bytes: -1, Side: server}}
		})}, want: []string{"gap   1 byte from the client after packet 7 is not in the capture\n", "gap   2 bytes from the client at its beginning are not",
			"gap   an unknown number of bytes from the server at its beginning are not"}},
		{name: "roles that were guessed", conns: []*conn.Conn{with(func(c *conn.Conn) { c.Guessed = conn.GuessedByPorts })},
			want: []string{"note  client and server are guessed by the ports: no message in the capture shows which is which\n"}},
		{name: "QUIC", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Carrier = "quic" })}, want: []string{"│ Sent │"}, not: []string{"Records"}},
		{name: "DTLS is said once", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Carrier, c.Version = "dtls", tls.VersionDTLS12 })}, want: []string{"    DTLS 1.2   TLS_"}, not: []string{"DTLS   DTLS"}},
		{name: "DTLS of no version", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Carrier, c.Version = "dtls", 0 })}, want: []string{"    DTLS   TLS_"}},
		{name: "a list in 66 columns", kind: list, style: text.Style{Width: 66}, conns: []*conn.Conn{with(turnedDown), with(turnedDown)}, want: []string{"│ www.example.test │", " handshake_failure "}, not: []string{"Key exchange"}},
		{name: "a list in 76 columns", kind: list, style: text.Style{Width: 76}, conns: []*conn.Conn{with(turnedDown), with(turnedDown)}, want: []string{" handshake_failure │"}},
		{name: "a draft in the list", kind: list, style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Version = 0xfb1a })}, want: []string{"│ 1.3 draft 26 │"}, not: []string{"0xfb1a"}},
		{name: "a draft", style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Version = 0xfb1a })}, want: []string{"TLS 1.3 draft 26 (Facebook) (0xfb1a)"}},
		{name: "a sentence once", style: wide, conns: []*conn.Conn{with(doubted)}, want: []string{"│ no such root ", "  warn  cert-untrusted\n"}, not: []string{"No such root."}},
		{name: "a sentence once, quietly", style: quiet, conns: []*conn.Conn{with(doubted)}, want: []string{"  warn  cert-untrusted           No such root.\n"}},
		{name: "quietly without a finding", style: quiet, conns: []*conn.Conn{with(func(c *conn.Conn) {
			c.Outcome, c.Why, c.Findings = conn.NoAnswer, "nobody said a word.", nil
		})}, want: []string{" no answer\n", "  Why: nobody said a word.\n"}},
		{name: "quietly not TLS", kind: list, style: quiet, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Outcome, c.Findings = conn.NotTLS, nil })}, want: []string{"not tls"}},
		{name: "quietly reset", kind: live, style: quiet, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Outcome, c.Findings = conn.ResetOutcome, nil })}, want: []string{"= RESET"}},
		{name: "quietly one-sided", style: quiet, conns: []*conn.Conn{with(func(c *conn.Conn) { c.Outcome, c.Findings = conn.OneSided, nil })}, not: []string{"#"}},
		{name: "none chosen", style: wide, stats: &dissect.Stats{Connections: 10}, want: []string{"none of the 10 connections was chosen. 0 packets"}},
		{name: "the one not chosen", style: wide, stats: &dissect.Stats{Connections: 1}, want: []string{"the only connection was not chosen."}},
		{name: "none at all", style: wide, stats: &dissect.Stats{}, want: []string{"no TLS connection."}},
		{name: "a line of a check that failed", kind: live, style: wide, conns: []*conn.Conn{with(func(c *conn.Conn) {
			doubted(c)
			c.CertificateCheck.Server.Verdict, c.CertificateCheck.Headline = conn.FailedCheck, "does not pass: trust"
		})}, want: []string{"! 1 certificate check: does not pass: trust\n"}, not: []string{"✓ 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := render(t, tt.kind, tt.style, tt.stats, tt.conns...)
			for _, s := range tt.want {
				if !strings.Contains(got, s) {
					t.Errorf("no %q in\n%s", s, got)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(got, s) {
					t.Errorf("%q in\n%s", s, got)
				}
			}
		})
	}
}

// turnedDown makes a server end the handshake of a connection.
func turnedDown(c *conn.Conn) {
	c.Outcome, c.ServerName = conn.RejectedByServer, "www.example.test"
	c.Alerts = []conn.Alert{{Side: server, Level: tls.AlertFatal, Description: tls.AlertHandshakeFailure}}
}

// doubted gives a connection a check and a finding that say the same.
func doubted(c *conn.Conn) {
	c.CertificateCheck.Server.Checks = []pki.Check{{Name: pki.CheckTrust, Result: pki.Fail, Why: "no such root"}}
	c.Findings = []conn.Finding{{ID: "cert-untrusted", Severity: conn.Warn, Phase: conn.CertificateCheckPhase, Summary: "No such root."}}
}
