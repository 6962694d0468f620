package iana

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookupGroup(t *testing.T) {
	tests := []struct {
		name string
		code uint16
		want Group
		ok   bool
	}{
		{"curve", 23, Group{Code: 23, Name: "secp256r1", Short: "P-256", Kind: GroupCurve, Bits: 128, ClientLen: 65, ServerLen: 65}, true},
		{"curve of odd size", 25, Group{Code: 25, Name: "secp521r1", Short: "P-521", Kind: GroupCurve, Bits: 256, ClientLen: 133, ServerLen: 133}, true},
		{"strength 192", 24, Group{Code: 24, Name: "secp384r1", Short: "P-384", Kind: GroupCurve, Bits: 192, ClientLen: 97, ServerLen: 97}, true},
		{"x25519", 29, Group{Code: 29, Name: "x25519", Short: "x25519", Kind: GroupCurve, Bits: 128, ClientLen: 32, ServerLen: 32}, true},
		{"binary curve", 1, Group{Code: 1, Name: "sect163k1", Short: "sect163k1", Kind: GroupCurve, Bits: 80, ClientLen: 43, ServerLen: 43}, true},
		{"finite field", 256, Group{Code: 256, Name: "ffdhe2048", Short: "ffdhe2048", Kind: GroupFiniteField, Bits: 112, ClientLen: 256, ServerLen: 256}, true},
		{"hybrid", 0x11ec, Group{Code: 0x11ec, Name: "X25519MLKEM768", Short: "X25519MLKEM768", Kind: GroupHybrid, Bits: 128, ClientLen: 1216, ServerLen: 1120, PostQuantum: true}, true},
		{"hybrid of equal lengths", 0x11ed, Group{Code: 0x11ed, Name: "SecP384r1MLKEM1024", Short: "P384MLKEM1024", Kind: GroupHybrid, Bits: 192, ClientLen: 1665, ServerLen: 1665, PostQuantum: true}, true},
		{"KEM", 514, Group{Code: 514, Name: "MLKEM1024", Short: "MLKEM1024", Kind: GroupKEM, Bits: 256, ClientLen: 1568, ServerLen: 1568, PostQuantum: true}, true},
		{"broken KEM", 543, Group{Code: 543, Name: "sikep434", Short: "sikep434", Kind: GroupKEM, Experimental: true}, true},
		{"explicit", 0xff01, Group{Code: 0xff01, Name: "arbitrary_explicit_prime_curves", Short: "explicit prime", Kind: GroupExplicit}, true},
		{"GREASE", 0x1a1a, Group{Code: 0x1a1a, Kind: GroupGREASE}, false},
		{"unassigned", 0x1234, Group{Code: 0x1234}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := LookupGroup(tt.code)
			if d := cmp.Diff(tt.want, got); d != "" || ok != tt.ok {
				t.Errorf("ok %t, -want +got:\n%s", ok, d)
			}
		})
	}
}

func TestGroupInvariants(t *testing.T) {
	shorts := map[string]bool{}
	for _, g := range groups {
		if shorts[g.Short] || g.Short == "" || len(g.Short) > len(g.Name)+4 {
			t.Errorf("%s: short name %q", g.Name, g.Short)
		}
		shorts[g.Short] = true
		classical := g.Kind == GroupCurve || g.Kind == GroupFiniteField
		if g.PostQuantum && classical || g.Kind == GroupUnknown || g.Kind.String() == "unknown" {
			t.Errorf("%s: post-quantum %t, kind %v", g.Name, g.PostQuantum, g.Kind)
		}
		if (g.ClientLen == 0) != (g.ServerLen == 0) || classical && (g.ClientLen != g.ServerLen || g.ClientLen == 0 || g.Bits < 80) {
			t.Errorf("%s: %d and %d bytes, %d bits", g.Name, g.ClientLen, g.ServerLen, g.Bits)
		}
		if strings.Contains(strings.ToLower(g.Name), "mlkem") && (!g.PostQuantum || g.ClientLen < 800) {
			t.Errorf("%s: post-quantum %t, %d bytes", g.Name, g.PostQuantum, g.ClientLen)
		}
	}
}

func TestLookupScheme(t *testing.T) {
	tests := []struct {
		name string
		code uint16
		want Scheme
		ok   bool
	}{
		{"PSS", 0x0805, Scheme{Code: 0x0805, Name: "rsa_pss_rsae_sha384", Key: "RSA", Hash: "SHA384"}, true},
		{"PSS key", 0x0809, Scheme{Code: 0x0809, Name: "rsa_pss_pss_sha256", Key: "RSA-PSS", Hash: "SHA256"}, true},
		{"SHA-1", 0x0203, Scheme{Code: 0x0203, Name: "ecdsa_sha1", Key: "ECDSA", Hash: "SHA1", Legacy: true}, true},
		{"code point called legacy", 0x0420, Scheme{Code: 0x0420, Name: "rsa_pkcs1_sha256_legacy", Key: "RSA", Hash: "SHA256"}, true},
		{"Ed25519", 0x0807, Scheme{Code: 0x0807, Name: "ed25519", Key: "Ed25519"}, true},
		{"SM2", 0x0708, Scheme{Code: 0x0708, Name: "sm2sig_sm3", Key: "SM2", Hash: "SM3"}, true},
		{"ML-DSA", 0x0905, Scheme{Code: 0x0905, Name: "mldsa65", Key: "ML-DSA"}, true},
		{"hybrid experiment", 0xfe0c, Scheme{Code: 0xfe0c, Name: "p256_falcon512", Key: "hybrid", Experimental: true}, true},
		{"pair", 0x0303, Scheme{Code: 0x0303, Name: "ecdsa_sha224 (0x0303)", Key: "ECDSA", Hash: "SHA224"}, true},
		{"pair with MD5", 0x0102, Scheme{Code: 0x0102, Name: "dsa_md5 (0x0102)", Key: "DSA", Hash: "MD5", Legacy: true}, true},
		{"GOST pair", 0xefef, Scheme{Code: 0xefef, Name: "gostr34102012_512 (0xefef)", Key: "GOST", Hash: "Streebog-512"}, true},
		{"mixed pair", 0x04ee, Scheme{Code: 0x04ee}, false},
		{"GREASE", 0x3a3a, Scheme{Code: 0x3a3a}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := LookupScheme(tt.code)
			if d := cmp.Diff(tt.want, got); d != "" || ok != tt.ok {
				t.Errorf("ok %t, -want +got:\n%s", ok, d)
			}
		})
	}
}
