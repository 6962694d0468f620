package starttls

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
)

// fit says whether bytes begin a protocol.
type fit uint8

const (
	no fit = iota
	maybe
	yes
)

// A kind is a protocol and how its first speaker begins.
type kind struct {
	name, title string
	by          flow.Side
	request     string // how it asks for TLS
	probe       func(b []byte) fit
	open        func() dialect
}

// kinds are the protocols, the more certain ones first.
var kinds = [...]kind{
	{"proxy_v1", "PROXY protocol 1", flow.Client, "", probeProxy1, func() dialect { return proxy1{} }},
	{"proxy_v2", "PROXY protocol 2", flow.Client, "", probeProxy2, func() dialect { return proxy2{} }},
	{"postgres", "PostgreSQL", flow.Client, "SSLRequest", probePostgres, func() dialect { return &postgres{} }},
	{"http_connect", "HTTP CONNECT", flow.Client, "", starts("CONNECT "), func() dialect { return &httpConnect{} }},
	{"http_upgrade", "HTTP Upgrade", flow.Client, "Upgrade: TLS", probeUpgrade, func() dialect { return &httpUpgrade{} }},
	{"xmpp", "XMPP", flow.Client, "<starttls/>", probeXMPP, func() dialect { return &xmpp{} }},
	{"amqp", "AMQP", flow.Client, "the TLS header", starts("AMQP\x02\x01\x00\x00"), func() dialect { return &amqp{} }},
	{"rdp", "RDP", flow.Client, "a negotiation request for TLS", probeRDP, func() dialect { return &rdp{} }},
	{"tds", "TDS", flow.Client, "PRELOGIN with encryption", probeTDS, func() dialect { return newTDS() }},
	{"openvpn", "OpenVPN", flow.Client, "", probeOpenVPN, func() dialect { return newOpenVPN() }},
	{"ldap", "LDAP", flow.Client, "StartTLS", probeLDAP, func() dialect { return &ldap{} }},
	{"socks5", "SOCKS 5", flow.Client, "", probeSOCKS5, func() dialect { return &socks5{} }},
	{"socks4", "SOCKS 4", flow.Client, "", probeSOCKS4, func() dialect { return &socks4{} }},
	{"mysql", "MySQL", flow.Server, "SSLRequest", probeMySQL, func() dialect { return &mysql{} }},
	{"smtp", "SMTP or FTP", flow.Server, "STARTTLS", starts("220"), func() dialect { return &greeting220{} }},
	{"imap", "IMAP", flow.Server, "STARTTLS", starts("* OK"), func() dialect { return &imap{} }},
	{"acap", "ACAP", flow.Server, "STARTTLS", starts("* ACAP"), func() dialect { return &imap{} }},
	{"pop3", "POP3", flow.Server, "STLS", starts("+OK"), func() dialect { return &pop3{} }},
	{"nntp", "NNTP", flow.Server, "STARTTLS", probeNNTP, func() dialect { return &nntp{} }},
	{"sieve", "ManageSieve", flow.Server, "STARTTLS", starts(`"IMPLEMENTATION"`), func() dialect { return &sieve{} }},
	{"irc", "IRC", flow.Client, "STARTTLS", probeIRC, func() dialect { return &irc{} }},
	{"irc", "IRC", flow.Server, "STARTTLS", probeIRCServer, func() dialect { return &irc{} }},
}

// starts makes a probe for fixed first bytes.
func starts(with string) func([]byte) fit {
	return func(b []byte) fit { return prefixed(b, with) }
}

// prefixed reports whether b begins with s, as far as it goes.
func prefixed(b []byte, s string) fit {
	switch {
	case len(b) >= len(s) && string(b[:len(s)]) == s:
		return yes
	case len(b) < len(s) && s[:len(b)] == string(b):
		return maybe
	}
	return no
}

// oneOf reports whether b begins with one of some words.
func oneOf(b []byte, words ...string) fit {
	best := no
	for _, w := range words {
		best = max(best, prefixed(b, w))
	}
	return best
}

// recognise looks for the protocol whose first bytes are unread in a direction.
func (t *Talk) recognise(dir int) bool {
	u := &t.unread[dir]
	best := no
	if v := record.Probe(u.b); v == record.Client || v == record.Incomplete && len(u.b) < hello {
		best = maybe // TLS, or its beginning: start decides
	}
	for i := range kinds {
		k := &kinds[i]
		if t.sided && t.side(dir) != k.by {
			continue
		}
		switch f := k.probe(u.b); {
		case f == yes && len(t.layers) < mostLayers:
			if !t.sided {
				t.sided, t.client = true, dir
				switch {
				case k.name == "xmpp" && t.caller > 0: // both ends begin alike
					t.client = t.caller - 1
				case k.by == flow.Server:
					t.client = dir ^ 1
				}
			}
			t.layers = append(t.layers, Layer{Name: k.name, Title: k.title, First: u.at, By: k.by, request: k.request})
			t.cur = k.open()
			if w, ok := t.cur.(framing); ok {
				w.begins(t.unread[0].off, t.unread[1].off)
			}
			return true
		case f == maybe:
			best = maybe
		}
	}
	if best == no {
		t.stop()
	}
	return false
}

// line returns the first line of b without its end, and how many bytes it
// takes; n is 0 if its end is not there yet.
func line(b []byte) (s string, n int) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return "", 0
	}
	return string(bytes.TrimSuffix(b[:i], []byte("\r"))), i + 1
}
