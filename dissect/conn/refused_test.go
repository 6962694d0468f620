package conn_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/pki"
)

// TestRefusal holds that the reason of a refused certificate agrees with what
// the checks of that certificate show, and says no more where it is sealed.
func TestRefusal(t *testing.T) {
	root, err := pki.LoadPEM(filepath.Join(pcaps, "pki", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	fixed := conn.CheckTime{Fixed: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Label: "at 2030-01-01"}
	tests := []struct {
		name, capture string
		number        uint64
		opt           dissect.Options
		want, not     string
	}{
		{"an intermediate is missing", "alert-no-intermediate", 1, dissect.Options{Roots: root},
			"It does not pass here either: [0] CN=www.example.test was issued by CN=Example Intermediate CA, which is neither sent nor in root.pem. A server has to send every certificate", "did nothing wrong"},
		{"a root that the client lacks", "alert-unknown-ca", 2, dissect.Options{Roots: root},
			"The chain passes here, with root.pem: the server did nothing wrong that this capture shows, look at the client's CA store.", "intermediate"},
		{"a root that nobody has", "alert-unknown-ca", 2, dissect.Options{},
			"It does not pass here either: CN=Example Root CA is not in Mozilla's roots", "did nothing wrong"},
		{"sealed", "alert-unknown-ca", 1, dissect.Options{Roots: root},
			"Look at the client's CA store, or at an intermediate certificate that the server did not send.", "here"},
		{"nothing checked", "alert-no-intermediate", 1, dissect.Options{Roots: root, Verify: dissect.VerifyNone},
			"Look at the client's CA store, or at an intermediate certificate that the server did not send.", "here"},
		{"another name", "alert-wrong-name", 1, dissect.Options{Roots: root},
			"It does not pass here either: www.example.test is not in the SAN list of [0]: other.example.test.", "Clients also say"},
		{"a weak key", "alert-weak-certificate", 2, dissect.Options{Roots: root},
			"A strict client may mind this: [0] has a key of RSA 1024", "another name"},
		{"a weak key and no trust", "alert-weak-certificate", 2, dissect.Options{},
			"A strict client may also mind this: [0] has a key of RSA 1024", "another name"},
		{"expired", "alert-expired", 2, dissect.Options{Roots: root},
			"Its dates agree: 2026-08-01 to 2026-10-30, expired 24 days before capture time. Renew the certificate.", "check that clock"},
		{"expired, sealed", "alert-expired", 1, dissect.Options{Roots: root},
			"Renew the certificate, or check that clock.", "agree"},
		{"no client certificate, before TLS 1.3", "alert-client-cert-missing", 2, dissect.Options{Roots: root},
			"the client showed none: alert handshake_failure (40). Give the client a certificate, or stop asking for it.", ""},
		{"expired, for a fixed time", "alert-expired", 2, dissect.Options{Roots: root, At: fixed}, "Its dates agree: ", ""},
		{"gone without a word, certificate in order", "reset-mid-handshake", 2, dissect.Options{Roots: root},
			"the client's ClientKeyExchange was never seen.", "certificate"},
		{"gone without a word, certificate not trusted", "reset-mid-handshake", 2, dissect.Options{},
			"The server's certificate does not pass here: the root [1] CN=Example Root CA is not in Mozilla's roots. A client that refuses it may leave like this.", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conns, err := dissect.Collect(context.Background(), &memory{packets: packets(t, tt.capture)}, tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			why := conns[tt.number-1].Why
			if !strings.Contains(why, tt.want) || tt.not != "" && strings.Contains(why, tt.not) {
				t.Errorf("want %q, and not %q, in:\n%s", tt.want, tt.not, why)
			}
		})
	}
}
