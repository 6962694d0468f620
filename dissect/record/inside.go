package record

// Inside reports whether records stand anywhere in b, as in a capture that
// begins in the middle of a record: two headers in a row, or one whose record
// ends where b does.
func Inside(b []byte) bool { return new(Finder).Inside(b) }

// A Finder is [Inside] for bytes that come little by little: it looks at each of
// them once. The zero Finder has seen nothing.
type Finder struct {
	at   int    // where the next header may begin
	open []span // records that end at the end of what was seen, or behind it
}

type span struct{ begin, end int }

// mostOpen bounds them. Bytes that look like that many headers are none.
const mostOpen = 256

// Inside is told all bytes: those it was told before, and others behind them.
func (f *Finder) Inside(b []byte) bool {
	for ; f.at+headerLen <= len(b); f.at++ {
		if next, ok := recordAt(b, f.at); ok {
			if len(f.open) == mostOpen {
				f.open = append(f.open[:0], f.open[1:]...)
			}
			f.open = append(f.open, span{f.at, next})
		}
	}
	found, kept := false, f.open[:0]
	for _, r := range f.open {
		if r.end+headerLen <= len(b) {
			if _, ok := recordAt(b, r.end); !ok {
				continue
			}
			found = true
		}
		found = found || r.end == len(b)
		kept = append(kept, r)
	}
	f.open = kept
	return found
}

// Drop tells that the first n of the bytes are no longer there.
func (f *Finder) Drop(n int) {
	if n == 0 {
		return
	}
	f.at = max(0, f.at-n)
	kept := f.open[:0]
	for _, r := range f.open {
		if r.begin >= n {
			kept = append(kept, span{r.begin - n, r.end - n})
		}
	}
	f.open = kept
}
