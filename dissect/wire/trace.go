package wire

import "strconv"

// A Tracer is told about every field that a Reader reads: its dotted name,
// where it starts in the outermost message and how many bytes it has. A vector
// is reported twice, first its length (with ".length" behind the name), then
// its content, whose parts follow if the decoder goes into them. A field into
// which no later field falls is a leaf; the leaves of a decoder that ends every
// Reader with [Reader.Trailing] cover the message without gap or overlap.
//
// Because decoders name their fields anyway, the field tree of the verbose
// report comes from the same code as the fast path.
type Tracer func(field string, off, n int)

// A trace is where a Reader's fields are reported and under which name.
type trace struct {
	fn    Tracer
	outer string // path of the vector this Reader covers; "" for the message
	path  string // what stands before the names of fields: outer, perhaps an index
}

// NewTracedReader returns a Reader over b that reports its fields to t, which
// may be nil.
func NewTracedReader(b []byte, t Tracer) Reader {
	if t == nil {
		return Reader{b: b}
	}
	return Reader{b: b, tr: &trace{fn: t}}
}

// Traced reports whether somebody listens, so that a decoder goes into parts
// that it otherwise leaves to the caller to read when needed.
func (r *Reader) Traced() bool { return r.tr != nil }

// Item says that the next fields belong to item i of the list that r covers:
// their names begin with "list[i]". A field without a name is the item itself.
func (r *Reader) Item(i int) {
	if r.tr != nil {
		r.tr.path = r.tr.outer + "[" + strconv.Itoa(i) + "]"
	}
}

// Whole ends what Item began: the next fields belong to the list itself.
func (r *Reader) Whole() {
	if r.tr != nil {
		r.tr.path = r.tr.outer
	}
}

func (t *trace) report(field string, off, n int) { t.fn(t.name(field), off, n) }

func (t *trace) name(field string) string {
	switch {
	case t.path == "":
		return field
	case field == "" || field[0] == '.':
		return t.path + field
	}
	return t.path + "." + field
}

func (t *trace) sub(field string) *trace {
	path := t.name(field)
	return &trace{fn: t.fn, outer: path, path: path}
}
