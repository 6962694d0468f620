package conn

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// ssl2 is what is remembered of a handshake of SSL 2.0.
type ssl2 struct {
	hit    bool // the session is resumed: no certificate, no CLIENT-MASTER-KEY
	sealed [2]int
}

// SSLv2 implements [Input].
func (b *Builder) SSLv2(side flow.Side, body []byte, at flow.Mark) {
	b.order++
	if len(body) == 0 {
		return
	}
	switch body[0] {
	case tls.SSL2ServerHello:
		b.ssl2Answer(side, body, at)
	case tls.SSL2ClientMasterKey:
		b.ssl2MasterKey(side, body, at)
	case tls.SSL2Error:
		b.ssl2Error(side, body, at)
	default:
		b.ssl2Offer(side, body, at)
	}
}

// ssl2Offer takes the ClientHello, which may offer any version.
func (b *Builder) ssl2Offer(side flow.Side, body []byte, at flow.Mark) {
	var m tls.SSL2Hello
	err := m.Decode(body)
	b.log(Message{At: at, Side: side, Name: "ClientHello (SSLv2 format)", Size: len(body), Type: tls.TypeClientHello, Body: b.keep(body), Err: text(err)})
	b.count(side, tls.TypeClientHello)
	b.keys.SSL2Hello(body)
	if err != nil {
		b.Note(side, "SSLv2-format ClientHello: "+err.Error(), at)
		return
	}
	b.sslv2Hello(&m, len(body), at)
	b.record(body)
}

// countSSL2 counts and logs a message that only SSL 2.0 has.
func (b *Builder) countSSL2(side flow.Side, name, title string, body []byte, err error, at flow.Mark) {
	b.c.Messages[side][name]++
	b.records[side]++
	b.log(Message{At: at, Side: side, Name: title, Size: len(body), Body: b.keep(body), Err: text(err)})
	if err != nil {
		b.Note(side, title+": "+err.Error(), at)
	}
}

// ssl2Answer takes the ServerHello: it shows the certificate and the ciphers
// from which the client is to choose.
func (b *Builder) ssl2Answer(side flow.Side, body []byte, at flow.Mark) {
	var m tls.SSL2Answer
	err := m.Decode(body)
	b.countSSL2(side, "ssl2_server_hello", "ServerHello (SSL 2.0)", body, err, at)
	b.c.Carrier, b.c.Version, b.chosen = "sslv2", tls.VersionSSL2, true
	b.ssl2 = &ssl2{hit: m.SessionIDHit}
	b.stopRecording()
	var specs []tls.SSL2CipherSpec
	for i := range m.CipherSpecs.Len() {
		specs = append(specs, m.CipherSpecs.At(i))
	}
	says := "SSL 2.0, " + count(len(specs), "cipher") + " to choose from: " + few(specs, 3, "cipher")
	if m.SessionIDHit {
		says = "SSL 2.0, goes on with an earlier session"
	}
	b.keStep(side, at, "ServerHello", "ssl2_server_hello", len(body), says)
	if len(m.Certificate) == 0 {
		return
	}
	cs := &b.c.CertificateCheck.Server
	cs.At = at
	cs.Chain = append(cs.Chain, b.opt.Parse.Parse(bytes.Clone(m.Certificate)))
	b.ccStep(side, at, "ServerHello", "ssl2_server_hello", len(m.Certificate), "the server's certificate, without a chain", certificateLine(0, cs.Chain[0]))
	b.certificatesShown()
}

// ssl2MasterKey takes the client's choice of a cipher, with the key.
func (b *Builder) ssl2MasterKey(side flow.Side, body []byte, at flow.Mark) {
	var m tls.SSL2MasterKey
	err := m.Decode(body)
	b.countSSL2(side, "ssl2_client_master_key", "ClientMasterKey (SSL 2.0)", body, err, at)
	k := &b.c.KeyExchange
	k.Method, k.ForwardSecret, k.PostQuantum = "RSA", No, No
	says := fmt.Sprintf("picks %s; the key is encrypted to the server's certificate, %d bits", m.Cipher, 8*len(m.EncryptedKey))
	if n := len(m.ClearKey); n > 0 {
		says += fmt.Sprintf("; %d bits of it travel in the clear: an export cipher", 8*n)
	}
	b.keStep(side, at, "ClientMasterKey", "ssl2_client_master_key", len(body), says).fact("cipher", m.Cipher.String(), "")
}

// ssl2Error takes an error in the clear, of which two codes are common.
func (b *Builder) ssl2Error(side flow.Side, body []byte, at flow.Mark) {
	b.countSSL2(side, "ssl2_error", "Error (SSL 2.0)", body, nil, at)
	code := 0
	for _, c := range body[1:] {
		code = code<<8 | int(c)
	}
	what := map[int]string{1: "no cipher in common", 2: "no certificate", 4: "bad certificate", 6: "unsupported certificate type"}[code]
	if what == "" {
		what = fmt.Sprintf("code %d", code)
	}
	b.keStep(side, at, "Error", "ssl2_error", len(body), what)
	b.c.Carrier = "sslv2"
	if b.ssl2Refusal == "" {
		b.ssl2Refusal, b.ssl2RefusedBy = what, side
	}
}

// ssl2Sealed takes a sealed record. The server's first one is SERVER-VERIFY,
// the client's CLIENT-FINISHED, the server's next one SERVER-FINISHED or a
// request for a certificate, which look alike.
func (b *Builder) ssl2Sealed(side flow.Side, n int, at flow.Mark) {
	b.records[side]++
	b.ssl2.sealed[side]++
	switch i := b.ssl2.sealed[side]; {
	case side == flow.Server && i == 1:
		b.keStep(side, at, "sealed record", "sealed", n, "ServerVerify: the server could read the key")
	case side == flow.Client && i == 1, side == flow.Server && i == 2:
		b.finish(side, n, "sealed", at)
	default:
		b.traffic(side, 0, n, at)
	}
}

// ssl2Refused settles a handshake that an error ended.
func (b *Builder) ssl2Refused() {
	b.c.Outcome = RejectedByClient
	if b.ssl2RefusedBy == flow.Server {
		b.c.Outcome = RejectedByServer
	}
	b.c.Why = fmt.Sprintf("the %s ended the handshake of SSL 2.0 with an error: %s.", b.ssl2RefusedBy, b.ssl2Refusal)
	b.failHere("an error from the " + b.ssl2RefusedBy.String() + ": " + b.ssl2Refusal)
}
