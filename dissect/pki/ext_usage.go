package pki

import (
	"strings"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// KeyUsage is the set of bits of the extension (RFC 5280 section 4.2.1.3), the
// first bit being 1<<0.
type KeyUsage uint16

// Bits of KeyUsage.
const (
	DigitalSignature KeyUsage = 1 << iota
	NonRepudiation
	KeyEncipherment
	DataEncipherment
	KeyAgreement
	KeyCertSign
	CRLSign
	EncipherOnly
	DecipherOnly
)

// String lists the bits by their RFC names.
func (u KeyUsage) String() string {
	names := [...]string{"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
		"keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"}
	var out []string
	for i, s := range names {
		if u&(1<<i) != 0 {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

func (c *Certificate) parseKeyUsage(r derReader) bool {
	e, ok := r.read(casn1.BIT_STRING)
	if !ok {
		return false
	}
	bits, _, ok := bitString(e.body)
	if !ok {
		return false
	}
	c.HasKeyUsage = true
	for i := 0; i < 9 && i/8 < len(bits); i++ {
		if bits[i/8]&(0x80>>(i%8)) != 0 {
			c.KeyUsage |= 1 << i
		}
	}
	return true
}

// parseBasicConstraints reads section 4.2.1.9.
func (c *Certificate) parseBasicConstraints(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	c.HasBasicConstraints = true
	c.PathLen = -1
	in := r.sub(seq)
	if b, ok := in.read(casn1.BOOLEAN); ok {
		c.IsCA = len(b.body) == 1 && b.body[0] != 0
		if len(b.body) != 1 || b.body[0] != 0 && b.body[0] != 0xff {
			c.problem("a BOOLEAN is neither 00 nor ff: BER, not DER")
		}
	}
	if e, ok := in.read(casn1.INTEGER); ok {
		v := signedInt(e.body)
		if v.Sign() < 0 || v.BitLen() > 31 {
			c.problemf("the path length constraint is out of range: 0x%s", appendHex(nil, e.body[:min(len(e.body), 20)])[1:])
		} else {
			c.PathLen = int(v.Int64())
			if !c.IsCA {
				c.problem("a path length constraint without the CA flag")
			}
		}
	}
	return in.empty()
}

// parseExtKeyUsage reads section 4.2.1.12.
func (c *Certificate) parseExtKeyUsage(r derReader) bool {
	seq, ok := r.read(casn1.SEQUENCE)
	if !ok {
		return false
	}
	c.ExtKeyUsage = []string{}
	for in := r.sub(seq); !in.empty(); {
		e, ok := in.read(casn1.OBJECT_IDENTIFIER)
		oid, good := oidString(e.body)
		if !ok || !good {
			return false
		}
		c.ExtKeyUsage = append(c.ExtKeyUsage, purposeName(oid))
	}
	return true
}

func purposeName(oid string) string {
	switch oid {
	case "2.5.29.37.0":
		return "anyExtendedKeyUsage"
	case "1.3.6.1.4.1.311.10.3.3":
		return "msSGC"
	case "2.16.840.1.113730.4.1":
		return "nsSGC"
	}
	last, ok := strings.CutPrefix(oid, "1.3.6.1.5.5.7.3.")
	if !ok {
		return oid
	}
	switch last {
	case "1":
		return "serverAuth"
	case "2":
		return "clientAuth"
	case "3":
		return "codeSigning"
	case "4":
		return "emailProtection"
	case "5":
		return "ipsecEndSystem"
	case "6":
		return "ipsecTunnel"
	case "7":
		return "ipsecUser"
	case "8":
		return "timeStamping"
	case "9":
		return "OCSPSigning"
	}
	return oid
}
