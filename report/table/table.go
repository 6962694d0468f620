// Package table shows connections to people: three tables for each, one for
// each phase, or one row for each.
//
// In go events; out comes text whose lines are never wider than the style
// allows (from 40 columns on), tables drawn by tablewriter from cells that are
// cleaned, sized and wrapped here. All text from the wire passes through
// package text, so that no output can hold a control character other than line
// feeds and, in colour, the reports' own SGR sequences. Nothing is kept of a
// connection but its number in the summary of findings and, in lists, its row.
package table

import (
	"bytes"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report/text"
)

// A Writer prints three tables for each connection when it is complete, and a
// summary at the end.
type Writer struct {
	w     io.Writer
	p     printer
	tally tally
	any   bool
}

// New returns a Writer to w.
func New(w io.Writer, s text.Style) *Writer { return &Writer{w: w, p: printer{style: s}} }

// Write prints what an event completes.
func (t *Writer) Write(e dissect.Event) error {
	c, ok := e.(dissect.Closed)
	if !ok {
		return nil
	}
	t.tally.add(c.Conn)
	if t.p.style.Quiet && !remarkable(c.Conn) {
		return nil
	}
	if t.any {
		t.p.line("")
	}
	t.any = true
	t.p.conn(c.Conn)
	return t.p.flush(t.w)
}

// Close prints the summary. The Writer does not use or keep st, which may be
// nil, beyond the call.
func (t *Writer) Close(st *dissect.Stats) error {
	if t.p.style.Quiet {
		return nil
	}
	if t.any {
		t.p.line("")
	}
	t.p.summary(&t.tally, st)
	return t.p.flush(t.w)
}

// A printer lays text out in a buffer.
type printer struct {
	style text.Style
	buf   bytes.Buffer
	table *tablewriter.Table // draws to buf; made when first needed
	brief bool               // connections have no pages of their own
}

// flush writes the buffer out.
func (p *printer) flush(w io.Writer) error {
	_, err := w.Write(p.buf.Bytes())
	p.buf.Reset()
	return err
}

func (p *printer) width() int { return p.style.Columns() }

// color returns c if the style has colours.
func (p *printer) color(c string) string {
	if p.style.Color {
		return c
	}
	return ""
}

// text cleans text from a connection and bounds it.
func (p *printer) text(s string) string { return text.Shorten(p.style.Text(s), mostText) }

// mostText is how many columns of one text are shown.
const mostText = 1200

// sign returns one of the reports' own signs, made of cleaned text.
func (p *printer) sign(s string) string {
	if p.style.ASCII {
		return text.ASCII(s)
	}
	return s
}

// line prints one line of finished text.
func (p *printer) line(s string) {
	p.buf.WriteString(s)
	p.buf.WriteByte('\n')
}

// para prints cleaned text, wrapped, behind a finished lead and indented to it.
func (p *printer) para(lead, s, color string) {
	indent := shown(lead)
	if p.width()-indent < 24 {
		p.leadLine(lead)
		lead, indent = pad(4), 4
	}
	for i, l := range text.Wrap(s, p.width()-indent) {
		if i > 0 {
			lead = pad(indent)
		}
		p.line(lead + paint(color, l))
	}
}

// leadLine prints a lead that leaves no room beside it.
func (p *printer) leadLine(lead string) {
	if shown(lead) <= p.width() {
		p.line(strings.TrimRight(lead, " "))
		return
	}
	for i, l := range text.Wrap(lead, p.width()-4) {
		p.line(restore(lead, l, i))
	}
}

// spread prints left and right at the two ends of a line, or below each other
// if there is not enough room.
func (p *printer) spread(left, right, leftColor, rightColor string) {
	gap := p.width() - text.Width(left) - text.Width(right)
	switch {
	case right == "":
	case !p.style.Limited():
		p.line(paint(leftColor, left) + "   " + paint(rightColor, right))
		return
	case gap >= 1:
		p.line(paint(leftColor, left) + pad(gap) + paint(rightColor, right))
		return
	}
	indent := 0
	for i, l := range text.Wrap(left, p.width()-4) {
		if i > 0 {
			indent = 4
		}
		p.line(pad(indent) + paint(leftColor, restore(left, l, i)))
	}
	if right != "" {
		p.para("  ", right, rightColor)
	}
}

// restore gives the first line back the spaces that wrapping took.
func restore(whole, l string, i int) string {
	if i > 0 {
		return l
	}
	for n := range whole {
		if whole[n] != ' ' {
			return whole[:n] + l
		}
	}
	return l
}

// grid draws a grid.
func (p *printer) grid(g *grid) {
	if p.table == nil {
		p.table = newTable(&p.buf, p.style.ASCII)
	}
	g.draw(p.table, p.width())
}

const blanks = "                                                                "

// pad returns n spaces.
func pad(n int) string {
	for n > len(blanks) {
		return blanks + pad(n-len(blanks))
	}
	return blanks[:max(0, n)]
}

// remarkable reports whether quiet output shows a connection: it has findings,
// or did not come to be one of TLS.
func remarkable(c *conn.Conn) bool {
	return len(c.Findings) > 0 || failed(c.Outcome) || c.Outcome == conn.NotTLS || c.Outcome == conn.StartTLSUnused
}

// failed reports whether a connection did not come to stand.
func failed(o conn.Outcome) bool {
	switch o {
	case conn.Established, conn.OneSided, conn.Incomplete, conn.NotTLS, conn.StartTLSUnused:
		return false
	}
	return true
}
