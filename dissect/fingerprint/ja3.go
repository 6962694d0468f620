// Package fingerprint makes JA3, JA3S and JA4 of hello messages.
//
// In go decoded hellos, out come strings. The fingerprints say which software
// spoke, not who; they are facts about the bytes and verify nothing. Nothing is
// kept and nothing can fail: a hello without a list gives an empty one.
package fingerprint

import (
	"crypto/md5"
	"encoding/hex"
	"iter"
	"strconv"

	"github.com/tlslens/tlslens/dissect/tls"
)

// JA3 returns the MD5 of version, cipher suites, extensions, groups and point
// formats of a ClientHello, GREASE left out, in hex (salesforce/ja3).
func JA3(m *tls.ClientHello) string {
	b := strconv.AppendUint(nil, uint64(m.LegacyVersion), 10)
	b = appendList(append(b, ','), m.CipherSuites.All())
	b = appendList(append(b, ','), extensionTypes(m.Extensions))
	groups, _ := m.Groups()
	b = appendList(append(b, ','), groups.All())
	formats, _ := m.PointFormats()
	b = append(b, ',')
	for i, f := range formats {
		if i > 0 {
			b = append(b, '-')
		}
		b = strconv.AppendUint(b, uint64(f), 10)
	}
	return sum(b)
}

// JA3S returns the MD5 of version, cipher suite and extensions of a
// ServerHello, in hex (salesforce/ja3).
func JA3S(m *tls.ServerHello) string {
	b := strconv.AppendUint(nil, uint64(m.LegacyVersion), 10)
	b = strconv.AppendUint(append(b, ','), uint64(m.CipherSuite), 10)
	b = appendList(append(b, ','), extensionTypes(m.Extensions))
	return sum(b)
}

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}

// code is a code point of two bytes.
type code interface {
	~uint16
	IsGREASE() bool
}

// appendList writes code points in decimal with dashes between, GREASE left out.
func appendList[T code](b []byte, xs iter.Seq[T]) []byte {
	first := true
	for x := range xs {
		if x.IsGREASE() {
			continue
		}
		if !first {
			b = append(b, '-')
		}
		first = false
		b = strconv.AppendUint(b, uint64(x), 10)
	}
	return b
}

func extensionTypes(x tls.Extensions) iter.Seq[tls.ExtensionType] {
	return func(yield func(tls.ExtensionType) bool) {
		for e := range x.All() {
			if !yield(e.Type) {
				return
			}
		}
	}
}
