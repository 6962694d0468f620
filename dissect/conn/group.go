package conn

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tlslens/tlslens/dissect/tls"
)

// isSignal reports whether a cipher suite is a signal and not a suite.
func isSignal(s tls.CipherSuite) bool {
	info, _ := s.Info()
	return info.Signal
}

// groupTitle writes the group's name as headlines do: "X25519".
func (b *Builder) groupTitle() string {
	switch g := b.c.KeyExchange.Group; g {
	case "x25519", "x448":
		return strings.ToUpper(g)
	case "secp256r1", "secp384r1", "secp521r1":
		return "P-" + g[4:7]
	default:
		return g
	}
}

// ffdhe lists the groups of RFC 7919, Appendix A, by the first 16 hex digits of
// the SHA-256 of the prime. Their generator is 2.
var ffdhe = [...]struct{ sum, name string }{
	{"9cd3b7f336872f46", "ffdhe2048"},
	{"0eaf67db3a839156", "ffdhe3072"},
	{"4648414224ac881b", "ffdhe4096"},
	{"227ac9066b3ddd9e", "ffdhe6144"},
	{"770b14efaf6f0499", "ffdhe8192"},
}

// namedPrime returns the registry name of a finite-field group whose generator
// is 2 and whose prime is a named group's.
func namedPrime(p, g []byte) (string, bool) {
	for len(p) > 0 && p[0] == 0 {
		p = p[1:]
	}
	if len(g) == 0 || g[len(g)-1] != 2 {
		return "", false
	}
	h := sha256.Sum256(p)
	sum := hex.EncodeToString(h[:8])
	for _, f := range ffdhe {
		if f.sum == sum {
			return f.name, true
		}
	}
	return "", false
}
