package table

import (
	"testing"

	"github.com/tlslens/tlslens/dissect/tls"
)

func TestMeaning(t *testing.T) {
	tests := []struct {
		name string
		typ  tls.HandshakeType
		path string
		b    []byte
		want string
	}{
		{"length", tls.TypeClientHello, "extensions.length", []byte{1, 2}, "258"},
		{"version", tls.TypeClientHello, "legacy_version", []byte{3, 3}, "TLS 1.2"},
		{"item of a list", tls.TypeClientHello, "cipher_suites[3]", []byte{0x13, 1}, "TLS_AES_128_GCM_SHA256"},
		{"unassigned", tls.TypeClientHello, "cipher_suites[3]", []byte{0xfe, 0xfd}, "0xfefd (unassigned)"},
		{"deep", tls.TypeClientHello, "extensions[2].supported_groups.named_group_list[0]", []byte{0, 29}, "x25519"},
		{"signature scheme", tls.TypeCertificateVerify, "algorithm", []byte{8, 4}, "rsa_pss_rsae_sha256"},
		{"certificate compression", tls.TypeCompressedCertificate, "algorithm", []byte{0, 1}, "zlib"},
		{"compression in a hello", tls.TypeClientHello, "extensions[1].compress_certificate.algorithms[0]", []byte{0, 2}, "brotli"},
		{"name", tls.TypeClientHello, "extensions[0].server_name.server_name_list.host_name", []byte("a.test"), `"a.test"`},
		{"name that is not text", tls.TypeClientHello, "extensions[0].server_name.server_name_list.host_name", []byte{0x1b, '['}, ""},
		{"lifetime", tls.TypeNewSessionTicket, "ticket_lifetime", []byte{0, 0, 0x1c, 0x20}, "7200 s"},
		{"key exchange mode", tls.TypeClientHello, "extensions[1].psk_key_exchange_modes.ke_modes[0]", []byte{1}, "psk_dhe_ke"},
		{"type of client certificate", tls.TypeCertificateRequest, "certificate_types[0]", []byte{1}, "rsa_sign"},
		{"bytes", tls.TypeClientHello, "random", make([]byte, 32), ""},
		{"nothing", tls.TypeClientHello, "", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := meaning(tt.typ, tt.path, tt.b); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
