package tls

import (
	"slices"
	"testing"
)

func TestList16(t *testing.T) {
	l := List16[CipherSuite]{0x13, 1, 0x13, 2, 0x0a, 0x0a, 9}
	equal(t, "All", []CipherSuite{0x1301, 0x1302, 0x0a0a}, slices.Collect(l.All()))
	if l.Len() != 3 || !l.Odd() || !l.Contains(0x1302) || l.Contains(0x0a09) || l.At(2) != 0x0a0a {
		t.Errorf("Len %d, Odd %v", l.Len(), l.Odd())
	}
	for range l.All() {
		break // an iterator must bear to be left early
	}
}

func TestList8(t *testing.T) {
	l := List8[PSKMode]{1, 0x2a}
	equal(t, "All", []PSKMode{1, 0x2a}, slices.Collect(l.All()))
	if l.Len() != 2 || !l.Contains(1) || l.Contains(0) || !l.At(1).IsGREASE() {
		t.Error(l)
	}
	for range l.All() {
		break
	}
}

func TestVectors(t *testing.T) {
	want := [][]byte{[]byte("a"), {}, []byte("bcd")}
	encode := func(width int) (b []byte) {
		for _, v := range want {
			b = append(b, vec(width, v)...)
		}
		return b
	}
	equal(t, "Vectors8", want, slices.Collect(Vectors8(encode(1)).All()))
	equal(t, "Vectors16", want, slices.Collect(Vectors16(encode(2)).All()))
	equal(t, "Vectors24", want, slices.Collect(Vectors24(encode(3)).All()))
	cut := Vectors16(encode(2))
	cut = cut[:len(cut)-1]
	equal(t, "cut", want[:2], slices.Collect(cut.All()))
	if n := cut.Len(); n != 2 {
		t.Errorf("Len = %d", n)
	}
	if n := Vectors8(encode(1)).Len() + Vectors24(encode(3)).Len(); n != 6 {
		t.Errorf("Len = %d", n)
	}
}

// TestNames holds that code points have their registry names and that unknown
// ones can be told apart.
func TestNames(t *testing.T) {
	tests := []struct {
		name      string
		got, want string
	}{
		{"version", VersionTLS13.String(), "TLS 1.3"},
		{"draft", Version(0x7f12).String(), "TLS 1.3 draft 18 (0x7f12)"},
		{"suite", CipherSuite(0x1301).String(), "TLS_AES_128_GCM_SHA256"},
		{"GREASE", CipherSuite(0x1a1a).String(), "GREASE (0x1a1a)"},
		{"unassigned", ExtensionType(0x1234).String(), "0x1234 (unassigned)"},
		{"extension", ExtServerName.String(), "server_name"},
		{"extension in a trace", ExtALPN.field(), "application_layer_protocol_negotiation"},
		{"GREASE in a trace", ExtensionType(0x2a2a).field(), "grease_0x2a2a"},
		{"unknown in a trace", ExtensionType(0x1234).field(), "unassigned_0x1234"},
		{"group", NamedGroup(29).String(), "x25519"},
		{"scheme", SignatureScheme(0x0804).String(), "rsa_pss_rsae_sha256"},
		{"handshake type", TypeClientHello.String(), "client_hello"},
		{"handshake title", TypeClientHello.Title(), "ClientHello"},
		{"content type", ContentHandshake.String(), "handshake"},
		{"alert level", AlertFatal.String(), "fatal"},
		{"alert", AlertDescription(48).String(), "unknown_ca"},
		{"compression", CompressionMethod(0).String(), "null"},
		{"point format", PointFormat(0).String(), "uncompressed"},
		{"PSK mode", PSKWithDHE.String(), "psk_dhe_ke"},
		{"certificate compression", CompressionBrotli.String(), "brotli"},
		{"status type", StatusOCSP.String(), "ocsp"},
		{"downgrade", DowngradeToTLS12.String(), "to TLS 1.2"},
		{"no downgrade", NoDowngrade.String(), "none"},
		{"certificate type", CertificateX509.String(), "X509"},
		{"name type", NameHostName.String(), "host_name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("%q, want %q", tt.got, tt.want)
			}
		})
	}
	if AlertDescription(48).Meaning() == "" {
		t.Error("unknown_ca means nothing")
	}
}

// TestFieldNames holds that no extension breaks the dotted names of a trace.
func TestFieldNames(t *testing.T) {
	for v := range 1 << 16 {
		name := ExtensionType(v).field()
		for _, c := range name {
			if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
				t.Errorf("%#04x: %q", v, name)
			}
		}
		if name == "" {
			t.Errorf("%#04x has no name", v)
		}
	}
}

func TestVersionKinds(t *testing.T) {
	tests := []struct {
		name    string
		v       Version
		tls13   bool
		dtls    bool
		schemes bool
		draft   int
	}{
		{"SSL 3.0", VersionSSL3, false, false, false, 0},
		{"TLS 1.1", VersionTLS11, false, false, false, 0},
		{"TLS 1.2", VersionTLS12, false, false, true, 0},
		{"TLS 1.3", VersionTLS13, true, false, true, 0},
		{"draft 18", 0x7f12, true, false, true, 18},
		{"Facebook's draft 23", 0xfb17, true, false, true, 23},
		{"experiment", 0x7e02, true, false, true, 0},
		{"DTLS 1.0", VersionDTLS10, false, true, false, 0},
		{"DTLS 1.2", VersionDTLS12, false, true, true, 0},
		{"DTLS 1.3", VersionDTLS13, true, true, true, 0},
		{"OpenSSL's old DTLS", VersionDTLSBad, false, true, false, 0},
		{"GREASE", 0x7a7a, false, false, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, _ := tt.v.Draft()
			if tt.v.IsTLS13() != tt.tls13 || tt.v.IsDTLS() != tt.dtls || tt.v.hasSchemes() != tt.schemes || d != tt.draft {
				t.Errorf("TLS 1.3 %v, DTLS %v, schemes %v, draft %d", tt.v.IsTLS13(), tt.v.IsDTLS(), tt.v.hasSchemes(), d)
			}
		})
	}
}
