package keys

import (
	"bytes"
	"hash"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// maxRequests bounds the post-handshake requests for a certificate that wait
// for an answer.
const maxRequests = 8

// SSL2Hello tells of a ClientHello in the format of SSL 2.0: its record
// without the header (RFC 5246, Appendix E.2).
func (s *Session) SSL2Hello(body []byte) {
	var m tls.SSL2Hello
	if s == nil || m.Decode(body) != nil || len(m.Challenge) == 0 {
		return
	}
	s.hs = &handshake{haveCH: true, selected: -1}
	n := min(32, len(m.Challenge))
	copy(s.hs.clientRandom[32-n:], m.Challenge[len(m.Challenge)-n:])
	s.hs.append(body)
	if s.p != nil {
		s.p.log.claim(s.hs.clientRandom[:], s.claim())
	}
}

// Message tells of a handshake message with its header.
func (s *Session) Message(side flow.Side, msg []byte) {
	if s == nil {
		return
	}
	h, ok := tls.ParseHeader(msg)
	if !ok || len(msg) < tls.HandshakeHeaderLen+h.Length {
		s.hs.lose()
		return
	}
	msg = msg[:tls.HandshakeHeaderLen+h.Length]
	s.message(side, h.Type, msg, msg[tls.HandshakeHeaderLen:])
}

// message takes a message as it is hashed, and its body.
func (s *Session) message(side flow.Side, t tls.HandshakeType, msg, body []byte) {
	switch {
	case t == tls.TypeClientHello && side == flow.Client:
		s.clientHello(msg, body)
	case t == tls.TypeServerHello && side == flow.Server:
		s.serverHello(msg, body)
	case t == tls.TypeHelloRetryRequest && side == flow.Server:
		var m tls.HelloRetryRequest
		if m.Decode(body) == nil {
			s.retry(m.Version, m.CipherSuite, msg)
		}
	case s.hs.is13():
		s.advance(side, t)
		s.message13(side, t, msg, body)
	default:
		s.message12(side, t, msg, body)
	}
}

// Missing tells that handshake messages may be missing from here on: no
// Finished can be verified any more. The next ClientHello begins afresh.
func (s *Session) Missing() {
	if s != nil {
		s.hs.lose()
	}
}

// Lost tells that bytes of a side are missing from here on: if it was not done
// with what is hashed, no Finished can be verified any more.
func (s *Session) Lost(side flow.Side) {
	if s == nil {
		return
	}
	hs, r := s.hs, s.hs.run
	switch {
	case side == flow.Client && !hs.haveCH, side == flow.Server && !hs.haveSH && !hs.retry:
		// Nothing of it was hashed; if its hello is missing, nothing will be.
	case r != nil && (side == flow.Server && r.serverDone || side == flow.Client && r.clientDone):
		r.post = nil
	case r == nil && hs.finHash[side] != nil:
	default:
		hs.lose()
	}
}

func (s *Session) clientHello(msg, body []byte) {
	before := s.hs
	switch {
	case !s.hs.retry:
		// Also a renegotiation: keys in force stay until ChangeCipherSpec.
		s.hs = &handshake{selected: -1}
		if s.half[flow.Client].epoch != clear13 { // a second connection's
			s.half = [2]half{}
		}
	case s.half[flow.Client].epoch == early13: // early data ends here
		s.half[flow.Client] = half{count: s.half[flow.Client].count}
	}
	hs := s.hs
	hs.again = hs.retry
	hs.clientHello(body)
	hs.append(msg)
	if before != hs && before.haveCH && !before.haveSH && !s.dtls && hs.clientRandom == before.clientRandom {
		hs.lose() // a HelloRetryRequest between the two is missing
	}
	if s.p == nil || !hs.haveCH {
		return
	}
	s.p.log.claim(hs.clientRandom[:], s.claim())
	if m := hs.name; m != "" {
		s.p.sawName(m)
	}
	s.outerHello(msg)
	if hs.earlyData && !hs.retry {
		if len(msg) <= maxTicket*2 && hs.early == nil {
			hs.early = bytes.Clone(msg)
		}
		s.half[flow.Client].enter13(early13)
	}
}

func (s *Session) serverHello(msg, body []byte) {
	var m tls.ServerHello
	if m.Decode(body) != nil && len(m.Random) != 32 {
		s.hs.lose()
		return
	}
	if m.IsRetry() {
		s.retry(m.NegotiatedVersion(), m.CipherSuite, msg)
		return
	}
	hs := s.hs
	if hs.haveSH { // its ClientHello is missing
		s.hs = &handshake{lost: true, selected: -1}
		hs = s.hs
	}
	hs.serverHello(&m)
	hs.append(msg)
	if hs.retry && !hs.again || hs.is13() && !hs.retry && hs.helloSeq > 0 {
		hs.lose() // the second hello is missing, or what asked for it
	}
	if hs.known && !supported(hs.info) && s.p != nil {
		s.p.log.useAll(hs.clientRandom[:]) // for others, who can open it
	}
	if !hs.is13() {
		if f := &s.half[flow.Client]; f.epoch != clear13 { // early data that an old server cannot take
			*f = half{count: f.count}
		}
		return
	}
	hs.begin(s.keep)
	if hs.echo != nil {
		hs.echo.server = bytes.Clone(msg)
		s.settle()
	}
	s.half[flow.Server].enter13(handshake13)
	if f := &s.half[flow.Client]; f.epoch != early13 {
		f.enter13(handshake13)
	}
}

// retry handles a HelloRetryRequest of either form.
func (s *Session) retry(v tls.Version, suite tls.CipherSuite, msg []byte) {
	hs := s.hs
	hs.retry = true
	s.keepRetry(msg)
	hs.version, hs.suite = v, suite
	hs.info, hs.known = suite.Info()
	hs.hashFirstHello()
	hs.append(msg)
	hs.version = 0 // until the ServerHello
}

// message12 handles a message before TLS 1.3, or of an unknown version.
func (s *Session) message12(side flow.Side, t tls.HandshakeType, msg, body []byte) {
	hs := s.hs
	switch t {
	case tls.TypeHelloRequest:
		return // not hashed (RFC 5246, Section 7.4.1.1)
	case tls.TypeCertificate:
		if side == flow.Server {
			hs.certificate(body)
		}
	case tls.TypeServerHelloDone:
		hs.helloDone = true
	case tls.TypeClientKeyExchange:
		if hs.haveSH && !hs.helloDone {
			hs.lose()
		}
		hs.clientKeyExchange(body)
		hs.append(msg)
		if hs.ems && !hs.lost && hs.sessionHash == nil {
			hs.sessionHash = hs.schedule().transcriptHash(hs.raw)
		}
		return
	case tls.TypeCertificateVerify:
		if !hs.lost && hs.haveCH && hs.haveSH && hs.version != tls.VersionSSL3 {
			hs.certVerify[side] = bytes.Clone(hs.raw)
			s.cover(side, hs.raw, nil)
		}
	case tls.TypeNewSessionTicket:
		s.ticket12(body)
	case tls.TypeFinished:
		hs.finished[side] = s.finished12(side, body)
	}
	hs.append(msg)
	if t == tls.TypeFinished {
		s.rememberMaster(hs)
		if hs.finished[0].known && hs.finished[1].known {
			hs.raw = nil
			hs.lost = true
		}
	}
}

func (s *Session) ticket12(body []byte) {
	var m tls.NewSessionTicket
	if m.Decode(body, tls.Context{Version: s.hs.version, Suite: s.hs.suite}) == nil && len(m.Ticket) <= maxTicket {
		s.hs.newTicket = bytes.Clone(m.Ticket)
	}
}

// finished12 recomputes the Finished of a side (RFC 5246, Section 7.4.9).
func (s *Session) finished12(side flow.Side, body []byte) check {
	hs := s.hs
	first := flow.Client          // to finish
	if !hs.cke && !hs.helloDone { // it resumes a session
		first = flow.Server
	}
	if hs.lost || !hs.haveCH || !hs.haveSH || side != first && hs.finHash[first] == nil {
		return check{} // the second one covers the first
	}
	hs.finHash[side] = hs.schedule().transcriptHash(hs.raw)
	s.cover(side, hs.raw, hs.finHash[side])
	cands := hs.masters(s.p)
	for _, c := range cands {
		if c.guess || len(c.secret) != masterLen {
			continue
		}
		if bytes.Equal(hs.schedule().finished(c.secret, hs.raw, side == flow.Client), body) {
			if hs.master == nil { // suites without encryption need no Open
				s.confirm12(hs, c)
			}
			return check{ok: true, known: true}
		}
	}
	return check{known: hs.master != nil}
}

// advance changes the keys of a side behind a message of TLS 1.3.
func (s *Session) advance(side flow.Side, t tls.HandshakeType) {
	f := &s.half[side]
	switch {
	case t == tls.TypeEndOfEarlyData && side == flow.Client && f.epoch == early13:
		f.enter13(handshake13)
	case t == tls.TypeFinished && f.epoch < application13:
		f.enter13(application13)
	case t == tls.TypeKeyUpdate && f.epoch >= application13:
		f.enter13(f.epoch + 1)
	}
}

// message13 handles a message of TLS 1.3 behind the ServerHello.
func (s *Session) message13(side flow.Side, t tls.HandshakeType, msg, body []byte) {
	r := s.hs.run
	switch {
	case r == nil || t == tls.TypeKeyUpdate:
		return
	case t == tls.TypeNewSessionTicket:
		s.ticket13(body)
	case side == flow.Server && !r.serverDone:
		s.handshake13(side, t, msg, body)
		if r.serverDone {
			s.drain()
		}
	case side == flow.Server && t == tls.TypeCertificateRequest:
		if len(r.requests) < maxRequests && len(msg) <= maxTranscript/maxRequests {
			r.requests = append(r.requests, bytes.Clone(msg))
		}
	case side == flow.Client && !r.serverDone:
		// Captured before the server's Finished, which it follows.
		if len(r.queue)+len(msg) > maxTranscript {
			s.hs.lose()
			return
		}
		r.queue = append(r.queue, msg...)
	case side == flow.Client && !r.clientDone:
		s.handshake13(side, t, msg, body)
	case side == flow.Client:
		s.postHandshake(t, msg, body)
	}
}

// drain handles the client's messages that had to wait.
func (s *Session) drain() {
	r := s.hs.run
	q := r.queue
	r.queue = nil
	for len(q) > 0 {
		h, ok := tls.ParseHeader(q)
		if !ok || len(q) < tls.HandshakeHeaderLen+h.Length {
			return // cannot happen: whole messages were queued
		}
		n := tls.HandshakeHeaderLen + h.Length
		s.message13(flow.Client, h.Type, q[:n], q[tls.HandshakeHeaderLen:n])
		q = q[n:]
	}
}

// handshake13 handles a message of the handshake proper.
func (s *Session) handshake13(side flow.Side, t tls.HandshakeType, msg, body []byte) {
	hs, r := s.hs, s.hs.run
	s.hashBehind(side, t, msg, body)
	switch t {
	case tls.TypeCertificateVerify:
		if !s.unhashed() {
			hs.certVerify[side] = signedContent(side, r.h.Sum(nil))
			s.cover(side, r.all, r.h.Sum(nil))
		}
	case tls.TypeFinished:
		hs.finished[side] = s.finished13(side, s.half[side].hsSecret, r.h, body)
		s.cover(side, r.all, hs.finHash[side])
	}
	r.write(msg)
	if t != tls.TypeFinished {
		return
	}
	if side == flow.Server {
		r.serverDone, r.serverFin = true, r.h.Sum(nil)
	} else {
		r.clientDone, r.clientFin = true, r.h.Sum(nil)
	}
}

func (s *Session) finished13(side flow.Side, traffic secret, h hash.Hash, body []byte) check {
	if s.unhashed() {
		return check{}
	}
	sum := h.Sum(nil)
	s.hs.finHash[side] = sum
	if traffic == nil {
		return check{}
	}
	c := check{ok: bytes.Equal(s.hs.run.finished(traffic, sum), body), known: true}
	s.settleByFinished(c)
	return c
}

// ticket13 keeps the key of a ticket where the resumption secret is known.
func (s *Session) ticket13(body []byte) {
	hs, r := s.hs, s.hs.run
	var m tls.NewSessionTicket
	if s.psk == nil || r.clientFin == nil || hs.keyShare || m.Decode(body, tls.Context{Version: hs.version, Suite: hs.suite}) != nil ||
		len(m.Ticket) > maxTicket {
		return
	}
	res := s.psk.derive(s.psk.master, "res master", r.clientFin)
	s.p.remember(pskKey(m.Ticket), r.expand(res, "resumption", m.Nonce, r.size))
}

// VerifyFinished reports whether the last Finished of a side is right. known
// is false if there was none, or keys or messages to tell are missing.
func (s *Session) VerifyFinished(side flow.Side) (ok, known bool) {
	if s == nil {
		return false, false
	}
	c := s.hs.finished[side]
	return c.ok, c.known
}

// FinishedInput returns the hash of the handshake messages that the last
// Finished of a side covers: MD5 and SHA-1 one behind the other before TLS 1.2.
// ok is false if messages are missing. It is no secret.
func (s *Session) FinishedInput(side flow.Side) (hash []byte, ok bool) {
	if s == nil {
		return nil, false
	}
	b := s.hs.finHash[side]
	return b, b != nil
}

// CertificateVerifyInput returns the bytes that the last CertificateVerify of
// a side signs: in TLS 1.3 the content of RFC 9846, Section 4.4.3, before it
// all handshake messages so far (RFC 5246, Section 7.4.8). ok is false if there
// was no such message, messages are missing, or the version is SSL 3.0, whose
// input holds the master secret. The caller does not change the bytes.
func (s *Session) CertificateVerifyInput(side flow.Side) (signed []byte, ok bool) {
	if s == nil {
		return nil, false
	}
	b := s.hs.certVerify[side]
	return b, b != nil
}
