package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/report/text"
)

// conn prints all that is shown of a connection.
func (p *printer) conn(c *conn.Conn) {
	p.header(c)
	if p.style.Quiet {
		p.findings(c.Findings, c.Findings, nil)
		if len(c.Findings) == 0 && c.Why != "" {
			p.para("  Why: ", p.text(c.Why), "")
		}
		return
	}
	if c.Outcome != conn.Established && c.Why != "" {
		p.line("")
		p.para("", "Why: "+p.text(c.Why), "")
	}
	for _, ph := range c.Phases() {
		p.line("")
		p.phase(c, ph)
	}
	p.oddities(c)
	if p.style.Verbose > 0 {
		p.certificates(c)
		p.messages(c)
	}
}

// header prints the lines that name a connection and how it came out.
func (p *printer) header(c *conn.Conn) {
	left := fmt.Sprintf("#%d  %s", c.Number, p.ends(c))
	if name := asked(c); name != "" {
		left += "   " + text.Shorten(p.style.Text(name), 100)
	}
	p.spread(left, result(c), p.color(bold), p.color(resultColor(c)))
	var facts []string
	for _, f := range []string{carrier(c), c.VersionName(), c.SuiteName(), group(c)} {
		if f != "" {
			facts = append(facts, p.text(f))
		}
	}
	if c.ALPN != "" {
		facts = append(facts, "ALPN "+text.Shorten(p.style.Text(c.ALPN), 40))
	}
	took := handshakeTime(c)
	if len(facts) > 0 || took != "" {
		p.spread("    "+strings.Join(facts, "   "), took, "", "")
	}
	if p.style.Zone != nil && c.First.Seen() {
		p.line("    began " + c.First.Time.In(p.style.Zone).Format("2006-01-02 15:04:05.000000 MST"))
	}
}

// ends names the two ends of a connection.
func (p *printer) ends(c *conn.Conn) string {
	return fmt.Sprintf("%s %s %s", p.end(c, flow.Client), p.sign("→"), p.end(c, flow.Server))
}

// end names one end. The zone of an IPv6 address is text, if of the capture's
// host and not of the wire.
func (p *printer) end(c *conn.Conn, side flow.Side) string { return p.text(c.Ends[side].String()) }

// carrier names what carries TLS, unless it is TCP alone.
func carrier(c *conn.Conn) string {
	var parts []string
	switch c.Carrier {
	case "", "tls", "sslv2", "tlcp":
	case "dtls":
		if !c.Version.IsDTLS() { // otherwise the version says it
			parts = append(parts, "DTLS")
		}
	default:
		parts = append(parts, strings.ToUpper(c.Carrier))
	}
	if c.FTPData != nil {
		parts = append(parts, c.FTPData.String())
	}
	switch {
	case c.StartTLS == "":
	case clearOutcome(c.Outcome): // TLS did not come after it
		parts = append(parts, c.StartTLS)
	default:
		parts = append(parts, "after "+c.StartTLS)
	}
	parts = append(parts, wrappers(c.Encapsulation, c.EncapsulationBack)...)
	return strings.Join(parts, " ")
}

// wrappers words what the packets are wrapped in, "in mpls 16/17" where only the
// number of a label is another on the way back.
func wrappers(e, back []string) (parts []string) {
	joined := slices.Clone(e)
	alike := back != nil && len(e) == len(back)
	for i := range joined {
		if !alike || e[i] == back[i] {
			continue
		}
		name, _, numbered := strings.Cut(e[i], " ")
		other, number, ok := strings.Cut(back[i], " ")
		if alike = ok && numbered && name == other; alike {
			joined[i] += "/" + number
		}
	}
	switch {
	case alike:
		return []string{"in " + strings.Join(joined, ", ")}
	case len(e) > 0:
		parts = append(parts, "in "+strings.Join(e, ", "))
	}
	switch {
	case len(back) > 0:
		parts = append(parts, "(from the server in "+strings.Join(back, ", ")+")")
	case back != nil:
		parts = append(parts, "(from the server plain)")
	}
	return parts
}

// group tells the key exchange of TLS 1.3, whose cipher suites do not.
func group(c *conn.Conn) string {
	if !c.Version.IsTLS13() {
		return ""
	}
	if c.Resumption == nil {
		return c.Group
	}
	if c.Group == "" {
		return "PSK"
	}
	return c.Group + " + PSK"
}

// result words how a connection came out, in few words.
func result(c *conn.Conn) string {
	switch {
	case c.Outcome == conn.NotTLS:
		return "NOT TLS"
	case clearOutcome(c.Outcome):
		return strings.ToUpper(outcomeWords(c.Outcome))
	case failed(c.Outcome):
		for i, ph := range c.Phases() {
			if ph.State == conn.FailedState {
				return "FAILED in phase " + strconv.Itoa(i+1)
			}
		}
		return outcomeWords(c.Outcome)
	case c.Outcome != conn.Established:
		return outcomeWords(c.Outcome)
	}
	s := "established"
	switch c.Decryption.Status {
	case "full":
		s += ", opened with keys"
	case "partial":
		s += ", partly opened with keys"
	}
	switch r := c.Resumption; {
	case r == nil:
	case r.Of != 0:
		s += fmt.Sprintf(", resumes #%d", r.Of)
	case r.Kind == "external_psk" || r.Kind == "pac": // no session is resumed
		s += ", by a pre-shared key"
	default:
		s += ", resumed"
	}
	fails, warns := 0, 0
	for _, f := range c.Findings {
		switch f.Severity {
		case conn.Fail:
			fails++
		case conn.Warn:
			warns++
		}
	}
	if fails > 0 {
		s += ", " + text.Count(fails, "failure")
	}
	if warns > 0 {
		s += ", " + text.Count(warns, "warning")
	}
	return s
}

// clearOutcome reports whether an outcome is about a connection that stayed in
// the clear.
func clearOutcome(o conn.Outcome) bool {
	switch o {
	case conn.StartTLSRefused, conn.StartTLSStripped, conn.StartTLSUnused, conn.ProxyRefused:
		return true
	}
	return false
}

// outcomeWords words an outcome.
func outcomeWords(o conn.Outcome) string {
	switch o {
	case conn.Failed:
		return "FAILED"
	case conn.RejectedByClient:
		return "REJECTED by the client"
	case conn.RejectedByServer:
		return "REJECTED by the server"
	case conn.ResetOutcome:
		return "RESET"
	case conn.ClosedOutcome:
		return "CLOSED before it was established"
	case conn.ClientGaveUp:
		return "client gave up"
	case conn.NoAnswer:
		return "no answer"
	case conn.OneSided:
		return "only one side captured"
	case conn.NotTLS:
		return "not TLS"
	case conn.StartTLSRefused:
		return "TLS refused"
	case conn.StartTLSStripped:
		return "TLS stripped"
	case conn.StartTLSUnused:
		return "TLS not used"
	case conn.ProxyRefused:
		return "refused by the proxy"
	}
	return strings.ReplaceAll(string(o), "_", " ")
}

// resultColor gives a result its colour.
func resultColor(c *conn.Conn) string {
	worst := green
	for _, f := range c.Findings {
		if f.Severity == conn.Warn {
			worst = yellow
		}
	}
	switch {
	case failed(c.Outcome):
		return red
	case c.Outcome != conn.Established:
		return yellow
	}
	for _, f := range c.Findings {
		if f.Severity == conn.Fail {
			return red
		}
	}
	return worst
}

// handshakeTime words how long the handshake took, or until it failed.
func handshakeTime(c *conn.Conn) string {
	d, ok := handshakeTook(c)
	switch {
	case ok && c.Outcome == conn.Established:
		return "handshake " + milliseconds(d) + " ms"
	case ok && failed(c.Outcome):
		return "after " + milliseconds(d) + " ms"
	}
	return ""
}

// handshakeTook returns the time of the first two phases; false where the
// capture does not show it.
func handshakeTook(c *conn.Conn) (time.Duration, bool) {
	start, end := handshakeSpan(c)
	switch {
	case c.HasHandshake: // a renegotiation makes the phases longer
		return c.Handshake, true
	case !start.Seen() || end.Packet <= start.Packet, c.Outcome == conn.Established && c.Offered == nil:
		return 0, false
	}
	return c.Since(end) - c.Since(start), true
}

// handshakeSpan returns where the first two phases begin and end.
func handshakeSpan(c *conn.Conn) (start, end flow.Mark) {
	for _, ph := range []*conn.Phase{&c.CertificateCheck.Phase, &c.KeyExchange.Phase} {
		if ph.Start.Seen() && (!start.Seen() || start.After(ph.Start)) {
			start = ph.Start
		}
		if ph.End.Seen() && (!end.Seen() || ph.End.After(end)) {
			end = ph.End
		}
	}
	return start, end
}

// milliseconds writes a duration: to a hundredth below ten seconds, in whole
// milliseconds above.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if d >= 10*time.Second {
		return strconv.FormatFloat(ms, 'f', 0, 64)
	}
	return strconv.FormatFloat(ms, 'f', 2, 64)
}

// oddities prints the notes and the gaps of a connection.
func (p *printer) oddities(c *conn.Conn) {
	const most = 8
	var lines []string
	for _, g := range c.Gaps {
		lines = append(lines, gapWords(g))
	}
	gaps := len(lines)
	lines = append(lines, c.Notes...)
	guess := c.Guessed.Words()
	if len(lines) == 0 && guess == "" {
		return
	}
	p.line("")
	if guess != "" {
		p.para("  note  ", p.text(guess), "")
	}
	for i, l := range lines {
		lead := "  note  "
		if i < gaps {
			lead = "  gap   "
		}
		if i == most && len(lines) > most+1 && p.style.Verbose == 0 {
			p.line(fmt.Sprintf("  and %d more; -v shows them", len(lines)-most))
			return
		}
		p.para(lead, p.text(l), "")
	}
}

func gapWords(g conn.Gap) string {
	s, are := "an unknown number of bytes", "are"
	if g.Bytes >= 0 {
		s = text.Count(g.Bytes, "byte")
	}
	if g.Bytes == 1 {
		are = "is"
	}
	s += " from the " + g.Side.String()
	if g.After != 0 {
		s += fmt.Sprintf(" after packet %d", g.After)
	} else {
		s += " at its beginning"
	}
	return s + " " + are + " not in the capture"
}

// findings prints findings, one below the other, lined up with all those of the
// connection. Those that told says have stood above already leave their sentence
// out; nil: none.
func (p *printer) findings(fs, all []conn.Finding, told func(*conn.Finding) bool) {
	width := 23 // as most are
	for _, f := range all {
		width = max(width, text.Width(p.text(f.ID)))
	}
	for _, f := range fs {
		lead := "  " + p.severity(f.Severity) + "  "
		if told != nil && told(&f) {
			p.leadLine(lead + p.text(f.ID))
			continue
		}
		p.para(lead+text.Pad(p.text(f.ID), width)+"  ", p.text(f.Summary), "")
	}
}

// severity names a severity in its colour.
func (p *printer) severity(s conn.Severity) string {
	colors := [...]string{cyan, yellow, red}
	return paint(p.color(colors[min(int(s), 2)]), s.String()) + pad(4-len(s.String()))
}
