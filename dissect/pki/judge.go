package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"
)

// judge asks crypto/x509 about a path that ends at an anchor, for the rules it
// knows and the rest of this package does not: name constraints, policies, and
// whatever it may learn to refuse. Dates and purposes are asked separately, so
// it is asked for a time when all of the path is valid: the time in question if
// that is one. nil means that it agrees or cannot be asked.
func (k *checker) judge() error {
	p := k.path
	if p.end != endAnchor || len(p.certs) < 2 {
		return nil
	}
	if i, _ := p.unchecked(); i >= 0 {
		return nil
	}
	list, ok := x509s(p.certs)
	if !ok {
		return nil
	}
	at, ok := commonTime(p.certs, k.opts.At)
	if !ok {
		return nil
	}
	h := sha256.New()
	for _, c := range p.certs {
		h.Write(c.SHA256[:])
	}
	key := [32]byte(h.Sum(nil))
	if v := k.opts.Cache; v != nil {
		if err, ok := v.judgements.get(key, one[error]); ok {
			return err
		}
	}
	opts := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	opts.Roots.AddCert(list[len(list)-1])
	for _, c := range list[1 : len(list)-1] {
		opts.Intermediates.AddCert(c)
	}
	_, err := list[0].Verify(opts)
	if v := k.opts.Cache; v != nil {
		v.judgements.put(key, err, 1)
	}
	return err
}

// x509s returns the halves of crypto/x509, false if it refused to read one.
func x509s(certs []*Certificate) ([]*x509.Certificate, bool) {
	list := make([]*x509.Certificate, 0, len(certs))
	for _, c := range certs {
		if c.X509 == nil {
			return nil, false
		}
		list = append(list, c.X509)
	}
	return list, true
}

// commonTime returns a time at which all certificates are valid: at if it is
// one, else the latest notBefore.
func commonTime(certs []*Certificate, at time.Time) (time.Time, bool) {
	var from, to time.Time
	for i, c := range certs {
		if c.NotBefore.IsZero() || c.NotAfter.IsZero() {
			return at, false
		}
		if i == 0 || c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if i == 0 || c.NotAfter.Before(to) {
			to = c.NotAfter
		}
	}
	if from.After(to) {
		return at, false
	}
	if at.Before(from) || at.After(to) {
		return from, true
	}
	return at, true
}

// objection words what crypto/x509 has against the path, "" if it is a matter
// that another check reports: broken hashes, dates, purposes.
func objection(err error) string {
	var invalid x509.CertificateInvalidError
	var critical x509.UnhandledCriticalExtension
	switch {
	case err == nil, errors.As(err, &critical):
		return ""
	case errors.As(err, &invalid):
		switch invalid.Reason {
		case x509.Expired, x509.IncompatibleUsage, x509.NotAuthorizedToSign, x509.TooManyIntermediates:
			return ""
		case x509.CANotAuthorizedForThisName:
			return "a name constraint of the chain forbids it: " + invalid.Detail
		case x509.NoValidChains:
			return "the policies of the chain do not allow it"
		}
		return invalid.Error()
	}
	return ""
}
