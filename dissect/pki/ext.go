package pki

import (
	"fmt"
	"strings"
	"unicode/utf8"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extensions holds what the extensions of a certificate say (RFC 5280 section
// 4.2). Byte slices alias the certificate's Raw.
type Extensions struct {
	Names           Names // subjectAltName
	NameConstraints *NameConstraints

	HasBasicConstraints bool
	IsCA                bool
	// PathLen is the path length constraint, -1 if there is none. One that is
	// negative or above 2^31 is reported as a problem and read as none.
	PathLen int

	KeyUsage    KeyUsage // 0 with HasKeyUsage unset: no such extension
	HasKeyUsage bool
	// ExtKeyUsage lists the purposes by their RFC names ("serverAuth") or OIDs;
	// nil means that there is no such extension: any purpose.
	ExtKeyUsage []string

	SubjectKeyID, AuthorityKeyID []byte
	OCSPServers, IssuerURLs      []string // authorityInfoAccess
	CRLs                         []string // CRL distribution points

	Policies   []string // OIDs
	MustStaple bool     // RFC 7633
	Precert    bool     // the poison of RFC 6962: no server may show it
	SCTs       []SCT    // embedded ones

	// UnknownCritical lists the OIDs of critical extensions nothing here reads.
	UnknownCritical []string
}

// parseExtensions reads Extensions ::= SEQUENCE OF Extension.
func (c *Certificate) parseExtensions(r derReader) {
	seen := map[string]bool{}
	for !r.empty() {
		e, ok := r.next()
		if !ok {
			c.problem("the extensions end within one of them")
			return
		}
		in := r.sub(e)
		oidElement, ok := in.read(casn1.OBJECT_IDENTIFIER)
		oid, good := oidString(oidElement.body)
		if !ok || !good {
			c.problem("an extension has no readable type")
			continue
		}
		critical := false
		if b, ok := in.read(casn1.BOOLEAN); ok {
			critical = len(b.body) == 1 && b.body[0] != 0
			if len(b.body) != 1 || b.body[0] != 0 && b.body[0] != 0xff {
				c.problem("a BOOLEAN is neither 00 nor ff: BER, not DER")
			}
		}
		value, ok := in.read(casn1.OCTET_STRING)
		if !ok {
			c.problemf("extension %s has no readable value", oid)
			continue
		}
		if seen[oid] {
			c.problemf("extension %s is there twice", oid)
			continue
		}
		seen[oid] = true
		known, readable := c.parseExtension(oid, newDERReader(value.body, c.problem))
		if !readable {
			c.problemf("extension %s is not readable", extensionName(oid))
		}
		if critical && !known {
			c.UnknownCritical = append(c.UnknownCritical, oid)
		}
	}
}

// parseExtension reads one value. readable is false if it is malformed.
func (c *Certificate) parseExtension(oid string, r derReader) (known, readable bool) {
	switch oid {
	case "2.5.29.14":
		e, ok := r.read(casn1.OCTET_STRING)
		c.SubjectKeyID = e.body
		return true, ok
	case "2.5.29.15":
		return true, c.parseKeyUsage(r)
	case "2.5.29.17":
		return true, c.Names.parse(r, c.problem)
	case "2.5.29.19":
		return true, c.parseBasicConstraints(r)
	case "2.5.29.30":
		return true, c.parseNameConstraints(r)
	case "2.5.29.31":
		return true, c.parseCRLs(r)
	case "2.5.29.32":
		return true, c.parsePolicies(r)
	case "2.5.29.33", "2.5.29.36", "2.5.29.54":
		// Policy mappings, constraints and inhibitAnyPolicy: crypto/x509
		// applies them when it verifies.
		return true, true
	case "2.5.29.35":
		return true, c.parseAuthorityKeyID(r)
	case "2.5.29.37":
		return true, c.parseExtKeyUsage(r)
	case "1.3.6.1.5.5.7.1.1":
		return true, c.parseInfoAccess(r)
	case "1.3.6.1.5.5.7.1.24":
		return true, c.parseFeatures(r)
	case "1.3.6.1.4.1.11129.2.4.2":
		e, ok := r.read(casn1.OCTET_STRING)
		if !ok {
			return true, false
		}
		c.SCTs, ok = ParseSCTs(e.body)
		return true, ok
	case "1.3.6.1.4.1.11129.2.4.3":
		c.Precert = true
		return true, true
	}
	return false, true
}

// extensionName names the extensions that are read here.
func extensionName(oid string) string {
	switch oid {
	case "2.5.29.14":
		return "subjectKeyIdentifier"
	case "2.5.29.15":
		return "keyUsage"
	case "2.5.29.17":
		return "subjectAltName"
	case "2.5.29.19":
		return "basicConstraints"
	case "2.5.29.30":
		return "nameConstraints"
	case "2.5.29.31":
		return "cRLDistributionPoints"
	case "2.5.29.32":
		return "certificatePolicies"
	case "2.5.29.35":
		return "authorityKeyIdentifier"
	case "2.5.29.37":
		return "extKeyUsage"
	case "1.3.6.1.5.5.7.1.1":
		return "authorityInfoAccess"
	case "1.3.6.1.5.5.7.1.24":
		return "tlsfeature"
	case "1.3.6.1.4.1.11129.2.4.2":
		return "SCT list"
	}
	return oid
}

// ascii renders bytes that should be an IA5String: whatever is not printable
// ASCII becomes \xx, a backslash is doubled.
func ascii(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c >= 0x7f || c == '\\' {
			return string(appendASCII(nil, b, len(b)))
		}
	}
	return string(b)
}

// appendASCII renders up to limit bytes of b, and says so if there are more.
func appendASCII(out, b []byte, limit int) []byte {
	cut := len(b) > limit
	if cut {
		b = b[:limit]
	}
	for _, c := range b {
		switch {
		case c < 0x20 || c >= 0x7f:
			out = appendHexPair(out, c)
		case c == '\\':
			out = append(out, '\\', '\\')
		default:
			out = append(out, c)
		}
	}
	if cut {
		out = append(out, "..."...)
	}
	return out
}

// shorten cuts text for a sentence, at a character, and says that it did.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// enumerate lists up to three items and counts the rest.
func enumerate(items []string) string {
	const most = 3
	short := make([]string, 0, most)
	for _, s := range items[:min(most, len(items))] {
		if s == "" {
			s = "(empty)"
		}
		short = append(short, shorten(s, 60))
	}
	text := strings.Join(short, ", ")
	if n := len(items) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
