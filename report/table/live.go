package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/report/text"
)

// A Live prints a line when a connection begins, when a phase of it ends and
// when the connection does, as it happens, and a summary at the end. It needs the events
// of phases, see [dissect.Options].
type Live struct {
	w     io.Writer
	p     printer
	tally tally
}

// NewLive returns a Live that prints to w.
func NewLive(w io.Writer, s text.Style) *Live { return &Live{w: w, p: printer{style: s, brief: true}} }

// Write prints the line of an event, if it has one.
func (l *Live) Write(e dissect.Event) error {
	switch e := e.(type) {
	case dissect.Opened:
		if l.p.style.Quiet {
			return nil
		}
		l.p.para(l.lead(e.Conn, e.Conn.First)+"+ ", l.p.ends(e.Conn), "")
	case dissect.PhaseEnded:
		if l.p.style.Quiet {
			return nil
		}
		l.phase(e.Conn, e.Phase)
	case dissect.Closed:
		l.tally.add(e.Conn)
		if l.p.style.Quiet && !remarkable(e.Conn) {
			return nil
		}
		l.closed(e.Conn)
	case dissect.Dropped:
		l.p.para("", l.p.text(dropWords(e)), l.p.color(red))
	default:
		return nil
	}
	return l.p.flush(l.w)
}

// lead says when and which connection.
func (l *Live) lead(c *conn.Conn, at flow.Mark) string {
	if !at.Seen() {
		at = c.Last
	}
	return fmt.Sprintf("%*s  %-5s ", l.clock(), l.p.when(c, at), fmt.Sprintf("#%d", c.Number))
}

// clock is the width of the column of times.
func (l *Live) clock() int {
	if l.p.style.Zone != nil {
		return len("15:04:05.000000")
	}
	return len("999999.00")
}

// badCheck reports whether a phase is a certificate check that found fault.
func badCheck(c *conn.Conn, ph *conn.Phase) bool {
	return ph.ID == conn.CertificateCheckPhase && c.CertificateCheck.Server.Verdict == conn.FailedCheck
}

// phase prints the line of a phase.
func (l *Live) phase(c *conn.Conn, ph *conn.Phase) {
	says := ph.Headline
	if says == "" {
		says = ph.State.String()
	}
	if ph.ID == conn.CertificateCheckPhase && ph.State == conn.Done && len(c.CertificateCheck.Server.Checks) == 0 {
		says = "certificates seen" // they are judged when the connection ends
	}
	bad := badCheck(c, ph)
	l.p.para(l.lead(c, ph.End)+l.p.mark(ph.State, bad)+" ", fmt.Sprintf("%d %s: %s", ph.ID+1, strings.ToLower(ph.ID.Title()), l.p.text(says)), l.p.color(l.p.stateColor(c, ph)))
}

// closed prints the line of a connection that has ended, and its findings. That
// its certificates do not pass is known only now.
func (l *Live) closed(c *conn.Conn) {
	p := &l.p
	if check := &c.CertificateCheck.Phase; !p.style.Quiet && check.State == conn.Done && badCheck(c, check) {
		l.phase(c, check)
	}
	parts := []string{result(c), p.ends(c)}
	for _, s := range []string{asked(c), c.VersionName(), c.SuiteName(), c.Group} {
		if s != "" {
			parts = append(parts, text.Shorten(p.style.Text(s), 60))
		}
	}
	p.para(l.lead(c, c.Last)+"= ", strings.Join(parts, "  "), p.color(resultColor(c)))
	for _, f := range c.Findings {
		p.para(pad(l.clock()+8)+p.severity(f.Severity)+"  ", p.text(f.ID)+"  "+p.text(f.Summary), "")
	}
}

// Close prints the summary. st may be nil.
func (l *Live) Close(st *dissect.Stats) error {
	if !l.p.style.Quiet {
		l.p.line("")
		l.p.summary(&l.tally, st)
	}
	return l.p.flush(l.w)
}
