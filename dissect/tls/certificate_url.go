package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A CertificateURL says where the client's certificates are (RFC 6066, Section
// 5).
type CertificateURL struct {
	ChainType     uint8  // 0: one URL a certificate, 1: one URL for the chain
	URLs          []byte // undecoded list; see All
	TrailingBytes int
}

// Decode reads the body of the message, without the handshake header.
func (m *CertificateURL) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *CertificateURL) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *CertificateURL) decode(r *wire.Reader) {
	*m = CertificateURL{}
	m.ChainType = r.Uint8("type")
	s := r.Sub16("url_and_hash_list")
	m.URLs = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		urlAndHash(&s)
	}
	end(r, &s)
	m.TrailingBytes = r.Trailing()
}

// urlAndHash reads an entry. The byte behind the URL is padding that has to be
// 1; RFC 4366 had no hash behind a 0.
func urlAndHash(r *wire.Reader) (url, hash []byte) {
	url = r.Vec16("url")
	if r.Uint8("padding") == 1 {
		hash = r.Bytes(20, "SHA1Hash")
	}
	return url, hash
}

// All iterates over the URLs and the SHA-1 hashes of what they lead to.
func (m *CertificateURL) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(url, hash []byte) bool) {
		r := wire.NewReader(m.URLs)
		for r.Len() > 0 {
			url, hash := urlAndHash(&r)
			if r.Failed() || !yield(url, hash) {
				return
			}
		}
	}
}
