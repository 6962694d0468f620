package dissect

import (
	"bytes"
	"slices"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// A prefix is what one direction said before it was known what it speaks. All
// flows together keep at most [flow.Limits.TotalBytes]; beyond it a flow keeps
// only its last segment.
type prefix struct {
	parts  []part // in order; data and gaps
	buf    []byte // the data of parts, one after the other
	run    int    // where in buf the bytes behind the last gap begin
	finder record.Finder
	total  int64  // bytes ever seen
	begin  []byte // the first of them, by which the protocol is named if it is no TLS
	notes  []note
	counts int // bytes that are counted in pipeline.kept
}

// note is an oddity met before there was a connection to tell it to.
type note struct {
	what string
	at   flow.Mark
}

// part is a stretch of data, or a gap.
type part struct {
	off int64
	n   int      // bytes of data
	gap *tcp.Gap // nil for data
	at  flow.Mark
}

// partSize is about what a part costs besides its data, and joinParts how many
// a direction has before those of short segments are joined.
const (
	partSize  = 64
	joinParts = 1024
)

func (x *prefix) gap(g tcp.Gap) {
	x.parts = append(x.parts, part{off: g.Off, gap: &g, at: g.At})
	x.run, x.finder = len(x.buf), record.Finder{}
}

// add keeps a copy of bytes, of which there is at least one.
func (x *prefix) add(off int64, b []byte, at flow.Mark) {
	x.parts = append(x.parts, part{off: off, n: len(b), at: at})
	x.buf = append(x.buf, b...)
}

// head returns the contiguous bytes at the end of what is kept, valid until more
// are added.
func (x *prefix) head() []byte { return x.buf[x.run:] }

// first returns the bytes of the first part, valid as long.
func (x *prefix) first() []byte { return x.buf[:x.parts[0].n] }

// inside is [record.Inside] of the head.
func (x *prefix) inside() bool { return x.finder.Inside(x.head()) }

// drop forgets the first part.
func (x *prefix) drop() {
	n := x.parts[0].n
	x.parts = x.parts[1:]
	x.cut(n)
}

// cut forgets the first bytes.
func (x *prefix) cut(n int) {
	x.finder.Drop(max(0, n-x.run))
	x.run = max(0, x.run-n)
	x.buf = x.buf[n:]
}

// keepLast forgets all parts but the last one and returns how many bytes those
// had.
func (x *prefix) keepLast() (forgotten int) {
	before := len(x.buf)
	for len(x.parts) > 1 {
		x.drop()
	}
	forgotten = before - len(x.buf)
	x.buf, x.parts = bytes.Clone(x.buf), slices.Clone(x.parts)
	return forgotten
}

func (x *prefix) clear() {
	x.parts, x.buf, x.run, x.finder = x.parts[:0], x.buf[:0], 0, record.Finder{}
}

// from drops what stands before an offset.
func (x *prefix) from(off int64) {
	for len(x.parts) > 0 {
		p := &x.parts[0]
		if n := off - p.off; n < int64(p.n) {
			if n > 0 {
				x.cut(int(n))
				p.n, p.off = p.n-int(n), off
			}
			return
		}
		x.drop()
	}
}

// merge joins neighbours if there are many parts. They are said to have come
// when the latter did.
func (x *prefix) merge() {
	if len(x.parts) < joinParts {
		return
	}
	kept := x.parts[:0]
	for i := 0; i < len(x.parts); i++ {
		p := x.parts[i]
		if i+1 < len(x.parts) && p.gap == nil && x.parts[i+1].gap == nil {
			p.n, p.at = p.n+x.parts[i+1].n, x.parts[i+1].at
			i++
		}
		kept = append(kept, p)
	}
	x.parts = kept
}

// inOrder hands on what is kept of both directions, in the order of the capture.
func (f *tcpFlow) inOrder(take func(d tcp.Dir, p *part, data []byte)) {
	kept := f.probe
	for len(kept[0].parts)+len(kept[1].parts) > 0 {
		d := tcp.Dir(0)
		if a, b := kept[0].parts, kept[1].parts; len(a) == 0 || len(b) > 0 && b[0].at.Packet < a[0].at.Packet {
			d = 1
		}
		x := &kept[d]
		p, data := &x.parts[0], x.first()
		x.parts, x.buf = x.parts[1:], x.buf[p.n:]
		take(d, p, data)
	}
}

// account counts anew what the flow keeps.
func (f *tcpFlow) account() {
	for d := range f.probe {
		x := &f.probe[d]
		n := cap(x.buf) + cap(x.parts)*partSize
		f.p.kept += n - x.counts
		x.counts = n
	}
}

// forget drops what is kept.
func (f *tcpFlow) forget() {
	for d := range f.probe {
		f.p.kept -= f.probe[d].counts
	}
	f.probe = [2]prefix{}
}
