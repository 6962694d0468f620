package record

import (
	"math/rand/v2"
	"testing"
)

// inside is what a Finder is to tell, looked for anew.
func inside(b []byte) bool {
	for i := range b {
		if next, ok := recordAt(b, i); ok {
			if _, ok := recordAt(b, next); ok || next == len(b) {
				return true
			}
		}
	}
	return false
}

// TestFinder lets bytes grow and shrink in any steps: a Finder says of them what
// looking anew would say.
func TestFinder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	yes, no := 0, 0
	for range 3000 {
		var b []byte
		var f Finder
		for range 30 {
			for range r.IntN(30) { // records, headers without their records, and others
				switch r.IntN(6) {
				case 0:
					n := r.IntN(12)
					b = append(append(b, 23, 3, 3, 0, byte(n)), make([]byte, n)...)
				case 1:
					b = append(b, 22, 3, byte(r.IntN(5)), 0, byte(r.IntN(40)))
				default:
					b = append(b, byte(r.IntN(256)))
				}
				if r.IntN(4) == 0 {
					break
				}
			}
			if r.IntN(3) == 0 {
				n := r.IntN(len(b) + 1)
				b = b[n:]
				f.Drop(n)
			}
			want := inside(b)
			if got := f.Inside(b); got != want {
				t.Fatalf("%v in %x", got, b)
			}
			if want {
				yes++
			} else {
				no++
			}
		}
	}
	if yes < 1000 || no < 1000 {
		t.Errorf("%d yes, %d no: the test tests little", yes, no)
	}
}

// TestFinderBound holds that bytes full of headers do not make it keep more and
// more.
func TestFinderBound(t *testing.T) {
	var f Finder
	var b []byte
	for range 10 * mostOpen {
		b = append(b, 23, 3, 3, 0x3f, 0)
		f.Inside(b)
	}
	if len(f.open) > mostOpen || cap(f.open) > 2*mostOpen {
		t.Errorf("%d records are kept, room for %d", len(f.open), cap(f.open))
	}
}
