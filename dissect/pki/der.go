package pki

import (
	"math/big"
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Universal tags that cryptobyte/asn1 does not name.
const (
	tagVisible   = casn1.Tag(26)
	tagNumeric   = casn1.Tag(18)
	tagUniversal = casn1.Tag(28)
	tagBMP       = casn1.Tag(30)
)

// context returns the constructed context-specific tag [n].
func context(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

// contextPrimitive returns the primitive context-specific tag [n].
func contextPrimitive(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific() }

// An element is one TLV of BER. Its slices alias the certificate.
type element struct {
	tag  casn1.Tag
	full []byte // with tag and length
	body []byte
}

// A derReader walks the elements of one constructed value. It reads DER through
// cryptobyte and, where cryptobyte refuses, the laxer forms of BER that can be
// read without guessing; those are reported through oddity.
type derReader struct {
	s      cryptobyte.String
	oddity func(string)
}

func newDERReader(b []byte, oddity func(string)) derReader {
	return derReader{s: cryptobyte.String(b), oddity: oddity}
}

func (r *derReader) empty() bool { return r.s.Empty() }

// peek returns the tag of the next element, or 0 at the end.
func (r *derReader) peek() casn1.Tag {
	if r.s.Empty() {
		return 0
	}
	return casn1.Tag(r.s[0])
}

// next reads one element of any tag.
func (r *derReader) next() (element, bool) {
	var e element
	if r.s.Empty() {
		return e, false
	}
	var full cryptobyte.String
	rest := r.s
	if r.s.ReadAnyASN1Element(&full, &e.tag) {
		e.full = full
		var body cryptobyte.String
		full.ReadAnyASN1(&body, nil)
		e.body = body
		return e, true
	}
	r.s = rest
	header, length, ok := laxHeader(r.s)
	if !ok {
		return e, false
	}
	e.tag = casn1.Tag(r.s[0])
	b := []byte(r.s)
	switch {
	case length >= 0:
		if length > len(b)-header {
			return e, false
		}
		r.oddity("a length is not in its shortest form: BER, not DER")
		e.full, e.body = b[:header+length], b[header:header+length]
		r.s = cryptobyte.String(b[header+length:])
	default:
		n, ok := indefiniteEnd(b[header:])
		r.oddity("an indefinite length: BER, not DER")
		if !ok {
			// The end marks are missing: what is left is the content.
			e.full, e.body, r.s = b, b[header:], nil
			return e, true
		}
		e.full, e.body = b[:header+n+2], b[header:header+n]
		r.s = cryptobyte.String(b[header+n+2:])
	}
	return e, true
}

// read reads the next element if it has the tag.
func (r *derReader) read(tag casn1.Tag) (element, bool) {
	if r.peek() != tag {
		return element{}, false
	}
	return r.next()
}

// sub returns a reader over the content of e.
func (r *derReader) sub(e element) derReader { return newDERReader(e.body, r.oddity) }

// laxHeader reads a BER tag and length. The length is -1 for the indefinite
// form. Tags of more than one byte are refused: X.509 has none.
func laxHeader(b []byte) (header, length int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	switch n := int(b[1] & 0x7f); {
	case b[1] < 0x80:
		return 2, n, true
	case n == 0:
		return 2, -1, b[0]&0x20 != 0
	case n > 8 || len(b) < 2+n:
		return 0, 0, false
	default:
		var v uint64
		for _, c := range b[2 : 2+n] {
			v = v<<8 | uint64(c)
		}
		if v > uint64(len(b)) {
			return 0, 0, false
		}
		return 2 + n, int(v), true
	}
}

// indefiniteEnd returns the offset of the end-of-contents mark that closes an
// indefinite length whose content starts at b. Definite elements are stepped
// over whole and a nested indefinite one only adds to a count, so the walk is
// linear and does not recurse.
func indefiniteEnd(b []byte) (int, bool) {
	depth := 0
	for off := 0; off+2 <= len(b); {
		if b[off] == 0 && b[off+1] == 0 {
			if depth == 0 {
				return off, true
			}
			depth--
			off += 2
			continue
		}
		header, length, ok := laxHeader(b[off:])
		if !ok || length > len(b)-off-header {
			return 0, false
		}
		off += header
		if length < 0 {
			depth++
		} else {
			off += length
		}
	}
	return 0, false
}

// oidString renders the content of an OBJECT IDENTIFIER in dotted form. A
// malformed one gives "" and false. Arcs of any size are read (X.660).
func oidString(b []byte) (string, bool) {
	if len(b) == 0 || len(b) > 256 || b[len(b)-1]&0x80 != 0 {
		return "", false
	}
	out := make([]byte, 0, 4*len(b))
	first := true
	for i := 0; i < len(b); {
		start := i
		for b[i]&0x80 != 0 {
			i++
		}
		i++
		out = appendArc(out, b[start:i], first)
		first = false
	}
	return string(out), true
}

func appendArc(out, arc []byte, first bool) []byte {
	if len(arc) <= 9 {
		var v uint64
		for _, c := range arc {
			v = v<<7 | uint64(c&0x7f)
		}
		if !first {
			return strconv.AppendUint(append(out, '.'), v, 10)
		}
		top := min(v/40, 2)
		out = strconv.AppendUint(out, top, 10)
		return strconv.AppendUint(append(out, '.'), v-40*top, 10)
	}
	v := new(big.Int)
	for _, c := range arc {
		v.Lsh(v, 7).Or(v, big.NewInt(int64(c&0x7f)))
	}
	if first {
		out = append(out, '2')
		v.Sub(v, big.NewInt(80))
	}
	return v.Append(append(out, '.'), 10)
}

// bitString returns the bytes of a BIT STRING without its count of unused bits.
func bitString(body []byte) (b []byte, unused int, ok bool) {
	if len(body) == 0 || body[0] > 7 {
		return nil, 0, false
	}
	return body[1:], int(body[0]), true
}

// signedInt reads the content of an INTEGER, negative ones too.
func signedInt(b []byte) *big.Int {
	v := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v
}
