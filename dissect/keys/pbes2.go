package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/pkcs12"
)

// maxIterations bounds the work that a key file may ask for.
const maxIterations = 5_000_000

var errScheme = errors.New("the key is encrypted in a way that is not read; convert it with openssl pkey")

type algorithm struct {
	OID    asn1.ObjectIdentifier
	Params asn1.RawValue `asn1:"optional"`
}

// encryptedPKCS8 is EncryptedPrivateKeyInfo (RFC 5958, Section 3).
type encryptedPKCS8 struct {
	Algo algorithm
	Data []byte
}

// pbes2Params is PBES2-params with PBKDF2 (RFC 8018, Appendices A.2 and A.4).
type pbes2Params struct {
	KDF struct {
		OID    asn1.ObjectIdentifier
		Params struct {
			Salt       []byte
			Iterations int
			KeyLen     int       `asn1:"optional"`
			PRF        algorithm `asn1:"optional"`
		}
	}
	Cipher struct {
		OID asn1.ObjectIdentifier
		IV  []byte
	}
}

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

func asEncryptedPKCS8(der []byte) (e encryptedPKCS8, ok bool) {
	rest, err := asn1.Unmarshal(der, &e)
	return e, err == nil && len(rest) == 0 && len(e.Data) > 0
}

// decryptPKCS8 opens an EncryptedPrivateKeyInfo.
func decryptPKCS8(der, password []byte) ([]byte, error) {
	e, ok := asEncryptedPKCS8(der)
	if !ok {
		return nil, errScheme
	}
	if password == nil {
		return nil, ErrNoPassword
	}
	if e.Algo.OID.String() != oidPBES2 {
		return nil, errScheme
	}
	return decryptPBES2(e, password)
}

func decryptPBES2(e encryptedPKCS8, password []byte) ([]byte, error) {
	var p pbes2Params
	if _, err := asn1.Unmarshal(e.Algo.Params.FullBytes, &p); err != nil || p.KDF.OID.String() != oidPBKDF2 {
		return nil, errScheme
	}
	h, size := prfByOID(p.KDF.Params.PRF.OID), cipherKeyLen(p.Cipher.OID)
	if h == nil || size == 0 || p.KDF.Params.Iterations < 1 || p.KDF.Params.Iterations > maxIterations {
		return nil, errScheme
	}
	key, err := pbkdf2.Key(h, string(password), p.KDF.Params.Salt, p.KDF.Params.Iterations, size)
	if err != nil {
		return nil, errScheme
	}
	block, err := aes.NewCipher(key)
	if p.Cipher.OID.String() == "1.2.840.113549.3.7" {
		block, err = des.NewTripleDESCipher(key)
	}
	if err != nil || len(p.Cipher.IV) != block.BlockSize() || len(e.Data)%block.BlockSize() != 0 {
		return nil, errScheme
	}
	out := make([]byte, len(e.Data))
	cipher.NewCBCDecrypter(block, p.Cipher.IV).CryptBlocks(out, e.Data)
	n := int(out[len(out)-1])
	if n == 0 || n > block.BlockSize() {
		return nil, ErrPassword
	}
	for _, c := range out[len(out)-n:] {
		if int(c) != n {
			return nil, ErrPassword
		}
	}
	return out[:len(out)-n], nil
}

// prfByOID returns the hash of an HMAC; the default is SHA-1.
func prfByOID(oid asn1.ObjectIdentifier) func() hash.Hash {
	switch oid.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.8":
		return sha256.New224
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	}
	return nil
}

func cipherKeyLen(oid asn1.ObjectIdentifier) int {
	switch oid.String() {
	case "2.16.840.1.101.3.4.1.2": // AES in CBC mode
		return 16
	case "2.16.840.1.101.3.4.1.22":
		return 24
	case "2.16.840.1.101.3.4.1.42":
		return 32
	case "1.2.840.113549.3.7":
		return 24
	}
	return 0
}

// pkcs12Keys returns the DER of the keys in a PKCS#12 file (RFC 7292). The
// older encryptions are left to x/crypto/pkcs12, which has no PBES2, what
// OpenSSL 3 writes.
func pkcs12Keys(data, password []byte) ([][]byte, error) {
	bags, ok := keyBags(data)
	if !ok || len(bags) == 0 {
		return nil, nil
	}
	if password == nil { // many have an empty one
		ders, err := pkcs12Keys(data, []byte{})
		if errors.Is(err, ErrPassword) {
			err = ErrNoPassword
		}
		return ders, err
	}
	var ders [][]byte
	for _, bag := range bags {
		if bag.Algo.OID.String() != oidPBES2 {
			return oldPKCS12Keys(data, password)
		}
		der, err := decryptPBES2(bag, password)
		if err != nil {
			return nil, err
		}
		ders = append(ders, der)
	}
	return ders, nil
}

func oldPKCS12Keys(data, password []byte) ([][]byte, error) {
	blocks, err := pkcs12.ToPEM(data, string(password))
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, ErrPassword
	} else if err != nil {
		return nil, fmt.Errorf("PKCS#12: %w", errScheme)
	}
	var ders [][]byte
	for _, b := range blocks {
		if b.Type == "PRIVATE KEY" {
			ders = append(ders, b.Bytes)
		}
	}
	return ders, nil
}

// contentInfo is ContentInfo of PKCS#7 (RFC 2315, Section 7).
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

// keyBags returns the encrypted keys of a PKCS#12 file that are outside of
// encrypted contents, which is where all programs put them.
func keyBags(data []byte) (bags []encryptedPKCS8, ok bool) {
	var pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(data, &pfx); err != nil {
		return nil, false
	}
	var safe []byte
	if _, err := asn1.Unmarshal(pfx.AuthSafe.Content.Bytes, &safe); err != nil {
		return nil, false
	}
	var infos []contentInfo
	if _, err := asn1.Unmarshal(safe, &infos); err != nil {
		return nil, false
	}
	for _, info := range infos {
		var content []byte
		if info.Type.String() != "1.2.840.113549.1.7.1" {
			continue // encrypted: certificates
		}
		if _, err := asn1.Unmarshal(info.Content.Bytes, &content); err != nil {
			continue
		}
		var list []struct {
			ID         asn1.ObjectIdentifier
			Value      asn1.RawValue `asn1:"explicit,tag:0"`
			Attributes asn1.RawValue `asn1:"set,optional"`
		}
		if _, err := asn1.Unmarshal(content, &list); err != nil {
			continue
		}
		for _, bag := range list {
			if bag.ID.String() != "1.2.840.113549.1.12.10.1.2" { // pkcs8ShroudedKeyBag
				continue
			}
			if e, ok := asEncryptedPKCS8(bag.Value.Bytes); ok {
				bags = append(bags, e)
			}
		}
	}
	return bags, true
}
