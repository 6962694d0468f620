package keys

import (
	"bytes"
	"compress/zlib"
	"math/rand/v2"
	"testing"
)

// TestInflater unpacks records that zlib flushed one after the other, more
// than the window in all.
func TestInflater(t *testing.T) {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	var z inflater
	var texts [][]byte
	for i := range 40 {
		text := make([]byte, 1+rnd.IntN(16384))
		for j := range text {
			text[j] = byte('a' + rnd.IntN(4))
		}
		if i > 2 { // matches with text far behind
			copy(text, texts[i-1])
			copy(text[len(text)/2:], texts[i-2])
		}
		texts = append(texts, text)
		out.Reset()
		_, _ = w.Write(text)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, ok := z.record(out.Bytes())
		if !ok || !bytes.Equal(got, text) {
			t.Fatalf("record %d: %d bytes of %d, %v", i, len(got), len(text), ok)
		}
	}
	if len(z.history) != inflateWindow {
		t.Errorf("%d bytes of history", len(z.history))
	}
	tests := []struct {
		name string
		in   []byte
	}{
		{"empty", nil},
		{"no zlib", []byte("hello, world")},
		{"too much", deflated(t, make([]byte, 16385))},
		{"a bomb", deflated(t, make([]byte, 50<<20))},
		{"broken", append([]byte{0x78, 0x9c}, bytes.Repeat([]byte{0xff}, 40)...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var z inflater
			if got, ok := z.record(tt.in); ok {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
	var full inflater
	if got, ok := full.record(deflated(t, make([]byte, 16384))); !ok || len(got) != 16384 {
		t.Errorf("the largest record: %d bytes", len(got))
	}
}

func deflated(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
