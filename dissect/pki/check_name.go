package pki

import (
	"net/netip"
	"strings"
)

// name checks that the leaf is for the server that was asked for (RFC 9525). It
// is linear in the number of names.
func (k *checker) name() {
	leaf := k.path.leaf()
	want := strings.TrimSuffix(k.opts.ServerName, ".")
	switch {
	case k.opts.Client:
		k.add(CheckName, Skipped, "a client's certificate is for no host name")
		return
	case want == "" && leaf.Names.Count() > 0:
		k.add(CheckName, NotShown, "the client named no server (no SNI); [0] is for %s", enumerate(leaf.Names.Strings()))
		return
	case want == "":
		k.add(CheckName, NotShown, "the client named no server (no SNI); [0] has no SAN list, its subject is %s", leaf.ShortSubject())
		return
	}
	shown := shorten(ascii([]byte(want)), 100)
	if ip, err := netip.ParseAddr(want); err == nil {
		k.nameIP(leaf, shown, ip.Unmap())
		return
	}
	for _, pattern := range leaf.Names.DNS {
		switch matchHost(pattern, want) {
		case exactMatch:
			k.add(CheckName, OK, "%s is in the SAN list of [0]", shown)
			return
		case wildcardMatch:
			k.add(CheckName, OK, "%s matches %s in the SAN list of [0]", shown, pattern)
			return
		}
	}
	hasSAN := len(leaf.Names.DNS) > 0 || len(leaf.Names.IP) > 0
	for _, cn := range leaf.CommonNames {
		if matchHost(cn, want) == noMatch {
			continue
		}
		if hasSAN {
			k.add(CheckName, Fail, "%s is the common name of [0] but not in its SAN list, which alone counts: %s", shown, enumerate(leaf.Names.Strings()))
			return
		}
		k.addToday(CheckName, Warn, "%s is only in the common name of [0], which has no SAN list: accepted once, refused by clients since 2017", shown)
		return
	}
	if hasSAN {
		k.add(CheckName, Fail, "%s is not in the SAN list of [0]: %s", shown, enumerate(leaf.Names.Strings()))
		return
	}
	k.add(CheckName, Fail, "%s is not in [0], which has no SAN list and the subject %s", shown, leaf.ShortSubject())
}

func (k *checker) nameIP(leaf *Certificate, shown string, want netip.Addr) {
	for _, ip := range leaf.Names.IP {
		if ip.Unmap() == want {
			k.add(CheckName, OK, "%s is in the SAN list of [0]", shown)
			return
		}
	}
	if leaf.Names.Count() == 0 {
		k.add(CheckName, Fail, "%s is not in [0], which has no SAN list", shown)
		return
	}
	k.add(CheckName, Fail, "the address %s is not in the SAN list of [0]: %s", shown, enumerate(leaf.Names.Strings()))
}

type match uint8

const (
	noMatch match = iota
	exactMatch
	wildcardMatch
)

// matchHost compares a presented name with a host name, RFC 9525 section 6.3:
// case does not matter, and "*" stands for exactly one whole label, the first.
// A wildcard needs at least two labels behind it.
func matchHost(pattern, host string) match {
	pattern = strings.TrimSuffix(pattern, ".")
	if pattern == "" || !hostCharacters(host) {
		return noMatch
	}
	if equalFold(pattern, host) {
		return exactMatch
	}
	rest, ok := strings.CutPrefix(pattern, "*.")
	if !ok || !strings.Contains(rest, ".") || strings.Contains(rest, "*") {
		return noMatch
	}
	_, parent, ok := strings.Cut(host, ".")
	if ok && host[0] != '.' && equalFold(rest, parent) {
		return wildcardMatch
	}
	return noMatch
}

// hostCharacters keeps bytes that no host name has from matching anything.
func hostCharacters(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '*' || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}

// equalFold compares ASCII without case; strings.EqualFold would let the
// Kelvin sign stand for a K.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if 'A' <= y && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}
