package conn

import (
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// refusal is a handshake that one side ended because of the other's
// certificate, or may have. What the checks of that certificate come to belongs
// into the reason, and they are made after the outcome was decided.
type refusal struct {
	by    flow.Side
	alert tls.AlertDescription
	said  bool   // by an alert; otherwise the side left without a word
	hint  string // what to look at if nothing could be checked
}

// refusedCertificate words an alert about the other side's certificate as far as
// the alert tells, and leaves the rest to the checks.
func (b *Builder) refusedCertificate(a Alert, name string) string {
	r := refusal{by: a.Side, alert: a.Description, said: true}
	s := "the " + a.Side.String() + " refused the " + a.Side.Other().String() + "'s certificate with alert " + name + "."
	switch a.Description {
	case tls.AlertUnknownCA:
		if a.Side == flow.Server {
			return s + " Its list of CAs for client certificates does not have the one that issued it."
		}
		s += " It has no trust anchor for the chain the server sent."
		r.hint = "Look at the client's CA store, or at an intermediate certificate that the server did not send."
	case tls.AlertCertificateExpired:
		s += " It is out of date by the " + a.Side.String() + "'s clock."
		r.hint = "Renew the certificate, or check that clock."
	case tls.AlertCertificateRevoked:
		return s + " Its issuer has taken it back."
	default:
		r.hint = "Look at its kind, its signature and its purposes (extended key usage)."
		if a.Side == flow.Client {
			r.hint = "Clients also say this when the certificate is for another name" + b.nameHint() + "."
		}
	}
	b.pending.refusal = &r
	return s
}

// leftAfterCertificate notes a client that went away where it had the server's
// certificate before it and nothing else to do than to judge it.
func (b *Builder) leftAfterCertificate() {
	if b.endBy == flow.Client && b.seen[flow.Server][tls.TypeServerHelloDone] > 0 && b.seen[flow.Client][tls.TypeClientKeyExchange] == 0 {
		b.pending.refusal = &refusal{by: flow.Client}
	}
}

// settleRefusal completes the reason of a refusal by what the checks found.
func (p *Pending) settleRefusal(t Trust) {
	r := p.refusal
	if r == nil {
		return
	}
	cs := &p.Conn.CertificateCheck.Server
	if r.by == flow.Server {
		cs = &p.Conn.CertificateCheck.Client
	}
	s := r.hint
	if len(cs.Checks) > 0 {
		s = r.evidence(cs, t)
	}
	if s != "" {
		p.Conn.Why += " " + s
	}
}

// evidence says whether the checks made here agree with the refusal.
func (r *refusal) evidence(cs *Certificates, t Trust) string {
	bad, doubtful := whys(cs.Checks, pki.Fail, r.minds), whys(cs.Checks, pki.Warn, r.minds)
	switch {
	case !r.said && bad != "":
		return "The server's certificate does not pass here: " + bad + ". A client that refuses it may leave like this."
	case !r.said:
		return ""
	case bad != "" && r.alert == tls.AlertCertificateExpired:
		return "Its dates agree: " + bad + "." + renewal(cs.Checks)
	case bad != "" && r.alert == tls.AlertUnknownCA && has(cs.Checks, pki.CheckChainBuilt, pki.Fail):
		return "It does not pass here either: " + bad + ". A server has to send every certificate up to the one below the root."
	case bad != "" && doubtful != "":
		return "It does not pass here either: " + bad + ". A strict client may also mind this: " + doubtful + "."
	case bad != "":
		return "It does not pass here either: " + bad + "."
	case r.alert == tls.AlertUnknownCA && cs.Verdict == Passed:
		return "The chain passes here, with " + t.Roots.Name() + ": the server did nothing wrong that this capture shows, look at the client's CA store."
	case r.alert == tls.AlertCertificateExpired && t.At.Fixed.IsZero() && has(cs.Checks, pki.CheckDates, pki.OK):
		return "By the time of the capture it is in date: check that clock."
	case doubtful != "":
		return "A strict client may mind this: " + doubtful + "."
	case cs.Verdict == Passed && r.by == flow.Client && !has(cs.Checks, pki.CheckName, pki.OK):
		return "It passes what can be checked here, with " + t.Roots.Name() + "; for which name the client took it is not shown."
	case cs.Verdict == Passed && r.by == flow.Client:
		return "It passes every check here, with " + t.Roots.Name() + ": look at what else the client asks of it."
	}
	return r.hint
}

// minds reports whether a check may be why.
func (r *refusal) minds(check string) bool {
	switch {
	case r.alert == tls.AlertUnknownCA:
		return check == pki.CheckChainBuilt || check == pki.CheckTrust
	case r.alert == tls.AlertCertificateExpired:
		return check == pki.CheckDates
	case r.by == flow.Server:
		// Which CAs a server takes for its clients is its own affair.
		return !slices.Contains([]string{pki.CheckChainBuilt, pki.CheckTrust, pki.CheckOrder, pki.CheckName}, check)
	}
	return true
}

// whys joins the reasons of the checks with a result.
func whys(cs []pki.Check, result pki.Result, minds func(string) bool) string {
	var out []string
	for _, k := range cs {
		if k.Result == result && minds(k.Name) {
			out = append(out, strings.TrimSuffix(k.Why, "."))
		}
	}
	return strings.Join(out, "; ")
}

// has reports whether a check came to a result.
func has(cs []pki.Check, check string, result pki.Result) bool {
	return slices.ContainsFunc(cs, func(k pki.Check) bool { return k.Name == check && k.Result == result })
}

// renewal says what helps against certificates that have expired.
func renewal(cs []pki.Check) string {
	if slices.ContainsFunc(cs, func(k pki.Check) bool { return k.NotYet }) {
		return ""
	}
	return " Renew the certificate."
}
