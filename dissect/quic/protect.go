package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tlslens/tlslens/dissect/tls"
)

// tagLen is the size of every AEAD tag in QUIC.
const tagLen = 16

// expandLabel is HKDF-Expand-Label with an empty context (RFC 9846, Section
// 7.1).
func expandLabel(h func() hash.Hash, secret []byte, label string, n int) []byte {
	info := make([]byte, 0, 4+6+len(label))
	info = append(info, byte(n>>8), byte(n), byte(6+len(label)))
	info = append(info, "tls13 "...)
	info = append(info, label...)
	out, err := hkdf.Expand(h, secret, string(append(info, 0)), n)
	if err != nil { // only for sizes that are not asked for here
		return make([]byte, n)
	}
	return out
}

// hashFor returns the hash of a suite's key schedule.
func hashFor(s tls.CipherSuite) func() hash.Hash {
	if s == suiteAES256 {
		return sha512.New384
	}
	return sha256.New
}

// The suites that protect packets (RFC 9001, Section 5.3). Those with CCM are
// counted as sealed.
const (
	suiteAES128   = tls.CipherSuite(0x1301)
	suiteAES256   = tls.CipherSuite(0x1302)
	suiteChaCha20 = tls.CipherSuite(0x1303)
)

// keySize is the size of a suite's key, 0 for a suite that is not read.
func keySize(s tls.CipherSuite) int {
	switch s {
	case suiteAES128:
		return 16
	case suiteAES256, suiteChaCha20:
		return 32
	}
	return 0
}

// protection opens the packets of one direction at one level (RFC 9001, Section
// 5).
type protection struct {
	aead  cipher.AEAD
	iv    [12]byte
	block cipher.Block // of the packet key, for AES
	hp    cipher.Block // header protection with AES
	hpKey []byte       // header protection with ChaCha20
}

// newProtection derives keys from a secret. It returns nil for a suite that is
// not read.
func newProtection(secret []byte, suite tls.CipherSuite, labels string) *protection {
	p := protectionKeys(secret, suite, labels)
	if p == nil {
		return nil
	}
	hp := expandLabel(hashFor(suite), secret, labels+"hp", keySize(suite))
	if suite == suiteChaCha20 {
		p.hpKey = hp
		return p
	}
	p.hp, _ = aes.NewCipher(hp)
	return p
}

// protectionKeys derives the packet keys alone: those of header protection stay
// when keys are updated (RFC 9001, Section 6.1).
func protectionKeys(secret []byte, suite tls.CipherSuite, labels string) *protection {
	n := keySize(suite)
	if n == 0 || len(secret) != hashFor(suite)().Size() {
		return nil
	}
	p := &protection{}
	key := expandLabel(hashFor(suite), secret, labels+"key", n)
	copy(p.iv[:], expandLabel(hashFor(suite), secret, labels+"iv", len(p.iv)))
	if suite == suiteChaCha20 {
		p.aead, _ = chacha20poly1305.New(key)
		return p
	}
	p.block, _ = aes.NewCipher(key)
	p.aead, _ = cipher.NewGCM(p.block)
	return p
}

// mask returns what the header is masked with (RFC 9001, Section 5.4).
func (p *protection) mask(sample []byte) (m [5]byte) {
	if p.hp != nil {
		var out [16]byte
		p.hp.Encrypt(out[:], sample)
		return [5]byte(out[:5])
	}
	c, err := chacha20.NewUnauthenticatedCipher(p.hpKey, sample[4:16])
	if err != nil {
		return m
	}
	c.SetCounter(binary.LittleEndian.Uint32(sample))
	c.XORKeyStream(m[:], m[:])
	return m
}

// bare is a packet without header protection.
type bare struct {
	first  byte
	number uint64
	header [maxHeader]byte // the part that is changed by unmasking: first byte and packet number are put in place
	ad     []byte          // the header with its true packet number
	rest   []byte          // sealed payload
}

// maxHeader is room for the longest header that is read in place; one with a
// longer token is copied.
const maxHeader = 128

// unmask removes header protection. Number is where the packet number begins,
// expect the number after the largest seen.
func (p *protection) unmask(x *bare, b []byte, number int, expect uint64) bool {
	if len(b) < number+4+16 {
		return false
	}
	m := p.mask(b[number+4 : number+20])
	low := byte(0x1f)
	if b[0]&longForm != 0 {
		low = 0x0f
	}
	x.first = b[0] ^ m[0]&low
	n := int(x.first&3) + 1
	x.ad = append(x.header[:0], b[:number+n]...)
	x.ad[0] = x.first
	var short uint64
	for i := range n {
		x.ad[number+i] ^= m[1+i]
		short = short<<8 | uint64(x.ad[number+i])
	}
	x.number = fullNumber(short, 8*n, expect)
	x.rest = b[number+n:]
	return true
}

// fullNumber recovers a packet number from its low bits (RFC 9000, Appendix
// A.3).
func fullNumber(short uint64, bits int, expect uint64) uint64 {
	win := uint64(1) << bits
	n := expect&^(win-1) | short
	switch half := win / 2; {
	case n+half <= expect && n < 1<<62-win:
		return n + win
	case n > expect+half && n >= win:
		return n - win
	}
	return n
}

func (p *protection) nonce(number uint64) (n [12]byte) {
	n = p.iv
	binary.BigEndian.PutUint64(n[4:], binary.BigEndian.Uint64(n[4:])^number)
	return n
}

// open opens a packet into dst and returns its payload.
func (p *protection) open(dst []byte, x *bare) ([]byte, bool) {
	n := p.nonce(x.number)
	out, err := p.aead.Open(dst[:0], n[:], x.rest, x.ad)
	return out, err == nil
}

// peek decrypts the beginning of a payload whose end was not captured, so that
// nothing vouches for it (NIST SP 800-38D, Section 6.5: counter mode from 2 on).
func (p *protection) peek(dst []byte, x *bare) ([]byte, bool) {
	if p.block == nil {
		return nil, false
	}
	var ctr [16]byte
	n := p.nonce(x.number)
	copy(ctr[:], n[:])
	ctr[15] = 2
	out := append(dst[:0], x.rest...)
	cipher.NewCTR(p.block, ctr[:]).XORKeyStream(out, out)
	return out, true
}
