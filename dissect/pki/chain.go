package pki

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds on the work for one chain.
const (
	maxExamined        = 32 // certificates of a message that are looked at
	maxSignatureChecks = 64 // while looking for a path
	maxPathLength      = 16
)

// An ending is why a path goes no further.
type ending uint8

const (
	endMissing    ending = iota // the issuer is neither sent nor in the store
	endWrong                    // an issuer of that name is there, but did not sign
	endBudget                   // too many signature checks
	endSelfSigned               // a self-signed certificate that is not trusted
	endAnchor                   // a trust anchor
)

// A path is a chain of certificates, the leaf first, each of whose signatures
// was checked with the key of the next.
type path struct {
	certs  []*Certificate
	links  []error // links[i] of certs[i]: nil or an *UnsupportedError
	end    ending
	anchor *anchor      // of endAnchor
	wrong  *Certificate // of endWrong: the issuer whose key does not fit
}

func (p *path) leaf() *Certificate { return p.certs[0] }
func (p *path) last() *Certificate { return p.certs[len(p.certs)-1] }

// unchecked returns the first link whose signature could not be checked.
func (p *path) unchecked() (int, error) {
	for i, err := range p.links {
		if err != nil {
			return i, err
		}
	}
	return -1, nil
}

// better reports whether p tells more than q: trusted before not, all links
// checked before some not, then the longer one.
func (p *path) better(q *path) bool {
	if q == nil {
		return true
	}
	pa, qa := p.end == endAnchor, q.end == endAnchor
	if pa != qa {
		return pa
	}
	pu, _ := p.unchecked()
	qu, _ := q.unchecked()
	if (pu < 0) != (qu < 0) {
		return pu < 0
	}
	if p.end == endWrong && q.end == endMissing && len(p.certs) == len(q.certs) {
		return true
	}
	return len(p.certs) > len(q.certs)
}

// A builder looks for the path from the first certificate of a message to a
// trust anchor. It goes by names, key identifiers and signatures alone: dates
// and usages are separate questions, and a path that fails them is still the
// one to report.
type builder struct {
	sent   []*Certificate
	index  map[[32]byte]int // of the first time each was sent
	roots  *Store           // may be nil
	at     time.Time
	cache  *VerifyCache // may be nil
	checks int          // signature checks made
}

func newBuilder(sent []*Certificate, opts *CheckOptions) *builder {
	b := &builder{sent: sent, index: make(map[[32]byte]int, len(sent)), roots: opts.Roots, at: opts.At, cache: opts.Cache}
	for i, c := range sent {
		if _, ok := b.index[c.SHA256]; !ok {
			b.index[c.SHA256] = i
		}
	}
	return b
}

// build returns the best path, never nil.
func (b *builder) build() *path {
	return b.extend([]*Certificate{b.sent[0]}, nil)
}

// extend returns the best path that begins with certs.
func (b *builder) extend(certs []*Certificate, links []error) *path {
	cur := certs[len(certs)-1]
	p := &path{certs: slices.Clone(certs), links: slices.Clone(links)}
	if a := b.roots.find(cur); a != nil {
		p.end, p.anchor = endAnchor, a
		return p
	}
	if cur.SelfSigned() {
		p.end = endSelfSigned
		return p
	}
	best := p
	if len(certs) >= maxPathLength {
		p.end = endBudget
		return p
	}
	for _, c := range b.candidates(cur, certs) {
		if b.checks >= maxSignatureChecks {
			p.end = endBudget
			break
		}
		b.checks++
		err := b.cache.signedBy(cur, c)
		if _, wrong := err.(*WrongSignatureError); wrong {
			if p.end == endMissing {
				p.end, p.wrong = endWrong, c
			}
			continue
		}
		next := b.extend(append(certs[:len(certs):len(certs)], c), append(links[:len(links):len(links)], err))
		if next.better(best) {
			best = next
		}
		if u, _ := best.unchecked(); best.end == endAnchor && u < 0 {
			break
		}
	}
	return best
}

// candidates lists the certificates that bear the name of cur's issuer: trust
// anchors before sent ones, but first of all those whose key identifier fits
// and that are valid at the time in question.
func (b *builder) candidates(cur *Certificate, used []*Certificate) []*Certificate {
	if cur.RawIssuer == nil {
		return nil
	}
	var list []*Certificate
	add := func(c *Certificate) {
		for _, have := range [][]*Certificate{used, list} {
			for _, o := range have {
				if o.SHA256 == c.SHA256 {
					return
				}
			}
		}
		list = append(list, c)
	}
	for _, a := range b.roots.named(cur.RawIssuer) {
		add(a.certificate())
	}
	for _, c := range b.sent {
		if c.RawSubject != nil && string(c.RawSubject) == string(cur.RawIssuer) {
			add(c)
		}
	}
	rank := func(c *Certificate) int {
		r := 0
		if !cur.keyIDsAllow(c) {
			r += 2
		}
		if !c.validAt(b.at) {
			r++
		}
		return r
	}
	slices.SortStableFunc(list, func(x, y *Certificate) int { return rank(x) - rank(y) })
	return list
}

// validAt reports whether t is within the dates. Dates that could not be read
// and an unknown time make it false.
func (c *Certificate) validAt(t time.Time) bool {
	return !t.IsZero() && !c.NotBefore.IsZero() && !c.NotAfter.IsZero() && !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// label names a certificate in a sentence: "[1]" if it was sent, else by its
// subject.
func (b *builder) label(c *Certificate) string {
	if i, ok := b.index[c.SHA256]; ok {
		return fmt.Sprintf("[%d]", i)
	}
	return c.ShortSubject()
}

// fullLabel is "[1] CN=...", or the subject alone if it was not sent.
func (b *builder) fullLabel(c *Certificate) string {
	if i, ok := b.index[c.SHA256]; ok {
		return fmt.Sprintf("[%d] %s", i, c.ShortSubject())
	}
	return c.ShortSubject()
}

// ShortSubject is the part of the subject by which people know it: the last CN,
// else O, else OU, else all of it; at most 80 bytes and text from the wire.
func (c *Certificate) ShortSubject() string { return shortName(c.Subject, c.RawSubject) }

// shortName is the part of a name (an RFC 4514 text) by which people know it,
// cut at 80 bytes: the last CN that was sent, else O, else OU, else all of it.
// Commas and the like stand in it without their backslashes.
func shortName(text string, raw []byte) string {
	switch {
	case raw == nil:
		return "(unreadable name)"
	case text == "":
		return "(empty name)"
	}
	for _, kind := range []string{"CN=", "O=", "OU="} {
		for rest := text; rest != ""; {
			var part string
			part, rest = cutAttribute(rest)
			if strings.HasPrefix(part, kind) && len(part) > len(kind) {
				return shorten(unescape(part), 80)
			}
		}
	}
	return shorten(text, 80)
}

// cutAttribute returns the first attribute of an RFC 4514 text and what is
// behind it.
func cutAttribute(text string) (part, rest string) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',', '+':
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// unescape takes the backslashes out of an attribute, but for those of bytes in
// hex.
func unescape(part string) string {
	var out []byte
	for i := 0; i < len(part); i++ {
		if part[i] == '\\' && i+1 < len(part) && strings.IndexByte(",+\"\\<>;# ", part[i+1]) >= 0 {
			i++
		}
		out = append(out, part[i])
	}
	return string(out)
}
