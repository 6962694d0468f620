package keys

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Bounds of a key log.
const (
	maxLogLine  = 16 << 10 // bytes; the longest useful line is an ECH_CONFIG
	maxSecrets  = 4 << 20  // lines kept
	maxJunkKept = 5
)

// A Log is what key log files and Decryption Secrets Blocks hold (RFC 9850,
// and the older format of NSS). It is safe for use by several goroutines.
type Log struct {
	mu          sync.RWMutex
	byRandom    map[[32]byte]*entry
	inOrder     []*entry
	bySession   map[string]*entry
	byPremaster map[[8]byte]*entry
	stats       LogStats
	claimed     int
	claims      []claim       // the latest of them
	version     atomic.Uint64 // grows with every secret
}

// entry holds the lines about one connection.
type entry struct {
	key     []byte // client random, session ID, or head of the encrypted premaster
	claimed bool   // the capture has a connection with this client random
	lines   []*logLine
}

// logLine is one secret.
type logLine struct {
	of     *entry
	label  Label
	gen    int
	secret secret
	source string // where it stands
	number int
	used   bool // it opened a record
}

// LogStats says what was read into a Log.
type LogStats struct {
	Lines       int // that are not empty and no comments
	Secrets     int // distinct ones kept
	Connections int // client randoms
	Repeated    int // lines that say what another one said
	Conflicts   int // lines with another secret than one before: both are tried
	Junk        int // lines that could not be read
	FirstJunk   []Junk
	Dropped     int // readable lines that were too many to keep
}

// Junk is a line of a key log that could not be read.
type Junk struct {
	Source string // as the caller named it
	Line   int    // from 1
	Why    string // shows nothing of the line
}

// String returns the place and the reason.
func (j Junk) String() string { return fmt.Sprintf("%s:%d: %s", j.Source, j.Line, j.Why) }

// NewLog returns an empty Log.
func NewLog() *Log {
	return &Log{byRandom: map[[32]byte]*entry{}, bySession: map[string]*entry{}, byPremaster: map[[8]byte]*entry{}}
}

// Format shows nothing of the secrets.
func (l *Log) Format(f fmt.State, _ rune) { hide(f) }

// Add reads text of a key log that is complete in itself, as that of a
// Decryption Secrets Block, and returns how many secrets were new. A last line
// without a line feed counts. Source names the text in [Junk].
func (l *Log) Add(text []byte, source string) int {
	f := l.Feed(source)
	_, _ = f.Write(text)
	_ = f.Close()
	return f.added
}

// Stats returns the counts so far.
func (l *Log) Stats() LogStats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.stats
	s.FirstJunk = append([]Junk(nil), s.FirstJunk...)
	return s
}

// Has reports whether there is any line for a client random.
func (l *Log) Has(clientRandom []byte) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.find(clientRandom) != nil
}

// hasTraffic reports whether there is any line for a client random but those
// that open its ClientHello.
func (l *Log) hasTraffic(clientRandom []byte) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	e := l.find(clientRandom)
	return e != nil && slices.ContainsFunc(e.lines, func(x *logLine) bool { return x.label != ECHSecret && x.label != ECHConfig })
}

// Unclaimed returns how many client randoms of the log no connection had that
// a Session was made for so far.
func (l *Log) Unclaimed() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.inOrder) - l.claimed
}

func (l *Log) find(clientRandom []byte) *entry {
	if len(clientRandom) != 32 {
		return nil
	}
	return l.byRandom[[32]byte(clientRandom)]
}

// claim notes that a connection of the capture has this client random.
func (l *Log) claim(clientRandom []byte, by claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.find(clientRandom); e != nil && !e.claimed {
		l.claimEntry(e, by)
	}
}

func (l *Log) claimEntry(e *entry, by claim) {
	e.claimed = true
	l.claimed++
	if by.number == 0 {
		return
	}
	if len(l.claims) == maxClaims {
		l.claims = append(l.claims[:0], l.claims[maxClaims/2:]...)
	}
	l.claims = append(l.claims, by)
}

// lines returns the secrets of a label for a client random.
func (l *Log) lines(clientRandom []byte, label Label, gen int) []*logLine {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.find(clientRandom).lookup(label, gen)
}

func (l *Log) sessionLines(id []byte) []*logLine {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.bySession[string(id)].lookup(SessionMaster, 0)
}

func (l *Log) premasterLines(encrypted []byte) []*logLine {
	if len(encrypted) < 8 {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.byPremaster[[8]byte(encrypted)].lookup(RSAPremaster, 0)
}

func (e *entry) lookup(label Label, gen int) (found []*logLine) {
	if e == nil {
		return nil
	}
	for _, x := range e.lines {
		if x.label == label && (x.gen == gen || x.gen == anyGeneration && gen > 0) {
			found = append(found, x)
		}
	}
	return found
}

// orphans returns up to max lines of a label whose client random no connection
// had, the latest first.
func (l *Log) orphans(label Label, max int) (found []*logLine) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.claimed == len(l.inOrder) {
		return nil
	}
	for i := len(l.inOrder) - 1; i >= 0 && len(found) < max; i-- {
		if e := l.inOrder[i]; !e.claimed {
			found = append(found, e.lookup(label, 0)...)
		}
	}
	return found
}

// use marks a line that opened a record, and its connection as found.
func (l *Log) use(x *logLine, by claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x.used = true
	if e := x.of; !e.claimed && len(e.key) == 32 && l.find(e.key) == e {
		l.claimEntry(e, by)
	}
}

// useAll marks the lines for a client random as if they had opened records.
func (l *Log) useAll(clientRandom []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.find(clientRandom); e != nil {
		for _, x := range e.lines {
			x.used = true
		}
	}
}

// put adds a line that was read. It reports whether the secret is new.
func (l *Log) put(label Label, gen int, key, value []byte, source string, number int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryFor(label, key)
	conflict := false
	for _, x := range e.lines {
		if x.label == label && x.gen == gen {
			if bytes.Equal(x.secret, value) {
				l.stats.Repeated++
				return false
			}
			conflict = conflict || gen != anyGeneration
		}
	}
	if l.stats.Secrets >= maxSecrets {
		l.stats.Dropped++
		return false
	}
	if conflict {
		l.stats.Conflicts++
	}
	e.lines = append(e.lines, &logLine{of: e, label: label, gen: gen, secret: bytes.Clone(value), source: source, number: number})
	l.stats.Secrets++
	l.stats.Connections = len(l.inOrder)
	l.version.Add(1)
	return true
}

// entryFor finds or makes the entry that a line belongs to.
func (l *Log) entryFor(label Label, key []byte) *entry {
	var e *entry
	switch label {
	case SessionMaster:
		e = l.bySession[string(key)]
	case RSAPremaster:
		e = l.byPremaster[[8]byte(key)]
	default:
		e = l.byRandom[[32]byte(key)]
	}
	if e != nil || l.stats.Secrets >= maxSecrets {
		if e == nil {
			e = new(entry)
		}
		return e
	}
	e = &entry{key: bytes.Clone(key)}
	switch label {
	case SessionMaster:
		l.bySession[string(key)] = e
	case RSAPremaster:
		l.byPremaster[[8]byte(key)] = e
	default:
		l.byRandom[[32]byte(key)] = e
		l.inOrder = append(l.inOrder, e)
	}
	return e
}
