package iana

// A Scheme is a signature scheme of TLS 1.3, or a pair of a hash and a
// signature algorithm of TLS 1.2 (RFC 5246, section 7.4.1.4.1).
type Scheme struct {
	Code         uint16
	Name         string // registry name; the name of a pair has its code behind it
	Key          string // kind of key that signs: "RSA", "RSA-PSS", "ECDSA", "Ed25519", "ML-DSA", ...
	Hash         string // hash applied by the signer, "SHA256"; "" where the scheme has it built in
	Legacy       bool   // the hash is MD5 or SHA-1
	Experimental bool   // code point of an experiment, never registered
}

// LookupScheme returns the attributes of a signature scheme or of a pair of
// TLS 1.2; ok is false for GREASE and unassigned values.
func LookupScheme(code uint16) (s Scheme, ok bool) {
	if p := find[Scheme, uint16](schemes[:], code); p != nil {
		return *p, true
	}
	if p := find[Scheme, uint16](pairs[:], code); p != nil {
		return *p, true
	}
	return Scheme{Code: code}, false
}
