package tls

import "github.com/tlslens/tlslens/dissect/wire"

// TrustAnchors is the trust_anchors extension of a ClientHello, a
// CertificateRequest or EncryptedExtensions (draft-ietf-tls-trust-anchor-ids,
// Section 4). In a certificate entry it is a [Flag].
type TrustAnchors struct {
	IDs           Vectors8 // relative object identifiers
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *TrustAnchors) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *TrustAnchors) decode(r *wire.Reader) {
	*e = TrustAnchors{}
	s := r.Sub16("trust_anchor_identifier_list")
	e.IDs = vectors(r, &s, 1)
	e.TrailingBytes = r.Trailing()
}
