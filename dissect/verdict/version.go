package verdict

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/tls"
)

func versionRules() []Rule {
	return []Rule{
		{ID: "version-deprecated", Severity: conn.Warn, Phase: conn.KeyExchangePhase, Title: "The version is deprecated.",
			Doc: "SSL 2.0 (RFC 6176), SSL 3.0 (RFC 7568), TLS 1.0, TLS 1.1 and DTLS 1.0 (RFC 8996) must not be used any more: their record protection and their hashes are broken.",
			Check: func(c *conn.Conn) (string, bool) {
				v := c.Version
				old := v == tls.VersionSSL2 || v == tls.VersionSSL3 || v == tls.VersionTLS10 || v == tls.VersionTLS11 || v == tls.VersionDTLS10 || v == tls.VersionDTLSBad
				return v.String() + " must not be used any more.", old
			}},
		{ID: "compression", Severity: conn.Warn, Phase: conn.TunnelPhase, Title: "Records are compressed before they are sealed.",
			Doc: "The length of what is sealed then tells about its content: CRIME (CVE-2012-4929). RFC 9325, Section 3.3 forbids TLS compression.",
			Check: func(c *conn.Conn) (string, bool) {
				return "The server chose compression: lengths give the content away (CRIME).", c.Selected != nil && c.Selected.CompressionMethod != 0
			}},
	}
}
