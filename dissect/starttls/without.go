package starttls

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// An Ending is what became of TLS in a flow in which it was talked about and
// never began.
type Ending struct {
	Outcome conn.Outcome // "" if it is how the flow ended that tells
	Why     string       // sentences, for people
}

// Offered returns where the server said or showed that it can do TLS.
func (t *Talk) Offered() (flow.Mark, bool) {
	if len(t.layers) == 0 {
		return flow.Mark{}, false
	}
	l := &t.layers[len(t.layers)-1]
	if l.agreed.Seen() {
		return l.agreed, true
	}
	return l.offered, l.offered.Seen()
}

// Without tells what became of TLS in a flow in which it never began. elsewhere
// is where the same server offered TLS on another connection, if it did. ok is
// false where TLS was not talked about, or was offered and nothing that matters
// was said without it.
func (t *Talk) Without(elsewhere flow.Mark) (e Ending, ok bool) {
	if len(t.layers) == 0 {
		return Ending{}, false
	}
	l := &t.layers[len(t.layers)-1]
	x, exposed := l.exposed()
	sent := fmt.Sprintf("sent %s in the clear, in packet %d.", x.What, x.At.Packet)
	asked := fmt.Sprintf("the %s client asked for TLS (%s, packet %d)", l.Title, l.request, l.asked.Packet)
	switch {
	case l.refused.Seen() && l.Name == "http_connect":
		return Ending{conn.ProxyRefused, t.Refusal() + proxyHint}, true
	case l.refused.Seen():
		s := t.Refusal()
		if exposed {
			s += " The client went on without it and " + sent
		}
		return Ending{conn.StartTLSRefused, s + refusedHint}, true
	case l.agreed.Seen() && exposed:
		return Ending{conn.NotTLS, asked + ", the server agreed, and then the client " + sent}, true
	case l.agreed.Seen():
		return Ending{"", asked + ", the server agreed, and no ClientHello followed."}, true
	case l.asked.Seen():
		return Ending{"", asked + " and got no answer."}, true
	case l.offered.Seen() && exposed:
		return Ending{conn.StartTLSUnused, fmt.Sprintf("the server offered TLS (%s) in packet %d and the client went on without it: it ", l.request, l.offered.Packet) + sent + unusedHint}, true
	case !l.listed.Seen() && !l.listing && !l.masked.Seen() && elsewhere.Seen() && exposed:
		return Ending{conn.StartTLSUnused, fmt.Sprintf("the server can do TLS (%s), as packet %d of another connection shows, and the client did not ask what it can do: it ", l.request, elsewhere.Packet) + sent + unusedHint}, true
	case l.masked.Seen() && exposed:
		return Ending{conn.StartTLSStripped, fmt.Sprintf("TLS was stripped: in packet %d the server's list of capabilities has %s where %s would stand, as some firewalls write; the client ", l.masked.Packet, l.mask, l.request) + sent + strippedHint}, true
	case l.listed.Seen() && elsewhere.Seen() && exposed:
		return Ending{conn.StartTLSStripped, fmt.Sprintf("TLS was most likely stripped: the server's list of capabilities in packet %d lacks %s, which the same server offers in packet %d; the client ", l.listed.Packet, l.request, elsewhere.Packet) + sent + strippedHint}, true
	}
	return Ending{}, false
}

// What to do about it, at the end of the sentences.
const (
	proxyHint    = " Without the tunnel no TLS can begin: look at what the proxy allows, and to whom."
	refusedHint  = " Look at the server's own settings of TLS and its log: it may have no certificate, or a key that it cannot read."
	unusedHint   = " Set the client to insist on TLS, and the server to take no login without it."
	strippedHint = " Look for a device between them that rewrites this protocol, and set the client to insist on TLS: then it stops instead."
)

// Refusal tells how the server refused TLS, in a sentence; "" if it did not.
func (t *Talk) Refusal() string {
	if len(t.layers) == 0 {
		return ""
	}
	l := &t.layers[len(t.layers)-1]
	switch {
	case !l.refused.Seen():
		return ""
	case l.Name == "http_connect":
		return fmt.Sprintf("the proxy refused %s: %s, in packet %d.", l.request, l.answer, l.refused.Packet)
	}
	return fmt.Sprintf("the server refused TLS: %s to %s, in packet %d.", l.answer, l.request, l.refused.Packet)
}
