package iana

import (
	"math/bits"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rows that the tables had when they were compiled. A row lost on an update
// fails here; a row gained changes the constant.
const (
	allSuites, registeredSuites = 426, 352
	allExtensions               = 80
	allGroups, plainGroups      = 141, 58
	allSchemes, plainSchemes    = 88, 49
	allAlerts                   = 37
)

func TestCounts(t *testing.T) {
	registered, plainG, plainS := 0, 0, 0
	for _, s := range suites {
		if s.Registered {
			registered++
		}
	}
	for _, g := range groups {
		if !g.Experimental {
			plainG++
		}
	}
	for _, s := range schemes {
		if s.Experimental != (s.Code >= 0xfe00) {
			t.Errorf("%s is experimental: %t", s.Name, s.Experimental)
		}
		if !s.Experimental {
			plainS++
		}
	}
	got := []int{len(suites), registered, len(extensions), len(groups), plainG, len(schemes), plainS, len(alerts)}
	want := []int{allSuites, registeredSuites, allExtensions, allGroups, plainGroups, allSchemes, plainSchemes, allAlerts}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStrings(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"suite", CipherSuiteString(0x1302), "TLS_AES_256_GCM_SHA384"},
		{"suite, first", CipherSuiteString(0), "TLS_NULL_WITH_NULL_NULL"},
		{"suite, last", CipherSuiteString(0xffe1), "SSL_RSA_FIPS_WITH_DES_CBC_SHA_2"},
		{"suite, GREASE", CipherSuiteString(0x1a1a), "GREASE (0x1a1a)"},
		{"suite, unknown", CipherSuiteString(0x1234), "0x1234 (unassigned)"},
		{"suite, behind the last", CipherSuiteString(0xffff), "0xffff (unassigned)"},
		{"SSL 2.0 kind", SSL2CipherString(0x010080), "SSL_CK_RC4_128_WITH_MD5 (0x010080)"},
		{"SSL 2.0 kind of TLS", SSL2CipherString(0x002f), "TLS_RSA_WITH_AES_128_CBC_SHA"},
		{"SSL 2.0 kind, unknown", SSL2CipherString(0xff123456), "0x123456 (unassigned)"},
		{"extension", ExtensionString(0), "server_name"},
		{"extension, private padding", ExtensionString(35655), "padding (private 35655)"},
		{"extension, GREASE", ExtensionString(0xfafa), "GREASE (0xfafa)"},
		{"extension, unknown", ExtensionString(63), "0x003f (unassigned)"},
		{"group", NamedGroupString(29), "x25519"},
		{"group, GREASE", NamedGroupString(0x0a0a), "GREASE (0x0a0a)"},
		{"scheme", SignatureSchemeString(0x0804), "rsa_pss_rsae_sha256"},
		{"scheme, DSA pair", SignatureSchemeString(0x0202), "dsa_sha1 (0x0202)"},
		{"scheme, MD5 pair", SignatureSchemeString(0x0101), "rsa_pkcs1_md5 (0x0101)"},
		{"scheme, GOST of RFC 9189", SignatureSchemeString(0x0840), "gostr34102012_256 (0x0840)"},
		{"scheme, older GOST", SignatureSchemeString(0xeded), "gostr34102001 (0xeded)"},
		{"scheme, no hash", SignatureSchemeString(0x0001), "0x0001 (unassigned)"},
		{"scheme, anonymous", SignatureSchemeString(0x0400), "0x0400 (unassigned)"},
		{"scheme, GREASE", SignatureSchemeString(0x7a7a), "GREASE (0x7a7a)"},
		{"version", VersionString(0x0304), "TLS 1.3"},
		{"version, SSL 2.0", VersionString(0x0002), "SSL 2.0"},
		{"version, DTLS", VersionString(0xfefc), "DTLS 1.3"},
		{"version, draft", VersionString(0x7f12), "TLS 1.3 draft 18 (0x7f12)"},
		{"version, first draft", VersionString(0x7f00), "TLS 1.3 draft 0 (0x7f00)"},
		{"version, last draft", VersionString(0x7f1c), "TLS 1.3 draft 28 (0x7f1c)"},
		{"version, no draft", VersionString(0x7f1d), "0x7f1d (unassigned)"},
		{"version, Facebook", VersionString(0xfb1a), "TLS 1.3 draft 26 (Facebook) (0xfb1a)"},
		{"version, OpenSSL's DTLS", VersionString(0x0100), "DTLS 1.0 OpenSSL (0x0100)"},
		{"version, TLCP", VersionString(0x0101), "TLCP 1.1 (0x0101)"},
		{"version, unknown", VersionString(0x7e01), "0x7e01 (unassigned)"},
		{"version, GREASE", VersionString(0x2a2a), "GREASE (0x2a2a)"},
		{"alert", AlertString(48), "unknown_ca"},
		{"alert, unknown", AlertString(255), "0xff (unassigned)"},
		{"alert meaning, unknown", AlertMeaning(255), ""},
		{"handshake", HandshakeTypeString(1), "client_hello"},
		{"handshake, unknown", HandshakeTypeString(7), "0x07 (unassigned)"},
		{"handshake title", HandshakeTypeTitle(25), "CompressedCertificate"},
		{"handshake title, unknown", HandshakeTypeTitle(7), "0x07 (unassigned)"},
		{"SSL 2.0 hello", SSL2MessageString(1), "client_hello"},
		{"SSL 2.0 message", SSL2MessageString(2), "ssl2_client_master_key"},
		{"content type", ContentTypeString(22), "handshake"},
		{"content type, unknown", ContentTypeString(0x80), "0x80 (unassigned)"},
		{"alert level", AlertLevelString(2), "fatal"},
		{"compression", CompressionMethodString(0), "null"},
		{"PSK mode", PSKModeString(1), "psk_dhe_ke"},
		{"PSK mode, GREASE", PSKModeString(0x2a), "GREASE (0x2a)"},
		{"PSK mode, unknown", PSKModeString(2), "0x02 (unassigned)"},
		{"point format", PointFormatString(0), "uncompressed"},
		{"curve type", CurveTypeString(3), "named_curve"},
		{"certificate type", CertificateTypeString(2), "Raw Public Key"},
		{"client certificate type", ClientCertificateTypeString(64), "ecdsa_sign"},
		{"certificate compression", CertificateCompressionString(2), "brotli"},
		{"certificate compression, unknown", CertificateCompressionString(9), "0x0009 (unassigned)"},
		{"certificate status", CertificateStatusTypeString(1), "ocsp"},
		{"supplemental data", SupplementalDataString(16386), "authz_data"},
		{"heartbeat mode", HeartbeatModeString(1), "peer_allowed_to_send"},
		{"heartbeat message", HeartbeatMessageString(1), "heartbeat_request"},
		{"key update", KeyUpdateRequestString(1), "update_requested"},
		{"server name type", ServerNameTypeString(0), "host_name"},
		{"hash", HashAlgorithmString(4), "sha256"},
		{"signature", SignatureAlgorithmString(2), "dsa"},
		{"signature, older GOST", SignatureAlgorithmString(238), "gostr34102012_256 (0xee)"},
		{"KEM", HPKEKEMString(0x20), "DHKEM(X25519, HKDF-SHA256)"},
		{"KDF", HPKEKDFString(1), "HKDF-SHA256"},
		{"AEAD", HPKEAEADString(3), "ChaCha20Poly1305"},
		{"SRTP", SRTPProfileString(7), "SRTP_AEAD_AES_128_GCM"},
		{"QUIC version", QUICVersionString(1), "QUIC v1"},
		{"QUIC draft", QUICVersionString(0xff00001d), "QUIC draft-29 (0xff00001d)"},
		{"QUIC, Google's", QUICVersionString(0x51303436), "gQUIC Q046 (0x51303436)"},
		{"QUIC, not Google's", QUICVersionString(0x51303a36), "0x51303a36 (unassigned)"},
		{"QUIC, reserved", QUICVersionString(0x1a2a3a4a), "GREASE (0x1a2a3a4a)"},
		{"QUIC frame", QUICFrameString(6), "CRYPTO"},
		{"QUIC frame, unknown", QUICFrameString(1 << 61), "0x2000000000000000 (unassigned)"},
		{"QUIC parameter", QUICTransportParameterString(1), "max_idle_timeout"},
		{"QUIC parameter, reserved", QUICTransportParameterString(31*5 + 27), "GREASE (0xb6)"},
		{"QUIC error", QUICErrorString(0xa), "PROTOCOL_VIOLATION"},
		{"QUIC error, alert", QUICErrorString(0x130), "CRYPTO_ERROR unknown_ca (0x0130)"},
		{"QUIC error, no alert", QUICErrorString(0x1ff), "CRYPTO_ERROR (0x01ff)"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestGREASE(t *testing.T) {
	var got16, want16 []uint16
	for v := range 1 << 16 {
		if IsGREASE(uint16(v)) {
			got16 = append(got16, uint16(v))
		}
	}
	for n := range 16 {
		want16 = append(want16, uint16(n)<<12|uint16(n)<<4|0x0a0a)
	}
	if d := cmp.Diff(want16, got16); d != "" {
		t.Error(d)
	}
	var got8 []uint8
	for v := range 256 {
		if IsGREASE8(uint8(v)) {
			got8 = append(got8, uint8(v))
		}
	}
	if d := cmp.Diff([]uint8{0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4}, got8); d != "" {
		t.Error(d)
	}
	for _, p := range quicParameterTable {
		if IsReservedQUICTransportParameter(p.code) {
			t.Errorf("%s has a reserved number", p.name)
		}
	}
}

// TestEveryValueIsRenderedOnce renders every code point of every registry: none
// is empty and no two read alike, whatever the case of their letters.
func TestEveryValueIsRenderedOnce(t *testing.T) {
	wide := map[string]func(uint16) string{
		"suite": CipherSuiteString, "extension": ExtensionString, "group": NamedGroupString, "scheme": SignatureSchemeString, "version": VersionString,
		"compression": CertificateCompressionString, "supplemental": SupplementalDataString, "kem": HPKEKEMString, "kdf": HPKEKDFString,
		"aead": HPKEAEADString, "srtp": SRTPProfileString,
		"ssl2":           func(v uint16) string { return SSL2CipherString(uint32(bits.RotateLeft32(uint32(v), 8) | 0x80)) },
		"quic parameter": func(v uint16) string { return QUICTransportParameterString(uint64(v)) },
		"quic frame":     func(v uint16) string { return QUICFrameString(uint64(v)) },
		"quic error":     func(v uint16) string { return QUICErrorString(uint64(v)) },
		"quic version":   func(v uint16) string { return QUICVersionString(uint32(v) | 0x51300000) },
	}
	for k, f := range map[string]func(uint8) string{
		"alert": AlertString, "handshake": HandshakeTypeString, "title": HandshakeTypeTitle, "content": ContentTypeString, "level": AlertLevelString,
		"method": CompressionMethodString, "psk": PSKModeString, "point": PointFormatString, "curve": CurveTypeString, "certificate": CertificateTypeString,
		"client": ClientCertificateTypeString, "status": CertificateStatusTypeString, "mode": HeartbeatModeString, "message": HeartbeatMessageString,
		"update": KeyUpdateRequestString, "name": ServerNameTypeString, "hash": HashAlgorithmString, "signature": SignatureAlgorithmString,
		"ssl2 message": SSL2MessageString,
	} {
		wide[k] = func(v uint16) string { return f(uint8(v)) }
		seen := map[string]int{}
		for v := range 256 {
			s := strings.ToLower(f(uint8(v)))
			if old, dup := seen[s]; dup || s == "" {
				t.Errorf("%s: %#x and %#x are both %q", k, old, v, s)
			}
			seen[s] = v
		}
		delete(wide, k)
	}
	for k, f := range wide {
		seen := make(map[string]int, 1<<16)
		for v := range 1 << 16 {
			s := strings.ToLower(f(uint16(v)))
			if old, dup := seen[s]; dup || s == "" {
				t.Errorf("%s: %#x and %#x are both %q", k, old, v, s)
			}
			seen[s] = v
		}
	}
}

func TestAlertMeanings(t *testing.T) {
	for _, a := range alerts {
		m := AlertMeaning(a.code)
		if !strings.HasSuffix(m, ".") || strings.Count(m, ". ") > 0 || len(m) < 30 {
			t.Errorf("%s: %q is not one sentence", a.name, m)
		}
	}
}

func TestKnownValuesCostNoAllocation(t *testing.T) {
	n := 0
	if a := testing.AllocsPerRun(100, func() {
		s, _ := LookupSuite(0xc02f)
		g, _ := LookupGroup(0x11ec)
		p, _ := LookupScheme(0x0202)
		n += len(s.Name) + len(g.Name) + len(p.Name)
		n += len(CipherSuiteString(0x1301)) + len(ExtensionString(51)) + len(NamedGroupString(29)) + len(SignatureSchemeString(0x0403))
		n += len(VersionString(0x0303)) + len(VersionString(0x7f12)) + len(AlertString(48)) + len(AlertMeaning(48))
		n += len(HandshakeTypeString(1)) + len(HandshakeTypeTitle(1)) + len(ContentTypeString(22)) + len(PSKModeString(1)) + len(QUICFrameString(6))
	}); a != 0 || n == 0 {
		t.Errorf("%v allocations", a)
	}
}

func FuzzSSL2AndQUIC(f *testing.F) {
	for _, v := range []uint64{0, 1, 0x010080, 0x51303436, 0xff00001d, 0x0a0a0a0a, 0x130, 1<<62 - 1} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v uint64) {
		for k, s := range map[string]string{
			"ssl2": SSL2CipherString(uint32(v)), "version": QUICVersionString(uint32(v)), "parameter": QUICTransportParameterString(v),
			"frame": QUICFrameString(v), "error": QUICErrorString(v),
		} {
			if s == "" || strings.HasSuffix(s, "(unassigned)") && !strings.HasPrefix(s, "0x") {
				t.Errorf("%s %#x: %q", k, v, s)
			}
		}
	})
}

func BenchmarkLookupSuite(b *testing.B) {
	for range b.N {
		if _, ok := LookupSuite(0xc02f); !ok {
			b.Fatal("unknown")
		}
	}
}
