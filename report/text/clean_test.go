package text

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want, ascii string }{
		{"plain", "CN=www.example.test", "CN=www.example.test", "CN=www.example.test"},
		{"empty", "", "", ""},
		{"backslash stays", `a\x1b`, `a\x1b`, `a\x1b`},
		{"escape sequence", "a\x1b[31mred\x1b[0m", `a\x1b[31mred\x1b[0m`, `a\x1b[31mred\x1b[0m`},
		{"operating system command", "\x1b]0;title\a", `\x1b]0;title\x07`, `\x1b]0;title\x07`},
		{"lines", "a\r\nb\tc", `a\r\nb\tc`, `a\r\nb\tc`},
		{"null and delete", "a\x00b\x7f", `a\x00b\x7f`, `a\x00b\x7f`},
		{"C1", "a\u0085b\u009b31m", `a\u0085b\u009b31m`, `a\u0085b\u009b31m`},
		{"bidirectional override", "moc.\u202eelgoog", `moc.\u202eelgoog`, `moc.\u202eelgoog`},
		{"isolates", "\u2066a\u2069", `\u2066a\u2069`, `\u2066a\u2069`},
		{"zero width", "pay\u200bpal\ufeff", `pay\u200bpal\ufeff`, `pay\u200bpal\ufeff`},
		{"tag character", "a\U000e0041", `a\U000e0041`, `a\U000e0041`},
		{"soft hyphen and odd spaces", "a\u00adb\u00a0c\u3000d", `a\u00adb\u00a0c\u3000d`, `a\u00adb\u00a0c\u3000d`},
		{"line separator", "a\u2028b", `a\u2028b`, `a\u2028b`},
		{"private and unassigned", "\ue000\U000e1000", `\ue000\U000e1000`, `\ue000\U000e1000`},
		{"hangul filler", "a\u3164b", `a\u3164b`, `a\u3164b`},
		{"variation selector", "a\ufe0f", `a\ufe0f`, `a\ufe0f`},
		{"invalid UTF-8", "a\xffb\xc3", `a\xffb\xc3`, `a\xffb\xc3`},
		{"surrogate half", "\xed\xa0\x80", `\xed\xa0\x80`, `\xed\xa0\x80`},
		{"letters of other scripts", "bücher.例え.рф", "bücher.例え.рф", `b\u00fccher.\u4f8b\u3048.\u0440\u0444`},
		{"one accent", "e\u0301x", "e\u0301x", `e\u0301x`},
		{"mark without a base", "\u0301x", `\u0301x`, `\u0301x`},
		{"mark behind an escape", "\u200b\u0301x", `\u200b\u0301x`, `\u200b\u0301x`},
		{"flood of marks", "e" + strings.Repeat("\u0301", 6), "e" + strings.Repeat("\u0301", 4) + `\u0301\u0301`, "e" + strings.Repeat(`\u0301`, 6)},
		{"our own signs", "a → b ≤ 3 …", "a → b ≤ 3 …", "a -> b <= 3 ..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got := ASCII(tt.in); got != tt.ascii {
				t.Errorf("ASCII(%q) = %q, want %q", tt.in, got, tt.ascii)
			}
		})
	}
}

var hostile = []string{"", "a", "\x00\x01\x1b[2J", "\u202e\u2066x", "e\u0301\u0301\u0301\u0301\u0301", "\xff\xfe", "例え 例え例え", "a  b   c", "\u200d👩\u200d👩", "\ufdfd", "\U0001f1e9\U0001f1ea",
	"\u1160\u1161\u1162\u1163\u1164\u1165", "\n\n", strings.Repeat("x", 300), `"\`, "\u2028<&>"}

func FuzzClean(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if !utf8.ValidString(c) {
			t.Fatalf("Clean(%q) = %q is not UTF-8", s, c)
		}
		for _, r := range c {
			if r < ' ' || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Cf, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
				t.Fatalf("Clean(%q) has %U", s, r)
			}
		}
		if again := Clean(c); again != c {
			t.Fatalf("Clean is not idempotent: %q, %q", c, again)
		}
		a := ASCII(s)
		if plain(a) != len(a) {
			t.Fatalf("ASCII(%q) = %q", s, a)
		}
		if len(c) > 6*len(s) || len(a) > 6*len(s) {
			t.Fatalf("%d bytes became %d and %d", len(s), len(c), len(a))
		}
	})
}

func FuzzWrap(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		width = 2 + int(uint(width)%100)
		s = Clean(s)
		lines := Wrap(s, width)
		if len(lines) == 0 {
			t.Fatal("no line")
		}
		for _, l := range lines {
			if Width(l) > width {
				t.Fatalf("Wrap(%q, %d) has the line %q", s, width, l)
			}
		}
		squeeze := strings.NewReplacer(" ", "")
		if got, want := squeeze.Replace(strings.Join(lines, "")), squeeze.Replace(s); got != want {
			t.Fatalf("Wrap(%q, %d) changed the text: %q", s, width, lines)
		}
		for _, word := range strings.Fields(s) {
			if Width(word) <= width && !strings.Contains(strings.Join(lines, "\n"), word) {
				t.Fatalf("Wrap(%q, %d) broke %q", s, width, word)
			}
		}
	})
}

func FuzzAppendJSON(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendJSON(nil, s)
		if !utf8.Valid(b) {
			t.Fatalf("%q is not UTF-8", b)
		}
		for _, r := range string(b) {
			if r < ' ' || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Fatalf("%q has %U", b, r)
			}
		}
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if utf8.ValidString(s) && got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}

func TestAppendJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "h2", `"h2"`},
		{"quote and backslash", `a"b\c`, `"a\"b\\c"`},
		{"controls", "\x1b\n\x7f\u009b", `"\u001b\n\u007f\u009b"`},
		{"bidirectional", "\u202eabc", `"\u202eabc"`},
		{"beyond the first plane", "\U000e0041😀", `"\udb40\udc41😀"`},
		{"invalid UTF-8", "a\xff", `"a\\xff"`},
		{"letters", "bücher例", `"bücher例"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(AppendJSON(nil, tt.in)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() { buf = AppendJSON(buf[:0], "www.bücher.example \x1b") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		name, in string
		width    int
		want     string // lines joined by |
	}{
		{"fits", "a b", 10, "a b"},
		{"empty", "", 10, ""},
		{"spaces only", "   ", 10, ""},
		{"at spaces", "one two three", 7, "one two|three"},
		{"spaces inside stay", "a  b c", 4, "a  b|c"},
		{"spaces at a break vanish", "aaaa    bbbb", 6, "aaaa|bbbb"},
		{"long word", "abcdefghij kl", 4, "abcd|efgh|ij|kl"},
		{"rest of a long word takes more", "abcdefghi kl", 4, "abcd|efgh|i kl"},
		{"a word before a long word", "ab cdefghij", 4, "ab|cdef|ghij"},
		{"wide characters", "例え例え例え", 5, "例え|例え|例え"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(Wrap(tt.in, tt.width), "|"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	tests := []struct {
		name, in string
		n        int
		want     string
	}{
		{"fits", "abc", 3, "abc"},
		{"cut", "abcdef", 3, "abc [+3 characters]"},
		{"wide characters", "例え例え", 5, "例え [+2 characters]"},
		{"fits though it has more bytes", "例え", 4, "例え"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Shorten(tt.in, tt.n); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{"1 entry": Count(1, "entry"), "2 entries": Count(2, "entry"), "2 keys": Count(2, "key"), "0 packets": Count(0, "packet")} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
