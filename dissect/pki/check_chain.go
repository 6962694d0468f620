package pki

import (
	"fmt"
	"strings"
)

// chain tells how the path was built and which link is missing or wrong.
func (k *checker) chain() {
	p := k.path
	if !p.leaf().Readable() {
		k.add(CheckChainBuilt, Fail, "[0] is not readable as a certificate")
		return
	}
	parts := k.links()
	last := k.b.fullLabel(p.last())
	result := OK
	switch p.end {
	case endAnchor:
		if len(p.certs) == 1 {
			parts = append(parts, "[0] is itself in "+p.anchor.store)
		} else if _, sent := k.b.index[p.last().SHA256]; sent {
			parts = append(parts, fmt.Sprintf("%s is in %s", k.b.label(p.last()), p.anchor.store))
		}
	case endSelfSigned:
		parts = append(parts, k.b.label(p.last())+" is self-signed")
	case endWrong:
		result = Fail
		parts = append(parts, fmt.Sprintf("%s names %s as its issuer, but its signature does not verify with that key", last, k.b.fullLabel(p.wrong)))
	case endBudget:
		result = Unknown
		parts = append(parts, "gave up: too many certificates of the same names to try")
	case endMissing:
		result = Fail
		issuer := shortName(p.last().Issuer, p.last().RawIssuer)
		switch {
		case p.last().SelfIssued:
			parts = append(parts, last+" names itself as its issuer, but is not signed with its own key"+k.selfWhy())
			if _, unsupported := p.last().Key.verify(p.last().alg, p.last().tbs, p.last().signature).(*UnsupportedError); unsupported {
				result = Unknown
			}
		case k.opts.Roots == nil:
			result = Unknown
			parts = append(parts, fmt.Sprintf("%s was issued by %s, which was not sent", last, issuer))
		case k.otherCA():
			result = Unknown
			parts = append(parts, fmt.Sprintf("%s was issued by %s, which was not sent", last, issuer))
		default:
			parts = append(parts, fmt.Sprintf("%s was issued by %s, which is neither sent nor in %s%s", last, issuer, k.opts.Roots.Name(), k.opts.Roots.dated))
		}
	}
	if i, err := p.unchecked(); i >= 0 && result == OK {
		result = Unknown
		parts = append(parts, fmt.Sprintf("the %s of %s could not be checked", strings.TrimPrefix(err.Error(), "signature not checked: "), k.b.label(p.certs[i])))
	}
	k.add(CheckChainBuilt, result, "%s", strings.Join(parts, "; "))
}

// otherCA reports whether the issuer that is missing may well be a CA that this
// check knows nothing of. It may not where the caller named the roots himself,
// or where the server's certificate alone was sent and has the marks of a public
// CA: no root of those issues for servers, so an intermediate is missing.
func (k *checker) otherCA() bool {
	p := k.path
	leaf := p.leaf()
	return k.opts.Roots.public && p.end == endMissing && !p.last().SelfIssued &&
		(len(p.certs) > 1 || leaf.Validation() == "" && len(leaf.SCTs) == 0)
}

// selfWhy adds the reason if the own key cannot check anything.
func (k *checker) selfWhy() string {
	c := k.path.last()
	if err, ok := c.Key.verify(c.alg, c.tbs, c.signature).(*UnsupportedError); ok {
		return " as far as can be told: " + err.Why
	}
	return ""
}

// links words each signature of the path that was checked.
func (k *checker) links() []string {
	var parts []string
	p := k.path
	for i, err := range p.links {
		child, issuer := p.certs[i], p.certs[i+1]
		by := k.b.label(issuer)
		if _, sent := k.b.index[issuer.SHA256]; !sent && p.anchor != nil {
			by += " from " + p.anchor.store
		}
		if err != nil {
			parts = append(parts, fmt.Sprintf("%s issued by %s", k.b.label(child), by))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s signed by %s, %s", k.b.label(child), by, child.alg.signedWith()))
	}
	return parts
}

// trust says whether the path ends at an anchor, where the chain check has not
// said so.
func (k *checker) trust() {
	p := k.path
	switch {
	case k.opts.Roots == nil:
		k.add(CheckTrust, Unknown, "no trust store was given")
	case k.opts.Roots.Err() != nil:
		k.add(CheckTrust, Unknown, "%s could not be loaded: %v", k.opts.Roots.Name(), k.opts.Roots.Err())
	case p.end == endAnchor:
		k.report.Anchor = p.anchor.store
		if p.anchor.constraint == nil {
			return
		}
		if list, ok := x509s(p.certs); ok {
			if err := p.anchor.constraint(list); err != nil {
				k.add(CheckTrust, Fail, "%s is distrusted for this chain by %s: %v", k.b.fullLabel(p.last()), p.anchor.store, err)
			}
		}
	case p.end == endSelfSigned && len(p.certs) == 1:
		k.add(CheckTrust, Fail, "%s is self-signed and not in %s", k.b.fullLabel(p.last()), k.opts.Roots.Name())
	case p.end == endSelfSigned:
		k.add(CheckTrust, Fail, "the root %s is not in %s", k.b.fullLabel(p.last()), k.opts.Roots.Name())
	case k.otherCA():
		k.add(CheckTrust, Fail, "%s is not in %s%s: a CA of your own (--ca FILE trusts it), one that was dropped since, or an intermediate certificate that the server left out",
			shortName(p.last().Issuer, p.last().RawIssuer), k.opts.Roots.Name(), k.opts.Roots.dated)
	}
}

// order compares the path with what was sent. RFC 5246 section 7.4.2 wants each
// certificate to certify the one before it; RFC 9846 section 4.4.2 asks clients
// to bear with any order.
func (k *checker) order() {
	onPath := map[int]bool{}
	last, disorder := -1, false
	var sequence []string
	for _, c := range k.path.certs {
		i, sent := k.b.index[c.SHA256]
		if !sent {
			continue
		}
		onPath[i] = true
		disorder = disorder || i < last
		last = i
		sequence = append(sequence, fmt.Sprintf("[%d]", i))
	}
	var parts, extra, twins []string
	if disorder {
		parts = append(parts, "sent out of order: the chain is "+strings.Join(sequence, " "))
	}
	for i, c := range k.b.sent {
		first := k.b.index[c.SHA256]
		switch {
		case first != i:
			extra = append(extra, fmt.Sprintf("[%d] repeats [%d]", i, first))
		case i == 1 && k.opts.Two:
		case !onPath[i] && k.twin(c):
			twins = append(twins, fmt.Sprintf("[%d]", i))
		case !onPath[i]:
			extra = append(extra, fmt.Sprintf("[%d] is not part of the chain", i))
		}
	}
	if len(extra) > 0 {
		parts = append(parts, enumerate(extra))
	}
	if len(parts) > 0 {
		k.add(CheckOrder, Warn, "%s", strings.Join(parts, "; "))
	}
	if len(twins) > 0 {
		k.note("%s certify a key of the chain for other trust stores", enumerate(twins))
	}
	if c := k.path.last(); len(k.path.certs) > 1 && c.SelfIssued {
		if i, sent := k.b.index[c.SHA256]; sent {
			k.note("[%d] is the root, which need not be sent", i)
		}
	}
}

// twin reports whether c certifies the same name and key as a CA of the path:
// the other half of a cross-signed one.
func (k *checker) twin(c *Certificate) bool {
	for _, p := range k.path.certs[1:] {
		if c.Key.SHA256 == p.Key.SHA256 && c.RawSubject != nil && string(c.RawSubject) == string(p.RawSubject) {
			return true
		}
	}
	return false
}
