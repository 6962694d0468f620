package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"testing"
)

func TestCheckRawKey(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki := func(public any) []byte {
		b, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tc := range []struct {
		name   string
		spki   []byte
		result Result
		says   string
	}{
		{"a good key", spki(&good.PublicKey), OK, "ECDSA P-256"},
		{"a weak key", spki(&small.PublicKey), Warn, "RSA 1024"},
		{"no key", []byte("no key"), Unknown, "not readable"},
		{"nothing", nil, Unknown, "not readable"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			checks := CheckRawKey(ParseKey(tc.spki))
			if len(checks) != 2 || checks[0].Name != CheckTrust || checks[0].Result != NotShown {
				t.Fatalf("%+v", checks)
			}
			if k := checks[1]; k.Name != CheckKeyStrength || k.Result != tc.result || !strings.Contains(k.Why, tc.says) {
				t.Errorf("%+v, want %v and %q", k, tc.result, tc.says)
			}
		})
	}
}
