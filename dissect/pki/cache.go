package pki

import (
	"crypto/sha256"
	"sync"
)

// generations is a map that forgets what was not used of late: when the young
// half is full it becomes the old one, and the old one is dropped. It holds at
// most twice its limit.
type generations[K comparable, V any] struct {
	mu         sync.Mutex
	limit      int64 // weight of one half
	weight     int64 // of young
	young, old map[K]V
}

func (g *generations[K, V]) get(k K, weigh func(V) int64) (V, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if v, ok := g.young[k]; ok {
		return v, true
	}
	v, ok := g.old[k]
	if ok {
		g.add(k, v, weigh(v))
	}
	return v, ok
}

func (g *generations[K, V]) put(k K, v V, weight int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.young[k]; !ok {
		g.add(k, v, weight)
	}
}

func (g *generations[K, V]) add(k K, v V, weight int64) {
	if weight > g.limit {
		return
	}
	if g.young == nil || g.weight+weight > g.limit {
		g.old, g.young, g.weight = g.young, map[K]V{}, 0
	}
	g.young[k] = v
	g.weight += weight
}

// A Cache remembers parsed certificates by the hash of their DER, since the
// same chains recur all through a capture. It is safe for concurrent use.
type Cache struct {
	g generations[[32]byte, *Certificate]
}

// NewCache returns a Cache that holds certificates of about maxBytes together,
// counted as the memory their parsed form takes. 0 caches nothing.
func NewCache(maxBytes int) *Cache {
	c := &Cache{}
	c.g.limit = int64(maxBytes) / 2
	return c
}

// Parse is [Parse] with a memory. The result is shared: do not change it.
func (c *Cache) Parse(der []byte) *Certificate {
	sum := sha256.Sum256(der)
	if cert, ok := c.g.get(sum, weighCertificate); ok {
		return cert
	}
	cert := parse(der, sum)
	c.g.put(sum, cert, weighCertificate(cert))
	return cert
}

// weighCertificate estimates the memory of a parsed certificate on the large
// side: parsing 0.5 kB of DER allocates 6 kB, crypto/x509's half included, and
// most of that grows with the DER.
func weighCertificate(c *Certificate) int64 { return 4096 + 9*int64(len(c.Raw)) }

// A VerifyCache remembers the results of signature checks and of crypto/x509's
// verification, keyed by hashes of all that went into them. It is safe for
// concurrent use.
type VerifyCache struct {
	signatures generations[signatureKey, error]
	judgements generations[[32]byte, error]
	staples    generations[[32]byte, staple]
}

// A signatureKey is one question: is this certificate signed by this key?
type signatureKey struct{ issuerKey, certificate [32]byte }

// NewVerifyCache returns a VerifyCache of at most entries results of each kind.
// 0 caches nothing.
func NewVerifyCache(entries int) *VerifyCache {
	v := &VerifyCache{}
	v.signatures.limit = int64(entries) / 2
	v.judgements.limit = int64(entries) / 2
	v.staples.limit = int64(entries) / 2
	return v
}

func one[V any](V) int64 { return 1 }

// signedBy checks the signature of c with the key of issuer. The error is nil,
// a *WrongSignatureError or an *UnsupportedError. v may be nil.
func (v *VerifyCache) signedBy(c, issuer *Certificate) error {
	k := signatureKey{issuer.Key.SHA256, c.SHA256}
	if v != nil {
		if err, ok := v.signatures.get(k, one[error]); ok {
			return err
		}
	}
	err := issuer.Key.verify(c.alg, c.tbs, c.signature)
	if v != nil {
		v.signatures.put(k, err, 1)
	}
	return err
}
