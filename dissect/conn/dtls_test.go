package conn

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// TestRecordDTLS holds what handshake signatures over DTLS cover.
func TestRecordDTLS(t *testing.T) {
	tests := []struct {
		name    string
		version tls.Version
		seq     []uint16
		in      []string
		want    string
		lost    bool
	}{
		{"headers as of one fragment", tls.VersionDTLS12, []uint16{1, 2}, []string{"\x0b\x00\x00\x02ab", "\x0e\x00\x00\x00"},
			"\x0b\x00\x00\x02\x00\x01\x00\x00\x00\x00\x00\x02ab\x0e\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00", false},
		{"a cookie begins anew", tls.VersionDTLS12, []uint16{0, 1, 2}, []string{"\x0b\x00\x00\x01x", "\x03\x00\x00\x00", "\x0b\x00\x00\x01y"},
			"\x0b\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x01y", false},
		{"early OpenSSL", tls.VersionDTLSBad, []uint16{0}, []string{"\x0b\x00\x00\x01x"}, "x", false},
		{"DTLS 1.3", tls.VersionDTLS13, []uint16{0}, []string{"\x0b\x00\x00\x01x"}, "\x0b\x00\x00\x01x", false},
		{"a message is missing", tls.VersionDTLS12, []uint16{0, 2}, []string{"\x0b\x00\x00\x01x", "\x0b\x00\x00\x01y"}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBuilder(&Conn{Carrier: "dtls", Version: tt.version}, Options{HandshakeSize: 1 << 10})
			for i, m := range tt.in {
				b.MessageSeq(flow.Server, tt.seq[i])
				b.recordDTLS(flow.Server, []byte(m))
			}
			if d := cmp.Diff(tt.want, string(b.transcript)); d != "" || b.recording == tt.lost {
				t.Errorf("recording %v (-want +got)\n%s", b.recording, d)
			}
		})
	}
}

func TestFitsACK(t *testing.T) {
	tests := []struct {
		name    string
		version tls.Version
		n       int
		want    bool
	}{
		{"one record", tls.VersionDTLS13, 2 + 16 + 17, true},
		{"two records", tls.VersionDTLS13, 2 + 32 + 17, true},
		{"an alert", tls.VersionDTLS13, 2 + 17, false},
		{"one record, draft", 0x7f2b, 2 + 8 + 17, true},
		{"the draft's in the standard", tls.VersionDTLS13, 2 + 8 + 17, false},
		{"Finished", tls.VersionDTLS13, 12 + 32 + 17, false},
		{"too small", tls.VersionDTLS13, 18, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBuilder(&Conn{Carrier: "dtls", Version: tt.version}, Options{})
			b.kx = iana.Suite{TagLen: 16, PRF: "SHA256"}
			if got := b.fitsACK(tt.n); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestSRTPSays(t *testing.T) {
	tests := []struct {
		name   string
		x      string
		server bool
		want   string
	}{
		{"none", "", false, ""},
		{"offered", "\x00\x0e\x00\x09\x00\x06\x00\x07\x00\x01\x12\x34\x00", false, "offers keys for media (SRTP): SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_HMAC_SHA1_80, 0x1234 (unassigned)"},
		{"chosen", "\x00\x0e\x00\x05\x00\x02\x00\x07\x00", true, "keys for media: SRTP with SRTP_AEAD_AES_128_GCM, beside the tunnel"},
		{"malformed", "\x00\x0e\x00\x02\x00\x07", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := srtpSays(tls.Extensions(tt.x), tt.server); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
