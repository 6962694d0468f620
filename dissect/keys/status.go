package keys

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
)

// A Source is where keys came from.
type Source uint8

// Sources.
const (
	FromLog Source = iota
	FromPrivateKey
	FromPSK
	FromResumption     // an earlier connection that was opened
	sources        int = iota
)

// String returns a phrase for reports.
func (s Source) String() string {
	switch s {
	case FromLog:
		return "key log"
	case FromPrivateKey:
		return "private key"
	case FromPSK:
		return "pre-shared key"
	case FromResumption:
		return "session opened before"
	}
	return fmt.Sprintf("source %d", uint8(s))
}

// A Cause is why records of a connection stay closed.
type Cause uint8

// Causes.
const (
	AllOpen                Cause = iota // none does
	NothingSealed                       // nothing was sealed so far
	NoKeysGiven                         // neither key log nor private key nor pre-shared key
	NoLine                              // the log has no line for this client random
	NoClientHello                       // the client random is not in the capture
	NoServerHello                       // what was agreed on is not in the capture
	UnsupportedCipher                   // no implementation of it
	UnsupportedCompression              // nor of that
	EphemeralExchange                   // a private key cannot help
	OtherPrivateKey                     // it belongs to another certificate, or does not open the premaster secret
	UnknownPSK                          // no key for the identity that was used
	ResumedUnseen                       // the connection that it resumes is not here, or was not opened
	OneSideOnly                         // the log has the secrets of the other side only
	NoTrafficSecret                     // the log has the handshake secrets only
	NoHandshakeSecret                   // the log has the traffic secrets only
	WrongKeys                           // there are keys, but no record has a right tag
	BadTags                             // some records do not
	SequenceLost                        // a hole that the cipher cannot get over
)

var causeNames = [...]string{
	"all_open", "nothing_sealed", "no_keys_given", "no_line", "no_client_hello", "no_server_hello",
	"unsupported_cipher", "unsupported_compression", "ephemeral_exchange", "other_private_key", "unknown_psk", "resumed_unseen",
	"one_side_only", "no_traffic_secret", "no_handshake_secret", "wrong_keys", "bad_tags", "sequence_lost",
}

// String returns a name that stays the same, "no_traffic_secret".
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return fmt.Sprintf("cause %d", uint8(c))
}

// SideStatus counts the sealed records of a side. Record numbers count from 1.
type SideStatus struct {
	Sealed      int
	Opened      int // with a right tag or MAC
	Bad         int // with a wrong one under every key there was
	Closed      int // for lack of a key
	FirstBad    int // record number, 0 if none
	FirstClosed int
	Holes       int // in the capture
}

// Status says what was opened and why the rest was not.
type Status struct {
	Cause   Cause
	Why     string // a sentence without a full stop, "" for AllOpen
	Sources []Source
	Lines   []string // of key logs that opened records, "FILE:NUMBER", the first few
	Found   []Label  // secrets that opened records; ClientRandom for every master secret
	Missing []Label  // secrets that would have been needed
	Side    [2]SideStatus
	Others  int // client randoms in the log that no connection had so far
}

// Status returns what was opened so far.
func (s *Session) Status() Status {
	if s == nil {
		return Status{Cause: NoKeysGiven, Why: "no keys are given"}
	}
	st := Status{Side: [2]SideStatus{s.half[0].count, s.half[1].count}}
	for i, ok := range s.from {
		if ok {
			st.Sources = append(st.Sources, Source(i))
		}
	}
	for i, ok := range s.found {
		if ok {
			st.Found = append(st.Found, Label(i))
		}
	}
	for _, x := range s.lines {
		st.Lines = append(st.Lines, fmt.Sprintf("%s:%d", x.source, x.number))
	}
	if s.p != nil {
		st.Others = s.p.log.Unclaimed()
	}
	c, sv := &st.Side[0], &st.Side[1]
	switch {
	case c.Sealed+sv.Sealed == 0:
		st.Cause, st.Why = NothingSealed, "nothing was sealed"
	case c.Closed+sv.Closed+c.Bad+sv.Bad > 0:
		side := flow.Client
		if c.Closed+c.Bad == 0 {
			side = flow.Server
		}
		st.Cause, st.Why = s.diagnose(side)
		st.Missing = s.missing()
	}
	return st
}

// missing returns the secrets that would open what is closed.
func (s *Session) missing() (list []Label) {
	if !s.is13() {
		if s.hs.master == nil && !s.found[ClientRandom] {
			return []Label{ClientRandom}
		}
		return nil
	}
	for side, labels := range [2][]Label{{ClientHandshake, ClientTraffic}, {ServerHandshake, ServerTraffic}} {
		if n := s.half[side].count; n.Closed+n.Bad == 0 {
			continue
		}
		for _, l := range labels {
			if !s.found[l] {
				list = append(list, l)
			}
		}
	}
	return list
}

// is13 reports whether records are sealed as in TLS 1.3.
func (s *Session) is13() bool {
	return s.hs.is13() || s.half[0].epoch != clear13 || s.half[1].epoch != clear13
}

// diagnose says why records of a side stay closed.
func (s *Session) diagnose(side flow.Side) (Cause, string) {
	hs, f := s.hs, &s.half[side]
	if f.hs != nil && f.epoch == clear13 {
		hs = f.hs
	}
	switch {
	case f.stuck != "":
		return SequenceLost, f.stuck
	case s.p.Empty():
		return NoKeysGiven, "no keys are given"
	case f.count.Bad > 0 && f.count.Opened > 0:
		return s.badTags(side)
	case f.count.Opened > 0 && f.count.Closed > 0 && !s.is13() && hs.master != nil:
		return SequenceLost, fmt.Sprintf("record %d of the %s came before its keys, or behind a hole", f.count.FirstClosed, side)
	case hs.haveSH && !hs.known:
		return UnsupportedCipher, fmt.Sprintf("cipher suite %s is not known", hs.suite)
	case hs.haveSH && !supported(hs.info):
		return UnsupportedCipher, fmt.Sprintf("the suite seals with %s, of which tlslens has no implementation", hs.info.Cipher)
	case hs.haveSH && !hs.openable():
		return UnsupportedCompression, fmt.Sprintf("compression %s is not supported", hs.compression)
	case f.count.Bad > 0:
		return WrongKeys, fmt.Sprintf("no record of the %s opens with the keys that are given", side)
	case s.is13():
		return s.diagnose13(side)
	}
	return s.diagnose12(hs)
}

func (s *Session) badTags(side flow.Side) (Cause, string) {
	f := &s.half[side]
	n := &f.count
	why := fmt.Sprintf("%d of %d records of the %s have a wrong tag or MAC, the first is record %d", n.Bad, n.Sealed, side, n.FirstBad)
	if n.Bad == 1 {
		why = fmt.Sprintf("record %d of %d of the %s has a wrong tag or MAC", n.FirstBad, n.Sealed, side)
	}
	switch {
	case n.Holes > 0:
		why += "; bytes are missing in the capture"
	case f.failed == 0: // the last one was right
		why += "; the keys are right, for records behind it open: bytes were changed, in the capture or on the way"
	case f.epoch >= application13:
		why += "; none opens from there on: the keys may have changed with a KeyUpdate that did not open"
	case n.Bad > 1:
		why += "; none opens from there on"
	}
	return BadTags, why
}
