package conn

import (
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/tls"
)

// TestPlaintextSizes holds what the sizes of records tell about what is in
// them, for each kind of protection up to TLS 1.2.
func TestPlaintextSizes(t *testing.T) {
	tests := []struct {
		name    string
		suite   tls.CipherSuite
		version tls.Version
		sizes   []int
		max     int64
		exact   bool
	}{
		{"AES-GCM: 8 bytes of nonce, 16 of tag", 0xc02f, tls.VersionTLS12, []int{24, 25, 1024}, 1 + 1000, true},
		{"ChaCha20-Poly1305: a tag, no nonce", 0xcca8, tls.VersionTLS12, []int{16, 116}, 100, true},
		{"AES-CCM-8: 8 bytes of nonce, 8 of tag", 0xc0ae, tls.VersionTLS12, []int{116}, 100, true},
		{"CBC, TLS 1.2: IV, MAC, a byte of padding at least", 0xc013, tls.VersionTLS12, []int{64}, 64 - 16 - 20 - 1, false},
		{"CBC, TLS 1.0: no IV", 0xc013, tls.VersionTLS10, []int{64}, 64 - 20 - 1, false},
		{"3DES, SSL 3.0", 0x000a, tls.VersionSSL3, []int{64}, 64 - 20 - 1, false},
		{"RC4: a MAC", 0x0005, tls.VersionTLS12, []int{120}, 100, true},
		{"shorter than its protection", 0xc02f, tls.VersionTLS12, []int{3, 0, 24}, 0, true},
		{"a suite that nobody knows", 0xeeee, tls.VersionTLS12, []int{100}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play()
			hello := serverHello(tt.suite)
			hello[4], hello[5] = byte(tt.version>>8), byte(tt.version)
			s.clear(client, clientHello(sni))
			s.clear(server, hello)
			s.finished(client)
			s.finished(server)
			s.sealed(client, tt.sizes...)
			c := s.end(Finished, client)
			got := &c.Tunnel.Sides[client]
			if got.MaxPlaintext != tt.max || got.Exact != tt.exact {
				t.Errorf("at most %d, exact %v; want %d, %v", got.MaxPlaintext, got.Exact, tt.max, tt.exact)
			}
			if got.TunnelRecords != int64(len(tt.sizes)) || got.Records != got.TunnelRecords {
				t.Errorf("%d records in the tunnel, %d of data; want %d", got.TunnelRecords, got.Records, len(tt.sizes))
			}
		})
	}
	t.Run("NULL: readable", func(t *testing.T) {
		s := play()
		s.clear(client, clientHello(sni))
		s.clear(server, serverHello(0x003b))
		s.finished(client)
		s.finished(server)
		s.Opened(client, Opened{Wire: tls.ContentApplicationData, Type: tls.ContentApplicationData, Bytes: 132, Plain: 100, Level: Application}, s.at())
		s.Plaintext(client, []byte("GET"), s.at())
		c := s.end(Finished, client)
		if got := c.Tunnel.Sides[client]; got.PlaintextBytes != 100 || got.MaxPlaintext != 100 || !got.Exact {
			t.Errorf("%+v", got)
		}
		if c.Tunnel.Sides[server].PlaintextBytes != -1 {
			t.Error("what was not opened has a size")
		}
	})
}

// TestFits13 holds how the sealed records of TLS 1.3 are told by their sizes.
func TestFits13(t *testing.T) {
	const (
		fin32 = 4 + 32 + 17 // Finished with SHA-256, sealed
		fin48 = 4 + 48 + 17
		alert = 2 + 17
		eoed  = 4 + 17
	)
	tests := []struct {
		name           string
		suite          tls.CipherSuite
		hello          [][]byte
		server, client []int
		cc, ke         []string // in the rows of phases 1 and 2
		outcome        Outcome
	}{
		{"a message a record", gcm13, nil, []int{27, 817, 281, fin32}, []int{fin32},
			[]string{"3 sealed records (1125): sizes fit EncryptedExtensions (10), Certificate (800) and CertificateVerify (264)", "client sealed record (53): fits Finished: the client accepted what it saw"},
			[]string{"server sealed record (53): fits Finished with SHA-256", "client sealed record (53): fits Finished with SHA-256; application keys from here on"}, Established},
		{"SHA-384", gcm38, nil, []int{27, 817, 281, fin48}, []int{fin48}, nil, []string{"server sealed record (69): fits Finished with SHA-384"}, Established},
		{"with CertificateRequest", gcm13, nil, []int{27, 60, 817, 281, fin32}, []int{600, 281, fin32},
			[]string{"CertificateRequest (43), Certificate (800)", "2 sealed records (881): fit the client's Certificate and CertificateVerify"}, nil, Established},
		{"one record", gcm13, nil, []int{1200}, []int{fin32}, []string{"holds EncryptedExtensions, Certificate, CertificateVerify and Finished"}, []string{"the sizes do not tell it apart"}, Established},
		{"nobody answered", gcm13, nil, []int{42}, nil, []string{"server sealed record (42): holds what there is of EncryptedExtensions, Certificate, CertificateVerify and Finished"}, nil, ClientGaveUp},
		{"certificates in several records", gcm13, nil, []int{27, 16401, 3000, 281, 90, fin32}, []int{fin32}, []string{"which of them where is not shown"}, nil, Established},
		{"refused", gcm13, nil, []int{27, 817, 281, fin32}, []int{alert}, []string{"fits an alert: the client refused what it saw"}, nil, RejectedByClient},
		{"early data, accepted", gcm13, [][]byte{ext(tls.ExtEarlyData)}, []int{27, 817, 281, fin32}, []int{100, 200, eoed, fin32}, nil, []string{"fits EndOfEarlyData: the server accepted the early data"}, Established},
		{"padded", gcm13, nil, []int{512, 1024, 512, 512}, []int{512}, []string{"size fits no single message"}, nil, Established},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play()
			s.clear(client, clientHello(append([][]byte{only13, share}, tt.hello...)...))
			s.clear(server, serverHello(tt.suite, picked13, shared))
			s.sealed(server, tt.server...)
			s.sealed(client, tt.client...)
			c := s.end(Finished, client)
			for _, part := range tt.cc {
				contains(t, "phase 1", rows(&c.CertificateCheck.Phase), part)
			}
			for _, part := range tt.ke {
				contains(t, "phase 2", rows(&c.KeyExchange.Phase), part)
			}
			if c.Outcome != tt.outcome {
				t.Errorf("%s: %s", c.Outcome, c.Why)
			}
			if c.CertificateCheck.State == Done || strings.Contains(c.CertificateCheck.Headline, "passed") {
				t.Errorf("phase 1 is %s, %s: nobody saw the certificate", c.CertificateCheck.State, c.CertificateCheck.Headline)
			}
		})
	}
}

func TestClosing(t *testing.T) {
	tests := []struct {
		name     string
		farewell bool
		how      End
		closedBy string
		headline string
	}{
		{"alerts and FINs", true, Finished, "close_notify", "closed cleanly"},
		{"alerts, TCP open", true, EndOfCapture, "close_notify", "close_notify sent; TCP still open"},
		{"FINs alone", false, Finished, "fin", "cut off: closed by the server"},
		{"one FIN", false, HalfClosed, "fin", "cut off: closed by the server"},
		{"RST", false, Reset, "reset", "reset by the server in packet"},
		{"RST behind alerts", true, Reset, "reset", "reset by the server in packet"},
		{"capture ends", false, EndOfCapture, "still_open", "still open when the capture ended"},
		{"idle", false, TimedOut, "still_open", "silent for longer than the idle limit"},
		{"memory", false, Evicted, "evicted", "given up because of the memory limit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play()
			s.clear(client, clientHello(sni))
			s.clear(server, serverHello(gcm12))
			s.finished(client)
			s.finished(server)
			s.sealed(client, 100)
			s.sealed(server, 200)
			if tt.farewell {
				s.Sealed(client, tls.ContentAlert, 26, s.at())
				s.Sealed(server, tls.ContentAlert, 26, s.at())
			}
			c := s.end(tt.how, server)
			if c.Tunnel.ClosedBy != tt.closedBy {
				t.Errorf("closed by %s, want %s", c.Tunnel.ClosedBy, tt.closedBy)
			}
			contains(t, "headline", c.Tunnel.Headline, tt.headline)
		})
	}
}
