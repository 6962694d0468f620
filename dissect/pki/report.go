package pki

import (
	"fmt"
	"time"
)

// A Result is the outcome of a check.
type Result uint8

// Results of a check.
const (
	OK       Result = iota
	Warn            // to be noted, no reason to refuse
	Fail            // a careful client refuses
	Unknown         // what was shown does not suffice to tell
	NotShown        // there was nothing to check
	Skipped         // does not apply here
)

// String is the word in tables and JSON.
func (r Result) String() string {
	switch r {
	case OK:
		return "ok"
	case Warn:
		return "warn"
	case Fail:
		return "fail"
	case Unknown:
		return "unknown"
	case NotShown:
		return "not shown"
	}
	return "skipped"
}

// Names of checks, in the order they are reported. The first three and
// revocation, transparency, usage and the two strengths are always there;
// trust, order, encoding and limits only if they have something to say beyond
// the others.
const (
	CheckName              = "name"
	CheckDates             = "dates"
	CheckChainBuilt        = "chain"
	CheckTrust             = "trust"
	CheckOrder             = "order"
	CheckUsage             = "usage"
	CheckKeyStrength       = "key_strength"
	CheckSignatureStrength = "signature_strength"
	CheckRevocation        = "revocation"
	CheckTransparency      = "transparency"
	CheckEncoding          = "encoding"
	CheckLimits            = "limits"
)

// A Check is one question about a chain and its answer.
type Check struct {
	Name   string // one of the Check constants, a stable snake_case word
	Result Result
	Why    string // plain English
	// Today marks a judgement by the rules of today, which need not have been
	// those of the capture. It never makes the verdict fail.
	Today bool
	// NotYet marks a failed check of the dates where certificates are not valid
	// yet and none has expired.
	NotYet bool
}

// A Verdict sums up a Report.
type Verdict uint8

// Verdicts.
const (
	Undecided Verdict = iota // no trust store, no certificate, or one that cannot be read or verified
	Passed
	Failed
)

// String is the word in tables and JSON.
func (v Verdict) String() string {
	return [...]string{"unknown", "passed", "failed"}[v]
}

// A Report is what a careful client should have thought of a chain.
type Report struct {
	Verdict Verdict
	Checks  []Check
	// Path is the chain that was found, the leaf first, a trust anchor that
	// was not sent included.
	Path []*Certificate
	// Anchor names the store that the last of Path is in, "" if none has it.
	Anchor string
	// Notes are remarks that are neither good nor bad: a root sent needlessly.
	Notes []string
}

// CheckOptions says what to check a chain against.
type CheckOptions struct {
	// ServerName is what the client asked for, a DNS name or an IP address; ""
	// if it named no server.
	ServerName string
	// At is the time to check for; zero if it is not known.
	At time.Time
	// AtLabel words that time in sentences, "now" or "at" and a moment; "" is
	// "at capture time".
	AtLabel string
	Roots   *Store // nil: no trust store was given
	// Client means that the chain is a client's.
	Client bool
	// Either means that this is not known for certain, so that [0] may be for
	// either side.
	Either bool
	// Two means that the second certificate belongs to the same end as the
	// first and is for encryption, as in TLCP: it is no link of the chain.
	Two    bool
	Staple []byte // the OCSP response that came along, nil if none
	// StapleAsked means that the client asked for an OCSP response.
	StapleAsked bool
	// SCTs are those of the TLS extension.
	SCTs  []SCT
	Cache *VerifyCache // nil: nothing is remembered
}

// CheckChain checks a chain as it was sent, the leaf first. At most 32
// certificates are examined, at most 64 signatures checked, none with RSA keys
// above 8192 bits.
func CheckChain(chain []*Certificate, opts CheckOptions) Report {
	if opts.AtLabel == "" {
		opts.AtLabel = "at capture time"
	}
	if len(chain) == 0 {
		return Report{Checks: []Check{{Name: CheckChainBuilt, Result: NotShown, Why: "no certificate was sent"}}}
	}
	k := checker{opts: &opts, count: len(chain)}
	k.b = newBuilder(chain[:min(len(chain), maxExamined)], &opts)
	k.path = k.b.build()
	k.judged = k.judge()
	k.readStaple()
	k.name()
	k.dates()
	k.chain()
	k.trust()
	k.order()
	k.usage()
	k.keyStrength()
	k.signatureStrength()
	k.revocation()
	k.transparency()
	k.encoding()
	k.limits()
	k.report.Path = k.path.certs
	k.report.Verdict = k.verdict()
	return k.report
}

// A checker makes one Report. Each check is a method in a file of its own.
type checker struct {
	opts   *CheckOptions
	count  int // certificates sent
	b      *builder
	path   *path
	judged error // what crypto/x509 says against the path
	staple staple
	report Report
}

func (k *checker) add(name string, r Result, format string, args ...any) {
	k.report.Checks = append(k.report.Checks, Check{Name: name, Result: r, Why: fmt.Sprintf(format, args...)})
}

// addToday adds a judgement by today's rules.
func (k *checker) addToday(name string, r Result, format string, args ...any) {
	k.report.Checks = append(k.report.Checks, Check{Name: name, Result: r, Why: fmt.Sprintf(format, args...), Today: true})
}

func (k *checker) note(format string, args ...any) {
	k.report.Notes = append(k.report.Notes, fmt.Sprintf(format, args...))
}

// verdict: any failure fails; what cannot be told about the chain itself leaves
// it open.
func (k *checker) verdict() Verdict {
	v := Passed
	for _, c := range k.report.Checks {
		switch {
		case c.Today:
		case c.Result == Fail:
			return Failed
		case c.Result == Unknown && (c.Name == CheckChainBuilt || c.Name == CheckTrust || c.Name == CheckDates || c.Name == CheckUsage):
			v = Undecided
		}
	}
	return v
}
