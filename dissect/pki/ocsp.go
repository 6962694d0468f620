package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// maxStaple bounds the OCSP responses that are read, in bytes. Real ones have
// one to three thousand.
const maxStaple = 64 << 10

// A staple is a stapled OCSP response (RFC 6960) as far as it could be checked.
type staple struct {
	resp     *ocsp.Response
	err      error // why resp is nil, or a fault in its signature
	verified bool  // the signature is that of the issuer or its delegate
	scts     []SCT
}

// readStaple reads opts.Staple and checks its signature.
func (k *checker) readStaple() {
	raw := k.opts.Staple
	if len(raw) == 0 {
		return
	}
	leaf := k.path.leaf()
	var issuer *Certificate
	if len(k.path.certs) > 1 && k.path.links[0] == nil {
		issuer = k.path.certs[1]
	} else if leaf.SelfSigned() {
		issuer = leaf
	}
	h := sha256.New()
	h.Write(raw)
	h.Write(leaf.SHA256[:])
	if issuer != nil {
		h.Write(issuer.SHA256[:])
	}
	key := [32]byte(h.Sum(nil))
	if v := k.opts.Cache; v != nil {
		if s, ok := v.staples.get(key, one[staple]); ok {
			k.staple = s
			return
		}
	}
	k.staple = parseStaple(raw, leaf, issuer)
	if v := k.opts.Cache; v != nil {
		v.staples.put(key, k.staple, 1)
	}
}

// parseStaple reads a response about leaf; issuer may be nil.
func parseStaple(raw []byte, leaf, issuer *Certificate) staple {
	if len(raw) > maxStaple {
		return staple{err: fmt.Errorf("it has %d bytes, more than %d", len(raw), maxStaple)}
	}
	if leaf.X509 == nil {
		return staple{err: errors.New("crypto/x509 cannot read [0]")}
	}
	// The library checks signatures with keys out of the response before it
	// looks whose they are, so their size is looked at first.
	if c := responderCertificate(raw); c != nil && c.Key.public == nil {
		return staple{err: errors.New("its signer's key cannot be used: " + c.Key.why)}
	}
	raw = slices.Clone(raw)
	s := staple{}
	if issuer != nil && issuer.X509 != nil && issuer.Key.public != nil {
		s.resp, s.err = ocsp.ParseResponseForCert(raw, leaf.X509, issuer.X509)
		s.verified = s.err == nil
	} else {
		s.resp, s.err = ocsp.ParseResponseForCert(raw, leaf.X509, nil)
	}
	if s.err != nil {
		return s
	}
	if c := s.resp.Certificate; s.verified && c != nil && !c.Equal(issuer.X509) &&
		!slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		s.verified = false
		s.err = errors.New("its signer may not sign OCSP responses")
	}
	for _, e := range s.resp.Extensions {
		// RFC 6962 section 3.3: an SCT list in an OCTET STRING.
		var list []byte
		if e.Id.String() == "1.3.6.1.4.1.11129.2.4.5" {
			if _, err := asn1.Unmarshal(e.Value, &list); err == nil {
				s.scts, _ = ParseSCTs(list)
			}
		}
	}
	return s
}

// responderCertificate returns the first certificate within a response, nil if
// there is none: OCSPResponse → responseBytes → BasicOCSPResponse → certs.
func responderCertificate(raw []byte) *Certificate {
	r := newDERReader(raw, func(string) {})
	e, _ := r.read(casn1.SEQUENCE)
	r = r.sub(e)
	r.read(casn1.ENUM)
	e, _ = r.read(context(0))
	r = r.sub(e)
	e, _ = r.read(casn1.SEQUENCE)
	r = r.sub(e)
	r.read(casn1.OBJECT_IDENTIFIER)
	e, _ = r.read(casn1.OCTET_STRING)
	r = r.sub(e)
	e, _ = r.read(casn1.SEQUENCE)
	r = r.sub(e)
	r.read(casn1.SEQUENCE) // tbsResponseData
	r.read(casn1.SEQUENCE) // signatureAlgorithm
	r.read(casn1.BIT_STRING)
	e, _ = r.read(context(0))
	r = r.sub(e)
	e, _ = r.read(casn1.SEQUENCE)
	r = r.sub(e)
	e, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return nil
	}
	return Parse(e.full)
}

// revocation reports the stapled OCSP response.
func (k *checker) revocation() {
	leaf, s := k.path.leaf(), &k.staple
	switch {
	case k.opts.Client && len(k.opts.Staple) == 0:
		k.add(CheckRevocation, NotShown, "no OCSP response came along")
	case len(k.opts.Staple) == 0 && leaf.MustStaple && k.opts.StapleAsked:
		k.add(CheckRevocation, Fail, "no OCSP response was stapled, though [0] demands one (must-staple) and the client asked for it")
	case len(k.opts.Staple) == 0 && leaf.MustStaple:
		k.add(CheckRevocation, Warn, "no OCSP response was stapled, though [0] demands one of clients that ask (must-staple)")
	case len(k.opts.Staple) == 0:
		k.add(CheckRevocation, NotShown, "no OCSP response was stapled")
	case s.err != nil && s.resp == nil && !badSignature(s.err):
		k.add(CheckRevocation, Unknown, "the stapled OCSP response is of no use: %s", plain(s.err))
	case s.err != nil:
		k.add(CheckRevocation, Fail, "the stapled OCSP response is not by the issuer of [0]: %s", plain(s.err))
	default:
		k.revocationStatus(s)
	}
}

func badSignature(err error) bool { return strings.Contains(err.Error(), "bad OCSP signature") }

func plain(err error) string { return shorten(ascii([]byte(err.Error())), 160) }

// revocationStatus words the status of a readable response.
func (k *checker) revocationStatus(s *staple) {
	r, at := s.resp, k.opts.At
	until := "with no end"
	if !r.NextUpdate.IsZero() {
		until = "valid until " + date(r.NextUpdate)
	}
	when := fmt.Sprintf("stapled OCSP response of %s, %s", date(r.ThisUpdate), until)
	switch {
	case r.Status == ocsp.Revoked && s.verified:
		k.add(CheckRevocation, Fail, "[0] was revoked on %s (%s): %s", date(r.RevokedAt), reason(r.RevocationReason), when)
	case !s.verified:
		k.add(CheckRevocation, Unknown, "%s: its signature was not checked, since the issuer of [0] is not at hand", when)
	case r.Status == ocsp.Unknown:
		k.add(CheckRevocation, Warn, "the responder does not know [0]: %s", when)
	case at.IsZero():
		k.add(CheckRevocation, Unknown, "good, %s; the time to check for is not known", when)
	case at.Add(time.Hour).Before(r.ThisUpdate): // clocks may differ
		k.add(CheckRevocation, Warn, "good, but not yet valid %s: %s", k.opts.AtLabel, when)
	case !r.NextUpdate.IsZero() && at.After(r.NextUpdate):
		k.add(CheckRevocation, Warn, "good, but expired %s: %s", k.ago(at.Sub(r.NextUpdate)), when)
	default:
		k.add(CheckRevocation, OK, "good, %s", when)
	}
}

// reason names CRLReason (RFC 5280 section 5.3.1).
func reason(code int) string {
	names := [...]string{"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
		"cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"}
	if code >= 0 && code < len(names) && names[code] != "" {
		return names[code]
	}
	return fmt.Sprintf("reason %d", code)
}
