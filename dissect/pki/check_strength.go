package pki

import (
	"fmt"
	"strings"
)

// keyStrength checks the keys of the path: those that cannot work fail, those
// that are short by today's rules are warned of.
func (k *checker) keyStrength() {
	var broken, unused, weak []string
	for _, c := range k.path.certs {
		name := k.b.label(c)
		switch key := c.Key; {
		case key.broken != "":
			broken = append(broken, fmt.Sprintf("%s: %s", name, key.broken))
		case key.public == nil && len(key.Problems) > 0:
			unused = append(unused, fmt.Sprintf("%s: %s", name, key.Problems[0]))
		case key.weak():
			weak = append(weak, fmt.Sprintf("%s has a key of %s", name, key))
		}
	}
	switch {
	case len(broken) > 0:
		k.add(CheckKeyStrength, Fail, "%s", strings.Join(broken, "; "))
	case len(unused) > 0:
		k.add(CheckKeyStrength, Warn, "%s", strings.Join(unused, "; "))
	case len(weak) > 0:
		k.addToday(CheckKeyStrength, Warn, "%s: by today's rules RSA needs 2048 bits, elliptic curves 224, and DSA is no more", strings.Join(weak, "; "))
	case k.path.leaf().Key.Algorithm == "":
		k.add(CheckKeyStrength, Unknown, "the key of [0] is not readable")
	default:
		k.addToday(CheckKeyStrength, OK, "[0] has a key of %s", k.path.leaf().Key)
	}
}

// weak applies NIST SP 800-131A and the CA/Browser Forum's requirements.
func (k *Key) weak() bool {
	switch k.Algorithm {
	case "RSA", "RSA-PSS", "RSAES-OAEP":
		return k.Bits < 2048
	case "ECDSA":
		return k.Bits > 0 && k.Bits < 224
	case "DSA":
		return true
	}
	return false
}

// signatureStrength checks the hashes of the signatures. That of an anchor is
// trusted by being in the store, and that of a self-signed certificate proves
// nothing anyway.
func (k *checker) signatureStrength() {
	var weak []string
	for i, c := range k.path.certs {
		if i == len(k.path.certs)-1 && (k.path.end == endAnchor || k.path.end == endSelfSigned) {
			break
		}
		if hash := c.alg.broken(); hash != "" {
			weak = append(weak, fmt.Sprintf("%s is signed with %s", k.b.label(c), hash))
		}
	}
	if len(weak) > 0 {
		k.addToday(CheckSignatureStrength, Warn, "%s: by today's rules worthless, since such signatures can be forged", strings.Join(weak, "; "))
		return
	}
	if leaf := k.path.leaf(); leaf.SignatureAlgorithm == "" {
		k.add(CheckSignatureStrength, Unknown, "the signature algorithm of [0] is not readable")
		return
	}
	k.addToday(CheckSignatureStrength, OK, "no signature of the chain rests on MD5 or SHA-1")
}

// encoding reports what is wrong with the encoding of the certificates.
func (k *checker) encoding() {
	var bad []string
	for i, c := range k.b.sent {
		switch {
		case len(c.Problems) > 0:
			bad = append(bad, fmt.Sprintf("[%d]: %s", i, enumerateLong(c.Problems)))
		case c.X509Err != nil && c.Key.Algorithm == "SM2": // it does not know the curve: no fault of the certificate
		case c.X509Err != nil:
			bad = append(bad, fmt.Sprintf("[%d]: crypto/x509 refuses it: %s", i, shorten(ascii([]byte(c.X509Err.Error())), 160)))
		}
	}
	if len(bad) > 0 {
		k.add(CheckEncoding, Warn, "%s", enumerateLong(bad))
	}
}

// enumerateLong joins up to three sentences and counts the rest.
func enumerateLong(items []string) string {
	text := strings.Join(items[:min(3, len(items))], "; ")
	if n := len(items) - 3; n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	return text
}

// limits says what was not looked at.
func (k *checker) limits() {
	if k.count > len(k.b.sent) {
		k.add(CheckLimits, Warn, "%d certificates were sent; only the first %d were examined", k.count, len(k.b.sent))
	}
}
