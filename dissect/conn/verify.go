package conn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// CheckTime is the moment at which certificates must be valid. The zero value
// is the time of the packet that brought them.
type CheckTime struct {
	Fixed time.Time // if not zero, this moment
	Label string    // how sentences name it, for example "now" or "at 2026-11-23"
}

// Trust is what certificates are checked against.
type Trust struct {
	Roots        *pki.Store
	At           CheckTime
	Cache        *pki.VerifyCache
	Certificates bool // check chains
	Signatures   bool // check handshake signatures
}

// Pending is the dear part of a connection's analysis: building chains and
// checking signatures. It is made by [Builder.Finish] and run once, on any
// goroutine, before the Conn is reported.
type Pending struct {
	Conn *Conn

	serverSig *signed
	clientSig *signed
	later     []*signed // of the server in renegotiations, of the client before another one
	staple    []byte
	scts      []pki.SCT
	refusal   *refusal
}

// signed is a handshake signature with all that is needed to check it.
type signed struct {
	message  []byte // the bytes that were signed
	scheme   tls.SignatureScheme
	explicit bool // the scheme was sent; before TLS 1.2 the key decides
	sig      []byte
	side     flow.Side
	unable   string // why it cannot be checked
	phase13  bool   // a CertificateVerify of TLS 1.3
}

// mostLater bounds the renegotiations of a connection whose signatures are
// checked.
const mostLater = 16

// name returns the scheme's name, "" where the key decides.
func (s *signed) name() string {
	if s.explicit {
		return s.scheme.String()
	}
	return ""
}

// Run makes the checks and puts their results into the connection.
func (p *Pending) Run(t Trust) {
	c := p.Conn
	if t.Certificates {
		p.checkChain(t, flow.Server)
		p.checkChain(t, flow.Client)
	}
	p.settleCertificates(t)
	p.settleRefusal(t)
	p.settleSignature(p.serverSig, c.KeyExchange.Server, &c.CertificateCheck.Server, t.Signatures)
	p.settleSignature(p.clientSig, c.KeyExchange.Client, &c.CertificateCheck.Client, t.Signatures)
	for _, s := range p.later {
		into, by, of := &Signature{Scheme: s.name()}, &c.CertificateCheck.Server, c.KeyExchange.Server
		if s.side == flow.Client {
			by, of = &c.CertificateCheck.Client, c.KeyExchange.Client
		}
		p.settleSignature(s, into, by, t.Signatures)
		if into.Verified == No {
			of.Verified = No
		}
	}
	p.serverSig, p.clientSig, p.later = nil, nil, nil
}

// checkChain checks one side's certificates.
func (p *Pending) checkChain(t Trust, side flow.Side) {
	cs := &p.Conn.CertificateCheck.Server
	if side == flow.Client {
		cs = &p.Conn.CertificateCheck.Client
	}
	if cs.RawKey != nil {
		cs.Checks, cs.Verdict = pki.CheckRawKey(cs.RawKey), NotChecked
		return
	}
	if len(cs.Chain) == 0 {
		return
	}
	opt := pki.CheckOptions{Roots: t.Roots, At: cs.At.Time, AtLabel: "at capture time", Cache: t.Cache, Client: side == flow.Client, Either: p.Conn.Guessed != NotGuessed, Two: p.Conn.Version == tls.VersionTLCP}
	if side == flow.Server {
		opt.ServerName, opt.Staple, opt.SCTs = p.Conn.Name(), p.staple, p.scts
		opt.StapleAsked = p.Conn.Offered != nil && slices.Contains(p.Conn.Offered.Extensions, tls.ExtStatusRequest)
	}
	if !t.At.Fixed.IsZero() {
		opt.At, opt.AtLabel = t.At.Fixed, t.At.Label
	}
	if p.sealedName() {
		opt.ServerName = "" // the outer one names who opens the inner hello, not who shows the certificate
	}
	r := pki.CheckChain(cs.Chain, opt)
	cs.Checks, cs.Notes = r.Checks, r.Notes
	if side == flow.Server {
		p.nameNotShown(cs.Checks)
	}
	switch r.Verdict {
	case pki.Passed:
		cs.Verdict = Passed
	case pki.Failed:
		cs.Verdict = FailedCheck
	default:
		cs.Verdict = NotChecked
	}
}

// nameNotShown corrects why the name could not be checked.
func (p *Pending) nameNotShown(checks []pki.Check) {
	for i := range checks {
		k := &checks[i]
		if k.Name != pki.CheckName || k.Result != pki.NotShown {
			continue
		}
		switch {
		case p.Conn.Offered == nil:
			k.Why = "the ClientHello, which names the server, is not in the capture"
		case p.sealedName():
			k.Why = "the ClientHello that names the server is sealed (encrypted_client_hello)"
		}
	}
}

// sealedName reports whether the name that was asked for is sealed (ECH).
func (p *Pending) sealedName() bool { return p.Conn.innerCounts() && p.Conn.ECH.Source == "" }

// settleCertificates words what phase 1 came to.
func (p *Pending) settleCertificates(t Trust) {
	cc := &p.Conn.CertificateCheck
	if cc.Server.Key() == nil || cc.Headline != "" {
		return
	}
	switch {
	case cc.Server.RawKey != nil:
		cc.Headline = "a raw public key, which no certificate vouches for"
	case !t.Certificates:
		cc.Headline = "shown, not checked"
	case cc.Server.Verdict == Passed:
		cc.Headline = "passed"
	case cc.Server.Verdict == FailedCheck:
		cc.Headline = "does not pass: " + failedChecks(cc.Server.Checks)
	default:
		cc.Headline = "shown, not all of it could be checked"
	}
	if cc.State == Running {
		cc.State = Done
	}
}

// failedChecks names the checks that failed.
func failedChecks(cs []pki.Check) string {
	s := ""
	for _, c := range cs {
		if c.Result == pki.Fail {
			if s != "" {
				s += ", "
			}
			s += c.Name
		}
	}
	return s
}

// settleSignature checks a handshake signature and completes its row.
func (p *Pending) settleSignature(s *signed, into *Signature, by *Certificates, check bool) {
	if s == nil || into == nil {
		return
	}
	switch {
	case !check:
		into.Why = "signatures were not to be checked"
	case s.unable != "":
		into.Why = s.unable
	case by.Key() == nil:
		into.Why = "the certificate with the key is not in the capture"
	default:
		scheme := uint16(s.scheme)
		if !s.explicit {
			scheme = pki.LegacyScheme
			into.Scheme = legacyName(by.Key())
		}
		err := pki.VerifySignature(by.Key(), scheme, s.message, s.sig)
		var unsupported *pki.UnsupportedError
		switch {
		case err == nil:
			into.Verified = Yes
		case errors.As(err, &unsupported):
			into.Why = unsupported.Why
		default:
			into.Verified = No
		}
	}
	row := p.row(s)
	if row == nil {
		return // more rows than a phase keeps
	}
	says := signatureSays(s, into, by.keyName())
	if n := len(row.Says); n > 0 && row.Says[n-1] != "" {
		row.Says[n-1] += ", " + says
	} else {
		row.Says = []string{says}
	}
	row.fact("signature_scheme", into.Scheme, "RFC 9846, Section 4.2.3")
	if into.Verified != Unknown {
		row.fact("signature_verified", into.Verified == Yes, "")
	}
}

// row returns the step that tells the result of a signature check.
func (p *Pending) row(s *signed) *Step {
	for _, ph := range p.Conn.Phases() {
		for i := range ph.Steps {
			if ph.Steps[i].sig == s {
				return &ph.Steps[i]
			}
		}
	}
	return nil
}

// signatureSays words the result of a signature check.
func signatureSays(s *signed, r *Signature, key string) string {
	with := ""
	if r.Scheme != "" {
		with = " with " + r.Scheme
	}
	if s.phase13 {
		return transcriptSays(s, r, key)
	}
	by := "signed by " + key + with
	if s.side == flow.Client {
		by = "signs the handshake so far" + with
	}
	switch r.Verified {
	case Yes:
		if s.side == flow.Client {
			return by + ": signature ok, the client owns " + strings.Replace(key, "of [", "of its [", 1)
		}
		return by + ": signature ok"
	case No:
		return by + ": signature WRONG"
	}
	return fmt.Sprintf("%s: signature not verified, because %s", by, r.Why)
}

// transcriptSays words the result for a CertificateVerify of TLS 1.3.
func transcriptSays(s *signed, r *Signature, key string) string {
	by := r.Scheme + " over the transcript: signature "
	switch r.Verified {
	case Yes:
		return by + "ok, the " + s.side.String() + " owns " + key
	case No:
		return by + "WRONG"
	}
	return by + "not verified, because " + r.Why
}

// legacyName names the signatures of TLS 1.1 and before, which name nothing.
func legacyName(k *pki.Key) string {
	switch k.Algorithm {
	case "RSA":
		return "rsa_md5sha1"
	case "DSA":
		return "dsa_sha1"
	case "ECDSA":
		return "ecdsa_sha1"
	case "SM2":
		return "sm2sig_sm3"
	}
	return ""
}
