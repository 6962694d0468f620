package keys

import (
	"bytes"
	"slices"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// An InnerSource is how a ClientHelloInner came to be known.
type InnerSource uint8

// Inner sources.
const (
	InnerSealed  InnerSource = iota // it is not known
	InnerFromLog                    // opened with ECH_SECRET and ECH_CONFIG of a key log (RFC 9850, Section 2.3)
	InnerFromKey                    // opened with the private key of the ECHConfig
	InnerRebuilt                    // rebuilt out of the outer one; only if the acceptance confirmation agrees
)

// ECH says what became of the encrypted_client_hello extension of a
// connection (RFC 9849).
type ECH struct {
	Inner    []byte // body of the ClientHelloInner, of the second after a HelloRetryRequest; nil if it is not known
	Source   InnerSource
	Accepted bool   // meaningful if Known: the acceptance confirmation of the server agrees with Inner, or the keys of another client random opened records
	Known    bool   // whether it is known if the server accepted it
	Rejected bool   // it did not: the confirmation does not agree, or Finished covers the outer hello
	Fault    string // what is wrong with what was opened, "" if nothing is
}

// ech is what a Session knows of an encrypted_client_hello. Messages are kept
// with their headers.
type ech struct {
	outer  [2][]byte // before and behind a HelloRetryRequest
	inner  [2][]byte // what is sealed in them, once known
	retry  []byte
	server []byte
	behind []byte // what else is hashed, until it is known which hello counts

	source   InnerSource
	accepted check
	fault    string
	key      echOpener // that opened the first
	triedAt  uint64    // version of the provider, plus 1, whose keys were tried
	names    int       // server names that were tried
}

// maxNames bounds the server names that are tried for one connection.
const maxNames = 512

// ECH returns what is known of the encrypted_client_hello extension. ok is
// false if the client did not send it.
func (s *Session) ECH() (e ECH, ok bool) {
	if s == nil || s.hs.echo == nil {
		return ECH{}, false
	}
	x := s.hs.echo
	e = ECH{Source: x.source, Known: x.accepted.known || s.inner, Accepted: x.accepted.ok || s.inner, Fault: x.fault}
	e.Rejected = e.Known && !e.Accepted
	last := 0
	if x.outer[1] != nil && (x.inner[1] != nil || !e.Known) {
		last = 1
	}
	if m := x.inner[last]; m != nil {
		e.Inner = m[tls.HandshakeHeaderLen:]
	} else if m := x.inner[0]; m != nil {
		e.Inner = m[tls.HandshakeHeaderLen:]
	}
	return e, true
}

// InnerHello reports whether the keys that opened the connection belong to
// another ClientHello than the one that was sent in the clear: the server
// accepted encrypted_client_hello (RFC 9849, Section 7.2).
func (s *Session) InnerHello() bool { return s != nil && s.inner }

// randoms returns by which client randoms the log may name the connection, once
// each: that of the ClientHello in the clear, and that of the one sealed in it as
// far as it is known and not refused. Early data is always that of the sealed one
// (RFC 9849, Section 6.1).
func (s *Session) randoms(early bool, outer []byte) [][]byte {
	list := [][]byte{outer}
	add := func(random []byte) {
		if random != nil && !slices.ContainsFunc(list, func(r []byte) bool { return bytes.Equal(r, random) }) {
			list = append(list, random)
		}
	}
	if s.inner {
		add(s.hs.clientRandom[:])
	}
	e := s.hs.echo
	if e != nil && e.accepted.known && !e.accepted.ok && !early {
		return list
	}
	add(s.hs.earlyRandom)
	if e != nil && e.inner[0] != nil {
		add(randomOf(e.inner[0]))
	}
	return list
}

// takeRandom notes that a line for another client random than that of the
// ClientHello in the clear opened something: the messages that count are those of
// the hello sealed in it. Early data says nothing of it, for it is sealed before
// the server has a say.
func (s *Session) takeRandom(l Label, x *logLine) {
	hs := s.hs
	if l == ClientEarly && hs.haveCH {
		hs.earlyRandom = x.of.key
		return
	}
	s.inner = s.inner || hs.haveCH && (hs.ech || hs.echo != nil)
	copy(hs.clientRandom[:], x.of.key)
	if hs.haveCH, hs.ech = true, false; hs.echo == nil {
		hs.lose()
	}
}

// settled reports whether it is known which hello counts.
func (e *ech) settled() bool { return e == nil || e.accepted.known }

// outerHello keeps a ClientHello with an encrypted_client_hello extension and
// opens it where that is possible.
func (s *Session) outerHello(msg []byte) {
	hs := s.hs
	if !hs.ech || len(msg) > maxTranscript/4 {
		return
	}
	if hs.echo == nil {
		hs.echo = new(ech)
	}
	i := 0
	if hs.retry {
		i = 1
	}
	if hs.echo.outer[0] == nil && i == 1 || hs.echo.outer[i] != nil {
		return
	}
	hs.echo.outer[i] = bytes.Clone(msg)
	hs.echo.triedAt = 0
	s.openInner()
}

// openInner opens the hellos with the keys that there are.
func (s *Session) openInner() {
	e := s.hs.echo
	if e == nil || s.p == nil || e.fault != "" || e.triedAt == s.p.version()+1 {
		return
	}
	e.triedAt = s.p.version() + 1
	for i, msg := range e.outer {
		if msg == nil || e.inner[i] != nil || i == 1 && e.inner[0] == nil || e.source == InnerRebuilt {
			continue
		}
		var m tls.ClientHello
		if m.Decode(msg[tls.HandshakeHeaderLen:]) != nil {
			return
		}
		x, ok := m.ECH()
		if !ok || x.Inner {
			return
		}
		var encoded []byte
		if i == 0 {
			encoded = s.openFirst(&m, &x)
		} else {
			encoded, _ = e.key.open(outerAAD(m.Raw, x.Payload), x.Payload)
		}
		if encoded == nil {
			return
		}
		inner, err := decodeInner(&m, encoded)
		if err != nil {
			e.fault = err.Error()
			return
		}
		e.inner[i] = inner
		if s.hs.earlyData && i == 0 {
			s.hs.early = inner
		}
	}
}

// openFirst opens the first hello: with the key log, or with private keys.
func (s *Session) openFirst(m *tls.ClientHello, x *tls.ECHClient) []byte {
	e, aad := s.hs.echo, outerAAD(m.Raw, x.Payload)
	for _, c := range s.p.log.lines(m.Random, ECHConfig, 0) {
		for _, l := range s.p.log.lines(m.Random, ECHSecret, 0) {
			for _, config := range tls.SplitECHConfigs(c.secret) {
				k := newHPKE(config, x, l.secret)
				if k == nil {
					continue
				}
				if b, ok := k.open(aad, x.Payload); ok {
					e.key, e.source = k, InnerFromLog
					s.from[FromLog], s.found[ECHSecret] = true, true
					s.use(l)
					s.use(c)
					return b
				}
			}
		}
	}
	for _, private := range s.p.echKeys() {
		k := private.recipient(x)
		if k == nil {
			continue
		}
		if b, ok := k.open(aad, x.Payload); ok {
			e.key, e.source = k, InnerFromKey
			s.from[FromPrivateKey] = true
			return b
		}
	}
	return nil
}

// outerAAD is the ClientHelloOuterAAD: the outer hello with zeros for the
// payload (RFC 9849, Section 5.2). The payload aliases the hello.
func outerAAD(hello, payload []byte) []byte {
	aad := bytes.Clone(hello)
	if at := within(hello, payload); at >= 0 {
		clear(aad[at:][:len(payload)])
	}
	return aad
}

// within returns where in b the bytes of part stand, which alias it; -1 if they
// do not.
func within(b, part []byte) int {
	for i := range b {
		if len(part) > 0 && len(b)-i >= len(part) && &b[i] == &part[0] {
			return i
		}
	}
	return -1
}

// keepRetry keeps a HelloRetryRequest, which may confirm the inner hello.
func (s *Session) keepRetry(msg []byte) {
	hs := s.hs
	if hs.echo != nil && len(msg) <= maxTranscript/4 {
		hs.echo.retry = bytes.Clone(msg)
	}
}

// settle finds out, once the ServerHello is there, whether the server took
// the inner hello, and goes on with the transcript that it took.
func (s *Session) settle() {
	e := s.hs.echo
	if e.settled() || e.server == nil {
		return
	}
	s.openInner()
	last := 0
	if e.outer[1] != nil {
		last = 1
	}
	if e.inner[last] == nil {
		// Rejected with the HelloRetryRequest: the second hello is then no
		// longer to be opened with the same context.
		if last == 1 && e.inner[0] != nil && e.retry != nil && !s.retryConfirms(e.inner[0]) {
			e.accepted = check{known: true}
		}
		return
	}
	if s.serverConfirms(e.inner[0], e.inner[last]) {
		s.accept()
		return
	}
	e.accepted = check{known: true}
}

// retryConfirms reports whether a HelloRetryRequest confirms an inner hello
// (RFC 9849, Section 7.2.1).
func (s *Session) retryConfirms(inner []byte) bool {
	e, sched, ok := s.confirmation()
	if !ok {
		return false
	}
	var m tls.ServerHello
	if m.Decode(e.retry[tls.HandshakeHeaderLen:]) != nil {
		return false
	}
	data, ok := m.Extensions.Get(tls.ExtEncryptedClientHello)
	if !ok || len(data) != 8 {
		return false
	}
	zeroed := bytes.Clone(e.retry)
	clear(zeroed[within(e.retry, data):][:8])
	return bytes.Equal(data, sched.echConfirmation("hrr ech accept confirmation", randomOf(inner), slices.Concat(sched.messageHash(inner), zeroed)))
}

// serverConfirms reports whether the ServerHello confirms an inner hello, the
// first and the last one (RFC 9849, Section 7.2).
func (s *Session) serverConfirms(first, last []byte) bool {
	e, sched, ok := s.confirmation()
	if !ok || len(e.server) < tls.HandshakeHeaderLen+2+32 {
		return false
	}
	zeroed := bytes.Clone(e.server)
	tail := zeroed[tls.HandshakeHeaderLen+2+24:][:8]
	want := bytes.Clone(tail)
	clear(tail)
	messages := slices.Concat(last, zeroed)
	if e.outer[1] != nil {
		messages = slices.Concat(sched.messageHash(first), e.retry, messages)
	}
	return bytes.Equal(want, sched.echConfirmation("ech accept confirmation", randomOf(first), messages))
}

func (s *Session) confirmation() (*ech, schedule13, bool) {
	h := hashByName(s.hs.info.PRF)
	if h == nil || !s.hs.is13() {
		return nil, schedule13{}, false
	}
	return s.hs.echo, s.hs.schedule13(h), true
}

// echConfirmation is the acceptance confirmation over messages.
func (s schedule13) echConfirmation(label string, random, messages []byte) []byte {
	return s.expand(s.extract(nil, random), label, s.sum(messages), 8)
}

// messageHash is what stands for the first hello behind a HelloRetryRequest
// (RFC 9846, Section 4.4.1).
func (s schedule13) messageHash(hello []byte) []byte {
	return append([]byte{byte(tls.TypeMessageHash), 0, 0, byte(s.size)}, s.sum(hello)...)
}

// randomOf returns the random of a ClientHello with its header.
func randomOf(hello []byte) []byte { return hello[tls.HandshakeHeaderLen+2:][:32] }

// accept makes the inner hello the one that counts: its random finds lines of
// the key log, and its bytes are hashed.
func (s *Session) accept() {
	hs, e := s.hs, s.hs.echo
	e.accepted = check{ok: true, known: true}
	s.inner = true
	last := e.inner[0]
	if e.outer[1] != nil {
		last = e.inner[1]
	}
	selected := hs.selected
	hs.clientHello(last[tls.HandshakeHeaderLen:])
	hs.ech, hs.selected = false, selected
	if s.p != nil {
		s.p.log.claim(hs.clientRandom[:], s.claim())
	}
	if r := hs.run; r != nil && !hs.lost {
		r.h, r.all = r.hash(), nil
		if e.outer[1] != nil {
			r.write(r.messageHash(e.inner[0]))
			r.write(e.retry)
		}
		r.write(last)
		r.write(e.server)
		r.hello = r.h.Sum(nil)
		r.write(e.behind)
	}
	e.behind = nil
}

// hashBehind keeps a message behind the ServerHello while it is not known
// which hello counts, and looks for the inner one.
func (s *Session) hashBehind(side flow.Side, t tls.HandshakeType, msg, body []byte) {
	e := s.hs.echo
	if e.settled() {
		return
	}
	s.settle()
	if !e.settled() && s.inner && (t == tls.TypeCertificate || t == tls.TypeFinished) && side == flow.Server {
		s.rebuild(body, t)
	}
	if e.settled() {
		return
	}
	if len(e.behind)+len(msg) > maxTranscript {
		s.hs.lose()
		return
	}
	e.behind = append(e.behind, msg...)
}

// unhashed reports whether the transcript is that of a hello that is not known.
func (s *Session) unhashed() bool { return s.inner && !s.hs.echo.settled() }

// settleByFinished concludes from a Finished that covers the outer hello.
func (s *Session) settleByFinished(c check) {
	if e := s.hs.echo; !e.settled() && c.known && c.ok {
		e.accepted, e.behind = check{known: true}, nil
	}
}
