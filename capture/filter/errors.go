package filter

import (
	"fmt"
	"strconv"
)

// A SyntaxError says why an expression is not compiled.
type SyntaxError struct {
	Pos  int    // byte offset into the expression, from 0; 0 if it concerns the whole
	What string // what is wrong, naming the word
	hint string // what to write instead, or empty

	// beyond says that tcpdump's own compiler may know better: the word is part
	// of its language or the link type is one of its own.
	beyond bool
}

func (e *SyntaxError) Error() string {
	return "filter: column " + strconv.Itoa(e.Pos+1) + ": " + e.What
}

func errAt(t token, hint, format string, args ...any) *SyntaxError {
	return &SyntaxError{Pos: t.pos, What: fmt.Sprintf(format, args...), hint: hint}
}

// Hint says what to write instead, or nothing.
func (e *SyntaxError) Hint() string { return e.hint }

// linkName names the link types of this package and of the fallback as
// tcpdump's option -y does, or gives the number.
func linkName(link uint32) string {
	if n := tcpdumpLink(link); n != "" {
		return n
	}
	return "link type " + strconv.FormatUint(uint64(link), 10)
}

// tcpdumpLink returns the name that tcpdump's option -y has for a LINKTYPE, or
// nothing. Only types with a meaning for IP are listed.
func tcpdumpLink(link uint32) string {
	switch link {
	case linkNull:
		return "NULL"
	case linkEthernet:
		return "EN10MB"
	case 6:
		return "IEEE802"
	case linkPPP:
		return "PPP"
	case 10:
		return "FDDI"
	case 50:
		return "PPP_SERIAL"
	case 51:
		return "PPP_ETHER"
	case linkRaw, linkRaw12, linkRaw14:
		return "RAW"
	case 104:
		return "C_HDLC"
	case 105:
		return "IEEE802_11"
	case 107:
		return "FRELAY"
	case linkLoop:
		return "LOOP"
	case linkSLL:
		return "LINUX_SLL"
	}
	return tcpdumpNewerLink(link)
}

func tcpdumpNewerLink(link uint32) string {
	switch link {
	case 117:
		return "PFLOG"
	case 119:
		return "PRISM_HEADER"
	case 127:
		return "IEEE802_11_RADIO"
	case 163:
		return "IEEE802_11_RADIO_AVS"
	case 192:
		return "PPI"
	case linkIPv4:
		return "IPV4"
	case linkIPv6:
		return "IPV6"
	case linkSLL2:
		return "LINUX_SLL2"
	}
	return ""
}
