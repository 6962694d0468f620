package main

import (
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/tls/iana"
	"github.com/tlslens/tlslens/dissect/verdict"
)

func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		arg    string
		status int
		out    string
	}{
		{"kx-no-forward-secrecy", 0, "kx-no-forward-secrecy (finding)\n    Warn: "},
		{"KX_No_Forward_Secrecy", 0, "kx-no-forward-secrecy (finding)"},
		{"cert-weak-key", 0, "Or warn: "},
		{"ServerHello", 0, "ServerHello (handshake message 2, 0x02)"},
		{"server_hello", 0, "ServerHello (handshake message 2, 0x02)"},
		{"changecipherspec", 0, "ChangeCipherSpec (message)"},
		{"unknown_ca", 0, "unknown_ca (alert 48, 0x30)"},
		{"0xc02f", 0, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (cipher suite 49199, 0xc02f)"},
		{"0xC0,0x2F", 0, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"TLS_RSA_WITH_NULL_SHA", 0, "Confidentiality: none."},
		{"TLS_RSA_WITH_AES_128_CBC_SHA", 0, "Integrity: a MAC with SHA1"},
		{"TLS_AES_256_GCM_SHA384", 0, "Integrity: the AEAD tag of 16 bytes"},
		{"tls-fallback-scsv", 0, "never chosen"},
		{"x25519", 0, "x25519 (group 29, 0x001d)"},
		{"P-256", 0, "secp256r1 (group 23, 0x0017)"},
		{"X25519MLKEM768", 0, "quantum computer as well"},
		{"rsa_pss_rsae_sha256", 0, "(signature scheme 2052, 0x0804)"},
		{"forward secret", 0, "forward secret (word)"},
		{"Post_Quantum", 0, "post-quantum (word)"},
		{"keylog", 0, "key log (word)"},
		{"ja3", 0, "JA3 (word)"},
		{"grease", 0, "GREASE (word)"},
		{"closed", 0, "The server closed the TCP connection"},
		{"sni", 0, "server_name (extension 0, 0x0000)"},
		{"alpn", 0, "RFC 7301"},
		{"ECH", 0, "encrypted_client_hello"},
		{"TLS 1.3", 0, "TLS 1.3 (version 772, 0x0304)"},
		{"tls1.0", 0, "RFC 8996"},
		{"hidden", 0, "hidden (state)"},
		{"client-gave-up", 0, "client_gave_up (outcome)"},
		{"failed", 0, "failed (outcome)"},
		{"tunnel", 0, "tunnel (phase)"},
		{"half done", 0, "half done (word)"},
		{"does not pass", 0, "does not pass (word)"},
		{"not shown", 0, "not shown (word)"},
		{"cut off", 0, "cut off (word)"},
		{"closed cleanly", 0, "closed cleanly (word)"},
		{"skipped", 0, "skipped (state)"},
		{"fits", 0, "fits (word)"},
		{"opened", 0, "opened (word)"},
		{"not opened", 0, "not opened (word)"},
		{"untrusted", 0, "untrusted (word)"},
		{"48", 0, "oid_filters (extension 48, 0x0030)"},
		{"0x1a1a", 0, "GREASE (reserved value 6682, 0x1a1a)"},
		{"0x0030", 0, "oid_filters"},
		{"0xfefe00", 2, ""},
		{"nonsense-word", 2, ""},
	} {
		t.Run(tc.arg, func(t *testing.T) {
			r := tlslens(t, nil, "explain", tc.arg)
			if r.status != tc.status || (r.status == 0) != (r.errors == "") {
				t.Errorf("status %d, want %d; %s", r.status, tc.status, r.errors)
			}
			if !strings.Contains(strings.Join(strings.Fields(r.out), " "), strings.Join(strings.Fields(tc.out), " ")) {
				t.Errorf("got:\n%s\nwant: %s", r.out, tc.out)
			}
		})
	}
	if r := tlslens(t, nil, "explain", "0x0030"); strings.Contains(r.out, "alert") {
		t.Error("four digits ask for 16 bits, and alerts have 8")
	}
	tlslens(t, nil, "explain", "unknwon_ca").want(t, 2, "tlslens: nothing is known about \"unknwon_ca\"\ntlslens: hint: did you mean unknown_ca")
	tlslens(t, nil, "explain", "").want(t, 2, "nothing is known about")
	r := tlslens(t, nil, "explain", "x25519", "gibberish", "unknown_ca")
	r.want(t, 2, "gibberish")
	r.has(t, "x25519 (", "unknown_ca (")
}

func TestExplainLists(t *testing.T) {
	r := tlslens(t, nil, "explain", "--width", "60")
	r.want(t, 0, "")
	r.has(t, "Findings\n", "cert-expired", "Handshake messages\n", "ClientHello", "cipher suites\n(")
	for line := range strings.Lines(r.out) {
		if len([]rune(line)) > 61 {
			t.Errorf("too wide: %q", line)
		}
	}
}

// TestEverythingIsExplained holds that each topic says something, that what is
// written here by hand is about something that exists, and that everything a
// report can name is found.
func TestEverythingIsExplained(t *testing.T) {
	all := topics()
	for _, tp := range all {
		if len(tp.says) == 0 && tp.kind != "extension" || len(tp.says) > 0 && tp.says[0] == "" {
			t.Errorf("nothing is said of %s %s", tp.kind, tp.names[0])
		}
	}
	for name := range messageWords() {
		if len(lookup(all, name)) == 0 {
			t.Errorf("there is no message %s", name)
		}
	}
	known := map[string]bool{}
	for code := range 1 << 16 {
		if name, ok := iana.ExtensionName(uint16(code)); ok {
			known[name] = true
		}
		if name, ok := iana.VersionName(uint16(code)); ok {
			if w := versionWords()[name]; w.says == "" {
				t.Errorf("nothing is said of %s", name)
			}
		}
	}
	for name := range extensionWords() {
		if !known[name] {
			t.Errorf("there is no extension %s", name)
		}
	}
	for _, r := range verdict.Rules() {
		if len(lookup(all, r.ID)) == 0 {
			t.Errorf("%s is not explained", r.ID)
		}
	}
}
