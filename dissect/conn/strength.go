package conn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// strengthNote sums phase 2 up in a line: how strong the exchange is, what it
// protects against, and who chose.
func (b *Builder) strengthNote() string {
	k := &b.c.KeyExchange
	var parts []string
	if k.SecurityBits > 0 {
		parts = append(parts, fmt.Sprintf("about %d bits of classical security", k.SecurityBits))
	}
	parts = append(parts, b.secrecy())
	s := "Strength: " + strings.Join(parts, ", ") + "."
	if c := b.chose(); c != "" {
		s += " " + c
	}
	return s
}

// secrecy words forward secrecy and what a quantum computer could do.
func (b *Builder) secrecy() string {
	k := &b.c.KeyExchange
	switch {
	case k.PostQuantum == Yes:
		return "forward secret, and safe against a later quantum computer as far as known"
	case k.ForwardSecret == Yes:
		return "forward secret, but not against a later quantum computer"
	case k.ForwardSecret == No:
		return "not forward secret"
	}
	return "as good as the connection it resumes"
}

// chose words what the server took of what the client offered.
func (b *Builder) chose() string {
	o := b.c.Offered
	if o == nil || b.c.Selected == nil {
		return ""
	}
	var suites []tls.CipherSuite
	for _, s := range noGrease(o.CipherSuites) {
		if !isSignal(s) {
			suites = append(suites, s)
		}
	}
	rank := slices.Index(suites, b.c.Suite)
	if rank < 0 {
		return ""
	}
	s := "The server took the client's only suite"
	if len(suites) > 1 {
		s = fmt.Sprintf("The server took the client's %s suite of %d", ordinal(rank+1), len(suites))
	}
	groups := noGrease(o.Groups)
	i := slices.IndexFunc(groups, func(g tls.NamedGroup) bool { return g.String() == b.c.KeyExchange.Group })
	if i >= 0 && len(groups) > 1 {
		s += fmt.Sprintf(" and %s group of %d", ordinal(i+1), len(groups))
	}
	return s + "."
}

// ordinal writes "1st", "2nd", "3rd", "4th".
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// rsaStrength sets the strength of RSA key transport: that of the certificate's
// key (NIST SP 800-57 Part 1 Rev. 5, Table 2 has RSA beside finite fields).
func (b *Builder) rsaStrength() {
	key := b.c.CertificateCheck.Server.Key()
	if (b.kx.Kx == iana.KxRSA || b.kx.Kx == iana.KxRSAPSK) && key != nil {
		b.c.KeyExchange.SecurityBits = dhStrength(key.Bits)
		b.c.KeyExchange.PublicSizes[flow.Server] = key.Bits / 8
	}
}
