package conn

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// Sessions remembers which connection was given which session id or ticket, so
// that a later one that brings it back can be told what it resumes. It is
// bounded: the oldest entries are forgotten. It is used by one goroutine.
type Sessions struct {
	of   map[[16]byte]uint64
	ring [][16]byte // keys in the order they came
	next int

	sealed map[peers]sealedTickets // TLS 1.3: sizes that may be tickets
}

// peers are the ends that share tickets: a client, a server and its name.
type peers struct {
	client netip.Addr
	server Endpoint
	name   string
}

// sealedTickets is what a connection's server sealed right after the
// handshake, where TLS 1.3 sends its tickets.
type sealedTickets struct {
	number uint64
	sizes  [4]int
	n      int
}

// mostPeers bounds what is remembered of sealed tickets; beyond it all of it is
// forgotten.
const mostPeers = 1 << 14

// seal remembers the size of a sealed record that may be a ticket.
func (s *Sessions) seal(p peers, number uint64, size int) {
	if s == nil {
		return
	}
	if len(s.sealed) >= mostPeers {
		clear(s.sealed)
	}
	t := s.sealed[p]
	if t.number != number {
		t = sealedTickets{number: number}
	}
	if t.n < len(t.sizes) {
		t.sizes[t.n] = size
		t.n++
		s.sealed[p] = t
	}
}

// fits returns the last connection between the same peers of which a sealed
// record has the size of a NewSessionTicket with a ticket of n bytes (RFC 9846,
// Section 4.6.1), 0 if there is none.
func (s *Sessions) fits(p peers, n, overhead int) uint64 {
	if s == nil {
		return 0
	}
	const fixed = handshakeHeader + 4 + 4 + 1 + 2 + 2 // lifetime, age_add, lengths of nonce, ticket, extensions
	const earlyData = 8                               // the only extension there is
	t := s.sealed[p]
	for _, size := range t.sizes[:t.n] {
		nonce := size - overhead - fixed - n
		if nonce >= 0 && nonce <= 32 || nonce-earlyData >= 0 && nonce-earlyData <= 32 {
			return t.number
		}
	}
	return 0
}

// mostSessions bounds what is remembered: 24 bytes and a map entry each.
const mostSessions = 1 << 16

// NewSessions returns an empty memory.
func NewSessions() *Sessions {
	return &Sessions{of: map[[16]byte]uint64{}, sealed: map[peers]sealedTickets{}}
}

func sessionKey(kind byte, b []byte) [16]byte {
	h := sha256.Sum256(append([]byte{kind}, b...))
	return [16]byte(h[:16])
}

// put remembers that connection n was given b.
func (s *Sessions) put(kind byte, b []byte, n uint64) {
	if s == nil || len(b) == 0 {
		return
	}
	k := sessionKey(kind, b)
	if _, ok := s.of[k]; ok {
		return
	}
	if len(s.ring) < mostSessions {
		s.ring = append(s.ring, k)
	} else {
		delete(s.of, s.ring[s.next])
		s.ring[s.next] = k
		s.next = (s.next + 1) % mostSessions
	}
	s.of[k] = n
}

// get returns the connection that was given b, 0 if none is known.
func (s *Sessions) get(kind byte, b []byte) uint64 {
	if s == nil || len(b) == 0 {
		return 0
	}
	return s.of[sessionKey(kind, b)]
}

// Kinds of what is remembered.
const (
	kindSessionID = 'i'
	kindTicket    = 't'
)

// resumable is what a ClientHello offers to resume with.
type resumable struct {
	ticketExt  bool
	ticket     []byte
	identities []identity
	binder     int // size of the first binder: the hash of the earlier connection
	modes      string
	early      bool
}

type identity struct {
	id  []byte
	age uint32
}

func resumableOf(m *tls.ClientHello) resumable {
	var r resumable
	ticket, ok := m.SessionTicket()
	r.ticketExt, r.ticket = ok, append([]byte(nil), ticket...)
	r.early = m.Extensions.Has(tls.ExtEarlyData)
	if psk, ok := m.PreSharedKeys(); ok {
		for id := range psk.All() {
			if len(r.identities) < 16 {
				r.identities = append(r.identities, identity{id: append([]byte(nil), id.Identity...), age: id.ObfuscatedTicketAge})
			}
		}
		for binder := range psk.Binders.All() {
			r.binder = len(binder)
			break
		}
	}
	modes, _ := m.PSKModes()
	for mode := range modes.All() {
		if r.modes != "" {
			r.modes += " "
		}
		r.modes += mode.String()
	}
	return r
}

// external reports whether an identity is more likely a key that both sides
// were given than a ticket: its age is 0 (RFC 9846, Section 4.2.11) and it is
// short.
func (i identity) external() bool { return i.age == 0 && len(i.id) < 64 }

// says words what a TLS 1.3 ClientHello offers to resume.
func (r resumable) says() string {
	if len(r.identities) == 0 {
		return "no resumption"
	}
	s := count(len(r.identities), "ticket")
	if r.identities[0].external() {
		s = "a pre-shared key named " + printable(r.identities[0].id)
	}
	if r.modes != "" {
		s += ", mode " + r.modes
	}
	if r.binder > 0 {
		s += fmt.Sprintf("; PSK binder %d bytes", r.binder)
		if h := hashOf(r.binder); h != "" {
			s += ": " + h
		}
	}
	if r.early {
		return s + "; early data"
	}
	return s + "; no early data"
}

func hashOf(size int) string {
	return map[int]string{32: "SHA-256", 48: "SHA-384", 64: "SHA-512"}[size]
}

// printable writes an identity: as text if it is text, else in hex.
func printable(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return cut(fmt.Sprintf("%x", b), 32)
		}
	}
	return cut(fmt.Sprintf("%q", b), 48)
}

// resume13 takes a ServerHello that accepts a pre-shared key.
func (b *Builder) resume13(index int, share bool, n int, at flow.Mark) {
	r := &Resumption{Kind: "psk"}
	b.c.Resumption = r
	says := fmt.Sprintf("accepts key %d, so it sends no certificate", index)
	if b.offersECH() && !b.oddCH && !slices.Contains(b.c.Offered.Extensions, tls.ExtPreSharedKey) {
		says += "; the ClientHello in the clear offers none, so the server took the one that encrypted_client_hello seals"
	}
	if index < len(b.offered.identities) {
		id := b.offered.identities[index]
		if id.external() {
			r.Kind = "external_psk"
			says = "accepts the pre-shared key " + printable(id.id) + ", so it sends no certificate"
		} else {
			r.Of = b.opt.Sessions.get(kindTicket, id.id)
			says = fmt.Sprintf("accepts ticket %d, so it sends no certificate", index)
		}
	}
	b.skipCertificate(r)
	b.offerStep(r)
	b.ccStep(flow.Server, at, "ServerHello", "server_hello", n, says)
}

// offerStep adds to the ClientHello's row what it offered to resume.
func (b *Builder) offerStep(r *Resumption) {
	if len(b.offered.identities) == 0 || b.offered.identities[0].external() {
		return
	}
	id := b.offered.identities[0]
	says := fmt.Sprintf("offers %s of %d bytes", count(len(b.offered.identities), "ticket"), len(id.id))
	if r.Of > 0 {
		says += fmt.Sprintf(": the one that #%d got", r.Of)
	} else if n := b.opt.Sessions.fits(b.peers(), len(id.id), b.overhead13()); n > 0 && n != b.c.Number {
		says += fmt.Sprintf("; its size fits the tickets that #%d got", n)
	}
	steps := b.c.CertificateCheck.Steps
	name := "client_hello"
	if b.c.innerCounts() {
		name = innerHello
	}
	for i := range steps {
		if steps[i].Name == name {
			steps[i].Says = append(steps[i].Says, says)
			return
		}
	}
}

func (b *Builder) peers() peers {
	return peers{b.c.Ends[flow.Client].Addr(), b.c.Ends[flow.Server], b.c.ServerName}
}

// skipCertificate marks phase 1 as left out by the protocol.
func (b *Builder) skipCertificate(r *Resumption) {
	p := &b.c.CertificateCheck.Phase
	p.State = Skipped
	switch {
	case r.Kind == kindPAC:
		p.Headline = "skipped: both sides know the key of a PAC"
	case r.Kind == "external_psk":
		p.Headline = "skipped: both sides know a pre-shared key"
	case r.Of > 0:
		p.Headline = fmt.Sprintf("skipped: resumption reuses the check of #%d", r.Of)
	default:
		p.Headline = "skipped: resumption reuses the check of an earlier connection that is not in this capture"
		if b.c.Version.IsTLS13() {
			p.Headline = "skipped: resumption reuses the check of an earlier connection"
		}
	}
}

// resume12 decides, when the server begins to seal, whether the handshake was
// an abbreviated one (RFC 5246, Section 7.3; RFC 5077, Section 3.4): no
// certificate, no keys, and the client offered something to resume.
func (b *Builder) resume12(at flow.Mark) {
	seen, o := b.seen[flow.Server], b.c.Offered
	if b.c.Resumption != nil || !b.chosen || b.midway || seen[tls.TypeCertificate]+seen[tls.TypeServerKeyExchange]+seen[tls.TypeServerHelloDone] > 0 ||
		b.lossy(flow.Server) || b.seen[flow.Client][tls.TypeClientKeyExchange] > 0 {
		return
	}
	sel := b.c.Selected
	r := &Resumption{Kind: "session_id"}
	switch {
	case o == nil:
	case b.isPAC(b.offered.ticket):
		r.Kind = kindPAC
	case len(b.offered.ticket) > 0:
		r.Kind, r.Of = "ticket", b.opt.Sessions.get(kindTicket, b.offered.ticket)
	case len(sel.SessionID) > 0 && string(sel.SessionID) == string(o.SessionID):
		r.Of = b.opt.Sessions.get(kindSessionID, sel.SessionID)
	}
	if r.Of == b.c.Number {
		r.Of = 0
	}
	b.c.Resumption = r
	b.skipCertificate(r)
	b.c.KeyExchange.Method = map[string]string{"ticket": "ticket", "session_id": "session id", kindPAC: "PAC"}[r.Kind]
	b.c.KeyExchange.ForwardSecret = Unknown
	what, from := "a session id", "the earlier connection's secret"
	switch r.Kind {
	case "ticket":
		what = fmt.Sprintf("a ticket of %d bytes", len(b.offered.ticket))
	case kindPAC:
		b.c.KeyExchange.ForwardSecret = No
		what, from = fmt.Sprintf("a PAC-Opaque of %d bytes, which the server gave it once", len(b.offered.ticket)), "the PAC's key"
	}
	of := ""
	if r.Of > 0 {
		of = fmt.Sprintf(": the one that #%d got", r.Of)
	}
	steps := b.c.CertificateCheck.Steps
	for i := range steps {
		switch steps[i].Name {
		case "client_hello":
			steps[i].Says = append(steps[i].Says, "offers "+what+of)
		case "server_hello":
			steps[i].Says = append(steps[i].Says, "accepts it, so it sends no certificate and no new keys are agreed on: both sides derive them from "+from)
		}
	}
}
