package keys

import (
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// patience is how many records of a side may fail before lines of other
// connections are no longer tried.
const patience = 2

// openable reports whether records can be opened, given the keys.
func (hs *handshake) openable() bool {
	return hs.known && supported(hs.info) && (hs.is13() || hs.compression <= compressDeflate)
}

// CanOpen reports whether records of a suite can be opened with keys at all:
// whether there is an implementation of its cipher.
func CanOpen(suite tls.CipherSuite) bool {
	info, ok := suite.Info()
	return ok && supported(info)
}

// open12 opens a record before TLS 1.3.
func (s *Session) open12(side flow.Side, h tls.RecordHeader, body []byte) (o Opened, found, ok bool) {
	f := &s.half[side]
	if f.cur != nil {
		plain, pad, at, ok := f.try(s.buf.b[:0], f.cur, f.seq, f.ahead, h, body)
		if !ok {
			return Opened{}, true, false
		}
		return s.accept12(f, h, plain, pad, at)
	}
	if s.p == nil || !f.hs.openable() || f.tired(s.p) {
		return Opened{}, false, false
	}
	for _, c := range f.hs.masters(s.p) {
		if c.guess && (f.failed >= patience || !s.p.mayGuess()) {
			break // they come last
		}
		k := f.hs.opener(side, c)
		if k == nil {
			continue
		}
		if pr, is := k.(primer); is && !pr.prime(f.bytes, f.tail[:f.tailLen], !f.holed) {
			f.stuck = "bytes before it are missing, without which RC4 cannot begin"
			continue
		}
		found = true
		plain, pad, at, ok := f.try(s.buf.b[:0], k, f.seq, f.ahead, h, body)
		if ok {
			f.cur = k
			s.confirm12(f.hs, c)
			return s.accept12(f, h, plain, pad, at)
		}
	}
	return Opened{}, found, false
}

// tired reports whether nothing new came since many records failed.
func (f *half) tired(p *Provider) bool { return f.failed >= maxFailures && f.version == p.version() }

// accept12 finishes a record whose MAC is right.
func (s *Session) accept12(f *half, h tls.RecordHeader, plain []byte, pad int, at uint64) (Opened, bool, bool) {
	resumed := f.ahead > 0
	f.seq, f.ahead = at+1, 0
	if f.zip != nil {
		var ok bool
		if plain, ok = f.zip.record(plain); !ok {
			f.stuck = "the compressed content cannot be unpacked"
			return Opened{}, true, false
		}
	}
	return Opened{Type: h.Type, Plain: plain, Padding: pad, Level: LevelApplication, Resumed: resumed}, true, true
}

// confirm12 settles the master secret.
func (s *Session) confirm12(hs *handshake, c masterCand) {
	if hs.master != nil {
		return
	}
	hs.master = &c
	hs.cands = nil
	if c.guess {
		copy(hs.clientRandom[:], c.line.of.key)
	}
	s.from[c.source] = true
	s.found[ClientRandom] = true
	switch {
	case c.line != nil:
		s.use(c.line)
	default:
		s.p.derive(hs.clientRandom, c.secret)
	}
	s.rememberMaster(hs)
}

// rememberMaster keeps the master secret for connections that resume this one.
func (s *Session) rememberMaster(hs *handshake) {
	if hs.master == nil {
		return
	}
	if len(hs.sessionID) > 0 {
		s.p.remember(sessionKey(hs.sessionID), hs.master.secret)
	}
	if len(hs.newTicket) > 0 {
		s.p.remember(ticketKey(hs.newTicket), hs.master.secret)
	}
}
