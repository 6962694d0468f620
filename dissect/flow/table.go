package flow

import (
	"hash/maphash"
	"iter"
	"time"
)

// A State is how firm a flow stands; it decides how long the flow may be
// silent.
type State uint8

// Flow states.
const (
	HalfOpen State = iota // nobody has answered yet: a minute, or Limits.Idle if that is less
	Open                  // Limits.Idle
	Closing               // closed by its ends, lingering for stray packets: ten seconds
	states
)

// A Reason is why a flow left the table without being deleted.
type Reason uint8

// Reasons.
const (
	Idle Reason = iota // silent for too long
	Full               // Limits.Flows was reached
)

// An ID names a flow in a table. It is valid until the flow leaves the table.
type ID int32

// page is how many entries are allocated at a time: pages never move, so
// pointers to values stay good.
const page = 256

// expirePerPacket bounds the work that one packet may cause. It is more than
// one, so expiry always catches up.
const expirePerPacket = 4

type entry[T any] struct {
	key        Key
	hash       uint32
	state      State
	live       bool
	prev, next ID     // in the list of its state, oldest first; next also links free entries
	last       int64  // table time of the last packet
	touched    uint64 // count of the last packet: orders the lists among each other
	val        T
}

type list struct {
	first, last ID
	n           int
}

// A Table finds the state of a flow by its key. Slots are chosen by a hash with
// a random seed, which a sender of crafted addresses cannot know; nothing that
// the table reports depends on it.
type Table[T any] struct {
	slots   []ID // 0: empty, else ID; linear probing
	pages   [][]entry[T]
	used    ID // entries ever handed out
	free    ID
	n       int
	max     int
	lists   [states]list
	idle    [states]int64
	clock   clock
	now     int64
	touches uint64
	certain uint64 // touches when the clock last was in no doubt
	seed    uint64
	evict   func(Key, *T, Reason)
}

// NewTable returns an empty table. evict is told about every flow that the
// table gives up, just before its value is cleared; it must not call the
// table. A nil evict is allowed.
func NewTable[T any](l Limits, evict func(Key, *T, Reason)) *Table[T] {
	l = l.WithDefaults()
	t := &Table[T]{slots: make([]ID, 64), evict: evict}
	t.max = min(l.Flows, 1<<30)
	t.idle = [states]int64{
		HalfOpen: min(int64(time.Minute), int64(l.Idle)),
		Open:     int64(l.Idle),
		Closing:  min(int64(10*time.Second), int64(l.Idle)),
	}
	t.seed = maphash.String(maphash.MakeSeed(), "")
	return t
}

// Len returns the number of live flows.
func (t *Table[T]) Len() int { return t.n }

// Count returns the number of live flows in state s.
func (t *Table[T]) Count(s State) int { return t.lists[s].n }

// Tick takes the time of one packet and evicts a few flows that have been
// silent for too long. Call it once for every packet of the capture, before
// looking the packet's flow up.
//
// A time that lies more than a minute from those before it moves nothing until
// three packets in a row agree with it; so neither a packet with a bad time
// nor a clock that was set back evicts flows in bulk.
func (t *Table[T]) Tick(at time.Time) {
	if t.clock.agree == 0 {
		t.certain = t.touches
	}
	before := t.now
	t.now = t.clock.tick(at)
	if t.now-before > maxStep {
		t.catchUp()
	}
	for budget := expirePerPacket; budget > 0; budget-- {
		id := t.due()
		if id == 0 {
			return
		}
		t.drop(id, Idle)
	}
}

// catchUp gives the flows that were touched by the packets which moved the
// clock the time that these packets had: it was not believed then.
func (t *Table[T]) catchUp() {
	for s := range t.lists {
		for id := t.lists[s].last; id != 0 && t.at(id).touched > t.certain; id = t.at(id).prev {
			t.at(id).last = t.now
		}
	}
}

// due returns the longest silent flow among those over their time, or 0.
func (t *Table[T]) due() ID {
	var best ID
	for s := range t.lists {
		id := t.lists[s].first
		if id == 0 || t.now-t.at(id).last <= t.idle[s] {
			continue
		}
		if best == 0 || t.at(id).touched < t.at(best).touched {
			best = id
		}
	}
	return best
}

// Lookup returns the flow with key k, or 0. It does not count as a sign of
// life: see [Table.Touch].
func (t *Table[T]) Lookup(k Key) ID {
	h := uint32(k.hash(t.seed))
	mask := uint32(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		id := t.slots[i]
		if id == 0 {
			return 0
		}
		if e := t.at(id); e.hash == h && e.key == k {
			return id
		}
	}
}

// Insert adds a flow that [Table.Lookup] did not find, in state [HalfOpen],
// and returns it with a zero value. A full table first evicts a flow: the
// longest idle half-open one while these are more than half of all, else the
// longest idle closed one, else the longest idle of all. So a flood of SYNs
// drives out itself, and what is over gives way to what goes on.
func (t *Table[T]) Insert(k Key) ID {
	if t.n >= t.max {
		t.drop(t.victim(), Full)
	}
	if 4*(t.n+1) > 3*len(t.slots) {
		t.grow()
	}
	id := t.free
	if id != 0 {
		t.free = t.at(id).next
	} else {
		t.used++
		id = t.used
		if int(id-1)%page == 0 {
			t.pages = append(t.pages, make([]entry[T], page))
		}
	}
	e := t.at(id)
	t.touches++
	e.key, e.hash, e.state, e.live = k, uint32(k.hash(t.seed)), HalfOpen, true
	e.last, e.touched = t.now, t.touches
	t.place(id, e.hash)
	t.push(id, e)
	t.n++
	return id
}

func (t *Table[T]) victim() ID {
	if ho := t.lists[HalfOpen]; ho.n > t.n/2 {
		return ho.first
	}
	if id := t.lists[Closing].first; id != 0 {
		return id
	}
	var best ID
	for s := range t.lists {
		if id := t.lists[s].first; id != 0 && (best == 0 || t.at(id).touched < t.at(best).touched) {
			best = id
		}
	}
	return best
}

// Shed evicts n flows, those first that a full table would evict first, with
// reason [Full].
func (t *Table[T]) Shed(n int) {
	for ; n > 0 && t.n > 0; n-- {
		t.drop(t.victim(), Full)
	}
}

// Value returns the value of a flow.
func (t *Table[T]) Value(id ID) *T { return &t.at(id).val }

// Key returns the key of a flow.
func (t *Table[T]) Key(id ID) Key { return t.at(id).key }

// Touch notes that a flow showed a sign of life now and that it is in state s.
func (t *Table[T]) Touch(id ID, s State) {
	e := t.at(id)
	t.touches++
	e.last, e.touched = t.now, t.touches
	if e.state == s && t.lists[s].last == id {
		return
	}
	t.unlink(id, e)
	e.state = s
	t.push(id, e)
}

// Delete removes a flow without telling evict.
func (t *Table[T]) Delete(id ID) {
	e := t.at(id)
	if !e.live {
		return
	}
	t.unlink(id, e)
	t.unplace(id, e.hash)
	*e = entry[T]{next: t.free}
	t.free = id
	t.n--
}

// All yields the live flows in the order in which they were last touched,
// oldest first. The flow just yielded may be deleted.
func (t *Table[T]) All() iter.Seq2[ID, *T] {
	return func(yield func(ID, *T) bool) {
		var at [states]ID
		for s := range at {
			at[s] = t.lists[s].first
		}
		for {
			best := -1
			for s, id := range at {
				if id != 0 && (best < 0 || t.at(id).touched < t.at(at[best]).touched) {
					best = s
				}
			}
			if best < 0 {
				return
			}
			id := at[best]
			e := t.at(id)
			at[best] = e.next
			if !yield(id, &e.val) {
				return
			}
		}
	}
}

func (t *Table[T]) at(id ID) *entry[T] {
	return &t.pages[uint32(id-1)/page][uint32(id-1)%page]
}

func (t *Table[T]) drop(id ID, why Reason) {
	if e := t.at(id); t.evict != nil {
		t.evict(e.key, &e.val, why)
	}
	t.Delete(id)
}

func (t *Table[T]) push(id ID, e *entry[T]) {
	l := &t.lists[e.state]
	e.prev, e.next = l.last, 0
	if l.last != 0 {
		t.at(l.last).next = id
	} else {
		l.first = id
	}
	l.last = id
	l.n++
}

func (t *Table[T]) unlink(id ID, e *entry[T]) {
	l := &t.lists[e.state]
	if e.prev != 0 {
		t.at(e.prev).next = e.next
	} else {
		l.first = e.next
	}
	if e.next != 0 {
		t.at(e.next).prev = e.prev
	} else {
		l.last = e.prev
	}
	l.n--
}

func (t *Table[T]) place(id ID, h uint32) {
	mask := uint32(len(t.slots) - 1)
	i := h & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = id
}

// unplace empties a slot and moves up what had been pushed past it, so that no
// tombstones build up.
func (t *Table[T]) unplace(id ID, h uint32) {
	mask := uint32(len(t.slots) - 1)
	i := h & mask
	for t.slots[i] != id {
		i = (i + 1) & mask
	}
	for j := i; ; {
		j = (j + 1) & mask
		other := t.slots[j]
		if other == 0 {
			break
		}
		if home := t.at(other).hash & mask; (j-home)&mask >= (j-i)&mask {
			t.slots[i], i = other, j
		}
	}
	t.slots[i] = 0
}

func (t *Table[T]) grow() {
	old := t.slots
	t.slots = make([]ID, 2*len(old))
	for _, id := range old {
		if id != 0 {
			t.place(id, t.at(id).hash)
		}
	}
}
