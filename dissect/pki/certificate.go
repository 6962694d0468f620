package pki

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxProblems bounds the list of what is wrong with one certificate or key.
const maxProblems = 16

// A Certificate is an X.509 certificate (RFC 5280 section 4.1), as far as it
// could be read. Fields that could not be read are zero and Problems says so.
type Certificate struct {
	Raw    []byte // our own copy of the DER
	SHA256 [32]byte
	SHA1   [20]byte

	// Version is 1, 2 or 3; other values are shown as encoded plus one. 0 means
	// that it could not be read.
	Version int
	// Serial is the content of the INTEGER in lower-case hex, a leading 00 and
	// the sign bit of a negative number included.
	Serial string
	// Subject and Issuer are RFC 4514 strings. "" is an empty name if the Raw
	// fields are set, otherwise one that could not be read.
	Subject, Issuer       string
	RawSubject, RawIssuer []byte
	CommonNames           []string // of the subject, decoded, not escaped
	// NotBefore and NotAfter are in UTC, zero where they could not be read.
	NotBefore, NotAfter time.Time
	Key                 *Key // never nil
	// SignatureAlgorithm is the name as crypto/x509 spells it ("SHA256-RSA"),
	// the standard's name, or a dotted OID.
	SignatureAlgorithm string

	Extensions

	// SelfIssued means that subject and issuer are the same name, not empty.
	SelfIssued bool

	// Problems says in plain English what is wrong with the encoding, in the
	// order it was met, at most 16 sentences.
	Problems []string

	// X509 is what crypto/x509 reads, nil with X509Err if it refuses.
	X509    *x509.Certificate
	X509Err error

	alg       algorithm
	tbs       []byte
	signature []byte

	selfOnce   sync.Once
	selfSigned bool
}

// Parse reads a certificate. It always returns one: of bytes that are none,
// the fingerprints and the problem remain. Work and memory are linear in the
// size of der, which is copied.
func Parse(der []byte) *Certificate { return parse(der, sha256.Sum256(der)) }

func parse(der []byte, sum [32]byte) *Certificate {
	c := &Certificate{
		Raw:    append([]byte(nil), der...),
		SHA256: sum,
		SHA1:   sha1.Sum(der),
		Key:    &Key{why: "the key could not be read"},
	}
	c.PathLen = -1
	c.read()
	c.X509, c.X509Err = x509.ParseCertificate(c.Raw)
	return c
}

// Readable reports whether the bytes have the outer form of a certificate.
func (c *Certificate) Readable() bool { return c.tbs != nil }

func (c *Certificate) problem(s string) { c.Problems = appendProblem(c.Problems, s) }

func (c *Certificate) problemf(format string, args ...any) {
	if len(c.Problems) < maxProblems {
		c.problem(fmt.Sprintf(format, args...))
	}
}

// appendProblem adds a sentence once, and none above the bound.
func appendProblem(list []string, s string) []string {
	if len(list) >= maxProblems {
		return list
	}
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// read reads Certificate ::= SEQUENCE { tbsCertificate, algorithm, signature }.
func (c *Certificate) read() {
	r := newDERReader(c.Raw, c.problem)
	outer, ok := r.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the bytes are no certificate: no whole SEQUENCE at the start")
		return
	}
	if !r.empty() {
		c.problemf("%d bytes behind the certificate", len(r.s))
	}
	in := r.sub(outer)
	tbs, ok := in.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the bytes are no certificate: no whole tbsCertificate")
		return
	}
	c.tbs = tbs.full
	alg, ok := in.read(casn1.SEQUENCE)
	if ok {
		c.alg = signatureAlgorithm(alg.body, c.problem)
		c.SignatureAlgorithm = c.alg.name
	} else {
		c.problem("the signature algorithm is not readable")
	}
	sig, ok := in.read(casn1.BIT_STRING)
	var unused int
	if ok {
		c.signature, unused, ok = bitString(sig.body)
	}
	if !ok || unused != 0 {
		c.problem("the signature is not readable")
	}
	inner := c.parseTBS(in.sub(tbs))
	if inner != nil && alg.body != nil && string(inner) != string(alg.body) {
		c.problem("the signature algorithms inside and outside of the signed part differ")
	}
	c.SelfIssued = len(c.RawSubject) > 2 && string(c.RawSubject) == string(c.RawIssuer)
}

// parseTBS reads TBSCertificate (RFC 5280 section 4.1) and returns the content
// of the inner algorithm identifier. It stops at the first field whose end
// cannot be found.
func (c *Certificate) parseTBS(r derReader) (innerAlgorithm []byte) {
	c.parseVersion(&r)
	serial, ok := r.read(casn1.INTEGER)
	if !ok {
		c.problem("the serial number is not readable")
		return nil
	}
	c.parseSerial(serial.body)
	alg, ok := r.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the inner signature algorithm is not readable")
		return nil
	}
	issuer, ok := r.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the issuer is not readable")
		return alg.body
	}
	c.RawIssuer = issuer.full
	c.Issuer = parseName(issuer.body, c.problem).text
	validity, ok := r.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the validity is not readable")
		return alg.body
	}
	c.parseValidity(r.sub(validity))
	subject, ok := r.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the subject is not readable")
		return alg.body
	}
	c.RawSubject = subject.full
	name := parseName(subject.body, c.problem)
	c.Subject, c.CommonNames = name.text, name.commonNames
	spki, ok := r.read(casn1.SEQUENCE)
	if !ok {
		c.problem("the public key is not readable")
		return alg.body
	}
	k := &Key{}
	k.parse(spki)
	c.Key = k
	for _, p := range k.Problems {
		c.problem(p)
	}
	c.parseOptional(r)
	return alg.body
}

func (c *Certificate) parseVersion(r *derReader) {
	c.Version = 1
	e, ok := r.read(context(0))
	if !ok {
		return
	}
	in := r.sub(e)
	v, ok := in.read(casn1.INTEGER)
	n := signedInt(v.body)
	switch {
	case !ok || n.BitLen() > 30:
		c.Version = 0
		c.problem("the version is not readable")
	default:
		c.Version = int(n.Int64()) + 1
		if c.Version < 1 || c.Version > 3 {
			c.problemf("version %d (encoded as %s): there are only 1, 2 and 3", c.Version, n)
		}
	}
}

func (c *Certificate) parseSerial(b []byte) {
	c.Serial = hex.EncodeToString(b)
	switch {
	case len(b) == 0:
		c.problem("the serial number is empty")
	case b[0]&0x80 != 0:
		c.problem("the serial number is negative")
	case len(b) == 1 && b[0] == 0:
		c.problem("the serial number is 0")
	}
	if len(b) > 20 {
		c.problemf("the serial number has %d bytes, more than 20", len(b))
	}
}

func (c *Certificate) parseValidity(r derReader) {
	for _, f := range []struct {
		name string
		to   *time.Time
	}{{"notBefore", &c.NotBefore}, {"notAfter", &c.NotAfter}} {
		e, ok := r.next()
		if ok {
			*f.to, ok = parseTime(e, c.problem)
		}
		if !ok {
			*f.to = time.Time{}
			c.problemf("%s is no time: %s", f.name, appendASCII(nil, e.body, 40))
		}
	}
	if !c.NotBefore.IsZero() && !c.NotAfter.IsZero() && c.NotAfter.Before(c.NotBefore) {
		c.problem("notAfter is before notBefore")
	}
}

// parseOptional reads the unique identifiers and the extensions.
func (c *Certificate) parseOptional(r derReader) {
	for !r.empty() {
		e, ok := r.next()
		if !ok {
			c.problem("the signed part ends within a field")
			return
		}
		switch e.tag {
		case contextPrimitive(1), context(1), contextPrimitive(2), context(2):
			if c.Version < 2 {
				c.problem("a unique identifier in a version 1 certificate")
			}
		case context(3):
			if c.Version == 1 || c.Version == 2 {
				c.problemf("extensions in a version %d certificate", c.Version)
			}
			in := r.sub(e)
			list, ok := in.read(casn1.SEQUENCE)
			if !ok {
				c.problem("the extensions are not readable")
				continue
			}
			c.parseExtensions(in.sub(list))
		default:
			c.problem("the signed part holds a field that belongs to no version")
		}
	}
}

// SelfSigned reports whether the certificate is self-issued and its signature
// verifies with its own key. The signature is checked on the first call.
func (c *Certificate) SelfSigned() bool {
	c.selfOnce.Do(func() {
		c.selfSigned = c.SelfIssued && c.keyIDsAllow(c) && c.Key.verify(c.alg, c.tbs, c.signature) == nil
	})
	return c.selfSigned
}

// keyIDsAllow reports whether issuer's key identifier is the one c asks for, or
// one of the two is not given.
func (c *Certificate) keyIDsAllow(issuer *Certificate) bool {
	return c.AuthorityKeyID == nil || issuer.SubjectKeyID == nil || string(c.AuthorityKeyID) == string(issuer.SubjectKeyID)
}
