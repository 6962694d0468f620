package keys

import (
	"bytes"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// MessageDTLS is [Session.Message] for DTLS. seq is the message_seq; msg has the
// header of TLS and is whole. What Finished covers is the message as if it had
// been sent in one fragment, with the header of DTLS (RFC 6347, Section 4.2.6),
// up to DTLS 1.2.
func (s *Session) MessageDTLS(side flow.Side, seq uint16, msg []byte) {
	if s == nil {
		return
	}
	s.dtls = true
	h, ok := tls.ParseHeader(msg)
	switch {
	case !ok || len(msg) < tls.HandshakeHeaderLen+h.Length:
		s.hs.lose()
	case h.Type == tls.TypeHelloVerifyRequest && isBare(msg[tls.HandshakeHeaderLen:]):
		s.hs.append(msg[tls.HandshakeHeaderLen:][:h.Length])
		s.hs.verified = true
	case h.Type == tls.TypeHelloVerifyRequest:
		s.hs.lose() // neither it nor the hello before it counts: the next begins afresh
	case s.hs.is13(), h.Type == tls.TypeServerHello && is13(msg[tls.HandshakeHeaderLen:][:h.Length]), h.Type == tls.TypeClientHello && s.hs.retry:
		s.hs.enterDTLS13()
		s.Message(side, msg)
	default:
		body := msg[tls.HandshakeHeaderLen:][:h.Length]
		if s.hs.bare || h.Type <= tls.TypeServerHello && isBare(body) {
			before := s.hs
			s.message(side, h.Type, body, body)
			if s.hs != before && before.verified && !before.lost { // it hashes all hellos
				s.hs.raw = append(before.raw, s.hs.raw...)
			}
			return
		}
		n := msg[1:tls.HandshakeHeaderLen]
		b := append(make([]byte, 0, len(msg)+8), msg[0], n[0], n[1], n[2], byte(seq>>8), byte(seq), 0, 0, 0, n[0], n[1], n[2])
		s.message(side, h.Type, append(b, body...), body)
		if h.Type == tls.TypeClientHello {
			s.hs.helloSeq = int(seq)
			s.hs.dtls, s.hs.hello13 = true, bytes.Clone(msg[:tls.HandshakeHeaderLen+h.Length])
			if s.hs.early != nil {
				s.hs.early = s.hs.hello13
			}
		}
	}
}

// is13 reports whether a ServerHello begins DTLS 1.3, or asks for another
// ClientHello as only DTLS 1.3 does.
func is13(body []byte) bool {
	var m tls.ServerHello
	return (m.Decode(body) == nil || len(m.Random) == 32) && m.NegotiatedVersion().IsTLS13()
}

// enterDTLS13 makes the transcript that of DTLS 1.3, whose messages have the
// headers of TLS (RFC 9147, Section 5.2).
func (hs *handshake) enterDTLS13() {
	hs.dtls = true
	if hs.hello13 != nil && !hs.lost {
		hs.raw = hs.hello13
	}
	hs.hello13 = nil
}

// isBare reports whether a hello is of the DTLS that OpenSSL had before there was
// a standard: it hashes messages without their headers, and all hellos.
func isBare(hello []byte) bool {
	return len(hello) >= 2 && tls.Version(hello[0])<<8|tls.Version(hello[1]) == tls.VersionDTLSBad
}

// enter makes the keys of the handshake under way those of a side's records if
// their epoch is a new one. It reports whether records of the epoch can have
// keys: those of epochs that are over have none any more.
func (s *Session) enter(side flow.Side, epoch uint16) bool {
	f := &s.half[side]
	if epoch == 0 || epoch < f.dtlsEpoch || f.epoch != clear13 {
		return false
	}
	switch {
	case epoch == f.dtlsEpoch && f.cur == nil:
		f.hs, f.idle = s.hs, 0 // the hello may have come behind its records
	case epoch > f.dtlsEpoch && f.cur != nil && f.hs == s.hs:
		return false // no handshake has made keys for it
	case epoch > f.dtlsEpoch:
		f.rekey()
		f.sealed, f.hs, f.dtlsEpoch = true, s.hs, epoch
	}
	return true
}

// ReadyDTLS is [Session.Ready] for a record of an epoch of DTLS.
func (s *Session) ReadyDTLS(side flow.Side, epoch uint16) bool {
	return s != nil && s.p != nil && s.enter(side, epoch) && s.Ready(side)
}

// OpenDTLS is [Session.Open] for DTLS up to 1.2. seq is the sequence_number of
// the record, 48 bits; with the epoch it is what tags and MACs cover (RFC 6347,
// Section 4.1.2.1). Cid is the connection id in the header of a record that has
// one, whose type is hidden then (RFC 9146, Section 4). Records may come in any
// order.
func (s *Session) OpenDTLS(side flow.Side, h tls.RecordHeader, epoch uint16, seq uint64, cid, body []byte) (Opened, error) {
	if s == nil || !s.enter(side, epoch) {
		return Opened{}, ErrClear
	}
	f := &s.half[side]
	f.seq, f.ahead, f.holed, f.cid = uint64(epoch)<<48|seq&(1<<48-1), 0, false, cid
	if f.hs.bare { // its MAC is that of TLS 1.0: no epoch, another version
		f.seq, h.Version = seq, tls.VersionTLS10
	}
	o, err := s.open(side, h, body)
	f.cid = nil
	if err != nil || h.Type != tls.ContentTLS12CID {
		return o, err
	}
	inner, pad, why := unpad13(nil, o.Plain)
	if why != fine {
		o.Type, o.Plain = 0, nil // its tag is right all the same
		return o, nil
	}
	o.Type, o.Plain, o.Padding = tls.ContentType(inner[len(inner)-1]), inner[:len(inner)-1], o.Padding+pad
	return o, nil
}

// PassDTLS tells that a sealed record went by without being opened.
func (s *Session) PassDTLS(side flow.Side, h tls.RecordHeader, epoch uint16) {
	if s == nil {
		return
	}
	s.dtls = true
	s.enter(side, epoch)
	s.Pass(side, h)
}

// inTLS returns the version of TLS that a version of DTLS is made of: it has the
// same keys and records.
func inTLS(v tls.Version) tls.Version {
	switch v {
	case tls.VersionDTLS10, tls.VersionDTLSBad:
		return tls.VersionTLS11
	case tls.VersionDTLS12:
		return tls.VersionTLS12
	}
	return v
}
