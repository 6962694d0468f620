package pki

import (
	"crypto"
	"crypto/x509"
	"strings"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A family is a kind of signature.
type family uint8

const (
	unknownFamily family = iota
	rsaPKCS1
	rsaPSS
	ecdsaFamily
	dsaFamily
	ed25519Family
	sm2Family
)

// An algorithm says how a signature is checked.
type algorithm struct {
	name   string // as crypto/x509 spells it; "" if it could not be read
	family family
	hash   crypto.Hash
	id     string // of the signer, for sm2Family; "" for the default one
	salt   int    // bytes, of rsaPSS; 0 is also crypto/rsa's word for "any", which is laxer and no less safe
}

// signedWith is the name as sentences have it: "RSA-SHA256" for "SHA256-RSA".
func (a algorithm) signedWith() string {
	if hash, kind, ok := strings.Cut(a.name, "-"); ok && (kind == "RSA" || kind == "RSAPSS") {
		return kind + "-" + hash
	}
	return a.name
}

// broken names the hash if nobody should trust it any more.
func (a algorithm) broken() string {
	switch {
	case strings.HasPrefix(a.name, "MD2-"):
		return "MD2"
	case strings.HasPrefix(a.name, "MD4-"):
		return "MD4"
	case a.hash == crypto.MD5:
		return "MD5"
	case a.hash == crypto.SHA1:
		return "SHA-1"
	}
	return ""
}

// signatureAlgorithm reads the content of an AlgorithmIdentifier of a signature
// (RFC 3279, 4055, 5758, 8410, 8692, 9881, 9909).
func signatureAlgorithm(body []byte, problem func(string)) algorithm {
	r := newDERReader(body, problem)
	e, ok := r.read(casn1.OBJECT_IDENTIFIER)
	oid, good := oidString(e.body)
	if !ok || !good {
		problem("the signature algorithm is not readable")
		return algorithm{}
	}
	switch oid {
	case "1.2.840.113549.1.1.2":
		return algorithm{name: x509.MD2WithRSA.String()}
	case "1.2.840.113549.1.1.3":
		return algorithm{name: "MD4-RSA"}
	case "1.2.840.113549.1.1.4":
		return algorithm{name: x509.MD5WithRSA.String(), family: rsaPKCS1, hash: crypto.MD5}
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29":
		return algorithm{name: x509.SHA1WithRSA.String(), family: rsaPKCS1, hash: crypto.SHA1}
	case "1.2.840.113549.1.1.10":
		params, _ := r.next()
		return pssAlgorithm(params.body, problem)
	case "1.2.840.113549.1.1.11":
		return algorithm{name: x509.SHA256WithRSA.String(), family: rsaPKCS1, hash: crypto.SHA256}
	case "1.2.840.113549.1.1.12":
		return algorithm{name: x509.SHA384WithRSA.String(), family: rsaPKCS1, hash: crypto.SHA384}
	case "1.2.840.113549.1.1.13":
		return algorithm{name: x509.SHA512WithRSA.String(), family: rsaPKCS1, hash: crypto.SHA512}
	case "1.2.840.113549.1.1.14":
		return algorithm{name: "SHA224-RSA", family: rsaPKCS1, hash: crypto.SHA224}
	case "1.3.101.112":
		return algorithm{name: x509.PureEd25519.String(), family: ed25519Family}
	}
	return otherAlgorithm(oid)
}

// otherAlgorithm names the algorithms that are not RSA's.
func otherAlgorithm(oid string) algorithm {
	switch oid {
	case "1.2.840.10040.4.3", "1.3.14.3.2.27":
		return algorithm{name: x509.DSAWithSHA1.String(), family: dsaFamily, hash: crypto.SHA1}
	case "2.16.840.1.101.3.4.3.1":
		return algorithm{name: "DSA-SHA224", family: dsaFamily, hash: crypto.SHA224}
	case "2.16.840.1.101.3.4.3.2":
		return algorithm{name: x509.DSAWithSHA256.String(), family: dsaFamily, hash: crypto.SHA256}
	case "1.2.840.10045.4.1":
		return algorithm{name: x509.ECDSAWithSHA1.String(), family: ecdsaFamily, hash: crypto.SHA1}
	case "1.2.840.10045.4.3.1":
		return algorithm{name: "ECDSA-SHA224", family: ecdsaFamily, hash: crypto.SHA224}
	case "1.2.840.10045.4.3.2":
		return algorithm{name: x509.ECDSAWithSHA256.String(), family: ecdsaFamily, hash: crypto.SHA256}
	case "1.2.840.10045.4.3.3":
		return algorithm{name: x509.ECDSAWithSHA384.String(), family: ecdsaFamily, hash: crypto.SHA384}
	case "1.2.840.10045.4.3.4":
		return algorithm{name: x509.ECDSAWithSHA512.String(), family: ecdsaFamily, hash: crypto.SHA512}
	case "1.3.101.113":
		return algorithm{name: "Ed448"}
	case "1.2.156.10197.1.501":
		return algorithm{name: "SM2-SM3", family: sm2Family}
	case "1.2.156.10197.1.504":
		return algorithm{name: "SM3-RSA"}
	case "1.2.643.2.2.3":
		return algorithm{name: "GOST R 34.10-2001"}
	case "1.2.643.7.1.1.3.2":
		return algorithm{name: "GOST R 34.10-2012-256"}
	case "1.2.643.7.1.1.3.3":
		return algorithm{name: "GOST R 34.10-2012-512"}
	}
	if name, ok := pqName(oid); ok {
		return algorithm{name: name}
	}
	return algorithm{name: oid}
}

// pssAlgorithm reads RSASSA-PSS-params (RFC 4055 section 3.1). An absent hash
// is SHA-1 and an absent salt length 20.
func pssAlgorithm(params []byte, problem func(string)) algorithm {
	a := algorithm{name: "SHA1-RSAPSS", family: rsaPSS, hash: crypto.SHA1, salt: 20}
	r := newDERReader(params, problem)
	if h, ok := r.read(context(0)); ok {
		in := r.sub(h)
		id, _ := in.read(casn1.SEQUENCE)
		in = in.sub(id)
		e, _ := in.read(casn1.OBJECT_IDENTIFIER)
		switch oid, _ := oidString(e.body); oid {
		case "1.3.14.3.2.26":
		case "2.16.840.1.101.3.4.2.4":
			a.name, a.hash = "SHA224-RSAPSS", crypto.SHA224
		case "2.16.840.1.101.3.4.2.1":
			a.name, a.hash = x509.SHA256WithRSAPSS.String(), crypto.SHA256
		case "2.16.840.1.101.3.4.2.2":
			a.name, a.hash = x509.SHA384WithRSAPSS.String(), crypto.SHA384
		case "2.16.840.1.101.3.4.2.3":
			a.name, a.hash = x509.SHA512WithRSAPSS.String(), crypto.SHA512
		default:
			return algorithm{name: "RSAPSS"}
		}
	}
	r.read(context(1)) // the mask's hash: in practice always the same one
	if s, ok := r.read(context(2)); ok {
		in := r.sub(s)
		e, _ := in.read(casn1.INTEGER)
		if v := signedInt(e.body); v.Sign() >= 0 && v.BitLen() < 16 {
			a.salt = int(v.Int64())
		}
	}
	return a
}
