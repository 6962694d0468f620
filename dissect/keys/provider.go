package keys

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// maxRemembered bounds the sessions that can be resumed, and the master
// secrets kept for [Provider.WriteUsed].
const maxRemembered = 1 << 14

// A Provider holds all keys that the user gave, and what they led to. It is
// safe for use by several goroutines.
type Provider struct {
	log      *Log
	changes  atomic.Uint64 // of private keys and pre-shared keys
	expected atomic.Bool   // see Expect
	guesses  atomic.Int64  // lines tried for connections with another client random, or none

	mu       sync.Mutex
	keys     []*PrivateKey // of RSA
	ech      []*echKey
	psks     []psk
	sessions map[string]secret // by "s" + session ID or "t" + hash of a ticket
	oldest   []string          // keys of sessions in the order they came
	derived  []derived
	written  map[[32]byte]bool // client randoms in derived
	names    []string          // server names that were seen
	named    map[string]bool   // of names
}

type psk struct {
	identity []byte // empty: any
	key      secret
}

// derived is a master secret that is in no key log line: WriteUsed makes one.
type derived struct {
	random [32]byte
	master secret
}

// maxAllGuesses bounds the lines that are tried for connections whose client
// random is not known or hidden by ECH, in all: about 5 seconds.
const maxAllGuesses = 500_000

func (p *Provider) mayGuess() bool { return p.guesses.Add(1) <= maxAllGuesses }

// NewProvider returns a Provider. The log may be nil, and may grow later.
func NewProvider(log *Log) *Provider {
	if log == nil {
		log = NewLog()
	}
	return &Provider{log: log, sessions: map[string]secret{}, written: map[[32]byte]bool{}, named: map[string]bool{}}
}

// Format shows nothing of the secrets.
func (p *Provider) Format(f fmt.State, _ rune) { hide(f) }

// Log returns the key log, never nil; more may be added to it at any time.
func (p *Provider) Log() *Log { return p.log }

// AddPrivateKey adds keys that open RSA key exchanges or sealed ClientHellos.
func (p *Provider) AddPrivateKey(keys ...*PrivateKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range keys {
		if k.ech != nil {
			p.ech = append(p.ech, k.ech)
		} else {
			p.keys = append(p.keys, k)
		}
	}
	p.changes.Add(1)
}

// AddPSK adds a pre-shared key (RFC 4279; RFC 9846, Section 4.2.11). One with
// an empty identity is tried with every identity.
func (p *Provider) AddPSK(identity, key []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.psks = append(p.psks, psk{bytes.Clone(identity), bytes.Clone(key)})
	p.changes.Add(1)
}

// Expect tells that keys will come, or that there should be some: connections
// are kept ready for them and say that there are none.
func (p *Provider) Expect() { p.expected.Store(true) }

// Empty reports whether there is no key of any kind, and none is expected.
func (p *Provider) Empty() bool {
	if p == nil {
		return true
	}
	if p.expected.Load() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.keys)+len(p.ech) == 0 && len(p.psks) == 0 && p.log.version.Load() == 0
}

// version changes whenever there is something new to try.
func (p *Provider) version() uint64 {
	if p == nil {
		return 0
	}
	return p.log.version.Load() + p.changes.Load()
}

func (p *Provider) privateKeys() []*PrivateKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[:len(p.keys):len(p.keys)]
}

// echKeys returns the keys of ECH.
func (p *Provider) echKeys() []*echKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ech[:len(p.ech):len(p.ech)]
}

func (p *Provider) pskFor(identity []byte) (found []secret) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.psks {
		if bytes.Equal(k.identity, identity) {
			found = append(found, k.key)
		}
	}
	for _, k := range p.psks {
		if len(k.identity) == 0 && len(identity) > 0 {
			found = append(found, k.key)
		}
	}
	return found
}

func (p *Provider) hasPSK() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.psks) > 0
}

// sessionKey and ticketKey are the names under which a session is remembered.
func sessionKey(id []byte) string { return "s" + string(id) }

func ticketKey(ticket []byte) string {
	h := sha256.Sum256(ticket)
	return "t" + string(h[:])
}

// remember keeps the secret of a session that may be resumed: a master secret
// to TLS 1.2, a pre-shared key in TLS 1.3.
func (p *Provider) remember(key string, s secret) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.sessions[key]; ok && bytes.Equal(old, s) {
		return
	} else if !ok {
		if len(p.oldest) >= maxRemembered {
			delete(p.sessions, p.oldest[0])
			p.oldest = p.oldest[1:]
		}
		p.oldest = append(p.oldest, key)
	}
	p.sessions[key] = s
}

func (p *Provider) remembered(key string) secret {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[key]
}

// derive notes a master secret that opened a connection and is in no line.
func (p *Provider) derive(random [32]byte, master secret) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.written[random] && len(p.derived) < maxRemembered {
		p.written[random] = true
		p.derived = append(p.derived, derived{random, master})
	}
}

// WriteUsed writes, as key log lines, the secrets that opened records of the
// sessions made so far, or would if tlslens had the cipher, and those only: what
// a capture must embed to be opened by others. Connections opened with a private key, a pre-shared key of TLS
// 1.2 or a resumed session get a CLIENT_RANDOM line. TLS 1.3 with an external
// pre-shared key gets none.
//
// This is the only way for a secret to leave the program.
func (p *Provider) WriteUsed(w io.Writer) error {
	var b bytes.Buffer
	p.log.writeUsed(&b)
	p.mu.Lock()
	for _, d := range p.derived {
		fmt.Fprintf(&b, "CLIENT_RANDOM %x ", d.random)
		hexTo(&b, d.master)
	}
	p.mu.Unlock()
	_, err := w.Write(b.Bytes())
	clear(b.Bytes())
	return err
}

func (l *Log) writeUsed(b *bytes.Buffer) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	write := func(e *entry) {
		for _, x := range e.lines {
			if !x.used {
				continue
			}
			if x.label == SessionMaster {
				fmt.Fprintf(b, "RSA Session-ID:%x Master-Key:", e.key)
			} else {
				fmt.Fprintf(b, "%s %x ", labelText(x.label, x.gen), e.key)
			}
			hexTo(b, x.secret)
		}
	}
	for _, e := range l.inOrder {
		write(e)
	}
	for _, e := range sorted(l.bySession) {
		write(e)
	}
	for _, e := range sorted(l.byPremaster) {
		write(e)
	}
}
