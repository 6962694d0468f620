package table

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/report/text"
)

// mostRows is how many rows a List holds back to find out how wide its columns
// must be. Above that number rows are printed as they come, in columns of the
// widths found.
const mostRows = 1000

// A List prints one row for each connection, and a summary at the end.
type List struct {
	w            io.Writer
	p            printer
	tally        tally
	g            grid
	marks        string // signs that have been used
	inner, outer bool   // names of inner hellos, of outer ones beside them
	ws           []int  // decided once more than mostRows rows have come, nil before
}

// NewList returns a List that prints to w.
func NewList(w io.Writer, s text.Style) *List {
	return &List{w: w, p: printer{style: s, brief: true}, g: grid{cols: []column{{title: "#", right: true}, {title: "Client", spare: true, drop: 6},
		{title: "Server name"}, {title: "TLS", drop: 2}, {title: "Cipher", spare: true, drop: 5}, {title: "Key exchange", drop: 4},
		{title: "1 2 3"}, {title: "ms", right: true, drop: 3}, {title: "Result", wide: true}}}}
}

// Write takes a connection that is complete.
func (l *List) Write(e dissect.Event) error {
	c, ok := e.(dissect.Closed)
	if !ok {
		return nil
	}
	l.tally.add(c.Conn)
	if l.p.style.Quiet && !remarkable(c.Conn) {
		return nil
	}
	row := l.row(c.Conn)
	if l.ws == nil {
		l.g.rows = append(l.g.rows, row)
		if len(l.g.rows) > mostRows {
			l.stream()
		}
		return l.p.flush(l.w)
	}
	l.ruled(row)
	return l.p.flush(l.w)
}

// size tells the grid what its last column needs.
func (l *List) size() {
	longest := cramped
	for _, row := range l.g.rows {
		for _, word := range strings.Fields(row[len(row)-1].text[0]) {
			longest = max(longest, text.Width(word))
		}
	}
	l.g.comfort, l.g.tight, l.g.least = longest, longest, longest
}

// stream prints the rows held back and decides the widths of those to come.
func (l *List) stream() {
	l.size()
	l.ws = l.g.layout(l.p.width())
	l.rule(0)
	l.ruled(l.g.header())
	l.rule(1)
	for _, row := range l.g.rows {
		l.ruled(row)
	}
	l.g.rows = nil
}

// rule draws a horizontal line: 0 the top, 1 below the header, 2 the bottom.
func (l *List) rule(which int) {
	ends := [...][3]string{{"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}}[which]
	dash := "─"
	if l.p.style.ASCII {
		ends, dash = [3]string{"+", "+", "+"}, "-"
	}
	left := ends[0]
	for _, w := range l.ws {
		if w > 0 {
			l.p.buf.WriteString(left + strings.Repeat(dash, w+2))
			left = ends[1]
		}
	}
	l.p.line(ends[2])
}

// ruled draws a row as tablewriter would.
func (l *List) ruled(row []cell) {
	bar := "│"
	if l.p.style.ASCII {
		bar = "|"
	}
	for _, line := range l.g.lines(row, l.ws) {
		l.p.line(bar + " " + strings.Join(line, " "+bar+" ") + " " + bar)
	}
}

// Close prints the table, unless it was printed before, its legend and the
// summary. The List does not keep st, which may be nil.
func (l *List) Close(st *dissect.Stats) error {
	switch {
	case l.ws != nil:
		l.rule(2)
		l.legend()
	case len(l.g.rows) > 0:
		l.size()
		l.p.grid(&l.g)
		l.legend()
	}
	if !l.p.style.Quiet {
		l.p.summary(&l.tally, st)
	}
	return l.p.flush(l.w)
}

// legend explains the signs that are in the table.
func (l *List) legend() {
	l.p.para("", "1 certificate check, 2 key exchange, 3 tunnel:", "")
	var parts []string
	for _, s := range []struct {
		state conn.State
		bad   bool
		words string
	}{{conn.Done, false, "done"}, {conn.Done, true, "done, but the check failed"}, {conn.Hidden, false, "done, but encrypted"},
		{conn.Skipped, false, "skipped by resumption"}, {conn.Running, false, "not finished"}, {conn.FailedState, false, "failed"},
		{conn.Unseen, false, "not reached"}} {
		if m := l.p.mark(s.state, s.bad); strings.Contains(l.marks, m) {
			parts = append(parts, m+" "+s.words)
		}
	}
	l.p.para("", strings.Join(parts, "  "), "")
	if l.inner {
		l.p.para("", "(ECH): the name inside Encrypted Client Hello; JSON has the outer one too", "")
	}
	if l.outer {
		l.p.para("", "(outer): the name in clear; the one inside Encrypted Client Hello did not open", "")
	}
	l.p.line("")
}

// mark is the sign of a phase's state.
func (p *printer) mark(s conn.State, bad bool) string {
	if bad && s == conn.Done {
		return "!"
	}
	signs, ascii := [...]string{"–", "…", "✓", "?", "~", "✗"}, [...]string{"-", ".", "+", "?", "~", "x"}
	if p.style.ASCII {
		return ascii[min(int(s), 5)]
	}
	return signs[min(int(s), 5)]
}

// row makes a connection's row.
func (l *List) row(c *conn.Conn) []cell {
	p := &l.p
	if c.ECH != nil && c.ECH.Accepted == conn.Yes {
		l.inner, l.outer = l.inner || c.ECH.Source != "", l.outer || c.ECH.Source == ""
	}
	var marks []string
	for _, ph := range c.Phases() {
		m := p.mark(ph.State, badCheck(c, ph))
		marks = append(marks, m)
		if !strings.Contains(l.marks, m) {
			l.marks += m
		}
	}
	dash := p.sign("–")
	or := func(s string) string {
		if s == "" {
			return dash
		}
		return text.Shorten(p.style.Text(s), 60)
	}
	texts := []string{strconv.FormatUint(c.Number, 10), p.end(c, flow.Client), or(serverName(c)), or(shortVersion(c)),
		or(c.Tunnel.Cipher), or(exchange(c)), strings.Join(marks, " "), or(handshakeMS(c)), or(shortResult(c))}
	row := make([]cell, len(texts))
	for i, t := range texts {
		row[i] = cell{text: []string{t}}
	}
	row[len(row)-1].color = p.color(resultColor(c))
	return row
}

// serverName is what the client asked for, or else the server's address.
func serverName(c *conn.Conn) string {
	if s := asked(c); s != "" {
		return s
	}
	return c.Ends[flow.Server].String()
}

// asked is the server name of a connection, with a word on which of the two
// hellos has it where there are two.
func asked(c *conn.Conn) string {
	switch e := c.ECH; {
	case e == nil || e.Accepted != conn.Yes:
		return c.ServerName
	case e.Source == "" && c.ServerName != "":
		return c.ServerName + " (outer)"
	case e.ServerName != "":
		return e.ServerName + " (ECH)"
	}
	return ""
}

// exchange words how the keys were exchanged.
func exchange(c *conn.Conn) string {
	if r := c.Resumption; r != nil {
		switch {
		case c.Version.IsTLS13():
			return group(c)
		default:
			return strings.ReplaceAll(r.Kind, "_", " ")
		}
	}
	if c.KeyExchange.Group == "" {
		return c.KeyExchange.Method
	}
	if c.KeyExchange.Method == "hybrid" {
		return c.KeyExchange.Group // the name says it
	}
	return strings.TrimSpace(c.KeyExchange.Method + " " + shortGroup(c.KeyExchange.Group))
}

// shortVersion names a version in few columns, without what explains it.
func shortVersion(c *conn.Conn) string {
	v, _, _ := strings.Cut(strings.TrimPrefix(c.VersionName(), "TLS "), " (")
	return v
}

// shortGroup writes the curves of NIST as people call them.
func shortGroup(g string) string {
	switch g {
	case "secp256r1", "secp384r1", "secp521r1":
		return "P-" + g[4:7]
	}
	return g
}

// handshakeMS is the duration of a handshake to a tenth of a millisecond.
func handshakeMS(c *conn.Conn) string {
	d, ok := handshakeTook(c)
	if c.Outcome != conn.Established || !ok {
		return ""
	}
	return strconv.FormatFloat(float64(d)/1e6, 'f', 1, 64)
}

// shortResult words the result for a column.
func shortResult(c *conn.Conn) string {
	if c.Outcome != conn.Established {
		return failure(c)
	}
	s := "ok"
	if r := c.Resumption; r != nil && r.Of != 0 {
		s += fmt.Sprintf(", resumes #%d", r.Of)
	}
	worst, more := conn.Finding{}, 0
	for _, f := range c.Findings {
		if f.Severity == conn.Info {
			continue
		}
		more++
		if f.Severity > worst.Severity {
			worst = f
		}
	}
	if more == 0 {
		return s
	}
	if worst.Severity == conn.Fail {
		s = strings.Replace(s, "ok", "established", 1)
	}
	_, name, _ := strings.Cut(worst.ID, "-")
	s += ", " + strings.ReplaceAll(name, "-", " ")
	if more > 1 {
		s += fmt.Sprintf(", %d more", more-1)
	}
	return s
}

// failure words why a connection did not come to stand.
func failure(c *conn.Conn) string {
	for i := len(c.Alerts) - 1; i >= 0 && failed(c.Outcome); i-- {
		if a := c.Alerts[i]; !a.Encrypted {
			return a.Side.String() + ": " + a.Description.String()
		}
	}
	switch c.Outcome {
	case conn.RejectedByClient:
		return "client: rejected"
	case conn.RejectedByServer:
		return "server: rejected"
	case conn.ClosedOutcome:
		return "closed"
	case conn.ProxyRefused:
		return "proxy refused"
	case conn.StartTLSRefused, conn.StartTLSStripped, conn.StartTLSUnused:
		return innermost(c.StartTLS) + ": " + outcomeWords(c.Outcome)
	}
	return strings.ToLower(strings.Replace(outcomeWords(c.Outcome), "TLS", "tls", 1))
}

// innermost is the last of the protocols that came before TLS.
func innermost(startTLS string) string { return startTLS[strings.LastIndexByte(startTLS, '+')+1:] }
