package keys

import (
	"bytes"
	"hash"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// trafficCand is a traffic secret that may be the right one.
type trafficCand struct {
	secret secret
	line   *logLine
	info   iana.Suite
	psk    *pskSchedule
	guess  bool // from a line for another client random
}

// version13 is the version of a handshake of TLS 1.3 even if its ServerHello
// is missing.
func (hs *handshake) version13() tls.Version {
	switch {
	case hs.haveSH, hs.is13():
		return hs.version
	case hs.dtls:
		return tls.VersionDTLS13
	}
	return tls.VersionTLS13
}

// schedule13 returns the key schedule of the handshake with a hash.
func (hs *handshake) schedule13(h func() hash.Hash) schedule13 {
	s := newSchedule13(hs.version13(), h)
	if hs.dtls {
		s.prefix = "dtls13" // RFC 9147, Section 5.9
	}
	return s
}

// suites returns what the suite is or may be.
func (hs *handshake) suites() []iana.Suite {
	if hs.haveSH || hs.is13() {
		if !hs.openable() {
			return nil
		}
		return []iana.Suite{hs.info}
	}
	var list []iana.Suite
	for _, c := range hs.offered {
		if info, ok := c.Info(); ok && info.Kx == iana.KxTLS13 && supported(info) {
			list = append(list, info)
		}
	}
	return list
}

// last returns the last epoch whose keys are tried for a side's next record,
// later ones because messages may be missing or closed.
func (s *Session) last(f *half) epoch {
	if f.epoch < application13 {
		return application13
	}
	if f.ahead > 0 {
		return f.epoch + maxLaterKeys
	}
	return f.epoch + 1
}

// labelAt returns which line of a key log has the secret of an epoch.
func labelAt(side flow.Side, e epoch) (l Label, gen int, ok bool) {
	switch {
	case e == early13:
		return ClientEarly, 0, side == flow.Client
	case e == handshake13 && side == flow.Client:
		return ClientHandshake, 0, true
	case e == handshake13:
		return ServerHandshake, 0, true
	case side == flow.Client:
		return ClientTraffic, int(e - application13), true
	}
	return ServerTraffic, int(e - application13), true
}

// secrets returns the traffic secrets that may be a side's in an epoch.
func (s *Session) secrets(side flow.Side, e epoch) []trafficCand {
	if s.p == nil {
		return nil
	}
	hs, f := s.hs, &s.half[side]
	label, gen, ok := labelAt(side, e)
	suites := hs.suites()
	if !ok || len(suites) == 0 {
		return nil
	}
	var list []trafficCand
	add := func(c trafficCand) {
		for _, info := range suites {
			if h := hashByName(info.PRF); h != nil && h().Size() == len(c.secret) {
				c.info = info
				list = append(list, c)
			}
		}
	}
	if e > application13 && f.secret != nil && f.secretAt < e && e-f.secretAt <= 64 && hashByName(hs.info.PRF) != nil {
		next, sched := f.secret, hs.schedule13(hashByName(hs.info.PRF))
		for range e - f.secretAt {
			next = sched.next(next)
		}
		add(trafficCand{secret: next})
	}
	if hs.haveCH {
		for _, random := range s.randoms(e == early13, hs.clientRandom[:]) {
			for _, x := range s.p.log.lines(random, label, gen) {
				add(trafficCand{secret: x.secret, line: x, guess: !bytes.Equal(random, hs.clientRandom[:])})
			}
		}
	}
	for _, c := range s.fromPSKs(side, e) {
		add(c)
	}
	if (!hs.haveCH || hs.ech && !s.p.log.hasTraffic(hs.clientRandom[:])) && e == f.epoch && gen == 0 && f.mayGuess(s.p) {
		f.guesses++
		for _, x := range s.p.log.orphans(label, maxGuesses) {
			add(trafficCand{secret: x.secret, line: x, guess: true})
		}
	}
	return list
}

// mayGuess reports whether lines of other connections are tried for a side.
func (f *half) mayGuess(p *Provider) bool {
	return f.failed < patience && f.guesses < 8*patience && p.guesses.Load() < maxAllGuesses
}

// fromPSKs returns the secrets that follow from pre-shared keys: all of a
// connection without (EC)DHE, and those of early data.
func (s *Session) fromPSKs(side flow.Side, e epoch) (list []trafficCand) {
	hs := s.hs
	name := [2]string{"c ", "s "}[side]
	if e == early13 {
		if len(hs.identities) == 0 || hs.early == nil {
			return nil
		}
		for _, key := range s.p.pskKeys(hs.identities[0]) {
			for _, prf := range []string{"SHA256", "SHA384"} {
				sched := hs.schedule13(hashByName(prf)).fromPSK(key)
				list = append(list, trafficCand{secret: sched.derive(sched.early, "c e traffic", sched.sum(hs.early)), psk: sched})
			}
		}
		return list
	}
	r := hs.run
	if r == nil || hs.keyShare || hs.selected < 0 || hs.selected >= len(hs.identities) || e > application13 {
		return nil
	}
	for _, key := range s.p.pskKeys(hs.identities[hs.selected]) {
		sched := r.fromPSK(key)
		switch {
		case e == handshake13:
			list = append(list, trafficCand{secret: sched.derive(sched.handshake, name+"hs traffic", r.hello), psk: sched})
		case r.serverFin != nil:
			list = append(list, trafficCand{secret: sched.derive(sched.master, name+"ap traffic", r.serverFin), psk: sched})
		}
	}
	return list
}

// pskKeys returns the keys that an identity of TLS 1.3 may stand for.
func (p *Provider) pskKeys(identity []byte) []secret {
	list := p.pskFor(identity)
	if s := p.remembered(pskKey(identity)); s != nil {
		list = append(list, s)
	}
	return list
}

// pskKey is the name under which the key of a ticket of TLS 1.3 is remembered.
func pskKey(ticket []byte) string { return "p" + ticketKey(ticket) }

// open13 opens a record of TLS 1.3.
func (s *Session) open13(side flow.Side, h tls.RecordHeader, body []byte) (o Opened, found, ok bool) {
	f := &s.half[side]
	if f.cur != nil {
		plain, pad, at, ok := f.try(s.buf.b[:0], f.cur, f.seq, f.ahead, h, body)
		if ok {
			return s.accept13(f, plain, pad, at), true, true
		}
		found = true
	}
	if s.p == nil || f.tired(s.p) {
		return Opened{}, found, false
	}
	for e := f.epoch; e <= s.last(f); e++ {
		if e == f.epoch && f.cur != nil {
			continue
		}
		seq, ahead := f.seq, f.ahead
		if e != f.epoch {
			if seq = 0; f.cur == nil { // records that went by may be of this epoch
				ahead = int(min(f.seq+uint64(f.ahead), maxAhead))
			}
		}
		for _, c := range s.secrets(side, e) {
			v := s.hs.version13()
			k := newAEAD13(v, s.hs.schedule13(hashByName(c.info.PRF)), c.info, c.secret)
			if k == nil {
				continue
			}
			found = found || e == f.epoch
			width := ahead
			if c.guess {
				if width = 0; !s.p.mayGuess() {
					break
				}
			}
			plain, pad, at, ok := f.try(s.buf.b[:0], k, seq, width, h, body)
			if ok {
				f.cur, f.epoch = k, e
				s.confirm13(side, e, c)
				return s.accept13(f, plain, pad, at), true, true
			}
		}
	}
	return Opened{}, found, false
}

// accept13 finishes a record whose tag is right.
func (s *Session) accept13(f *half, plain []byte, pad int, at uint64) Opened {
	o := Opened{Padding: pad, Level: f.epoch.level(), Resumed: f.ahead > 0}
	if f.epoch > application13 {
		o.Generation = int(f.epoch - application13)
	}
	f.seq, f.ahead = at+1, 0
	o.Type, o.Plain = tls.ContentType(plain[len(plain)-1]), plain[:len(plain)-1]
	return o
}

// confirm13 settles the traffic secret of an epoch.
func (s *Session) confirm13(side flow.Side, e epoch, c trafficCand) {
	f, hs := &s.half[side], s.hs
	if e >= application13 {
		f.secret, f.secretAt = c.secret, e
	} else if e == handshake13 {
		f.hsSecret = c.secret
	}
	if c.guess {
		label, _, _ := labelAt(side, e)
		s.takeRandom(label, c.line)
	}
	if !hs.haveSH && e > early13 {
		hs.version, hs.info, hs.known = hs.version13(), c.info, true
		hs.lose()
	}
	label, _, _ := labelAt(side, e)
	s.found[label] = true
	switch {
	case c.line != nil:
		s.from[FromLog] = true
		s.use(c.line)
	case c.psk != nil:
		s.from[FromPSK] = true
		s.psk = c.psk
	}
	f.failed = 0
}
