package capture

import (
	"fmt"
	"strings"
)

const (
	optEnd     = 0
	optComment = 1

	// maxInterfaces bounds the interfaces of a section and those kept of all.
	maxInterfaces = 1 << 16
	// maxText bounds the names of interfaces that are kept, in bytes; those
	// of later interfaces are empty.
	maxText = 1 << 20
	// maxSecrets bounds the key log text that waits for a call of Secrets.
	maxSecrets = 16 << 20
)

// options walks over the options of a block (draft-ietf-opsawg-pcapng section
// 3.5). It stops at the end, with bad set if that cuts an option.
type options struct {
	b     []byte
	order byteOrder
	code  uint16
	value []byte
	bad   bool
}

func (o *options) next() bool {
	if len(o.b) < 4 {
		return false // without opt_endofopt, as is allowed
	}
	o.code = o.order.uint16(o.b)
	n := int(o.order.uint16(o.b[2:]))
	if o.code == optEnd {
		return false
	}
	if n > len(o.b)-4 {
		o.bad = true
		return false
	}
	o.value = o.b[4 : 4+n : 4+n]
	o.b = o.b[min(4+(n+3)&^3, len(o.b)):]
	return true
}

// section starts a new section (section 4.1), whose byte order is known. Its
// length is not used: sections end where the next one begins.
func (q *pcapngReader) section(b []byte, off int64) error {
	if len(b) < 24 {
		return q.f.fatal(fmt.Sprintf("a section header has only %d bytes", len(b)+4), off)
	}
	if major := q.order.uint16(b[12:]); major != 1 {
		e := q.f.fatal(fmt.Sprintf("a section has pcapng version %d, which is not read", major), off)
		e.hint = editcapHint
		return e
	}
	for _, i := range q.ifs {
		q.ifDrop, q.osDrop = addUpTo(q.ifDrop, i.ifDrop), addUpTo(q.osDrop, i.osDrop)
	}
	q.ifs = q.ifs[:0]
	return nil
}

// An ngKey tells whether an interface of another section is the same one: files
// that are joined from many, or written by a ring buffer, describe it again in
// every section.
type ngKey struct {
	number int // in its section
	iface  Interface
}

// describe reads an Interface Description Block (section 4.2).
func (q *pcapngReader) describe(b []byte, off int64) error {
	const header = 16
	f := q.f
	if len(b) < header {
		return f.fatal(fmt.Sprintf("an interface description has only %d bytes", len(b)+4), off)
	}
	if len(q.ifs) == maxInterfaces || len(f.ifs) == maxInterfaces {
		return f.fatal(fmt.Sprintf("it describes more than %d interfaces", maxInterfaces), off)
	}
	in := ngInterface{
		link:    LinkType(q.order.uint16(b[8:])),
		snapLen: q.order.uint32(b[12:]),
		clock:   clock{resolution: microseconds},
	}
	desc := Interface{Link: in.link, SnapLen: in.snapLen}
	o := options{b: b[header:], order: q.order}
	for o.next() {
		switch {
		case o.code == 2:
			desc.Name = q.keepText(o.value)
		case o.code == 3:
			desc.Description = q.keepText(o.value)
		case o.code == 9 && len(o.value) == 1:
			in.clock.resolution = o.value[0]
		case o.code == 13 && len(o.value) == 1:
			desc.FCSLen = int(o.value[0])
		case o.code == 14 && len(o.value) == 8:
			in.clock.offset = int64(q.order.uint64(o.value))
		}
	}
	if o.bad && q.rest == 0 {
		f.note("the options of an interface run past their block: times may be wrong", off, f.number+1, 0)
	}
	key := ngKey{len(q.ifs), desc}
	index, seen := q.known[key]
	if !seen {
		index = len(f.ifs)
		q.known[key] = index
		f.ifs = append(f.ifs, desc)
		q.text += len(desc.Name) + len(desc.Description)
	}
	in.index = index
	q.ifs = append(q.ifs, in)
	return nil
}

// keepText copies text; what is past a NUL is padding that some writers count.
func (q *pcapngReader) keepText(b []byte) string {
	if q.text+len(b) > maxText {
		return ""
	}
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// statistics reads an Interface Statistics Block (section 4.6). Its counters
// run from the start of the capture, so the last ones count.
func (q *pcapngReader) statistics(b []byte) {
	const header = 20
	if len(b) < header {
		return
	}
	n := q.order.uint32(b[8:])
	if uint64(n) >= uint64(len(q.ifs)) {
		return // it bears on no packet
	}
	in := &q.ifs[n]
	for o := (options{b: b[header:], order: q.order}); o.next(); {
		if len(o.value) != 8 {
			continue
		}
		switch o.code {
		case 5:
			in.ifDrop, q.counted = q.order.uint64(o.value), true
		case 7:
			in.osDrop, q.counted = q.order.uint64(o.value), true
		}
	}
}

// keepSecrets reads a Decryption Secrets Block (section 4.7) and keeps its text
// if it is a TLS key log.
func (q *pcapngReader) keepSecrets(b []byte, off int64) error {
	const (
		header    = 16
		tlsKeyLog = 0x544c534b
	)
	f := q.f
	if len(b) < header || q.order.uint32(b[8:]) != tlsKeyLog {
		return nil
	}
	n := int64(q.order.uint32(b[12:]))
	have := int64(len(b)) - header
	if q.rest > 0 {
		have += q.rest - 4
	}
	switch {
	case n > have:
		f.note(fmt.Sprintf("a decryption secrets block claims %d bytes of secrets and holds %d", n, have), off, f.number+1, 0)
		return nil
	case int64(len(f.secrets))+n > maxSecrets:
		f.note(fmt.Sprintf("more than %d MiB of secrets; the rest is left out", maxSecrets>>20), off, f.number+1, 0)
		return nil
	}
	at := header + int(min(n, int64(len(b)-header)))
	f.secrets = append(f.secrets, b[header:at]...)
	for n -= int64(at - header); n > 0; {
		if !f.c.need(1) {
			return f.cut(q.restWhere, off)
		}
		k := int(min(n, int64(len(f.c.buf))))
		f.secrets = append(f.secrets, f.c.buf[:k]...)
		f.c.advance(k)
		q.rest -= int64(k)
		n -= int64(k)
	}
	if len(f.secrets) > 0 && f.secrets[len(f.secrets)-1] != '\n' {
		f.secrets = append(f.secrets, '\n') // the next block starts a line
	}
	return nil
}
