package table

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/report/text"
)

// checkWords returns the three cells of a check.
func checkWords(ch pki.Check) (name, result, why string) {
	name = strings.ReplaceAll(ch.Name, "_", " ")
	if name != "" && name[0] >= 'a' && name[0] <= 'z' {
		name = string(name[0]-'a'+'A') + name[1:]
	}
	return name, ch.Result.String(), ch.Why
}

// checkColor gives a check's result its colour.
func checkColor(ch pki.Check) string {
	switch ch.Result {
	case pki.OK:
		return green
	case pki.Warn:
		return yellow
	case pki.Fail:
		return red
	}
	return ""
}

// certificates prints every certificate in full, the server's first.
func (p *printer) certificates(c *conn.Conn) {
	p.chain(flow.Server, c.CertificateCheck.Server.Chain)
	p.chain(flow.Client, c.CertificateCheck.Client.Chain)
}

func (p *printer) chain(side flow.Side, chain []*pki.Certificate) {
	for i, cert := range chain {
		p.line("")
		title := fmt.Sprintf("Certificate [%d] of the %s", i, side)
		p.spread(title, text.Count(len(cert.Raw), "byte"), p.color(bold), "")
		p.certificate(cert)
	}
}

// certificate prints what one certificate says, a line for each field.
func (p *printer) certificate(c *pki.Certificate) {
	field := func(name, value string) {
		if value != "" {
			p.para("  "+text.Pad(name, 12)+"  ", p.text(value), "")
		}
	}
	field("subject", orEmpty(c.Subject, c.RawSubject))
	field("issuer", orEmpty(c.Issuer, c.RawIssuer))
	field("serial", c.Serial)
	field("names", some(c.Names.Strings(), 40))
	field("valid from", p.date(c.NotBefore))
	field("valid until", p.date(c.NotAfter))
	if c.Key != nil {
		key := c.Key.String()
		if c.Key.Exponent != "" {
			key += ", exponent " + c.Key.Exponent
		}
		field("key", key)
	}
	field("signature", c.SignatureAlgorithm)
	field("CA", authority(c))
	if c.HasKeyUsage {
		field("key usage", c.KeyUsage.String())
	}
	field("purposes", strings.Join(c.ExtKeyUsage, ", "))
	field("OCSP", some(c.OCSPServers, 4))
	field("CRLs", some(c.CRLs, 4))
	if c.Version != 3 {
		field("version", fmt.Sprint(c.Version))
	}
	field("SHA-256", hex.EncodeToString(c.SHA256[:]))
	field("SHA-1", hex.EncodeToString(c.SHA1[:]))
	for _, s := range c.Problems {
		field("problem", s)
	}
	if c.X509Err != nil {
		field("crypto/x509", c.X509Err.Error())
	}
}

// orEmpty tells an empty name from one that could not be read.
func orEmpty(name string, raw []byte) string {
	if name == "" && len(raw) > 0 {
		return "(empty)"
	}
	return name
}

// authority words the basic constraints.
func authority(c *pki.Certificate) string {
	switch {
	case !c.HasBasicConstraints:
		return "not stated"
	case !c.IsCA:
		return "no"
	case c.PathLen >= 0:
		return fmt.Sprintf("yes, with at most %s below", text.Count(c.PathLen, "authority"))
	}
	return "yes"
}

// date writes a moment in the style's zone, by default in UTC.
func (p *printer) date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if p.style.Zone != nil {
		t = t.In(p.style.Zone)
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

// some joins at most n of xs and says how many more there are.
func some(xs []string, n int) string {
	s := strings.Join(xs[:min(n, len(xs))], ", ")
	if len(xs) > n {
		s += fmt.Sprintf(" and %d more", len(xs)-n)
	}
	return s
}
