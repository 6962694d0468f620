package tls

import "github.com/tlslens/tlslens/dissect/wire"

// DelegatedCredential is the delegated_credential extension of a certificate
// entry (RFC 9345, Section 4). Where it is offered it is a list of
// [SignatureAlgorithms].
type DelegatedCredential struct {
	Raw           []byte          // the credential without algorithm and signature
	ValidTime     uint32          // seconds after the certificate's notBefore
	CertVerify    SignatureScheme // of the CertificateVerify that it signs
	PublicKey     []byte          // DER of a SubjectPublicKeyInfo
	Scheme        SignatureScheme // of Signature
	Signature     []byte          // by the certificate's key
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *DelegatedCredential) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *DelegatedCredential) decode(r *wire.Reader) {
	*e = DelegatedCredential{}
	all := r.Peek()
	e.ValidTime = r.Uint32("valid_time")
	e.CertVerify = SignatureScheme(r.Uint16("dc_cert_verify_algorithm"))
	e.PublicKey = r.Vec24("ASN1_subjectPublicKeyInfo")
	if !r.Failed() {
		e.Raw = all[:len(all)-r.Len()]
	}
	e.Scheme = SignatureScheme(r.Uint16("algorithm"))
	e.Signature = r.Vec16("signature")
	e.TrailingBytes = r.Trailing()
}
