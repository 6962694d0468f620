package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"golang.org/x/crypto/chacha20"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// A Record13 is an encrypted record of DTLS 1.3 as it was sent (RFC 9147,
// Section 4).
type Record13 struct {
	Epoch  uint64 // reconstructed from its two low bits
	Header []byte // the unified header, whose record number is encrypted
	SeqAt  int    // where the number begins in Header
	SeqLen int    // its size in bytes, 1 or 2
	Body   []byte // behind the header
}

// keys13 are the keys of one epoch of a side of DTLS 1.3. Those of several
// epochs are in use at the same time, for records overtake each other.
type keys13 struct {
	epoch  epoch
	k      *aead13
	mask   masker // nil until a key has opened a record
	next   uint64 // the number after the highest that was opened
	idle   idle13 // when there was nothing to try
	failed int    // records in a row
	at     uint64 // version of the provider at the last of them
	works  int    // bytes opened in vain while numbers were searched
}

// idle13 is what secrets come from: where it has not changed, there is no new one.
type idle13 struct {
	version        uint64 // of the provider, plus 1
	hs             *handshake
	haveCH, haveSH bool
	secretAt       epoch
}

// Bounds of what is tried for a record number, of which 8 or 16 bits are sent.
const (
	numbersOf8  = 16 // multiples of 2^8: 4096 records that the capture lost
	numbersOf16 = 2
)

// A masker makes the mask of record numbers out of the first 16 bytes that are
// encrypted (RFC 9147, Section 4.2.3).
type masker func(sample []byte) [2]byte

// newMasker makes the masker of a traffic secret.
func newMasker(s schedule13, info iana.Suite, traffic []byte) masker {
	key := s.expand(traffic, "sn", nil, info.KeyLen)
	if info.Cipher == "ChaCha20-Poly1305" {
		return func(sample []byte) (m [2]byte) {
			c, err := chacha20.NewUnauthenticatedCipher(key, sample[4:16])
			if err != nil {
				return m // the sizes are right: cannot happen
			}
			c.SetCounter(binary.LittleEndian.Uint32(sample))
			c.XORKeyStream(m[:], m[:])
			return m
		}
	}
	var b cipher.Block
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	return func(sample []byte) [2]byte {
		var out [16]byte
		b.Encrypt(out[:], sample[:16])
		return [2]byte(out[:2])
	}
}

// of13 returns the keys of an epoch of a side, whose place they share with
// those of the epochs four before.
func (f *half) of13(e epoch) *keys13 {
	k := &f.keys13[e&3]
	if k.epoch != e {
		*k = keys13{epoch: e}
	}
	return k
}

// maxEpoch13 bounds the epochs that are looked at: more key updates than that
// are of no real connection.
const maxEpoch13 = 1 << 20

// ReadyDTLS13 is [Session.Ready] for a record of an epoch of DTLS 1.3.
func (s *Session) ReadyDTLS13(side flow.Side, epoch13 uint64) bool {
	if s == nil || s.p == nil || epoch13 == 0 || epoch13 > maxEpoch13 {
		return false
	}
	s.dtls, s.hs.dtls = true, true
	f, e := &s.half[side], epoch(epoch13)
	if f.epoch != clear13 && e > f.epoch+maxLaterKeys+1 {
		return false // forged: nothing leads from the epoch in force to that one
	}
	k := f.of13(e)
	v := s.p.version()
	now := idle13{v + 1, s.hs, s.hs.haveCH, s.hs.haveSH, f.secretAt}
	switch {
	case k.mask != nil:
		return true
	case k.failed >= maxFailures && k.at == v, k.idle == now:
		return false
	case len(s.secrets(side, e)) > 0:
		return true
	}
	k.idle = now
	return false
}

// OpenDTLS13 is [Session.Open] for DTLS 1.3. It also returns the number of the
// record. Records may come in any order.
func (s *Session) OpenDTLS13(side flow.Side, r Record13) (o Opened, seq uint64, err error) {
	if !s.ReadyDTLS13(side, r.Epoch) || len(r.Body) < 16 || r.SeqLen < 1 || r.SeqLen > 2 || len(r.Header) < r.SeqAt+r.SeqLen {
		return Opened{}, 0, ErrClear
	}
	f, e := &s.half[side], epoch(r.Epoch)
	f.sealed = true
	f.count.Sealed++
	if need := len(r.Body) + 64; cap(s.buf.b) < need {
		s.buf.b = make([]byte, 0, max(need, tls.MaxPlaintext+512))
	}
	k := f.of13(e)
	if k.mask != nil {
		if plain, pad, at, ok := k.try(s.buf.b[:0], k.k, k.mask, r); ok {
			return s.accept13D(f, k, plain, pad, at), at, nil
		}
		return Opened{}, 0, s.refuse13D(side, k)
	}
	v := s.hs.version13()
	for _, c := range s.secrets(side, e) {
		sched := s.hs.schedule13(hashByName(c.info.PRF))
		a, _ := newAEAD13(v, sched, c.info, c.secret).(*aead13)
		mask := newMasker(sched, c.info, c.secret)
		if a == nil || mask == nil || c.guess && !s.p.mayGuess() {
			continue
		}
		if plain, pad, at, ok := k.try(s.buf.b[:0], a, mask, r); ok {
			k.k, k.mask = a, mask
			s.confirm13(side, e, c)
			f.epoch = max(f.epoch, e)
			return s.accept13D(f, k, plain, pad, at), at, nil
		}
	}
	return Opened{}, 0, s.refuse13D(side, k)
}

// accept13D finishes a record whose tag is right.
func (s *Session) accept13D(f *half, k *keys13, plain []byte, pad int, at uint64) Opened {
	k.next, k.failed = max(k.next, at+1), 0
	f.count.Opened++
	o := Opened{Padding: pad, Level: k.epoch.level(), Generation: int(max(0, k.epoch-application13))}
	o.Type, o.Plain = tls.ContentType(plain[len(plain)-1]), plain[:len(plain)-1]
	return o
}

// refuse13D accounts for a record that no key opened.
func (s *Session) refuse13D(side flow.Side, k *keys13) error {
	f := &s.half[side]
	k.failed++
	k.at = s.p.version()
	f.count.Bad++
	if f.count.FirstBad == 0 {
		f.count.FirstBad = f.count.Sealed
	}
	return &BadTag{Side: side, Record: f.count.Sealed, Sequence: k.next, Never: k.mask == nil}
}

// try opens a record with keys, with the numbers that it may have, the likely
// one first.
func (k *keys13) try(dst []byte, a *aead13, mask masker, r Record13) (plain []byte, padding int, seq uint64, ok bool) {
	m := mask(r.Body)
	var header [2 + 255 + 4]byte
	if len(r.Header) > len(header) {
		return nil, 0, 0, false
	}
	h := header[:copy(header[:], r.Header)]
	low := uint64(0)
	for i := range r.SeqLen {
		h[r.SeqAt+i] ^= m[i]
		low = low<<8 | uint64(h[r.SeqAt+i])
	}
	wrap, tries := uint64(1)<<(8*r.SeqLen), numbersOf16
	if r.SeqLen == 1 {
		tries = numbersOf8
	}
	at := nearest13(k.next, low, wrap)
	for i := range tries {
		if i > 0 && k.works > maxWork {
			break
		}
		out, pad, why := a.open13D(dst, at, h, r.Body)
		if why == fine {
			return out, pad, at, true
		}
		if i > 0 {
			k.works += len(r.Body) + 64
		}
		at += wrap
	}
	return nil, 0, 0, false
}

// nearest13 returns the number nearest to next whose remainder by wrap is low
// (RFC 9147, Section 4.2.2).
func nearest13(next, low, wrap uint64) uint64 {
	at := next&^(wrap-1) | low
	switch {
	case at > next && at-next > wrap/2 && at >= wrap:
		return at - wrap
	case at < next && next-at > wrap/2:
		return at + wrap
	}
	return at
}

// open13D appends the content of a record to dst, which ends with its type. h
// is its header with the number in the clear (RFC 9147, Section 4).
func (o *aead13) open13D(dst []byte, seq uint64, h, body []byte) ([]byte, int, fault) {
	if len(body) < o.aead.Overhead()+1 {
		return nil, 0, tooShort
	}
	o.nonce = o.iv
	xorSeq(&o.nonce, seq)
	out, err := o.aead.Open(dst, o.nonce[:], body, h)
	if err != nil {
		return nil, 0, badTag
	}
	return unpad13(dst, out)
}

// PassDTLS13 tells that a sealed record of DTLS 1.3 went by without being opened.
func (s *Session) PassDTLS13(side flow.Side) {
	if s == nil {
		return
	}
	s.dtls, s.hs.dtls = true, true
	f := &s.half[side]
	f.count.Sealed++
	f.count.Closed++
	if f.count.FirstClosed == 0 {
		f.count.FirstClosed = f.count.Sealed
	}
}
