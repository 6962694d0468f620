package keys

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

var (
	errOpen = errors.New("the tag is wrong")
	errSize = errors.New("not the sizes of TLS")
)

// ccm is AES-CCM with the parameters of TLS: a nonce of 12 bytes, a length
// field of 3, a tag of 16 or 8 (RFC 3610; RFC 6655, Section 3). Neither the
// standard library nor x/crypto has it.
type ccm struct {
	block cipher.Block
	tag   int
	mac   [16]byte
	ctr   [16]byte
	key   [16]byte
	head  [16]byte
}

func newCCM(b cipher.Block, tag int) cipher.AEAD { return &ccm{block: b, tag: tag} }

func (c *ccm) NonceSize() int { return 12 }
func (c *ccm) Overhead() int  { return c.tag }

// Seal exists for the tests and for cipher.AEAD.
func (c *ccm) Seal(dst, nonce, plain, aad []byte) []byte {
	n := len(dst)
	out := append(dst, plain...)
	c.tagOf(nonce, plain, aad)
	c.stream(nonce, out[n:])
	return append(out, c.mac[:c.tag]...)
}

// Open decrypts and verifies. dst and sealed do not overlap.
func (c *ccm) Open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < c.tag || len(nonce) != 12 || len(sealed) >= 1<<24 {
		return nil, errSize
	}
	n := len(dst)
	body, tag := sealed[:len(sealed)-c.tag], sealed[len(sealed)-c.tag:]
	out := append(dst, body...)
	c.stream(nonce, out[n:])
	c.tagOf(nonce, out[n:], aad)
	if subtle.ConstantTimeCompare(c.mac[:c.tag], tag) != 1 {
		clear(out[n:])
		return nil, errOpen
	}
	return out, nil
}

// tagOf leaves the masked CBC-MAC in c.mac (RFC 3610, Section 2.2).
func (c *ccm) tagOf(nonce, plain, aad []byte) {
	c.mac = [16]byte{0: byte((c.tag-2)/2)<<3 | 2}
	if len(aad) > 0 {
		c.mac[0] |= 1 << 6
	}
	copy(c.mac[1:], nonce)
	c.mac[13], c.mac[14], c.mac[15] = byte(len(plain)>>16), byte(len(plain)>>8), byte(len(plain))
	c.block.Encrypt(c.mac[:], c.mac[:])
	if len(aad) > 0 { // at most 13 bytes in TLS, but any below 0xff00 is right
		binary.BigEndian.PutUint16(c.head[:], uint16(len(aad)))
		k := copy(c.head[2:], aad)
		c.absorb(c.head[:2+k])
		c.absorb(aad[k:])
	}
	c.absorb(plain)
	c.counter(nonce, 0)
	c.block.Encrypt(c.key[:], c.ctr[:])
	subtle.XORBytes(c.mac[:], c.mac[:], c.key[:])
}

// absorb adds b, filled up with zeros to whole blocks.
func (c *ccm) absorb(b []byte) {
	for len(b) > 0 {
		n := min(16, len(b))
		subtle.XORBytes(c.mac[:n], c.mac[:n], b[:n])
		c.block.Encrypt(c.mac[:], c.mac[:])
		b = b[n:]
	}
}

// counter sets the counter block A_i (RFC 3610, Section 2.3).
func (c *ccm) counter(nonce []byte, i int) {
	c.ctr = [16]byte{0: 2, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
	copy(c.ctr[1:], nonce)
}

// stream encrypts or decrypts b in place.
func (c *ccm) stream(nonce, b []byte) {
	for i := 1; len(b) > 0; i++ {
		c.counter(nonce, i)
		c.block.Encrypt(c.key[:], c.ctr[:])
		n := min(16, len(b))
		subtle.XORBytes(b[:n], b[:n], c.key[:n])
		b = b[n:]
	}
}
