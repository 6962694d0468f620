// Package text makes text from the wire fit to be shown: it replaces what could
// mislead a reader or a terminal, measures how wide text is, wraps and shortens
// it, and says how output looks.
//
// In go strings as packets and certificates carry them, any bytes at all; out
// come strings that hold no control character, no escape sequence, no
// bidirectional override, no invisible character and no invalid UTF-8. Nothing
// here knows about TLS, reads the environment or looks at a terminal, and no
// input makes it panic. Output grows by at most a constant factor of the input.
package text

import "time"

// A Style is how a report looks. The caller decides it; no report looks at the
// terminal or the environment.
type Style struct {
	Width   int            // columns of a line; 0 means lines are as long as they come
	Color   bool           // SGR colours; they never carry meaning alone
	ASCII   bool           // no box drawing and no arrows; other characters are escaped
	Zone    *time.Location // nil: milliseconds since the connection began; else times of that zone
	Verbose int            // 1: every message and every certificate; 2: every field as well
	Hex     bool           // with Verbose 2: the bytes of each message, and values in full
	Quiet   bool           // findings and failures only
	Capture string         // name of the capture, where results of several are told apart by it; only JSON does
}

// minWidth is the narrowest line that the tables are laid out for.
const minWidth = 40

// noLimit is the width of lines that are as long as they come.
const noLimit = 1 << 20

// Columns returns the number of columns that lines are laid out for: at least
// 40, and very many if Width is 0.
func (s Style) Columns() int {
	if s.Width <= 0 {
		return noLimit
	}
	return max(s.Width, minWidth)
}

// Limited reports whether lines have a limit.
func (s Style) Limited() bool { return s.Width > 0 }

// Text makes s fit to be shown in this style: see [Clean] and, for ASCII
// styles, [ASCII].
func (s Style) Text(t string) string {
	if s.ASCII {
		return ASCII(t)
	}
	return Clean(t)
}
