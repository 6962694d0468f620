package keys

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rc4"
	"crypto/subtle"
	"hash"

	"github.com/tlslens/tlslens/dissect/tls"
)

// recordMAC is the MAC of records before TLS 1.3 (RFC 5246, Section 6.2.3.1;
// RFC 6101, Section 5.2.3.1).
type recordMAC struct {
	mac  hash.Hash // HMAC, or for SSL 3.0 the bare hash
	key  []byte    // SSL 3.0 only
	pad  int       // SSL 3.0 only
	size int       // bytes in a record
	out  [64]byte
	covered
}

func newRecordMAC(h func() hash.Hash, key []byte, v tls.Version, truncated bool) *recordMAC {
	if v == tls.VersionSSL3 {
		m := &recordMAC{mac: h(), key: key, pad: 48}
		m.size = m.mac.Size()
		if m.size == 20 {
			m.pad = 40
		}
		return m
	}
	m := &recordMAC{mac: hmac.New(h, key)}
	m.size = m.mac.Size()
	if truncated {
		m.size = 10 // RFC 6066, Section 7
	}
	return m
}

// sum returns the MAC of the two parts of a content, valid until the next sum.
func (m *recordMAC) sum(seq uint64, h tls.RecordHeader, a, b []byte) []byte {
	hdr := m.header(seq, h, len(a)+len(b))
	m.mac.Reset()
	if m.key == nil {
		m.mac.Write(hdr)
		m.mac.Write(a)
		m.mac.Write(b)
		return m.mac.Sum(m.out[:0])[:m.size]
	}
	m.mac.Write(m.key)
	m.mac.Write([]byte(ssl3Pad1[:m.pad]))
	hdr[9], hdr[10] = hdr[11], hdr[12] // SSL 3.0 leaves out the version
	m.mac.Write(hdr[:11])
	m.mac.Write(a)
	m.mac.Write(b)
	inner := m.mac.Sum(m.out[:0])
	m.mac.Reset()
	m.mac.Write(m.key)
	m.mac.Write([]byte(ssl3Pad2[:m.pad]))
	m.mac.Write(inner)
	return m.mac.Sum(m.out[:0])
}

// split verifies the MAC at the end of b and returns what is before it.
func (m *recordMAC) split(seq uint64, h tls.RecordHeader, b []byte) ([]byte, fault) {
	if len(b) < m.size {
		return nil, tooShort
	}
	content, mac := b[:len(b)-m.size], b[len(b)-m.size:]
	if subtle.ConstantTimeCompare(m.sum(seq, h, content, nil), mac) != 1 {
		return nil, badTag
	}
	return content, fine
}

// stream opens records of RC4 and NULL suites (RFC 5246, Section 6.2.3.1).
type stream struct {
	rc4 *rc4.Cipher // nil for NULL
	mac *recordMAC
}

func (o *stream) open(dst []byte, seq uint64, h tls.RecordHeader, body []byte) ([]byte, int, fault) {
	n := len(dst)
	out := append(dst, body...)
	if o.rc4 != nil {
		o.rc4.XORKeyStream(out[n:], out[n:])
	}
	content, f := o.mac.split(seq, h, out[n:])
	if f != fine {
		return nil, 0, f
	}
	return out[:n+len(content)], 0, fine
}

func (o *stream) passed([]byte) {}

func (o *stream) setCID(id []byte) { o.mac.setCID(id) }

// maxKeyStream is how many bytes of RC4 are passed over to catch up.
const maxKeyStream = 64 << 20

func (o *stream) prime(bytes int64, _ []byte, known bool) bool {
	if o.rc4 == nil || bytes == 0 && known {
		return true
	}
	if !known || bytes > maxKeyStream {
		return false
	}
	var b [512]byte
	for ; bytes > 0; bytes -= int64(len(b)) {
		k := b[:min(bytes, int64(len(b)))]
		o.rc4.XORKeyStream(k, k)
	}
	return true
}

// cbc opens records of CBC suites (RFC 5246, Section 6.2.3.2; RFC 2246,
// Section 6.2.3.2; RFC 7366 for Encrypt-then-MAC).
type cbc struct {
	block    cipher.Block
	mode     cipher.BlockMode
	iv       [16]byte // of the next record, if it is not in the record
	ivKnown  bool
	explicit bool
	etm      bool
	ssl3     bool
	mac      *recordMAC
}

// ivSetter is what the CBC modes of the standard library have, undocumented.
type ivSetter interface{ SetIV([]byte) }

func (o *cbc) decrypt(b, iv []byte) {
	if s, ok := o.mode.(ivSetter); ok {
		s.SetIV(iv)
	} else {
		o.mode = cipher.NewCBCDecrypter(o.block, iv)
	}
	o.mode.CryptBlocks(b, b)
}

func (o *cbc) open(dst []byte, seq uint64, h tls.RecordHeader, body []byte) ([]byte, int, fault) {
	size := o.block.BlockSize()
	if o.etm {
		if len(body) < o.mac.size {
			return nil, 0, tooShort
		}
		sealed := body[:len(body)-o.mac.size]
		if subtle.ConstantTimeCompare(o.mac.sum(seq, h, sealed, nil), body[len(sealed):]) != 1 {
			return nil, 0, badTag
		}
		body = sealed
	}
	iv := o.iv[:size]
	if o.explicit {
		if len(body) < size {
			return nil, 0, tooShort
		}
		iv, body = body[:size], body[size:]
	} else if !o.ivKnown {
		return nil, 0, noIV
	}
	if len(body) == 0 || len(body)%size != 0 {
		return nil, 0, tooShort
	}
	n := len(dst)
	out := append(dst, body...)
	o.decrypt(out[n:], iv)
	content, padding, ok := unpad(out[n:], size, o.ssl3)
	if !ok {
		return nil, 0, badPadding
	}
	if !o.etm {
		var f fault
		if content, f = o.mac.split(seq, h, content); f != fine {
			return nil, 0, f
		}
	}
	return out[:n+len(content)], padding, fine
}

// unpad removes the padding, whose bytes all have the value of the last one,
// the padding's length; in SSL 3.0 the others may be anything and it is
// shorter than a block.
func unpad(b []byte, size int, ssl3 bool) (content []byte, padding int, ok bool) {
	n := int(b[len(b)-1])
	if n >= len(b) || ssl3 && n >= size {
		return nil, 0, false
	}
	if !ssl3 {
		for _, c := range b[len(b)-1-n:] {
			if int(c) != n {
				return nil, 0, false
			}
		}
	}
	return b[:len(b)-1-n], n + 1, true
}

func (o *cbc) setCID(id []byte) { o.mac.setCID(id) }

func (o *cbc) passed(body []byte) {
	if o.explicit {
		return
	}
	if o.etm {
		body = body[:max(0, len(body)-o.mac.size)]
	}
	if size := o.block.BlockSize(); len(body) >= size {
		copy(o.iv[:], body[len(body)-size:])
		o.ivKnown = true
	}
}

func (o *cbc) prime(bytes int64, last []byte, known bool) bool {
	if o.explicit || bytes == 0 && known {
		return true
	}
	o.ivKnown = false
	o.passed(last)
	return true // at worst one record stays closed
}
