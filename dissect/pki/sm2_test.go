package pki

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// sm2Vector is the example of GB/T 32918.5, Annex A.2: the default identity signs
// "message digest" on the recommended curve.
func sm2Vector(t *testing.T) (k *Key, sig []byte) {
	t.Helper()
	n := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	x, y := n("09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"), n("ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
	sig, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(n("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3")),
		new(big.Int).SetBytes(n("b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return ParseKey(sm2SPKI(append([]byte{4}, append(x, y...)...))), sig
}

// sm2SPKI is a SubjectPublicKeyInfo with a point of sm2p256v1.
func sm2SPKI(point []byte) []byte {
	prefix := []byte{0x30, byte(0x16 + len(point) + 1 - 2 + 2), 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d, 3, byte(len(point) + 1), 0}
	prefix[1] = byte(len(prefix) - 2 + len(point))
	return append(prefix, point...)
}

func TestSM2Vector(t *testing.T) {
	k, sig := sm2Vector(t)
	if k.String() != "SM2" || len(k.Problems) > 0 {
		t.Fatalf("%v, %q", k, k.Problems)
	}
	message := []byte("message digest")
	var wrong *WrongSignatureError
	if err := VerifySignature(k, LegacyScheme, message, sig); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func() error{
		"another message":  func() error { return VerifySignature(k, LegacyScheme, []byte("message digesT"), sig) },
		"another identity": func() error { return VerifySignature(k, 0x0708, message, sig) },
		"of another kind":  func() error { return VerifySignature(k, 0x0403, message, sig) },
		"nothing":          func() error { return VerifySignature(k, LegacyScheme, message, nil) },
		"zeros": func() error {
			return VerifySignature(k, LegacyScheme, message, []byte{0x30, 6, 2, 1, 0, 2, 1, 0})
		},
	} {
		if err := f(); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range sig {
		bad := bytes.Clone(sig)
		bad[i] ^= 1
		if err := VerifySignature(k, LegacyScheme, message, bad); !errors.As(err, &wrong) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

// TestSM2TLS13 signs as RFC 8998 has it in TLS 1.3, with an identity of its own.
func TestSM2TLS13(t *testing.T) {
	private, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := smx509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := private.SignWithSM2(rand.Reader, []byte("TLSv1.3+GM+Cipher+Suite"), []byte("transcript"))
	if err != nil {
		t.Fatal(err)
	}
	k := ParseKey(spki)
	if err := VerifySignature(k, 0x0708, []byte("transcript"), sig); err != nil {
		t.Error(err)
	}
	var wrong *WrongSignatureError
	if err := VerifySignature(k, LegacyScheme, []byte("transcript"), sig); !errors.As(err, &wrong) {
		t.Errorf("with the default identity: %v", err)
	}
}

func TestSM2BadPoints(t *testing.T) {
	good := func() []byte { k, _ := sm2Vector(t); return bytes.Clone(k.Bytes) }
	off := good()
	off[64] ^= 1
	for name, point := range map[string][]byte{
		"none": nil, "only the form": {4}, "short": good()[:64], "long": append(good(), 0), "off the curve": off,
		"compressed": append([]byte{2}, good()[1:33]...), "infinity": {0}, "larger than the field": append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...),
	} {
		k := ParseKey(sm2SPKI(point))
		var unsupported *UnsupportedError
		if err := VerifySignature(k, LegacyScheme, []byte("x"), []byte("y")); !errors.As(err, &unsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
