package pki

import (
	"encoding/hex"
	"unicode/utf16"
	"unicode/utf8"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// attributeName gives the short names of the attribute types of a name: those
// of RFC 4514 section 3 and, for the others that public certificates carry,
// OpenSSL's. All others are shown as dotted OIDs.
func attributeName(oid string) string {
	switch oid {
	case "2.5.4.3":
		return "CN"
	case "2.5.4.4":
		return "SN"
	case "2.5.4.5":
		return "serialNumber"
	case "2.5.4.6":
		return "C"
	case "2.5.4.7":
		return "L"
	case "2.5.4.8":
		return "ST"
	case "2.5.4.9":
		return "street"
	case "2.5.4.10":
		return "O"
	case "2.5.4.11":
		return "OU"
	case "2.5.4.12":
		return "title"
	case "2.5.4.13":
		return "description"
	case "2.5.4.15":
		return "businessCategory"
	case "2.5.4.17":
		return "postalCode"
	case "2.5.4.42":
		return "GN"
	case "2.5.4.43":
		return "initials"
	case "2.5.4.46":
		return "dnQualifier"
	case "2.5.4.97":
		return "organizationIdentifier"
	case "1.2.840.113549.1.9.1":
		return "emailAddress"
	case "1.2.840.113549.1.9.2":
		return "unstructuredName"
	case "0.9.2342.19200300.100.1.25":
		return "DC"
	case "0.9.2342.19200300.100.1.1":
		return "UID"
	case "1.3.6.1.4.1.311.60.2.1.1":
		return "jurisdictionL"
	case "1.3.6.1.4.1.311.60.2.1.2":
		return "jurisdictionST"
	case "1.3.6.1.4.1.311.60.2.1.3":
		return "jurisdictionC"
	}
	return oid
}

// A parsedName is a distinguished name as text, and the values of its
// common names, decoded but not escaped.
type parsedName struct {
	text        string
	commonNames []string
	rdns        int
}

// parseName reads a Name (RFC 5280 section 4.1.2.4) from the content of its
// SEQUENCE. The text is the RFC 4514 string: RDNs in reverse order, the
// attributes of one RDN in the order they were sent. Everything that can be
// read is shown; what cannot be is reported.
func parseName(body []byte, problem func(string)) parsedName {
	var n parsedName
	r := newDERReader(body, problem)
	var starts []int
	var text []byte
	for !r.empty() {
		e, ok := r.next()
		if !ok {
			problem("the name ends within an RDN")
			break
		}
		if e.tag != casn1.SET {
			problem("an RDN is not a SET")
			continue
		}
		starts = append(starts, len(text))
		set := r.sub(e)
		for first := true; !set.empty(); first = false {
			atv, ok := set.next()
			if !ok {
				problem("an RDN ends within an attribute")
				break
			}
			if !first {
				text = append(text, '+')
			}
			text = n.appendAttribute(text, &set, atv, problem)
		}
	}
	n.rdns = len(starts)
	out := make([]byte, 0, len(text)+len(starts))
	end := len(text)
	for i := len(starts) - 1; i >= 0; i-- {
		if i < len(starts)-1 {
			out = append(out, ',')
		}
		out = append(out, text[starts[i]:end]...)
		end = starts[i]
	}
	n.text = string(out)
	return n
}

func (n *parsedName) appendAttribute(text []byte, set *derReader, atv element, problem func(string)) []byte {
	r := set.sub(atv)
	oidElement, ok := r.read(casn1.OBJECT_IDENTIFIER)
	oid, good := oidString(oidElement.body)
	if !ok || !good {
		problem("an attribute of a name has no readable type")
		return appendHex(append(text, "?="...), atv.full)
	}
	text = append(append(text, attributeName(oid)...), '=')
	value, ok := r.next()
	if !ok {
		problem("an attribute of a name has no readable value")
		return appendHex(text, oidElement.full)
	}
	s, ok := decodeString(value, problem)
	if !ok {
		return appendHex(text, value.full)
	}
	if oid == "2.5.4.3" {
		n.commonNames = append(n.commonNames, s)
	}
	return appendEscaped(text, s)
}

// decodeString decodes a DirectoryString or one of the string types that stand
// in for it. Bytes that are not UTF-8 stay as they are: appendEscaped shows
// them as hex pairs. false means that the value has no text and is shown as
// its encoding.
func decodeString(e element, problem func(string)) (string, bool) {
	switch e.tag {
	case casn1.UTF8String:
		if !utf8.Valid(e.body) {
			problem("a UTF8String is not UTF-8")
		}
		return string(e.body), true
	case casn1.PrintableString:
		for _, c := range e.body {
			if !printable(c) {
				problem("a PrintableString holds characters outside its set")
				break
			}
		}
		return string(e.body), true
	case casn1.IA5String, tagVisible, tagNumeric:
		for _, c := range e.body {
			if c >= 0x80 {
				problem("an IA5String holds bytes above 0x7f")
				break
			}
		}
		return string(e.body), true
	case casn1.T61String:
		return latin1(e.body), true
	case tagBMP:
		if len(e.body)%2 != 0 {
			problem("a BMPString has an odd length")
			return "", false
		}
		u := make([]uint16, 0, len(e.body)/2)
		for i := 0; i+1 < len(e.body); i += 2 {
			u = append(u, uint16(e.body[i])<<8|uint16(e.body[i+1]))
		}
		return string(utf16.Decode(u)), true
	case tagUniversal:
		return utf32(e.body, problem)
	case casn1.UTCTime, casn1.GeneralizedTime:
		return string(e.body), true
	}
	return "", false
}

func utf32(b []byte, problem func(string)) (string, bool) {
	if len(b)%4 != 0 {
		problem("a UniversalString's length is no multiple of four")
		return "", false
	}
	out := make([]byte, 0, len(b)/2)
	for i := 0; i+3 < len(b); i += 4 {
		c := uint32(b[i])<<24 | uint32(b[i+1])<<16 | uint32(b[i+2])<<8 | uint32(b[i+3])
		if c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			problem("a UniversalString holds what is no character")
			return "", false
		}
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out), true
}

// latin1 reads T61String as every implementation does: as ISO 8859-1.
func latin1(b []byte) string {
	out := make([]byte, 0, len(b)+8)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out)
}

// printable reports whether c is in PrintableString's set, to which, as every
// implementation does, '*' and '&' are added.
func printable(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	case '\'' <= c && c <= ')', '+' <= c && c <= '/':
		return true
	}
	return c == ' ' || c == ':' || c == '=' || c == '?' || c == '*' || c == '&'
}

// appendEscaped appends s as an attribute value of RFC 4514 section 2.4. Beyond
// what the RFC asks, C0 control characters, DEL and bytes that are no UTF-8 are
// written as \xx, so that the result is valid UTF-8 and nothing is lost. C1
// controls and bidirectional overrides are left to whoever prints.
func appendEscaped(out []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				out = appendHexPair(out, c)
			} else {
				out = append(out, s[i:i+n]...)
			}
			i += n
			continue
		}
		switch {
		case c < 0x20 || c == 0x7f:
			out = appendHexPair(out, c)
		case c == ',' || c == '+' || c == '"' || c == '\\' || c == '<' || c == '>' || c == ';',
			c == '#' && i == 0, c == ' ' && (i == 0 || i == len(s)-1):
			out = append(out, '\\', c)
		default:
			out = append(out, c)
		}
		i++
	}
	return out
}

func appendHexPair(out []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', digits[c>>4], digits[c&15])
}

// appendHex appends the '#' form of RFC 4514 section 2.4: the encoding itself.
func appendHex(out, b []byte) []byte {
	return hex.AppendEncode(append(out, '#'), b)
}
