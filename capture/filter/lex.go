package filter

import (
	"net/netip"
	"strings"
)

// maxExpr bounds an expression in bytes: far above what 4096 instructions can
// hold, far below what would take noticeable time.
const maxExpr = 64 << 10

type tokenKind uint8

const (
	tEOF    tokenKind = iota
	tWord             // a keyword; text is its canonical spelling
	tOp               // an operator or a bracket; text is its canonical spelling
	tNum              // a number; num is its value
	tDotted           // two to four numbers with dots: an IPv4 address or a part of one
	tIPv6
	tMAC
	tName // any other word: the name of a port, protocol or host
)

type token struct {
	kind tokenKind
	text string
	num  uint32
	pos  int // byte offset into the expression
}

func (t token) String() string {
	if t.kind == tEOF {
		return "the end"
	}
	return quote(t.text)
}

func (t token) is(text string) bool {
	return (t.kind == tWord || t.kind == tOp) && t.text == text
}

// quote puts untrusted text into a message: the expression may come from a
// terminal or a script, so control characters are escaped.
func quote(s string) string {
	if len(s) > 60 {
		s = s[:60] + "..."
	}
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f {
			const hex = "0123456789abcdef"
			b.WriteString(`\x`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(c)
	}
	b.WriteByte('\'')
	return b.String()
}

// lex cuts an expression into tokens, the last of which is tEOF. As in
// libpcap's scanner the longest token wins, and of equally long ones a keyword
// before a MAC address before a number before an address before a name.
func lex(s string) ([]token, *SyntaxError) {
	if len(s) > maxExpr {
		return nil, &SyntaxError{What: "the filter is longer than 64 KiB", hint: "use networks and port ranges in place of long lists"}
	}
	var toks []token
	for i := 0; i < len(s); {
		if strings.IndexByte(" \t\r\n", s[i]) >= 0 {
			i++
			continue
		}
		t, n, err := lexOne(s, i)
		if err != nil {
			return nil, err
		}
		toks = append(toks, t)
		i += n
	}
	return append(toks, token{kind: tEOF, pos: len(s)}), nil
}

func lexOne(s string, i int) (token, int, *SyntaxError) {
	rest := s[i:]
	if rest[0] == '\\' {
		n := 1 + scanUntil(rest[1:], " !()\n\t")
		if n == 1 {
			return token{}, 0, errAt(token{pos: i}, "write the name of a protocol after it, as in: ip proto \\tcp", "nothing follows the backslash")
		}
		return token{kind: tName, text: rest[1:n], pos: i}, n, nil
	}
	name, mac, num, dot, v6 := scanName(rest), scanMAC(rest), scanNum(rest), scanDotted(rest), scanIPv6(rest)
	longest := max(name, mac, num, dot, v6)
	if longest == 0 {
		return lexOp(rest, i)
	}
	t := token{text: rest[:longest], pos: i}
	if name == longest {
		if w, ok := keyword(t.text); ok {
			t.kind, t.text = tWord, w
			return t, longest, nil
		}
	}
	switch longest {
	case mac:
		t.kind = tMAC
	case num:
		t.kind = tNum
		var err *SyntaxError
		if t.num, err = parseNum(t); err != nil {
			return t, 0, err
		}
	case dot:
		t.kind = tDotted
	case v6:
		t.kind = tIPv6
	default:
		t.kind = tName
		if v, ok := constant(t.text); ok {
			t.kind, t.num = tNum, v
		}
	}
	return t, longest, nil
}

func lexOp(rest string, i int) (token, int, *SyntaxError) {
	for _, o := range [...]struct{ in, out string }{
		{"&&", "and"}, {"||", "or"}, {">=", ">="}, {"<=", "<="}, {"!=", "!="},
		{"==", "="}, {"<<", "<<"}, {">>", ">>"}, {"!", "not"},
	} {
		if strings.HasPrefix(rest, o.in) {
			return token{kind: tOp, text: o.out, pos: i}, len(o.in), nil
		}
	}
	if strings.IndexByte("+-*/%:[]<>()&|^=", rest[0]) >= 0 {
		return token{kind: tOp, text: rest[:1], pos: i}, 1, nil
	}
	return token{}, 0, errAt(token{pos: i}, "", "the character %s is not part of the filter language", quote(rest[:1]))
}

func scanUntil(s, stop string) int {
	if n := strings.IndexAny(s, stop); n >= 0 {
		return n
	}
	return len(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
func isAlnum(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// scanName: a letter or digit, then letters, digits, dots, dashes and
// underscores, of which neither a dash nor an underscore is the last.
func scanName(s string) int {
	if !isAlnum(s[0]) {
		return 0
	}
	end := 1
	for i := 1; i < len(s); i++ {
		switch {
		case isAlnum(s[i]) || s[i] == '.':
			end = i + 1
		case s[i] != '-' && s[i] != '_':
			return end
		}
	}
	return end
}

func scanNum(s string) int {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isHex(s[2]) {
		return 2 + run(s[2:], isHex)
	}
	return run(s, isDigit)
}

func run(s string, f func(byte) bool) int {
	n := 0
	for n < len(s) && f(s[n]) {
		n++
	}
	return n
}

func scanDotted(s string) int {
	n := run(s, isDigit)
	if n == 0 {
		return 0
	}
	parts := 1
	for parts < 4 && n < len(s) && s[n] == '.' {
		m := run(s[n+1:], isDigit)
		if m == 0 {
			break
		}
		n += 1 + m
		parts++
	}
	if parts == 1 {
		return 0
	}
	return n
}

// scanMAC finds the three spellings of a MAC address: six groups of one or two
// digits with one of ":", "-", "."; three groups of four with "."; twelve
// digits.
func scanMAC(s string) int {
	longest := 0
	for _, sep := range []byte(":-.") {
		longest = max(longest, scanGroups(s, 6, 1, 2, sep))
	}
	longest = max(longest, scanGroups(s, 3, 4, 4, '.'))
	if longest == 0 && run(s[:min(12, len(s))], isHex) == 12 {
		longest = 12
	}
	return longest
}

func scanGroups(s string, groups, least, most int, sep byte) int {
	n := 0
	for g := range groups {
		if g > 0 {
			if n >= len(s) || s[n] != sep {
				return 0
			}
			n++
		}
		m := min(run(s[n:], isHex), most)
		if m < least {
			return 0
		}
		n += m
	}
	return n
}

func scanIPv6(s string) int {
	n := run(s[:min(len(s), 45)], func(c byte) bool { return isHex(c) || c == ':' || c == '.' })
	for ; n > 1; n-- {
		if strings.IndexByte(s[:n], ':') < 0 {
			return 0
		}
		if _, err := netip.ParseAddr(s[:n]); err == nil {
			return n
		}
	}
	return 0
}

// parseNum reads a number as C does: 0x is hexadecimal, 0 octal.
func parseNum(t token) (uint32, *SyntaxError) {
	digits, base := t.text, uint64(10)
	if len(digits) > 1 && digits[0] == '0' {
		base = 8
		if digits[1]|0x20 == 'x' {
			digits, base = digits[2:], 16
		}
	}
	var v uint64
	for _, c := range []byte(digits) {
		d := uint64(c - '0')
		if c > '9' {
			d = uint64(c|0x20-'a') + 10
		}
		if d >= base {
			return 0, errAt(t, "a number that begins with 0 is octal; leave the 0 out", "%s is not an octal number", t)
		}
		if v = v*base + d; v > 0xffffffff {
			return 0, errAt(t, "", "the number %s does not fit into 32 bits", t)
		}
	}
	return uint32(v), nil
}
