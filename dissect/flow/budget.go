package flow

// A Budget bounds what several streams hold together. A nil Budget bounds
// nothing. It is used by one goroutine.
type Budget struct{ left int }

// NewBudget returns a Budget of n bytes.
func NewBudget(n int) *Budget { return &Budget{left: n} }

// Take asks for n bytes, n ≥ 0, and reports whether it got them. Who got them
// gives them back.
func (b *Budget) Take(n int) bool {
	if b == nil {
		return true
	}
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

// Give gives back n bytes that were taken.
func (b *Budget) Give(n int) {
	if b != nil {
		b.left += n
	}
}

// Left returns how many bytes are not taken, 0 for a nil Budget.
func (b *Budget) Left() int {
	if b == nil {
		return 0
	}
	return b.left
}
