package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tlslens/tlslens/dissect/tls"
)

// An echOpener is an HPKE context that opens the payloads of ECH one after the
// other (RFC 9180, Section 5.2).
type echOpener interface {
	open(aad, sealed []byte) ([]byte, bool)
}

// recipient is an HPKE context made with a private key.
type recipient struct{ r *hpke.Recipient }

func (k recipient) open(aad, sealed []byte) ([]byte, bool) {
	b, err := k.r.Open(aad, sealed)
	return b, err == nil
}

// hpkeInfo binds an HPKE context to an ECHConfig (RFC 9849, Section 6.1).
func hpkeInfo(config []byte) []byte { return slices.Concat([]byte("tls ech\x00"), config) }

// hpkeContext is an HPKE context made of the shared secret of the KEM, which
// is what key logs have. Package crypto/hpke takes none.
type hpkeContext struct {
	aead  cipher.AEAD
	nonce [12]byte
	seq   uint64
}

// Format shows nothing of the key.
func (k *hpkeContext) Format(f fmt.State, _ rune) { hide(f) }

func (k *hpkeContext) open(aad, sealed []byte) ([]byte, bool) {
	nonce := k.nonce
	xorSeq(&nonce, k.seq)
	b, err := k.aead.Open(nil, nonce[:], sealed, aad)
	if err != nil {
		return nil, false
	}
	k.seq++
	return b, true
}

// newHPKE runs the key schedule of HPKE in base mode (RFC 9180, Section 5.1).
// It returns nil for numbers that it does not know.
func newHPKE(config []byte, x *tls.ECHClient, shared secret) echOpener {
	var c tls.ECHConfigContents
	if c.DecodeConfig(config) != nil || c.ConfigID != x.ConfigID {
		return nil
	}
	s := hpkeSchedule{suite: []byte("HPKE")}
	switch x.KDF {
	case 1:
		s.hash = sha256.New
	case 2:
		s.hash = sha512.New384
	case 3:
		s.hash = sha512.New
	default:
		return nil
	}
	for _, id := range []uint16{c.KEM, uint16(x.KDF), uint16(x.AEAD)} {
		s.suite = binary.BigEndian.AppendUint16(s.suite, id)
	}
	size := map[tls.HPKEAEAD]int{1: 16, 2: 32, 3: 32}[x.AEAD]
	if size == 0 {
		return nil
	}
	key, nonce := s.keys(shared, hpkeInfo(config), size)
	k := &hpkeContext{aead: hpkeAEAD(x.AEAD, key)}
	if k.aead == nil {
		return nil
	}
	copy(k.nonce[:], nonce)
	return k
}

func hpkeAEAD(id tls.HPKEAEAD, key []byte) cipher.AEAD {
	if id == 3 {
		a, err := chacha20poly1305.New(key)
		if err != nil {
			return nil
		}
		return a
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		return nil
	}
	return a
}

// hpkeSchedule derives keys as HPKE does (RFC 9180, Section 4).
type hpkeSchedule struct {
	hash  func() hash.Hash
	suite []byte // suite_id
}

// keys is the key schedule of base mode without an exporter.
func (s hpkeSchedule) keys(shared, info []byte, size int) (key, nonce secret) {
	context := slices.Concat([]byte{0}, s.extract(nil, "psk_id_hash", nil), s.extract(nil, "info_hash", info))
	root := s.extract(shared, "secret", nil)
	return s.expand(root, "key", context, size), s.expand(root, "base_nonce", context, 12)
}

func (s hpkeSchedule) extract(salt []byte, label string, ikm []byte) secret {
	out, err := hkdf.Extract(s.hash, slices.Concat([]byte("HPKE-v1"), s.suite, []byte(label), ikm), salt)
	if err != nil {
		return make(secret, s.hash().Size()) // only in FIPS mode
	}
	return out
}

func (s hpkeSchedule) expand(prk []byte, label string, info []byte, n int) secret {
	labeled := slices.Concat([]byte{byte(n >> 8), byte(n)}, []byte("HPKE-v1"), s.suite, []byte(label), info)
	out, err := hkdf.Expand(s.hash, prk, string(labeled), n)
	if err != nil {
		return make(secret, n) // n is at most 32: cannot happen
	}
	return out
}
