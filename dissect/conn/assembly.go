package conn

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// assembly puts the handshake messages of one side together from the pieces
// that records carry.
type assembly struct {
	buf  []byte // an incomplete message, header included
	lv   Level  // of what is in it
	need int    // its size with the header; 0 if the header is incomplete
	over int64  // bytes of a message that is too large, still to pass over
}

const handshakeHeader = 4 // type and 24-bit length (RFC 9846, Section 4)

// Handshake implements [Input].
func (b *Builder) Handshake(side flow.Side, lv Level, p []byte, at flow.Mark) {
	a := &b.asm[side]
	if len(a.buf) > 0 && a.lv != lv { // each level of QUIC is a stream of its own
		b.torn(side, at)
	}
	a.lv = lv
	for len(p) > 0 {
		if a.over > 0 {
			n := min(int64(len(p)), a.over)
			a.over -= n
			p = p[n:]
			continue
		}
		if len(a.buf) == 0 { // a message that is all here is not copied
			if n := whole(p); n > 0 && n <= len(p) {
				b.message(side, lv, p[:n], at)
				p = p[n:]
				continue
			}
		}
		p = b.collect(side, lv, p, at)
	}
}

// whole returns the size of the message at the front of p, 0 if its header is
// incomplete.
func whole(p []byte) int {
	if len(p) < handshakeHeader {
		return 0
	}
	return handshakeHeader + int(p[1])<<16 + int(p[2])<<8 + int(p[3])
}

// collect adds bytes to the incomplete message and returns what is left of p.
func (b *Builder) collect(side flow.Side, lv Level, p []byte, at flow.Mark) []byte {
	a := &b.asm[side]
	if len(a.buf) < handshakeHeader {
		if a.buf == nil {
			a.buf = b.opt.Buffers.get()
		}
		n := min(len(p), handshakeHeader-len(a.buf))
		a.buf = append(a.buf, p[:n]...)
		p = p[n:]
		if len(a.buf) < handshakeHeader {
			return p
		}
		a.need = whole(a.buf)
		if a.need > b.opt.HandshakeSize {
			b.Note(side, fmt.Sprintf("%s announces %d bytes; the limit for one handshake message is %d, so it is passed over",
				tls.HandshakeType(a.buf[0]).Title(), a.need, b.opt.HandshakeSize), at)
			a.over = int64(a.need - handshakeHeader)
			b.opt.Buffers.put(a.buf)
			a.buf = nil
			return p
		}
	}
	n := min(len(p), a.need-len(a.buf))
	a.buf = append(a.buf, p[:n]...)
	if len(a.buf) == a.need {
		m := a.buf
		a.buf = nil
		b.message(side, lv, m, at)
		b.opt.Buffers.put(m)
	}
	return p[n:]
}

// torn gives up the incomplete message of a side because the rest of it is not
// in the capture. What it said up to there is still read.
func (b *Builder) torn(side flow.Side, at flow.Mark) {
	a := &b.asm[side]
	m := a.buf
	a.buf, a.over = nil, 0
	b.order++
	if len(m) < handshakeHeader {
		return
	}
	t := tls.HandshakeType(m[0])
	b.Note(side, fmt.Sprintf("%s is incomplete: %d of %d bytes are in the capture", t.Title(), len(m), a.need), at)
	b.log(Message{At: at, Side: side, Name: t.Title(), Size: len(m), Type: t, Context: b.context(side), Body: b.keep(m[handshakeHeader:]),
		Err: fmt.Sprintf("%d of %d bytes are in the capture", len(m), a.need)})
	b.stopRecording()
	b.keys.Missing()
	b.partial(side, t, m[handshakeHeader:], a.need, at)
	b.opt.Buffers.put(m)
}

// message takes one complete handshake message with its header.
func (b *Builder) message(side flow.Side, lv Level, m []byte, at flow.Mark) {
	b.order++
	b.level = lv
	t := tls.HandshakeType(m[0])
	body := m[handshakeHeader:]
	if b.dgram.on {
		b.keys.MessageDTLS(side, uint16(b.dgram.seq[side]), m)
	} else {
		b.keys.Message(side, m)
	}
	b.count(side, t)
	if n := b.seen[side][t]; n > 1 && t == tls.TypeHelloRequest {
		if n == 2 {
			b.Note(side, "HelloRequest is repeated", at)
		}
		return
	}
	b.takeInner()
	err := b.dispatch(side, lv, t, body, at)
	b.takeInner()
	if err != nil {
		b.Note(side, fmt.Sprintf("malformed %s: %v", t.Title(), err), at)
	}
	b.log(b.covered(Message{At: at, Side: side, Name: t.Title(), Level: lv, Size: len(m), Type: t, Context: b.context(side), Body: b.keep(body), Err: text(err)}))
	if t != tls.TypeHelloRequest { // not part of any transcript (RFC 5246, Section 7.4.1.1)
		if b.dgram.on {
			b.recordDTLS(side, m)
		} else {
			b.record(m)
		}
	}
}

// dispatch reads a message by its type. It returns what could not be read; what
// stands before the fault has been used.
func (b *Builder) dispatch(side flow.Side, lv Level, t tls.HandshakeType, body []byte, at flow.Mark) error {
	n := len(body) + handshakeHeader
	if b.postHandshake(side, lv, t) {
		return nil
	}
	switch t {
	case tls.TypeClientHello:
		return b.clientHello(side, body, at)
	case tls.TypeServerHello:
		return b.serverHello(side, body, at)
	case tls.TypeEncryptedExtensions:
		return b.encryptedExtensions(side, body, at)
	case tls.TypeCertificate:
		return b.certificate(side, lv, body, at)
	case tls.TypeCertificateStatus:
		return b.certificateStatus(side, body, at)
	case tls.TypeCompressedCertificate:
		return b.compressedCertificate(side, lv, body, at)
	case tls.TypeCertificateRequest:
		return b.certificateRequest(side, body, at)
	case tls.TypeServerKeyExchange:
		return b.serverKeyExchange(side, body, at)
	case tls.TypeServerHelloDone:
		b.serverHelloDone(side, n, at)
	case tls.TypeClientKeyExchange:
		return b.clientKeyExchange(side, body, at)
	case tls.TypeCertificateVerify:
		return b.certificateVerify(side, lv, body, at)
	case tls.TypeNewSessionTicket:
		return b.newSessionTicket(side, lv, body, at)
	case tls.TypeFinished:
		if lv != Plain && b.keys != nil {
			b.openedFinished(side, n, at)
		} else {
			b.clearFinished(side, n, at)
		}
	case tls.TypeEndOfEarlyData:
		b.c.EarlyData = "accepted"
		b.keStep(side, at, t.Title(), t.String(), n, "the early data ends here")
	case tls.TypeHelloVerifyRequest:
		return b.helloVerifyRequest(side, body, at)
	case tls.TypeHelloRequest:
		b.keStep(side, at, "HelloRequest", "hello_request", n, "the server asks for a new handshake")
	default:
		b.keStep(side, at, t.Title(), t.String(), n, fmt.Sprintf("%d bytes", n))
	}
	return nil
}
