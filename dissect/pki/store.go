package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxStoreFile bounds a file of trust anchors, in bytes.
const maxStoreFile = 64 << 20

// A Store is a set of trust anchors. It is safe for concurrent use. The
// anchors are loaded on first need and each is parsed on its own first need,
// so that a store nobody asks costs nothing.
type Store struct {
	name  string
	dated string // " of 2026-10-30": how old the anchors are, "" if not known
	// public is whether these are the roots that everybody trusts, and not what
	// somebody named for a purpose.
	public bool
	load   func() ([]*anchor, error)

	once      sync.Once
	err       error
	count     int
	bySubject map[string][]*anchor
}

// An anchor is one trusted certificate, parsed when asked for.
type anchor struct {
	der        []byte
	store      string
	constraint func([]*x509.Certificate) error // nil: none

	once sync.Once
	cert *Certificate
}

func (a *anchor) certificate() *Certificate {
	a.once.Do(func() { a.cert = Parse(a.der) })
	return a.cert
}

// LoadPEM reads trust anchors from a file of PEM blocks, of one DER
// certificate, or from all files of a directory. The store is named after the
// last element of the path. It is an error if there is no certificate at all.
func LoadPEM(path string) (*Store, error) {
	anchors, err := readAnchors(path, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	s := &Store{name: filepath.Base(path), load: func() ([]*anchor, error) { return anchors, nil }}
	s.open()
	return s, nil
}

// NewStore returns a store of the given certificates.
func NewStore(name string, certs ...*Certificate) *Store {
	return &Store{name: name, load: func() ([]*anchor, error) {
		var list []*anchor
		for _, c := range certs {
			list = append(list, &anchor{der: c.Raw, store: name})
		}
		return list, nil
	}}
}

// Mozilla returns the roots of Mozilla's program as they were when this program
// was built, with the dates after which Mozilla distrusts some of them.
func Mozilla() *Store {
	const name = "Mozilla's roots"
	dated := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		dated = bundleDate(info.Deps)
	}
	return &Store{name: name, dated: dated, public: true, load: func() ([]*anchor, error) {
		var list []*anchor
		for root := range bundle.Roots() {
			list = append(list, &anchor{der: root.Certificate, store: name, constraint: root.Constraint})
		}
		return list, nil
	}}
}

// bundleDate words when the roots that are built in were taken, as the version
// of their module says: its middle part is a time. "" if it is not there.
func bundleDate(deps []*debug.Module) string {
	for _, m := range deps {
		if m.Path != "golang.org/x/crypto/x509roots/fallback" {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		for _, part := range strings.FieldsFunc(m.Version, func(r rune) bool { return r == '-' || r == '.' }) {
			if t, err := time.Parse("20060102150405", part); err == nil {
				return " of " + t.Format(time.DateOnly)
			}
		}
	}
	return ""
}

// System returns the trust anchors of the operating system, read from the
// places crypto/x509 knows; SSL_CERT_FILE and SSL_CERT_DIR are honoured.
func System() *Store {
	const name = "the system's roots"
	return &Store{name: name, public: true, load: func() ([]*anchor, error) { return systemAnchors(name) }}
}

// Join returns a store of the anchors of all. Messages name the one that an
// anchor came from, and all of them where none has it.
func Join(stores ...*Store) *Store {
	if len(stores) == 1 {
		return stores[0]
	}
	name, public := "", true
	for i, s := range stores {
		switch {
		case i > 0 && i == len(stores)-1:
			name += " or "
		case i > 0:
			name += ", "
		}
		name += s.name
		public = public && s.public
	}
	return &Store{name: name, public: public, load: func() ([]*anchor, error) {
		var list []*anchor
		var errs []error
		for _, s := range stores {
			more, err := s.load()
			list = append(list, more...)
			errs = append(errs, err)
		}
		if len(list) > 0 {
			return list, nil
		}
		return nil, errors.Join(errs...)
	}}
}

// Name is what messages call the store: "ca.pem", "Mozilla's roots".
func (s *Store) Name() string { return s.name }

// Len returns the number of anchors and loads them if need be.
func (s *Store) Len() int {
	s.open()
	return s.count
}

// Err says why the store could not be loaded. It loads it if need be.
func (s *Store) Err() error {
	s.open()
	return s.err
}

func (s *Store) open() {
	s.once.Do(func() {
		var list []*anchor
		list, s.err = s.load()
		s.bySubject = make(map[string][]*anchor, len(list))
		for _, a := range list {
			subject := rawSubject(a.der)
			have := s.bySubject[subject]
			if subject == "" || containsDER(have, a.der) {
				continue
			}
			s.bySubject[subject] = append(have, a)
			s.count++
		}
	})
}

func containsDER(list []*anchor, der []byte) bool {
	for _, a := range list {
		if bytes.Equal(a.der, der) {
			return true
		}
	}
	return false
}

// find returns the anchor that is c itself, nil if none is.
func (s *Store) find(c *Certificate) *anchor {
	if s == nil || c.RawSubject == nil {
		return nil
	}
	s.open()
	for _, a := range s.bySubject[string(c.RawSubject)] {
		if bytes.Equal(a.der, c.Raw) {
			return a
		}
	}
	return nil
}

// named returns the anchors with this subject.
func (s *Store) named(subject []byte) []*anchor {
	if s == nil || subject == nil {
		return nil
	}
	s.open()
	return s.bySubject[string(subject)]
}

// rawSubject finds the subject of a certificate without parsing the rest; ""
// if there is none.
func rawSubject(der []byte) string {
	r := newDERReader(der, func(string) {})
	outer, _ := r.read(casn1.SEQUENCE)
	r = r.sub(outer)
	tbs, _ := r.read(casn1.SEQUENCE)
	r = r.sub(tbs)
	r.read(context(0))
	r.read(casn1.INTEGER)
	for range 3 { // algorithm, issuer, validity
		if _, ok := r.read(casn1.SEQUENCE); !ok {
			return ""
		}
	}
	subject, _ := r.read(casn1.SEQUENCE)
	return string(subject.full)
}

// readAnchors reads a file or all files of a directory. In a directory, files
// without certificates are passed over.
func readAnchors(path, store string) ([]*anchor, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return readAnchorFile(path, store)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var list []*anchor
	for _, e := range entries {
		file := filepath.Join(path, e.Name())
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if more, err := readAnchorFile(file, store); err == nil {
			list = append(list, more...)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no certificate in any file of the directory", path)
	}
	return list, nil
}

func readAnchorFile(path, store string) ([]*anchor, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxStoreFile {
		return nil, fmt.Errorf("%s: %d bytes are too many for a file of certificates (at most %d)", path, info.Size(), maxStoreFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []*anchor
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		// A TRUSTED CERTIFICATE of OpenSSL has settings behind the DER.
		if block.Type == "CERTIFICATE" || block.Type == "X509 CERTIFICATE" {
			list = append(list, &anchor{der: block.Bytes, store: store})
		}
	}
	if len(list) == 0 && rawSubject(b) != "" {
		list = append(list, &anchor{der: b, store: store})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no certificate found, neither PEM nor DER", path)
	}
	return list, nil
}
