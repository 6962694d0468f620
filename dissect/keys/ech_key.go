package keys

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hpke"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/tlslens/tlslens/dissect/tls"
)

// x25519KEM is DHKEM(X25519, HKDF-SHA256); those of NIST's curves have lower
// numbers (RFC 9180, Section 7.1).
const x25519KEM = 0x20

// echKey is a private key of ECH with the ECHConfig that names it.
type echKey struct {
	config []byte
	id     uint8
	key    hpke.PrivateKey
}

// Format shows nothing of the key.
func (k *echKey) Format(f fmt.State, _ rune) { hide(f) }

// echPrivateKeys returns the keys of a PEM file of RFC 9934, Section 2: a
// private key and an ECHConfigList that has it. what says, without any, why.
func echPrivateKeys(ders [][]byte, data []byte) (found []*PrivateKey, what string) {
	var configs [][]byte
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ECHCONFIG" {
			configs = append(configs, tls.SplitECHConfigs(block.Bytes)...)
		}
	}
	for _, der := range ders {
		key := hpkeKey(der)
		if key == nil {
			continue
		}
		if len(configs) == 0 {
			if key.KEM().ID() < x25519KEM { // rather that of a certificate
				continue
			}
			what = "holds a key for ECDH; it opens Encrypted Client Hello only with an ECHCONFIG block in the same file (RFC 9934)"
			continue
		}
		what = "holds an ECHCONFIG block that belongs to another key"
		for _, config := range configs {
			var c tls.ECHConfigContents
			if c.DecodeConfig(config) == nil && c.KEM == key.KEM().ID() && bytes.Equal(c.PublicKey, key.PublicKey().Bytes()) {
				found = append(found, &PrivateKey{ech: &echKey{config: bytes.Clone(config), id: c.ConfigID, key: key}})
			}
		}
	}
	if len(ders) == 0 && len(configs) > 0 {
		what = "holds an ECHConfig and no private key"
	}
	return found, what
}

// hpkeKey reads a PKCS#8 key that HPKE can use, nil if it is of another kind.
func hpkeKey(der []byte) hpke.PrivateKey {
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil
	}
	var dh *ecdh.PrivateKey
	switch k := k.(type) {
	case *ecdh.PrivateKey:
		dh = k
	case *ecdsa.PrivateKey:
		if dh, err = k.ECDH(); err != nil {
			return nil
		}
	default:
		return nil
	}
	key, err := hpke.NewDHKEMPrivateKey(dh)
	if err != nil {
		return nil
	}
	return key
}

// recipient makes the HPKE context of an extension, nil if the key cannot.
func (k *echKey) recipient(x *tls.ECHClient) echOpener {
	if k.id != x.ConfigID {
		return nil
	}
	kdf, err := hpke.NewKDF(uint16(x.KDF))
	if err != nil {
		return nil
	}
	aead, err := hpke.NewAEAD(uint16(x.AEAD))
	if err != nil {
		return nil
	}
	r, err := hpke.NewRecipient(x.Enc, k.key, kdf, aead, hpkeInfo(k.config))
	if err != nil {
		return nil
	}
	return recipient{r}
}
