package text

import (
	"unicode"
	"unicode/utf8"
)

// AppendJSON appends s as a JSON string, quotes included. It is always valid
// UTF-8 and safe to print: controls (C0, DEL, C1), bidirectional and other
// format characters and line separators are written as \uXXXX. A byte that is
// not UTF-8 is written as the four characters \xff, which a decoder sees as a
// backslash, an x and two digits; nothing else is changed, so a decoder gets
// back the text as it was sent.
func AppendJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= 0xa0 && n > 1 && !hidden(r) {
			i += n
			continue
		}
		dst = append(dst, s[done:i]...)
		i += n
		done = i
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		case r < 0x10000:
			dst = appendHex(append(dst, '\\', 'u'), r, 4)
		default:
			r -= 0x10000
			dst = appendHex(append(dst, '\\', 'u'), 0xd800+r>>10, 4)
			dst = appendHex(append(dst, '\\', 'u'), 0xdc00+r&0x3ff, 4)
		}
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

// hidden reports whether r, which is not ASCII, acts on other text instead of
// being seen.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cc)
}
