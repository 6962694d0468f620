package keys

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"hash"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// maxTranscript bounds the handshake messages kept for hashing, in bytes.
const maxTranscript = 1 << 20

// Bounds of what is kept of a ClientHello.
const (
	maxOffered    = 64   // cipher suites
	maxIdentities = 8    // pre-shared key identities
	maxTicket     = 8192 // bytes
)

// handshake is what two hellos and the messages behind them agreed on.
type handshake struct {
	haveCH, haveSH bool
	clientRandom   [32]byte
	serverRandom   [32]byte
	version        tls.Version
	suite          tls.CipherSuite
	info           iana.Suite
	known          bool // info is of the suite
	bare           bool // the early DTLS of OpenSSL
	dtls           bool
	earlyRandom    []byte // of the line that opened early data, if it is not that of the ClientHello in the clear
	verified       bool   // and a HelloVerifyRequest was seen

	ems, etm, truncated bool
	compression         tls.CompressionMethod

	sessionID   []byte // of the ServerHello
	chSessionID []byte
	chTicket    []byte // that the client hands back
	name        string // of the server, as the ClientHello has it
	newTicket   []byte // that it got
	offered     []tls.CipherSuite
	earlyData   bool
	ech         bool // the ClientHello has an encrypted_client_hello
	echo        *ech // what came of it; nil without keys
	retry       bool // a HelloRetryRequest was seen
	again       bool // and the ClientHello behind it
	helloSeq    int  // message_seq of the ClientHello, with DTLS
	helloDone   bool // ServerHelloDone was seen
	identities  [][]byte
	selected    int    // of identities; -1 for none
	keyShare    bool   // in the ServerHello
	early       []byte // the ClientHello, while early data may need it

	cke       bool
	encrypted []byte // premaster secret
	identity  []byte // PSK of TLS 1.2
	cert      *rsa.PublicKey

	raw         []byte // messages so far; in TLS 1.3 until the ServerHello
	hello13     []byte // DTLS: the ClientHello as DTLS 1.3 hashes it, until the version is known
	lost        bool   // messages are missing: nothing can be hashed
	sessionHash []byte
	run         *running // TLS 1.3, from the ServerHello on

	cands   []masterCand
	candsAt uint64 // version of the provider plus 1
	master  *masterCand

	finished   [2]check
	finHash    [2][]byte // of the messages before Finished
	certVerify [2][]byte
	covered    [2]Covered // see Session.Covered
}

// check is the result of a comparison that may not have taken place.
type check struct{ ok, known bool }

// is13 reports whether the handshake is one of TLS 1.3.
func (hs *handshake) is13() bool { return hs.version.IsTLS13() }

func (hs *handshake) schedule() schedule {
	s := schedule{version: hs.version}
	if s.hash = hashByName(hs.info.PRF); s.hash == nil {
		s.hash = hashByName("SHA256")
	}
	return s
}

// append adds a message to the transcript before TLS 1.3.
func (hs *handshake) append(msg []byte) {
	if hs.lost {
		return
	}
	if len(hs.raw)+len(msg) > maxTranscript {
		hs.lose()
		return
	}
	hs.raw = append(hs.raw, msg...)
}

func (hs *handshake) lose() { hs.lost, hs.raw, hs.run = true, nil, nil }

// clientHello reads the first message, or the one after a HelloRetryRequest.
func (hs *handshake) clientHello(body []byte) {
	var m tls.ClientHello
	if m.Decode(body) != nil && len(m.Random) != 32 {
		hs.lost = true
		return
	}
	hs.haveCH = true
	copy(hs.clientRandom[:], m.Random)
	hs.chSessionID = bytes.Clone(m.SessionID)
	if t, ok := m.SessionTicket(); ok && len(t) <= maxTicket {
		hs.chTicket = bytes.Clone(t)
	}
	hs.offered = hs.offered[:0]
	for c := range m.CipherSuites.All() {
		if len(hs.offered) < maxOffered {
			hs.offered = append(hs.offered, c)
		}
	}
	if n, ok := m.ServerName(); ok && len(n) <= 255 {
		hs.name = string(n)
	}
	hs.earlyData = m.Extensions.Has(tls.ExtEarlyData)
	if e, ok := m.ECH(); ok && !e.Inner {
		hs.ech = true
	}
	hs.ems = m.Extensions.Has(tls.ExtExtendedMasterSecret)
	hs.etm = m.Extensions.Has(tls.ExtEncryptThenMAC)
	hs.truncated = m.Extensions.Has(tls.ExtTruncatedHMAC)
	hs.identities, hs.selected = nil, -1
	if e, ok := m.PreSharedKeys(); ok {
		for id := range e.All() {
			if len(hs.identities) < maxIdentities && len(id.Identity) <= maxTicket {
				hs.identities = append(hs.identities, bytes.Clone(id.Identity))
			}
		}
	}
}

// serverHello reads the answer.
func (hs *handshake) serverHello(m *tls.ServerHello) {
	hs.haveSH = true
	copy(hs.serverRandom[:], m.Random)
	hs.version = inTLS(m.NegotiatedVersion())
	hs.bare = m.LegacyVersion == tls.VersionDTLSBad
	hs.suite = m.CipherSuite
	hs.info, hs.known = m.CipherSuite.Info()
	hs.compression = m.Compression
	hs.sessionID = bytes.Clone(m.SessionID)
	// Without the ClientHello the server's word must do.
	hs.ems = m.Extensions.Has(tls.ExtExtendedMasterSecret)
	hs.etm = m.Extensions.Has(tls.ExtEncryptThenMAC) && hs.info.Mode == iana.ModeCBC
	hs.truncated = m.Extensions.Has(tls.ExtTruncatedHMAC)
	_, hs.keyShare = m.KeyShare()
	hs.selected = -1
	if i, ok := m.PreSharedKey(); ok {
		hs.selected = int(i)
	}
}

// certificate keeps the RSA key of the server.
func (hs *handshake) certificate(body []byte) {
	var m tls.Certificate
	if m.Decode(body, tls.Context{Version: hs.version, Suite: hs.suite}) != nil {
		return
	}
	for e := range m.All() {
		if c, err := x509.ParseCertificate(e.Data); err == nil {
			hs.cert, _ = c.PublicKey.(*rsa.PublicKey)
		}
		return
	}
}

// clientKeyExchange keeps what leads to the premaster secret.
func (hs *handshake) clientKeyExchange(body []byte) {
	if hs.cke {
		return
	}
	hs.cke, hs.candsAt = true, 0
	var m tls.ClientKeyExchange
	v := hs.version
	if hs.bare {
		v = tls.VersionDTLSBad
	}
	_ = m.Decode(body, tls.Context{Version: v, Suite: hs.suite}) // what could be read counts
	hs.encrypted = bytes.Clone(m.Encrypted)
	hs.identity = bytes.Clone(m.Identity)
}

// running is the transcript of TLS 1.3 from the ServerHello on.
type running struct {
	schedule13
	h          hash.Hash
	hello      []byte // hash of ClientHello to ServerHello
	serverFin  []byte // hash up to the server's Finished
	clientFin  []byte // hash up to the client's Finished
	queue      []byte // of the client, delivered before the server's Finished
	requests   [][]byte
	post       hash.Hash // of the post-handshake authentication under way
	keep       bool      // keep what is hashed
	all        []byte    // that
	postAll    []byte    // and that of post
	serverDone bool
	clientDone bool
}

// begin turns the messages so far into a running hash.
func (hs *handshake) begin(keep bool) {
	h := hashByName(hs.info.PRF)
	if hs.lost || h == nil || !hs.haveCH {
		hs.lose()
		return
	}
	r := &running{schedule13: hs.schedule13(h), h: h(), keep: keep}
	r.write(hs.raw)
	r.hello = r.h.Sum(nil)
	hs.raw, hs.run = nil, r
}

// hashFirstHello puts the hash of the first ClientHello in its place (RFC
// 9846, Section 4.4.1). Drafts before 19 did not.
func (hs *handshake) hashFirstHello() {
	h := hashByName(hs.info.PRF)
	if n, ok := hs.version.Draft(); ok && n < 19 || hs.lost {
		return
	}
	if h == nil {
		hs.lose()
		return
	}
	sum := hs.schedule13(h).sum(hs.raw)
	hs.raw = append([]byte{byte(tls.TypeMessageHash), 0, 0, byte(len(sum))}, sum...)
}

// signedContent is what a CertificateVerify of TLS 1.3 signs (RFC 9846,
// Section 4.4.3).
func signedContent(side flow.Side, hash []byte) []byte {
	b := bytes.Repeat([]byte{' '}, 64)
	b = append(b, "TLS 1.3, "+side.String()+" CertificateVerify\x00"...)
	return append(b, hash...)
}
