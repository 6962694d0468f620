package packet

import (
	"bytes"
	"net/netip"
	"slices"
	"time"
)

const (
	maxDatagram = 1 << 16 // bytes of a reassembled datagram, and of its buffer
	maxPieces   = 256     // separate stretches of one unfinished datagram
	bufferUnit  = 2048    // buffers grow by doubling from here
)

// A fragKey says which fragments belong together (RFC 791, section 3.2; RFC
// 8200, section 4.5). The zone keeps tunnels and VLANs apart. proto is 0 in IPv6.
type fragKey struct {
	src, dst netip.Addr
	id, zone uint32
	proto    uint8
}

// A span is a stretch of a datagram that has arrived.
type span struct{ from, to int }

// A datagram is one that is not complete yet.
type datagram struct {
	key   fragKey
	start int64  // time of its first fragment
	age   int64  // how long it may wait
	buf   []byte // up to the highest byte that has arrived
	spans []span // what has arrived: sorted, apart from each other
	total int    // its length, -1 until the last fragment is there
	next  uint8  // protocol of the content
	dead  bool   // given up: swallows what still comes
	odd   Odd
	count uint16 // fragments taken

	older, newer *datagram
}

// fragments holds unfinished datagrams, in a list by time of arrival.
type fragments struct {
	table          map[fragKey]*datagram
	oldest, newest *datagram
	bytes          int      // capacity of all buffers in the table
	done           [][]byte // buffers that the packet at hand aliases
	free           [][]byte // a few buffers to use again
}

// fragment4 takes a fragment of an IPv4 packet. Where fragments overlap, the
// bytes that came first stay (RFC 791 leaves the choice open); different bytes
// are counted and marked.
func (d *Decoder) fragment4(ip, b []byte, missing int, p *Packet) Kind {
	f := be16(ip[6:])
	key := fragKey{
		src: netip.AddrFrom4([4]byte(ip[12:16])), dst: netip.AddrFrom4([4]byte(ip[16:20])),
		id: uint32(be16(ip[4:])), zone: p.Zone, proto: ip[9],
	}
	return d.fragment(key, ip, b, piece{off: int(f&0x1FFF) * 8, more: f&0x2000 != 0, next: ip[9]}, missing, p)
}

// fragment6 takes a fragment of an IPv6 packet, which starts with the fragment
// header. Overlapping fragments make the whole datagram void (RFC 5722), unless
// they only say again what was there.
func (d *Decoder) fragment6(ip, b []byte, missing int, p *Packet) Kind {
	f := be16(b[2:])
	key := fragKey{
		src: netip.AddrFrom16([16]byte(ip[8:24])), dst: netip.AddrFrom16([16]byte(ip[24:40])),
		id: be32(b[4:]), zone: p.Zone,
	}
	return d.fragment(key, ip, b[8:], piece{off: int(f &^ 7), more: f&1 != 0, next: b[0]}, missing, p)
}

// A piece is what a fragment says of its place.
type piece struct {
	off  int
	more bool
	next uint8
}

// fragment checks a fragment, keeps it, and reads the datagram if it was the
// last one wanting.
func (d *Decoder) fragment(key fragKey, ip, b []byte, f piece, missing int, p *Packet) Kind {
	end := f.off + len(b)
	switch {
	case missing > 0:
		return d.fail(fragmentCut, b, len(b)+missing, p)
	case len(b) == 0:
		return d.fail(fragmentEmpty, b, 0, p)
	case f.more && len(b)%8 != 0:
		return d.fail(fragmentNot8, b, 0, p)
	case end+len(ip) > 0xFFFF && key.src.Is4(), end > 0xFFFF:
		return d.fail(fragmentTooLong, b, 0, p)
	}
	g := d.frags.find(key, d)
	if g.dead {
		return d.fail(fragmentOverlap6, b, 0, p)
	}
	if r := g.ends(end, f.more); r != noReason {
		return d.fail(r, b, 0, p)
	}
	if r := d.insert(g, f.off, b); r != noReason {
		return d.fail(r, b, 0, p)
	}
	if g.count < 1<<16-1 {
		g.count++
	}
	if f.off == 0 {
		g.next = f.next
	}
	if !g.complete() {
		d.frags.shrink(d.limits, g, d)
		return Fragment
	}
	d.frags.remove(g)
	d.frags.done = append(d.frags.done, g.buf)
	d.base, d.cut = g.buf, 0
	p.Odd |= g.odd
	p.Fragments = g.count
	if key.src.Is4() {
		return d.transport(g.next, ip, g.buf, 0, p)
	}
	return d.extensions(g.next, ip, g.buf, 0, p)
}

// ends checks a fragment against what is known of the datagram's end, and
// learns it from the last fragment.
func (g *datagram) ends(end int, more bool) Reason {
	high := 0
	if n := len(g.spans); n > 0 {
		high = g.spans[n-1].to
	}
	switch {
	case g.total >= 0 && (end > g.total || !more && end != g.total):
		return fragmentEnds
	case !more && end < high:
		return fragmentEnds
	case !more:
		g.total = end
	}
	return noReason
}

// complete reports whether all bytes have arrived.
func (g *datagram) complete() bool {
	return g.total >= 0 && len(g.spans) == 1 && g.spans[0] == span{0, g.total}
}

// insert puts b into the datagram at off.
func (d *Decoder) insert(g *datagram, off int, b []byte) Reason {
	end := off + len(b)
	// The spans that touch or overlap [off, end] are spans[i:j].
	i, _ := slices.BinarySearchFunc(g.spans, off, func(s span, off int) int { return s.to - off })
	j := i
	overlaps := false
	for ; j < len(g.spans) && g.spans[j].from <= end; j++ {
		s := g.spans[j]
		from, to := max(s.from, off), min(s.to, end)
		if from >= to {
			continue
		}
		overlaps = true
		if !bytes.Equal(g.buf[from:to], b[from-off:to-off]) && g.odd&OddFragmentConflict == 0 && g.key.src.Is4() {
			g.odd |= OddFragmentConflict
			d.count.notes[fragmentConflict4]++
		}
		if !g.key.src.Is4() && (from != off || to != end || !bytes.Equal(g.buf[off:end], b)) {
			d.frags.kill(g)
			return fragmentOverlap6
		}
	}
	if overlaps && !g.key.src.Is4() {
		return noReason // the same bytes once more
	}
	if i == j && len(g.spans) >= maxPieces {
		return fragmentPieces
	}
	d.frags.grow(g, end)
	// Only the gaps between the spans are filled.
	at := off
	merged := span{off, end}
	for _, s := range g.spans[i:j] {
		if at < s.from {
			copy(g.buf[at:s.from], b[at-off:])
		}
		at = max(at, s.to)
		merged.from, merged.to = min(merged.from, s.from), max(merged.to, s.to)
	}
	if at < end {
		copy(g.buf[at:end], b[at-off:])
	}
	g.spans = slices.Replace(g.spans, i, j, merged)
	return noReason
}

// find returns the datagram of a key, a new one if there is none or it is too
// old: its identification was then used again.
func (t *fragments) find(key fragKey, d *Decoder) *datagram {
	for g := t.oldest; g != nil && g.expired(d.at); g = t.oldest {
		t.remove(g)
		t.release(g)
		d.count.notes[fragmentExpired]++
	}
	if g := t.table[key]; g != nil {
		if !g.expired(d.at) {
			return g
		}
		t.remove(g)
		t.release(g)
		d.count.notes[fragmentExpired]++
	}
	age := d.limits.FragmentAge6
	if key.src.Is4() {
		age = d.limits.FragmentAge4
	}
	g := &datagram{key: key, start: d.at, age: int64(age / time.Nanosecond), total: -1, older: t.newest}
	if t.table == nil {
		t.table = make(map[fragKey]*datagram)
	}
	t.table[key] = g
	if t.newest != nil {
		t.newest.newer = g
	} else {
		t.oldest = g
	}
	t.newest = g
	return g
}

// expired reports whether the datagram has waited too long. A clock that went
// back as far counts too.
func (g *datagram) expired(now int64) bool {
	return now-g.start > g.age || g.start-now > g.age
}

// grow makes the buffer reach to end.
func (t *fragments) grow(g *datagram, end int) {
	if end <= len(g.buf) {
		return
	}
	if end > cap(g.buf) {
		n := bufferUnit
		for n < end {
			n *= 2
		}
		var buf []byte
		if k := len(t.free); k > 0 && cap(t.free[k-1]) >= n {
			buf, t.free = t.free[k-1], t.free[:k-1]
		} else {
			buf = make([]byte, 0, n)
		}
		old := g.buf
		g.buf = append(buf[:0], old...)
		t.bytes += cap(g.buf) - cap(old)
	}
	g.buf = g.buf[:end]
}

// shrink gives up the oldest datagrams while there are too many, but never keep.
func (t *fragments) shrink(l Limits, keep *datagram, d *Decoder) {
	for len(t.table) > l.Datagrams || t.bytes > l.FragmentBytes {
		g := t.oldest
		if g == keep {
			g = g.newer
		}
		if g == nil {
			return
		}
		t.remove(g)
		t.release(g)
		d.count.notes[fragmentEvicted]++
	}
}

// kill frees the bytes of a datagram and leaves it in the table, so that its
// further fragments are refused until it expires.
func (t *fragments) kill(g *datagram) {
	t.bytes -= cap(g.buf)
	t.release(g)
	g.buf, g.spans, g.dead = nil, nil, true
}

// remove takes a datagram out of table and list.
func (t *fragments) remove(g *datagram) {
	delete(t.table, g.key)
	t.bytes -= cap(g.buf)
	if g.older != nil {
		g.older.newer = g.newer
	} else {
		t.oldest = g.newer
	}
	if g.newer != nil {
		g.newer.older = g.older
	} else {
		t.newest = g.older
	}
}

// maxFree is the number of buffers kept to use again.
const maxFree = 4

// release keeps the buffer of a removed datagram for another.
func (t *fragments) release(g *datagram) {
	if len(t.free) < maxFree && cap(g.buf) > 0 {
		t.free = append(t.free, g.buf)
	}
}

// recycle takes back the buffers that the last packet aliased.
func (t *fragments) recycle() {
	for _, b := range t.done {
		if len(t.free) < maxFree && cap(b) > 0 {
			t.free = append(t.free, b)
		}
	}
	clear(t.done)
	t.done = t.done[:0]
}
