package jsonl

import (
	"slices"
	"strconv"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/report/text"
)

// conn writes one connection.
func (e *encoder) conn(c *conn.Conn) {
	e.b = append(e.b, '{')
	e.string("type", "connection")
	e.known("capture", e.capture)
	e.uint("number", c.Number)
	e.known("carrier", c.Carrier)
	e.known("transport", c.Transport)
	e.known("starttls", c.StartTLS)
	if d := c.FTPData; d != nil {
		e.open("ftp_data", '{')
		if d.Of != 0 {
			e.uint("of", d.Of)
		}
		e.bool("fits", d.Fits)
		if !d.Fits {
			e.bool("passive", d.Passive)
			e.known("command", d.Command)
		}
		e.close('}')
	}
	if len(c.Encapsulation) > 0 {
		e.strings("encapsulation", c.Encapsulation)
	}
	if c.EncapsulationBack != nil {
		e.strings("encapsulation_back", c.EncapsulationBack)
	}
	e.endpoint("client", c.Ends[flow.Client])
	e.endpoint("server", c.Ends[flow.Server])
	e.known("roles_guessed_by", string(c.Guessed))
	e.time("start", c.First.Time)
	e.ms("duration_ms", c.Since(c.Last))
	e.open("packets", '{')
	e.uint("first", c.First.Packet)
	e.uint("last", c.Last.Packet)
	e.uint("count", c.Packets)
	e.close('}')
	e.known("outcome", string(c.Outcome))
	e.known("why", c.Why)
	e.agreed(c)
	e.offered(c.Offered)
	e.selected(c.Selected)
	e.open("phases", '{')
	e.certificateCheck(c)
	e.keyExchange(c)
	e.tunnel(c)
	e.close('}')
	e.counts(c)
	e.alerts(c.Alerts)
	e.fingerprints(&c.Fingerprints)
	e.findings(c.Findings)
	e.gaps(c.Gaps)
	if len(c.Notes) > 0 {
		e.strings("notes", c.Notes)
	}
	if c.Decryption.Status != "" {
		e.open("decryption", '{')
		e.string("status", c.Decryption.Status)
		e.known("why", c.Decryption.Why)
		e.known("cause", c.Decryption.Cause)
		e.close('}')
	}
	e.close('}')
}

// agreed writes what both sides settled on.
func (e *encoder) agreed(c *conn.Conn) {
	e.known("server_name", c.ServerName)
	e.known("version", c.VersionName())
	e.known("cipher_suite", c.SuiteName())
	e.known("group", c.Group)
	e.known("alpn", c.ALPN)
	if c.Selected != nil || c.HelloRetryRequest {
		e.bool("hello_retry_request", c.HelloRetryRequest)
	}
	if r := c.Resumption; r != nil {
		e.open("resumption", '{')
		e.known("kind", r.Kind)
		if r.Of != 0 {
			e.uint("of", r.Of)
		}
		e.close('}')
	}
	e.known("early_data", c.EarlyData)
	if x := c.ECH; x != nil {
		e.open("encrypted_client_hello", '{')
		e.tristate("accepted", x.Accepted)
		e.known("source", x.Source)
		e.known("server_name", x.ServerName)
		if x.Source != "" {
			e.strings("alpn", x.ALPN)
		}
		e.known("fault", x.Fault)
		e.close('}')
	}
}

func (e *encoder) version(k string, v tls.Version) {
	if v != 0 {
		e.string(k, v.String())
	}
}

// offered writes the ClientHello. Lists of extensions that were not sent are
// left out.
func (e *encoder) offered(o *conn.Offered) {
	if o == nil {
		return
	}
	e.open("offered", '{')
	e.version("record_version", o.RecordVersion)
	e.version("legacy_version", o.LegacyVersion)
	names(e, "versions", o.Versions)
	if o.Random != nil {
		e.hex("random", o.Random)
	}
	e.hex("session_id", o.SessionID)
	if o.SSLv2Format {
		names(e, "cipher_suites", o.CipherSpecs)
	} else {
		names(e, "cipher_suites", o.CipherSuites)
	}
	names(e, "compression_methods", o.CompressionMethods)
	names(e, "extensions", o.Extensions)
	if len(o.Groups) > 0 || slices.Contains(o.Extensions, tls.ExtSupportedGroups) {
		names(e, "groups", o.Groups)
	}
	if len(o.KeyShares) > 0 || slices.Contains(o.Extensions, tls.ExtKeyShare) {
		names(e, "key_shares", o.KeyShares)
	}
	if len(o.SignatureSchemes) > 0 || slices.Contains(o.Extensions, tls.ExtSignatureAlgorithms) {
		names(e, "signature_schemes", o.SignatureSchemes)
	}
	if len(o.ALPN) > 0 || slices.Contains(o.Extensions, tls.ExtALPN) {
		e.strings("alpn", o.ALPN)
	}
	e.close('}')
}

// selected writes the ServerHello.
func (e *encoder) selected(s *conn.Selected) {
	if s == nil {
		return
	}
	e.open("selected", '{')
	e.version("record_version", s.RecordVersion)
	e.version("legacy_version", s.LegacyVersion)
	if s.Random != nil {
		e.hex("random", s.Random)
	}
	e.hex("session_id", s.SessionID)
	names(e, "extensions", s.Extensions)
	e.close('}')
}

// counts writes how many messages of each kind each side sent.
func (e *encoder) counts(c *conn.Conn) {
	e.open("messages", '{')
	for s := range c.Messages {
		e.open(flow.Side(s).String(), '{')
		var room [16]string
		keys := room[:0]
		for k := range c.Messages[s] {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			e.comma()
			e.b = text.AppendJSON(e.b, k)
			e.b = append(e.b, ':')
			e.b = strconv.AppendInt(e.b, int64(c.Messages[s][k]), 10)
		}
		e.close('}')
	}
	e.close('}')
	e.open("change_cipher_specs", '{')
	for s, n := range c.ChangeCipherSpecs {
		e.int(flow.Side(s).String(), int64(n))
	}
	e.close('}')
}

func (e *encoder) alerts(as []conn.Alert) {
	e.open("alerts", '[')
	for i := range as {
		a := &as[i]
		e.item()
		e.from(a.Side)
		if !a.Encrypted {
			e.string("level", a.Level.String())
			e.string("description", a.Description.String())
		}
		e.uint("packet", a.At.Packet)
		e.bool("encrypted", a.Encrypted)
		e.close('}')
	}
	e.close(']')
}

func (e *encoder) fingerprints(f *conn.Fingerprints) {
	if *f == (conn.Fingerprints{}) {
		return
	}
	e.open("fingerprints", '{')
	e.known("ja3", f.JA3)
	e.known("ja3s", f.JA3S)
	e.known("ja4", f.JA4)
	e.known("ja4_r", f.JA4R)
	e.close('}')
}

func (e *encoder) findings(fs []conn.Finding) {
	e.open("findings", '[')
	for i := range fs {
		f := &fs[i]
		e.item()
		e.string("id", f.ID)
		e.string("severity", f.Severity.String())
		e.string("phase", f.Phase.String())
		e.string("summary", f.Summary)
		e.open("packets", '[')
		for _, m := range f.Evidence {
			if m.Seen() {
				e.comma()
				e.b = strconv.AppendUint(e.b, m.Packet, 10)
			}
		}
		e.close(']')
		e.close('}')
	}
	e.close(']')
}

func (e *encoder) gaps(gs []conn.Gap) {
	e.open("gaps", '[')
	for i := range gs {
		g := &gs[i]
		e.item()
		e.from(g.Side)
		if g.Bytes >= 0 {
			e.int("bytes", g.Bytes)
		}
		e.uint("after_packet", g.After)
		e.close('}')
	}
	e.close(']')
}
