package pki

import casn1 "golang.org/x/crypto/cryptobyte/asn1"

// parseAuthorityKeyID reads RFC 5280 section 4.2.1.1.
func (c *Certificate) parseAuthorityKeyID(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	for in := r.sub(seq); !in.empty(); {
		e, ok := in.next()
		if !ok {
			return false
		}
		if e.tag == contextPrimitive(0) {
			c.AuthorityKeyID = e.body
		}
	}
	return true
}

// parseInfoAccess reads authorityInfoAccess, section 4.2.2.1.
func (c *Certificate) parseInfoAccess(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	for in := r.sub(seq); !in.empty(); {
		e, ok := in.read(casn1.SEQUENCE)
		if !ok {
			return false
		}
		access := in.sub(e)
		method, ok := access.read(casn1.OBJECT_IDENTIFIER)
		if !ok {
			return false
		}
		where, ok := access.read(contextPrimitive(6))
		if !ok {
			continue // a place that is no URI
		}
		switch oid, _ := oidString(method.body); oid {
		case "1.3.6.1.5.5.7.48.1":
			c.OCSPServers = append(c.OCSPServers, ascii(where.body))
		case "1.3.6.1.5.5.7.48.2":
			c.IssuerURLs = append(c.IssuerURLs, ascii(where.body))
		}
	}
	return true
}

// parseCRLs reads the URIs of cRLDistributionPoints, section 4.2.1.13.
func (c *Certificate) parseCRLs(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	for in := r.sub(seq); !in.empty(); {
		point, ok := in.read(casn1.SEQUENCE)
		if !ok {
			return false
		}
		fields := in.sub(point)
		name, ok := fields.read(context(0)) // distributionPoint
		if !ok {
			continue
		}
		choice := fields.sub(name)
		full, ok := choice.read(context(0)) // fullName
		if !ok {
			continue
		}
		for names := choice.sub(full); !names.empty(); {
			e, ok := names.next()
			if !ok {
				return false
			}
			if e.tag == contextPrimitive(6) {
				c.CRLs = append(c.CRLs, ascii(e.body))
			}
		}
	}
	return true
}
