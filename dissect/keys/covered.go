package keys

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/flow"
)

// Covered is what a Finished or CertificateVerify vouches for.
type Covered struct {
	Messages []byte // handshake messages with their headers, one behind the other, as they are hashed
	Hash     []byte // of Messages; nil for a CertificateVerify before TLS 1.3, which names its hash itself
}

// Keep makes the Session keep the bytes that are hashed, for [Session.Covered].
// It is called before the first message.
func (s *Session) Keep() {
	if s != nil {
		s.keep = true
	}
}

// Covered returns what the last Finished or CertificateVerify of a side covers.
// ok is false without [Session.Keep], or if messages are missing. What is
// returned is no secret and is not changed later; nor may the caller.
func (s *Session) Covered(side flow.Side) (c Covered, ok bool) {
	if s == nil {
		return Covered{}, false
	}
	c = s.hs.covered[side]
	return c, c.Messages != nil
}

// cover keeps what a message of a side covers.
func (s *Session) cover(side flow.Side, messages, hash []byte) {
	s.hs.covered[side] = Covered{}
	if s.keep && len(messages) > 0 && !s.unhashed() {
		s.hs.covered[side] = Covered{bytes.Clone(messages), bytes.Clone(hash)}
	}
}

// write hashes a message.
func (r *running) write(msg []byte) {
	r.h.Write(msg)
	r.all = r.keepMore(r.all, msg)
}

// writePost hashes a message of an authentication behind the handshake.
func (r *running) writePost(msg []byte) {
	r.post.Write(msg)
	r.postAll = r.keepMore(r.postAll, msg)
}

func (r *running) keepMore(all, msg []byte) []byte {
	if !r.keep || len(all)+len(msg) > maxTranscript {
		r.keep = false
		return nil
	}
	return append(all, msg...)
}
