package app

import (
	"github.com/quic-go/qpack"
	"golang.org/x/net/http2/hpack"
)

// Bounds of what is held of a dynamic table. What an encoder says beyond them
// is not followed, and what refers to it not shown.
const (
	encoderBytes = 16 << 10 // of the encoder stream
	mostInserts  = 256
)

// A pseudoField is a field line. Of one that is no pseudo-header field the value
// is not kept.
type pseudoField struct{ name, value string }

func pseudoOf(name, value string) pseudoField {
	if (qpack.HeaderField{Name: name}).IsPseudo() {
		return pseudoField{name, printable([]byte(value))}
	}
	return pseudoField{name: name}
}

// A dynamicTable is what a side's encoder stream put into its table (RFC 9204,
// Section 3.2). Entries are kept though the encoder evicts them, for it does not
// refer to them any more.
type dynamicTable struct {
	entries  []pseudoField // by absolute index
	capacity uint64        // the largest that was set
	buf      []byte        // an instruction that is not all there
	read     int           // bytes so far
	off      bool          // it can no longer be followed
}

// feed takes the next bytes of the encoder stream, and reports whether entries
// came of them.
func (d *dynamicTable) feed(b []byte) bool {
	if d.off {
		return false
	}
	had, over := len(d.entries), len(b) > encoderBytes-d.read
	b = b[:min(len(b), encoderBytes-d.read)]
	d.read += len(b)
	d.buf = append(d.buf, b...)
	for len(d.buf) > 0 && !d.off {
		n := d.instruction(d.buf)
		if n == 0 {
			break
		}
		d.buf = d.buf[n:]
	}
	if d.off = d.off || over; d.off {
		d.buf = nil
	}
	return len(d.entries) > had
}

// instruction takes the instruction at the front of b (RFC 9204, Section 4.3) and
// returns its length, 0 if it is not all there.
func (d *dynamicTable) instruction(b []byte) int {
	switch {
	case b[0]&0x80 != 0: // Insert with Name Reference
		i, n := prefixed(b, 6)
		value, m := literal(b[n:], 7)
		if n == 0 || m == 0 {
			return 0
		}
		if b[0]&0x40 != 0 {
			f, ok := static(i)
			d.insert(pseudoOf(f.Name, value), ok)
		} else {
			f, ok := d.at(int64(len(d.entries)) - 1 - clamp(i))
			d.insert(pseudoOf(f.name, value), ok)
		}
		return n + m
	case b[0]&0x40 != 0: // Insert with Literal Name
		name, n := literal(b, 5)
		if n == 0 {
			return 0
		}
		value, m := literal(b[n:], 7)
		if m == 0 {
			return 0
		}
		d.insert(pseudoOf(name, value), true)
		return n + m
	}
	i, n := prefixed(b, 5)
	if n == 0 {
		return 0
	}
	if b[0]&0x20 != 0 { // Set Dynamic Table Capacity
		d.capacity = max(d.capacity, i)
	} else { // Duplicate
		f, ok := d.at(int64(len(d.entries)) - 1 - clamp(i))
		d.insert(f, ok)
	}
	return n
}

// insert adds an entry. One that is made out of nothing known ends the reading.
func (d *dynamicTable) insert(f pseudoField, ok bool) {
	if !ok || len(d.entries) >= mostInserts {
		d.off = true
		return
	}
	d.entries = append(d.entries, f)
}

func (d *dynamicTable) at(i int64) (pseudoField, bool) {
	if i < 0 || i >= int64(len(d.entries)) {
		return pseudoField{}, false
	}
	return d.entries[i], true
}

// section returns the pseudo-header fields of an encoded field section (RFC
// 9204, Section 4.5). What refers to entries that are not known is left out.
// Blocked says that the section needs entries that may still come.
func (d *dynamicTable) section(b []byte) (pseudo map[string]string, blocked bool) {
	encoded, n1 := prefixed(b, 8)
	delta, n2 := prefixed(b[n1:], 7)
	if n1 == 0 || n2 == 0 {
		return nil, false
	}
	need, base := clamp(encoded)-1, int64(-1<<40) // a base to which nothing is relative
	if encoded > 0 && d.plain(need) {
		if base = need + clamp(delta); b[n1]&0x80 != 0 {
			base = need - clamp(delta) - 1
		}
		blocked = !d.off && need > int64(len(d.entries))
	}
	pseudo = map[string]string{}
	for b = b[n1+n2:]; len(b) > 0; {
		f, n := d.line(b, base)
		if n == 0 {
			break
		}
		if _, twice := pseudo[f.name]; !twice && f.value != "" {
			pseudo[f.name] = f.value
		}
		b = b[n:]
	}
	return pseudo, blocked
}

// plain reports whether an insert count stands as itself in a section: it is
// encoded modulo twice the entries that fit in the largest table that the
// decoder allows (RFC 9204, Section 4.5.1.1), which is no smaller than the
// largest that the encoder took.
func (d *dynamicTable) plain(count int64) bool {
	const overhead = 32
	round := 2 * clamp(d.capacity/overhead)
	return count < round && int64(len(d.entries)) < round || d.capacity == 0 && len(d.entries) == 0
}

// line reads the field line at the front of b (RFC 9204, Sections 4.5.2 to
// 4.5.6) and its length, 0 if it is not all there. The field of one that cannot
// be resolved is empty.
func (d *dynamicTable) line(b []byte, base int64) (f pseudoField, n int) {
	var i uint64
	var value string
	m := 0
	switch {
	case b[0]&0xc0 == 0xc0: // Indexed, static table
		i, n = prefixed(b, 6)
		s, _ := static(i)
		return pseudoOf(s.Name, s.Value), n
	case b[0]&0x80 != 0: // Indexed
		i, n = prefixed(b, 6)
		f, _ = d.at(base - 1 - clamp(i))
		return f, n
	case b[0]&0xf0 == 0x10: // Indexed, post-base
		i, n = prefixed(b, 4)
		f, _ = d.at(base + clamp(i))
		return f, n
	case b[0]&0x40 != 0: // Literal with Name Reference
		if i, n = prefixed(b, 4); b[0]&0x10 != 0 {
			s, _ := static(i)
			f.name = s.Name
		} else {
			f, _ = d.at(base - 1 - clamp(i))
		}
	case b[0]&0x20 != 0: // Literal with Literal Name
		f.name, n = literal(b, 3)
	default: // Literal with Post-Base Name Reference
		i, n = prefixed(b, 3)
		f, _ = d.at(base + clamp(i))
	}
	if n > 0 {
		value, m = literal(b[n:], 7)
	}
	if m == 0 {
		return pseudoField{}, 0
	}
	return pseudoOf(f.name, value), n + m
}

// static returns an entry of the static table (RFC 9204, Appendix A).
func static(i uint64) (qpack.HeaderField, bool) {
	const first = 0x3f // what the prefix of six bits holds
	line := []byte{0, 0, 0xc0 | byte(i)}
	if i >= first {
		line = []byte{0, 0, 0xc0 | first, byte(i - first)}
	}
	if i >= first+0x80 {
		return qpack.HeaderField{}, false
	}
	f, err := qpack.NewDecoder().Decode(line)()
	return f, err == nil
}

// literal reads a string whose length begins in the low bits of the first byte,
// with a bit for the Huffman code before it (RFC 9204, Section 4.1.2), n is 0 if
// it is not all there. One in a wrong code is empty.
func literal(b []byte, bits int) (s string, n int) {
	size, n := prefixed(b, bits)
	if n == 0 || size > uint64(len(b)-n) {
		return "", 0
	}
	text := b[n : n+int(size)]
	n += int(size)
	if b[0]>>bits&1 == 0 {
		return string(text), n
	}
	s, err := hpack.HuffmanDecodeToString(text)
	if err != nil {
		return "", n
	}
	return s, n
}

// prefixed reads an integer that begins in the low bits of the first byte (RFC
// 7541, Section 5.1), n is 0 if b is too short or the integer too large.
func prefixed(b []byte, bits int) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	most := uint64(1)<<bits - 1
	if v = uint64(b[0]) & most; v < most {
		return v, 1
	}
	for i, x := range b[1:min(len(b), 10)] {
		v += uint64(x&0x7f) << (7 * i)
		if x&0x80 == 0 {
			return v, i + 2
		}
	}
	return 0, 0
}

// clamp returns an integer from the wire as one that can be calculated with.
func clamp(v uint64) int64 { return int64(min(v, 1<<32)) }
