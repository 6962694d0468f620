package pki

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"testing"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func TestKeyStrengthOfOddKeys(t *testing.T) {
	n, _ := smallRSA()
	p := elliptic.P256().Params()
	tests := []struct {
		name, want string
		spki       []byte
	}{
		{"exponent 1", "fail: [0]: the RSA exponent is 1: anybody can sign", rsaSPKI(n, big.NewInt(1))},
		{"modulus 0", "fail: [0]: the RSA modulus is 0", rsaSPKI(new(big.Int), new(big.Int))},
		{"too large to use", "warn: [0]: an RSA key of 16384 bits: no signature is checked with more than 8192",
			spki(seq(oidRSA), seq(tlv(casn1.INTEGER, []byte{0}, bytes.Repeat([]byte{0xff}, 2048)), tlv(casn1.INTEGER, []byte{3})))},
		{"compressed point", "ok: [0] has a key of ECDSA P-256", spki(seq(oidEC, oidP256), elliptic.MarshalCompressed(p, p.Gx, p.Gy))},
		{"short curve", "warn: [0] has a key of ECDSA secp160r1: by today's rules RSA needs 2048 bits, elliptic curves 224, and DSA is no more", spki(seq(oidEC, oid(1, 3, 132, 0, 8)), p256Point())},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Parse(rawCert{spki: tt.spki}.der())
			if got := find(CheckChain([]*Certificate{c}, CheckOptions{At: noon}), CheckKeyStrength); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
