package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// fault is why a record did not open.
type fault uint8

const (
	fine fault = iota
	badTag
	badPadding
	tooShort // for the cipher: no record of this suite
	noIV     // that of old CBC was in a record that is missing
)

// An opener opens the records of one side between two changes of keys.
type opener interface {
	// open appends the content of a record to dst. Whatever the fault, the
	// opener can go on with the next record. A record may be tried with
	// several sequence numbers unless the opener is a stream cipher.
	open(dst []byte, seq uint64, h tls.RecordHeader, body []byte) (plain []byte, padding int, f fault)
	// passed tells that a record is over, opened or not.
	passed(body []byte)
}

// primer is an opener whose state depends on the records before.
type primer interface {
	// prime gives it the bytes that went by since the keys changed and the
	// last of them. It reports whether that suffices.
	prime(bytes int64, last []byte, known bool) bool
}

// aead12 opens records of the AEAD suites of TLS 1.2 (RFC 5246, Section
// 6.2.3.3).
type aead12 struct {
	aead     cipher.AEAD
	iv       [12]byte
	ivLen    int
	explicit int // bytes of the nonce in each record
	nonce    [12]byte
	covered
}

func (o *aead12) open(dst []byte, seq uint64, h tls.RecordHeader, body []byte) ([]byte, int, fault) {
	n := len(body) - o.explicit - o.aead.Overhead()
	if n < 0 {
		return nil, 0, tooShort
	}
	nonce := o.nonce[:o.aead.NonceSize()]
	switch {
	case o.explicit > 0: // GCM and CCM
		copy(nonce, o.iv[:o.ivLen])
		copy(nonce[o.ivLen:], body[:o.explicit])
	case o.ivLen == 12: // ChaCha20-Poly1305 (RFC 7905, Section 2)
		o.nonce = o.iv
		xorSeq(&o.nonce, seq)
	default: // its draft
		binary.BigEndian.PutUint64(nonce, seq)
	}
	out, err := o.aead.Open(dst, nonce, body[o.explicit:], o.header(seq, h, n))
	if err != nil {
		return nil, 0, badTag
	}
	return out, 0, fine
}

func (o *aead12) passed([]byte) {}

// covered makes what MACs and tags cover besides the content.
type covered struct {
	cid []byte // of records with one
	buf []byte
}

// setCID tells the connection id of the records that follow.
func (c *covered) setCID(id []byte) { c.cid = id }

// header returns what is covered of a record with n bytes of content, valid until
// the next call: sequence number, type, version and length; for one with a
// connection id more (RFC 9146, Section 5).
func (c *covered) header(seq uint64, h tls.RecordHeader, n int) []byte {
	b := c.buf[:0]
	if h.Type == tls.ContentTLS12CID {
		b = append(b, "\xff\xff\xff\xff\xff\xff\xff\xff"...)
		b = append(b, byte(h.Type), byte(len(c.cid)), byte(h.Type), byte(h.Version>>8), byte(h.Version))
		b = binary.BigEndian.AppendUint64(b, seq)
		b = append(b, c.cid...)
	} else {
		b = binary.BigEndian.AppendUint64(b, seq)
		b = append(b, byte(h.Type), byte(h.Version>>8), byte(h.Version))
	}
	c.buf = binary.BigEndian.AppendUint16(b, uint16(n))
	return c.buf
}

func xorSeq(nonce *[12]byte, seq uint64) {
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^seq)
}

// aead13 opens records of TLS 1.3 (RFC 9846, Section 5.2). The plaintext that
// it gives ends with the content type; padding is counted.
type aead13 struct {
	aead  cipher.AEAD
	iv    [12]byte
	nonce [12]byte
	bare  bool // drafts before 25 do not cover the header
	aad   [5]byte
}

func (o *aead13) open(dst []byte, seq uint64, h tls.RecordHeader, body []byte) ([]byte, int, fault) {
	if len(body) < o.aead.Overhead()+1 {
		return nil, 0, tooShort
	}
	o.nonce = o.iv
	xorSeq(&o.nonce, seq)
	o.aad = [5]byte{byte(h.Type), byte(h.Version >> 8), byte(h.Version), byte(len(body) >> 8), byte(len(body))}
	aad := o.aad[:]
	if o.bare {
		aad = nil
	}
	out, err := o.aead.Open(dst, o.nonce[:], body, aad)
	if err != nil {
		return nil, 0, badTag
	}
	return unpad13(dst, out)
}

// unpad13 returns what was opened behind dst, up to the content type, and how
// much padding followed.
func unpad13(dst, out []byte) ([]byte, int, fault) {
	n := len(out)
	for n > len(dst) && out[n-1] == 0 {
		n--
	}
	if n == len(dst) {
		return nil, 0, badPadding // no content type
	}
	return out[:n], len(out) - n, fine
}

func (o *aead13) passed([]byte) {}

// newAEAD13 makes the keys of a traffic secret (RFC 9846, Section 7.3).
func newAEAD13(v tls.Version, s schedule13, info iana.Suite, traffic []byte) opener {
	a := newAEAD(info, s.expand(traffic, "key", nil, info.KeyLen))
	if a == nil || a.NonceSize() != 12 {
		return nil
	}
	o := &aead13{aead: a}
	if n, ok := v.Draft(); ok && n < 25 {
		o.bare = true
	}
	copy(o.iv[:], s.expand(traffic, "iv", nil, 12))
	return o
}

// newAEAD returns the AEAD of a suite, nil if there is no implementation.
func newAEAD(info iana.Suite, key []byte) cipher.AEAD {
	if info.Mode != iana.ModeAEAD {
		return nil
	}
	if info.Cipher == "ChaCha20-Poly1305" {
		if info.FixedIVLen == 0 {
			return newOldChaCha(key)
		}
		a, err := chacha20poly1305.New(key)
		if err != nil {
			return nil
		}
		return a
	}
	if !aesAEAD(info.Cipher) {
		return nil
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	if info.Cipher[len("AES-128-"):] != "GCM" {
		return newCCM(b, info.TagLen)
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		return nil
	}
	return a
}

func aesAEAD(name string) bool {
	switch name {
	case "AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM", "AES-128-CCM-8", "AES-256-CCM-8":
		return true
	}
	return false
}

// newBlock returns the block cipher of a CBC suite, nil if there is no
// implementation.
func newBlock(name string, key []byte) cipher.Block {
	var b cipher.Block
	var err error
	switch name {
	case "AES-128-CBC", "AES-256-CBC":
		b, err = aes.NewCipher(key)
	case "3DES-EDE-CBC":
		b, err = des.NewTripleDESCipher(key)
	case "DES-CBC", "DES-40-CBC":
		b, err = des.NewCipher(key)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return b
}

// supported reports whether records of a suite can be opened at all.
func supported(info iana.Suite) bool {
	switch info.Mode {
	case iana.ModeAEAD:
		return info.Cipher == "ChaCha20-Poly1305" || aesAEAD(info.Cipher)
	case iana.ModeCBC:
		switch info.Cipher {
		case "AES-128-CBC", "AES-256-CBC", "3DES-EDE-CBC", "DES-CBC", "DES-40-CBC":
			return hashByName(info.MAC) != nil
		}
		return false
	case iana.ModeStream:
		return (info.Cipher == "RC4-128" || info.Cipher == "RC4-56" || info.Cipher == "RC4-40") && hashByName(info.MAC) != nil
	}
	return info.Mode == iana.ModeNull && info.Kx != iana.KxTLS13 && hashByName(info.MAC) != nil
}
