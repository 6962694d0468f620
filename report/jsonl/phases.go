package jsonl

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
)

// begin opens a phase and writes what stands first in each.
func (e *encoder) begin(p *conn.Phase) {
	e.open(p.ID.String(), '{')
	e.string("state", p.State.String())
}

// finish writes what stands last in each phase and closes it.
func (e *encoder) finish(c *conn.Conn, p *conn.Phase) {
	if p.Start.Seen() {
		e.ms("start_ms", c.Since(p.Start))
		e.ms("end_ms", c.Since(p.End))
	}
}

func (e *encoder) certificateCheck(c *conn.Conn) {
	cc := &c.CertificateCheck
	e.begin(&cc.Phase)
	e.known("verdict", string(cc.Server.Verdict))
	e.finish(c, &cc.Phase)
	e.chain("certificates", &cc.Server, false)
	e.chain("client_certificates", &cc.Client, cc.State == conn.Done && !cc.Requested)
	e.rawKey("raw_public_key", cc.Server.RawKey)
	e.rawKey("client_raw_public_key", cc.Client.RawKey)
	if cc.Requested || cc.State == conn.Done {
		e.bool("certificate_requested", cc.Requested)
	}
	if len(cc.Server.Checks) > 0 {
		e.checks("checks", cc.Server.Checks)
	}
	if len(cc.Client.Checks) > 0 {
		e.known("client_verdict", string(cc.Client.Verdict))
		e.checks("client_checks", cc.Client.Checks)
	}
	e.steps(c, cc.Steps)
	e.close('}')
}

// chain writes the certificates of one side, unless it is not known whether
// there were any.
func (e *encoder) chain(k string, cs *conn.Certificates, none bool) {
	if len(cs.Chain) == 0 && (cs.RawKey != nil || !cs.At.Seen() && !none) {
		return
	}
	e.open(k, '[')
	for _, c := range cs.Chain {
		e.item()
		e.certificate(c)
		e.close('}')
	}
	e.close(']')
}

func (e *encoder) certificate(c *pki.Certificate) {
	const seconds = "2006-01-02T15:04:05Z"
	if c.Subject != "" || len(c.RawSubject) > 0 {
		e.string("subject", c.Subject)
	}
	if c.Issuer != "" || len(c.RawIssuer) > 0 {
		e.string("issuer", c.Issuer)
	}
	e.known("serial", c.Serial)
	e.moment("not_before", c.NotBefore, seconds)
	e.moment("not_after", c.NotAfter, seconds)
	e.hex("sha256", c.SHA256[:])
	if k := c.Key; k != nil && k.Algorithm != "" {
		e.open("key", '{')
		e.publicKey(k)
		e.close('}')
	}
	e.known("signature_algorithm", c.SignatureAlgorithm)
	if c.Readable() {
		e.strings("names", c.Names.Strings())
		e.bool("is_ca", c.IsCA)
	}
	if len(c.Problems) > 0 {
		e.strings("problems", c.Problems)
	}
}

func (e *encoder) publicKey(k *pki.Key) {
	e.string("algorithm", k.Algorithm)
	if k.Bits > 0 {
		e.int("bits", int64(k.Bits))
	}
	e.known("curve", k.Curve)
}

// rawKey writes what a side shows in the place of certificates, if it does.
func (e *encoder) rawKey(name string, k *pki.Key) {
	if k == nil {
		return
	}
	e.open(name, '{')
	if k.Algorithm != "" {
		e.publicKey(k)
	}
	e.hex("sha256", k.SHA256[:])
	if len(k.Problems) > 0 {
		e.strings("problems", k.Problems)
	}
	e.close('}')
}

func (e *encoder) checks(k string, checks []pki.Check) {
	e.open(k, '[')
	for i := range checks {
		e.item()
		e.string("check", checks[i].Name)
		e.string("result", checks[i].Result.String())
		e.string("why", checks[i].Why)
		e.close('}')
	}
	e.close(']')
}

func (e *encoder) keyExchange(c *conn.Conn) {
	kx := &c.KeyExchange
	e.begin(&kx.Phase)
	e.known("method", kx.Method)
	e.known("group", kx.Group)
	e.tristate("forward_secret", kx.ForwardSecret)
	e.tristate("post_quantum", kx.PostQuantum)
	e.signature("signature", kx.Server)
	e.signature("client_signature", kx.Client)
	e.finish(c, &kx.Phase)
	e.steps(c, kx.Steps)
	e.close('}')
}

func (e *encoder) tristate(k string, t conn.Tristate) {
	if t != conn.Unknown {
		e.bool(k, t == conn.Yes)
	}
}

func (e *encoder) signature(k string, s *conn.Signature) {
	if s == nil {
		return
	}
	e.open(k, '{')
	e.known("scheme", s.Scheme)
	e.tristate("verified", s.Verified)
	e.known("why", s.Why)
	e.close('}')
}

func (e *encoder) tunnel(c *conn.Conn) {
	t := &c.Tunnel
	e.begin(&t.Phase)
	e.known("cipher", t.Cipher)
	for s := range t.Sides {
		e.traffic(flow.Side(s).String(), &t.Sides[s])
	}
	e.known("closed_by", t.ClosedBy)
	e.finish(c, &t.Phase)
	e.steps(c, t.Steps)
	e.close('}')
}

func (e *encoder) traffic(k string, t *conn.Traffic) {
	e.open(k, '{')
	e.int("records", t.Records)
	e.int("bytes", t.Bytes)
	if t.PlaintextBytes >= 0 {
		e.int("plaintext_bytes", t.PlaintextBytes)
	}
	e.int("records_sent", t.RecordsSent)
	e.int("bytes_sent", t.BytesSent)
	e.close('}')
}

func (e *encoder) steps(c *conn.Conn, steps []conn.Step) {
	e.open("steps", '[')
	for i := range steps {
		s := &steps[i]
		e.item()
		if s.At.Seen() {
			e.uint("packet", s.At.Packet)
			e.ms("at_ms", c.Since(s.At))
		}
		e.from(s.Side)
		e.string("message", s.Name)
		if s.Absent {
			e.bool("absent", true)
		} else {
			e.int("bytes", int64(s.Bytes))
			e.string("level", s.Level.String())
		}
		e.strings("says", s.Says)
		e.open("facts", '{')
		for j := range s.Facts {
			if !factBefore(s.Facts[:j], s.Facts[j].Key) {
				e.value(s.Facts[j].Key, s.Facts[j].Value)
			}
		}
		e.close('}')
		e.close('}')
	}
	e.close(']')
}

// factBefore reports whether a key has been written.
func factBefore(fs []conn.Fact, key string) bool {
	for i := range fs {
		if fs[i].Key == key {
			return true
		}
	}
	return false
}
