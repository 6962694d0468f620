package pki

import (
	"crypto/ecdsa"
	"math/big"

	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Identities that are hashed before what SM2 signs.
const (
	sm2DefaultID = "1234567812345678"        // GB/T 35276, Section 10, for certificates and TLCP
	sm2TLS13ID   = "TLSv1.3+GM+Cipher+Suite" // RFC 8998, Section 3.2.1
)

// sm2Key is a public key on SM2's curve.
type sm2Key struct{ ecdsa *ecdsa.PublicKey }

// parseSM2 reads an uncompressed point of sm2p256v1 (GB/T 32918.1, Section
// 4.2.9).
func (k *Key) parseSM2() {
	const size = 32
	if len(k.Bytes) == 0 || k.Bytes[0] != 4 {
		k.why = "a compressed point of " + k.Curve + " is not implemented"
		return
	}
	if _, err := ecdh.P256().NewPublicKey(k.Bytes); err != nil {
		k.fail("the EC point is not on " + k.Curve)
		return
	}
	x, y := new(big.Int).SetBytes(k.Bytes[1:1+size]), new(big.Int).SetBytes(k.Bytes[1+size:])
	k.public = &sm2Key{&ecdsa.PublicKey{Curve: sm2.P256(), X: x, Y: y}}
}

// verify checks a signature with SM3 over signed (GB/T 32918.2, Section 7).
func (k *sm2Key) verify(a algorithm, signed, sig []byte) bool {
	id := a.id
	if id == "" {
		id = sm2DefaultID
	}
	return sm2.VerifyASN1WithSM2(k.ecdsa, []byte(id), signed, sig)
}

// SM3 returns the hash of b (GB/T 32905), which is what a client of TLCP signs of
// the handshake.
func SM3(b []byte) []byte {
	sum := sm3.Sum(b)
	return sum[:]
}
