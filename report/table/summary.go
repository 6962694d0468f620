package table

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report/text"
)

// A tally counts connections and groups their findings.
type tally struct {
	connections uint64
	outcomes    []outcomeCount
	findings    []found // in the order in which they first came
	opened      openedTally
}

type outcomeCount struct {
	outcome conn.Outcome
	n       uint64
}

// A found is a finding and the connections that have it.
type found struct {
	id       string
	severity conn.Severity
	n        uint64
	last     uint64   // number of the last connection
	first    []uint64 // the lowest numbers of connections, ascending, at most mostNumbers
}

const mostNumbers = 24

func (t *tally) add(c *conn.Conn) {
	t.connections++
	t.countOutcome(c.Outcome)
	t.opened.add(c)
	for i := range c.Findings {
		f := &c.Findings[i]
		e := t.entry(f)
		if e.n > 0 && e.last == c.Number {
			continue // twice in one connection
		}
		e.see(c.Number)
	}
}

// see counts a connection.
func (f *found) see(number uint64) {
	f.n++
	f.last = number
	i, _ := slices.BinarySearch(f.first, number) // they come in the order of their ends
	if f.first = slices.Insert(f.first, i, number); len(f.first) > mostNumbers {
		f.first = f.first[:mostNumbers]
	}
}

func (t *tally) countOutcome(o conn.Outcome) {
	for i := range t.outcomes {
		if t.outcomes[i].outcome == o {
			t.outcomes[i].n++
			return
		}
	}
	t.outcomes = append(t.outcomes, outcomeCount{o, 1})
}

func (t *tally) entry(f *conn.Finding) *found {
	for i := range t.findings {
		if t.findings[i].id == f.ID && t.findings[i].severity == f.Severity {
			return &t.findings[i]
		}
	}
	t.findings = append(t.findings, found{id: f.ID, severity: f.Severity})
	return &t.findings[len(t.findings)-1]
}

// outcomeLine says how the connections came out: "7 established, 3 failed".
func (t *tally) outcomeLine() string {
	var up, down uint64
	var others []string
	for _, o := range t.outcomes {
		switch {
		case o.outcome == conn.Established:
			up += o.n
		case failed(o.outcome):
			down += o.n
		default:
			others = append(others, strconv.FormatUint(o.n, 10)+" "+outcomeWords(o.outcome))
		}
	}
	s := text.Count(t.connections, "connection")
	if t.connections == 0 {
		return "no TLS connection"
	}
	return s + ": " + strings.Join(append([]string{fmt.Sprintf("%d established", up), fmt.Sprintf("%d failed", down)}, others...), ", ")
}

// summary prints the counts of the whole capture. st may be nil.
func (p *printer) summary(t *tally, st *dissect.Stats) {
	first := t.outcomeLine() + "."
	if t.connections == 0 && st != nil && st.Connections > 0 {
		first = "none of the " + text.Count(st.Connections, "connection") + " was chosen."
		if st.Connections == 1 {
			first = "the only connection was not chosen."
		}
	}
	if st != nil {
		first += " " + packetLine(st)
	}
	p.para("", p.text(first), "")
	if st != nil {
		for _, l := range statLines(st) {
			p.para("  ", p.text(l), "")
		}
	}
	if t.connections > 1 || p.brief {
		p.openedLines(&t.opened)
	}
	if t.connections > 1 { // a single one has told its findings
		p.found(t.findings)
	}
}

// found prints the findings with the connections that have them, failures last,
// and else in the order of the first connection.
func (p *printer) found(fs []found) {
	width := 0
	for _, f := range fs {
		width = max(width, text.Width(p.text(f.id)))
	}
	fs = slices.Clone(fs)
	slices.SortStableFunc(fs, func(a, b found) int { return cmp.Compare(a.first[0], b.first[0]) })
	for _, sev := range []conn.Severity{conn.Info, conn.Warn, conn.Fail} {
		for _, f := range fs {
			if f.severity == sev {
				p.para("  "+p.severity(sev)+"  "+text.Pad(p.text(f.id), width)+"  ", text.Count(f.n, "connection")+": "+f.numbers(12), "")
			}
		}
	}
}

// numbers lists at most n connections.
func (f *found) numbers(n int) string {
	var b strings.Builder
	for i, x := range f.first[:min(n, len(f.first))] {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "#%d", x)
	}
	if more := f.n - uint64(min(n, len(f.first))); more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// packetLine says what became of the packets.
func packetLine(st *dissect.Stats) string {
	var lost, skipped uint64
	for _, d := range st.Dropped {
		if d.Unit == "packets" {
			lost += d.Count
		}
	}
	for _, u := range st.Undecoded {
		skipped += u.Count
	}
	return fmt.Sprintf("%s, %d lost, %d skipped.", text.Count(st.Packets, "packet"), lost, skipped)
}

// statLines words what else there is to know, one sentence each.
func statLines(st *dissect.Stats) []string {
	var out []string
	add := func(n uint64, s string) {
		if n > 0 {
			out = append(out, s)
		}
	}
	if st.Truncated {
		out = append(out, "The capture is cut short or damaged: what could be read of it is above.")
	}
	if st.Interrupted {
		out = append(out, "Reading was interrupted: the counts are those of the part that was read.")
	}
	for _, d := range st.Dropped {
		out = append(out, dropWords(d))
	}
	if s := counts(st.Undecoded); s != "" {
		out = append(out, "skipped: "+s)
	}
	if s := counts(st.OtherTraffic); s != "" {
		out = append(out, "other traffic: "+s)
	}
	add(st.ClearLogins, text.Count(st.ClearLogins, "connection")+" of it with a login in the clear; TLS was never spoken of there")
	add(st.HalfOpen, text.Count(st.HalfOpen, "TCP connection attempt")+" without any data")
	add(st.MissingBytes, text.Count(st.MissingBytes, "byte")+" of TLS connections were never captured")
	add(st.Snapped, text.Count(st.Snapped, "packet")+" cut by the snapshot length")
	add(st.BadChecksums, text.Count(st.BadChecksums, "segment")+" of TLS connections with a wrong TCP checksum")
	return out
}

// dropWords words what was given up.
func dropWords(d dissect.Dropped) string {
	return fmt.Sprintf("dropped: %d %s (%s)", d.Count, d.Unit, d.Reason)
}

// counts lists names with their numbers.
func counts(cs []dissect.Count) string {
	const most = 10
	var parts []string
	var rest uint64
	for i, c := range cs {
		if i < most {
			parts = append(parts, fmt.Sprintf("%d %s", c.Count, c.Name))
		} else {
			rest += c.Count
		}
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("%d others", rest))
	}
	return strings.Join(parts, ", ")
}
