package conn

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// takeCertificateTypes notes which sides show a raw public key and no
// certificate: the server says so for both in its ServerHello, in TLS 1.3 in its
// EncryptedExtensions (RFC 7250, Section 4.2).
func (b *Builder) takeCertificateTypes(x tls.Extensions) {
	for side, t := range [2]tls.ExtensionType{flow.Client: tls.ExtClientCertificateType, flow.Server: tls.ExtServerCertificateType} {
		if data, ok := x.Get(t); ok && len(data) == 1 {
			b.rawKey[side] = tls.CertificateType(data[0]) == tls.CertificateRawPublicKey
		}
	}
}

// rawKeyOf returns the raw public key of a Certificate message, nil if it has
// none. Where the EncryptedExtensions that would say so are missing, what is no
// certificate but a key is one.
func (b *Builder) rawKeyOf(m *tls.Certificate) []byte {
	if m.RawPublicKey != nil || !m.TLS13 || b.seen[flow.Server][tls.TypeEncryptedExtensions] > 0 {
		return m.RawPublicKey
	}
	for e := range m.All() {
		if pki.ParseKey(e.Data).Algorithm != "" { // no certificate begins with an algorithm
			return e.Data
		}
		break
	}
	return nil
}

// takeRawKey keeps the key that a side shows in the place of a certificate.
func (b *Builder) takeRawKey(side flow.Side, cs *Certificates, spki []byte, message string, n int, at flow.Mark, says ...string) {
	cs.RawKey = pki.ParseKey(spki)
	k := cs.RawKey
	b.ccStep(side, at, message, "certificate", n, append(says, "no certificate but a raw public key: "+k.String(), fmt.Sprintf("SHA-256 %x", k.SHA256))...).
		fact("raw_public_key", k.String(), "RFC 7250, Section 3")
}

// Key returns the public key that a side showed: that of its certificate, or a
// raw one. It is nil if it showed none.
func (cs *Certificates) Key() *pki.Key {
	if cs.RawKey == nil && len(cs.Chain) > 0 {
		return cs.Chain[0].Key
	}
	return cs.RawKey
}

// keyName is what rows call the key of a side: "the key of [0]".
func (cs *Certificates) keyName() string {
	if cs.RawKey != nil {
		return "the raw public key"
	}
	return "the key of [0]"
}
