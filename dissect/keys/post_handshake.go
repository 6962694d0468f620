package keys

import (
	"bytes"
	"hash"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// postHandshake handles the client's answer to a CertificateRequest behind the
// handshake (RFC 9846, Section 4.4.1 and 4.6.2).
func (s *Session) postHandshake(t tls.HandshakeType, msg, body []byte) {
	hs, r := s.hs, s.hs.run
	switch t {
	case tls.TypeCertificate, tls.TypeCompressedCertificate:
		r.post, hs.certVerify[flow.Client], hs.covered[flow.Client] = nil, nil, Covered{}
		c, ok := r.h.(hash.Cloner)
		req := r.request(t, body)
		if !ok || req == nil {
			return
		}
		h, err := c.Clone()
		if err != nil {
			return
		}
		r.post, r.postAll = h, bytes.Clone(r.all)
		r.writePost(req)
	case tls.TypeCertificateVerify:
		hs.certVerify[flow.Client], hs.covered[flow.Client] = nil, Covered{}
		if r.post != nil {
			hs.certVerify[flow.Client] = signedContent(flow.Client, r.post.Sum(nil))
			s.cover(flow.Client, r.postAll, r.post.Sum(nil))
		}
	case tls.TypeFinished:
		hs.finished[flow.Client] = check{}
		if r.post != nil {
			hs.finished[flow.Client] = s.finished13(flow.Client, s.half[flow.Client].secret, r.post, body)
			s.cover(flow.Client, r.postAll, hs.finHash[flow.Client])
			r.post, r.postAll = nil, nil
		}
		return
	}
	if r.post != nil {
		r.writePost(msg)
	}
}

// request returns the CertificateRequest that a Certificate answers, by its
// context, and forgets it.
func (r *running) request(t tls.HandshakeType, body []byte) []byte {
	if len(r.requests) == 0 {
		return nil
	}
	at := 0
	if t == tls.TypeCertificate && len(body) > 0 && len(body) > int(body[0]) {
		at = -1
		for i, m := range r.requests {
			if m := m[tls.HandshakeHeaderLen:]; len(m) > int(body[0]) && bytes.Equal(m[:1+int(m[0])], body[:1+int(body[0])]) {
				at = i
				break
			}
		}
	}
	if at < 0 {
		return nil
	}
	m := r.requests[at]
	r.requests = append(r.requests[:at], r.requests[at+1:]...)
	return m
}
