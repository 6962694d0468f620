package pki

import casn1 "golang.org/x/crypto/cryptobyte/asn1"

// parsePolicies reads certificatePolicies, RFC 5280 section 4.2.1.4.
func (c *Certificate) parsePolicies(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	for in := r.sub(seq); !in.empty(); {
		info, ok := in.read(casn1.SEQUENCE)
		if !ok {
			return false
		}
		fields := in.sub(info)
		e, ok := fields.read(casn1.OBJECT_IDENTIFIER)
		oid, good := oidString(e.body)
		if !ok || !good {
			return false
		}
		c.Policies = append(c.Policies, oid)
	}
	return true
}

// Validation says what the CA claims to have validated, by the policy OIDs of
// the CA/Browser Forum: "EV", "OV", "IV", "DV", or "" if it does not say.
func (c *Certificate) Validation() string {
	for _, p := range []struct{ oid, name string }{
		{"2.23.140.1.1", "EV"}, {"2.23.140.1.2.2", "OV"}, {"2.23.140.1.2.3", "IV"}, {"2.23.140.1.2.1", "DV"},
	} {
		for _, oid := range c.Policies {
			if oid == p.oid {
				return p.name
			}
		}
	}
	return ""
}

// parseFeatures reads the TLS feature extension (RFC 7633): status_request (5)
// or status_request_v2 (17) mean that an OCSP response must be stapled.
func (c *Certificate) parseFeatures(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	for in := r.sub(seq); !in.empty(); {
		e, ok := in.read(casn1.INTEGER)
		if !ok {
			return false
		}
		if len(e.body) == 1 && (e.body[0] == 5 || e.body[0] == 17) {
			c.MustStaple = true
		}
	}
	return true
}
