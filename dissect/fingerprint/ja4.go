package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"

	"github.com/tlslens/tlslens/dissect/tls"
)

// JA4 returns the fingerprint of a ClientHello and its raw form, in which the
// two hashed lists are spelled out (FoxIO, JA4 technical details; the part
// under BSD 3-Clause). transport is "tcp", "quic" or "dtls".
func JA4(m *tls.ClientHello, transport string) (hashed, raw string) {
	a := ja4a(m, transport)
	suites := sorted(m.CipherSuites.All())
	var exts []uint16
	for e := range m.Extensions.All() {
		if !e.Type.IsGREASE() && e.Type != tls.ExtServerName && e.Type != tls.ExtALPN {
			exts = append(exts, uint16(e.Type))
		}
	}
	slices.Sort(exts)
	c := hexList(exts)
	schemes, _ := m.SignatureSchemes()
	var sigs []uint16
	for s := range schemes.All() {
		if !s.IsGREASE() {
			sigs = append(sigs, uint16(s))
		}
	}
	if len(sigs) > 0 {
		c += "_" + hexList(sigs)
	}
	b := hexList(suites)
	return a + "_" + short(b, len(suites) == 0) + "_" + short(c, len(exts) == 0), a + "_" + b + "_" + c
}

// ja4a returns the readable first part: transport, version, whether there is a
// name, how many suites and extensions, and the first ALPN value.
func ja4a(m *tls.ClientHello, transport string) string {
	t := map[string]string{"quic": "q", "dtls": "d", "udp": "d"}[transport]
	if t == "" {
		t = "t"
	}
	sni := "i"
	if m.Extensions.Has(tls.ExtServerName) {
		sni = "d"
	}
	suites := len(sorted(m.CipherSuites.All()))
	exts := 0
	for e := range m.Extensions.All() {
		if !e.Type.IsGREASE() {
			exts++
		}
	}
	return t + ja4Version(m) + sni + two(suites) + two(exts) + ja4ALPN(m)
}

// ja4Version is the highest version offered. Those of DTLS count down.
func ja4Version(m *tls.ClientHello) string {
	best := m.LegacyVersion
	if list, ok := m.SupportedVersions(); ok {
		best = 0
		for v := range list.All() {
			if !v.IsGREASE() && (best == 0 || higher(v, best)) {
				best = v
			}
		}
	}
	switch best {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	case tls.VersionSSL3:
		return "s3"
	case tls.VersionSSL2:
		return "s2"
	case tls.VersionDTLS10:
		return "d1"
	case tls.VersionDTLS12:
		return "d2"
	case tls.VersionDTLS13:
		return "d3"
	}
	return "00"
}

// higher reports whether v is a later version than w: of DTLS the one with the
// lower number (RFC 9147, Section 5.3).
func higher(v, w tls.Version) bool {
	const dtls = 0xfe00
	if v >= dtls && w >= dtls {
		return v < w
	}
	return v > w
}

// ja4ALPN is the first and the last character of the first ALPN value, or of
// its hex form if either is not alphanumeric.
func ja4ALPN(m *tls.ClientHello) string {
	list, _ := m.ALPN()
	for p := range list.All() {
		if len(p) == 0 {
			break
		}
		first, last := p[0], p[len(p)-1]
		if alnum(first) && alnum(last) {
			return string([]byte{first, last})
		}
		h := hex.EncodeToString(p)
		return h[:1] + h[len(h)-1:]
	}
	return "00"
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func sorted[T code](xs iter.Seq[T]) []uint16 {
	var out []uint16
	for x := range xs {
		if !x.IsGREASE() {
			out = append(out, uint16(x))
		}
	}
	slices.Sort(out)
	return out
}

// two writes a count with two digits, 99 at most.
func two(n int) string {
	s := strconv.Itoa(min(n, 99))
	if len(s) < 2 {
		s = "0" + s
	}
	return s
}

func hexList(xs []uint16) string {
	b := make([]byte, 0, 5*len(xs))
	for i, x := range xs {
		if i > 0 {
			b = append(b, ',')
		}
		b = hex.AppendEncode(b, []byte{byte(x >> 8), byte(x)})
	}
	return string(b)
}

// short is the first twelve hex digits of the SHA-256 of s, zeros for an empty
// list.
func short(s string, empty bool) string {
	if empty {
		return "000000000000"
	}
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:6])
}
