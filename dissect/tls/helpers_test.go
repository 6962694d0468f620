package tls

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A sample is a handshake message as it was sent, with what was agreed on when
// it was.
type sample struct {
	name string
	typ  HandshakeType
	ctx  Context
	body []byte
}

// samples reads testdata/messages/NAME.hex: lines of hexadecimal digits, after
// "#" a comment, and in the first line "# VERSION SUITE [rpk]" in hexadecimal.
// The bytes are whole handshake messages with their headers.
func samples(t testing.TB) []sample {
	t.Helper()
	files, err := filepath.Glob("testdata/messages/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	list := make([]sample, 0, len(files))
	for _, f := range files {
		list = append(list, readSample(t, f))
	}
	return list
}

func readSample(t testing.TB, file string) sample {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := sample{name: strings.TrimSuffix(filepath.Base(file), ".hex")}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		if head, ok := strings.CutPrefix(line, "# context "); ok {
			s.ctx = parseContext(t, head)
		}
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(code), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	h, ok := ParseHeader(b)
	if !ok || h.Length != len(b)-HandshakeHeaderLen {
		t.Fatalf("%s: header %+v does not fit %d bytes", file, h, len(b))
	}
	s.typ, s.body = h.Type, b[HandshakeHeaderLen:]
	return s
}

func parseContext(t testing.TB, text string) Context {
	t.Helper()
	f := strings.Fields(text)
	code := func(s string) uint16 {
		v, err := strconv.ParseUint(s, 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		return uint16(v)
	}
	return Context{Version: Version(code(f[0])), Suite: CipherSuite(code(f[1])), RawPublicKey: len(f) > 2 && f[2] == "rpk"}
}

// body returns the body of the named sample.
func body(t testing.TB, name string) []byte {
	t.Helper()
	return readSample(t, filepath.Join("testdata", "messages", name+".hex")).body
}

// vec returns b behind its length in width bytes.
func vec(width int, parts ...[]byte) []byte {
	b := cat(parts...)
	out := make([]byte, width, width+len(b))
	for i, n := width-1, len(b); i >= 0; i, n = i-1, n>>8 {
		out[i] = byte(n)
	}
	return append(out, b...)
}

// cat returns the parts one after the other.
func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// fill returns n bytes that count up from start.
func fill(n int, start byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = start + byte(i)
	}
	return b
}

// A field is what a Tracer hears.
type field struct {
	name   string
	off, n int
}

func (f field) String() string { return fmt.Sprintf("%d+%d %s", f.off, f.n, f.name) }

// traced returns the fields that run reports.
func traced(run func(wire.Tracer) error) (fields []field, err error) {
	err = run(func(name string, off, n int) { fields = append(fields, field{name, off, n}) })
	return fields, err
}

// leaves returns the fields into which no later field falls.
func leaves(fields []field) []field {
	var out []field
	for i, f := range fields {
		leaf := f.n > 0
		for _, g := range fields[i+1:] {
			if g.off >= f.off+f.n {
				break // fields come in the order of their offsets, containers first
			}
			if g.n > 0 {
				leaf = false
				break
			}
		}
		if leaf {
			out = append(out, f)
		}
	}
	return out
}

// checkTiles fails unless the leaves of fields cover n bytes, each once.
func checkTiles(t *testing.T, fields []field, n int) {
	t.Helper()
	at := 0
	for _, f := range leaves(fields) {
		if f.off != at {
			t.Fatalf("%v does not begin at %d; all fields:\n%v", f, at, fields)
		}
		at = f.off + f.n
	}
	if at != n {
		t.Fatalf("the leaves end at %d of %d; all fields:\n%v", at, n, fields)
	}
}

// wireError fails unless err is nil or a *wire.Error that fits n bytes.
func wireError(t *testing.T, err error, n int) {
	t.Helper()
	if err == nil {
		return
	}
	var e *wire.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is not a *wire.Error: %v", err, err)
	}
	if e.Field == "" || e.Off < 0 || e.Off > n || e.Have > n-e.Off {
		t.Fatalf("%+v cannot be in %d bytes", e, n)
	}
}

// checkMessage holds what is true of every input: tracing does not change the
// result and covers all bytes.
func checkMessage(t *testing.T, typ HandshakeType, ctx Context, b []byte) error {
	t.Helper()
	fields, err := traced(func(tr wire.Tracer) error { return Trace(typ, b, ctx, tr) })
	wireError(t, err, len(b))
	checkTiles(t, fields, len(b))
	plain := Trace(typ, b, ctx, nil)
	if (plain == nil) != (err == nil) {
		t.Fatalf("traced: %v; not traced: %v", err, plain)
	}
	if plain != nil {
		var p, q *wire.Error
		if errors.As(plain, &p) && errors.As(err, &q) && (p.Off != q.Off || p.Need != q.Need || p.Have != q.Have) {
			t.Fatalf("traced: %v; not traced: %v", err, plain)
		}
	}
	return err
}

// within fails unless v is part of b.
func within(t *testing.T, b, v []byte) {
	t.Helper()
	if len(v) == 0 {
		return
	}
	if len(v) > len(b) {
		t.Fatalf("%d bytes cannot be part of %d", len(v), len(b))
	}
	for i := range b {
		if &b[i] == &v[0] {
			if len(v) > len(b)-i {
				t.Fatalf("slice of %d bytes at %d runs past %d", len(v), i, len(b))
			}
			return
		}
	}
	t.Fatalf("slice of %d bytes is not part of the message", len(v))
}

// equal fails with the difference unless want and got are the same.
func equal(t *testing.T, what string, want, got any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
