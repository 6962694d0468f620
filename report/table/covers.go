package table

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/report/text"
)

// covers prints what was hashed for a Finished or CertificateVerify: which
// messages and the hash of them, and with hex every byte.
func (p *printer) covers(c *conn.Conn, m *conn.Message) {
	b := m.Covers.Messages
	if len(b) == 0 {
		return
	}
	header := tls.HandshakeHeaderLen
	if c.Carrier == "dtls" && !c.Version.IsTLS13() {
		header = tls.DTLSHandshakeHeaderLen
	}
	var names []string
	for rest := b; len(rest) > 0 && c.Version != tls.VersionDTLSBad; { // which hashes no headers
		h, ok := tls.ParseHeader(rest)
		n := min(header+h.Length, len(rest))
		if !ok {
			n = len(rest)
		}
		names = append(names, fmt.Sprintf("%s (%d)", p.text(h.Type.Title()), n))
		rest = rest[n:]
	}
	says := text.Count(len(b), "byte") + " of messages"
	if len(names) > 0 {
		says += " with their headers: " + strings.Join(names, ", ")
	}
	p.para("  covers  ", says, "")
	if len(m.Covers.Hash) > 0 {
		p.para("  hash of them  ", hex.EncodeToString(m.Covers.Hash), "")
	}
	if p.style.Hex {
		p.dump(b)
	}
	if len(m.Signed) > 0 {
		p.para("  signed  ", fmt.Sprintf("%d bytes: 64 spaces, the name of this signature, a zero and the hash", len(m.Signed)), "")
		if p.style.Hex {
			p.dump(m.Signed)
		}
	}
}
