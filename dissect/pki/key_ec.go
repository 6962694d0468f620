package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"strings"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// stdCurve returns the standard library's curve of a name, nil for the others.
func stdCurve(name string) elliptic.Curve {
	switch name {
	case "P-224":
		return elliptic.P224()
	case "P-256":
		return elliptic.P256()
	case "P-384":
		return elliptic.P384()
	case "P-521":
		return elliptic.P521()
	}
	return nil
}

// parseEC reads ECParameters and ECPoint (RFC 5480 section 2).
func (k *Key) parseEC(params element) {
	switch params.tag {
	case casn1.OBJECT_IDENTIFIER:
		oid, ok := oidString(params.body)
		if !ok {
			k.fail("the EC key's curve is not readable")
			return
		}
		k.Curve, k.Bits = curveName(oid)
		if k.Curve == "sm2p256v1" {
			k.Algorithm = "SM2"
			k.parseSM2()
			return
		}
	case casn1.SEQUENCE:
		k.parseExplicitCurve(params)
		return
	default:
		k.fail("the EC key names no curve")
		return
	}
	curve := stdCurve(k.Curve)
	if curve == nil {
		k.why = "curve " + k.Curve + " is not implemented"
		return
	}
	if len(k.Bytes) == 0 || k.Bytes[0] != 4 {
		x, y := elliptic.UnmarshalCompressed(curve, k.Bytes)
		if x == nil {
			k.fail("the EC point is not on " + k.Curve)
			return
		}
		k.problem("the EC point is compressed")
		k.public = &ecdsa.PublicKey{Curve: curve, X: x, Y: y}
		return
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, k.Bytes)
	if err != nil {
		k.fail("the EC point is not on " + k.Curve)
		return
	}
	k.public = pub
}

// parseExplicitCurve reads SpecifiedECDomain (RFC 3279 section 2.3.5). A field
// of a standard curve with another generator is the forgery of CVE-2020-0601.
func (k *Key) parseExplicitCurve(params element) {
	k.Curve = "explicit parameters"
	k.fail("the EC key spells out its curve instead of naming it (RFC 5480 forbids that)")
	r := newDERReader(params.body, func(string) {})
	r.read(casn1.INTEGER)
	field, _ := r.read(casn1.SEQUENCE)
	r.read(casn1.SEQUENCE) // a, b, seed
	base, _ := r.read(casn1.OCTET_STRING)
	f := r.sub(field)
	f.read(casn1.OBJECT_IDENTIFIER)
	prime, ok := f.read(casn1.INTEGER)
	if !ok {
		return
	}
	p := signedInt(prime.body)
	k.Bits = p.BitLen()
	for _, name := range []string{"P-224", "P-256", "P-384", "P-521"} {
		c := stdCurve(name).Params()
		if c.P.Cmp(p) != 0 {
			continue
		}
		size := (c.BitSize + 7) / 8
		g := base.body
		if len(g) != 2*size+1 && len(g) != size+1 {
			return
		}
		if new(big.Int).SetBytes(g[1:1+size]).Cmp(c.Gx) != 0 ||
			len(g) == 2*size+1 && new(big.Int).SetBytes(g[1+size:]).Cmp(c.Gy) != 0 {
			k.problem("the EC key has the field of " + name + " but another generator, as forgeries after CVE-2020-0601 do")
		}
	}
}

// curveName names the curves of RFC 5480, RFC 5639, SEC 2 and GM/T 0006 and
// gives the bits of their fields.
func curveName(oid string) (name string, bits int) {
	switch oid {
	case "1.3.132.0.33":
		return "P-224", 224
	case "1.2.840.10045.3.1.7":
		return "P-256", 256
	case "1.3.132.0.34":
		return "P-384", 384
	case "1.3.132.0.35":
		return "P-521", 521
	case "1.2.840.10045.3.1.1":
		return "P-192", 192
	case "1.3.132.0.10":
		return "secp256k1", 256
	case "1.3.132.0.8":
		return "secp160r1", 160
	case "1.3.132.0.31":
		return "secp192k1", 192
	case "1.3.132.0.32":
		return "secp224k1", 224
	case "1.2.156.10197.1.301":
		return "sm2p256v1", 256
	}
	if rest, ok := strings.CutPrefix(oid, "1.3.36.3.3.2.8.1.1."); ok {
		sizes := [...]int{160, 160, 192, 192, 224, 224, 256, 256, 320, 320, 384, 384, 512, 512}
		for i, bits := range sizes {
			if rest == fmt.Sprint(i+1) {
				return fmt.Sprintf("brainpoolP%d%c1", bits, "rt"[i%2]), bits
			}
		}
	}
	return oid, 0
}
