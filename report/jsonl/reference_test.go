package jsonl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// The types here say once more, in the words of encoding/json, what the output
// looks like. An any that is nil is an absent key.

type refEndpoint struct {
	Address string `json:"address,omitempty"`
	Port    uint16 `json:"port"`
}

type refConn struct {
	Type              string      `json:"type"`
	Number            uint64      `json:"number"`
	Carrier           string      `json:"carrier,omitempty"`
	Transport         string      `json:"transport,omitempty"`
	StartTLS          string      `json:"starttls,omitempty"`
	FTPData           any         `json:"ftp_data,omitempty"`
	Encapsulation     []string    `json:"encapsulation,omitempty"`
	EncapsulationBack []string    `json:"encapsulation_back,omitempty"`
	Client            refEndpoint `json:"client"`
	Server            refEndpoint `json:"server"`
	Guessed           string      `json:"roles_guessed_by,omitempty"`
	Start             string      `json:"start"`
	Duration          float64     `json:"duration_ms"`
	Packets           struct {
		First uint64 `json:"first"`
		Last  uint64 `json:"last"`
		Count uint64 `json:"count"`
	} `json:"packets"`
	Outcome     string    `json:"outcome,omitempty"`
	Why         string    `json:"why,omitempty"`
	ServerName  string    `json:"server_name,omitempty"`
	Version     string    `json:"version,omitempty"`
	CipherSuite string    `json:"cipher_suite,omitempty"`
	Group       string    `json:"group,omitempty"`
	ALPN        string    `json:"alpn,omitempty"`
	HRR         any       `json:"hello_retry_request,omitempty"`
	Resumption  any       `json:"resumption,omitempty"`
	EarlyData   string    `json:"early_data,omitempty"`
	ECH         any       `json:"encrypted_client_hello,omitempty"`
	Offered     any       `json:"offered,omitempty"`
	Selected    any       `json:"selected,omitempty"`
	Phases      refPhases `json:"phases"`
	Messages    refSides  `json:"messages"`
	CCS         refSides  `json:"change_cipher_specs"`
	Alerts      []any     `json:"alerts"`
	Prints      any       `json:"fingerprints,omitempty"`
	Findings    []any     `json:"findings"`
	Gaps        []any     `json:"gaps"`
	Notes       []string  `json:"notes,omitempty"`
	Decryption  any       `json:"decryption,omitempty"`
}

type refSides struct {
	Client any `json:"client"`
	Server any `json:"server"`
}

type refOffered struct {
	RecordVersion string   `json:"record_version,omitempty"`
	LegacyVersion string   `json:"legacy_version,omitempty"`
	Versions      []string `json:"versions"`
	Random        string   `json:"random,omitempty"`
	SessionID     string   `json:"session_id"`
	CipherSuites  []string `json:"cipher_suites"`
	Compression   []string `json:"compression_methods"`
	Extensions    []string `json:"extensions"`
	Groups        any      `json:"groups,omitempty"`
	KeyShares     any      `json:"key_shares,omitempty"`
	Schemes       any      `json:"signature_schemes,omitempty"`
	ALPN          any      `json:"alpn,omitempty"`
}

type refSelected struct {
	RecordVersion string   `json:"record_version,omitempty"`
	LegacyVersion string   `json:"legacy_version,omitempty"`
	Random        string   `json:"random,omitempty"`
	SessionID     string   `json:"session_id"`
	Extensions    []string `json:"extensions"`
}

type refPhases struct {
	CertificateCheck struct {
		State         string `json:"state"`
		Verdict       string `json:"verdict,omitempty"`
		Start         any    `json:"start_ms,omitempty"`
		End           any    `json:"end_ms,omitempty"`
		Certificates  any    `json:"certificates,omitempty"`
		ClientCerts   any    `json:"client_certificates,omitempty"`
		Requested     any    `json:"certificate_requested,omitempty"`
		Checks        []any  `json:"checks,omitempty"`
		ClientVerdict string `json:"client_verdict,omitempty"`
		ClientChecks  []any  `json:"client_checks,omitempty"`
		Steps         []any  `json:"steps"`
	} `json:"certificate_check"`
	KeyExchange struct {
		State           string `json:"state"`
		Method          string `json:"method,omitempty"`
		Group           string `json:"group,omitempty"`
		ForwardSecret   any    `json:"forward_secret,omitempty"`
		PostQuantum     any    `json:"post_quantum,omitempty"`
		Signature       any    `json:"signature,omitempty"`
		ClientSignature any    `json:"client_signature,omitempty"`
		Start           any    `json:"start_ms,omitempty"`
		End             any    `json:"end_ms,omitempty"`
		Steps           []any  `json:"steps"`
	} `json:"key_exchange"`
	Tunnel struct {
		State    string `json:"state"`
		Cipher   string `json:"cipher,omitempty"`
		Client   any    `json:"client"`
		Server   any    `json:"server"`
		ClosedBy string `json:"closed_by,omitempty"`
		Start    any    `json:"start_ms,omitempty"`
		End      any    `json:"end_ms,omitempty"`
		Steps    []any  `json:"steps"`
	} `json:"tunnel"`
}

// object is an object with its keys in order; values that are nil are left out.
type object []any

func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := 0; i < len(o); i += 2 {
		if o[i+1] == nil {
			continue
		}
		v, err := json.Marshal(o[i+1])
		if err != nil {
			return nil, err
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), o[i].(string)...), '"', ':')
		b = append(b, v...)
	}
	return append(b, '}'), nil
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

func strs[T fmt.Stringer](vs []T) []string {
	out := []string{}
	for _, v := range vs {
		out = append(out, v.String())
	}
	return out
}

func optional(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func tri(t conn.Tristate) any {
	if t == conn.Unknown {
		return nil
	}
	return t == conn.Yes
}

func reference(c *conn.Conn) refConn {
	r := refConn{Type: "connection", Number: c.Number, Carrier: c.Carrier, Transport: c.Transport, StartTLS: c.StartTLS, Encapsulation: c.Encapsulation, EncapsulationBack: c.EncapsulationBack, Guessed: string(c.Guessed),
		Start: c.First.Time.Format("2006-01-02T15:04:05.000000000Z"), Duration: ms(c.Since(c.Last)), Outcome: string(c.Outcome), Why: c.Why,
		ServerName: c.ServerName, Group: c.Group, ALPN: c.ALPN, EarlyData: c.EarlyData, Notes: c.Notes, Alerts: []any{}, Findings: []any{}, Gaps: []any{}}
	if d := c.FTPData; d != nil {
		r.FTPData = object{"of", d.Of, "fits", d.Fits, "passive", d.Passive, "command", d.Command}
	}
	for s, e := range c.Ends {
		x := refEndpoint{Port: e.Port()}
		if e.IsValid() {
			x.Address = e.Addr().String()
		}
		*[]*refEndpoint{&r.Client, &r.Server}[s] = x
	}
	r.Packets.First, r.Packets.Last, r.Packets.Count = c.First.Packet, c.Last.Packet, c.Packets
	if c.Version != 0 {
		r.Version = c.Version.String()
	}
	if s := c.Selected; s != nil {
		r.CipherSuite, r.HRR = c.Suite.String(), c.HelloRetryRequest
		r.Selected = refSelected{s.RecordVersion.String(), s.LegacyVersion.String(), hex.EncodeToString(s.Random), hex.EncodeToString(s.SessionID), strs(s.Extensions)}
	}
	if x := c.ECH; x != nil {
		e := struct {
			Accepted   any    `json:"accepted,omitempty"`
			Source     string `json:"source,omitempty"`
			ServerName string `json:"server_name,omitempty"`
			ALPN       any    `json:"alpn,omitempty"`
			Fault      string `json:"fault,omitempty"`
		}{tri(x.Accepted), x.Source, x.ServerName, nil, x.Fault}
		if x.Source != "" {
			e.ALPN = append([]string{}, x.ALPN...)
		}
		r.ECH = e
	}
	if x := c.Resumption; x != nil {
		r.Resumption = object{"kind", x.Kind, "of", x.Of}
	}
	if o := c.Offered; o != nil {
		r.Offered = refOffered{o.RecordVersion.String(), o.LegacyVersion.String(), strs(o.Versions), hex.EncodeToString(o.Random), hex.EncodeToString(o.SessionID),
			strs(o.CipherSuites), strs(o.CompressionMethods), strs(o.Extensions), strs(o.Groups), strs(o.KeyShares), strs(o.SignatureSchemes), o.ALPN}
	}
	referencePhases(c, &r.Phases)
	r.Messages = refSides{counted(c.Messages[0]), counted(c.Messages[1])}
	r.CCS = refSides{c.ChangeCipherSpecs[0], c.ChangeCipherSpecs[1]}
	for _, a := range c.Alerts {
		o := object{"from", a.Side.String(), "level", nil, "description", nil, "packet", a.At.Packet, "encrypted", a.Encrypted}
		if !a.Encrypted {
			o[3], o[5] = a.Level.String(), a.Description.String()
		}
		r.Alerts = append(r.Alerts, o)
	}
	if f := c.Fingerprints; f.JA3 != "" {
		r.Prints = object{"ja3", f.JA3, "ja3s", f.JA3S, "ja4", f.JA4, "ja4_r", f.JA4R}
	}
	for _, f := range c.Findings {
		packets := []uint64{}
		for _, m := range f.Evidence {
			if m.Packet != 0 {
				packets = append(packets, m.Packet)
			}
		}
		r.Findings = append(r.Findings, object{"id", f.ID, "severity", f.Severity.String(), "phase", f.Phase.String(), "summary", f.Summary, "packets", packets})
	}
	for _, g := range c.Gaps {
		o := object{"from", g.Side.String(), "bytes", nil, "after_packet", g.After}
		if g.Bytes >= 0 {
			o[3] = g.Bytes
		}
		r.Gaps = append(r.Gaps, o)
	}
	if d := c.Decryption; d.Status != "" {
		o := object{"status", d.Status, "why", d.Why}
		if d.Cause != "" {
			o = append(o, "cause", d.Cause)
		}
		r.Decryption = o
	}
	return r
}

func counted(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}

func referencePhases(c *conn.Conn, r *refPhases) {
	cc, kx, tn := &c.CertificateCheck, &c.KeyExchange, &c.Tunnel
	r.CertificateCheck.State, r.KeyExchange.State, r.Tunnel.State = cc.State.String(), kx.State.String(), tn.State.String()
	span := func(p *conn.Phase) (start, end any) {
		if !p.Start.Seen() {
			return nil, nil
		}
		return ms(c.Since(p.Start)), ms(c.Since(p.End))
	}
	r.CertificateCheck.Start, r.CertificateCheck.End = span(&cc.Phase)
	r.KeyExchange.Start, r.KeyExchange.End = span(&kx.Phase)
	r.Tunnel.Start, r.Tunnel.End = span(&tn.Phase)
	r.CertificateCheck.Steps, r.KeyExchange.Steps, r.Tunnel.Steps = refSteps(c, cc.Steps), refSteps(c, kx.Steps), refSteps(c, tn.Steps)
	r.CertificateCheck.Verdict, r.CertificateCheck.ClientVerdict = string(cc.Server.Verdict), string(cc.Client.Verdict)
	if len(cc.Server.Chain) > 0 {
		r.CertificateCheck.Certificates = refChain(cc.Server.Chain)
	}
	if len(cc.Client.Chain) > 0 || cc.State == conn.Done {
		r.CertificateCheck.ClientCerts = refChain(cc.Client.Chain)
	}
	if cc.State == conn.Done {
		r.CertificateCheck.Requested = cc.Requested
	}
	r.CertificateCheck.Checks, r.CertificateCheck.ClientChecks = refChecks(cc.Server.Checks), refChecks(cc.Client.Checks)
	r.KeyExchange.Method, r.KeyExchange.Group = kx.Method, kx.Group
	r.KeyExchange.ForwardSecret, r.KeyExchange.PostQuantum = tri(kx.ForwardSecret), tri(kx.PostQuantum)
	if kx.Server != nil {
		r.KeyExchange.Signature = object{"scheme", kx.Server.Scheme, "verified", tri(kx.Server.Verified), "why", optional(kx.Server.Why)}
		r.KeyExchange.ClientSignature = object{"scheme", kx.Client.Scheme, "verified", tri(kx.Client.Verified), "why", optional(kx.Client.Why)}
	}
	r.Tunnel.Cipher, r.Tunnel.ClosedBy = tn.Cipher, tn.ClosedBy
	side := func(s flow.Side) any {
		t := tn.Sides[s]
		o := object{"records", t.Records, "bytes", t.Bytes, "plaintext_bytes", nil, "records_sent", t.RecordsSent, "bytes_sent", t.BytesSent}
		if t.PlaintextBytes >= 0 {
			o[5] = t.PlaintextBytes
		}
		return o
	}
	r.Tunnel.Client, r.Tunnel.Server = side(flow.Client), side(flow.Server)
}

func refChain(cs []*pki.Certificate) []any {
	out := []any{}
	for _, c := range cs {
		out = append(out, object{"subject", c.Subject, "issuer", c.Issuer, "serial", c.Serial, "not_before", c.NotBefore, "not_after", c.NotAfter, "sha256", hex.EncodeToString(c.SHA256[:]),
			"key", object{"algorithm", c.Key.Algorithm, "bits", c.Key.Bits, "curve", c.Key.Curve}, "signature_algorithm", c.SignatureAlgorithm, "problems", c.Problems})
	}
	return out
}

func refChecks(cs []pki.Check) (out []any) {
	for _, c := range cs {
		out = append(out, object{"check", c.Name, "result", c.Result.String(), "why", c.Why})
	}
	return out
}

func refSteps(c *conn.Conn, steps []conn.Step) []any {
	out := []any{}
	for _, s := range steps {
		says := s.Says
		if says == nil {
			says = []string{}
		}
		facts := object{}
		for i, f := range s.Facts {
			v := f.Value
			switch x := v.(type) {
			case time.Time:
				v = x.Format("2006-01-02T15:04:05.000000000Z")
			case time.Duration:
				v = ms(x)
			case []byte:
				v = hex.EncodeToString(x)
			case tls.Version:
				v = x.String()
			}
			if i < 10 { // the last one has the key of the first
				facts = append(facts, f.Key, v)
			}
		}
		if s.Absent {
			out = append(out, object{"from", s.Side.String(), "message", s.Name, "absent", true, "says", says, "facts", facts})
			continue
		}
		out = append(out, object{"packet", s.At.Packet, "at_ms", ms(c.Since(s.At)), "from", s.Side.String(), "message", s.Name,
			"bytes", s.Bytes, "level", s.Level.String(), "says", says, "facts", facts})
	}
	return out
}

// readableCertificate is one that a parser has read.
func readableCertificate(t *testing.T) *pki.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(11), Subject: pkix.Name{CommonName: "x"}, DNSNames: []string{"x"}, NotBefore: began, NotAfter: began.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pki.Parse(der)
}
