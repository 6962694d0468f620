package keys

import (
	"bytes"
	"maps"
	"slices"
)

const hexDigits = "0123456789abcdef"

// hexTo writes s, whose Format would hide it, and a line feed.
func hexTo(b *bytes.Buffer, s secret) {
	for _, c := range s {
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	b.WriteByte('\n')
}

// sorted returns the entries of a map in an order that is always the same.
func sorted[K comparable](m map[K]*entry) []*entry {
	return slices.SortedFunc(maps.Values(m), func(a, b *entry) int { return bytes.Compare(a.key, b.key) })
}
