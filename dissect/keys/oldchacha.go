package keys

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/poly1305" //nolint:staticcheck // the construction of a draft needs it alone
)

// oldChaCha is the AEAD of draft-agl-tls-chacha20poly1305-04, Section 5: the
// nonce has eight bytes and the tag covers lengths but no padding. The suites
// 0xcc13 to 0xcc15 have it.
type oldChaCha struct{ key [32]byte }

func newOldChaCha(key []byte) cipher.AEAD {
	c := new(oldChaCha)
	copy(c.key[:], key)
	return c
}

func (c *oldChaCha) NonceSize() int { return 8 }
func (c *oldChaCha) Overhead() int  { return poly1305.TagSize }

// start returns the key stream from block 1 and the tag of sealed.
func (c *oldChaCha) start(nonce []byte) (*chacha20.Cipher, *[32]byte) {
	var n [12]byte // a nonce of 64 bits and the high half of a counter that stays zero
	copy(n[4:], nonce)
	s, err := chacha20.NewUnauthenticatedCipher(c.key[:], n[:])
	if err != nil {
		return nil, nil
	}
	var first [64]byte
	s.XORKeyStream(first[:], first[:])
	return s, (*[32]byte)(first[:32])
}

func oldChaChaTag(key *[32]byte, sealed, aad []byte) [16]byte {
	m := poly1305.New(key)
	var n [8]byte
	m.Write(aad)
	binary.LittleEndian.PutUint64(n[:], uint64(len(aad)))
	m.Write(n[:])
	m.Write(sealed)
	binary.LittleEndian.PutUint64(n[:], uint64(len(sealed)))
	m.Write(n[:])
	var tag [16]byte
	m.Sum(tag[:0])
	return tag
}

// Seal exists for the tests and for cipher.AEAD.
func (c *oldChaCha) Seal(dst, nonce, plain, aad []byte) []byte {
	s, key := c.start(nonce)
	n := len(dst)
	out := append(dst, plain...)
	s.XORKeyStream(out[n:], out[n:])
	tag := oldChaChaTag(key, out[n:], aad)
	return append(out, tag[:]...)
}

// Open decrypts and verifies. dst and sealed do not overlap.
func (c *oldChaCha) Open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	if len(nonce) != 8 || len(sealed) < poly1305.TagSize {
		return nil, errSize
	}
	s, key := c.start(nonce)
	if s == nil {
		return nil, errSize
	}
	body := sealed[:len(sealed)-poly1305.TagSize]
	tag := oldChaChaTag(key, body, aad)
	if subtle.ConstantTimeCompare(tag[:], sealed[len(body):]) != 1 {
		return nil, errOpen
	}
	n := len(dst)
	out := append(dst, body...)
	s.XORKeyStream(out[n:], out[n:])
	return out, nil
}
