package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// maxMarks is the number of combining marks that may follow a character. Four
// are enough for every living language; floods of them paint over other lines.
const maxMarks = 4

// Clean replaces by visible escapes whatever in s could mislead a reader or a
// terminal:
//
//	\n \r \t      line feed, carriage return, tab
//	\x1b          other controls (C0, DEL); bytes that are not UTF-8 (from \x80)
//	\u202e        C1 controls, bidirectional and other format characters, spaces
//	\U000e0041    that are not ASCII, unassigned, private and invisible characters,
//	              combining marks without a base or above the fourth in a row
//
// A backslash stays a backslash, so that cleaning twice changes nothing; text
// that spells out an escape looks like one.
func Clean(s string) string {
	i := plain(s)
	if i == len(s) {
		return s
	}
	return string(appendClean(make([]byte, 0, len(s)+16), s, i, false))
}

// ASCII is [Clean] for outputs that show ASCII only. Typographic signs that the
// reports themselves use become their usual stand-ins ("->" for an arrow); all
// other characters become escapes.
func ASCII(s string) string {
	i := plain(s)
	if i == len(s) {
		return s
	}
	return string(appendClean(make([]byte, 0, len(s)+16), s, i, true))
}

// plain returns the length of the printable ASCII at the front of s.
func plain(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return i
		}
	}
	return len(s)
}

// appendClean appends s, whose first done bytes are printable ASCII.
func appendClean(dst []byte, s string, done int, ascii bool) []byte {
	dst = append(dst, s[:done]...)
	marks := 0
	if done == 0 {
		marks = maxMarks // nothing stands before them that they could belong to
	}
	for i := done; i < len(s); {
		c := s[i]
		if c >= ' ' && c <= '~' {
			dst = append(dst, c)
			marks = 0
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			marks = maxMarks
		case ascii:
			if t := standIn(r); t != "" {
				dst = append(dst, t...)
			} else {
				dst = appendEscape(dst, r)
			}
		case isMark(r) && marks < maxMarks && showable(r):
			dst = utf8.AppendRune(dst, r)
			marks++
		case isMark(r) || !showable(r):
			dst = appendEscape(dst, r)
			marks = maxMarks
		default:
			dst = utf8.AppendRune(dst, r)
			marks = 0
		}
	}
	return dst
}

// showable reports whether a reader sees r for what it is.
func showable(r rune) bool {
	const brailleBlank = 0x2800
	return unicode.IsPrint(r) && r != brailleBlank &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isMark reports whether r is drawn into the place of the character before it.
func isMark(r rune) bool {
	return r >= 0x300 && (unicode.In(r, unicode.Mn, unicode.Me) || unicode.IsPrint(r) && displaywidth.Rune(r) == 0)
}

const hexDigits = "0123456789abcdef"

// appendEscape appends the visible escape of r.
func appendEscape(dst []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	case r < 0x80:
		return append(dst, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
	case r < 0x10000:
		return appendHex(append(dst, '\\', 'u'), r, 4)
	}
	return appendHex(append(dst, '\\', 'U'), r, 8)
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[r>>(4*i)&15])
	}
	return dst
}

// standIn returns what ASCII output shows for a sign that the reports use.
func standIn(r rune) string {
	switch r {
	case '→':
		return "->"
	case '←':
		return "<-"
	case '–', '—', '─':
		return "-"
	case '…':
		return "..."
	case '≤':
		return "<="
	case '≥':
		return ">="
	case '×':
		return "x"
	case '‘', '’':
		return "'"
	case '“', '”':
		return `"`
	}
	return ""
}
