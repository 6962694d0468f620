// Package verdict judges finished connections: what is wrong, what is weak and
// what merely deserves a remark.
//
// In goes a complete [conn.Conn]; its Findings come out. Rules are pure: the
// same connection always gets the same findings, whatever the clock or the
// other connections. Each rule documents itself, and the pages that explain
// findings are made from that.
package verdict

import "github.com/tlslens/tlslens/dissect/conn"

// A Rule is one judgement.
type Rule struct {
	ID       string // stable; never reused
	Severity conn.Severity
	Phase    conn.PhaseID
	Title    string // one line
	Doc      string // what it means, why it matters, what to do, which RFC
	// Check returns the sentence for this connection.
	Check func(*conn.Conn) (summary string, found bool)
	// Refine corrects what depends on the connection: the severity, the phase,
	// or the packet that shows it, which otherwise is the first of the phase's
	// rows that Step names; may be nil.
	Refine func(*conn.Conn, *conn.Finding)
	Step   string // name of the row that shows it; "" for where the phase begins
}

// Rules returns all rules in the order they are documented and reported.
func Rules() []Rule {
	var all []Rule
	for _, topic := range [][]Rule{certificateRules(), keyExchangeRules(), versionRules(), startTLSRules(), tunnelRules(), alertRules()} {
		all = append(all, topic...)
	}
	return all
}

// Judge applies the rules and sets the connection's findings.
func Judge(c *conn.Conn, rules []Rule) {
	c.Findings = nil
	for _, r := range rules {
		summary, found := r.Check(c)
		if !found {
			continue
		}
		f := conn.Finding{ID: r.ID, Severity: r.Severity, Phase: r.Phase, Summary: summary, Evidence: evidence(c, r.Phase, r.Step)}
		if r.Refine != nil {
			r.Refine(c, &f)
		}
		c.Findings = append(c.Findings, f)
	}
}

// Find returns the rule with an ID.
func Find(id string) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
