//go:build !windows

package pki

import (
	"errors"
	"os"
	"path/filepath"
)

// systemAnchors reads the places that crypto/x509 reads on Linux, the BSDs and
// others, and /etc/ssl/cert.pem, which macOS keeps as well.
func systemAnchors(store string) ([]*anchor, error) {
	files := []string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
		"/usr/local/etc/ssl/cert.pem",
		"/usr/local/share/certs/ca-root-nss.crt",
		"/etc/openssl/certs/ca-certificates.crt",
		"/etc/certs/ca-certificates.crt",
	}
	dirs := []string{"/etc/ssl/certs", "/etc/pki/tls/certs", "/system/etc/security/cacerts", "/usr/local/share/certs"}
	if f := os.Getenv("SSL_CERT_FILE"); f != "" {
		files = []string{f}
	}
	if d := os.Getenv("SSL_CERT_DIR"); d != "" {
		dirs = filepath.SplitList(d)
	}
	var errs []error
	for _, places := range [][]string{files, dirs} {
		for _, path := range places {
			list, err := readAnchors(path, store)
			if err == nil {
				return list, nil
			}
			if !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return nil, errors.Join(append(errs, errors.New("no trust anchors in the system's usual places"))...)
}
