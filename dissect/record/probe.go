package record

import "github.com/tlslens/tlslens/dissect/tls"

// A Verdict is what the first bytes of one direction look like.
type Verdict uint8

// Verdicts.
const (
	Not        Verdict = iota // no TLS record begins here
	Incomplete                // it could be one; more bytes are needed
	Client                    // a ClientHello
	Server                    // a ServerHello, or what a server answers a ClientHello with
	Either                    // records, from which the side cannot be told
)

// Probe looks at the first bytes of a direction, by content alone.
func Probe(b []byte) Verdict {
	if len(b) < headerLen {
		if len(b) == 0 || couldBegin(b) {
			return Incomplete
		}
		return Not
	}
	if LooksSSL2(b) {
		return Client
	}
	rh, _ := tls.ParseRecordHeader(b)
	if !looksLikeRecord(rh) {
		return Not
	}
	switch rh.Type {
	case tls.ContentHandshake:
		return probeHandshake(b)
	case tls.ContentAlert:
		if rh.Length == 2 && len(b) >= headerLen+2 && b[5] >= 1 && b[5] <= 2 {
			return Server
		}
	}
	next := headerLen + rh.Length
	switch {
	case len(b) < next:
		return Incomplete
	case len(b) == next:
		return Either
	case len(b) < next+headerLen:
		return Incomplete
	}
	if nh, _ := tls.ParseRecordHeader(b[next:]); looksLikeRecord(nh) {
		return Either
	}
	return Not
}

// looksLikeRecord is the test for a first record: stricter than Plausible,
// because here nothing else speaks for TLS. Overlong records are let through,
// for they are reported.
func looksLikeRecord(h tls.RecordHeader) bool {
	if h.Type == tls.ContentHandshake && h.Version>>8 == 3 && h.Version <= tls.VersionTLS13 {
		return true
	}
	return h.Plausible()
}

// couldBegin reports whether fewer than five bytes could begin a record.
func couldBegin(b []byte) bool {
	if b[0]&0x80 != 0 {
		return len(b) < 3 || b[2] == tls.SSL2ClientHello
	}
	if b[0] < byte(tls.ContentChangeCipherSpec) || b[0] > byte(tls.ContentHeartbeat) {
		return false
	}
	return len(b) < 2 || b[1] == 3 || b[1] == 0x7f || b[1] == 0x7e || b[1] == 1
}

// probeHandshake tells the side by the first handshake message.
func probeHandshake(b []byte) Verdict {
	if rh, _ := tls.ParseRecordHeader(b); rh.Length == 0 {
		return probeEmpty(b[headerLen:])
	}
	if len(b) < headerLen+1 {
		return Incomplete
	}
	rh, _ := tls.ParseRecordHeader(b)
	switch tls.HandshakeType(b[headerLen]) {
	case tls.TypeClientHello:
		return probeHello(b[headerLen:], rh.Length, leastClientHello, Client)
	case tls.TypeServerHello:
		return probeHello(b[headerLen:], rh.Length, leastServerHello, Server)
	case tls.TypeHelloRetryRequest:
		return probeHello(b[headerLen:], rh.Length, 4, Server)
	case tls.TypeHelloRequest:
		if rh.Length == handshakeHeaderLen && len(b) >= headerLen+handshakeHeaderLen && string(b[headerLen:headerLen+4]) == "\x00\x00\x00\x00" {
			return Server
		}
	}
	next := headerLen + rh.Length
	if rh.Length > maxSealed {
		return Not
	}
	switch {
	case len(b) < next:
		return Incomplete
	case len(b) == next:
		return Either
	case len(b) < next+headerLen:
		return Incomplete
	}
	if nh, _ := tls.ParseRecordHeader(b[next:]); nh.Plausible() {
		return Either
	}
	return Not
}

// probeEmpty looks at what stands behind an empty handshake record, which some
// programs that dress up as TLS begin with.
func probeEmpty(rest []byte) Verdict {
	if len(rest) == 0 {
		return Either
	}
	if len(rest) < headerLen {
		return Incomplete
	}
	if rh, _ := tls.ParseRecordHeader(rest); looksLikeRecord(rh) {
		return Either
	}
	return Not
}

// The least bodies of hellos: version, random, an empty session id, and one
// cipher suite with one compression method, in a ClientHello as lists.
const (
	leastClientHello = 2 + 32 + 1 + 2 + 1
	leastServerHello = 2 + 32 + 1 + 2 + 1 - 2 // drafts of TLS 1.3 leave two bytes out
)

// probeHello looks at a hello that begins at b[0], in a record of n bytes. A
// record may end within it, even within its header.
func probeHello(b []byte, n, least int, who Verdict) Verdict {
	if len(b) > 1 && n > 1 && b[1] != 0 {
		return Not // more than 64 KiB
	}
	if len(b) >= handshakeHeaderLen && n >= handshakeHeaderLen && int(b[2])<<8|int(b[3]) < least {
		return Not
	}
	if len(b) > handshakeHeaderLen && n > handshakeHeaderLen {
		switch b[handshakeHeaderLen] { // the version's first byte
		case 3, 1, 0x7e, 0x7f, 0xfb, 5:
		default:
			return Not
		}
	}
	return who
}
