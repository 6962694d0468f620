package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
)

// phase prints one phase: its heading, its tables and what there is to say.
func (p *printer) phase(c *conn.Conn, ph *conn.Phase) {
	p.heading(c, ph)
	var told []pki.Check // whose reasons stand in a table
	switch ph.ID {
	case conn.CertificateCheckPhase:
		p.steps(c, ph)
		cc := &c.CertificateCheck
		told = append(told, p.checks(cc.Server.Checks)...)
		if len(cc.Client.Checks) > 0 {
			p.line("Client certificate:")
			told = append(told, p.checks(cc.Client.Checks)...)
		}
	case conn.TunnelPhase:
		p.steps(c, ph)
		p.traffic(c)
	default:
		p.steps(c, ph)
	}
	var here []conn.Finding
	for _, f := range c.Findings {
		if f.Phase == ph.ID {
			here = append(here, f)
		}
	}
	p.findings(here, c.Findings, func(f *conn.Finding) bool {
		return slices.ContainsFunc(told, func(ch pki.Check) bool { return sameSentence(ch.Why, f.Summary) })
	})
	for _, n := range ph.Notes {
		p.para("", p.text(n), "")
	}
}

// sameSentence reports whether a reason and a summary say the same: a summary
// is a whole sentence.
func sameSentence(why, summary string) bool {
	return why != "" && strings.EqualFold(strings.TrimSuffix(why, "."), strings.TrimSuffix(summary, "."))
}

// heading prints the line above a phase's tables.
func (p *printer) heading(c *conn.Conn, ph *conn.Phase) {
	says := ph.Headline
	if says == "" {
		says = ph.State.String()
	}
	dash := "──"
	if p.style.ASCII {
		dash = "--"
	}
	left := fmt.Sprintf("%d %s %s %s", ph.ID+1, ph.ID.Title(), dash, p.text(says))
	p.spread(left, p.sign(phaseSpan(c, ph)), p.color(p.stateColor(c, ph)), "")
}

// stateColor gives a phase's heading its colour.
func (p *printer) stateColor(c *conn.Conn, ph *conn.Phase) string {
	switch {
	case ph.State == conn.FailedState:
		return red
	case ph.ID == conn.CertificateCheckPhase && c.CertificateCheck.Server.Verdict == conn.FailedCheck:
		return red
	case ph.State == conn.Done:
		return green
	}
	return dim
}

// phaseSpan words where a phase stands in the capture and how long it took.
func phaseSpan(c *conn.Conn, ph *conn.Phase) string {
	if ph.ID == conn.CertificateCheckPhase && ph.AfterKeys {
		if at := c.CertificateCheck.Server.At; at.Seen() {
			return fmt.Sprintf("packet %d, after the keys", at.Packet)
		}
		for _, s := range ph.Steps {
			if s.Side == flow.Server && s.At.Seen() {
				return fmt.Sprintf("packet %d, after the keys", s.At.Packet)
			}
		}
	}
	if !ph.Start.Seen() || ph.State == conn.Skipped {
		return ""
	}
	s := packets(ph.Start, ph.End)
	if ph.ID != conn.CertificateCheckPhase && ph.State == conn.Done && ph.End.Packet > ph.Start.Packet {
		s += ", " + milliseconds(c.Since(ph.End)-c.Since(ph.Start)) + " ms"
	}
	return s
}

// packets names a stretch of packets.
func packets(from, to flow.Mark) string {
	if !to.Seen() || to.Packet == from.Packet {
		return fmt.Sprintf("packet %d", from.Packet)
	}
	return fmt.Sprintf("packets %d–%d", from.Packet, to.Packet)
}

// eventColumns are the columns that say where, when and who.
func (p *printer) eventColumns() []column {
	when := "ms"
	if p.style.Zone != nil {
		when = "Time"
	}
	return []column{{title: "Pkt", right: true, drop: 1}, {title: when, right: true, drop: 2}, {title: "Who", drop: 3}}
}

// event returns the cells of eventColumns.
func (p *printer) event(c *conn.Conn, at flow.Mark, side flow.Side) []string {
	return []string{p.packet(at), p.when(c, at), p.who(side)}
}

func (p *printer) packet(at flow.Mark) string {
	if !at.Seen() {
		return p.sign("–")
	}
	return strconv.FormatUint(at.Packet, 10)
}

// when writes the time of a mark in the way the style asks for.
func (p *printer) when(c *conn.Conn, at flow.Mark) string {
	switch {
	case !at.Seen():
		return p.sign("–")
	case p.style.Zone != nil:
		return at.Time.In(p.style.Zone).Format("15:04:05.000000")
	}
	return milliseconds(c.Since(at))
}

func (p *printer) who(side flow.Side) string {
	if side == flow.Client {
		return p.sign("C→S")
	}
	return p.sign("C←S")
}

// steps prints the table of a phase's steps.
func (p *printer) steps(c *conn.Conn, ph *conn.Phase) {
	if len(ph.Steps) == 0 {
		return
	}
	g := grid{comfort: 45, tight: 20, cols: append(p.eventColumns(), column{title: "Message"}, column{title: "Bytes", right: true, spare: true},
		column{title: "What it does in this phase", wide: true})}
	for i := range ph.Steps {
		s := &ph.Steps[i]
		if i > 0 && len(s.Says) == 0 && s.At.Packet == ph.Steps[i-1].At.Packet && s.Side == ph.Steps[i-1].Side {
			row := g.rows[len(g.rows)-1] // it says nothing of its own: one row for both
			row[3].text = append(row[3].text, p.text(s.Message))
			row[4].text = append(row[4].text, p.bytes(s))
			continue
		}
		var row []cell
		for _, t := range append(p.event(c, s.At, s.Side), p.text(s.Message), p.bytes(s)) {
			row = append(row, cell{text: []string{t}})
		}
		says := cell{}
		for _, t := range s.Says {
			if t != "" {
				says.text = append(says.text, p.text(t))
			}
		}
		if s.Name == "alert" && p.style.Color {
			row[3].color = red
		}
		g.rows = append(g.rows, append(row, says))
	}
	p.grid(&g)
}

func (p *printer) bytes(s *conn.Step) string {
	if s.Absent || s.Bytes == 0 && (strings.HasPrefix(s.Name, "cleartext_") || s.Name == "ftp_data_in_the_clear") { // how many is not told
		return p.sign("–")
	}
	return strconv.Itoa(s.Bytes)
}

// checks prints the table of a certificate check. What is always asked and
// nearly always in order is shown only if it is not, or if the style asks for
// more. It returns those shown.
func (p *printer) checks(checks []pki.Check) []pki.Check {
	checks = slices.DeleteFunc(slices.Clone(checks), func(ch pki.Check) bool {
		switch ch.Name {
		case pki.CheckName, pki.CheckDates, pki.CheckChainBuilt:
			return false
		}
		return p.style.Verbose == 0 && (ch.Result == pki.OK || ch.Result == pki.Skipped)
	})
	if len(checks) == 0 {
		return nil
	}
	g := grid{tight: 20, cols: []column{{title: "Check"}, {title: "Result"}, {title: "Why", wide: true}}}
	for _, ch := range checks {
		name, res, why := checkWords(ch)
		g.rows = append(g.rows, []cell{{text: []string{p.text(name)}},
			{text: []string{p.text(res)}, color: p.color(checkColor(ch))}, {text: []string{p.text(why)}}})
	}
	p.grid(&g)
	return checks
}

// traffic prints the table of the tunnel.
func (p *printer) traffic(c *conn.Conn) {
	t := &c.Tunnel
	if t.Sides[0].TunnelRecords == 0 && t.Sides[1].TunnelRecords == 0 && len(t.Sides[0].Says)+len(t.Sides[1].Says) == 0 {
		return
	}
	if t.State == conn.Unseen {
		return
	}
	units := "Records"
	if c.Carrier == "quic" {
		units = "Sent" // each is sealed by itself
	}
	g := grid{tight: 16, cols: []column{{title: "Who"}, {title: units, right: true, drop: 1}, {title: "Sealed bytes", right: true, drop: 2},
		{title: "Payload bytes", right: true, drop: 4}, {title: "Packets", drop: 3}, {title: "What is known", wide: true}}}
	for side := range t.Sides {
		s := &t.Sides[side]
		says := cell{}
		for _, x := range s.Says {
			says.text = append(says.text, p.text(x))
		}
		texts := []string{p.who(flow.Side(side)), strconv.FormatInt(s.TunnelRecords, 10), strconv.FormatInt(s.TunnelBytes, 10),
			p.sign(payload(s)), p.sign(stretch(s.First, s.Last))}
		if uncaptured(c, flow.Side(side)) {
			dash := p.sign("–")
			texts, says.text = []string{p.who(flow.Side(side)), dash, dash, dash, dash}, []string{"not captured"}
		}
		row := []cell{}
		for _, x := range texts {
			row = append(row, cell{text: []string{x}})
		}
		g.rows = append(g.rows, append(row, says))
	}
	p.grid(&g)
}

// uncaptured reports whether the capture holds the other side alone.
func uncaptured(c *conn.Conn, side flow.Side) bool {
	s := &c.Tunnel.Sides[side]
	return c.Outcome == conn.OneSided && s.TunnelRecords == 0 && s.RecordsSent == 0 && len(c.Messages[side]) == 0
}

// payload words how many bytes the sealed records hold.
func payload(s *conn.Traffic) string {
	switch {
	case s.PlaintextBytes >= 0:
		return strconv.FormatInt(s.PlaintextBytes, 10)
	case s.TunnelRecords == 0 || s.Exact:
		return strconv.FormatInt(s.MaxPlaintext, 10)
	case s.MaxPlaintext > 0:
		return "≤ " + strconv.FormatInt(s.MaxPlaintext, 10)
	}
	return "–"
}

// stretch writes packet numbers: "27", "27–31".
func stretch(first, last flow.Mark) string {
	switch {
	case !first.Seen():
		return "–"
	case !last.Seen() || first.Packet == last.Packet:
		return strconv.FormatUint(first.Packet, 10)
	}
	return fmt.Sprintf("%d–%d", first.Packet, last.Packet)
}
