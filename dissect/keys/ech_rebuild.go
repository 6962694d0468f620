package keys

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"strings"

	"github.com/tlslens/tlslens/dissect/tls"
)

// maxSeen bounds the server names that a Provider remembers, to try them.
const maxSeen = 1024

// sawName notes a server name that a capture holds in the clear, or in a
// certificate.
func (p *Provider) sawName(name string) {
	if p == nil || name == "" || len(name) > 255 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.names) < maxSeen && !p.named[name] {
		p.named[name] = true
		p.names = append(p.names, name)
	}
}

func (p *Provider) seenNames() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[:len(p.names):len(p.names)]
}

// rebuild looks for the inner hello without the keys of ECH, which most key
// logs do not have. Its random is known: the key log has the secrets under it.
// The rest is, with Go's crypto/tls, that of the outer hello, but for the
// server name, and names are few: those of the certificate, and those that
// other hellos of the capture have. Only a hello that the server's acceptance
// confirmation, 64 bits, agrees with is taken.
func (s *Session) rebuild(body []byte, t tls.HandshakeType) {
	e, hs := s.hs.echo, s.hs
	random := hs.clientRandom[:]
	if e.outer[1] != nil && e.retry == nil {
		return
	}
	var names []string
	if t == tls.TypeCertificate {
		names = s.namesOf(body)
	}
	for _, name := range append(append(names, ""), s.p.seenNames()...) {
		if e.names++; e.names > maxNames {
			return
		}
		var inner [2][]byte
		last := 0
		for i, msg := range e.outer {
			if msg == nil {
				continue
			}
			var m tls.ClientHello
			if m.Decode(msg[tls.HandshakeHeaderLen:]) != nil {
				return
			}
			inner[i], last = likeGo(&m, random, name), i
		}
		if s.serverConfirms(inner[0], inner[last]) {
			e.inner, e.source = inner, InnerRebuilt
			s.accept()
			return
		}
	}
}

// namesOf returns the names that a client may have asked for to be shown a
// certificate, and remembers them.
func (s *Session) namesOf(body []byte) (names []string) {
	var m tls.Certificate
	if m.Decode(body, tls.Context{Version: s.hs.version, Suite: s.hs.suite}) != nil {
		return nil
	}
	for e := range m.All() {
		c, err := x509.ParseCertificate(e.Data)
		if err != nil {
			break
		}
		for _, n := range c.DNSNames {
			if rest, ok := strings.CutPrefix(n, "*."); ok {
				names = append(names, "www."+rest, rest)
			} else {
				names = append(names, n)
			}
		}
		break
	}
	for _, n := range names[:min(len(names), 64)] {
		s.p.sawName(n)
	}
	return names
}

// likeGo makes the inner hello that crypto/tls seals in an outer one
// (encodeInnerClientHello and marshalMsg there): the same extensions in the
// same order, with another server name or none.
func likeGo(m *tls.ClientHello, random []byte, name string) []byte {
	var x []byte
	for e := range m.Extensions.All() {
		switch {
		case e.Type == tls.ExtServerName && name == "":
		case e.Type == tls.ExtServerName:
			x = appendExtension(x, e.Type, serverNameList(name))
		case e.Type == tls.ExtEncryptedClientHello:
			x = appendExtension(x, e.Type, []byte{1})
		default:
			x = appendExtension(x, e.Type, e.Data)
		}
	}
	return buildHello(m, bytes.Clone(random), m.SessionID, x)
}

// serverNameList is the content of a server_name extension (RFC 6066,
// Section 3).
func serverNameList(name string) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(name)+3))
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	return append(b, name...)
}
