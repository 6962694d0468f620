package keys

import (
	"encoding/binary"

	"crypto/cipher"
	"crypto/rc4"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// maxGuesses bounds how many lines of the log are tried for a connection
// whose client random is not known.
const maxGuesses = 4096

// masterCand is a master secret that may be the right one.
type masterCand struct {
	secret secret
	source Source
	line   *logLine // of the key log, if it is from there
	guess  bool     // from a line for another client random
}

// masters returns all master secrets that may be that of hs.
func (hs *handshake) masters(p *Provider) []masterCand {
	if hs.master != nil {
		return []masterCand{*hs.master}
	}
	v := p.version() + 1
	if hs.candsAt == v {
		return hs.cands
	}
	hs.candsAt, hs.cands = v, nil
	if p == nil || !hs.haveSH || hs.is13() || hs.version >= tls.VersionTLS12 && hashByName(hs.info.PRF) == nil {
		return nil
	}
	add := func(s secret, src Source, line *logLine) {
		hs.cands = append(hs.cands, masterCand{secret: s, source: src, line: line})
	}
	if hs.haveCH {
		for _, x := range p.log.lines(hs.clientRandom[:], ClientRandom, 0) {
			add(x.secret, FromLog, x)
		}
		for _, x := range p.log.lines(hs.clientRandom[:], PMSClientRandom, 0) {
			add(hs.fromPremaster(x.secret), FromLog, x)
		}
	}
	for _, x := range p.log.premasterLines(hs.encrypted) {
		add(hs.fromPremaster(x.secret), FromLog, x)
	}
	for _, x := range p.log.sessionLines(hs.sessionID) {
		add(x.secret, FromLog, x)
	}
	hs.computed(p, add)
	if !hs.haveCH && p.guesses.Load() < maxAllGuesses {
		for _, x := range p.log.orphans(ClientRandom, maxGuesses) {
			hs.cands = append(hs.cands, masterCand{secret: x.secret, source: FromLog, line: x, guess: true})
		}
	}
	return hs.cands
}

// computed adds the master secrets that follow from private keys, pre-shared
// keys and earlier connections.
func (hs *handshake) computed(p *Provider, add func(secret, Source, *logLine)) {
	if !hs.haveCH {
		return
	}
	if !hs.cke {
		for _, name := range hs.resumes() {
			if s := p.remembered(name); len(s) == masterLen {
				add(s, FromResumption, nil)
			}
		}
		return
	}
	switch hs.info.Kx {
	case iana.KxRSA, iana.KxRSAPSK:
		for _, k := range p.privateKeys() {
			if hs.cert != nil && !k.fits(hs.cert) && !hs.info.Export {
				continue
			}
			pm, ok := k.decrypt(hs.encrypted)
			if !ok || len(pm) != masterLen {
				continue
			}
			if hs.info.Kx == iana.KxRSA {
				add(hs.fromPremaster(pm), FromPrivateKey, nil)
				continue
			}
			for _, key := range p.pskFor(hs.identity) {
				add(hs.fromPremaster(pskPremaster(pm, key)), FromPrivateKey, nil)
			}
		}
	case iana.KxPSK:
		for _, key := range p.pskFor(hs.identity) {
			add(hs.fromPremaster(pskPremaster(make([]byte, len(key)), key)), FromPSK, nil)
		}
	}
}

// resumes returns under which names the session that is resumed may be
// remembered.
func (hs *handshake) resumes() (names []string) {
	if len(hs.sessionID) > 0 {
		names = append(names, sessionKey(hs.sessionID))
	}
	if len(hs.chTicket) > 0 {
		names = append(names, ticketKey(hs.chTicket))
	}
	return names
}

// pskPremaster joins the two secrets (RFC 4279, Section 2).
func pskPremaster(other, key []byte) []byte {
	b := make([]byte, 0, 4+len(other)+len(key))
	b = binary.BigEndian.AppendUint16(b, uint16(len(other)))
	b = append(b, other...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
	return append(b, key...)
}

func (hs *handshake) fromPremaster(pm []byte) secret {
	var sessionHash []byte
	if hs.ems {
		if sessionHash = hs.sessionHash; sessionHash == nil {
			return nil // messages are missing: it cannot be computed
		}
	}
	return hs.schedule().master(pm, hs.clientRandom[:], hs.serverRandom[:], sessionHash)
}

// opener makes the keys of a side (RFC 5246, Section 6.3).
func (hs *handshake) opener(side flow.Side, c masterCand) opener {
	if len(c.secret) != masterLen {
		return nil
	}
	cr := hs.clientRandom[:]
	if c.guess {
		cr = c.line.of.key
	}
	info, s := hs.info, hs.schedule()
	ivLen := info.FixedIVLen
	if info.Mode == iana.ModeCBC && hs.version <= tls.VersionTLS10 {
		ivLen = info.BlockSize
	}
	block := s.keyBlock(2*(info.MACLen+info.KeyMaterial+ivLen), c.secret, cr, hs.serverRandom[:])
	part := func(n int) (mine []byte) {
		mine = block[:n]
		if side == flow.Server {
			mine = block[n : 2*n]
		}
		block = block[2*n:]
		return mine
	}
	mac, key, iv := part(info.MACLen), part(info.KeyMaterial), part(ivLen)
	if info.Export {
		key, iv = s.export(side, key, info.KeyLen, ivLen, cr, hs.serverRandom[:])
	}
	return hs.build(mac, key, iv)
}

// export makes the keys of an export suite from the little that the key block
// gave (RFC 2246, Section 6.3.1; RFC 6101, Section 6.2.2.1).
func (s schedule) export(side flow.Side, key []byte, keyLen, ivLen int, cr, sr []byte) (k, iv []byte) {
	seed := join(cr, sr)
	if s.version == tls.VersionSSL3 {
		own := seed
		if side == flow.Server {
			own = join(sr, cr)
		}
		k, v := hashByName("MD5")(), hashByName("MD5")()
		k.Write(key)
		k.Write(own)
		v.Write(own)
		return k.Sum(nil)[:min(keyLen, 16)], v.Sum(nil)[:min(ivLen, 16)]
	}
	label := side.String() + " write key"
	ivs := s.prf(2*ivLen, nil, "IV block", seed)
	return s.prf(keyLen, key, label, seed), ivs[int(side)*ivLen:][:ivLen]
}

// build makes the opener of key material.
func (hs *handshake) build(mac, key, iv []byte) opener {
	info := hs.info
	if !hs.known || !supported(info) {
		return nil
	}
	switch info.Mode {
	case iana.ModeAEAD:
		a := newAEAD(info, key)
		if a == nil {
			return nil
		}
		o := &aead12{aead: a, ivLen: len(iv), explicit: info.ExplicitNonceLen}
		copy(o.iv[:], iv)
		if len(iv)+info.ExplicitNonceLen != a.NonceSize() && info.FixedIVLen > 0 {
			return nil
		}
		return o
	case iana.ModeCBC:
		b := newBlock(info.Cipher, key)
		if b == nil || b.BlockSize() > 16 {
			return nil
		}
		o := &cbc{block: b, explicit: hs.version >= tls.VersionTLS11, etm: hs.etm, ssl3: hs.version == tls.VersionSSL3,
			mac: newRecordMAC(hashByName(info.MAC), mac, hs.version, hs.truncated)}
		if !o.explicit {
			copy(o.iv[:], iv)
			o.ivKnown = true
		}
		o.mode = cipher.NewCBCDecrypter(b, make([]byte, b.BlockSize()))
		return o
	}
	o := &stream{mac: newRecordMAC(hashByName(info.MAC), mac, hs.version, hs.truncated)}
	if info.Mode == iana.ModeStream {
		c, err := rc4.NewCipher(key)
		if err != nil {
			return nil
		}
		o.rc4 = c
	}
	return o
}
