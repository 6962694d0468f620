package table

import (
	"strings"

	"github.com/tlslens/tlslens/report/text"
)

// SGR parameters (ECMA-48, Section 8.3.117) of the colours that reports use.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint sets s, one line, in a colour; "" leaves it as it is.
func paint(color, s string) string {
	if color == "" || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// shown returns the width of finished text, colours aside.
func shown(s string) int {
	w := 0
	for {
		before, after, found := strings.Cut(s, "\x1b[")
		w += text.Width(before)
		if !found {
			return w
		}
		_, s, _ = strings.Cut(after, "m")
	}
}
