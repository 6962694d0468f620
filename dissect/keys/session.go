package keys

import (
	"fmt"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A Level says which of the keys of a connection open a record.
type Level uint8

// Levels. Before TLS 1.3 all that is sealed is LevelApplication.
const (
	LevelEarly Level = iota + 1
	LevelHandshake
	LevelApplication
)

// String returns "early", "handshake" or "application".
func (l Level) String() string {
	switch l {
	case LevelEarly:
		return "early"
	case LevelHandshake:
		return "handshake"
	case LevelApplication:
		return "application"
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// epoch counts the keys of a side in TLS 1.3.
type epoch int

const (
	clear13 epoch = iota
	early13
	handshake13
	application13 // and its later generations behind it
)

func (e epoch) level() Level { return Level(min(e, application13)) }

// A Session opens the records of one connection of TLS over TCP. The caller
// tells it everything in the order in which it was sent: each handshake
// message, opened or in clear, with [Session.Message], each ChangeCipherSpec,
// and every sealed record with [Session.Open] or [Session.Pass]. Messages in a
// record are told before the next record is opened. It is for one goroutine.
//
// All methods may be called on a nil Session, which opens nothing.
type Session struct {
	p     *Provider
	hs    *handshake // the one under way, or the last
	half  [2]half
	buf   *Buffer // holds Opened.Plain
	found [labels]bool
	from  [sources]bool
	psk   *pskSchedule // that opened records
	lines []*logLine   // that opened records, the first few
	dtls  bool
	keep  bool // see Keep

	number uint64 // of the connection in the report, 0 if nobody told
	began  time.Time
	inner  bool // the keys belong to the ClientHello that ECH seals
}

// half is one side of a Session.
type half struct {
	sealed bool       // what it sends next is sealed
	hs     *handshake // whose keys are in force, before TLS 1.3
	epoch  epoch      // TLS 1.3

	dtlsEpoch uint16    // of the keys in force, up to DTLS 1.2
	cid       []byte    // of the record that is opened
	keys13    [4]keys13 // DTLS 1.3, by the low bits of the epoch

	cur   opener // nil until a key has opened a record
	seq   uint64 // number of the next record under these keys
	ahead int    // how many more records may have gone by unseen

	bytes   int64    // sealed so far under these keys
	tail    [80]byte // end of the last record, with the next IV of old CBC
	tailLen int
	holed   bool // bytes is not exact

	secret   secret // TLS 1.3: application traffic secret of secretAt
	secretAt epoch
	hsSecret secret // TLS 1.3: handshake traffic secret

	zip *inflater

	failed  int    // records in a row that no key opened
	version uint64 // of the provider at that time
	idle    uint64 // version of the provider, plus 1, that had nothing to try
	guesses int    // times that lines of other connections were looked at
	work    int    // bytes opened in vain while numbers were searched
	stuck   string // why nothing more can be opened; "" if it can

	count SideStatus
}

// Bounds of what is tried.
const (
	maxFailures  = 32        // records in a row, before only new keys are tried
	maxAhead     = 1 << 12   // records lost in a hole
	maxWork      = 256 << 20 // bytes opened in vain under the same keys
	maxLaterKeys = 2         // generations ahead of the current one
	maxLines     = 16        // of the log that Status names
	minSealed    = tls.RecordHeaderLen + 17
)

// NewSession returns a Session for a connection. A nil Provider has no keys;
// its Sessions still keep the transcript.
func (p *Provider) NewSession() *Session {
	return &Session{p: p, hs: &handshake{lost: true, selected: -1}, buf: new(Buffer)}
}

// Format shows nothing of the secrets.
func (s *Session) Format(f fmt.State, _ rune) { hide(f) }

// ChangeCipherSpec tells that a side sent the message of that name. In TLS 1.3
// it means nothing (RFC 9846, Appendix D.4).
func (s *Session) ChangeCipherSpec(side flow.Side) {
	if s == nil || s.hs.is13() || !s.hs.haveSH && (s.hs.retry || s.hs.earlyData) || s.half[side].epoch != clear13 {
		return
	}
	f := &s.half[side]
	f.rekey()
	f.sealed, f.hs = true, s.hs
	f.zip = nil
	if s.hs.compression == compressDeflate {
		f.zip = new(inflater)
	}
	if s.p == nil && side == flow.Client { // no Finished will be seen
		s.hs.lose()
	}
}

// rekey resets what belongs to the keys in force.
func (f *half) rekey() {
	f.cur, f.seq, f.ahead, f.bytes, f.tailLen, f.holed = nil, 0, 0, 0, 0, false
	f.failed, f.work, f.idle, f.stuck = 0, 0, 0, ""
}

// enter13 makes a side seal with the keys of an epoch, unless it does so
// already or has gone further.
func (f *half) enter13(e epoch) {
	if f.epoch >= e {
		return
	}
	f.rekey()
	f.epoch, f.sealed = e, true
}

// Ready reports whether Open would have a key to try for the next sealed
// record of a side. Where it is false, tell the record with [Session.Pass].
func (s *Session) Ready(side flow.Side) bool {
	if s == nil || s.p == nil {
		return false
	}
	f := &s.half[side]
	s.presume(side)
	if !f.sealed || f.stuck != "" {
		return false
	}
	if f.cur != nil {
		return true
	}
	v := s.p.version()
	if f.failed >= maxFailures && f.version == v || f.idle == v+1 {
		return false
	}
	if s.something(side) {
		return true
	}
	f.idle = v + 1
	return false
}

// something reports whether there is a key to try for a side.
func (s *Session) something(side flow.Side) bool {
	f := &s.half[side]
	if f.epoch == clear13 {
		return f.hs.openable() && len(f.hs.masters(s.p)) > 0
	}
	for e := f.epoch; e <= s.last(f); e++ {
		if len(s.secrets(side, e)) > 0 {
			return true
		}
	}
	return false
}

// presume makes sealed what can only be sealed: the ServerHello is not in the
// capture, but the log says that the connection is one of TLS 1.3.
func (s *Session) presume(side flow.Side) {
	f := &s.half[side]
	if f.epoch != clear13 || s.hs.haveSH || !s.hs.haveCH || s.hs.retry {
		return
	}
	label := ClientHandshake
	if side == flow.Server {
		label = ServerHandshake
	}
	if len(s.p.log.lines(s.hs.clientRandom[:], label, 0)) > 0 {
		f.enter13(handshake13)
	}
}

// use marks a line of the log that opened a record.
func (s *Session) use(x *logLine) {
	s.p.log.use(x, s.claim())
	if len(s.lines) < maxLines {
		s.lines = append(s.lines, x)
	}
}

// Pass tells that a sealed record of a side went by without being opened.
func (s *Session) Pass(side flow.Side, h tls.RecordHeader) {
	if s == nil || !s.half[side].sealed {
		return
	}
	f := &s.half[side]
	f.count.Sealed++
	f.count.Closed++
	if f.count.FirstClosed == 0 {
		f.count.FirstClosed = f.count.Sealed
	}
	if f.cur == nil {
		f.seq++
		f.bytes += int64(h.Length)
		f.tailLen = 0
		return
	}
	f.ahead++ // it may have been in clear after all
	f.lose()
}

// Skip tells of a hole: n bytes of a side's stream are not in the capture, or
// not cut into records; negative if nobody knows how many. How many records
// that were is found out by trying.
func (s *Session) Skip(side flow.Side, n int64) {
	if s == nil || n == 0 {
		return
	}
	s.Lost(side)
	if !s.half[side].sealed {
		return
	}
	f := &s.half[side]
	f.count.Holes++
	records := int64(maxAhead)
	if n > 0 {
		records = min(records, n/minSealed+1)
	}
	f.ahead = min(maxAhead, f.ahead+int(records))
	f.lose()
}

// lose makes the state of stream ciphers and of the compression unknown.
func (f *half) lose() {
	f.holed, f.tailLen = true, 0
	switch o := f.cur.(type) {
	case *stream:
		if o.rc4 != nil {
			f.stuck = "bytes are missing, and RC4 cannot go on behind a hole"
		}
	case *cbc:
		if !o.explicit {
			o.ivKnown = false
		}
	}
	if f.zip != nil {
		f.stuck = "bytes are missing, and compressed records need all before them"
	}
}

// Opened is the content of a record.
type Opened struct {
	Type       tls.ContentType // of the content; in TLS 1.3 the inner one
	Plain      []byte          // valid until the next Open
	Padding    int             // bytes of it, in CBC with the length
	Level      Level
	Generation int  // of the application keys: how often they were updated
	Resumed    bool // keys were found again after records were missing
}

// Open opens a sealed record of a side. The tag or MAC of what it returns is
// right. The error is *NoKeys or *BadTag, or ErrClear if the record is none
// that is sealed; the Session goes on in every case.
func (s *Session) Open(side flow.Side, h tls.RecordHeader, body []byte) (Opened, error) {
	if s == nil || !s.half[side].sealed {
		return Opened{}, ErrClear
	}
	f := &s.half[side]
	if f.epoch != clear13 && h.Type != tls.ContentApplicationData {
		return Opened{}, ErrClear
	}
	return s.open(side, h, body)
}

// open opens a record that is sealed.
func (s *Session) open(side flow.Side, h tls.RecordHeader, body []byte) (Opened, error) {
	f := &s.half[side]
	h.Length = len(body)
	if need := len(body) + 64; cap(s.buf.b) < need {
		s.buf.b = make([]byte, 0, max(need, tls.MaxPlaintext+512))
	}
	f.count.Sealed++
	if f.stuck != "" {
		f.closed(body)
		return Opened{}, &NoKeys{Side: side, Cause: SequenceLost, Why: f.stuck}
	}
	o, found, ok := s.attempt(side, h, body)
	if !ok {
		return Opened{}, s.refuse(side, found, h, body)
	}
	f.failed = 0
	f.count.Opened++
	f.pass(body)
	return o, nil
}

// attempt tries the keys of the side. found says that there was a key to try.
func (s *Session) attempt(side flow.Side, h tls.RecordHeader, body []byte) (o Opened, found, ok bool) {
	if s.half[side].epoch == clear13 {
		return s.open12(side, h, body)
	}
	return s.open13(side, h, body)
}

// refuse accounts for a record that stays closed and says why.
func (s *Session) refuse(side flow.Side, found bool, h tls.RecordHeader, body []byte) error {
	f := &s.half[side]
	seq := f.seq
	f.failed++
	f.version = s.p.version()
	if f.cur == nil && !found {
		f.closed(body)
		c, why := s.diagnose(side)
		return &NoKeys{Side: side, Cause: c, Why: why}
	}
	f.count.Bad++
	if f.count.FirstBad == 0 {
		f.count.FirstBad = f.count.Sealed
	}
	e := &BadTag{Side: side, Record: f.count.Sealed, Sequence: seq, Never: f.cur == nil, Hole: f.ahead > 0}
	f.pass(body)
	if f.ahead > 0 { // perhaps it was no record at all
		f.ahead = min(maxAhead, f.ahead+1)
	} else {
		f.seq++
	}
	return e
}

// closed accounts for a record that there was no key to try for.
func (f *half) closed(body []byte) {
	f.count.Closed++
	if f.count.FirstClosed == 0 {
		f.count.FirstClosed = f.count.Sealed
	}
	f.seq++
	f.pass(body)
}

// pass keeps what a later record depends on.
func (f *half) pass(body []byte) {
	f.bytes += int64(len(body))
	if f.cur == nil {
		f.tailLen = copy(f.tail[:], body[max(0, len(body)-len(f.tail)):])
	}
	if f.cur != nil {
		f.cur.passed(body)
	}
}

// try opens a record with the sequence numbers that are possible, the next one
// first.
func (f *half) try(dst []byte, o opener, seq uint64, ahead int, h tls.RecordHeader, body []byte) (plain []byte, padding int, at uint64, ok bool) {
	if c, ok := o.(interface{ setCID([]byte) }); ok {
		c.setCID(f.cid)
	}
	for i := 0; i <= ahead && (i == 0 || f.work <= maxWork); i++ {
		p, pad, why := o.open(dst, seq+uint64(i), h, body)
		if why == fine {
			return p, pad, seq + uint64(i), true
		}
		if why != badTag { // the number does not matter
			break
		}
		if i > 0 {
			f.work += len(body) + 64
		}
	}
	return nil, 0, 0, false
}
