package pki

import (
	"fmt"
	"slices"
	"strings"
)

// usage checks what the certificates are for: the leaf for TLS, the others for
// issuing (RFC 5280 sections 4.2.1.3, 4.2.1.9, 4.2.1.12 and 6.1).
func (k *checker) usage() {
	leaf := k.path.leaf()
	if !leaf.Readable() {
		k.add(CheckUsage, Unknown, "[0] is not readable")
		return
	}
	var bad []string
	purpose, other := "serverAuth", "clientAuth"
	if k.opts.Client {
		purpose, other = other, purpose
	}
	if k.opts.Either && !leaf.hasPurpose(purpose) && leaf.hasPurpose(other) {
		purpose = other
	}
	if !leaf.hasPurpose(purpose) {
		bad = append(bad, fmt.Sprintf("[0] is for %s, not for %s", enumerate(leaf.ExtKeyUsage), purpose))
	}
	if leaf.HasKeyUsage && leaf.KeyUsage&(DigitalSignature|KeyEncipherment|KeyAgreement) == 0 {
		bad = append(bad, fmt.Sprintf("the key of [0] is for %s, not for TLS", leaf.usageWords()))
	}
	if leaf.Precert {
		bad = append(bad, "[0] is a precertificate, which no server may show")
	}
	for i, c := range k.path.certs {
		if len(c.UnknownCritical) > 0 {
			bad = append(bad, fmt.Sprintf("%s has a critical extension nobody here knows: %s", k.b.label(c), enumerate(c.UnknownCritical)))
		}
		if i > 0 {
			bad = append(bad, k.issuerFaults(i, purpose)...)
		}
	}
	if s := objection(k.judged); s != "" {
		bad = append(bad, shorten(s, 200))
	}
	if len(bad) > 0 {
		k.add(CheckUsage, Fail, "%s", strings.Join(bad, "; "))
		return
	}
	if k.path.end == endAnchor && k.constrained() && k.judged == nil {
		if _, ok := x509s(k.path.certs); !ok {
			k.add(CheckUsage, Unknown, "name constraints in the chain were not applied: crypto/x509 cannot read all of it")
			return
		}
	}
	what := "any purpose"
	if leaf.ExtKeyUsage != nil {
		what = purpose
	}
	k.add(CheckUsage, OK, "[0] may be used for %s", what)
}

func (k *checker) constrained() bool {
	return slices.ContainsFunc(k.path.certs[1:], func(c *Certificate) bool { return c.NameConstraints != nil })
}

// issuerFaults says why the certificate at i of the path may not have issued
// the one before it.
func (k *checker) issuerFaults(i int, purpose string) []string {
	c := k.path.certs[i]
	name := k.b.label(c)
	anchor := k.path.end == endAnchor && i == len(k.path.certs)-1
	var bad []string
	switch {
	case c.HasBasicConstraints && !c.IsCA:
		bad = append(bad, name+" is no CA but issued a certificate")
	case !c.HasBasicConstraints && !anchor && !(i == len(k.path.certs)-1 && c.SelfIssued):
		// Version 1 roots are trusted by being in a store.
		bad = append(bad, name+" does not say that it is a CA but issued a certificate")
	}
	if c.HasKeyUsage && c.KeyUsage&KeyCertSign == 0 {
		bad = append(bad, fmt.Sprintf("the key of %s is for %s, not for issuing", name, c.usageWords()))
	}
	if !c.hasPurpose(purpose) {
		bad = append(bad, fmt.Sprintf("%s may issue for %s, not for %s", name, enumerate(c.ExtKeyUsage), purpose))
	}
	below := 0 // intermediates between c and the leaf that are not self-issued
	for _, d := range k.path.certs[1:i] {
		if !d.SelfIssued {
			below++
		}
	}
	if c.PathLen >= 0 && below > c.PathLen {
		bad = append(bad, fmt.Sprintf("%s allows %d CAs below it, there are %d", name, c.PathLen, below))
	}
	return bad
}

func (c *Certificate) usageWords() string {
	if c.KeyUsage == 0 {
		return "nothing"
	}
	return c.KeyUsage.String()
}

// hasPurpose reports whether the extended key usage allows the purpose. The two
// gated-cryptography purposes of the 1990s stand for serverAuth.
func (c *Certificate) hasPurpose(purpose string) bool {
	if c.ExtKeyUsage == nil {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		if u == purpose || u == "anyExtendedKeyUsage" || purpose == "serverAuth" && (u == "msSGC" || u == "nsSGC") {
			return true
		}
	}
	return false
}
