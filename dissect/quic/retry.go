package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// retry takes a Retry packet (RFC 9000, Section 17.2.5): the client begins
// again with a token and another connection id. missing bytes at its end were not
// captured.
func (s *Stream) retry(side flow.Side, h *header, b []byte, missing int, at flow.Mark) {
	token, tag := b[h.number:], conn.Unknown
	size := len(token) + missing
	if draftOf(h.version) < 25 {
		size = len(withoutOriginal(token)) + missing
	} else {
		size = max(size-tagLen, 0)
		if missing == 0 && len(token) >= tagLen {
			tag = retryTag(h.version, s.firstID, b)
		}
		if tag == conn.No && s.tokened {
			tag = conn.Unknown
		}
	}
	switch {
	case side == flow.Client:
		s.in.Note(side, "Retry from the client, which only a server sends", at)
		return
	case s.answered:
		s.in.Note(side, "Retry after the server had answered: the client ignores it (RFC 9000, Section 17.2.5.2)", at)
		return
	}
	s.chose(side, h.scid)
	s.retried, s.retryID = true, append([]byte{}, h.scid...)
	s.agreed(h.version, at)
	s.in.QUICRetry(size, tag, at)
}

// withoutOriginal passes over the connection id that Retry repeated before it
// had a tag (draft-ietf-quic-transport-22, Section 17.2.5).
func withoutOriginal(b []byte) []byte {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return nil
	}
	return b[1+int(b[0]):]
}

// retryTag reports whether the integrity tag of a Retry packet holds for the
// connection id that it answers (RFC 9001, Section 5.8).
func retryTag(version uint32, id, b []byte) conn.Tristate {
	ps := paramsFor(version)
	if len(ps) != 1 || ps[0].retryKey == "" || len(id) == 0 || len(b) < tagLen {
		return conn.Unknown
	}
	block, err := aes.NewCipher([]byte(ps[0].retryKey))
	if err != nil {
		return conn.Unknown
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return conn.Unknown
	}
	end := len(b) - tagLen
	pseudo := append([]byte{byte(len(id))}, id...)
	pseudo = append(pseudo, b[:end]...)
	want := aead.Seal(nil, []byte(ps[0].retryNonce), nil, pseudo)
	return conn.TristateOf(subtle.ConstantTimeCompare(want, b[end:]) == 1)
}
