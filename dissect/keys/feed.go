package keys

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// A Feed takes a key log piece by piece, as a file that still grows is read.
// It is for one goroutine; the Log behind it may be in use meanwhile.
type Feed struct {
	log     *Log
	source  string
	part    []byte // of a line that has not ended
	long    bool   // that line is too long
	line    int
	added   int
	begun   bool
	binary  bool // has bytes that no text has
	lead    []byte
	decoded [maxLogLine / 2]byte
}

// Feed returns a Feed into l. Source names it in [Junk].
func (l *Log) Feed(source string) *Feed { return &Feed{log: l, source: source} }

// Format shows nothing of the secrets.
func (f *Feed) Format(s fmt.State, _ rune) { hide(s) }

// Write takes the next bytes. Lines that are complete count at once. It never
// fails.
func (f *Feed) Write(p []byte) (int, error) {
	n := len(p)
	if len(f.lead) < 64 {
		f.lead = append(f.lead, p[:min(n, 64-len(f.lead))]...)
	}
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		piece := p
		if i >= 0 {
			piece = p[:i]
		}
		if len(f.part)+len(piece) > maxLogLine {
			f.long, f.part = true, f.part[:0]
		}
		if !f.long {
			f.part = append(f.part, piece...)
		}
		if i < 0 {
			return n, nil
		}
		f.endLine()
		p = p[i+1:]
	}
	return n, nil
}

// Close takes a last line that has no line feed. It never fails.
func (f *Feed) Close() error {
	if len(f.part) > 0 || f.long {
		f.endLine()
	}
	return nil
}

func (f *Feed) endLine() {
	f.line++
	text := f.part
	f.part = f.part[:0]
	if f.long {
		f.long = false
		f.junk(fmt.Sprintf("the line is longer than %d bytes", maxLogLine))
		return
	}
	if !f.begun {
		f.begun = true
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		text = bytes.TrimPrefix(text, []byte("\xff\xfe")) // UTF-16 of Windows shells
	}
	if bytes.IndexByte(text, 0) >= 0 { // UTF-16, or a hole in a file cut while written
		k := 0
		for _, c := range text {
			if c != 0 {
				text[k] = c
				k++
			}
		}
		text = text[:k]
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] == '#' {
		return
	}
	if why := f.parse(text); why != "" {
		for _, c := range text {
			f.binary = f.binary || c < 0x20 && c != '\t' || c == 0x7f || c >= 0xf8
		}
		f.junk(why)
	}
}

func (f *Feed) junk(why string) {
	l := f.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Lines++
	l.stats.Junk++
	if len(l.stats.FirstJunk) < maxJunkKept {
		l.stats.FirstJunk = append(l.stats.FirstJunk, Junk{f.source, f.line, why})
	}
}

// parse reads a line and returns what is wrong with it.
func (f *Feed) parse(text []byte) (why string) {
	label, rest := cutField(text)
	key, rest := cutField(rest)
	value, rest := cutField(rest)
	if len(label) > 64 {
		return "the line does not begin with a label"
	}
	var upper [64]byte
	n := 0
	for _, c := range label {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[n] = c
		n++
	}
	l, gen, ok := parseLabel(upper[:n])
	switch {
	case !ok:
		return "unknown label"
	case len(value) == 0:
		return "fewer than three fields"
	case len(rest) != 0:
		return "more than three fields"
	}
	if k, v, ok := sessionForm(l, key, value); ok {
		l, key, value = SessionMaster, k, v
	}
	return f.take(l, gen, key, value)
}

// sessionForm recognises "RSA Session-ID:HEX Master-Key:HEX".
func sessionForm(l Label, key, value []byte) (k, v []byte, ok bool) {
	const id, master = "session-id:", "master-key:"
	if l != RSAPremaster || len(key) < len(id) || len(value) < len(master) ||
		!bytes.EqualFold(key[:len(id)], []byte(id)) || !bytes.EqualFold(value[:len(master)], []byte(master)) {
		return nil, nil, false
	}
	return key[len(id):], value[len(master):], true
}

// take decodes the two hexadecimal fields and stores them.
func (f *Feed) take(l Label, gen int, key, value []byte) string {
	var k [64]byte
	if len(key)%2 != 0 || len(value)%2 != 0 {
		return "an odd number of hexadecimal digits"
	}
	if len(key) > 2*len(k) {
		return "the second field is too long"
	}
	n, err := hex.Decode(k[:], key)
	if err != nil {
		return "the second field is not hexadecimal"
	}
	m, err := hex.Decode(f.decoded[:], value)
	if err != nil {
		return "the third field is not hexadecimal"
	}
	switch want := keyLen(l); {
	case want > 0 && n != want:
		return fmt.Sprintf("the second field has %d bytes, %d expected", n, want)
	case l == SessionMaster && (n == 0 || n > 32):
		return fmt.Sprintf("a session ID of %d bytes", n)
	case !lengthFits(l, m):
		return fmt.Sprintf("a secret of %d bytes", m)
	}
	f.log.mu.Lock()
	f.log.stats.Lines++
	f.log.mu.Unlock()
	if f.log.put(l, gen, k[:n], f.decoded[:m], f.source, f.line) {
		f.added++
	}
	clear(f.decoded[:m])
	return ""
}

// keyLen returns the length of the second field in bytes, 0 if it varies.
func keyLen(l Label) int {
	switch l {
	case RSAPremaster:
		return 8
	case SessionMaster:
		return 0
	}
	return 32
}

// lengthFits reports whether a secret of the label may have n bytes.
func lengthFits(l Label, n int) bool {
	switch l {
	case ClientRandom, SessionMaster, RSAPremaster:
		return n == 48
	case PMSClientRandom, ECHSecret, ECHConfig:
		return n > 0 // a Diffie-Hellman result has the length of its group
	}
	return n == 32 || n == 48 || n == 64
}

// cutField returns the first field of b and what follows the blanks behind it.
func cutField(b []byte) (field, rest []byte) {
	i := bytes.IndexAny(b, " \t")
	if i < 0 {
		return b, nil
	}
	return b[:i], bytes.TrimLeft(b[i:], " \t")
}

// A LogError says that a file is no key log.
type LogError struct {
	Source string
	What   string // "binary data, not text"
	Tip    string // what to do about it; may be empty
	Err    error  // from reading, if that failed
}

func (e *LogError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("key log %s: %v", e.Source, e.Err)
	}
	return fmt.Sprintf("key log %s: %s", e.Source, e.What)
}

// Hint says what to do about it.
func (e *LogError) Hint() string { return e.Tip }

// Unwrap returns the error of the reader.
func (e *LogError) Unwrap() error { return e.Err }

// Load reads a key log to its end. Lines that cannot be read are counted in
// [LogStats]; only a file without a single good line that is obviously
// something else is a *LogError, and a reader that fails. An empty file is
// none: programs make it before they write to it.
func (l *Log) Load(r io.Reader, source string) error {
	f := l.Feed(source)
	good := l.Stats().Lines - l.Stats().Junk
	if _, err := io.Copy(f, r); err != nil {
		return &LogError{Source: source, Err: err}
	}
	_ = f.Close()
	s := l.Stats()
	if s.Lines-s.Junk > good || f.line == 0 {
		return nil
	}
	what, tip := f.guess()
	if what == "" {
		return nil
	}
	return &LogError{Source: source, What: what, Tip: tip}
}

// ErrNoPassword says that a private key is encrypted and no password is known.
var ErrNoPassword = errors.New("the key is encrypted: a password is needed")

// guess says what a file without good lines is, or "".
func (f *Feed) guess() (what, tip string) {
	switch head := f.lead; {
	case bytes.HasPrefix(head, []byte("-----BEGIN ")):
		return "a PEM file, not a key log", "a private key is given with --private-key"
	case bytes.HasPrefix(head, []byte("\x0a\x0d\x0d\x0a")), bytes.HasPrefix(head, []byte("\xd4\xc3\xb2\xa1")),
		bytes.HasPrefix(head, []byte("\xa1\xb2\xc3\xd4")), bytes.HasPrefix(head, []byte("\x4d\x3c\xb2\xa1")):
		return "a capture file, not a key log", "a key log is what programs write to the file named by SSLKEYLOGFILE"
	case f.binary:
		return "binary data, not a key log", "a key log is the text that programs write to the file named by SSLKEYLOGFILE"
	}
	return "", ""
}
