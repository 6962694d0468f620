package conn

import (
	"fmt"
	"strconv"
	"strings"
)

// count writes a number with its noun: "1 cipher suite", "3 cipher suites".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if s, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(noun, "ay") && !strings.HasSuffix(noun, "ey") {
		return strconv.Itoa(n) + " " + s + "ies"
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// few lists at most n names and says how many more there are of the noun, which
// may be left out.
func few[T fmt.Stringer](xs []T, n int, noun string) string {
	var names []string
	for _, x := range xs[:min(n, len(xs))] {
		names = append(names, x.String())
	}
	s := strings.Join(names, ", ")
	if more := len(xs) - n; more > 0 && noun == "" {
		s += " and " + strconv.Itoa(more) + " more"
	} else if more > 0 {
		s += " and " + strconv.Itoa(more) + " more " + strings.TrimPrefix(count(more, noun), strconv.Itoa(more)+" ")
	}
	return s
}

// cut shortens text from the wire so that one row stays one row.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + fmt.Sprintf("… (%d characters)", len(r))
}

// validFor words a ticket's lifetime.
func validFor(seconds uint32) string {
	switch s := int(seconds); {
	case s == 0:
		return "lifetime not stated"
	case s%86400 == 0:
		return "valid " + count(s/86400, "day")
	case s%3600 == 0:
		return fmt.Sprintf("valid %d h", s/3600)
	case s%60 == 0:
		return fmt.Sprintf("valid %d min", s/60)
	default:
		return fmt.Sprintf("valid %d s", s)
	}
}
