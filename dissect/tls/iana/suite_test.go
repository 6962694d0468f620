package iana

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Written out by hand from what the suites are defined to be, not copied from
// the generator.
var handChecked = []Suite{
	{Code: 0x0000, Name: "TLS_NULL_WITH_NULL_NULL", Short: "NULL", Kx: KxNull, Auth: AuthNull, Cipher: "NULL", Mode: ModeNull, MAC: "NULL", PRF: "SHA256", Since: 0x0300, DTLS: true, Registered: true, Reference: "[RFC5246]"},
	{Code: 0x0002, Name: "TLS_RSA_WITH_NULL_SHA", Short: "NULL", Kx: KxRSA, Auth: AuthRSA, Cipher: "NULL", Mode: ModeNull, MAC: "SHA1", PRF: "SHA256", MACLen: 20, Since: 0x0300, DTLS: true, Registered: true, Reference: "[RFC5246]"},
	{Code: 0x0003, Name: "TLS_RSA_EXPORT_WITH_RC4_40_MD5", Short: "RC4-40", Kx: KxRSA, Auth: AuthRSA, Cipher: "RC4-40", Mode: ModeStream, MAC: "MD5", PRF: "SHA256", KeyBits: 128, EffectiveBits: 40, KeyLen: 16, KeyMaterial: 5, MACLen: 16, Since: 0x0300, Export: true, Registered: true, Reference: "[RFC4346][RFC6347]"},
	{Code: 0x0005, Name: "TLS_RSA_WITH_RC4_128_SHA", Short: "RC4-128", Kx: KxRSA, Auth: AuthRSA, Cipher: "RC4-128", Mode: ModeStream, MAC: "SHA1", PRF: "SHA256", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, MACLen: 20, Since: 0x0300, Registered: true, Reference: "[RFC5246][RFC6347]"},
	{Code: 0x0006, Name: "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", Short: "RC2-40", Kx: KxRSA, Auth: AuthRSA, Cipher: "RC2-40-CBC", Mode: ModeCBC, MAC: "MD5", PRF: "SHA256", KeyBits: 128, EffectiveBits: 40, KeyLen: 16, KeyMaterial: 5, BlockSize: 8, MACLen: 16, Since: 0x0300, Export: true, DTLS: true, Registered: true, Reference: "[RFC4346]"},
	{Code: 0x000a, Name: "TLS_RSA_WITH_3DES_EDE_CBC_SHA", Short: "3DES-CBC", Kx: KxRSA, Auth: AuthRSA, Cipher: "3DES-EDE-CBC", Mode: ModeCBC, MAC: "SHA1", PRF: "SHA256", KeyBits: 168, EffectiveBits: 112, KeyLen: 24, KeyMaterial: 24, BlockSize: 8, MACLen: 20, Since: 0x0300, DTLS: true, Registered: true, Reference: "[RFC5246]"},
	{Code: 0x0014, Name: "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", Short: "DES-40", Kx: KxDHE, Auth: AuthRSA, Cipher: "DES-40-CBC", Mode: ModeCBC, MAC: "SHA1", PRF: "SHA256", KeyBits: 56, EffectiveBits: 40, KeyLen: 8, KeyMaterial: 5, BlockSize: 8, MACLen: 20, Since: 0x0300, Export: true, DTLS: true, Registered: true, Reference: "[RFC4346]"},
	{Code: 0x0029, Name: "TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5", Short: "DES-40", Kx: KxKRB5, Auth: AuthKRB5, Cipher: "DES-40-CBC", Mode: ModeCBC, MAC: "MD5", PRF: "SHA256", KeyBits: 56, EffectiveBits: 40, KeyLen: 8, KeyMaterial: 5, BlockSize: 8, MACLen: 16, Since: 0x0301, Export: true, DTLS: true, Registered: true, Reference: "[RFC2712]"},
	{Code: 0x002f, Name: "TLS_RSA_WITH_AES_128_CBC_SHA", Short: "AES128-CBC", Kx: KxRSA, Auth: AuthRSA, Cipher: "AES-128-CBC", Mode: ModeCBC, MAC: "SHA1", PRF: "SHA256", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, BlockSize: 16, MACLen: 20, Since: 0x0300, DTLS: true, Registered: true, Reference: "[RFC5246]"},
	{Code: 0x003d, Name: "TLS_RSA_WITH_AES_256_CBC_SHA256", Short: "AES256-CBC", Kx: KxRSA, Auth: AuthRSA, Cipher: "AES-256-CBC", Mode: ModeCBC, MAC: "SHA256", PRF: "SHA256", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, BlockSize: 16, MACLen: 32, Since: 0x0303, DTLS: true, Registered: true, Reference: "[RFC5246]"},
	{Code: 0x0064, Name: "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", Short: "RC4-56", Kx: KxRSA, Auth: AuthRSA, Cipher: "RC4-56", Mode: ModeStream, MAC: "SHA1", PRF: "SHA256", KeyBits: 128, EffectiveBits: 56, KeyLen: 16, KeyMaterial: 7, MACLen: 20, Since: 0x0301, Export: true, Reference: "[draft-ietf-tls-56-bit-ciphersuites-01]"},
	{Code: 0x009d, Name: "TLS_RSA_WITH_AES_256_GCM_SHA384", Short: "AES256-GCM", Kx: KxRSA, Auth: AuthRSA, Cipher: "AES-256-GCM", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA384", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, FixedIVLen: 4, ExplicitNonceLen: 8, TagLen: 16, Since: 0x0303, DTLS: true, Registered: true, Reference: "[RFC5288]"},
	{Code: 0x00a6, Name: "TLS_DH_anon_WITH_AES_128_GCM_SHA256", Short: "AES128-GCM", Kx: KxDHE, Auth: AuthAnon, Cipher: "AES-128-GCM", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA256", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, FixedIVLen: 4, ExplicitNonceLen: 8, TagLen: 16, Since: 0x0303, DTLS: true, Registered: true, Reference: "[RFC5288]"},
	{Code: 0x00b3, Name: "TLS_DHE_PSK_WITH_AES_256_CBC_SHA384", Short: "AES256-CBC", Kx: KxDHEPSK, Auth: AuthPSK, Cipher: "AES-256-CBC", Mode: ModeCBC, MAC: "SHA384", PRF: "SHA384", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, BlockSize: 16, MACLen: 48, Since: 0x0301, DTLS: true, Registered: true, Reference: "[RFC5487]"},
	{Code: 0x00c6, Name: "TLS_SM4_GCM_SM3", Short: "SM4-GCM", Kx: KxTLS13, Auth: AuthTLS13, Cipher: "SM4-GCM", Mode: ModeAEAD, MAC: "AEAD", PRF: "SM3", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, FixedIVLen: 12, TagLen: 16, Since: 0x0304, Registered: true, Reference: "[RFC8998]"},
	{Code: 0x00ff, Name: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", Since: 0x0300, Signal: true, DTLS: true, Registered: true, Reference: "[RFC5746]"},
	{Code: 0x1302, Name: "TLS_AES_256_GCM_SHA384", Short: "AES256-GCM", Kx: KxTLS13, Auth: AuthTLS13, Cipher: "AES-256-GCM", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA384", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, FixedIVLen: 12, TagLen: 16, Since: 0x0304, DTLS: true, Recommended: true, Registered: true, Reference: "[RFC8446]"},
	{Code: 0x1303, Name: "TLS_CHACHA20_POLY1305_SHA256", Short: "ChaCha20", Kx: KxTLS13, Auth: AuthTLS13, Cipher: "ChaCha20-Poly1305", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA256", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, FixedIVLen: 12, TagLen: 16, Since: 0x0304, DTLS: true, Recommended: true, Registered: true, Reference: "[RFC8446]"},
	{Code: 0x1305, Name: "TLS_AES_128_CCM_8_SHA256", Short: "AES128-CCM8", Kx: KxTLS13, Auth: AuthTLS13, Cipher: "AES-128-CCM-8", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA256", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, FixedIVLen: 12, TagLen: 8, Since: 0x0304, DTLS: true, Registered: true, Reference: "[RFC8446][IESG Action 2018-08-16]"},
	{Code: 0xc01e, Name: "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", Short: "AES128-CBC", Kx: KxSRP, Auth: AuthRSA, Cipher: "AES-128-CBC", Mode: ModeCBC, MAC: "SHA1", PRF: "SHA256", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, BlockSize: 16, MACLen: 20, Since: 0x0301, DTLS: true, Registered: true, Reference: "[RFC5054]"},
	{Code: 0xc02b, Name: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Short: "AES128-GCM", Kx: KxECDHE, Auth: AuthECDSA, Cipher: "AES-128-GCM", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA256", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, FixedIVLen: 4, ExplicitNonceLen: 8, TagLen: 16, Since: 0x0303, DTLS: true, Recommended: true, Registered: true, Reference: "[RFC5289]"},
	{Code: 0xc077, Name: "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384", Short: "Camellia256-CBC", Kx: KxECDHE, Auth: AuthRSA, Cipher: "Camellia-256-CBC", Mode: ModeCBC, MAC: "SHA384", PRF: "SHA384", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, BlockSize: 16, MACLen: 48, Since: 0x0303, DTLS: true, Registered: true, Reference: "[RFC6367]"},
	{Code: 0xc0ab, Name: "TLS_PSK_DHE_WITH_AES_256_CCM_8", Short: "AES256-CCM8", Kx: KxDHEPSK, Auth: AuthPSK, Cipher: "AES-256-CCM-8", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA256", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, FixedIVLen: 4, ExplicitNonceLen: 8, TagLen: 8, Since: 0x0303, DTLS: true, Registered: true, Reference: "[RFC6655]"},
	{Code: 0xc0b5, Name: "TLS_SHA384_SHA384", Short: "NULL", Kx: KxTLS13, Auth: AuthTLS13, Cipher: "NULL", Mode: ModeNull, MAC: "SHA384", PRF: "SHA384", FixedIVLen: 48, MACLen: 48, TagLen: 48, Since: 0x0304, DTLS: true, Registered: true, Reference: "[RFC9150]"},
	{Code: 0xc101, Name: "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC", Short: "Magma", Kx: KxGOST, Auth: AuthGOST, Cipher: "Magma-CTR", Mode: ModeStream, MAC: "OMAC", PRF: "Streebog-256", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, FixedIVLen: 4, MACLen: 8, Since: 0x0303, Registered: true, Reference: "[RFC9189]"},
	{Code: 0xcca8, Name: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Short: "ChaCha20", Kx: KxECDHE, Auth: AuthRSA, Cipher: "ChaCha20-Poly1305", Mode: ModeAEAD, MAC: "AEAD", PRF: "SHA256", KeyBits: 256, EffectiveBits: 256, KeyLen: 32, KeyMaterial: 32, FixedIVLen: 12, TagLen: 16, Since: 0x0303, DTLS: true, Recommended: true, Registered: true, Reference: "[RFC7905]"},
	{Code: 0xe053, Name: "ECC_SM4_GCM_SM3", Short: "SM4-GCM", Kx: KxSM2, Auth: AuthSM2, Cipher: "SM4-GCM", Mode: ModeAEAD, MAC: "AEAD", PRF: "SM3", KeyBits: 128, EffectiveBits: 128, KeyLen: 16, KeyMaterial: 16, FixedIVLen: 4, ExplicitNonceLen: 8, TagLen: 16, Since: 0x0101, Reference: "[GB/T 38636-2020]"},
	{Code: 0xffe0, Name: "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA_2", Short: "3DES-CBC", Kx: KxRSA, Auth: AuthRSA, Cipher: "3DES-EDE-CBC", Mode: ModeCBC, MAC: "SHA1", PRF: "SHA256", KeyBits: 168, EffectiveBits: 112, KeyLen: 24, KeyMaterial: 24, BlockSize: 8, MACLen: 20, Since: 0x0300, Reference: "[Netscape NSS]"},
}

func TestLookupSuite(t *testing.T) {
	for _, want := range handChecked {
		t.Run(want.Name, func(t *testing.T) {
			got, ok := LookupSuite(want.Code)
			if d := cmp.Diff(want, got); d != "" || !ok {
				t.Errorf("ok %t, -want +got:\n%s", ok, d)
			}
		})
	}
	for _, code := range []uint16{0x0a0a, 0x00c8, 0xffff} {
		if got, ok := LookupSuite(code); ok || got != (Suite{Code: code}) {
			t.Errorf("%#04x: got %+v, %t", code, got, ok)
		}
	}
}

// TestSuiteInvariants holds for every suite what follows from its name or from
// the definition of the fields.
func TestSuiteInvariants(t *testing.T) {
	for _, s := range suites {
		check := func(what string, ok bool) {
			if !ok {
				t.Errorf("%s: %s: %+v", s.Name, what, s)
			}
		}
		has := func(part string) bool { return strings.Contains(s.Name, part) }
		check("signalling", s.Signal == strings.HasSuffix(s.Name, "_SCSV"))
		check("a reference", strings.HasPrefix(s.Reference, "["))
		if s.Signal {
			check("no attributes", s.Kx == "" && s.Auth == "" && s.Cipher == "" && s.Mode == "" && s.KeyBits == 0)
			continue
		}
		check("all texts", s.Short != "" && s.Kx != "" && s.Auth != "" && s.Cipher != "" && s.Mode != "" && s.MAC != "" && s.PRF != "")
		check("TLS 1.3 suites say nothing of keys", (s.Since == 0x0304) == (s.Kx == KxTLS13) && (s.Kx == KxTLS13) == (s.Auth == AuthTLS13))
		check("weak keys", s.EffectiveBits <= s.KeyBits && s.KeyMaterial <= s.KeyLen && s.KeyBits <= 8*s.KeyLen)
		check("export", s.Export == has("EXPORT") && (!s.Export || s.EffectiveBits == 40 || s.EffectiveBits == 56))
		check("export key material", s.KeyMaterial == s.KeyLen || s.Export && s.KeyMaterial == s.EffectiveBits/8)
		check("NULL", (s.Mode == ModeNull) == (s.KeyLen == 0) && (s.Cipher == "NULL") == (s.Mode == ModeNull))
		check("CBC", (s.Mode == ModeCBC) == (s.BlockSize != 0) && (!has("_CBC") || s.Mode == ModeCBC))
		check("AEAD", (s.Mode == ModeAEAD) == (s.MAC == "AEAD") && (s.Mode != ModeAEAD || s.TagLen > 0 && s.MACLen == 0))
		check("AEAD versions", s.Mode != ModeAEAD || s.Since >= 0x0303 || s.Since == 0x0101)
		check("nonce of TLS 1.3", s.Since != 0x0304 || s.ExplicitNonceLen == 0)
		check("tag of CCM_8", !has("CCM_8") || s.TagLen == 8)
		check("GCM", !has("_GCM") || s.TagLen == 16 && s.FixedIVLen+s.ExplicitNonceLen == 12)
		check("anonymous", (s.Auth == AuthAnon) == has("anon"))
		check("anonymous keys are fresh", s.Auth != AuthAnon || s.Kx.Ephemeral())
		check("DHE is ephemeral", !has("DHE_") || s.Kx.Ephemeral())
		check("RSA and static keys are not", !s.Kx.Ephemeral() || s.Kx != KxRSA && s.Kx != KxDH && s.Kx != KxECDH && s.Kx != KxPSK)
		check("PSK", has("PSK") == strings.Contains(string(s.Kx), "PSK"))
		check("certificate", !has("ECDSA") && !has("DSS") && !has("_RSA_") || s.Auth.Certificate())
		check("no certificate", !s.Auth.Certificate() || s.Kx != KxPSK && s.Kx != KxDHEPSK && s.Kx != KxECDHEPSK)
		check("RC4 is barred from DTLS", !has("RC4") || !s.DTLS)
		check("recommended", !s.Recommended || s.Registered && (s.Kx.Ephemeral() || s.Kx == KxTLS13) && s.Mode == ModeAEAD && s.TagLen == 16)
		check("SHA384", !strings.HasSuffix(s.Name, "_SHA384") || s.PRF == "SHA384")
	}
}
